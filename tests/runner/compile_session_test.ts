import { assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";

/** Whose conversation each step goes on with. */
async function sessions(steps: string): Promise<Readonly<Record<string, string | undefined>>> {
  const { plan, text } = await compiled(`name: w\nmodel: openai:m\n${steps}`);
  assertEquals(text, "");
  const all = [...plan?.steps ?? [], ...plan?.onSuccess ?? [], ...plan?.onFailure ?? []];
  return Object.fromEntries(all.map(({ id, continues }) => [id, continues]));
}

Deno.test("compileWorkflow() lets a step go on with the nearest conversation before it", async () => {
  assertEquals(
    await sessions(`\
steps:
  - { id: first, run: ls }
  - { id: a, prompt: Go }
  - { id: run, run: ls }
  - { id: each, prompt: Go, foreach: [1] }
  - { id: b, prompt: Go }
  - { id: c, prompt: Go, session: new }
  - { id: d, prompt: Go, session: continue }
on_success:
  - { id: done, prompt: Go }
  - { id: more, prompt: Go }
on_failure:
  - { id: why, prompt: Go }
`),
    {
      ...{ first: undefined, a: undefined, run: undefined, each: "a", b: "a", c: undefined },
      ...{ d: "c", done: "d", more: "done", why: "d" },
    },
  );
});

Deno.test("compileWorkflow() takes of several conversations the one that is last in the file", async () => {
  assertEquals(
    await sessions(`\
steps:
  - { id: join, prompt: Go, needs: [right, left] }
  - { id: right, prompt: Go, needs: [root] }
  - { id: left, prompt: Go, needs: [root] }
  - { id: root, prompt: Go }
  - { id: both, prompt: Go, needs: [root, right] }
  - { id: alone, prompt: Go }
`),
    {
      ...{ join: "left", right: "root", left: "root", root: undefined, both: "right" },
      alone: undefined,
    },
  );
});

Deno.test("compileWorkflow() does not take an older conversation because the file needs it directly", async () => {
  assertEquals(
    await sessions(`\
steps:
  - { id: a, prompt: Go }
  - { id: b, prompt: Go, needs: a }
  - { id: c, run: ls, needs: b }
  - { id: d, prompt: Go, needs: [a, c] }
`),
    { a: undefined, b: "a", c: undefined, d: "b" },
  );
});

Deno.test("compileWorkflow() keeps what a step has of its own", async () => {
  const { plan, text } = await compiled(`\
name: w
model: openai:m
inputs: { who: { default: you } }
steps:
  - id: a
    name: Begin
    prompt: Go
    model: openai:small
    instructions: Serve \${{ inputs.who }}
    tools: { preset: read-only, ask: ["read /x"], allow: ["read **"] }
    budget: { turns: 3 }
    continue_on_error: true
  - { id: b, prompt: Go, tools: {}, continue_on_error: false }
on_success: [{ id: c, run: ls }, { id: d, run: ls }]
`);
  assertEquals(text, "");
  const [a, b] = plan?.steps ?? [];
  assertEquals([a?.name, a?.model, a?.budget, a?.continueOnError], [
    ...["Begin", "small", { turns: 3 }, true],
  ]);
  assertEquals(a?.tools, { deny: ["write **"], ask: ["read /x"], allow: ["read **"] });
  assertEquals(a?.instructions?.length, 2);
  assertEquals(Object.keys(b ?? {}).toSorted(), [
    ...["assertions", "attempts", "continues", "feedback", "id", "name", "needs", "place"],
    ...["produces", "prompt"],
  ]);
  assertEquals(plan?.onSuccess?.map(({ needs }) => needs), [[], ["c"]]);
  assertEquals(plan?.onFailure, undefined);
});

Deno.test("compileWorkflow() compiles a thousand steps that all need one another and refer to each other", async () => {
  const steps = Array.from({ length: 1_000 }, (_, index) => {
    const needs = Array.from({ length: Math.min(index, 5) }, (_, each) => `s${index - 1 - each}`);
    const texts = needs.map((id) => `\${{ steps.${id}.output }}`);
    return `  - { id: s${index}, needs: [${needs}], prompt: "Go ${texts.join(" ")}" }\n`;
  });
  const { plan, text } = await compiled(
    `name: w\nmodel: openai:m\nsteps:\n${steps.join("")}`,
  );
  assertEquals(text, "");
  assertEquals(plan?.steps.at(-1)?.needs, ["s998", "s997", "s996", "s995", "s994"]);
  assertEquals(plan?.steps.at(-1)?.continues, "s998");
});
