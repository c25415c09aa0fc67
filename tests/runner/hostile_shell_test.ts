import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { probeConfinement } from "../../runner/bubblewrap.ts";
import { compileWorkflow } from "../../runner/compile.ts";
import type { RunEvent } from "../../runner/events.ts";
import { runPlan } from "../../runner/supervise.ts";
import { PROJECT } from "../support/cli.ts";
import type { Hostility } from "./_hostile_agent.ts";

const nested = await probeConfinement({ nested: true });

interface Attempt {
  readonly method?: string;
  readonly params: unknown;
  /** What the answer has to say. */
  readonly answer: string;
}

/** Lets a hostile process make requests in the agent's place, and checks each answer. */
async function attempt(flow: object, attempts: readonly Attempt[], directory: string) {
  const yaml = JSON.stringify({
    name: "w",
    model: "openai:m",
    steps: [{ id: "a", prompt: "Go" }],
    ...flow,
  });
  await Deno.writeTextFile(join(directory, "flow.yaml"), yaml);
  const { plan, diagnostics } = await compileWorkflow("flow.yaml", { cwd: directory, key: true });
  assert(plan !== undefined, JSON.stringify(diagnostics));
  const requests = attempts.map(({ method = "shell.execute", params }) => ({ method, params }));
  const hostility: Hostility = { requests };
  const command = [
    ...[Deno.execPath(), "run", "--no-prompt", "--cached-only", "--no-remote"],
    ...[join(PROJECT, "tests/runner/_hostile_agent.ts"), JSON.stringify(hostility)],
  ];
  const events: RunEvent[] = [];
  const processes = plan.processes.map((each) =>
    each.name === "agent" ? { ...each, command } : each
  );
  const result = await runPlan({ ...plan, processes }, {
    sinks: [(event) => events.push(event)],
    runId: "test",
  });
  assertEquals([result.outcome, result.error], ["success", undefined]);
  const finished = events.find((event) => event.type === "step.finished");
  assert(finished?.type === "step.finished");
  const answers = finished.output.split("\n");
  assertEquals(answers.length, attempts.length, finished.output);
  for (const [index, { params, answer }] of attempts.entries()) {
    assertStringIncludes(answers[index] ?? "", answer, JSON.stringify(params));
    assert(!answers[index]?.includes(directory), answers[index]);
  }
}

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-hostile-" }));
  try {
    await work(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const command = (command: string, more: object = {}) => ({
  id: 0,
  command,
  output: false,
  ...more,
});

Deno.test("runPlan() answers an agent's commands of no known form with errors, and goes on", async () => {
  await inDirectory(async (directory) => {
    const wrong = (field: string) =>
      `The argument '${field}' of a command's call is missing or of another type`;
    await attempt({ shell: "virtual" }, [
      { params: null, answer: "must be an object" },
      { params: {}, answer: wrong("id") },
      { params: { ...command("true"), id: -1 }, answer: wrong("id") },
      { params: { ...command("true"), command: [1] }, answer: wrong("command") },
      { params: command("true", { env: { A: 1 } }), answer: wrong("env") },
      { params: command("true", { timeout: "1" }), answer: wrong("timeout") },
      { params: command("true", { signal: {} }), answer: "has no argument 'signal'" },
      { params: command("true", { timeout: 1e9 }), answer: "timeout must be at most" },
      { params: command("true", { cwd: "/../x" }), answer: "'/../x'" },
      { method: "shell.start", params: { limits: {} }, answer: "no method 'shell.start'" },
      { method: "host.start", params: { roots: [] }, answer: "no method 'host.start'" },
      { method: "stage.put", params: {}, answer: "no method 'stage.put'" },
      {
        method: "backend.call",
        params: { backend: "/", operation: "ls", path: "/" },
        answer: "'/'",
      },
    ], directory);
  });
});

Deno.test("runPlan() holds an agent's commands to the rules, whatever it sends", async () => {
  await inDirectory(async (directory) => {
    const tools = { deny: ["execute git push *"], ask: ["execute rm *"] };
    await attempt({ shell: "virtual", tools }, [
      { params: command("git push origin"), answer: "denied by the rule 'execute git push *'" },
      { params: command("echo $(git push)"), answer: "denied by the rule 'execute git push *'" },
      { params: { ...command(""), command: ["git", "push"] }, answer: "'execute git push *'" },
      { params: command("$A push", { env: { A: "git" } }), answer: "denied" },
      // Nobody approved it, and the agent's own word does not count.
      { params: command("rm -rf /x"), answer: "'execute rm *'" },
    ], directory);
  });
});

Deno.test("runPlan() runs nothing for an agent that has no shell, or one for steps alone", async () => {
  await inDirectory(async (directory) => {
    await attempt({}, [
      { params: command("true"), answer: "There is no method 'shell.execute'" },
    ], directory);
    const env = { A: "1" };
    const steps = [{ id: "a", run: "echo hello", cwd: "/", env }];
    const refused = "the workflow grants its agent no shell";
    await attempt({ steps }, [
      { params: command("echo other", { env }), answer: refused },
      { params: command("echo hello"), answer: refused },
      { params: command("echo hello", { env, cwd: "/tmp" }), answer: refused },
      // This one is passed on, to a shell whose files such an agent does not serve.
      { params: command("echo hello", { env }), answer: "The storage of '/' cannot be reached" },
      { params: command("echo hello", { env }), answer: refused },
    ], directory);
    const prompt = { id: "a", prompt: "Go" };
    await attempt({ steps: [prompt, { id: "b", run: "echo hello" }] }, [
      { params: command("echo hello"), answer: refused },
    ], directory);
  });
});

Deno.test({
  name: nested.type === "bubblewrap"
    ? "runPlan() gives an agent nothing of the host through the sandbox's shell and stage"
    : `runPlan() gives an agent nothing of the host through the sandbox (${nested.reason})`,
  ignore: nested.type !== "bubblewrap",
  async fn() {
    await inDirectory(async (directory) => {
      await Deno.mkdir(join(directory, "ws"));
      await Deno.writeTextFile(join(directory, "secret.txt"), "secret");
      const flow = {
        shell: "sandbox",
        backends: {
          disk: { type: "local", root: "./ws", access: "read" },
          memory: { type: "state" },
        },
        default: "memory",
        routes: { "/project/": "disk" },
      };
      await attempt(flow, [
        { params: null, answer: "must be an object" },
        { method: "stage.put", params: null, answer: "A call of the stage needs its entries" },
        {
          method: "stage.read",
          params: { paths: ["/../../etc/passwd"] },
          answer: "'/../../etc/passwd'",
        },
        {
          method: "stage.read",
          params: { paths: "all" },
          answer: "A call of the stage needs its paths",
        },
        {
          method: "stage.delete",
          params: { paths: ["/project"] },
          answer: "Cannot stage '/project': it is no file of memory",
        },
        { method: "shell.start", params: {}, answer: "no method 'shell.start'" },
        {
          params: command(`test ! -e ${directory}/secret.txt && echo x > /project/a.txt`),
          answer: "done",
        },
      ], directory);
      assertEquals([...Deno.readDirSync(join(directory, "ws"))], []);
      assertEquals(await Deno.readTextFile(join(directory, "secret.txt")), "secret");
    });
  },
});
