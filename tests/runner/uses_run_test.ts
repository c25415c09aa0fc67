import { assertEquals, assertStringIncludes } from "@std/assert";
import type { RunEvent } from "../../runner/events.ts";
import { type Play, played, story } from "./_played.ts";

function of<T extends RunEvent["type"]>(events: readonly RunEvent[], type: T) {
  return events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
}

const DISK = {
  backends: { disk: { type: "local", root: "./ws" } },
  routes: { "/project/": "disk" },
};

/** A workflow of commands. */
function flow(name: string, more: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ name, ...more });
}

const HELLO = {
  "inner/hello.yaml": flow("hello", {
    model: "openai:m",
    rehearsal: "./hello.rehearsal.yaml",
    inputs: { name: { required: true }, times: { type: "number", default: 1 } },
    backends: { code: { type: "local", root: "../ws/src" } },
    routes: { "/code/": "code" },
    steps: [
      {
        id: "write",
        prompt: "Greet ${{ inputs.name }} ${{ inputs.times }} times",
        produces: ["/code/a.txt"],
      },
      { id: "count", run: "wc -c < /code/a.txt" },
    ],
    outputs: { bytes: "${{ steps.count.output }}", said: "${{ steps.write.output }}" },
  }),
  "inner/hello.rehearsal.yaml": flow("hello", {
    steps: {
      write: [
        {
          expect: { prompt: "Greet Ada 2 times" },
          calls: [{ write_file: { path: "/code/a.txt", content: "Ada" } }],
        },
        { text: "Greeted." },
      ],
    },
  }),
};

Deno.test("runPlan() runs a workflow that a step uses: one tree, its own paths, its outputs", async () => {
  const { result, events, files } = await played({
    flow: {
      model: "openai:m",
      ...DISK,
      steps: [
        { id: "count", run: "echo 2" },
        {
          id: "hello",
          uses: "./inner/hello.yaml",
          with: { name: "Ada", times: "${{ steps.count.output }}" },
          produces: ["/project/src/a.txt"],
        },
        {
          id: "show",
          run: 'cat /project/src/a.txt; echo " $BYTES"',
          env: { BYTES: "${{ steps.hello.outputs.bytes }}" },
        },
      ],
      outputs: { all: "${{ steps.show.output }}", raw: "${{ steps.hello.output }}" },
    },
    files: HELLO,
  });
  assertEquals(result.error, undefined);
  assertEquals(result.outputs, { all: "Ada 3", raw: '{"bytes":"3","said":"Greeted."}' });
  assertEquals(files["ws/src/a.txt"], "Ada");
  assertEquals(
    story(events),
    "+count, -count, +hello, +hello/write, -hello/write, +hello/count, -hello/count, -hello, " +
      "+show, -show",
  );
  // A change is told once, by the caller's name for the file.
  assertEquals(of(events, "file.changed").map(({ step, path }) => [step, path]), [
    ["hello", "/project/src/a.txt"],
  ]);
  assertEquals(result.files.map(({ path, saved }) => [path, saved]), [[
    "/project/src/a.txt",
    true,
  ]]);
  const [started] = of(events, "run.started");
  const [finished] = of(events, "run.finished");
  assertEquals([started?.rehearsed, finished?.rehearsed, finished?.turns], [true, true, 2]);
  assertEquals(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
});

Deno.test("runPlan() keeps a caller's rules in front of what it uses, in tools and in commands", async () => {
  const { result, events, files } = await played({
    flow: {
      model: "openai:m",
      shell: "virtual",
      tools: { deny: ["write /project/secret/**", "read /project/.env", "execute rm *"] },
      ...DISK,
      steps: [{ id: "used", uses: "./inner.yaml" }],
    },
    files: {
      "ws/.env": "KEY=1",
      "ws/secret/old.txt": "old",
      "inner.yaml": flow("inner", {
        backends: { mine: { type: "local", root: "./ws" } },
        routes: { "/mine/": "mine" },
        steps: [
          { id: "write", run: "echo x > /mine/secret/new.txt", continue_on_error: true },
          { id: "read", run: "cat /mine/.env", continue_on_error: true },
          { id: "list", run: "ls -a /mine /mine/secret" },
          { id: "remove", run: "rm /mine/secret/old.txt", continue_on_error: true },
        ],
        outputs: { listed: "${{ steps.list.output }}" },
      }),
    },
  });
  assertEquals(result.error, undefined);
  assertEquals(Object.entries(files).filter(([name]) => name.startsWith("ws/")), [
    ["ws/.env", "KEY=1"],
    ["ws/secret/old.txt", "old"],
  ]);
  assertEquals(
    of(events, "step.finished").map(({ step, outcome }) => [step, outcome]),
    [
      ["used/write", "failure"],
      ["used/read", "failure"],
      ["used/list", "success"],
      ["used/remove", "denied"],
      ["used", "success"],
    ],
  );
  const listed = of(events, "step.finished").find(({ step }) => step === "used/list")?.output ?? "";
  assertEquals(listed.includes(".env"), false, listed);
});

Deno.test("runPlan() lets a workflow without files of its own work on its caller's", async () => {
  const { result, files } = await played({
    flow: {
      ...DISK,
      steps: [
        { id: "first", run: "echo one > /notes.txt; echo one > /project/a.txt" },
        { id: "each", foreach: ["b", "c"], uses: "./add.yaml", with: { name: "${{ item }}" } },
        { id: "last", run: "cat /notes.txt" },
      ],
      outputs: { notes: "${{ steps.last.output }}", added: "${{ toJSON(steps.each.outputs) }}" },
    },
    files: {
      "add.yaml": flow("add", {
        inputs: { name: { required: true } },
        steps: [{
          id: "add",
          run: 'echo "$NAME" | tee -a /notes.txt > "/project/$NAME.txt"; echo "$NAME!"',
          env: { NAME: "${{ inputs.name }}" },
        }],
        outputs: { name: "${{ steps.add.output }}" },
      }),
    },
  });
  assertEquals(result.error, undefined);
  assertEquals(result.outputs["notes"], "one\nb\nc");
  assertEquals(JSON.parse(result.outputs["added"] ?? ""), [{ name: "b!" }, { name: "c!" }]);
  assertEquals(
    Object.entries(files).filter(([name]) => name.startsWith("ws/")),
    [["ws/a.txt", "one\n"], ["ws/b.txt", "b\n"], ["ws/c.txt", "c\n"]],
  );
});

Deno.test("runPlan() fails a step with what fails in the workflow that it uses", async () => {
  const files: Play["files"] = {
    "bad.yaml": flow("bad", { steps: [{ id: "end", run: "exit 4" }] }),
    "typed.yaml": flow("typed", {
      inputs: { count: { type: "number", required: true } },
      steps: [{ id: "end", run: "true" }],
    }),
  };
  const bad = await played({ flow: { steps: [{ id: "use", uses: "./bad.yaml" }] }, files });
  assertEquals([bad.result.outcome, bad.result.exitCode], ["failure", 1]);
  assertStringIncludes(bad.result.error ?? "", "Step 'end' failed");
  const typed = await played({
    flow: {
      steps: [
        { id: "make", run: "echo many" },
        { id: "use", uses: "./typed.yaml", with: { count: "${{ steps.make.output }}" } },
      ],
    },
    files,
  });
  assertEquals(
    typed.result.error,
    "Step 'use' failed: Input 'count' of 'typed.yaml' must be a number, not \"many\"",
  );
});

Deno.test("runPlan() ends what a step uses when its time is up", async () => {
  const underWay = Promise.withResolvers<void>();
  const { result, events } = await played({
    flow: { steps: [{ id: "use", uses: "./slow.yaml", timeout: "1h" }] },
    files: { "slow.yaml": flow("slow", { steps: [{ id: "wait", run: "sleep 60" }] }) },
    onEvent: (event) => {
      if (event.type === "step.started" && event.step === "use/wait") underWay.resolve();
    },
    options: {
      // The hour is over once the command has begun.
      wait: (_, signal) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => resolve(), { once: true });
          underWay.promise.then(resolve);
        }),
    },
  });
  assertEquals([result.outcome, result.exitCode], ["timeout", 5]);
  // The run inside has ended, and has said so, before the step that it is.
  assertEquals(story(events), "+use, +use/wait, -use/wait interrupted, -use timeout");
});

