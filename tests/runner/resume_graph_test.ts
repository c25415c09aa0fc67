import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { CheckpointFile, ResumedRun, RunCheckpoint } from "../../runner/checkpoint.ts";
import { answerPending } from "../../runner/resume.ts";
import { type Play, type Played, played, story } from "./_played.ts";

/** A run, and what it left if it waits. */
async function run(
  play: Play,
  resume?: ResumedRun,
): Promise<Played & { readonly resume?: ResumedRun }> {
  const kept: { checkpoint: RunCheckpoint; files: readonly CheckpointFile[] }[] = [];
  const done = await played({
    ...play,
    options: {
      ...play.options,
      ...resume === undefined ? {} : { resume },
      keep: (checkpoint, files) => {
        // As the journal keeps it.
        kept.push({ checkpoint: JSON.parse(JSON.stringify(checkpoint)), files });
      },
    },
  });
  const [last] = kept;
  return last === undefined ? done : { ...done, resume: { run: "before", ...last } };
}

/** The same play with all questions answered that wait. */
function approved(play: Play, { checkpoint }: ResumedRun): Play {
  const pending = checkpoint.waiting.flatMap(({ pending }) => pending);
  const nobody = () => Promise.resolve({ verdict: "wait" } as const);
  const approver = answerPending(pending, { verdict: "granted" }, nobody);
  return { ...play, options: { ...play.options, approver } };
}

const write = (path: string) => [["write_file", { path, content: path }]] as const;

Deno.test("runPlan() waits with several steps of a graph, and goes on with all of them", async () => {
  const play: Play = {
    flow: {
      tools: { ask: ["write /live/**"] },
      steps: [
        { id: "first", prompt: "Begin." },
        { id: "a", needs: ["first"], prompt: "Write a.", produces: ["/live/a"] },
        { id: "b", needs: ["first"], prompt: "Write b.", produces: ["/live/b"] },
        { id: "free", needs: ["first"], prompt: "Write what needs no approval." },
        { id: "last", needs: ["a", "b", "free"], prompt: "End: ${{ steps.a.output }}" },
      ],
      outputs: { all: "${{ steps.last.output }}" },
    },
    turns: {
      first: [write("/x")],
      a: [write("/live/a")],
      b: [write("/live/b")],
      free: [write("/free")],
      last: [[["read_file", { path: "/live/a" }], ["read_file", { path: "/live/b" }]]],
    },
  };
  const first = await run(play);
  assertEquals([first.result.outcome, first.result.exitCode], ["waiting", 6]);
  assert(first.resume !== undefined);
  const { checkpoint } = first.resume;
  assertEquals(checkpoint.waiting.map(({ step }) => step).sort(), ["a", "b"]);
  assertStringIncludes(first.result.error ?? "", "Step 'a' waits for an approval of write_file");
  assertStringIncludes(first.result.error ?? "", "Step 'b' waits for an approval of write_file");
  // What was under way has ended.
  assertEquals(Object.keys(checkpoint.ended).sort(), ["first", "free"]);

  const second = await run(approved(play, first.resume), first.resume);
  assertEquals(second.result.error, undefined);
  assertEquals(second.result.outputs, { all: "Done." });
  const told = story(second.events).split(", ");
  assertEquals(told.filter((word) => word.startsWith("+")).sort(), ["+a", "+b", "+last"]);
  assertEquals(
    second.result.files.map(({ path }) => path),
    ["/free", "/live/a", "/live/b", "/x"],
  );
  const [last] = second.events.slice(-1);
  assert(last?.type === "run.finished");
  assertEquals(last.turns, 10);
});

Deno.test("runPlan() waits again with what is not answered, and loses nothing of it", async () => {
  const play: Play = {
    flow: {
      concurrency: 1,
      tools: { ask: ["write /live/**"] },
      steps: [
        { id: "a", prompt: "Write a." },
        { id: "b", prompt: "Write b." },
        { id: "c", needs: ["a", "b"], prompt: "End." },
      ],
    },
    turns: { a: [write("/live/a")], b: [write("/live/b")], c: [] },
  };
  const first = await run(play);
  assert(first.resume !== undefined);
  assertEquals(first.resume.checkpoint.waiting.map(({ step }) => step), ["a"]);
  // Nothing begins once something waits.
  assertEquals(story(first.events), "+a, -a waiting");
  const second = await run(approved(play, first.resume), first.resume);
  assert(second.resume !== undefined);
  assertEquals(second.resume.checkpoint.waiting.map(({ step }) => step), ["b"]);
  assertEquals(Object.keys(second.resume.checkpoint.ended), ["a"]);
  // Nobody answers: it waits as it did.
  const third = await run(play, second.resume);
  assertEquals(third.resume?.checkpoint.waiting, second.resume.checkpoint.waiting);
  const last = await run(approved(play, second.resume), second.resume);
  assertEquals(last.result.error, undefined);
  assertEquals(last.result.files.map(({ path }) => path), ["/live/a", "/live/b"]);
});

