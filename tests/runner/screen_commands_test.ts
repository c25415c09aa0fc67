import { assertEquals, assertStringIncludes } from "@std/assert";
import type { RunEventBody } from "../../runner/events.ts";
import type { PlanConfinement } from "../../runner/plan.ts";
import { Recorder } from "../../runner/recorder.ts";
import { createScreen } from "../../runner/screen.ts";

/** What the screen shows of some events, piece by piece. */
function pieces(bodies: readonly RunEventBody[], color = false): string[] {
  const parts: string[] = [];
  const screen = createScreen({ write: (part) => parts.push(part), color });
  const recorder = new Recorder({ run: "r1", now: () => new Date(0), sinks: [screen] });
  for (const body of bodies) recorder.emit(body);
  return parts;
}

const show = (bodies: readonly RunEventBody[], color = false) => pieces(bodies, color).join("");

function started(confinement?: PlanConfinement, model = "none"): RunEventBody {
  return {
    type: "run.started",
    workflow: "demo",
    file: "demo.yaml",
    fingerprint: "0",
    model,
    rehearsed: false,
    steps: ["a"],
    ...(confinement === undefined ? {} : { confinement }),
  };
}

function called(command: string): RunEventBody {
  const call = { step: "a", turn: 1, callId: "c1", tool: "execute" };
  return { type: "tool.called", ...call, arguments: { command } };
}

function finished(exitCode?: number): RunEventBody {
  const call = { step: "a", turn: 1, callId: "c1", tool: "execute" };
  return {
    type: "tool.finished",
    ...call,
    ok: true,
    ...(exitCode === undefined ? {} : { exitCode }),
    result: "",
  };
}

function output(text: string, stream: "stdout" | "stderr" = "stdout", callId = "c1"): RunEventBody {
  return { type: "command.output", step: "a", callId, stream, text };
}

function command(run: string | readonly string[], attempt = 1): RunEventBody {
  return { type: "step.started", step: "a", name: "a", attempt, prompt: "", command: run };
}

Deno.test("createScreen() says in the first lines who confines a run, where there is anything to confine", () => {
  assertEquals(show([started()]), "demo  demo.yaml\n");
  assertEquals(
    show([started({ type: "bubblewrap" })]),
    "demo  demo.yaml\nConfined by bubblewrap: local files and programs are in a namespace of their own\n",
  );
  assertEquals(
    show([started({ type: "flags", reason: "'bwrap' is not installed" }, "openai:m")]),
    "demo  demo.yaml\nModel: openai:m\n" +
      "Confined by Deno's flags and the path guard alone: 'bwrap' is not installed\n",
  );
});

Deno.test("createScreen() shows a command before what it prints, line by line, and its exit code", () => {
  const parts = pieces([
    called("pytest -q\necho done"),
    output("one\ntw"),
    output("oops\n", "stderr"),
    output("o\nlast"),
    finished(2),
  ]);
  assertEquals(parts, [
    "  execute     pytest -q\n              echo done\n",
    "    | one\n",
    "    | oops\n",
    "    | two\n",
    "    | last\n    exit code 2\n",
  ]);
  assertEquals(show([called("true"), finished(0)]), "  execute     true\n");
});

Deno.test("createScreen() shows each command above its own output, where an answer has several", () => {
  const second = { step: "a", turn: 1, callId: "c2", tool: "execute" } as const;
  const write = { step: "a", turn: 1, callId: "c3", tool: "write_file" } as const;
  assertEquals(
    show([
      called("one"),
      { type: "tool.called", ...second, arguments: { command: "two" } },
      { type: "tool.called", ...write, arguments: { path: "/a" } },
      output("1\n"),
      finished(1),
      output("2\n", "stdout", "c2"),
      { type: "tool.finished", ...second, ok: false, code: "denied", result: "Error: No." },
      { type: "tool.finished", ...write, ok: true, result: "" },
    ]),
    `  execute     one
    | 1
    exit code 1
  execute     two
    | 2
    refused: No.
  write_file  /a
`,
  );
});

Deno.test("createScreen() shows 20 lines of a command's output and counts the others", () => {
  const lines = Array.from({ length: 25 }, (_, index) => `${index}\n`).join("");
  const text = show([called("seq 25"), output(lines), finished(0)]);
  assertEquals(text.split("\n").slice(19, 23), ["    | 18", "    | 19", "    (5 more lines)", ""]);
  const next = show([called("seq 25"), output(lines), finished(0), called("x"), output("y\n")]);
  assertStringIncludes(next, "(5 more lines)\n  execute     x\n    | y\n");
});

Deno.test("createScreen() lets no output move the cursor, colour the screen or make up a line", () => {
  const hostile = "\u001b[31mred\u001b[0m \u001b[2J\u001b]0;title\u0007 \u202egnp.exe\u2028x\n" +
    "10%\r50%\r100%\r\n\tindented\n";
  assertEquals(
    show([called("\u001b[2Jx"), output(hostile), finished(0)], true),
    "  execute     \\u{1b}[2Jx\n" +
      "    \u001b[2m| red \\u{1b}[2J\\u{1b}]0;title\\u{7} \\u{202e}gnp.exe\\u{2028}x\u001b[22m\n" +
      "    \u001b[2m| 100%\u001b[22m\n    \u001b[2m|     indented\u001b[22m\n",
  );
  const long = show([called("x"), output(`${"y".repeat(1_000)}\n`), finished(0)]);
  assertStringIncludes(long, `    | ${"y".repeat(160)}…\n`);
});

Deno.test("createScreen() shows the command of a step, each attempt, and how it ended", () => {
  const end = { type: "command.finished", step: "a", stderr: "", notes: [] } as const;
  assertEquals(
    show([
      started(),
      command("set -e\nmake\n"),
      output("no rule\n", "stderr", ""),
      { ...end, exitCode: 124, timedOut: true, notes: ["A socket at '/s' is not kept"] },
      command(["printf", "%s", "it's"], 2),
      { ...end, exitCode: 0, timedOut: false },
    ]),
    `demo  demo.yaml

[1/1] a
  $ set -e
    make
    | no rule
    exit code 124 (its time was up)
    (A socket at '/s' is not kept)
  attempt 2
  $ printf %s 'it'\\''s'
`,
  );
});

Deno.test("createScreen() shows what is to be approved with all that decides it, and the answer", () => {
  const call = { step: "a", callId: "c1" } as const;
  assertEquals(
    show([
      {
        type: "approval.requested",
        ...call,
        tool: "write_file",
        wishes: [{ verb: "write", what: "/a\u001b.txt", rule: "write /**" }],
        detail: "--- /dev/null\n+++ /a\n+one\u001b[2J\n",
      },
      { type: "approval.answered", ...call, verdict: "refused", reason: "not\ntoday" },
      { type: "approval.answered", ...call, verdict: "granted" },
      { type: "approval.answered", ...call, verdict: "wait" },
    ]),
    `  approve?    write_file: write /a\\u{1b}.txt (ask: write /**)
    | --- /dev/null
    | +++ /a
    | +one\\u{1b}[2J
    not approved: not today
    approved
    left to wait for an answer
`,
  );
  const detail = Array.from({ length: 550 }, (_, index) => `+${index}`).join("\n");
  const long = show([
    { type: "approval.requested", ...call, tool: "write_file", wishes: [], detail },
  ]);
  assertStringIncludes(long, "    | +499\n    (50 more lines, not shown)\n");
});
