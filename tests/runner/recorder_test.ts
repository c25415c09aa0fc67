import type { RunEvent, RunEventBody } from "../../runner/events.ts";
import { Recorder } from "../../runner/recorder.ts";
import { assertEquals } from "@std/assert";

const TIME = "2026-01-02T03:04:05.000Z";
const USAGE = { inputTokens: 1, outputTokens: 1 };

/** What the readers are told of some events. */
function told(bodies: readonly RunEventBody[], secrets?: readonly string[]): readonly RunEvent[] {
  const events: RunEvent[] = [];
  const now = () => new Date(TIME);
  const recorder = new Recorder({ run: "r", sinks: [(event) => events.push(event)], now, secrets });
  for (const body of bodies) recorder.emit(body);
  return events;
}

/** The same without what every event carries. */
function bodiesOf(events: readonly RunEvent[]): readonly unknown[] {
  return events.map(({ seq: _, time: __, run: ___, ...body }) => body);
}

function text(step: string, turn: number, text: string): RunEventBody {
  return { type: "model.text", step, turn, text };
}

function output(
  step: string,
  callId: string,
  stream: "stdout" | "stderr",
  text: string,
): RunEventBody {
  return { type: "command.output", step, callId, stream, text };
}

function answered(step: string, turn: number, text: string): RunEventBody {
  return { type: "model.answered", step, turn, text, toolCalls: 0, finish: "stop", usage: USAGE };
}

function finished(step: string, output: string): RunEventBody {
  return { type: "step.finished", step, attempt: 1, outcome: "success", retry: false, output };
}

const END: RunEventBody = {
  type: "run.finished",
  outcome: "failure",
  exitCode: 1,
  outputs: { token: "hunter2" },
  files: [{ path: "/hunter2.txt", backend: "memory", saved: false, size: 7 }],
  turns: 1,
  ...{ inputTokens: 1, outputTokens: 1 },
  rehearsed: true,
  error: "Step 'a' failed: hunter2 and aHVudGVyMg==",
};

Deno.test("Recorder.emit() numbers and dates events, and tells each reader of each", () => {
  const body: RunEventBody = { type: "model.asked", step: "a", turn: 1 };
  const header = { time: TIME, run: "r" };
  assertEquals(told([body, body]), [{ seq: 1, ...header, ...body }, {
    seq: 2,
    ...header,
    ...body,
  }]);
});

Deno.test("Recorder.emit() masks secrets in every text of an event, at any depth", () => {
  const place = { file: "w.yaml", line: 1, column: 1 };
  const events: readonly RunEventBody[] = [
    { type: "step.started", step: "a", name: "Use hunter2", attempt: 1, prompt: "Say hunter2" },
    {
      type: "tool.called",
      ...{ step: "a", turn: 1, callId: "c1", tool: "write_file" },
      arguments: { path: "/hunter2", list: [{ hunter2: "x%68unter2" }, 1, null] },
    },
    {
      type: "tool.finished",
      ...{ step: "a", turn: 1, callId: "c1", tool: "write_file", ok: true },
      result: "1\thunter2",
    },
    {
      type: "approval.requested",
      ...{ step: "a", callId: "c2", tool: "execute", detail: "$ echo hunter2" },
      wishes: [{ verb: "execute", what: "echo hunter2", rule: "execute *", env: { A: "hunter2" } }],
    },
    {
      type: "step.checked",
      ...{ step: "a", attempt: 1 },
      results: [{
        ...{ check: "equals", path: "/a", ok: false, message: "It is 'hunter2'", place },
        found: "hunter2",
      }],
    },
    END,
  ];
  assertEquals(bodiesOf(told(events, ["hunter2"])), [
    { type: "step.started", step: "a", name: "Use ***", attempt: 1, prompt: "Say ***" },
    {
      type: "tool.called",
      ...{ step: "a", turn: 1, callId: "c1", tool: "write_file" },
      arguments: { path: "/***", list: [{ "***": "x***" }, 1, null] },
    },
    {
      type: "tool.finished",
      ...{ step: "a", turn: 1, callId: "c1", tool: "write_file", ok: true },
      result: "1\t***",
    },
    {
      type: "approval.requested",
      ...{ step: "a", callId: "c2", tool: "execute", detail: "$ echo ***" },
      wishes: [{ verb: "execute", what: "echo ***", rule: "execute *", env: { A: "***" } }],
    },
    {
      type: "step.checked",
      ...{ step: "a", attempt: 1 },
      results: [{
        ...{ check: "equals", path: "/a", ok: false, message: "It is '***'", place },
        found: "***",
      }],
    },
    {
      ...END,
      outputs: { token: "***" },
      files: [{ path: "/***.txt", backend: "memory", saved: false, size: 7 }],
      error: "Step 'a' failed: *** and ***==",
    },
  ]);
});

