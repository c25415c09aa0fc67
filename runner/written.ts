/**
 * Which files a run wrote: kept from its events, told at its end.
 *
 * @module
 */

import type { FileChange } from "../agent/events.ts";
import { BackendError } from "../backends/errors.ts";
import { comparePaths, isWithin, joinPaths, relativeTo } from "../backends/paths.ts";
import type { Backend } from "../backends/protocol.ts";
import type { WrittenFile } from "./events.ts";
import type { Plan, PlanBackend, PlanRoute } from "./plan.ts";

/** Files listed below one moved directory at most. */
const LISTED_FILES = 10_000;

/** What became of the files that a run wrote. */
export interface WrittenList {
  /** What is still there, sorted by path. */
  readonly files: readonly WrittenFile[];
  /** Paths that were written and cannot be looked at any more, sorted. */
  readonly unseen: readonly string[];
  /** Why the first of them cannot be looked at. */
  readonly problem?: string;
}

/** The files that a run has written so far and not deleted again. */
export class WrittenFiles {
  #paths: Set<string>;

  /**
   * @param paths Paths that were written before.
   */
  constructor(paths: Iterable<string> = []) {
    this.#paths = new Set(paths);
  }

  /** The paths, in the order in which they were first written. */
  get paths(): readonly string[] {
    return [...this.#paths];
  }

  /**
   * Takes note of a change.
   *
   * @param change A change that succeeded.
   */
  note(change: FileChange): void {
    if (change.operation === "write" || change.operation === "edit") {
      this.#paths.add(change.path);
      return;
    }
    const gone = change.operation === "delete" ? change.path : change.from ?? change.path;
    const kept = new Set<string>();
    for (const path of this.#paths) {
      if (!isWithin(path, gone)) kept.add(path);
      else if (change.operation === "move") kept.add(change.path + path.slice(gone.length));
    }
    // A moved directory may hold files that this run had not touched before.
    if (change.operation === "move") kept.add(change.path);
    this.#paths = kept;
  }

  /**
   * The written files as they are now.
   *
   * @param tree The files.
   * @param plan The run's plan, which says where each path is kept.
   * @param signal Ends it early; what was not looked at by then is told as `unseen`.
   * @returns What is still there, and what nobody can tell of.
   */
  async list(
    tree: Backend,
    plan: Pick<Plan, "backends" | "routes">,
    signal?: AbortSignal,
  ): Promise<WrittenList> {
    const found = new Map<string, WrittenFile>();
    const unseen: string[] = [];
    let problem: string | undefined;
    const add = (path: string, size: number) => {
      const route = routeOf(plan.routes, path);
      const backend = plan.backends.find(({ name }) => name === route?.backend);
      if (backend === undefined) return;
      const saved = isKept(backend) || volumeOf(plan, path) !== undefined;
      found.set(path, { path, backend: backend.name, saved, size });
    };
    for (const path of this.#paths) {
      try {
        const info = await tree.stat(path, { signal });
        if (info.type === "file") add(path, info.size);
        if (info.type !== "directory") continue;
        const { files } = await tree.glob("**", { path, limit: LISTED_FILES, signal });
        for (const file of files) add(file.path, file.size);
      } catch (error) {
        // Gone by another way, such as a program outside: then there is nothing to list.
        if (error instanceof BackendError && error.code === "not_found") continue;
        // Its process may have ended before the run, and the others' files are still there.
        unseen.push(path);
        problem ??= error instanceof Error ? error.message : String(error);
      }
    }
    return {
      files: [...found.values()].sort((a, b) => comparePaths(a.path, b.path)),
      unseen: unseen.sort(comparePaths),
      ...(problem === undefined ? {} : { problem }),
    };
  }
}

/** Whether files of a backend outlive the run. */
function isKept(backend: PlanBackend): boolean {
  return backend.type === "local" || (backend.type === "docker" && backend.box.name !== undefined);
}

/**
 * The route that a canonical path belongs to: the first whose prefix matches at a path boundary.
 *
 * @param routes The plan's routes.
 * @param path A canonical path.
 * @returns The route; the plan's last one matches everything.
 */
export function routeOf(routes: readonly PlanRoute[], path: string): PlanRoute | undefined {
  return routes.find(({ prefix }) => prefix === "/" ? true : isWithin(path, prefix.slice(0, -1)));
}

/**
 * @param route The route that a path belongs to.
 * @param path A canonical path.
 * @returns The path as the route's backend knows it.
 */
export function pathInBackend(route: PlanRoute, path: string): string {
  const prefix = route.prefix === "/" ? "/" : route.prefix.slice(0, -1);
  return joinPaths(route.path, relativeTo(path, prefix));
}

/**
 * @param plan The run's plan.
 * @param path A canonical path.
 * @returns The volume that it is in, which stays when the container goes.
 */
export function volumeOf(
  { backends, routes }: Pick<Plan, "backends" | "routes">,
  path: string,
): string | undefined {
  const route = routeOf(routes, path);
  const backend = backends.find(({ name }) => name === route?.backend);
  if (route === undefined || backend?.type !== "docker") return undefined;
  const inside = pathInBackend(route, path);
  const volumes = Object.entries(backend.box.volumes ?? {});
  return volumes.find(([prefix]) => `${inside}/`.startsWith(prefix))?.[1];
}
