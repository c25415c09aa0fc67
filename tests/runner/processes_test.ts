import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { isWithin, joinPaths, relativeTo } from "../../backends/paths.ts";
import { findBubblewrap } from "../../runner/_bubblewrap_namespace.ts";
import { Child } from "../../runner/child.ts";
import { compileWorkflow } from "../../runner/compile.ts";
import type { RunEvent } from "../../runner/events.ts";
import { hostStart } from "../../runner/_host_start.ts";
import type { Plan, PlanProcess } from "../../runner/plan.ts";
import { runPlan } from "../../runner/supervise.ts";
import { childrenOf, unlessEnded } from "../security/_proc.ts";
import { cli, Clone, startCli } from "../support/cli.ts";
import { answer, stall, startOpenAiServer } from "../support/openai_server.ts";

const LINUX = Deno.build.os === "linux";

async function planOf(clone: Clone) {
  const file = join(clone.directory, "workflows/flask.yaml");
  const { plan } = await compileWorkflow(file, { cwd: clone.directory, mode: "rehearse" });
  if (plan === undefined) throw new Error("flask.yaml does not compile");
  return plan;
}

interface Used {
  readonly permission: string;
  readonly value: string;
}

async function used(file: string): Promise<Used[]> {
  const lines = (await Deno.readTextFile(file)).split("\n").filter((line) => line !== "");
  return lines.map((line): Used => JSON.parse(line));
}

Deno.test("a run of flask.yaml uses no permission beyond the plan, in any process", async () => {
  await using clone = await Clone.make();
  await using audits = await Clone.make();
  const plan = await planOf(clone);
  const audit = join(audits.directory, "audit.jsonl");
  const { code, stderr } = await cli("run", ["workflows/flask.yaml"], {
    cwd: clone.directory,
    env: { DENO_AUDIT_PERMISSIONS: audit },
  });
  assertEquals(code, 0, stderr);
  for (const process of plan.processes) {
    const { permissions, name } = process;
    const grants: Readonly<Record<string, readonly string[]>> = { ...permissions };
    const file = name === "runner" ? audit : `${audit}.${name}`;
    const seen = name === "agent" && !await exists(file) ? [] : await used(file);
    if (name !== "agent") assert(seen.length > 0, `${name} left no audit`);
    for (const { permission, value: used } of seen) {
      // `--ignore-env`: another name reads as undefined, which is no grant.
      if (permission === "env") continue;
      const value = name === "host" ? onThisMachine(used, plan) : used;
      const planned = grants[permission] ?? [];
      const within = planned.includes("*") ||
        planned.some((grant) => grant === value || isWithin(value, grant));
      assert(within, `${name} used ${permission} of '${value}', planned: ${planned.join(", ")}`);
    }
  }
});

