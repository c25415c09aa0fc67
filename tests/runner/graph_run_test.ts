import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { RunEvent } from "../../runner/events.ts";
import { type Play, played, story } from "./_played.ts";

/** A workflow of commands in the virtual shell, over memory. */
function commands(
  steps: readonly object[],
  more: Readonly<Record<string, unknown>> = {},
): Play["flow"] {
  return { shell: "virtual", steps, ...more };
}

function of<T extends RunEvent["type"]>(events: readonly RunEvent[], type: T) {
  return events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
}

Deno.test("runPlan() runs independent steps at a time, and each after what it needs", async () => {
  const { result, events } = await played({
    flow: commands([
      { id: "last", needs: ["left", "right"], run: "cat /left /right" },
      { id: "left", run: "echo left | tee /left" },
      { id: "right", run: "echo right | tee /right" },
    ], { outputs: { all: "${{ steps.last.output }}" } }),
  });
  assertEquals(result.error, undefined);
  assertEquals(result.outputs, { all: "left\nright" });
  const told = story(events);
  assertEquals(told.startsWith("+left, +right, -"), true, told);
  assertEquals(told.endsWith("+last, -last"), true, told);
});

Deno.test("runPlan() runs one step at a time where concurrency is 1", async () => {
  const { events } = await played({
    flow: commands([
      { id: "a", run: "true" },
      { id: "b", run: "true" },
      { id: "c", needs: ["a"], run: "true" },
    ], { concurrency: 1 }),
  });
  assertEquals(story(events), "+a, -a, +b, -b, +c, -c");
});

Deno.test("runPlan() runs a sequence one after the other, without any needs", async () => {
  const { events } = await played({
    flow: commands([{ id: "a", run: "true" }, { id: "b", run: "true" }, { id: "c", run: "true" }]),
  });
  assertEquals(story(events), "+a, -a, +b, -b, +c, -c");
});

Deno.test("runPlan() skips what needs a failed step, says why, and goes on elsewhere", async () => {
  const { result, events } = await played({
    flow: commands([
      { id: "bad", run: "echo no >&2; exit 3" },
      { id: "next", needs: ["bad"], run: "true" },
      { id: "after", needs: ["next"], run: "true" },
      { id: "clean", needs: ["after"], if: "always()", run: "true" },
      { id: "other", run: "true" },
      { id: "fine", needs: ["other"], run: "true" },
    ], { concurrency: 1 }),
  });
  assertEquals(
    story(events),
    "+bad, -bad failure, ~next, ~after, +clean, -clean, +other, -other, +fine, -fine",
  );
  assertEquals(
    of(events, "step.skipped").map(({ reason }) => reason),
    ["Step 'bad', which it waits for, failed", "Step 'bad', which it waits for, failed"],
  );
  assertEquals([result.outcome, result.exitCode], ["failure", 1]);
  assertEquals(
    result.error,
    "Step 'bad' failed: The command ended with exit code 3: no",
  );
});

Deno.test("runPlan() takes a step's own condition, and its skipped status, into account", async () => {
  const { result, events } = await played({
    flow: commands([
      { id: "a", run: "echo yes" },
      { id: "b", if: "steps.a.output == 'no'", run: "true" },
      { id: "c", if: "steps.b.status == 'skipped'", run: "echo c" },
      { id: "d", if: "failure()", run: "true" },
    ], { outputs: { b: "${{ steps.b.status }}", c: "${{ default(steps.c.output, 'none') }}" } }),
  });
  assertEquals(story(events), "+a, -a, ~b, +c, -c, ~d");
  assertStringIncludes(
    of(events, "step.skipped")[0]?.reason ?? "",
    "Its condition is not true: steps.a.output == 'no'",
  );
  assertEquals(result.outputs, { b: "skipped", c: "c" });
});