Deno.test("runPlan() goes on with the items that were not done", async () => {
  const play: Play = {
    flow: {
      tools: { ask: ["write /live/**"] },
      steps: [
        { id: "each", foreach: ["a", "b", "c"], prompt: "Write ${{ item }}." },
        { id: "end", prompt: "${{ toJSON(steps.each.output) }}" },
      ],
    },
    files: {
      "script.yaml": JSON.stringify({
        name: "played",
        steps: {
          each: [
            { text: "a is done." },
            { calls: [{ write_file: { path: "/live/b", content: "b" } }] },
            { text: "b is done." },
            { text: "c is done." },
          ],
          end: [{
            expect: {
              prompt: JSON.stringify(["a", "b", "c"].map((i) => `${i} is done.`), null, 2),
            },
            text: "End.",
          }],
        },
      }),
    },
  };
  const scripted: Play = {
    ...play,
    flow: { ...play.flow, model: "openai:m", rehearsal: "script.yaml" },
  };
  const first = await run(scripted);
  assertEquals(first.result.exitCode, 6, first.result.error);
  assert(first.resume !== undefined);
  assertEquals(first.resume.checkpoint.waiting.map(({ step }) => step), ["each[1]"]);
  assertEquals(Object.keys(first.resume.checkpoint.items["each"]?.ended ?? {}), ["0"]);
  const second = await run(approved(scripted, first.resume), first.resume);
  assertEquals(second.result.error, undefined);
  assertEquals(
    story(second.events),
    "+each, +each[1], -each[1], +each[2], -each[2], -each, +end, -end",
  );
});

Deno.test("runPlan() remembers, after a wait, that a step had failed", async () => {
  const play: Play = {
    flow: {
      shell: "virtual",
      concurrency: 1,
      tools: { ask: ["execute echo publish"] },
      steps: [
        { id: "bad", run: "exit 9" },
        { id: "after", needs: ["bad"], run: "true" },
        { id: "ask", run: "echo publish" },
      ],
      on_failure: [
        { id: "tell", if: "default(steps.bad.outputs.exit_code, 0) == 9", run: "true" },
      ],
    },
  };
  const first = await run(play);
  assertEquals(story(first.events), "+bad, -bad failure, ~after, +ask, -ask waiting");
  assertEquals(first.result.exitCode, 6);
  assert(first.resume !== undefined);
  const second = await run(approved(play, first.resume), first.resume);
  assertEquals(story(second.events), "+ask, -ask, +tell, -tell");
  assertEquals([second.result.outcome, second.result.exitCode], ["failure", 1]);
  assertStringIncludes(second.result.error ?? "", "Step 'bad' failed");
});

Deno.test("runPlan() goes on with what comes after all steps and waits", async () => {
  const play: Play = {
    flow: {
      shell: "virtual",
      tools: { ask: ["execute echo publish"] },
      steps: [{ id: "work", run: "true" }],
      on_success: [{ id: "ask", run: "echo publish" }, { id: "tell", run: "true" }],
    },
  };
  const first = await run(play);
  assertEquals(story(first.events), "+work, -work, +ask, -ask waiting");
  assert(first.resume !== undefined);
  const second = await run(approved(play, first.resume), first.resume);
  assertEquals(story(second.events), "+ask, -ask, +tell, -tell");
  assertEquals([second.result.outcome, second.result.exitCode], ["success", 0]);
});

Deno.test("runPlan() ends the items that wait where another one failed, and then the step", async () => {
  const play: Play = {
    flow: {
      shell: "virtual",
      tools: { ask: ["execute test *"] },
      steps: [
        {
          id: "each",
          foreach: { items: ["no", "yes", "yes", "never"], concurrency: 3 },
          env: { ITEM: "${{ item }}" },
          run: 'test "$ITEM" = yes',
        },
        { id: "after", run: "true" },
      ],
    },
    options: {
      // Of the three that begin one fails, and two wait.
      approver: ({ step }) =>
        Promise.resolve({ verdict: step === "each[0]" ? "granted" : "wait" } as const),
    },
  };
  const first = await run(play);
  assertEquals([first.result.outcome, first.result.exitCode], ["waiting", 6]);
  assert(first.resume !== undefined);
  const { waiting } = first.resume.checkpoint;
  assertEquals(waiting.map(({ step }) => step).sort(), ["each[1]", "each[2]"]);

  const second = await run(approved(play, first.resume), first.resume);
  assertEquals(second.result.exitCode, 1, second.result.error);
  assertStringIncludes(second.result.error ?? "", "Step 'each[0]' failed: The command ended");
  const told = story(second.events).split(", ");
  // Those that had begun end, one that had not does not begin, and the step ends with them.
  assertEquals(told.toSorted(), [
    "+each",
    "+each[1]",
    "+each[2]",
    "-each failure",
    "-each[1]",
    "-each[2]",
    "~after",
  ]);
});
