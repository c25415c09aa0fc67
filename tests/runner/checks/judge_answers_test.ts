import { assertEquals } from "@std/assert";
import { JudgeAnswers } from "../../../runner/checks/judge_answers.ts";

const turn = (reason: string, line: number) => ({
  text: JSON.stringify({ pass: true, reason }),
  calls: [],
  place: `demo.rehearsal.yaml:${line}`,
});

Deno.test("JudgeAnswers.take() gives each answer of a step once, in order", () => {
  const [one, two, other] = [turn("one", 3), turn("two", 4), turn("other", 6)];
  const answers = new JudgeAnswers({ a: [one, two], b: [other] });
  assertEquals(answers.take("a"), [one]);
  assertEquals(answers.take("b"), [other]);
  assertEquals(answers.take("a"), [two]);
  assertEquals(answers.take("a"), []);
  assertEquals(answers.take("constructor"), []);
});

Deno.test("JudgeAnswers.leftover() tells of answers that no judge was asked for", () => {
  const answers = new JudgeAnswers({ a: [turn("one", 3), turn("two", 4), turn("three", 5)] });
  assertEquals(answers.leftover("none"), undefined);
  answers.take("a");
  assertEquals(
    answers.leftover("a"),
    "The rehearsal has 2 answers of judges left over for step 'a' (demo.rehearsal.yaml:4): " +
      "1 was asked for",
  );
  answers.take("a");
  assertEquals(
    answers.leftover("a"),
    "The rehearsal has 1 answer of a judge left over for step 'a' (demo.rehearsal.yaml:5): " +
      "2 were asked for",
  );
  answers.take("a");
  assertEquals(answers.leftover("a"), undefined);
});

Deno.test("JudgeAnswers goes on where a waiting run was", () => {
  const [one, two] = [turn("one", 3), turn("two", 4)];
  const before = new JudgeAnswers({ a: [one, two] });
  before.take("a");
  const after = new JudgeAnswers({ a: [one, two] }, before.taken);
  assertEquals(after.take("a"), [two]);
  assertEquals(after.leftover("a"), undefined);
});
