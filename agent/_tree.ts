/**
 * The tree of a run: its backends at their prefixes, with the run's rules in front of them.
 *
 * @module
 */

import type { Channel } from "../backends/channel.ts";
import { CompositeBackend, type Mount } from "../backends/composite.ts";
import { GuardedBackend } from "../backends/guard.ts";
import type { Backend } from "../backends/protocol.ts";
import { RemoteBackend } from "../backends/remote.ts";
import { SYSTEM_DIRECTORIES } from "../backends/shells/shell.ts";
import { StateBackend } from "../backends/state.ts";
import type { StartParams } from "./process.ts";

/**
 * Builds the tree of a run.
 *
 * @param start What the run has.
 * @param channel The channel to the runner, which has the files of local backends.
 * @param states Where the state backends go that it makes.
 * @returns The tree.
 * @throws {TypeError} If a route has no backend.
 */
export function composeTree(
  start: StartParams,
  channel: Channel,
  states: Map<string, StateBackend>,
): Backend {
  const backends = new Map<string, Backend>();
  for (const { name, type } of start.backends) {
    if (type === "state") states.set(name, new StateBackend());
    backends.set(name, states.get(name) ?? new RemoteBackend({ channel, name }));
  }
  const mounts = start.routes.map(({ prefix, backend: name, path, access }): [string, Mount] => {
    const backend = backends.get(name);
    if (backend === undefined) throw new TypeError(`Route '${prefix}' has no backend '${name}'`);
    return [prefix, { backend, path, access }];
  });
  const routes = Object.fromEntries(mounts.filter(([prefix]) => prefix !== "/"));
  const root = mounts.find(([prefix]) => prefix === "/")?.[1];
  const tree = new CompositeBackend(root === undefined ? { routes } : { default: root, routes });
  const { allow, ask, deny, shell } = start;
  const reserved = shell === undefined ? [] : SYSTEM_DIRECTORIES;
  if (allow === undefined && ask.length + deny.length + reserved.length === 0) return tree;
  return new GuardedBackend({ backend: tree, allow, ask, deny, reserved });
}