Deno.test("runPlan() counts what is used within the budget of its caller", async () => {
  const { result } = await played({
    flow: {
      model: "openai:m",
      budget: { turns: 1 },
      ...DISK,
      steps: [{ id: "use", uses: "./inner/hello.yaml", with: { name: "Ada", times: 2 } }],
    },
    files: HELLO,
  });
  assertEquals([result.outcome, result.exitCode], ["budget", 4]);
});

Deno.test("runPlan() hides its secrets from the models of what it uses, lent or not", async () => {
  const { result, events } = await played({
    flow: {
      model: "openai:m",
      secrets: { TOKEN: { required: false } },
      ...DISK,
      steps: [
        {
          id: "leak",
          run: 'echo "token $T" > /project/leak.txt',
          env: { T: "${{ secrets.TOKEN }}" },
        },
        { id: "use", uses: "./middle.yaml" },
      ],
    },
    files: {
      "middle.yaml": flow("middle", {
        model: "openai:m",
        steps: [{ id: "deep", uses: "./reader.yaml" }],
      }),
      "reader.yaml": flow("reader", {
        model: "openai:m",
        rehearsal: "./reader.rehearsal.yaml",
        steps: [{ id: "read", prompt: "Read it" }],
      }),
      "reader.rehearsal.yaml": flow("reader", {
        steps: {
          read: [
            { calls: [{ read_file: { path: "/project/leak.txt" } }] },
            { expect: { results: ["token ***"] }, text: "Read." },
          ],
        },
      }),
    },
    options: { secrets: { TOKEN: "hunter2-hunter2" } },
  });
  assertEquals([result.outcome, result.error], ["success", undefined]);
  assertEquals(JSON.stringify(events).includes("hunter2"), false);
});

Deno.test("runPlan() asks about one thing at a time, also in workflows that are used", async () => {
  const names = ["use[0]", "use[1]"];
  const both = Promise.withResolvers<void>();
  const started = new Set<string>();
  const { result, events } = await played({
    flow: {
      tools: { ask: ["execute touch *"] },
      ...DISK,
      steps: [{ id: "use", foreach: { items: [1, 2], concurrency: 2 }, uses: "./ask.yaml" }],
    },
    files: { "ask.yaml": flow("ask", { steps: [{ id: "r", run: "touch /project/x" }] }) },
    onEvent: (event) => {
      if (event.type === "step.started" && event.step.endsWith("/r")) started.add(event.step);
      if (started.size === names.length) both.resolve();
    },
    options: {
      approver: async () => {
        await both.promise;
        // Whoever does not wait for the answer to this question has asked by then.
        for (let turn = 0; turn < 50; turn++) await new Promise((done) => setTimeout(done, 0));
        return { verdict: "granted" };
      },
    },
  });
  assertEquals([result.outcome, result.error], ["success", undefined]);
  assertEquals(
    events.flatMap(({ type }) => type.startsWith("approval.") ? [type] : []),
    names.flatMap(() => ["approval.requested", "approval.answered"]),
  );
});
