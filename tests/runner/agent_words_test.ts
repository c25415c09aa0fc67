import { assertEquals, assertThrows } from "@std/assert";
import {
  readApproval,
  readCheckpoint,
  readEvent,
  readJudgeResult,
  readStepResult,
} from "../../runner/_agent_words.ts";

const USAGE = { inputTokens: 1, outputTokens: null };
const VERDICT = { outcome: "success", pass: true, reason: "Fine.", turns: 1, usage: USAGE };
const CHECKPOINT = { conversation: [], answers: 0, ids: 0 };

Deno.test("readEvent() takes the keys of steps and no others", () => {
  const event = { type: "model.asked", turn: 1 } as const;
  for (const step of ["a", "_a-1", "a[0]", "a[12]/b", "a/b[3]/c"]) {
    assertEquals(readEvent({ step, event }), { step, event });
  }
  const strange = [
    "",
    "1",
    "a b",
    "a[",
    "a[]",
    "a[-1]",
    "a[0][1]",
    "/a",
    "a/",
    "a\nb",
    "a\u001b[0m",
  ];
  for (const step of [...strange, "x".repeat(1_001), 5, undefined]) {
    assertThrows(() => readEvent({ step, event }), TypeError, "no proper 'agent.event' (step");
  }
});

Deno.test("readApproval() takes the keys of steps and no others", () => {
  const wishes = [{ verb: "write", what: "/a", rule: "write /a" }];
  const question = { step: "a[0]", callId: "1", tool: "write_file", wishes, detail: "" };
  assertEquals(readApproval(question).step, "a[0]");
  assertThrows(() => readApproval({ ...question, step: "a b" }), TypeError, "(step");
});

Deno.test("readJudgeResult() takes verdicts, and what is none only without one", () => {
  assertEquals(readJudgeResult({ ...VERDICT, more: 1 }).reason, "Fine.");
  const none = { ...VERDICT, outcome: "budget", pass: false };
  assertEquals(readJudgeResult(none).outcome, "budget");
  const strange: readonly [object, string][] = [
    [{ ...VERDICT, pass: "yes" }, "(pass"],
    [{ ...VERDICT, outcome: "failure" }, "passes without success"],
    [{ ...VERDICT, outcome: "fine" }, "(outcome"],
    [{ ...VERDICT, reason: undefined }, "(reason"],
    [{ ...VERDICT, reason: "x".repeat(100_001) }, "(reason"],
    [{ ...VERDICT, turns: -1 }, "(turns"],
    [{ ...VERDICT, usage: {} }, "(usage.inputTokens"],
  ];
  for (const [value, where] of strange) {
    assertThrows(() => readJudgeResult(value), TypeError, where);
  }
});

Deno.test("readCheckpoint() keeps the conversations of steps that ended, and takes nothing else for one", () => {
  const said = [{ role: "user", content: "Go." }, { role: "tool", toolCallId: "1", content: "" }];
  const ended = { plan: said, constructor: [] };
  const checkpoint = { ...CHECKPOINT, ended };
  assertEquals(readCheckpoint(checkpoint).ended, JSON.parse(JSON.stringify(ended)));
  const usage = { inputTokens: 0, outputTokens: 0 };
  const waiting = { outcome: "waiting", output: "", turns: 1, usage, checkpoint };
  assertEquals(Object.keys(readStepResult(waiting).checkpoint?.ended ?? {}), [
    "plan",
    "constructor",
  ]);
  assertEquals(readCheckpoint(CHECKPOINT), CHECKPOINT);
  const many = Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`s${index}`, []]));
  const strange: readonly [unknown, string][] = [
    [{ "a b": [] }, "(ended.a b"],
    [{ a: [{ role: "judge", content: "" }] }, "(ended.a.0"],
    [{ a: "Go." }, "(ended.a"],
    [[], "(ended"],
    [many, "more than 10000 conversations"],
  ];
  for (const [value, where] of strange) {
    assertThrows(() => readCheckpoint({ ...CHECKPOINT, ended: value }), TypeError, where);
  }
});
