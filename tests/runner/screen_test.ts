import { assertEquals } from "@std/assert";
import type { RunEventBody } from "../../runner/events.ts";
import type { Plan } from "../../runner/plan.ts";
import { Recorder } from "../../runner/recorder.ts";
import { reportText, type RunFinished } from "../../runner/report.ts";
import { createScreen } from "../../runner/screen.ts";

const PLACE = { file: "demo.yaml", line: 9, column: 5 };
const USAGE = { inputTokens: null, outputTokens: null };

/** What the screen shows of some events, and the events with their headers. */
function show(bodies: readonly RunEventBody[], color = false) {
  let text = "";
  const events: string[] = [];
  const recorder = new Recorder({
    run: "r1",
    now: () => new Date(0),
    sinks: [
      createScreen({ write: (part) => text += part, color }),
      ({ seq, time, run, type }) => events.push(`${seq} ${time} ${run} ${type}`),
    ],
  });
  for (const body of bodies) recorder.emit(body);
  return { text, events };
}

const STARTED: RunEventBody = {
  type: "run.started",
  workflow: "demo",
  file: "demo.yaml",
  fingerprint: "0",
  model: "openai:gpt-4.1",
  rehearsed: true,
  steps: ["a", "b"],
};

Deno.test("createScreen() prints a line for each thing that happened", () => {
  const { text, events } = show([
    STARTED,
    { type: "step.started", step: "a", name: "First", attempt: 1, prompt: "Do it" },
    { type: "model.asked", step: "a", turn: 1 },
    { type: "model.retried", step: "a", turn: 1, attempt: 1, reason: "429", delay: 1500 },
    { type: "model.text", step: "a", turn: 1, text: "I " },
    {
      type: "model.answered",
      step: "a",
      turn: 1,
      text: "I will\u001b[2J write.\n",
      toolCalls: 2,
      finish: "tool_calls",
      usage: USAGE,
    },
    {
      type: "tool.called",
      step: "a",
      turn: 1,
      callId: "c1",
      tool: "write_file",
      arguments: { path: "/a.txt", content: "x" },
    },
    {
      type: "tool.called",
      step: "a",
      turn: 1,
      callId: "c2",
      tool: "move_file",
      arguments: { from: "/a", to: "/src/b" },
    },
    { type: "file.changed", step: "a", operation: "write", path: "/a.txt" },
    {
      type: "tool.finished",
      step: "a",
      turn: 1,
      callId: "c1",
      tool: "write_file",
      ok: true,
      result: "Wrote",
    },
    {
      type: "tool.finished",
      step: "a",
      turn: 1,
      callId: "c2",
      tool: "move_file",
      ok: false,
      code: "denied",
      result: "Error: Cannot move '/a'.\nIt is read-only.",
    },
    {
      type: "step.checked",
      step: "a",
      attempt: 1,
      results: [
        {
          check: "produces",
          path: "/a.txt",
          ok: true,
          message: "'/a.txt' was written",
          place: PLACE,
        },
        { check: "exists", path: "/b", ok: false, message: "'/b' does not exist", place: PLACE },
      ],
    },
    {
      type: "step.finished",
      step: "a",
      attempt: 1,
      outcome: "failure",
      retry: true,
      output: "",
      error: "'/b' does not exist",
    },
    { type: "step.started", step: "a", name: "First", attempt: 2, prompt: "Mend it" },
    {
      type: "step.finished",
      step: "a",
      attempt: 2,
      outcome: "failure",
      retry: false,
      output: "",
      error: "The server is gone",
    },
  ]);
  assertEquals(
    text,
    `demo  demo.yaml
Rehearsing: scripted answers stand in for openai:gpt-4.1

[1/2] a  First
  retry in 1.5 s: 429
  I will\\u{1b}[2J write.
  write_file  /a.txt
  move_file   /a -> /src/b
    refused: Cannot move '/a'. It is read-only.
  ok  '/a.txt' was written
  failed  '/b' does not exist (demo.yaml:9)
  attempt 2
  failure: The server is gone
`,
  );
  assertEquals(events.slice(0, 2), [
    "1 1970-01-01T00:00:00.000Z r1 run.started",
    "2 1970-01-01T00:00:00.000Z r1 step.started",
  ]);
  assertEquals(events.length, 15);
});

