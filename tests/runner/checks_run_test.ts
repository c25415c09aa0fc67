import { assertEquals } from "@std/assert";
import type { CheckResult, RunEvent } from "../../runner/events.ts";
import { played } from "./_played.ts";

/** The results of each attempt's checks, without those that hold. */
function failures(events: readonly RunEvent[]): readonly (readonly CheckResult[])[] {
  return events.flatMap((event) =>
    event.type === "step.checked" ? [event.results.filter(({ ok }) => !ok)] : []
  );
}

/** What the model was asked, attempt by attempt. */
function prompts(events: readonly RunEvent[]): readonly string[] {
  return events.flatMap((event) => event.type === "step.started" ? [event.prompt] : []);
}

Deno.test("runPlan() asks a judge and runs a command as checks, tells the model what failed, and copies artifacts", async () => {
  const { result, events, files } = await played({
    flow: {
      steps: [{
        id: "letter",
        prompt: "Write a letter",
        assert: [
          {
            run: 'test "$(wc -l < letter.txt)" -ge 2 || { echo too short >&2; false; }',
            cwd: "/out",
          },
          { judge: "It is kind", file: "/out/letter.txt" },
        ],
        retry: { attempts: 3 },
      }],
      artifacts: [{ path: "/out/*", to: "./letters/" }],
    },
    turns: {
      letter: [
        [["write_file", { path: "/out/letter.txt", content: "Pay!\n" }]],
        [],
        [["write_file", { path: "/out/letter.txt", content: "Pay!\nNow!\n" }]],
        [],
        [["write_file", { path: "/out/letter.txt", content: "Dear you,\nthank you\n" }]],
      ],
    },
    judges: {
      letter: [{ pass: false, reason: "It threatens" }, { pass: true, reason: "It thanks" }],
    },
  });
  assertEquals([result.outcome, result.error], ["success", undefined]);
  assertEquals(files, { "letters/letter.txt": "Dear you,\nthank you\n" });
  const found = failures(events).map((results) =>
    results.map(({ check, path, expected, found }) => [check, path, expected, found])
  );
  assertEquals(found, [
    [["run", "", "exit code 0", "exit code 1\ntoo short"]],
    [["judge", "/out/letter.txt", "It is kind", "It threatens"]],
    [],
  ]);
  const begun = events.flatMap((event) => event.type === "check.started" ? [event.check] : []);
  assertEquals(begun, ["run", "run", "judge", "run", "judge"]);
  const command = 'test "$(wc -l < letter.txt)" -ge 2 || { echo too short >&2; false; }';
  assertEquals(
    prompts(events).slice(1),
    [
      `\
The step is not finished. These checks, made on the files themselves, failed:

- Command '${command}' should end with exit code 0; it ended with 1: too short
  Found:
    exit code 1
    too short

Mend what they name, then say what you changed.`,
      `\
The step is not finished. These checks, made on the files themselves, failed:

- '/out/letter.txt' does not hold 'It is kind': It threatens

Mend what they name, then say what you changed.`,
    ],
  );
  assertEquals(
    events.filter(({ type }) => type === "artifact.copied").map((event) =>
      event.type === "artifact.copied" && [event.path, event.to, event.size]
    ),
    [["/out/letter.txt", "./letters/letter.txt", 20]],
  );
});

Deno.test("runPlan() ends with a mismatch where a rehearsed judge has no answer, or one too many", async () => {
  const step = {
    id: "a",
    run: "echo hi > /a.txt",
    assert: [{ judge: "It greets", file: "/a.txt" }],
  };
  const flow = { model: "openai:m", rehearsal: "flow.rehearsal.yaml" };
  const pass = { pass: true, reason: "It does" };
  const over = await played({
    flow: { ...flow, steps: [step] },
    judges: { a: [pass, pass] },
  });
  assertEquals([over.result.exitCode, over.result.error], [
    7,
    "The rehearsal has 1 answer of a judge left over for step 'a' " +
    "(flow.rehearsal.yaml:1): 1 was asked for",
  ]);
  const under = await played({
    flow: { ...flow, steps: [{ ...step, assert: [...step.assert, { judge: "It is short" }] }] },
    judges: { a: [pass] },
  });
  assertEquals(under.result.exitCode, 7);
});

Deno.test("runPlan() fails for an artifact that is not there, with all its steps done", async () => {
  const { result, files } = await played({
    flow: {
      steps: [{ id: "a", run: "echo hi > /a.txt" }],
      artifacts: [
        { path: "/a.txt", to: "./out/" },
        { path: "/out/*.png", to: "./out/" },
        { path: "/log.txt", to: "./out/", when: "failure" },
      ],
    },
  });
  assertEquals([result.outcome, result.exitCode, result.error], [
    "failure",
    1,
    "Artifact '/out/*.png' matches no file (flow.yaml:1)",
  ]);
  assertEquals(files, { "out/a.txt": "hi\n" });
});

Deno.test("runPlan() holds what a command prints against a schema, and hands its fields on", async () => {
  const schema = { type: "object", required: ["n"], properties: { n: { type: "number" } } };
  const flow = (json: string) => ({
    steps: [
      { id: "a", run: `echo '${json}'`, output: { schema } },
      { id: "b", run: 'echo "$N"', env: { N: "${{ steps.a.outputs.n }}" } },
    ],
    outputs: { n: "${{ steps.b.output }}" },
  });
  const good = await played({ flow: flow('{"n": 3}') });
  assertEquals([good.result.outcome, good.result.outputs], ["success", { n: "3" }]);
  const bad = await played({ flow: flow('{"n": "3"}') });
  assertEquals(bad.result.outcome, "failure");
  assertEquals(bad.result.error?.includes('/n: must be number, found "3"'), true);
});
