import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { compileGraph, type StepGraph } from "../../runner/_compile_graph.ts";
import type { Diagnostic } from "../../runner/diagnostics.ts";
import { loadYaml } from "../../runner/load.ts";
import { Reporter } from "../../runner/_reporter.ts";
import { join } from "@std/path";
import fc from "../support/fast_check.ts";
import { compiled } from "./_compiled.ts";

/** A graph of steps that are written one a line, and what is said of it. */
async function graphOf(
  needs: Readonly<Record<string, string | readonly string[] | undefined>>,
): Promise<{ readonly graph: StepGraph; readonly messages: readonly string[] }> {
  const directory = await Deno.makeTempDir({ prefix: "routebook-graph-" });
  try {
    const path = join(directory, "flow.yaml");
    const steps = Object.entries(needs).map(([id, needs]) => ({
      id,
      ...(needs === undefined ? {} : { needs }),
    }));
    await Deno.writeTextFile(path, JSON.stringify({ steps }));
    const { yaml } = await loadYaml("flow.yaml", path);
    if (yaml === undefined) throw new Error("The file is sound");
    const diagnostics: Diagnostic[] = [];
    const graph = compileGraph(
      steps.map((step, index) => ({ needs: undefined, ...step, path: ["steps", index] })),
      new Map(),
      new Reporter(yaml, diagnostics),
    );
    return { graph, messages: diagnostics.map(({ message }) => message) };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("compileWorkflow() runs steps one after the other where none names what it needs", async () => {
  const { plan, text } = await compiled(`\
name: w
model: openai:m
steps:
  - { id: a, prompt: Go }
  - { id: b, prompt: Go, needs: [] }
  - { id: c, prompt: Go }
`);
  assertEquals(text, "");
  assertEquals(plan?.steps.map(({ needs }) => needs), [[], ["a"], ["b"]]);
});

Deno.test("compileWorkflow() lets steps begin at once that need nothing, where one names what it needs", async () => {
  const { plan, text } = await compiled(`\
name: w
model: openai:m
steps:
  - { id: sum, prompt: Go, needs: [left, right] }
  - { id: left, prompt: Go }
  - { id: right, prompt: Go, needs: [] }
  - { id: print, prompt: Go, needs: sum }
`);
  assertEquals(text, "");
  assertEquals(
    plan?.steps.map(({ id, needs }) => [id, needs]),
    [["sum", ["left", "right"]], ["left", []], ["right", []], ["print", ["sum"]]],
  );
});

Deno.test("compileWorkflow() draws circles of needs, and each but once", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
steps:
  - { id: a, prompt: Go, needs: [start, c] }
  - { id: b, prompt: Go, needs: [a] }
  - { id: c, prompt: Go, needs: [b] }
  - { id: start, prompt: Go }
  - { id: after, prompt: "Print \${{ steps.c.output }}", needs: [c] }
  - { id: self, prompt: Go, needs: self }
  - { id: x, prompt: Go, needs: [y] }
  - { id: y, prompt: Go, needs: [x] }
`);
  assertEquals(
    text,
    `\
error[circular-needs]: Steps need each other in a circle: a -> c -> b -> a
 --> flow.yaml:4:41
  |
4 |   - { id: a, prompt: Go, needs: [start, c] }
  |                                         ^
  = hint: None of them would ever begin: take one of these needs out

error[circular-needs]: A step needs itself: self -> self
 --> flow.yaml:9:36
  |
9 |   - { id: self, prompt: Go, needs: self }
  |                                    ^^^^
  = hint: Take it out

error[circular-needs]: Steps need each other in a circle: x -> y -> x
  --> flow.yaml:10:34
   |
10 |   - { id: x, prompt: Go, needs: [y] }
   |                                  ^
   = hint: None of them would ever begin: take one of these needs out
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses to need steps that there are not, and those that run at the end", async () => {
  const { text } = await compiled(`\
name: w
model: openai:m
steps:
  - { id: first, prompt: Go }
  - { id: second, prompt: Go, needs: [frist, first, first, third] }
  - { id: last, prompt: Go, needs: clean }
on_failure:
  - { id: clean, prompt: Go, needs: [first] }
`);
  assertEquals(
    text,
    `\
error[unknown-step]: There is no step "frist"
 --> flow.yaml:5:39
  |
5 |   - { id: second, prompt: Go, needs: [frist, first, first, third] }
  |                                       ^^^^^
  = hint: Did you mean "first"?

warning[repeated-need]: Step "first" is named twice
 --> flow.yaml:5:53
  |
5 |   - { id: second, prompt: Go, needs: [frist, first, first, third] }
  |                                                     ^^^^^
  = hint: Name it once

error[unknown-step]: There is no step "third"
 --> flow.yaml:5:60
  |
5 |   - { id: second, prompt: Go, needs: [frist, first, first, third] }
  |                                                            ^^^^^
  = hint: Name one of the steps of this file

error[unknown-step]: Step "clean" is one of "on_failure", which run when all others have ended
 --> flow.yaml:6:36
  |
6 |   - { id: last, prompt: Go, needs: clean }
  |                                    ^^^^^
  = hint: Name one of the steps of this file

error[misplaced-key]: Step key "needs" is not for "on_failure"
 --> flow.yaml:8:30
  |
8 |   - { id: clean, prompt: Go, needs: [first] }
  |                              ^^^^^
  = hint: These steps run one after the other, when all others have ended: leave it out
`,
  );
});

Deno.test("compileGraph() knows which steps come before which, whatever the order of the file", async () => {
  // Each step may need those that come before it in a hidden order.
  const graphs = fc.integer({ min: 1, max: 40 }).chain((size) =>
    fc.record({
      order: fc.shuffledSubarray([...Array(size).keys()], { minLength: size }),
      edges: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 80 }),
    })
  );
  await fc.assert(
    fc.asyncProperty(graphs, async ({ order, edges }) => {
      const rank = new Map(order.map((step, index) => [step, index]));
      const direct = order.map(() => new Set<number>());
      for (const [one, other] of edges) {
        const [first, last] = [one, other].sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
        if (first !== last && first !== undefined) direct[last ?? 0]?.add(first);
      }
      const { graph, messages } = await graphOf(
        Object.fromEntries(
          direct.map((needs, step) => [`s${step}`, [...needs].map((n) => `s${n}`)]),
        ),
      );
      assertEquals(messages, []);
      if (!graph.isGraph) return;
      const before = (step: number): Set<number> =>
        new Set([...direct[step] ?? []].flatMap((each) => [each, ...before(each)]));
      for (const step of direct.keys()) {
        const expected = before(step);
        for (const other of direct.keys()) {
          assertEquals(
            graph.isBefore(other, step),
            expected.has(other),
            `s${other} before s${step}`,
          );
        }
      }
      const place = new Map(graph.sequence.map((step, index) => [step, index]));
      assertEquals(place.size, direct.length);
      for (const [step, needs] of direct.entries()) {
        for (const each of needs) assertGreater(place.get(step) ?? 0, place.get(each) ?? 0);
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("compileGraph() draws a long circle short", async () => {
  const needs = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, index) => [`s${index}`, `s${(index + 1) % 1_000}`]),
  );
  const { messages } = await graphOf(needs);
  assertEquals(messages.length, 1);
  assertStringIncludes(messages[0] ?? "", "circle: s0 -> s1 -> s2 -> s3 ->");
  assertStringIncludes(messages[0] ?? "", " -> s9 -> ... -> s998 -> s999 -> s0");
});

Deno.test("compileGraph() tells ten circles of many", async () => {
  const needs = Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => [`s${index}`, `s${index ^ 1}`]),
  );
  assertEquals((await graphOf(needs)).messages.length, 10);
});

Deno.test("compileGraph() takes all steps for those before one that names none that there is", async () => {
  const { graph } = await graphOf({ a: "missing", b: undefined, c: "a" });
  assertEquals([graph.isBefore(1, 0), graph.isBefore(2, 0), graph.isBefore(0, 1)], [
    true,
    true,
    false,
  ]);
  assertEquals(graph.isBefore(1, 2), true);
});

Deno.test("compileGraph() takes all steps of a circle for those before each of them", async () => {
  const { graph } = await graphOf({ a: "b", b: "c", c: "d", d: "a", e: undefined });
  const circle = [0, 1, 2, 3];
  assertEquals(circle.map((step) => circle.filter((each) => graph.isBefore(each, step)).length), [
    ...[4, 4, 4, 4],
  ]);
  assertEquals(graph.isBefore(4, 0), false);
});
