import { assertEquals } from "@std/assert";
import type { RunEvent, RunEventBody } from "../../runner/events.ts";
import type { Plan } from "../../runner/plan.ts";
import { reportText } from "../../runner/report.ts";
import { createScreen } from "../../runner/screen.ts";
import { StepTable } from "../../runner/_step_table.ts";

const PLACE = { file: "w.yaml", line: 3, column: 5 };

function eventsOf(bodies: readonly RunEventBody[]): readonly RunEvent[] {
  const time = "2026-01-01T00:00:00.000Z";
  return bodies.map((body, index): RunEvent => ({ seq: index + 1, time, run: "r", ...body }));
}

/** What is on the screen after the first line. */
function shown(steps: readonly string[], bodies: readonly RunEventBody[]): readonly string[] {
  let text = "";
  const screen = createScreen({ write: (part) => text += part, color: false });
  for (const event of eventsOf([begun(steps), ...bodies])) screen(event);
  return text.trimEnd().split("\n").slice(1);
}

function begun(steps: readonly string[]): RunEventBody {
  return {
    type: "run.started",
    ...{ workflow: "w", file: "w.yaml", fingerprint: "", model: "none", rehearsed: false, steps },
  };
}

const started = (step: string, more: object = {}): RunEventBody => ({
  type: "step.started",
  ...{ step, name: step, attempt: 1, prompt: "" },
  ...more,
});
const ended = (step: string, more: object = {}): RunEventBody => ({
  type: "step.finished",
  ...{ step, attempt: 1, outcome: "success", retry: false, output: "" },
  ...more,
});
const answered = (step: string, text: string): RunEventBody => ({
  type: "model.answered",
  ...{ step, turn: 1, text, toolCalls: 0, finish: "stop" },
  usage: { inputTokens: 0, outputTokens: 0 },
});
const called = (step: string, callId: string, command: string): RunEventBody => ({
  type: "tool.called",
  ...{ step, turn: 1, callId, tool: "execute", arguments: { command } },
});
const printed = (step: string, callId: string, text: string): RunEventBody => ({
  type: "command.output",
  ...{ step, callId, stream: "stdout", text },
});

Deno.test("createScreen() says of each line which step it is of while several are under way", () => {
  assertEquals(
    shown(["a", "b"], [
      started("a"),
      answered("a", "Alone."),
      started("b"),
      // Both have a call of the same id: what is printed stands below its own.
      called("a", "1", "one"),
      called("b", "1", "two"),
      printed("b", "1", "from b\n"),
      printed("a", "1", "from a\n"),
      ended("a"),
      answered("b", "Alone too."),
      answered("b", "And again."),
    ]),
    [
      "",
      "[1/2] a",
      "  Alone.",
      "",
      "[2/2] b",
      "  a | execute     one",
      "  b | execute     two",
      "  b |   | from b",
      "  a |   | from a",
      "  b | Alone too.",
      "  And again.",
    ],
  );
});

Deno.test("createScreen() shows items, steps that are skipped, and those after all others", () => {
  assertEquals(
    shown(["each", "no"], [
      started("each"),
      started("each[0]", { item: "x\ny" }),
      answered("each[0]", "One."),
      ended("each[0]"),
      started("each[1]", { item: "z", command: "true" }),
      ended("each[1]"),
      ended("each"),
      { type: "step.skipped", step: "no", name: "No", reason: "Step 'each' failed" },
      started("use/inner", { name: "Inner" }),
      ended("use/inner"),
      started("mail", { name: "Mail them" }),
    ]),
    [
      "",
      "[1/2] each",
      "  each[0]  x y",
      "  One.",
      "  each[1]  z",
      "  $ true",
      "",
      "[2/2] no  skipped: Step 'each' failed",
      "  use/inner  Inner",
      "",
      "[after] mail  Mail them",
    ],
  );
});

Deno.test("createScreen() shows delays, refused answers, times that are up and failures that are continued", () => {
  const failed = { check: "output", path: "", ok: false, place: PLACE } as const;
  assertEquals(
    shown(["a", "b"], [
      started("a"),
      { type: "output.refused", step: "a", attempt: 1, errors: ["/n: must be integer"] },
      {
        type: "step.checked",
        ...{ step: "a", attempt: 1 },
        results: [{ ...failed, message: "It does not fit", expected: "JSON", found: "one\ntwo" }],
      },
      ended("a", { outcome: "failure", error: "It does not fit", retry: true, delay: 1_500 }),
      started("a", { attempt: 2 }),
      ended("a", { outcome: "timeout", error: "It took too long", retry: true }),
      ended("a", { outcome: "failure", error: "Never", continued: true }),
      { type: "artifact.copied", path: "/o.txt", to: "./o.txt", size: 1 },
      { type: "artifact.copied", path: "/p.txt", to: "./p.txt", size: 1 },
    ]),
    [
      "",
      "[1/2] a",
      "  not of the form that is asked for:",
      "    /n: must be integer",
      "  failed  It does not fit (w.yaml:3)",
      "  tried again in 1s500ms",
      "  attempt 2",
      "  timeout: It took too long",
      "  failure (the run goes on): Never",
      "",
      "Artifacts",
      "  /o.txt -> ./o.txt",
      "  /p.txt -> ./p.txt",
    ],
  );
});

