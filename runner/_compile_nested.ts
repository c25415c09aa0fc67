/**
 * Granted directories that lie in one another: which of two grants holds for the inner one.
 *
 * @module
 */

import { isWithin, joinPaths, relativeTo } from "../backends/paths.ts";
import { isInside } from "./_host_paths.ts";
import type { HostRoot, PlanRoute } from "./plan.ts";
import { routeOf } from "./written.ts";

/**
 * A place that may only be read stays so inside a writable one, by whatever link it is reached,
 * unless a route names its files as writable. A place that another one of its backend serves just as
 * well is left out: the host would only take the two for different stores.
 *
 * @param roots A root for each place of a local backend.
 * @param routes The routes that they serve.
 * @returns The roots that are needed, with what they must not change.
 */
export function settleNested<Root extends HostRoot>(
  roots: readonly Root[],
  routes: readonly PlanRoute[],
): readonly Root[] {
  const writable = roots.filter(({ access }) => access === "read-write");
  const sealed = new Set(roots.filter((root) =>
    root.access === "read" &&
    writable.some((outer) => isInside(root.directory, outer.directory)) &&
    !isNamedWritable(root, writable, routes)
  ));
  const isServed = (root: Root) =>
    roots.some((outer) =>
      outer !== root && isPartOf(root, outer) &&
      (outer.access === "read-write" || root.access === "read") &&
      // What is protected in the outer one cannot be changed through it.
      ![...sealed].some(({ directory }) =>
        isInside(root.directory, directory) && isInside(directory, outer.directory)
      )
    );
  return roots.filter((root) => !isServed(root)).map((root) => {
    if (root.access === "read") return root;
    const inner = [...sealed].map(({ directory }) => directory)
      .filter((directory) => isInside(directory, root.directory));
    return { ...root, protected: [...new Set([...root.protected, ...inner])] };
  });
}

/** Whether some path of the tree leads to these files through a route that may be written to. */
function isNamedWritable(
  { directory }: HostRoot,
  writable: readonly HostRoot[],
  routes: readonly PlanRoute[],
): boolean {
  return writable.filter((outer) => isInside(directory, outer.directory)).some((outer) =>
    routes.some((route) => {
      if (route.backend !== outer.backend || route.path !== outer.path) return false;
      if (route.access === "read") return false;
      const below = relativeTo(directory, outer.directory);
      return routeOf(routes, joinPaths(route.prefix.replace(/(?<=.)\/$/, ""), below)) === route;
    })
  );
}

/** Whether a place is where another one of the same backend has it too, with no link in between. */
function isPartOf(inner: HostRoot, outer: HostRoot): boolean {
  return inner.backend === outer.backend && inner.path !== outer.path &&
    isWithin(inner.path, outer.path) &&
    inner.directory === joinPaths(outer.directory, relativeTo(inner.path, outer.path));
}
