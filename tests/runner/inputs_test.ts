import { assert, assertEquals } from "@std/assert";
import { planWithInputs } from "../../runner/inputs.ts";
import type { Plan } from "../../runner/plan.ts";
import { compiled } from "./_compiled.ts";

const RUN = { runId: "r1", started: "2026-01-02T03:04:05Z" };

/** The plan of a workflow that another one uses. */
async function used(): Promise<Plan> {
  const { plan, text } = await compiled(
    "name: w\nmodel: openai:m\nshell: virtual\n" +
      "steps: [{ id: u, uses: ./inner.yaml, with: { city: Rome, where: /a, n: 1 } }]\n",
    {
      files: {
        "inner.yaml": `\
name: inner
inputs:
  city: { default: Oslo, pattern: "[A-Z][a-z]+" }
  n: { type: number }
  dry: { type: boolean, required: false }
  where: { type: path }
env: { SAID: "\${{ inputs.city }}: \${{ inputs.n }}", FIXED: x }
steps: [{ id: a, run: date }]
`,
      },
    },
  );
  assertEquals(text, "");
  const inner = plan?.steps[0]?.uses?.plan;
  assert(inner !== undefined);
  return inner;
}

Deno.test("planWithInputs() gives inputs of their types, and variables that depend on them", async () => {
  const given = { n: "3", where: "/x/../y", city: "Rome" };
  const { plan, problem } = await planWithInputs(await used(), given, RUN);
  assertEquals(problem, undefined);
  assertEquals(plan?.inputs, { city: "Rome", n: 3, dry: false, where: "/y" });
  assertEquals(plan?.env, { FIXED: "x", SAID: "Rome: 3" });
  assertEquals(plan?.openEnv, undefined);
});

Deno.test("planWithInputs() keeps defaults of what is not given", async () => {
  const { plan } = await planWithInputs(await used(), { n: 2, where: "/" }, RUN);
  assertEquals(plan?.inputs, { city: "Oslo", n: 2, dry: false, where: "/" });
  assertEquals(plan?.env, { FIXED: "x", SAID: "Oslo: 2" });
});

Deno.test("planWithInputs() says what does not fit", async () => {
  const cases: readonly (readonly [Record<string, string | number | null>, string])[] = [
    [{ n: "x", where: "/" }, "Input 'n' of 'inner.yaml' must be a number, not \"x\""],
    [{ n: null, where: "/" }, "Input 'n' of 'inner.yaml' must be a number, not null"],
    [{ where: "/" }, "Input 'n' of 'inner.yaml' has no value"],
    [
      { n: 1, where: "y" },
      "Input 'where' of 'inner.yaml' must be an absolute path of the tree, such as /project/src, not \"y\"",
    ],
    [
      { n: 1, where: "/", city: "rome" },
      "Input 'city' of 'inner.yaml' must be a text that is [A-Z][a-z]+ from its beginning to its end, " +
      'not "rome"',
    ],
  ];
  for (const [given, problem] of cases) {
    assertEquals((await planWithInputs(await used(), given, RUN)).problem, problem);
  }
});
