/**
 * What a composite adds to a read of a StateBackend, measured in turns so that a machine whose speed
 * drifts does not decide: `deno run bench/composite.ts` prints the medians of 80 rounds.
 *
 * @module
 */

import { CompositeBackend } from "../backends/composite.ts";
import type { Backend } from "../backends/protocol.ts";
import { StateBackend } from "../backends/state.ts";
import { fill, pathOf } from "./_files.ts";

const FILES = 1_000;
const READS = 2_000;
const ROUNDS = 80;
const WARM_UP = 5;

const state = new StateBackend();
await fill(state, FILES);
const byDefault = new CompositeBackend({
  default: state,
  routes: { "/elsewhere/": new StateBackend() },
});
const atPrefix = new CompositeBackend({ routes: { "/project/": state } });

async function time(backend: Backend, base = ""): Promise<number> {
  const start = performance.now();
  for (let read = 0; read < READS; read++) await backend.read(base + pathOf((read * 7919) % FILES));
  return performance.now() - start;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

const ratios: { readonly byDefault: number[]; readonly atPrefix: number[] } = {
  byDefault: [],
  atPrefix: [],
};
for (let round = -WARM_UP; round < ROUNDS; round++) {
  const alone = await time(state);
  const through = await time(byDefault);
  const below = await time(atPrefix, "/project");
  if (round < 0) continue;
  ratios.byDefault.push(through / alone);
  ratios.atPrefix.push(below / alone);
}
console.log(`read by the default route: ${median(ratios.byDefault).toFixed(3)} of State alone`);
console.log(`read at a prefix: ${median(ratios.atPrefix).toFixed(3)} of State alone`);
