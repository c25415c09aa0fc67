/**
 * What bubblewrap adds to the start of a host, up to its first answer: each way is measured in turn so
 * that a machine whose speed drifts does not decide. `deno run -A bench/sandbox_start.ts` prints the
 * medians of 40 rounds, and what lies between the fastest, which a busy machine changes least.
 *
 * @module
 */

import { join } from "@std/path";
import { RemoteBackend } from "../backends/remote.ts";
import { SHELL_LIMITS } from "../backends/shells/shell.ts";
import { probeConfinement } from "../runner/bubblewrap.ts";
import { Child } from "../runner/child.ts";
import { cacheHostCode, hostStart } from "../runner/_host_start.ts";
import { planProcesses } from "../runner/permissions.ts";
import type { HostRoot, Plan, PlanConfinement, PlanRoute, PlanShell } from "../runner/plan.ts";

const ROUNDS = 40;
const WARM_UP = 5;

const directory = Deno.makeTempDirSync({ prefix: "routebook-bench-" });
Deno.writeTextFileSync(join(directory, "a.txt"), "text\n");
const roots: readonly HostRoot[] = [
  { backend: "disk", path: "/", directory, access: "read-write", protected: [] },
];
const routes: readonly PlanRoute[] = [
  { prefix: "/project/", backend: "disk", path: "/", access: "read-write" },
];
const shell: PlanShell = { type: "sandbox", tool: true, limits: SHELL_LIMITS };
const bubblewrap: PlanConfinement = { type: "bubblewrap" };

type Way = Pick<Plan, "roots" | "routes" | "confinement" | "shell">;

const WAYS: readonly (readonly [name: string, way: Way])[] = [
  ["under Deno's flags", { roots, routes }],
  ["inside bubblewrap", { roots, routes, confinement: bubblewrap }],
  ["inside bubblewrap, to run commands", { roots, routes, confinement: bubblewrap, shell }],
];

/** Milliseconds from nothing to the first answer. */
async function start(way: Way): Promise<number> {
  const model = { type: "none" } as const;
  const host = planProcesses({ file: "", model, ...way }).find(({ name }) => name === "host");
  if (host === undefined) throw new Error("There is no host to start");
  const begin = performance.now();
  const child = new Child(host);
  await child.ask("host.start", hostStart(way));
  await new RemoteBackend({ channel: child.channel, name: "disk" }).read("/a.txt");
  const milliseconds = performance.now() - begin;
  await child.end();
  return milliseconds;
}

async function probe(nested: boolean): Promise<number> {
  const begin = performance.now();
  const confinement = await probeConfinement({ nested });
  if (confinement.type !== "bubblewrap") throw new Error(confinement.reason);
  return performance.now() - begin;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

try {
  const probes: number[] = [];
  await cacheHostCode({ confinement: bubblewrap, shell });
  const times: number[][] = WAYS.map(() => []);
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const [index, [, way]] of WAYS.entries()) {
      const milliseconds = await start(way);
      if (round >= 0) times[index]?.push(milliseconds);
    }
    if (round >= 0) probes.push(await probe(false));
  }
  const base = times[0] ?? [];
  for (const [index, [name]] of WAYS.entries()) {
    const own = times[index] ?? [];
    const added = median(own.map((milliseconds, round) => milliseconds - (base[round] ?? NaN)));
    const fastest = Math.min(...own) - Math.min(...base);
    console.log(
      `${name}: ${median(own).toFixed(0)} ms, ${added.toFixed(0)} ms more than the first; ` +
        `between the fastest ${fastest.toFixed(0)} ms`,
    );
  }
  console.log(`finding out whether bubblewrap works: ${median(probes).toFixed(0)} ms`);
} finally {
  Deno.removeSync(directory, { recursive: true });
}
