// What a step has of its own: model, instructions, rules, a form of the answer, a budget.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { StepResult } from "../../agent/process.ts";
import { serveShell } from "../../backends/shells/remote_shell.ts";
import { serveStage } from "../../backends/shells/remote_stage.ts";
import { type Shell, SHELL_LIMITS } from "../../backends/shells/shell.ts";
import { VirtualShell } from "../../backends/shells/virtual.ts";
import { RemoteBackend } from "../../backends/remote.ts";
import {
  answer,
  events,
  failure,
  hold,
  replyFromTurn,
  startOpenAiServer,
} from "../support/openai_server.ts";
import { liveModel, said, Served, START, turn } from "./_served.ts";

const { cpuSeconds, memoryBytes, processes, fileBytes, outputBytes } = SHELL_LIMITS;
const LIMITS = { cpuSeconds, memoryBytes, processes, fileBytes, outputBytes };
const NO_RULES = { deny: [], ask: [] };

Deno.test("serveAgent() asks the step's model, with the step's instructions, and the run's otherwise", async () => {
  await using server = startOpenAiServer({ script: () => answer({ text: "Ok." }) });
  await using runner = new Served();
  await runner.start({ model: liveModel(server) });
  await runner.step({ step: "one" });
  const own = { model: "gpt-4.1-mini", instructions: "Write long." };
  await runner.step({ step: "two", continues: "one", ...own });
  await runner.step({ step: "three", continues: "two", model: "openai:o4" });
  const seen = server.exchanges.map(({ request }) => [
    request.model,
    (request.messages[0]?.content ?? "").split("\n").at(-1),
    request.messages.filter(({ role }) => role === "system").length,
  ]);
  assertEquals(seen, [
    ["gpt-4.1", "Be brief.", 1],
    ["gpt-4.1-mini", "Write long.", 1],
    ["o4", "Be brief.", 1],
  ]);
  // What was said under other instructions is gone on with.
  assertEquals(server.exchanges.map(({ request }) => said(request).length), [2, 4, 6]);
});

Deno.test("serveAgent() has no model for a step in a run without one", async () => {
  await using runner = new Served();
  await runner.start({ model: { type: "none" } });
  await assertRejects(() => runner.step({}), TypeError, "There is no model in this run");
});

Deno.test("serveAgent() holds a step to its own rules and to those of the run", async () => {
  await using runner = new Served();
  await runner.start({ deny: ["write /project/kept/**"], ask: ["write /live/**"] });
  const rules = { deny: ["read /secrets/**"], ask: ["write /project/**"] };
  const write = (path: string) => ["write_file", { path, content: "x" }] as const;
  await runner.memory.write("/secrets/key", "123");
  const rehearsal = [
    turn(
      "",
      [...write("/project/kept/a")],
      [...write("/project/b")],
      [...write("/live/c")],
      ["read_file", { path: "/secrets/key" }],
      [...write("/free/d")],
    ),
    turn("Done."),
  ];
  await runner.step({ rehearsal, rules });
  const results = () => runner.told("tool.finished").map(({ event }) => event.result);
  const [kept = "", ...others] = results();
  assertStringIncludes(kept, "denied by the rule 'write /project/kept/**'");
  assertEquals(others.map((text) => text.split("\n")[0]), [
    "Wrote /project/b (1 line, 1 byte), a new file",
    "Wrote /live/c (1 line, 1 byte), a new file",
    "Error: Cannot read '/secrets/key': denied by the rule 'read /secrets/**'. This run does not " +
    "grant it, and trying again will not change that. Find another way, or say in your answer " +
    "that it was refused.",
    "Wrote /free/d (1 line, 1 byte), a new file",
  ]);
  assertEquals(
    runner.asked.map(({ wishes }) => wishes.map(({ what, rule }) => `${what} ${rule}`)),
    [
      ["/project/b write /project/**"],
      ["/live/c write /live/**"],
    ],
  );
  // A step beside it has the run's rules alone.
  const other = [turn("", ["read_file", { path: "/secrets/key" }], [...write("/project/e")])];
  await runner.step({ step: "two", rehearsal: [...other, turn("Done.")] });
  assertEquals(results().slice(5), ["1\t123", "Wrote /project/e (1 line, 1 byte), a new file"]);
  assertEquals(runner.asked.length, 2);
});

Deno.test("serveAgent() asks once about what the rules of both ask about, by the run's", async () => {
  await using runner = new Served();
  await runner.start({ ask: ["write /live/**"] });
  const rehearsal = [turn("", ["write_file", { path: "/live/a", content: "a" }]), turn("Done.")];
  await runner.step({ rehearsal, rules: { deny: [], ask: ["write /live/a"] } });
  assertEquals(runner.asked.map(({ wishes }) => wishes.map(({ rule }) => rule)), [
    ["write /live/**"],
  ]);
  assertEquals((await runner.memory.read("/live/a")).text, "a");
});

