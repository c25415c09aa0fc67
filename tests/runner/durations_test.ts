import { assertEquals } from "@std/assert";
import fc from "../support/fast_check.ts";
import { compiled } from "./_compiled.ts";
import { durationText, parseDuration } from "../../runner/_durations.ts";

Deno.test("parseDuration() reads numbers with their units, the longest first", () => {
  const read = ["500ms", "90s", "5m", "2h", "1h30m", "1h0m5s", "1m500ms", "0s", "007s", "168h"];
  assertEquals(read.map(parseDuration), [
    ...[500, 90_000, 300_000, 7_200_000, 5_400_000, 3_605_000, 60_500, 0, 7000, 604_800_000],
  ]);
});

Deno.test("parseDuration() takes nothing else for a length of time", () => {
  const others = ["", "20", "5 m", "5M", "1.5h", "30m1h", "1h1h", "-5s", "+5s", "5d", "1e3s", "٣s"];
  assertEquals(others.filter((text) => parseDuration(text) !== undefined), []);
  assertEquals(["1h ", " 1h", "1h\n"].filter((text) => parseDuration(text) !== undefined), []);
});

Deno.test("durationText() writes what parseDuration() reads", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 604_800_000 }), (milliseconds) => {
    assertEquals(parseDuration(durationText(milliseconds)), milliseconds);
  }));
  assertEquals([0, 1, 90_000, 5_400_000, 3_600_001].map(durationText), [
    ...["0s", "1ms", "1m30s", "1h30m", "1h1ms"],
  ]);
});

Deno.test("compileWorkflow() keeps the times of steps and of the run in milliseconds", async () => {
  const { plan, text } = await compiled(`\
name: w
model: openai:m
timeout: 168h
concurrency: 2
steps:
  - { id: a, prompt: Go, timeout: 1h30m }
  - { id: b, prompt: Go, timeout: 1ms }
  - { id: c, prompt: Go }
`);
  assertEquals(text, "");
  assertEquals([plan?.timeout, plan?.concurrency], [604_800_000, 2]);
  assertEquals(plan?.steps.map(({ timeout }) => timeout), [5_400_000, 1, undefined]);
});

Deno.test("compileWorkflow() refuses times without a unit, with another one or out of bounds", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
timeout: 8 days
steps:
  - { id: a, prompt: Go, timeout: "20" }
  - { id: b, prompt: Go, timeout: 1.5 hours }
  - { id: c, prompt: Go, timeout: 25h }
  - { id: d, prompt: Go, timeout: 0s }
  - { id: e, prompt: Go, timeout: 16H }
`);
  assertEquals(
    text,
    `\
error[invalid-duration]: "timeout" must be at most 168h, found 8 days
 --> flow.yaml:3:10
  |
3 | timeout: 8 days
  |          ^^^^^^
  = hint: Write 168h or less

error[invalid-duration]: Expected a length of time for "timeout", found "20"
 --> flow.yaml:5:35
  |
5 |   - { id: a, prompt: Go, timeout: "20" }
  |                                   ^^^^
  = hint: Write timeout: 20m

error[invalid-duration]: Expected a length of time for "timeout", found "1.5 hours"
 --> flow.yaml:6:35
  |
6 |   - { id: b, prompt: Go, timeout: 1.5 hours }
  |                                   ^^^^^^^^^
  = hint: Did you mean 1h30m?

error[invalid-duration]: "timeout" must be at most 24h, found 25h
 --> flow.yaml:7:35
  |
7 |   - { id: c, prompt: Go, timeout: 25h }
  |                                   ^^^
  = hint: Write 24h or less

error[invalid-duration]: "timeout" must be at least 1ms, found 0s
 --> flow.yaml:8:35
  |
8 |   - { id: d, prompt: Go, timeout: 0s }
  |                                   ^^
  = hint: Write a longer time, or leave it out

error[invalid-duration]: Expected a length of time for "timeout", found "16H"
 --> flow.yaml:9:35
  |
9 |   - { id: e, prompt: Go, timeout: 16H }
  |                                   ^^^
  = hint: Did you mean 16h?
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() asks for the unit of a time that is a number", async () => {
  const { text } = await compiled(`\
name: w
model: openai:m
timeout: 20
steps: [{ id: a, prompt: Go, timeout: 5, retry: { attempts: 2, backoff: 3 } }]
`);
  assertEquals(
    [...text.matchAll(/ = hint: (.*)/g)].map(([, hint]) => hint),
    [
      "A time has a unit: write 20s for seconds, or 20m for minutes",
      "A time has a unit: write 5s for seconds, or 5m for minutes",
      "A time has a unit: write 3s for seconds, or 3m for minutes",
    ],
  );
});
