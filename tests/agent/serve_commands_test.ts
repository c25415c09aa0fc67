// Commands of steps with rules of their own, several at a time.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { StepResult } from "../../agent/process.ts";
import { RemoteBackend } from "../../backends/remote.ts";
import { serveShell } from "../../backends/shells/remote_shell.ts";
import { serveStage } from "../../backends/shells/remote_stage.ts";
import { type Shell, SHELL_LIMITS } from "../../backends/shells/shell.ts";
import { VirtualShell } from "../../backends/shells/virtual.ts";
import { answer, startOpenAiServer } from "../support/openai_server.ts";
import { liveModel, Served, START, turn } from "./_served.ts";

const { cpuSeconds, memoryBytes, processes, fileBytes, outputBytes } = SHELL_LIMITS;
const LIMITS = { cpuSeconds, memoryBytes, processes, fileBytes, outputBytes };
const NO_RULES = { deny: [], ask: [] };

Deno.test("serveAgent() judges a step's commands by its rules, and shows them its files alone", async () => {
  await using runner = new Served();
  const tree = new RemoteBackend({ channel: runner.channel, name: "/" });
  const shell = new VirtualShell({ backend: tree });
  serveShell(runner.channel, () => shell);
  await runner.start({ shell: { type: "virtual", tool: true, limits: LIMITS } });
  await runner.memory.write("/secrets/key", "123");
  await runner.memory.write("/notes", "abc");
  const rules = { deny: ["read /secrets/**", "execute rm *"], ask: ["execute touch *"] };
  const commands = ["rm /notes", "cat /notes /secrets/key; ls /", "touch /project/new"];
  const rehearsal = [
    ...commands.map((command) => turn("", ["execute", { command }])),
    turn("Done."),
  ];
  await runner.step({ rehearsal, rules });
  const [removed, shown, touched] = runner.told("tool.finished").map(({ event }) => event.result);
  assertStringIncludes(removed ?? "", "Cannot run 'rm /notes': denied by the rule 'execute rm *'");
  assertStringIncludes(shown ?? "", "abc");
  assertEquals(shown?.includes("123"), false);
  assertEquals(touched, "Exit code: 0\n(no output)");
  assertEquals(runner.asked.map(({ tool, wishes }) => [tool, wishes[0]?.what]), [
    ["execute", "touch /project/new"],
  ]);
  assertEquals(runner.told("file.changed").map(({ step, event }) => [step, event.path]), [
    ["one", "/project/new"],
  ]);
  // The workflow's own commands have the run's tree.
  const { stdout } = await runner.execute({ step: "two", command: "cat /secrets/key" });
  assertEquals(stdout.text, "123");
});

Deno.test("serveAgent() keeps commands of several steps apart, each with its own files", async () => {
  await using runner = new Served();
  const tree = new RemoteBackend({ channel: runner.channel, name: "/" });
  // One for each command: nothing but the agent makes them wait for each other.
  serveShell(runner.channel, () => new VirtualShell({ backend: tree }));
  await runner.start({ shell: { type: "virtual", tool: true, limits: LIMITS } });
  await runner.memory.write("/a", "1");
  await runner.memory.write("/b", "2");
  const run = (step: string, hidden: string) =>
    runner.step({
      step,
      rules: { ...NO_RULES, deny: [`read ${hidden}`] },
      rehearsal: [
        turn("", ["execute", { command: `cat /a /b 2>/dev/null; echo x > /project/${step}` }]),
        turn("Done."),
      ],
    });
  await Promise.all([run("one", "/a"), run("two", "/b"), run("three", "/c")]);
  const results = runner.told("tool.finished").map(({ step, event }) => [
    step,
    event.result.split("\n").slice(1).join(" "),
  ]);
  assertEquals(results.sort(), [["one", "stdout: 2"], ["three", "stdout: 12"], [
    "two",
    "stdout: 1",
  ]]);
  for (const type of ["file.changed", "command.output"] as const) {
    const steps = new Set(runner.told(type).map(({ step }) => step));
    assertEquals([...steps].sort(), ["one", "three", "two"]);
  }
  for (const { step, event } of runner.told("file.changed")) {
    assertEquals(event.path, `/project/${step}`);
  }
});

