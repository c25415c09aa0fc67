/**
 * Where the files behind a path are kept. Two routes may lead to one place, so that two paths that
 * have nothing in common are one file.
 *
 * @module
 */

import { canonicalPath, isWithin, joinPaths, relativeTo } from "../backends/paths.ts";

/** A directory or file of one store, with all that is in it. */
export interface Place {
  /** What tells the store from others. */
  readonly store: unknown;
  /** The canonical path in the store. */
  readonly path: string;
}

/** Finds the places of a canonical path and of all paths below it. */
export type Locate = (path: string) => readonly Place[];

/** A prefix of the tree and what stands there. */
export interface PlacedRoute {
  /** Canonical, with a slash at both ends; `/` is the default and comes last. */
  readonly prefix: string;
  /** What tells the store from others. */
  readonly backend: unknown;
  /** The canonical path in the store that stands at the prefix. */
  readonly path: string;
}

/** Where a tree of one store keeps its files. */
export function locateInOne(path: string): readonly Place[] {
  return [{ store: undefined, path }];
}

/** Where a tree of these routes keeps its files. */
export function locateByRoutes(routes: readonly PlacedRoute[]): Locate {
  const mounts = routes.map(({ prefix, backend: store, path }) => ({
    base: canonicalPath(prefix),
    store,
    path,
  }));
  return (path) => {
    const own = mounts.find(({ base }) => isWithin(path, base));
    const below = mounts.filter((mount) => mount !== own && isWithin(mount.base, path));
    const places = below.map(({ store, path }) => ({ store, path }));
    if (own === undefined) return places;
    const inner = joinPaths(own.path, relativeTo(path, own.base));
    return [{ store: own.store, path: inner }, ...places];
  };
}

/** Whether a place of the one list is at, above or below a place of the other. */
export function sharePlace(some: readonly Place[], others: readonly Place[]): boolean {
  return some.some((a) =>
    others.some((b) =>
      a.store === b.store && (isWithin(a.path, b.path) || isWithin(b.path, a.path))
    )
  );
}