Deno.test("serveAgent() offers a step the tools that its rules leave of any use", async () => {
  await using server = startOpenAiServer({ script: () => answer({ text: "Ok." }) });
  await using runner = new Served();
  await runner.start({ model: liveModel(server) });
  await runner.step({ rules: { ...NO_RULES, allow: ["read /project/**"] } });
  await runner.step({ step: "two" });
  const offered = server.exchanges.map(({ request }) => request.tools.map(({ name }) => name));
  assertEquals(offered[0], ["ls", "read_file", "glob", "grep"]);
  assertEquals(offered[1]?.length, 8);
});

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

Deno.test("serveAgent() asks for the form of a step's answers in each of its requests", async () => {
  const schema = {
    type: "object",
    properties: { files: { type: "array", items: { type: "string" } } },
    required: ["files"],
    additionalProperties: false,
  };
  await using server = startOpenAiServer({
    script: [
      replyFromTurn(turn("", ["ls", {}])),
      answer({ text: '{"files":[]}' }),
      answer({ text: "Fine." }),
    ],
  });
  await using runner = new Served();
  await runner.start({ model: liveModel(server) });
  const result = await runner.step({ format: { name: "answer", schema } });
  assertEquals(result.output, '{"files":[]}');
  await runner.step({ step: "two" });
  const form = { name: "answer", schema, strict: true };
  assertEquals(server.exchanges.map(({ request }) => request.format), [form, form, undefined]);
  assertEquals(server.rejections, []);
});

Deno.test("serveAgent() keeps the budgets of a step and of the run, over all requests", async () => {
  const usage = { input: 60, output: 40 };
  await using server = startOpenAiServer({ script: () => answer({ text: "Ok.", usage }) });
  await using runner = new Served();
  await runner.start({ model: liveModel(server), budget: { tokens: 350 } });
  const first = await runner.step({ budget: { tokens: 90 } });
  assertEquals([first.outcome, first.output, first.turns], ["budget", "Ok.", 1]);
  assertStringIncludes(first.error ?? "", "The step's budget of 90 tokens is used up");
  assertEquals((await runner.step({ step: "two", budget: { tokens: 100 } })).outcome, "success");
  assertEquals((await runner.judge({})).outcome, "failure");
  const last = await runner.step({ step: "three" });
  assertEquals(last.outcome, "budget");
  assertStringIncludes(last.error ?? "", "The budget of 350 tokens is used up, 400 were taken");
  const refused = await runner.step({ step: "four" });
  assertEquals([refused.outcome, refused.turns, refused.output], ["budget", 0, ""]);
  assertEquals(server.exchanges.length, 4);
});

Deno.test("serveAgent() ends a step whose tokens nobody counted, where they are limited", async () => {
  await using server = startOpenAiServer({ script: () => answer({ text: "Ok.", usage: null }) });
  await using runner = new Served();
  await runner.start({ model: liveModel(server) });
  const limited = await runner.step({ budget: { tokens: 1_000 } });
  assertEquals([limited.outcome, limited.usage], [
    "budget",
    { inputTokens: null, outputTokens: null },
  ]);
  assertStringIncludes(limited.error ?? "", "cannot be kept");
  assertEquals((await runner.step({ step: "two", budget: { turns: 1 } })).outcome, "success");
});

Deno.test("serveAgent() counts a request that broke off as one whose tokens nobody knows", async () => {
  const usage = { input: 1, output: 1 };
  await using server = startOpenAiServer({
    script: [failure(401), answer({ text: "Ok.", usage })],
  });
  await using runner = new Served();
  await runner.start({ model: liveModel(server), budget: { tokens: 1_000 } });
  // It never came to the model, and took nothing.
  assertEquals((await runner.step({})).outcome, "failure");
  assertEquals((await runner.step({ step: "two" })).outcome, "success");
  const stop = new AbortController();
  await using held = startOpenAiServer({
    script: (_request, index) => {
      queueMicrotask(() => stop.abort(new RangeError("enough")));
      return index === 0 ? hold() : answer({ text: "Ok.", usage });
    },
  });
  await using other = new Served();
  await other.start({ model: liveModel(held), budget: { tokens: 1_000 } });
  await assertRejects(() => other.step({}, stop.signal), RangeError, "enough");
  const after = await other.step({ attempt: 2 });
  assertEquals([after.outcome, after.turns], ["budget", 0]);
  assertStringIncludes(after.error ?? "", "cannot be kept");
});

Deno.test("serveAgent() keeps a budget of dollars by the price of the step's own model", async () => {
  const prices = {
    "openai:gpt-4.1": { input: 1, output: 1 },
    "openai:big": { input: 1_000_000, output: 1_000_000 },
  };
  const rehearsed = (text: string) => [{ ...turn(text), usage: { input: 1, output: 1 } }];
  await using runner = new Served();
  await runner.start({ budget: { usd: 1, prices } });
  assertEquals((await runner.step({ rehearsal: rehearsed("Ok.") })).outcome, "success");
  const dear = await runner.step({ step: "two", model: "big", rehearsal: rehearsed("Ok.") });
  assertEquals(dear.outcome, "budget");
  assertStringIncludes(dear.error ?? "", "The budget of $1.00 is used up");
});