Deno.test("serveAgent() gives no real shell to a step with rules about files that programs reach by themselves", async () => {
  const cases: readonly [{ deny?: string[]; ask?: string[]; allow?: string[] }, boolean][] = [
    [{}, true],
    [{ deny: ["execute rm *"] }, true],
    [{ allow: ["write /project/**", "execute ls *"] }, true],
    [{ allow: ["read /project/**", "execute ls *"] }, false],
    [{ deny: ["read /project/.env"] }, false],
    [{ ask: ["write /x"] }, false],
  ];
  await using server = startOpenAiServer({ script: () => answer({ text: "Ok." }) });
  await using runner = new Served();
  const shell = { type: "sandbox", tool: true, limits: LIMITS } as const;
  await runner.start({ model: liveModel(server), shell });
  for (const [index, [rules]] of cases.entries()) {
    await runner.step({ step: `s${index}`, rules: { ...NO_RULES, ...rules } });
  }
  const offered = server.exchanges.map(({ request }) =>
    request.tools.some(({ name }) => name === "execute")
  );
  assertEquals(offered, cases.map(([, expected]) => expected));
  // Without such files there is nothing that a program could reach by itself.
  await using memory = new Served();
  const routes = START.routes.slice(1);
  await memory.start({
    model: liveModel(server),
    shell,
    routes,
    backends: START.backends.slice(0, 1),
  });
  await memory.step({ rules: { ...NO_RULES, deny: ["read /project/.env"] } });
  assertEquals(server.exchanges.at(-1)?.request.tools.at(-1)?.name, "execute");
});

Deno.test("serveAgent() brings each step's own files to a real shell, one command at a time", async () => {
  await using runner = new Served();
  const staged = new Map<string, string>();
  let running = 0;
  const seen: [string, string[]][] = [];
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const nothing = { text: "", bytes: 0, omitted: 0 };
  const real: Shell = {
    type: "sandbox",
    async execute(command) {
      assertEquals(++running, 1);
      seen.push([String(command), [...staged.keys()].sort()]);
      begin();
      await gate;
      running--;
      return { exitCode: 0, stdout: nothing, stderr: nothing, timedOut: false, notes: [] };
    },
  };
  const none = { files: [], directories: [], deleted: [], lost: [], local: [], notes: [] };
  serveShell(runner.channel, () => real);
  serveStage(runner.channel, () => ({
    put: (entries) => {
      for (const { path, type } of entries) if (type === "file") staged.set(path, "");
      return Promise.resolve();
    },
    delete: (paths) => {
      for (const path of paths) staged.delete(path);
      return Promise.resolve();
    },
    reset: () => Promise.resolve(staged.clear()),
    changes: () => Promise.resolve({ ...none, local: [`/project/${seen.at(-1)?.[0]}`] }),
    read: () => Promise.resolve([]),
  }));
  await runner.start({
    shell: { type: "sandbox", tool: true, limits: LIMITS },
    routes: START.routes.slice(1),
  });
  await runner.memory.write("/a", "1");
  await runner.memory.write("/b", "2");
  const run = (step: string, hidden: string): Promise<StepResult> =>
    runner.step({
      step,
      rehearsal: [turn("", ["execute", { command: step }]), turn("Done.")],
      rules: { ...NO_RULES, deny: [`read ${hidden}`] },
    });
  const first = run("one", "/a");
  await begun;
  const others = [run("two", "/b"), runner.execute({ step: "three", command: "three" })];
  open();
  await Promise.all([first, ...others]);
  const order = seen.map(([command]) => command);
  assertEquals(seen.slice().sort(), [
    ["one", ["/b"]],
    ["three", ["/a", "/b"]],
    ["two", ["/a"]],
  ]);
  assertEquals(order[0], "one");
  // What a command changed is its own step's.
  const changed = runner.told("file.changed").map(({ step, event }) => [step, event.path]);
  assertEquals(changed, order.map((step) => [step, `/project/${step}`]));
});

Deno.test("serveAgent() does not run a command that is cancelled while it waits for its turn", async () => {
  await using runner = new Served();
  const ran: string[] = [];
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const nothing = { text: "", bytes: 0, omitted: 0 };
  serveShell(runner.channel, () => ({
    type: "virtual",
    async execute(command) {
      ran.push(String(command));
      begin();
      await gate;
      return { exitCode: 0, stdout: nothing, stderr: nothing, timedOut: false, notes: [] };
    },
  }));
  await runner.start({ shell: { type: "virtual", tool: false, limits: LIMITS } });
  const first = runner.execute({ command: "first" });
  await begun;
  const stop = new AbortController();
  const second = assertRejects(
    () => runner.execute({ step: "two", command: "second" }, stop.signal),
    RangeError,
    "enough",
  );
  stop.abort(new RangeError("enough"));
  await second;
  const third = runner.execute({ step: "three", command: "third" });
  open();
  await Promise.all([first, third]);
  assertEquals(ran, ["first", "third"]);
});
