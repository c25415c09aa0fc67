import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { probeConfinement } from "../../runner/bubblewrap.ts";
import type { RunEvent } from "../../runner/events.ts";
import { cli } from "../support/cli.ts";
import { played, type PlayedCall, results, writePlay } from "./_played.ts";

const nested = await probeConfinement({ nested: true });

/** Both shells; what needs real namespaces is named after what is missing. */
const SHELLS = [
  { shell: "virtual", ignore: false, why: "" },
  {
    shell: "sandbox",
    ignore: nested.type !== "bubblewrap",
    why: nested.type === "bubblewrap" ? "" : ` (${nested.reason})`,
  },
] as const;

const TREE = {
  backends: {
    disk: { type: "local", root: "./disk" },
    source: { type: "local", root: "./source", access: "read" },
    memory: { type: "state" },
  },
  default: "memory",
  routes: { "/project/": "disk", "/source/": "source" },
};

const FILES = { "source/words.txt": "pear\napple\npear\n" };

const prompt = (...ids: readonly string[]) => ids.map((id) => ({ id, prompt: "Go." }));

const execute = (command: string, more: Record<string, unknown> = {}): PlayedCall => [
  "execute",
  { command, ...more },
];

/** What a run tells of its commands and files, shortened; what it tells twice, once. */
function told(events: readonly RunEvent[]): string[] {
  const lines = events.flatMap((event) => {
    if (event.type === "file.changed") return [`${event.step} ${event.operation} ${event.path}`];
    if (event.type === "command.output") return [`${event.step} ${event.stream} ${event.text}`];
    if (event.type === "command.finished") return [`${event.step} exit ${event.exitCode}`];
    if (event.type === "tool.finished") return [`${event.step} ${event.tool} ${event.exitCode}`];
    return [];
  });
  return [...new Set(lines)];
}

