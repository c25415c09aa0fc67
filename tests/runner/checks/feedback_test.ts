import { assertEquals } from "@std/assert";
import { feedbackPrompt } from "../../../runner/checks/feedback.ts";

const PLACE = { file: "/home/me/demo.yaml", line: 7, column: 3 };

Deno.test("feedbackPrompt() names the failed checks with what was expected and found, and no place", () => {
  const result = { check: "contains", path: "/a", place: PLACE };
  const text = feedbackPrompt([
    { ...result, ok: true, message: "'/a' contains 'x'" },
    { ...result, ok: false, message: "'/b' does not exist" },
    {
      ...result,
      ok: false,
      message: "'/c' should contain 'y'; it has 2 lines",
      expected: "y",
      found: "one\ntwo",
    },
  ]);
  assertEquals(
    text,
    `\
The step is not finished. These checks, made on the files themselves, failed:

- '/b' does not exist
- '/c' should contain 'y'; it has 2 lines
  Found:
    one
    two

Mend what they name, then say what you changed.`,
  );
});

Deno.test("feedbackPrompt() counts what is too much to tell", () => {
  const failed = { check: "exists", path: "/a", place: PLACE, ok: false };
  const text = feedbackPrompt([
    { ...failed, message: "first", found: `a\n${"z".repeat(10_000)}` },
    ...Array.from({ length: 25 }, (_, index) => ({ ...failed, message: `number ${index}` })),
  ]);
  assertEquals(text.includes(`  Found:\n    a\n    ${"z".repeat(3_998)}…\n`), true);
  assertEquals(text.includes("\n- number 18\n- and 6 more\n\nMend"), true);
});

Deno.test("feedbackPrompt() shows a line that the sentence has cut", () => {
  const result = { check: "contains", path: "/a", place: PLACE, ok: false, message: "Cut" };
  const of = (expected: string) =>
    feedbackPrompt([{ ...result, expected }]).split("\n").slice(2, -2);
  assertEquals(of("y".repeat(120)), ["- Cut"]);
  assertEquals(of("y".repeat(121)), ["- Cut", "  Expected:", `    ${"y".repeat(121)}`]);
});
