import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { compileWorkflow } from "../../runner/compile.ts";
import type { RunEvent } from "../../runner/events.ts";
import { runPlan } from "../../runner/supervise.ts";
import { PROJECT } from "../support/cli.ts";
import type { Wait } from "../../runner/_wait.ts";
import type { Hostility } from "./_hostile_agent.ts";

const MEMORY = `name: w
model: openai:m
steps: [{ id: a, prompt: Go }, { id: b, prompt: "After ${"${{ steps.a.output }}"}" }]
`;

/** Runs a workflow in a directory with a hostile process in the agent's place. */
async function taken(
  hostility: Hostility,
  yaml = MEMORY,
  cwd?: string,
  wait?: Wait,
) {
  const directory = cwd ?? await Deno.makeTempDir({ prefix: "routebook-hostile-" });
  try {
    await Deno.writeTextFile(join(directory, "flow.yaml"), yaml);
    const { plan } = await compileWorkflow("flow.yaml", { cwd: directory, key: true });
    assert(plan !== undefined);
    const processes = plan.processes.map((process) =>
      process.name !== "agent" ? process : {
        ...process,
        command: [
          ...[Deno.execPath(), "run", "--no-prompt", "--cached-only", "--no-remote"],
          ...[join(PROJECT, "tests/runner/_hostile_agent.ts"), JSON.stringify(hostility)],
        ],
      }
    );
    const events: RunEvent[] = [];
    const result = await runPlan({ ...plan, processes }, {
      sinks: [(event) => events.push(event)],
      runId: "test",
      wait,
    });
    return { result, events };
  } finally {
    if (cwd === undefined) await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("runPlan() ends a run whose agent sends events that no agent has", async () => {
  const file = { type: "file.changed", operation: "write" };
  const events = [
    null,
    { type: "run.finished", outcome: "success", exitCode: 0, outputs: {}, files: [], turns: 0 },
    { type: "step.checked", attempt: 1, results: [] },
    { type: "model.answered", turn: 1, text: 5 },
    { ...file, path: 5 },
    { ...file, path: "/x/../../y" },
  ];
  for (const event of events) {
    const { result, events } = await taken({ events: [event] });
    assertEquals([result.outcome, result.exitCode], ["failure", 1]);
    assertStringIncludes(result.error ?? "", "sent no proper 'agent.event'");
    assertEquals(
      events.map(({ type }) => type),
      ["run.started", "step.started", "step.finished", "run.finished"],
    );
  }
});

Deno.test("runPlan() takes nothing from an agent's event but what belongs to it", async () => {
  const event = { type: "model.asked", turn: 1, seq: 99, run: "other", time: "never", step: "b" };
  const { result, events } = await taken({ events: [event] });
  assertEquals(result.outcome, "success");
  assertEquals(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
  const { time: _, ...asked } = events[2] ?? {};
  assertEquals(asked, { seq: 3, run: "test", step: "a", type: "model.asked", turn: 1 });
});

Deno.test("runPlan() ends a run whose agent gives a result of no known form", async () => {
  const usage = { inputTokens: 0, outputTokens: 0 };
  const proper = { outcome: "success", output: "", turns: 1, usage };
  const results = [
    null,
    { ...proper, outcome: "fine" },
    { ...proper, output: { text: "" } },
    { ...proper, turns: -100 },
    { ...proper, usage: undefined },
  ];
  for (const value of results) {
    const { result } = await taken({ result: value });
    assertEquals([result.outcome, result.exitCode], ["failure", 1], JSON.stringify(value));
    assertStringIncludes(result.error ?? "", "sent no proper 'agent.step'");
  }
});

Deno.test("runPlan() ends the step of an agent that asks its model beyond a budget", async () => {
  const asked = { type: "model.asked", turn: 1 };
  const answered = (inputTokens: number) => ({
    ...{ type: "model.answered", turn: 1, text: "", toolCalls: 0, finish: "stop" },
    usage: { inputTokens, outputTokens: 0 },
  });
  const granted = [asked, answered(60), asked, answered(60)];
  const cases = [
    ["turns: 2", "The budget of 2 turns is used up"],
    ["tokens: 120", "The budget of 120 tokens is used up, 120 were taken"],
    // It was under way when the budget was exceeded, but nothing is after that.
    ["tokens: 110", "The budget of 110 tokens is used up, 120 were taken"],
  ];
  for (const [budget, sentence] of cases) {
    const yaml = `${MEMORY}budget: { ${budget} }\n`;
    const { result, events } = await taken({ events: [...granted, asked] }, yaml);
    assertEquals([result.outcome, result.exitCode], ["budget", 4]);
    assertStringIncludes(result.error ?? "", `Step 'a' failed: ${sentence}`);
    const last = events.at(-1);
    assert(last?.type === "run.finished");
    assertEquals([last.turns, last.inputTokens], [3, null]);
    assertEquals(events.filter(({ type }) => type === "step.started").length, 1);
  }
  // Its result says that all was free; what counts are its events.
  const { result, events } = await taken({ events: granted }, `${MEMORY}budget: { turns: 9 }\n`);
  assertEquals(result.outcome, "success");
  const last = events.at(-1);
  assert(last?.type === "run.finished");
  // Both steps have them.
  assertEquals(last.inputTokens, 240);
});

Deno.test("runPlan() waits for no agent longer than a step may take, and goes on with the next attempt", async () => {
  const changed = { type: "file.changed", operation: "delete", path: "/late" };
  const asked = { type: "model.asked", turn: 1 };
  const yaml = `name: w
model: openai:m
steps: [{ id: a, prompt: Go, timeout: 3s, retry: { attempts: 2 } }, { id: b, prompt: Go }]
`;
  const waits: number[] = [];
  const { result, events } = await taken(
    { events: [asked], hangs: [{ type: "model.text", turn: 1, text: "late" }, changed] },
    yaml,
    undefined,
    (milliseconds, signal) => {
      waits.push(milliseconds);
      // The first attempt's time is up; the second is over before its own is.
      if (waits.length === 1) return Promise.resolve();
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
    },
  );
  assertEquals(waits, [3_000, 3_000]);
  assertEquals(result.error, undefined);
  assertEquals(
    events.flatMap((event) => event.type === "step.finished" ? [event.outcome] : []),
    ["timeout", "success", "success"],
  );
  const [first] = events.filter((event) => event.type === "step.finished");
  assertEquals(first?.error, "It took longer than 3s");
  // What it said too late is told of no attempt; what it changed too late is changed.
  const second = events.findIndex((event) => event.type === "step.started" && event.attempt === 2);
  assertEquals(events.slice(0, second).some(({ type }) => type === "model.text"), false);
  assertEquals(events.some((event) => event.type === "file.changed"), true);
});

Deno.test("runPlan() ends a run whose agent tells of a step that is not under way", async () => {
  const { result } = await taken({
    requests: [{ method: "nothing", params: {} }],
    acts: [["event", { type: "model.asked", turn: 1 }]],
    strays: "b",
  });
  assertEquals(result.outcome, "failure");
  assertStringIncludes(result.error ?? "", "an event that is not of a step under way");
});

Deno.test("runPlan() tells how an agent ended in the middle of a step", async () => {
  const { result } = await taken({ exits: 9 });
  assertEquals(result.outcome, "failure");
  assertEquals(result.error, "The agent process ended unexpectedly (exit code 9)");
});

Deno.test("runPlan() kills an agent that sends what is no message and lives on", async () => {
  const { result } = await taken({ babbles: true });
  assertEquals(result.outcome, "failure");
  assertMatch(
    result.error ?? "",
    /^The agent process ended unexpectedly \(signal SIGKILL\): The other process/,
  );
});

Deno.test("runPlan() gives an agent nothing that no route leads to, whatever it asks", async () => {
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-hostile-" }));
  const at = (path: string) => join(directory, path);
  try {
    await Deno.mkdir(at("ws/src"), { recursive: true });
    await Deno.mkdir(at("ws/out"));
    await Deno.writeTextFile(at("ws/src/a.txt"), "source");
    await Deno.writeTextFile(at("ws/secret.txt"), "secret");
    await Deno.symlink("../src", at("ws/out/link"));
    await Deno.symlink("../secret.txt", at("ws/out/leak"));
    const yaml = `name: w
model: openai:m
backends: { disk: { type: local, root: ./ws }, memory: { type: state } }
routes:
  /out/: { backend: disk, path: out }
  /src/: { backend: disk, path: src, access: read }
steps: [{ id: a, prompt: Go }]
`;
    const call = (operation: string, fields: object, backend = "disk") => ({
      backend,
      operation,
      ...fields,
    });
    const answers: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
      [call("write", { path: "/out/new.txt" }), "done"],
      [call("read", { path: "/src/a.txt" }), "done"],
      [call("write", { path: "/src/a.txt" }), "grants reading alone"],
      [call("delete", { path: "/src/a.txt" }), "grants reading alone"],
      [call("move", { path: "/src/a.txt", to: "/out/a.txt" }), "grants reading alone"],
      [call("write", { path: "/out/link/a.txt" }), "a symbolic link leads out"],
      [call("read", { path: "/out/leak" }), "a symbolic link leads out"],
      [call("read", { path: "/secret.txt" }), "no route leads there"],
      [call("write", { path: "/new.txt" }), "no route leads there"],
      [call("read", { path: "/out/../../flow.yaml" }), "leaves the root"],
      [call("read", { path: "/out/../../flow.yaml" }, "other"), "There is no backend 'other'"],
      [call("read", { path: "/x" }, "memory"), "There is no backend 'memory'"],
      [call("ls", { path: "/" }, "__proto__"), "There is no backend '__proto__'"],
      [call("constructor", { path: "/" }), "must name its operation"],
      [call("ls", { path: "/", backends: {} }), "has no argument 'backends'"],
      [call("glob", { pattern: "**" }), "no route leads there"],
      [call("glob", { pattern: "../**", path: "/out" }), "leaves the directory that is searched"],
    ];
    const { result, events } = await taken(
      { calls: answers.map(([each]) => each) },
      yaml,
      directory,
    );
    assertEquals(result.outcome, "success");
    const finished = events.find((event) => event.type === "step.finished");
    assert(finished?.type === "step.finished");
    const lines = finished.output.split("\n");
    assertEquals(lines.length, answers.length);
    for (const [index, [each, expected]] of answers.entries()) {
      assertStringIncludes(lines[index] ?? "", expected, JSON.stringify(each));
      assert(!lines[index]?.includes(directory), lines[index]);
    }
    assertEquals(await Deno.readTextFile(at("ws/src/a.txt")), "source");
    assertEquals(await Deno.readTextFile(at("ws/out/new.txt")), "taken over");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("runPlan() keeps what is protected from links and from moves of what is above it", async () => {
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-hostile-" }));
  const at = (path: string) => join(directory, path);
  try {
    await Deno.mkdir(at("lib/src"), { recursive: true });
    await Deno.writeTextFile(at("lib/src/a.txt"), "source");
    await Deno.symlink("lib/src", at("link"));
    await Deno.symlink("flow.yaml", at("flow"));
    const yaml = `name: w
model: openai:m
backends: { disk: { type: local, root: . } }
routes:
  /p/lib/src/: { backend: disk, path: lib/src, access: read }
  /p/: disk
steps: [{ id: a, prompt: Go }]
`;
    const calls = [
      { operation: "write", path: "/flow.yaml" },
      { operation: "write", path: "/flow" },
      { operation: "write", path: "/lib/src/a.txt" },
      { operation: "write", path: "/link/a.txt" },
      { operation: "write", path: "/link/new.txt" },
      { operation: "delete", path: "/link/a.txt" },
      { operation: "move", path: "/lib", to: "/moved" },
      { operation: "delete", path: "/lib", recursive: true },
      { operation: "write", path: "/.routebook/runs.db" },
    ];
    const { events } = await taken(
      { calls: calls.map((call) => ({ backend: "disk", ...call })) },
      yaml,
      directory,
    );
    const finished = events.find((event) => event.type === "step.finished");
    assert(finished?.type === "step.finished");
    const answers = finished.output.split("\n");
    assertEquals(answers.length, calls.length);
    for (const [index, answer] of answers.entries()) {
      assertMatch(answer, /^Cannot .*(?:it is protected|reading alone|mounted below it)$/);
      assert(!answer.includes(directory), JSON.stringify(calls[index]));
    }
    assertEquals(await Deno.readTextFile(at("flow.yaml")), yaml);
    assertEquals(await Deno.readTextFile(at("lib/src/a.txt")), "source");
    assertEquals([...Deno.readDirSync(at("lib/src"))].length, 1);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("runPlan() holds an agent to the rules, whatever it asks of the host", async () => {
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-hostile-" }));
  const at = (path: string) => join(directory, path);
  try {
    await Deno.mkdir(at("ws/app/deploy"), { recursive: true });
    await Deno.writeTextFile(at("ws/app/.env"), "secret");
    await Deno.writeTextFile(at("ws/app/deploy/run.sh"), "true");
    await Deno.writeTextFile(at("ws/app/main.py"), "pass");
    const yaml = `name: w
model: openai:m
backends: { disk: { type: local, root: ./ws } }
routes:
  /code/app/: { backend: disk, path: app }
  /code/: { backend: disk }
tools: { deny: ["read **/.env", "write /code/app/deploy/**"] }
steps: [{ id: a, prompt: Go }]
`;
    const answers: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
      [{ operation: "read", path: "/app/main.py" }, "done"],
      [{ operation: "read", path: "/app/.env" }, "Cannot read '/app/.env': denied by the rule"],
      [{ operation: "readBytes", path: "/app/.env" }, "denied by the rule"],
      [{ operation: "write", path: "/app/deploy/run.sh" }, "denied by the rule"],
      [{ operation: "move", path: "/app/deploy", to: "/elsewhere" }, "denied"],
      [{ operation: "move", path: "/app/.env", to: "/app/env.txt" }, "denied by the rule"],
      [{ operation: "delete", path: "/app/deploy", recursive: true }, "denied"],
      [{ operation: "write", path: "/other/deploy/run.sh" }, "done"],
    ];
    const calls = answers.map(([call]) => ({ backend: "disk", ...call }));
    const { events } = await taken({ calls }, yaml, directory);
    const finished = events.find((event) => event.type === "step.finished");
    assert(finished?.type === "step.finished");
    const lines = finished.output.split("\n");
    for (const [index, [call, expected]] of answers.entries()) {
      assertStringIncludes(lines[index] ?? "", expected, JSON.stringify(call));
    }
    assertEquals(await Deno.readTextFile(at("ws/app/.env")), "secret");
    assertEquals(await Deno.readTextFile(at("ws/app/deploy/run.sh")), "true");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