Deno.test("Recorder.emit() leaves the workflow's own names as they are", () => {
  const started: RunEventBody = {
    type: "run.started",
    ...{ workflow: "one", file: "one.yaml", fingerprint: "step", model: "none", rehearsed: true },
    steps: ["step", "success"],
  };
  const bodies = [started, finished("step", "a step of success, with an output")];
  assertEquals(bodiesOf(told(bodies, ["step", "success", "output"])), [
    started,
    finished("step", "a *** of ***, with an ***"),
  ]);
});

Deno.test("Recorder.emit() masks a secret that comes in several pieces of one text", () => {
  const events = told([
    text("a", 1, "It is hun"),
    text("a", 1, "te"),
    text("a", 1, "r2 or hunt"),
    answered("a", 1, "It is hunter2 or hunt"),
    output("a", "c1", "stdout", "aHVu"),
    output("a", "c1", "stderr", "hunt"),
    output("a", "c1", "stdout", "dGVyMg==\n"),
    output("a", "c1", "stderr", "er3"),
  ], ["hunter2"]);
  assertEquals(bodiesOf(events), [
    text("a", 1, "It is "),
    text("a", 1, "*** or "),
    text("a", 1, "hunt"),
    answered("a", 1, "It is *** or hunt"),
    output("a", "c1", "stdout", "***==\n"),
    output("a", "c1", "stderr", "hunter3"),
  ]);
  assertEquals(events.map(({ seq }) => seq), [1, 2, 3, 4, 5, 6]);
});

Deno.test("Recorder.emit() does not take the texts of steps side by side for one", () => {
  const pieces = [
    text("a", 1, "hunt"),
    text("b", 1, "er2"),
    text("a", 2, "er2"),
    output("a", "", "stdout", "hunt"),
    output("a", "c1", "stdout", "er2"),
    output("a", "", "stderr", "er2"),
    output("b", "", "stdout", "er2"),
  ];
  const bodies = [...pieces, finished("a", ""), finished("b", "")];
  const seen = bodiesOf(told(bodies, ["hunter2"]));
  const joined = new Map<string, string>();
  for (const body of bodies) {
    if (body.type !== "model.text" && body.type !== "command.output") continue;
    const { text, ...of } = body;
    joined.set(JSON.stringify(of), text);
  }
  const after = new Map<string, string>();
  for (const body of seen) {
    const { text, ...of } = Object(body);
    if (text !== undefined) {
      const key = JSON.stringify(of);
      after.set(key, (after.get(key) ?? "") + text);
    }
  }
  assertEquals([...after].toSorted(), [...joined].toSorted());
});

/** What ends a text, and what does not. */
const ENDS: readonly {
  readonly name: string;
  readonly piece: RunEventBody;
  readonly ends: readonly RunEventBody[];
  readonly others: readonly RunEventBody[];
}[] = [
  {
    name: "of a model",
    piece: text("a", 2, "hunt"),
    ends: [
      answered("a", 2, ""),
      { type: "model.retried", step: "a", turn: 2, attempt: 1, delay: 1, reason: "busy" },
      finished("a", ""),
      END,
    ],
    others: [
      answered("a", 1, ""),
      answered("b", 2, ""),
      finished("b", ""),
      { type: "model.asked", step: "a", turn: 3 },
    ],
  },
  {
    name: "of a model's command",
    piece: output("a", "c1", "stderr", "hunt"),
    ends: [
      {
        type: "tool.finished",
        ...{ step: "a", turn: 1, callId: "c1", tool: "execute", ok: true, result: "" },
      },
      finished("a", ""),
      END,
    ],
    others: [
      {
        type: "tool.finished",
        ...{ step: "a", turn: 1, callId: "c2", tool: "execute", ok: true, result: "" },
      },
      {
        type: "command.finished",
        ...{ step: "a", exitCode: 0, timedOut: false, stderr: "", notes: [] },
      },
    ],
  },
  {
    name: "of a step's command",
    piece: output("a", "", "stdout", "hunt"),
    ends: [
      {
        type: "command.finished",
        ...{ step: "a", exitCode: 0, timedOut: false, stderr: "", notes: [] },
      },
      finished("a", ""),
      END,
    ],
    others: [
      {
        type: "command.finished",
        ...{ step: "b", exitCode: 0, timedOut: false, stderr: "", notes: [] },
      },
    ],
  },
];

for (const { name, piece, ends, others } of ENDS) {
  Deno.test(`Recorder.emit() gives what it holds back of a text ${name} before what ends it`, () => {
    for (const end of ends) {
      const [first, second] = bodiesOf(told([piece, end], ["hunter2"]));
      assertEquals(first, piece);
      assertEquals(Object(second).type, end.type);
    }
    for (const other of others) {
      assertEquals(bodiesOf(told([piece, other], ["hunter2"])), [other]);
    }
  });
}

Deno.test("Recorder.emit() passes pieces on as they come where there is no secret", () => {
  const pieces = [text("a", 1, "hunt"), text("a", 1, "")];
  assertEquals(bodiesOf(told(pieces)), pieces);
});