for (const { shell, ignore, why } of SHELLS) {
  Deno.test({
    name: `runPlan() runs the model's commands in the ${shell} shell over memory and disk${why}`,
    ignore,
    async fn() {
      const { result, events, files } = await played({
        flow: { ...TREE, shell, steps: prompt("a") },
        files: FILES,
        turns: {
          a: [
            [["write_file", { path: "/notes/list.txt", content: "fig\n" }]],
            [execute(
              "sort -u /source/words.txt /notes/list.txt > /project/sorted.txt; wc -l < sorted.txt",
              { cwd: "/project" },
            )],
            [execute("tr a-z A-Z > /notes/loud.txt; rm /notes/list.txt; exit 3", { stdin: "hey" })],
            [["read_file", { path: "/notes/loud.txt" }], ["ls", { path: "/notes" }]],
          ],
        },
      });
      assertEquals([result.outcome, result.error], ["success", undefined]);
      assertEquals(files["disk/sorted.txt"], "apple\nfig\npear\n");
      assertEquals(results(events).slice(2), [
        "Exit code: 3\n(no output)",
        "1\tHEY",
        "/notes/loud.txt (3 bytes)",
      ]);
      assertMatch(results(events)[1] ?? "", /^Exit code: 0\nstdout:\n *3$/);
      assertEquals(result.files.map(({ path, saved }) => [path, saved]), [
        ["/notes/loud.txt", false],
        ["/project/sorted.txt", true],
      ]);
      const lines = told(events).map((line) => line.replace(/ +/g, " "));
      assertEquals(lines.toSorted(), [
        "a delete /notes/list.txt",
        "a execute 0",
        "a execute 3",
        "a ls undefined",
        "a read_file undefined",
        "a stdout 3\n",
        "a write /notes/list.txt",
        "a write /notes/loud.txt",
        "a write /project/sorted.txt",
        "a write_file undefined",
      ]);
      // What a command changed is told before its call is.
      assert(lines.indexOf("a write /notes/loud.txt") < lines.indexOf("a execute 3"));
    },
  });

  Deno.test({
    name: `runPlan() runs commands of steps in the ${shell} shell, without any model${why}`,
    ignore,
    async fn() {
      const { result, events } = await played({
        flow: {
          ...TREE,
          shell,
          steps: [
            { id: "a", run: "echo one; echo two >&2; printf 'x\\n\\n' > /out.txt; cat /out.txt" },
            {
              id: "b",
              run: ["printf", "%s|", "$A", "it's", ""],
              env: { A: "${{ steps.a.output }}" },
              cwd: "/project",
            },
            {
              id: "c",
              run: 'printf "<%s>" "$A"; pwd',
              env: { A: "${{ steps.a.output }}; exit 9" },
            },
          ],
          outputs: { b: "${{ steps.b.output }}", c: "${{ steps.c.output }}" },
        },
        files: FILES,
      });
      assertEquals([result.outcome, result.error], ["success", undefined]);
      assertEquals(result.outputs, { b: "$A|it's||", c: "<one\nx\n; exit 9>/" });
      const [started] = events;
      assert(started?.type === "run.started");
      assertEquals([started.model, started.rehearsed], ["none", false]);
      const lines = told(events).filter((line) => line.startsWith("a"));
      assertEquals(lines.at(-1), "a exit 0");
      assertEquals(
        lines.toSorted(),
        ["a exit 0", "a stderr two\n", "a stdout one\nx\n\n", "a write /out.txt"],
      );
      const starts = events.flatMap((event) => event.type === "step.started" ? [event] : []);
      assertEquals(starts.map(({ prompt, command }) => [prompt, typeof command]), [
        ["", "string"],
        ["", "object"],
        ["", "string"],
      ]);
    },
  });

  Deno.test({
    name:
      `runPlan() fails a step whose command fails in the ${shell} shell, after its retries${why}`,
    ignore,
    async fn() {
      const command = "echo again >> /tries.txt; echo out; echo broken >&2; " +
        'test "$(wc -l < /tries.txt | tr -d " ")" = 3';
      const step = { id: "a", run: command, produces: ["/tries.txt"] };
      const play = (attempts: number) =>
        played({
          flow: { ...TREE, shell, steps: [{ ...step, retry: { attempts } }] },
          files: FILES,
        });
      const failed = await play(2);
      assertEquals([failed.result.outcome, failed.result.exitCode], ["failure", 1]);
      assertEquals(
        failed.result.error,
        "Step 'a' failed: The command ended with exit code 1: broken",
      );
      const exits = failed.events.filter(({ type }) => type === "command.finished");
      assertEquals(exits.length, 2);
      const passed = await play(3);
      assertEquals(passed.result.outcome, "success");
    },
  });

  Deno.test({
    name: `runPlan() ends a command of the ${shell} shell when its time is up, and goes on${why}`,
    ignore,
    async fn() {
      const { result, events } = await played({
        flow: { ...TREE, shell, steps: prompt("a") },
        files: FILES,
        turns: {
          a: [
            // The interpreter is loaded by then: the time is the next command's own.
            [execute("true")],
            [execute("echo begun; echo kept > /kept.txt; sleep 60; echo never", { timeout: 5 })],
            [execute("cat /kept.txt")],
          ],
        },
      });
      assertEquals(result.outcome, "success");
      assertEquals(results(events).slice(1), [
        "Exit code: 124 (killed after 5 seconds; what it printed and wrote by then is kept)\n" +
        "stdout:\nbegun",
        "Exit code: 0\nstdout:\nkept",
      ]);
    },
  });

  Deno.test({
    name: `runPlan() interrupts a command of the ${shell} shell with its run${why}`,
    ignore,
    async fn() {
      const stop = new AbortController();
      const { result, events } = await played({
        flow: { ...TREE, shell, steps: prompt("a") },
        files: FILES,
        turns: { a: [[execute("echo begun > /project/begun.txt; sleep 600")]] },
        signal: stop.signal,
        onEvent: (event) => {
          if (event.type === "tool.called") stop.abort();
        },
      });
      assertEquals([result.outcome, result.exitCode], ["interrupted", 130]);
      assertEquals(events.at(-1)?.type, "run.finished");
    },
  });

  Deno.test({
    name:
      `runPlan() hides from the ${shell} shell what a rule denies, and keeps what is read-only${why}`,
    ignore,
    async fn() {
      const { result, events, files } = await played({
        flow: {
          ...TREE,
          shell,
          tools: { deny: ["read **/.env", "write /project/deploy/**", "execute git push *"] },
          steps: prompt("a"),
        },
        files: { ...FILES, "disk/.env": "KEY=secret\n", "disk/deploy/run.sh": "true\n" },
        turns: {
          a: [
            [execute("cat /project/.env; ls -a /project; grep -r secret /project 2>/dev/null")],
            [execute("echo x > /project/deploy/run.sh; echo x > /source/words.txt; echo $?")],
            [execute("true && git push origin main")],
            [["write_file", { path: "/etc/passwd", content: "x" }]],
          ],
        },
      });
      assertEquals(result.outcome, "success");
      const [hidden = "", kept = "", refused, system] = results(events);
      assertStringIncludes(hidden, "deploy");
      assert(!hidden.includes("secret"), hidden);
      // Over a single file something is mounted that nobody may open: its name stays.
      if (shell === "virtual") assert(!/^\.env$/m.test(hidden), hidden);
      assertMatch(kept, /stdout:\n[1-9]/);
      assertStringIncludes(refused ?? "", "denied by the rule 'execute git push *'");
      assertStringIncludes(system ?? "", "'/etc/passwd'");
      assertEquals(files, {
        "disk/.env": "KEY=secret\n",
        "disk/deploy/run.sh": "true\n",
        "source/words.txt": FILES["source/words.txt"],
      });
    },
  });
}

