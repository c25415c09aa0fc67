import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { compileWorkflow } from "../../runner/compile.ts";
import { formatDiagnostics } from "../../runner/diagnostics.ts";
import type { RunEvent } from "../../runner/events.ts";
import { runPlan } from "../../runner/supervise.ts";

/** Three answers of a script, which take 100 tokens each. */
const TURNS = `
    - { calls: [{ ls: { path: / } }], usage: { input: 90, output: 10 } }
    - { calls: [{ ls: { path: / } }], usage: { input: 90, output: 10 } }
    - { text: Done., usage: { input: 90, output: 10 } }
`;

/** Rehearses `flow.yaml` of some files in real processes. */
async function rehearsed(files: Readonly<Record<string, string>>) {
  const cwd = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-shared-" }));
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(join(cwd, name), text);
    }
    const { plan, diagnostics, sources } = await compileWorkflow("flow.yaml", {
      cwd,
      mode: "rehearse",
    });
    if (plan === undefined) throw new Error(formatDiagnostics(diagnostics, sources));
    const events: RunEvent[] = [];
    const result = await runPlan(plan, { sinks: [(event) => events.push(event)], runId: "test" });
    const last = events.at(-1);
    if (last?.type !== "run.finished") throw new Error("The run has no end");
    return { result, events, last };
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

function flow(budget: string, steps: string): string {
  return `name: flow\nmodel: openai:gpt-4.1\nrehearsal: ./flow.rehearsal.yaml\n${budget}\n` +
    `steps:\n${steps}`;
}

Deno.test("steps that run at a time share the turns of the run", async () => {
  const { result, events, last } = await rehearsed({
    "flow.yaml": flow(
      "budget: { turns: 5 }",
      "  - { id: a, prompt: Go }\n  - { id: b, prompt: Go }\n  - { id: c, needs: [a, b], prompt: Go }\n",
    ),
    "flow.rehearsal.yaml": `name: flow\nsteps:\n  a:${TURNS}  b:${TURNS}  c: [{ text: Never. }]\n`,
  });
  assertEquals([result.outcome, result.exitCode, last.turns], ["budget", 4, 5]);
  assertStringIncludes(result.error ?? "", "The budget of 5 turns is used up");
  assertEquals(events.filter(({ type }) => type === "model.asked").length, 5);
  assertEquals(events.filter(({ type }) => type === "model.answered").length, 5);
  assertEquals(
    events.flatMap((event) => event.type === "step.skipped" ? [event.step] : []),
    ["c"],
  );
});

Deno.test("items of a step share its budget", async () => {
  const { result, last } = await rehearsed({
    "flow.yaml": flow("", "  - { id: a, prompt: Go, foreach: [1, 2], budget: { tokens: 250 } }\n"),
    "flow.rehearsal.yaml": "name: flow\nsteps:\n  a:\n" +
      "    - { text: One., usage: { input: 190, output: 10 } }\n" +
      "    - { text: Two., usage: { input: 190, output: 10 } }\n",
  });
  assertEquals([result.outcome, last.turns], ["budget", 2]);
  assertStringIncludes(
    result.error ?? "",
    "The step's budget of 250 tokens is used up, 400 were taken",
  );
});

Deno.test("workflows that are used at a time are held to their caller's budget together", async () => {
  const files = (budget: string) => ({
    "flow.yaml": flow(
      budget,
      "  - { id: a, prompt: Go }\n  - { id: u, needs: a, uses: ./inner.yaml }\n" +
        "  - { id: v, needs: a, uses: ./inner.yaml }\n",
    ),
    "flow.rehearsal.yaml": `name: flow\nsteps:\n  a:${TURNS}`,
    "inner.yaml": "name: inner\nmodel: openai:gpt-4.1-mini\nrehearsal: ./inner.rehearsal.yaml\n" +
      "steps:\n  - { id: x, prompt: Go }\n",
    "inner.rehearsal.yaml": `name: inner\nsteps:\n  x:${TURNS}`,
  });
  const enough = await rehearsed(files("budget: { turns: 9, usd: 1 }"));
  assertEquals([enough.result.outcome, enough.last.turns], ["success", 9]);
  // Three answers of the one model and six of the other, at what each costs.
  assertEquals(enough.last.usd, (3 * (90 * 2 + 10 * 8) + 6 * (90 * 0.4 + 10 * 1.6)) / 1e6);
  // The agent of the used workflow is told what is left: it never asks for what is not granted.
  const told = await rehearsed(files("budget: { turns: 4 }\nconcurrency: 1"));
  assertEquals([told.result.outcome, told.last.turns], ["budget", 4]);
  const scarce = await rehearsed(files("budget: { tokens: 600 }"));
  assertEquals([scarce.result.outcome, scarce.result.exitCode], ["budget", 4]);
  assertStringIncludes(scarce.result.error ?? "", "The budget of");
  // Each of the two had one request under way at the most when the budget was used up.
  const answers = scarce.events.filter(({ type }) => type === "model.answered").length;
  assertEquals(answers >= 6 && answers <= 8, true, `${answers} answers of 100 tokens`);
});

Deno.test("a workflow whose steps only use others has a budget for them, rehearsed too", async () => {
  const files = (budget: string) => ({
    "flow.yaml": `name: flow\nmodel: openai:gpt-4.1\n${budget}\n` +
      "steps:\n  - { id: u, uses: ./inner.yaml }\n",
    "inner.yaml": "name: inner\nmodel: openai:gpt-4.1\nrehearsal: ./inner.rehearsal.yaml\n" +
      "steps:\n  - { id: x, prompt: Go }\n",
    "inner.rehearsal.yaml": `name: inner\nsteps:\n  x:\n` +
      "    - { calls: [{ ls: { path: / } }] }\n    - { text: Done. }\n",
  });
  // The script counts nothing, and nobody pays for it.
  const free = await rehearsed(files("budget: { tokens: 10, usd: 0.01 }"));
  assertEquals([free.result.outcome, free.last.turns], ["success", 2], free.result.error);
  const scarce = await rehearsed(files("budget: { turns: 1 }"));
  assertEquals([scarce.result.exitCode, scarce.last.turns], [4, 1]);
});

Deno.test("a step's own model, and the judge that asks it, are counted at its price", async () => {
  const files = (usd: number) => ({
    "flow.yaml": flow(
      `budget: { usd: ${usd} }`,
      "  - { id: a, prompt: Go, model: openai:gpt-5.4, assert: [{ judge: Is it fine? }] }\n",
    ),
    "flow.rehearsal.yaml": "name: flow\n" +
      "steps:\n  a: [{ text: Hi., usage: { input: 100, output: 10 } }]\n" +
      "judges:\n  a: [{ pass: true, reason: Fine., usage: { input: 10, output: 1 } }]\n",
  });
  const enough = await rehearsed(files(0.00044));
  assertEquals(
    [enough.result.outcome, enough.last.turns, enough.last.usd],
    ["success", 2, (110 * 2.5 + 11 * 15) / 1e6],
  );
  // The answer itself takes 0.0004; what the judge takes besides is too much.
  const scarce = await rehearsed(files(0.00043));
  assertEquals([scarce.result.exitCode, scarce.last.turns], [4, 2]);
  assertStringIncludes(scarce.result.error ?? "", "$0.00044 was spent: raise budget: { usd }");
});