Deno.test("createScreen() uses colours only where it is told to", () => {
  assertEquals(show([STARTED]).text.includes("\x1b["), false);
  assertEquals(show([STARTED], true).text.includes("\x1b[1mdemo\x1b[22m"), true);
});

const PLAN: Plan = {
  name: "demo",
  description: "",
  file: "demo.yaml",
  fingerprint: "0",
  model: {
    type: "openai",
    name: "gpt-4.1",
    baseUrl: "http://127.0.0.1:1/v1",
    netHost: "127.0.0.1:1",
  },
  inputs: {},
  instructions: [],
  backends: [
    { name: "memory", type: "state" },
    { name: "disk", type: "local", root: "/jobs/here/ws", access: "read-write" },
    { name: "far", type: "local", root: "/far", access: "read-write" },
  ],
  routes: [
    { prefix: "/project/", backend: "disk", path: "/p", access: "read-write" },
    { prefix: "/far/", backend: "far", path: "/", access: "read-write" },
    { prefix: "/", backend: "memory", path: "/", access: "read-write" },
  ],
  roots: [],
  deny: [],
  ask: [],
  grants: [],
  budget: { turns: 10 },
  steps: [],
  outputs: {},
  processes: [],
};

const FINISHED: RunFinished = {
  type: "run.finished",
  seq: 9,
  time: "",
  run: "r1",
  outcome: "success",
  exitCode: 0,
  outputs: { summary: "All is\nwell" },
  files: [
    { path: "/far/x", backend: "far", saved: true, size: 0 },
    { path: "/notes.txt", backend: "memory", saved: false, size: 3_000 },
    { path: "/project/app.py", backend: "disk", saved: true, size: 5_000_000 },
  ],
  turns: 1,
  inputTokens: 10,
  outputTokens: null,
  rehearsed: false,
};

const report = (finished: RunFinished) =>
  reportText(PLAN, finished, { color: false, cwd: "/jobs/here" });

Deno.test("reportText() lists outputs, files by backend with their places, and how it ended", () => {
  assertEquals(
    report(FINISHED),
    `summary
  All is
  well

Files written
  memory (in memory, not saved: gone now that the run is over)
    /notes.txt  2.9 KiB
  disk (saved to disk)
    /project/app.py  4.8 MiB  ws/p/app.py
  far (saved to disk)
    /far/x      0 B  /far/x

Done: 0 steps, 1 turn, tokens unknown
`,
  );
});

Deno.test("reportText() says why a run failed, and last of all that it was a rehearsal", () => {
  const { rehearsed: _, ...rest } = FINISHED;
  assertEquals(
    report({
      ...rest,
      outcome: "failure",
      exitCode: 1,
      outputs: {},
      files: [],
      error: "Step 'a' failed: no",
      rehearsed: true,
      outputTokens: 5,
    }),
    `No files written

Not done (failure): Step 'a' failed: no
1 turn, exit code 1
Rehearsed: no model was called (a live run needs OPENAI_API_KEY, and --rehearse left out)
`,
  );
});

Deno.test("reportText() says how to go on with a run that waits for an approval", () => {
  const finished: RunFinished = {
    ...FINISHED,
    outcome: "waiting",
    exitCode: 6,
    outputs: {},
    files: [],
    error: "Step 'a' waits for an approval",
  };
  const text = reportText({ ...PLAN, file: "my flows/demo.yaml" }, finished, {
    color: false,
    cwd: "/jobs/here",
  });
  assertEquals(
    text,
    `No files written

Not done yet (waiting): Step 'a' waits for an approval
1 turn, tokens unknown, exit code 6
Go on at a terminal:     deno task run 'my flows/demo.yaml' --resume r1
Go on and approve it:    deno task run 'my flows/demo.yaml' --resume r1 --approve
Go on and refuse it:     deno task run 'my flows/demo.yaml' --resume r1 --refuse "the reason"
`,
  );
});

Deno.test("reportText() names what was written and could not be looked at any more", () => {
  assertEquals(
    report({
      ...FINISHED,
      outcome: "interrupted",
      exitCode: 130,
      outputs: {},
      files: [{ path: "/project/app.py", backend: "disk", saved: true, size: 5 }],
      unseen: ["/notes.txt"],
      error: "The run was interrupted",
    }),
    `Files written
  disk (saved to disk)
    /project/app.py      5 B  ws/p/app.py
  not looked at: the run ended first
    /notes.txt

Not done (interrupted): The run was interrupted
1 turn, tokens unknown, exit code 130
`,
  );
});
