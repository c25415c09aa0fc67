/**
 * What the host is told when it starts, in the paths that it sees.
 *
 * @module
 */

import type { Rules } from "../backends/policy.ts";
import { isWithin, joinPaths, relativeTo } from "../backends/paths.ts";
import { BUBBLEWRAP, findBubblewrap, NAMESPACE } from "./_bubblewrap_namespace.ts";
import { hostPlaces } from "./bubblewrap.ts";
import type { HostShell, HostStart } from "./host.ts";
import type { HostRoot, Plan, PlanRoute } from "./plan.ts";

/**
 * @param plan The run's plan.
 * @returns The parameters of `host.start`.
 */
export function hostStart(
  plan: Pick<Plan, "roots" | "routes" | "confinement" | "shell"> & Rules,
): HostStart {
  const { roots, routes, confinement, shell, allow, ask = [], deny = [] } = plan;
  const rules = allow === undefined && ask.length + deny.length === 0
    ? {}
    : { rules: { allow, ask, deny, routes } };
  if (confinement?.type !== "bubblewrap") return { roots, ...rules };
  const inside = hostPlaces(roots, routes).map(({ inside }) => inside);
  if (shell?.type !== "sandbox") return { roots: inside, ...rules };
  return {
    roots: inside,
    ...rules,
    shell: {
      mounts: routes.flatMap((route) => mountOf(route, inside)),
      limits: shell.limits,
      stage: NAMESPACE.stage,
      proc: NAMESPACE.proc,
      bubblewrap: findBubblewrap() ?? BUBBLEWRAP,
    },
  };
}

/** What commands see at a route: nothing is mounted for the files of memory. */
function mountOf(
  { prefix, backend, path, access }: PlanRoute,
  roots: readonly HostRoot[],
): HostShell["mounts"] {
  // Deeper places come first.
  const root = roots.find((root) => root.backend === backend && isWithin(path, root.path));
  if (root === undefined) return [];
  const directory = joinPaths(root.directory, relativeTo(path, root.path));
  return [{
    prefix,
    directory,
    access: root.access === "read" ? "read" : access,
    protected: root.protected.filter((path) => isWithin(path, directory)),
  }];
}

/**
 * Loads the host's code here. A host that is confined may not write to Deno's cache, so that nobody
 * but the runner can see to it that the next one starts as fast as others do.
 *
 * @param plan The run's plan.
 */
export async function cacheHostCode(
  { confinement, shell }: Pick<Plan, "confinement" | "shell">,
): Promise<void> {
  if (confinement?.type !== "bubblewrap") return;
  await import("./host.ts");
  if (shell?.type === "sandbox") await import("../backends/shells/sandbox.ts");
}
