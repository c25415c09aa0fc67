/**
 * Where the granted directories stand in the host's namespace: at the prefixes of their routes, as
 * far as those are free there.
 *
 * @module
 */

import { joinPaths, relativeTo } from "../backends/paths.ts";
import { SYSTEM_DIRECTORIES } from "../backends/shells/shell.ts";
import { infoOf, NAMESPACE } from "./_bubblewrap_namespace.ts";
import { flagProblem, isInside } from "./_host_paths.ts";
import type { HostRoot, PlanRoute } from "./plan.ts";

/** A granted directory, and where it stands in the namespace. */
export interface RootPlace {
  /** As it is on the machine. */
  readonly root: HostRoot;
  /** The same, in the paths of the namespace. */
  readonly inside: HostRoot;
  /** Whether it is reached through another root's place, and so is not mounted itself. */
  readonly through: boolean;
}

/**
 * @param roots The granted directories.
 * @param routes The routes that they serve.
 * @param taken Absolute paths that something else is mounted at.
 * @returns Each root's place, in the same order.
 */
export function placeRoots(
  roots: readonly HostRoot[],
  routes: readonly PlanRoute[],
  taken: readonly string[],
): readonly RootPlace[] {
  const used = [...SYSTEM_DIRECTORIES, ...taken];
  const mounted = new Map<HostRoot, string>();
  for (const [index, root] of roots.entries()) {
    if (outerOf(root, roots) !== undefined) continue;
    const free = routes
      .filter(({ backend, path }) => backend === root.backend && path === root.path)
      .map(({ prefix }) => prefix.slice(0, -1))
      .find((prefix) =>
        prefix !== "" && flagProblem(prefix) === undefined &&
        !used.some((path) => isInside(path, prefix) || isInside(prefix, path))
      );
    const directory = free ?? `${NAMESPACE.roots}/${index}`;
    used.push(directory);
    mounted.set(root, directory);
  }
  return roots.map((root) => {
    const outer = mounted.has(root) ? root : outerOf(root, roots) ?? root;
    const base = mounted.get(outer) ?? NAMESPACE.roots;
    const move = (path: string) => joinPaths(base, relativeTo(path, outer.directory));
    return {
      root,
      inside: { ...root, directory: move(root.directory), protected: root.protected.map(move) },
      through: outer !== root,
    };
  });
}

/**
 * A directory that is only read and is not there yet can be brought into being through a writable
 * one around it: there is nothing to mount until then.
 */
function outerOf(root: HostRoot, roots: readonly HostRoot[]): HostRoot | undefined {
  if (root.access === "read-write" || infoOf(root.directory) !== undefined) return undefined;
  return roots.find(({ access, directory }) =>
    access === "read-write" && isInside(root.directory, directory)
  );
}
