import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { RunEvent } from "../../runner/events.ts";
import { DOCKER, PODMAN, type TestEngine, testOn } from "../support/engine.ts";
import { boxed } from "./_boxed.ts";
import { type PlayedCall, results, story } from "./_played.ts";

const prompt = (...ids: readonly string[]) => ids.map((id) => ({ id, prompt: "Go." }));

const execute = (command: string, more: Record<string, unknown> = {}): PlayedCall => [
  "execute",
  { command, ...more },
];

/** A container for everything, beside directories of the machine and memory. */
const treeOf = ({ image }: TestEngine) => ({
  shell: "docker",
  backends: {
    box: { type: "docker", image },
    source: { type: "local", root: "./source", access: "read" },
    disk: { type: "local", root: "./disk" },
    memory: { type: "state" },
  },
  default: "box",
  routes: { "/local/": "source", "/out/": "disk", "/notes/": "memory" },
});

const FILES = { "source/words.txt": "pear\napple\n", "disk/old.txt": "old\n" };

function changed(events: readonly RunEvent[]): string[] {
  const lines = events.flatMap((event) =>
    event.type === "file.changed" ? [`${event.operation} ${event.path}`] : []
  );
  return [...new Set(lines)].sort();
}

for (const [name, engine] of [["Docker", DOCKER], ["Podman", PODMAN]] as const) {
  const test = (what: string, run: (engine: TestEngine) => Promise<void>) =>
    testOn(engine, `runPlan() on ${name} ${what}`, run);

  test("gives tools and commands one tree, of a container, memory and disk", async (engine) => {
    const { result, events, files, left } = await boxed(engine, {
      flow: { ...treeOf(engine), steps: prompt("a") },
      files: FILES,
      turns: {
        a: [
          [
            ["write_file", { path: "/notes/list.txt", content: "fig\n" }],
            ["write_file", { path: "/workspace/in.txt", content: "plum\n" }],
          ],
          [execute(
            "cat /local/words.txt /notes/list.txt in.txt | sort > /out/sorted.txt; " +
              "wc -l < /out/sorted.txt; cat /out/old.txt; id -u",
            { cwd: "/workspace" },
          )],
          [execute(
            "echo x > /local/no || echo refused; tr a-z A-Z < /notes/list.txt > /notes/loud.txt; " +
              "rm /notes/list.txt /out/old.txt; mkdir /workspace/d; cp /out/sorted.txt /workspace/d/copy",
          )],
          [
            ["read_file", { path: "/notes/loud.txt" }],
            ["ls", { path: "/notes" }],
            ["grep", { query: "plum", path: "/workspace" }],
            ["read_file", { path: "/local/words.txt" }],
            ["write_file", { path: "/local/words.txt", content: "" }],
          ],
        ],
      },
    });
    assertEquals([result.outcome, result.error], ["success", undefined]);
    const [, , first = "", second = "", ...rest] = results(events);
    assertMatch(first, /^Exit code: 0\nstdout:\n *4\nold\n\d+$/);
    assertStringIncludes(second, "refused");
    assertEquals(rest[0], "1\tFIG");
    assertEquals(rest[1], "/notes/loud.txt (4 bytes)");
    assertStringIncludes(rest[2] ?? "", "/workspace/d/copy");
    assertEquals(rest[3], "1\tpear\n2\tapple");
    assertStringIncludes(rest[4] ?? "", "Error: ");
    assertEquals(files, {
      "disk/sorted.txt": "apple\nfig\npear\nplum\n",
      "source/words.txt": "pear\napple\n",
    });
    assertEquals(changed(events), [
      "delete /notes/list.txt",
      "delete /out/old.txt",
      "write /notes/list.txt",
      "write /notes/loud.txt",
      "write /out/sorted.txt",
      "write /workspace/d/copy",
      "write /workspace/in.txt",
    ]);
    assertEquals(result.files.map(({ path, backend, saved }) => [path, backend, saved]), [
      ["/notes/loud.txt", "memory", false],
      ["/out/sorted.txt", "disk", true],
      ["/workspace/d/copy", "box", false],
      ["/workspace/in.txt", "box", false],
    ]);
    const started = events.find((event) => event.type === "box.started");
    assert(started?.type === "box.started");
    assertEquals([started.box, started.network, started.image], ["box", "none", engine.image]);
    assertMatch(started.engine, new RegExp(`^${name} \\d+\\.\\d+`));
    assertEquals(left, []);
  });

  test("leaves files on disk that belong to whoever runs it", async (engine) => {
    let disk = "";
    const owners: Record<string, number | null> = {};
    const { result } = await boxed(engine, {
      flow: {
        ...treeOf(engine),
        steps: [{
          id: "a",
          run: "mkdir /out/d; echo made > /out/d/made.txt; echo more >> /out/old.txt",
        }],
      },
      files: FILES,
      onPlan: (plan) => {
        disk = plan.roots.find(({ access }) => access === "read-write")?.directory ?? "";
        return plan;
      },
      onEvent: ({ type }) => {
        if (type !== "run.finished") return;
        for (const path of ["d", "d/made.txt", "old.txt"]) {
          owners[path] = Deno.lstatSync(`${disk}/${path}`).uid;
        }
      },
    });
    assertEquals([result.outcome, result.error], ["success", undefined]);
    const own = Deno.uid();
    assertEquals(owners, { d: own, "d/made.txt": own, "old.txt": own });
  });

  test("runs commands of steps in the container, and keeps the output's limit", async (engine) => {
    const { result, left } = await boxed(engine, {
      flow: {
        ...treeOf(engine),
        limits: { output: "1kb" },
        steps: [
          { id: "a", run: "printf 'x\\n\\n' > /workspace/out.txt; cat /workspace/out.txt" },
          { id: "b", run: ["printf", "%s|", "$A", "it's", ""], cwd: "/workspace" },
          { id: "c", run: 'printf "<%s>" "$A"; pwd', env: { A: "${{ steps.a.output }}; exit 9" } },
          { id: "d", run: "seq 5000" },
        ],
        outputs: {
          b: "${{ steps.b.output }}",
          c: "${{ steps.c.output }}",
          d: "${{ steps.d.output }}",
        },
      },
      files: FILES,
    });
    assertEquals([result.outcome, result.error], ["success", undefined]);
    const { d = "", ...others } = result.outputs;
    assertEquals(others, { b: "$A|it's||", c: "<x\n; exit 9>/" });
    assert(d.length < 1_400, `${d.length}`);
    assertEquals(left, []);
  });

  test("ends a command when its time is up, with all it started, and goes on", async (engine) => {
    const { result, events } = await boxed(engine, {
      flow: {
        ...treeOf(engine),
        steps: [
          {
            id: "slow",
            run: "echo begun; (sleep 600 & sleep 600 & wait)",
            timeout: "1s",
            continue_on_error: true,
          },
          {
            id: "next",
            run: "ps | grep -c '[s]leep 600'; echo here > /workspace/here; cat /workspace/here",
          },
        ],
        outputs: { next: "${{ steps.next.output }}" },
      },
      files: FILES,
    });
    assertEquals(result.outcome, "success", result.error);
    assertEquals(result.outputs, { next: "0\nhere" });
    assertEquals(story(events), "+slow, -slow timeout continued, +next, -next");
  });

  test("interrupts a command, and leaves no container", async (engine) => {
    const interruption = new AbortController();
    const { result, left } = await boxed(engine, {
      flow: { ...treeOf(engine), steps: [{ id: "a", run: "echo begun; sleep 600" }] },
      files: FILES,
      signal: interruption.signal,
      onEvent: (event) => {
        if (event.type === "command.output") interruption.abort();
      },
    });
    assertEquals([result.outcome, result.exitCode], ["interrupted", 130]);
    assertEquals(left, []);
  });

  test("ends with 1 where an image is not there, before any model is asked", async (engine) => {
    const image = "routebook-test-nothing.invalid/none:1";
    const { result, events, left } = await boxed(engine, {
      flow: {
        backends: { "my-box": { type: "docker", image } },
        default: "my-box",
        steps: prompt("a"),
      },
      turns: { a: [] },
    });
    assertEquals([result.outcome, result.exitCode], ["failure", 1]);
    assertEquals(story(events), "");
    assertMatch(result.error ?? "", /^Container 'my-box': /);
    assertStringIncludes(result.error ?? "", image);
    assertEquals(left, []);
  });

  test("has several containers, commands in one of them, and files of the others there", async (engine) => {
    const { image } = engine;
    const { result, files, left } = await boxed(engine, {
      flow: {
        shell: "docker",
        backends: {
          box: { type: "docker", image },
          other: { type: "docker", image },
          disk: { type: "local", root: "./disk" },
        },
        default: "box",
        routes: { "/other/": { backend: "other", path: "/workspace" }, "/disk/": "disk" },
        steps: [
          { id: "a", run: "echo one > /other/a.txt; echo two > /workspace/b.txt" },
          { id: "b", run: "cat /other/a.txt /workspace/b.txt > /disk/both.txt; rm /other/a.txt" },
          { id: "c", run: "ls -A /other /workspace" },
        ],
        outputs: { c: "${{ steps.c.output }}" },
      },
    });
    assertEquals([result.outcome, result.error], ["success", undefined]);
    assertEquals(files, { "disk/both.txt": "one\ntwo\n" });
    assertEquals(result.outputs, { c: "/other:\n\n/workspace:\nb.txt" });
    assertEquals(left, []);
  });

  test("brings a whole tree of memory to a container that stands in it", async (engine) => {
    const { result, left } = await boxed(engine, {
      flow: {
        shell: "docker",
        backends: { box: { type: "docker", image: engine.image }, memory: { type: "state" } },
        default: "memory",
        routes: { "/workspace/": { backend: "box", path: "/workspace" } },
        steps: [
          { id: "a", run: "echo one > /notes.txt; mkdir -p /deep/er; cp /notes.txt /workspace/" },
          { id: "b", run: "rm /notes.txt; find /workspace /deep | sort; [ ! -e /notes.txt ]" },
        ],
        outputs: { b: "${{ steps.b.output }}" },
      },
    });
    assertEquals([result.outcome, result.error], ["success", undefined]);
    assertEquals(result.outputs, { b: "/deep\n/deep/er\n/workspace\n/workspace/notes.txt" });
    assertEquals(result.files.map(({ path, backend }) => [path, backend]), [
      ["/workspace/notes.txt", "box"],
    ]);
    assertEquals(left, []);
  });
}