Deno.test("runPlan() goes on after a failure that is continued, and tells expressions of it", async () => {
  const { result, events } = await played({
    flow: commands([
      { id: "a", run: "echo out; echo err >&2; exit 7", continue_on_error: true },
      { id: "b", if: "steps.a.status == 'failure'", run: "true" },
    ], {
      outputs: {
        code: "${{ steps.a.outputs.exit_code }}",
        err: "${{ steps.a.outputs.stderr }}",
        status: "${{ steps.a.status }}",
      },
    }),
  });
  assertEquals(story(events), "+a, -a failure continued, +b, -b");
  assertEquals(result.outputs, { code: "7", err: "err\n", status: "failure" });
  assertEquals(result.exitCode, 0);
});

Deno.test("runPlan() runs a step for each item, with lists of outputs", async () => {
  const { result, events } = await played({
    flow: commands([
      { id: "list", run: `printf '["x", {"name": "y z"}, 3]'` },
      {
        id: "each",
        foreach: { items: "${{ fromJSON(steps.list.output) }}", item: "it", concurrency: 2 },
        env: { IT: "${{ it }}", NAME: "${{ it.name }}" },
        run: 'echo "$IT:$NAME"',
      },
      { id: "none", foreach: "${{ fromJSON('[]') }}", run: "false" },
    ], {
      outputs: {
        all: "${{ steps.each.output }}",
        second: "${{ steps.each.outputs[1].exit_code }}",
        none: "${{ steps.none.output }}",
      },
    }),
  });
  assertEquals(result.error, undefined);
  assertEquals(result.outputs, {
    all: JSON.stringify(["x:", '{"name":"y z"}:y z', "3:"]),
    second: "0",
    none: "[]",
  });
  assertEquals(
    of(events, "step.started").flatMap(({ step, item }) =>
      item === undefined ? [] : [[step, item]]
    ),
    [["each[0]", "x"], ["each[1]", '{"name":"y z"}'], ["each[2]", "3"]],
  );
  assertEquals(story(events).endsWith("-each, +none, -none"), true);
  assertEquals(of(events, "step.finished").flatMap(({ items }) => items ?? []), [3, 0]);
});

Deno.test("runPlan() begins no more items after one that fails", async () => {
  const { result, events } = await played({
    flow: commands([
      { id: "e", foreach: ["a", "b", "c"], env: { I: "${{ item }}" }, run: "test $I != b" },
      { id: "after", run: "true" },
    ]),
  });
  assertEquals(story(events), "+e, +e[0], -e[0], +e[1], -e[1] failure, -e failure, ~after");
  assertEquals(of(events, "step.finished").flatMap(({ items }) => items ?? []), [3]);
  assertEquals(result.error, "Step 'e[1]' failed: The command ended with exit code 1");
});

Deno.test("runPlan() fails a step whose items are no list, and says what they are", async () => {
  const { result, events } = await played({
    flow: commands([
      { id: "a", run: "echo '{}'" },
      { id: "e", foreach: "${{ fromJSON(steps.a.output) }}", run: "true" },
    ]),
  });
  assertEquals(story(events), "+a, -a, +e, -e failure");
  assertEquals(
    result.error,
    "Step 'e' failed: foreach needs a list, and 'fromJSON(steps.a.output)' is a map: '{}'",
  );
  // Whoever reads it knows the step.
  assertEquals(
    of(events, "step.finished").at(-1)?.error,
    "foreach needs a list, and 'fromJSON(steps.a.output)' is a map: '{}'",
  );
});

Deno.test("runPlan() waits before further attempts, longer each time", async () => {
  const waits: number[] = [];
  const { result, events } = await played({
    flow: commands([{
      id: "a",
      run: "echo x >> /tries; test $(wc -l < /tries) -eq 4",
      retry: { attempts: 4, backoff: { delay: "2s", factor: 3, max: "10s" } },
    }]),
    options: { wait: (milliseconds) => (waits.push(milliseconds), Promise.resolve()) },
  });
  assertEquals(result.exitCode, 0);
  assertEquals(waits, [2_000, 6_000, 10_000]);
  assertEquals(
    of(events, "step.finished").map(({ retry, delay }) => [retry, delay]),
    [[true, 2_000], [true, 6_000], [true, 10_000], [false, undefined]],
  );
});