Deno.test("runPlan() offers no model a shell that is for steps alone", async () => {
  const { result, events } = await played({
    flow: { ...TREE, steps: [{ id: "r", run: "echo hello > /a.txt" }, ...prompt("a")] },
    files: FILES,
    turns: { a: [[execute("cat /a.txt"), ["read_file", { path: "/a.txt" }]]] },
  });
  assertEquals(result.outcome, "success");
  const [first, second] = results(events);
  assertStringIncludes(first ?? "", "There is no tool 'execute'");
  assertEquals(second, "1\thello");
});

Deno.test("runPlan() keeps of a command's output what the workflow's limit says, for models and steps", async () => {
  const { result, events } = await played({
    flow: {
      ...TREE,
      shell: "virtual",
      limits: { output: "1kb" },
      steps: [{ id: "r", run: "seq 1000" }, ...prompt("a")],
      outputs: { r: "${{ steps.r.output }}" },
    },
    files: FILES,
    turns: { a: [[execute("seq 1000")]] },
  });
  assertEquals(result.outcome, "success");
  const cut = "[... 2869 bytes left out ...]";
  assertStringIncludes(result.outputs["r"] ?? "", cut);
  assert((result.outputs["r"] ?? "").endsWith("\n1000"));
  const [told] = results(events);
  assertStringIncludes(told ?? "", cut);
  assertStringIncludes(told ?? "", "stdout (3,893 bytes: the first and the last part):\n1\n2\n");
});

Deno.test("runPlan() ends with 3 where a rule denies the command of a step, and runs nothing of it", async () => {
  const { result, files } = await played({
    flow: {
      ...TREE,
      shell: "virtual",
      steps: [{ id: "a", run: "echo x > /project/x.txt; touch /y" }],
    },
    files: FILES,
    // The compiler sees it too. What comes after it must not depend on that.
    onPlan: (plan) => ({ ...plan, deny: ["execute touch *"] }),
  });
  assertEquals([result.outcome, result.exitCode], ["denied", 3]);
  assertStringIncludes(result.error ?? "", "denied by the rule 'execute touch *'");
  assertEquals(files["disk/x.txt"], undefined);
});

Deno.test("the log shows a run's commands again as they were shown", async () => {
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-log-" }));
  try {
    await writePlay(directory, {
      flow: {
        shell: "virtual",
        steps: [{ id: "r", run: "echo from the step; false" }],
      },
    });
    const { code, stderr } = await cli("run", ["flow.yaml"], { cwd: directory });
    assertEquals(code, 1);
    assertStringIncludes(
      stderr,
      "  $ echo from the step; false\n    | from the step\n    exit code 1\n",
    );
    const list = await cli("log", [], { cwd: directory });
    const [id = ""] = list.stdout.split(" ");
    const log = await cli("log", [id], { cwd: directory });
    assertStringIncludes(log.stdout, stderr.trimEnd());
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
