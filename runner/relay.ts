/**
 * What the agent reaches of the host: one local backend, with the workflow's rules in front of it.
 * The agent's own process applies the same rules; here they hold whatever becomes of it.
 *
 * @module
 */

import type { Channel } from "../backends/channel.ts";
import { CompositeBackend, type Mount } from "../backends/composite.ts";
import { GuardedBackend } from "../backends/guard.ts";
import { isWithin, joinPaths, relativeTo } from "../backends/paths.ts";
import type { Backend } from "../backends/protocol.ts";
import { RemoteBackend } from "../backends/remote.ts";
import type { Plan, PlanRoute } from "./plan.ts";

/**
 * The agent's way to one local backend.
 *
 * Rules speak of the tree's paths, and a request of the agent of the backend's own: each is looked
 * at under the name that its route gives it. A backend whose places have several names is passed
 * on as it is, since what one name is denied another may be granted.
 *
 * @param plan The run's plan.
 * @param name The local backend's name.
 * @param host The channel to the host.
 * @returns What to serve the agent under that name: the host itself where no rule is to be applied.
 */
export function relayOf(
  plan: Pick<Plan, "routes" | "deny">,
  name: string,
  host: Channel,
): Backend | Channel {
  const routes = plan.routes.filter(({ backend }) => backend === name);
  if (plan.deny.length === 0 || haveSeveralNames(routes)) return host;
  const remote = new RemoteBackend({ channel: host, name });
  const outer = new GuardedBackend({
    backend: new CompositeBackend({
      routes: Object.fromEntries(
        routes.map(({ prefix, path }): [string, Mount] => [prefix, { backend: remote, path }]),
      ),
    }),
    deny: plan.deny,
  });
  // Inner places stand before those around them, so that each is reached.
  const inside = routes.toSorted((a, b) => b.path.length - a.path.length);
  return new CompositeBackend({
    routes: Object.fromEntries(
      inside.map((route): [string, Mount] => [
        route.path === "/" ? "/" : `${route.path}/`,
        { backend: outer, path: outerPath(route) },
      ]),
    ),
  });
}

/** Whether some file is reached under more than one name. */
function haveSeveralNames(routes: readonly PlanRoute[]): boolean {
  return routes.some((a) =>
    routes.some((b) =>
      a !== b && isWithin(a.path, b.path) &&
      outerPath(a) !== joinPaths(outerPath(b), relativeTo(a.path, b.path))
    )
  );
}

function outerPath({ prefix }: PlanRoute): string {
  return prefix === "/" ? "/" : prefix.slice(0, -1);
}