Deno.test("runPlan() ends a command whose time is up, tries it again, and keeps what it printed", async () => {
  const { result, events } = await played({
    flow: commands([
      // The first command of a run loads its interpreter, which takes who knows how long.
      { id: "warm", run: "true" },
      {
        id: "a",
        needs: ["warm"],
        run: "echo begun; echo x >> /tries; if test $(wc -l < /tries) -lt 2; then sleep 60; fi",
        timeout: "5s",
        retry: { attempts: 2 },
      },
    ]),
  });
  assertEquals(result.error, undefined);
  assertEquals(story(events), "+warm, -warm, +a, -a timeout again, +a, -a");
  const [, first] = of(events, "step.finished");
  assertEquals(first?.output, "begun");
  assertEquals(first?.error, "The command was killed: it took longer than 5s: begun");
});

Deno.test("runPlan() ends an attempt that never answers at its time, and the run with 5", async () => {
  const { result, events } = await played({
    flow: { steps: [{ id: "a", prompt: "Go.", timeout: "3s" }, { id: "b", prompt: "Go." }] },
    turns: { a: [[["ls", { path: "/" }]]], b: [] },
    // The time is up as soon as the model is asked.
    options: { wait: (milliseconds) => Promise.resolve(assertEquals(milliseconds, 3_000)) },
  });
  assertEquals([result.outcome, result.exitCode], ["timeout", 5]);
  assertEquals(result.error, "Step 'a' failed: It took longer than 3s");
  assertEquals(story(events), "+a, -a timeout, ~b");
});

Deno.test("runPlan() ends everything when the run's time is up", async () => {
  const up = Promise.withResolvers<void>();
  const { result, events } = await played({
    flow: commands([
      { id: "a", run: "sleep 60" },
      { id: "b", run: "sleep 60" },
      { id: "c", needs: ["a"], if: "always()", run: "true" },
    ], { timeout: "1h", on_failure: [{ id: "d", run: "true" }] }),
    onEvent: (event) => {
      if (event.type === "step.started" && event.step === "b") up.resolve();
    },
    options: {
      wait: (milliseconds) => milliseconds === 3_600_000 ? up.promise : Promise.resolve(),
    },
  });
  assertEquals([result.outcome, result.exitCode], ["timeout", 5]);
  assertEquals(result.error, "The run took longer than 1h");
  assertEquals(story(events), "+a, +b, -a timeout, -b timeout");
});

Deno.test("runPlan() runs on_success or on_failure after all steps", async () => {
  const after = {
    on_success: [{ id: "good", run: "echo fine" }],
    on_failure: [
      { id: "bad", env: { S: "${{ steps.a.status }}" }, run: "echo $S" },
      { id: "mail", if: "failure()", run: "true" },
    ],
  };
  const good = await played({ flow: commands([{ id: "a", run: "true" }], after) });
  assertEquals(story(good.events), "+a, -a, +good, -good");
  assertEquals(good.result.exitCode, 0);
  const bad = await played({
    flow: commands([{ id: "a", run: "false" }, { id: "b", run: "true" }], after),
  });
  assertEquals(story(bad.events), "+a, -a failure, ~b, +bad, -bad, +mail, -mail");
  assertEquals(of(bad.events, "step.finished")[1]?.output, "failure");
  assertStringIncludes(bad.result.error ?? "", "Step 'a' failed");
  const late = await played({
    flow: commands([{ id: "a", run: "true" }], { on_success: [{ id: "good", run: "exit 2" }] }),
  });
  assertEquals([late.result.outcome, late.result.exitCode], ["failure", 1]);
  assertStringIncludes(late.result.error ?? "", "Step 'good' failed");
});