Deno.test("createScreen() tells once why a step failed that is made of others", () => {
  const outcome = "failure";
  assertEquals(
    shown(["a", "b"], [
      started("a"),
      started("a[0]", { item: "x" }),
      started("a[0]/c"),
      ended("a[0]/c", { outcome, error: "Exit code 1" }),
      ended("a[0]", { outcome, error: "Step 'c' failed: Exit code 1" }),
      ended("a", { outcome, error: "Step 'a[0]' failed: Step 'c' failed: Exit code 1" }),
      started("b"),
      ended("b", { outcome, error: "Exit code 1" }),
    ]).filter((line) => line.includes("failure")),
    [
      "  failure: Exit code 1",
      "  a[0] | failure: Step 'c' failed",
      "  a | failure: Step 'a[0]' failed",
      "  failure: Exit code 1",
    ],
  );
});

Deno.test("createScreen() shows what checks found, and not what they print and judges answer", () => {
  const check = { check: "run", path: "", place: PLACE } as const;
  const answered = {
    type: "model.answered",
    ...{ step: "a", turn: 1, text: "{}", toolCalls: 0 },
    finish: "stop",
    usage: { inputTokens: 1, outputTokens: 1 },
  } as const;
  const finished = {
    type: "command.finished",
    ...{ step: "a", exitCode: 1, timedOut: false, stderr: "", notes: ["A note"] },
  } as const;
  assertEquals(
    shown(["a"], [
      started("a", { command: "make" }),
      { type: "command.output", step: "a", callId: "", stream: "stdout", text: "made\n" },
      finished,
      { type: "check.started", step: "a", attempt: 1, check: "run" },
      { type: "command.output", step: "a", callId: "", stream: "stdout", text: "of a check\n" },
      finished,
      { type: "check.started", step: "a", attempt: 1, check: "judge" },
      answered,
      {
        type: "step.checked",
        ...{ step: "a", attempt: 1 },
        results: [
          { ...check, ok: true, message: "One holds" },
          { ...check, ok: false, message: "Two does not", expected: "x", found: "y\nz" },
        ],
      },
      ended("a", { outcome: "failure", error: "Two does not" }),
    ]),
    [
      "",
      "[1/1] a",
      "  $ make",
      "    | made",
      "    exit code 1",
      "    (A note)",
      "  ok  One holds",
      "  failed  Two does not (w.yaml:3)",
      "    found:    y",
      "              z",
      "  failure",
    ],
  );
  assertEquals(
    shown(["a"], [started("a"), ended("a", { items: 0 })]),
    ["", "[1/1] a", "  no items"],
  );
  assertEquals(
    shown(["a"], [started("a"), answered]),
    ["", "[1/1] a", "  {}"],
  );
});

const PLAN: Plan = {
  ...{ name: "w", description: "", file: "w.yaml", fingerprint: "", model: { type: "none" } },
  ...{ inputs: {}, instructions: [], roots: [], deny: [], ask: [], grants: [], steps: [] },
  ...{ outputs: {}, processes: [], budget: { turns: 1 } },
  backends: [{ name: "memory", type: "state" }],
  routes: [{ prefix: "/", backend: "memory", path: "/", access: "read-write" }],
};

function reported(bodies: readonly RunEventBody[], files: readonly (readonly [string, number])[]) {
  const steps = new StepTable();
  for (const event of eventsOf([begun(["a", "each", "c"]), ...bodies])) steps.sink(event);
  const [finished] = eventsOf([{
    type: "run.finished",
    ...{ outcome: "success", exitCode: 0, outputs: {}, turns: 0, rehearsed: false },
    ...{ inputTokens: 0, outputTokens: 0 },
    files: files.map(([path, size]) => ({ path, size, backend: "memory", saved: false })),
  }]);
  if (finished?.type !== "run.finished") throw new Error("It is another event");
  return reportText(PLAN, finished, { color: false, cwd: "/", steps });
}

Deno.test("reportText() names every step where they were not all simply done", () => {
  const text = reported([
    started("a", { attempt: 1 }),
    ended("a", { retry: true, outcome: "failure" }),
    started("a", { attempt: 2 }),
    ended("a", { outcome: "failure", continued: true }),
    started("each"),
    ...["each[0]", "each[1]"].flatMap((key) => [
      started(key),
      ended(key, key === "each[1]" ? { outcome: "failure" } : {}),
    ]),
    ended("each", { outcome: "failure", items: 3 }),
    { type: "step.skipped", step: "c", name: "c", reason: "Step 'each' failed" },
    started("late"),
  ], []);
  assertEquals(
    text.split("\n").slice(0, 5),
    [
      "Steps",
      "  a     failure (the run went on)  2 attempts",
      "  each  failure                    1 of 3 items",
      "  c     skipped                    Step 'each' failed",
      "  late  not done",
    ],
  );
});

Deno.test("reportText() says nothing of steps that were all simply done", () => {
  const plain = ["a", "each", "c"].flatMap((step) => [started(step), ended(step)]);
  assertEquals(reported(plain, []).startsWith("No files written\n"), true);
});

Deno.test("reportText() keeps a space between the columns of names and sizes of any length", () => {
  const wide = `/${"表".repeat(4)}`;
  const text = reported([], [["/a", 1_048_575], [wide, 3], ["/long-name", 5]]);
  assertEquals(
    text.split("\n").filter((line) => line.startsWith("    ")),
    [
      "    /a         1024.0 KiB",
      `    ${wide}       3 B`,
      "    /long-name      5 B",
    ],
  );
});