/** A path that the host used, as the machine has it. */
function onThisMachine(path: string, plan: Plan): string {
  for (const [index, { directory }] of hostStart(plan).roots.entries()) {
    const root = plan.roots[index];
    if (root !== undefined && isWithin(path, directory)) {
      return joinPaths(root.directory, relativeTo(path, directory));
    }
  }
  return path;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs a program of our own under exactly the flags that the plan gives a process. */
async function attempt(process: PlanProcess, source: string): Promise<string> {
  const [program, ...args] = process.command;
  if (program === undefined) throw new Error("No program");
  const child = new Deno.Command(program, {
    args: [...args.slice(0, -1), "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const [{ stdout }] = await Promise.all([child.output(), writeAll(child.stdin, source)]);
  return new TextDecoder().decode(stdout).trim();
}

async function writeAll(stream: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stream.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
}

Deno.test("the agent process can read no file, write none, run nothing and see no variable", async () => {
  await using clone = await Clone.make();
  const agent = (await planOf(clone)).processes.find(({ name }) => name === "agent");
  assert(agent !== undefined);
  const said = await attempt(
    agent,
    `const attempts = {
      read: () => Deno.readTextFileSync(${JSON.stringify(fromFileUrl(import.meta.url))}),
      write: () => Deno.writeTextFileSync("/tmp/routebook-attempt", ""),
      run: () => new Deno.Command("/bin/true").outputSync(),
      env: () => { if (Deno.env.get("HOME") === undefined) throw { name: "ignored" }; },
      net: () => Deno.connect({ hostname: "127.0.0.1", port: 9 }),
      remote: () => import("https://example.invalid/x.ts"),
    };
    for (const [name, run] of Object.entries(attempts)) {
      try { await run(); console.log(name, "done"); } catch (error) { console.log(name, error.name); }
    }`,
  );
  assertEquals(said.split("\n"), [
    "read NotCapable",
    "write NotCapable",
    "run NotCapable",
    "env ignored",
    "net NotCapable",
    "remote TypeError",
  ]);
});

Deno.test("the host process can reach no network and no file beside its roots", async () => {
  await using clone = await Clone.make();
  const plan = await planOf(clone);
  const host = plan.processes.find(({ name }) => name === "host");
  assert(host !== undefined);
  const [root] = plan.roots;
  assert(root !== undefined);
  for (const { directory } of plan.roots) await Deno.mkdir(directory, { recursive: true });
  const [{ directory } = root] = hostStart(plan).roots;
  const said = await attempt(
    host,
    `const attempts = {
      net: () => Deno.connect({ hostname: "127.0.0.1", port: 9 }),
      listen: () => Deno.listen({ port: 0 }),
      run: () => new Deno.Command("/bin/true").outputSync(),
      beside: () => Deno.readTextFileSync(${JSON.stringify(join(directory, "../x"))}),
      passwd: () => Deno.readTextFileSync("/etc/passwd"),
      workflow: () => Deno.writeTextFileSync(${
      JSON.stringify(join(clone.directory, "workflows/flask.yaml"))
    }, ""),
      link: () => Deno.symlinkSync("/etc", ${JSON.stringify(join(directory, "etc"))}),
      own: () => Deno.writeTextFileSync(${JSON.stringify(join(directory, "own.txt"))}, ""),
    };
    for (const [name, run] of Object.entries(attempts)) {
      try { await run(); console.log(name, "done"); } catch (error) { console.log(name, error.name); }
    }`,
  );
  assertEquals(said.split("\n"), [
    "net NotCapable",
    "listen NotCapable",
    "run NotCapable",
    "beside NotCapable",
    "passwd NotCapable",
    "workflow NotCapable",
    "link NotCapable",
    "own done",
  ]);
});

/** Starts a live run that has written two files and waits for a model which has gone silent. */
async function stalledRun(clone: Clone) {
  const write = (path: string) => ({
    name: "write_file",
    arguments: JSON.stringify({ path, content: "text\n" }),
  });
  const calls = [write("/project/a.txt"), write("/scratch/b.txt")];
  const server = startOpenAiServer({ script: [answer({ calls }), stall({ text: "One moment" })] });
  const run = startCli("run", ["--json", "workflows/flask.yaml"], {
    cwd: clone.directory,
    env: { OPENAI_API_KEY: server.key, OPENAI_BASE_URL: server.baseUrl },
    // A group of its own, as a terminal gives every command.
    through: ["setsid"],
  });
  const lines = run.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes('"model.text"')) {
    const { value, done } = await lines.read();
    if (done) throw new Error(`The run ended early: ${text}`);
    text += value;
  }
  const rest = async () => {
    for (;;) {
      const { value, done } = await lines.read();
      if (done) return text;
      text += value;
    }
  };
  return { server, run, rest };
}

/** All that a process started, and what that started. */
function descendantsOf(pid: number): number[] {
  const children = childrenOf(pid);
  return [...children, ...children.flatMap(descendantsOf)];
}

/** Resolves when none of the processes is there any more; one that stays fails the test. */
async function gone(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    for (let looks = 0; alive(pid); looks++) {
      if (looks === 4_000) {
        Deno.kill(pid, "SIGKILL");
        throw new Error(`Process ${pid} goes on without its runner`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

function alive(pid: number): boolean {
  const status = unlessEnded(() => Deno.readTextFileSync(`/proc/${pid}/status`));
  // A zombie has ended; whoever started it has not asked yet.
  return status !== undefined && !/^State:\s+Z/m.test(status);
}

Deno.test({
  name: "killing the runner with SIGKILL leaves no process behind",
  // /proc is how the test sees the children.
  ignore: !LINUX,
  async fn() {
    await using clone = await Clone.make();
    const { server, run, rest } = await stalledRun(clone);
    await using _ = server;
    const all = descendantsOf(run.pid);
    // Inside bubblewrap the host has its keeper outside, and the first process of its namespace.
    assertEquals(all.length, findBubblewrap() === undefined ? 2 : 4);
    run.kill("SIGKILL");
    const status = await run.status;
    assertEquals(status.signal, "SIGKILL");
    await gone(all);
    await Promise.all([rest(), run.stderr.cancel()]);
  },
});

Deno.test({
  name: "a host that dies while the model is asked ends the run at once, and the run says so",
  ignore: !LINUX,
  async fn() {
    await using clone = await Clone.make();
    const { server, run, rest } = await stalledRun(clone);
    await using _ = server;
    for (const pid of childrenOf(run.pid)) {
      const command = await Deno.readTextFile(`/proc/${pid}/cmdline`);
      if (command.includes("host.ts")) Deno.kill(pid, "SIGKILL");
    }
    const [status, text] = await Promise.all([run.status, rest()]);
    assertEquals(status.code, 1);
    const last: RunEvent = JSON.parse(text.trimEnd().split("\n").at(-1) ?? "");
    assert(last.type === "run.finished");
    assertEquals([last.outcome, last.error], [
      "failure",
      "The host process ended unexpectedly (signal SIGKILL)",
    ]);
    await run.stderr.cancel();
  },
});

Deno.test({
  name: "neither child has the model's key, nor a variable of the runner's that it does not need",
  ignore: !LINUX,
  async fn() {
    await using clone = await Clone.make();
    const { server, run, rest } = await stalledRun(clone);
    await using _ = server;
    const children = childrenOf(run.pid);
    assertEquals(children.length, 2);
    for (const pid of children) {
      const variables = (await Deno.readTextFile(`/proc/${pid}/environ`)).split("\0");
      const names = variables.map((variable) => variable.split("=", 1)[0]);
      for (const name of ["OPENAI_API_KEY", "OPENAI_BASE_URL", "PATH"]) {
        assert(!names.includes(name), `${pid} sees ${name}`);
      }
      assert(!variables.join("\n").includes(server.key));
      assert(!(await Deno.readTextFile(`/proc/${pid}/cmdline`)).includes(server.key));
    }
    run.kill("SIGTERM");
    await Promise.all([run.status, rest(), run.stderr.cancel()]);
  },
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test({
    name: `${signal} ends a waiting run with exit code 130 and leaves no process behind`,
    ignore: !LINUX,
    async fn() {
      await using clone = await Clone.make();
      const { server, run, rest } = await stalledRun(clone);
      await using _ = server;
      const all = descendantsOf(run.pid);
      // Ctrl-C is for the whole group, while others send a signal to one process.
      Deno.kill(signal === "SIGINT" ? -run.pid : run.pid, signal);
      const [status, text] = await Promise.all([run.status, rest()]);
      assertEquals(status.code, 130);
      const last: RunEvent = JSON.parse(text.trimEnd().split("\n").at(-1) ?? "");
      assert(last.type === "run.finished");
      assertEquals([last.outcome, last.exitCode], ["interrupted", 130]);
      // What a slow machine had no time to look at is named, too.
      const { files, unseen = [] } = last;
      assertEquals([...files.map(({ path }) => path), ...unseen].sort(), [
        "/project/a.txt",
        "/scratch/b.txt",
      ]);
      assert(files.every(({ path, saved }) => saved === (path === "/project/a.txt")));
      // The second answer never came: what it took is unknown.
      assertEquals([last.turns, last.inputTokens, last.outputTokens], [2, null, null]);
      await gone(all);
      await run.stderr.cancel();
    },
  });
}

Deno.test({
  name: "a run whose agent is killed tells what is on disk, and what went with the agent",
  ignore: !LINUX,
  async fn() {
    await using clone = await Clone.make();
    const { server, run, rest } = await stalledRun(clone);
    await using _ = server;
    for (const pid of childrenOf(run.pid)) {
      const command = await Deno.readTextFile(`/proc/${pid}/cmdline`);
      if (command.includes("agent/main.ts")) Deno.kill(pid, "SIGKILL");
    }
    const [status, text] = await Promise.all([run.status, rest()]);
    assertEquals(status.code, 1);
    const last: RunEvent = JSON.parse(text.trimEnd().split("\n").at(-1) ?? "");
    assert(last.type === "run.finished");
    assertEquals(last.files.map(({ path }) => path), ["/project/a.txt"]);
    assertEquals(last.unseen, ["/scratch/b.txt"]);
    assertEquals(last.error, "The agent process ended unexpectedly (signal SIGKILL)");
    await run.stderr.cancel();
  },
});

Deno.test("Child.ask() says how a process ended and what it said last", async () => {
  const child = new Child({
    name: "agent",
    permissions: { read: [], write: [], denyWrite: [], net: [], env: [], run: [] },
    command: [Deno.execPath(), "eval", "console.error('no luck'); Deno.exit(3)"],
  });
  await assertRejects(
    () => child.ask("agent.start", {}),
    Error,
    "The agent process ended unexpectedly (exit code 3): no luck",
  );
  await child.end();
});

Deno.test({
  name: "runPlan() ends with 3 where a root may not be made, and says which",
  // Nobody may make a directory there, the superuser included.
  ignore: !LINUX,
  async fn() {
    await using clone = await Clone.make();
    const plan = await planOf(clone);
    const roots = plan.roots.map((root) => ({ ...root, directory: "/sys/fs/routebook-test" }));
    const result = await runPlan({ ...plan, roots }, { sinks: [], runId: "test" });
    assertEquals([result.outcome, result.exitCode], ["denied", 3]);
    assertMatch(
      result.error ?? "",
      /^Cannot make the root '\/sys\/fs\/routebook-test': [^:]*not permitted \(os error 1\)$/,
    );
  },
});