Deno.test("runPlan() reads a command's output by its schema", async () => {
  const schema = {
    type: "object",
    properties: { n: { type: "integer" } },
    required: ["n"],
  };
  const flow = (text: string) =>
    commands([{ id: "a", env: { T: text }, run: 'echo "$T"', output: { schema } }], {
      outputs: { n: "${{ steps.a.outputs.n }}" },
    });
  const good = await played({ flow: flow('{"n": 5}') });
  assertEquals(good.result.outputs, { n: "5" });
  const bad = await played({ flow: flow('{"n": "five"}') });
  assertEquals(bad.result.exitCode, 1);
  // Nobody is asked again.
  assertEquals(of(bad.events, "output.refused"), []);
  assertStringIncludes(bad.result.error ?? "", "The standard output does not fit its schema");
});

Deno.test("runPlan() asks a model again whose answer is of another form, twice at most", async () => {
  const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
  const rehearsal = (...texts: string[]) =>
    JSON.stringify({ name: "played", steps: { a: texts.map((text) => ({ text })) } });
  const flow = {
    model: "openai:m",
    rehearsal: "script.yaml",
    steps: [{ id: "a", prompt: "Count.", output: { schema } }],
    outputs: { n: "${{ steps.a.outputs.n }}", text: "${{ steps.a.output }}" },
  };
  const good = await played({
    flow,
    files: { "script.yaml": rehearsal("Five!", '{"n": "5"}', '```json\n{"n": 5}\n```') },
  });
  assertEquals(good.result.error, undefined);
  assertEquals(good.result.outputs, { n: "5", text: '{\n  "n": 5\n}' });
  assertEquals(of(good.events, "output.refused").map(({ errors }) => errors.length), [1, 1]);
  assertEquals(of(good.events, "run.finished")[0]?.turns, 3);
  const bad = await played({ flow, files: { "script.yaml": rehearsal("1", "2", "3") } });
  assertEquals(bad.result.outcome, "failure");
  assertEquals(of(bad.events, "output.refused").length, 3);
  assertStringIncludes(bad.result.error ?? "", "The answer does not fit its schema");
});

Deno.test("runPlan() lets a step's budget end it, and the run with 4", async () => {
  const { result, events } = await played({
    flow: {
      steps: [
        { id: "a", prompt: "Go.", budget: { turns: 1 } },
        { id: "b", needs: ["a"], prompt: "Go." },
        { id: "c", prompt: "Go." },
      ],
    },
    turns: { a: [[["ls", { path: "/" }]]], b: [], c: [] },
  });
  assertEquals([result.outcome, result.exitCode], ["budget", 4]);
  assertEquals(of(events, "step.finished").find(({ step }) => step === "c")?.outcome, "success");
  assertEquals(of(events, "step.skipped").map(({ step }) => step), ["b"]);
});

Deno.test("runPlan() ends steps that run at a time when the run's turns are used up", async () => {
  const look = [["ls", { path: "/" }]] as const;
  const { result, events } = await played({
    flow: {
      budget: { turns: 3 },
      steps: [
        { id: "a", prompt: "Go." },
        { id: "b", prompt: "Go." },
        { id: "c", needs: ["a", "b"], prompt: "Go." },
      ],
    },
    turns: { a: [look, look], b: [look, look], c: [] },
  });
  assertEquals([result.outcome, result.exitCode], ["budget", 4]);
  const last = of(events, "run.finished")[0];
  assert(last !== undefined && last.turns <= 3, `${last?.turns} turns`);
  assertEquals(of(events, "model.asked").length, last.turns);
});

Deno.test("runPlan() says by each event which step under way it is of", async () => {
  const { result, events } = await played({
    flow: {
      steps: [
        { id: "a", prompt: "Write." },
        { id: "b", prompt: "Write." },
        { id: "c", needs: ["a", "b"], prompt: "Look." },
      ],
    },
    turns: {
      a: [[["write_file", { path: "/a.txt", content: "a" }]]],
      b: [[["write_file", { path: "/b.txt", content: "b" }]]],
      c: [[["read_file", { path: "/a.txt" }], ["read_file", { path: "/b.txt" }]]],
    },
  });
  assertEquals(result.error, undefined);
  const changed = of(events, "file.changed").map(({ step, path }) => `${step} ${path}`).sort();
  assertEquals(changed, ["a /a.txt", "b /b.txt"]);
  assertEquals(result.files.map(({ path }) => path), ["/a.txt", "/b.txt"]);
});

