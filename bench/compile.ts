/**
 * How long it takes to compile a workflow of 1,000 steps with 5,000 expressions: loaded, checked as a
 * whole, and made into a plan. `deno run -A bench/compile.ts`
 *
 * @module
 */

import { join } from "@std/path";
import { Composer, Parser } from "yaml";
import { compileWorkflow } from "../runner/compile.ts";

const STEPS = 1_000;
const ROUNDS = 15;

/** A graph of steps, each with five expressions, of which two refer to what comes before it. */
function workflow(): string {
  const lines = ["name: large", "inputs: { name: { default: World } }", "steps:"];
  for (let index = 0; index < STEPS; index++) {
    const before = (distance: number) =>
      index < distance ? "inputs.name" : `steps.s${index - distance}.output`;
    lines.push(
      `  - id: s${index}`,
      ...(index === 0 ? [] : [`    needs: s${index - 1}`]),
      "    if: inputs.name != ''",
      "    run: ./build.sh",
      "    env:",
      `      A: \${{ default(${before(1)}, 'none') }}`,
      `      B: \${{ run.workflow }}-${index}`,
      `      C: \${{ contains(default(${before(10)}, ''), 'x') }}`,
      "      D: ${{ join(fromJSON('[1, 2]')) }}",
    );
  }
  return `${lines.join("\n")}\n`;
}

/** The least milliseconds that some work took, of several times. */
async function least(work: () => Promise<void>): Promise<number> {
  let time = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await work();
    time = Math.min(time, performance.now() - start);
  }
  return time;
}

const directory = await Deno.makeTempDir({ prefix: "routebook-bench-" });
try {
  const text = workflow();
  await Deno.writeTextFile(join(directory, "large.yaml"), text);
  const compile = async () => {
    const { plan, diagnostics } = await compileWorkflow("large.yaml", { cwd: directory });
    if (plan?.steps.length !== STEPS) throw new Error(diagnostics[0]?.message ?? "No plan");
  };
  const start = performance.now();
  await compile();
  const first = performance.now() - start;
  const all = await least(compile);
  const parsing = await least(() => {
    for (const _ of new Composer().compose(new Parser().parse(text)));
    return Promise.resolve();
  });
  const expressions = text.match(/\$\{\{|if:/g)?.length ?? 0;
  console.log(`${STEPS} steps, ${expressions} expressions, ${text.length} characters`);
  console.log(
    `the first time, cold: ${first.toFixed(0)} ms; after that at best ${all.toFixed(0)} ms`,
  );
  console.log(`of it what npm:yaml takes to parse the file: ${parsing.toFixed(0)} ms`);
} finally {
  await Deno.remove(directory, { recursive: true });
}
