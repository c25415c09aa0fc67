/**
 * How long it takes to compile a workflow of 1,000 steps with 5,000 expressions: loaded, checked as a
 * whole, and made into a plan. `deno run -A bench/compile.ts`
 *
 * @module
 */

import { join } from "@std/path";
import { compileWorkflow } from "../runner/compile.ts";

const STEPS = 1_000;
const ROUNDS = 15;

/** A graph of steps, each with five expressions that refer to what comes before it. */
function workflow(): string {
  const lines = ["name: large", "inputs: { name: { default: World } }", "steps:"];
  for (let index = 0; index < STEPS; index++) {
    const before = index === 0 ? "inputs.name" : `steps.s${index - 1}.output`;
    const earlier = index < 10 ? "inputs.name" : `steps.s${index - 10}.output`;
    lines.push(
      `  - id: s${index}`,
      ...(index === 0 ? [] : [`    needs: [s${index - 1}]`]),
      `    if: success() && inputs.name != 'nobody'`,
      "    run: echo $A $B $C $D",
      "    env:",
      `      A: \${{ default(${before}, 'none') }}`,
      `      B: \${{ format('{0} of {1}', ${index}, run.workflow) }}`,
      `      C: \${{ contains(default(${earlier}, ''), 'x') && 'yes' || 'no' }}`,
      "      D: ${{ join(fromJSON('[1, 2]'), '-') }}",
    );
  }
  return `${lines.join("\n")}\n`;
}

const directory = await Deno.makeTempDir({ prefix: "routebook-bench-" });
try {
  const text = workflow();
  await Deno.writeTextFile(join(directory, "large.yaml"), text);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    const { plan, diagnostics } = await compileWorkflow("large.yaml", { cwd: directory });
    times.push(performance.now() - start);
    if (plan?.steps.length !== STEPS) throw new Error(diagnostics[0]?.message ?? "No plan");
  }
  const [first = 0, ...rest] = times;
  const sorted = rest.toSorted((a, b) => a - b);
  const expressions = text.match(/\$\{\{|if:/g)?.length ?? 0;
  console.log(`${STEPS} steps, ${expressions} expressions, ${text.length} characters`);
  console.log(`the first time, cold: ${first.toFixed(0)} ms`);
  console.log(
    `after that: median ${sorted[sorted.length >> 1]?.toFixed(0)} ms, ` +
      `fastest ${sorted[0]?.toFixed(0)} ms`,
  );
} finally {
  await Deno.remove(directory, { recursive: true });
}