Deno.test("runPlan() copies artifacts out at the end, by how the run ended", async () => {
  const flow = (run: string) =>
    commands([{ id: "a", run: `echo text > /out.txt; ${run}` }], {
      artifacts: [
        { path: "/out.txt", to: "./good/" },
        { path: "/out.txt", to: "./bad/", when: "failure" },
        { path: "/none.txt", to: "./any/", when: "always" },
      ],
    });
  const bad = await played({ flow: flow("exit 4") });
  assertEquals(bad.files, { "bad/out.txt": "text\n" });
  assertStringIncludes(bad.result.error ?? "", "Step 'a' failed");
  assertStringIncludes(bad.result.error ?? "", "/none.txt");
  const good = await played({ flow: flow("true") });
  assertEquals(good.files, { "good/out.txt": "text\n" });
  assertEquals(of(good.events, "artifact.copied").map(({ path }) => path), ["/out.txt"]);
  // An artifact that is not there is a failure of its own.
  assertEquals([good.result.outcome, good.result.exitCode], ["failure", 1]);
});

Deno.test("runPlan() counts no time of a command in which another one has its turn", async () => {
  const waits: string[] = [];
  let running = "";
  const { result, events } = await played({
    flow: commands([
      { id: "a", run: "echo a", timeout: "1m" },
      { id: "b", run: "echo b", timeout: "2m" },
      { id: "c", needs: ["a", "b"], run: "true" },
    ]),
    onEvent: (event) => {
      if (event.type === "command.finished") running += event.step;
    },
    options: {
      wait: (milliseconds, signal) => {
        waits.push(`${milliseconds} after '${running}'`);
        return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
      },
    },
  });
  assertEquals(result.error, undefined);
  assertEquals(story(events).startsWith("+a, +b, "), true);
  // The second begins to count when the first has ended.
  assertEquals(waits, ["65000 after ''", "125000 after 'a'"]);
});

Deno.test("runPlan() gives all commands the workflow's variables, and each its own", async () => {
  const { result } = await played({
    flow: commands([
      { id: "a", env: { B: "mine", C: "${{ env.A }}" }, run: "echo $A $B $C" },
    ], {
      env: { A: "one", B: "two" },
      outputs: { all: "${{ steps.a.output }}" },
    }),
  });
  assertEquals(result.outputs, { all: "one mine one" });
});

Deno.test("runPlan() ends with the first failure, whatever fails after it", async () => {
  const { result, events } = await played({
    flow: commands([
      { id: "quick", run: "exit 2" },
      { id: "slow", run: "sleep 60", timeout: "200ms" },
      { id: "end", needs: ["quick", "slow"], run: "true" },
    ], { concurrency: 1, on_failure: [{ id: "tell", run: "exit 3" }] }),
  });
  assertEquals(
    story(events),
    "+quick, -quick failure, +slow, -slow timeout, ~end, +tell, -tell failure",
  );
  assertEquals([result.outcome, result.exitCode], ["failure", 1]);
  assertStringIncludes(result.error ?? "", "Step 'quick' failed");
});

Deno.test("runPlan() does not go on after a step whose rehearsal does not match", async () => {
  const { result, events } = await played({
    flow: {
      steps: [
        { id: "stale", prompt: "Go.", continue_on_error: true },
        { id: "after", prompt: "Go." },
      ],
    },
    // A turn is left over that nobody asks for.
    turns: { stale: [[]], after: [] },
  });
  assertEquals([result.outcome, result.exitCode], ["mismatch", 7]);
  assertEquals(story(events), "+stale, -stale mismatch, ~after");
});
