/**
 * The table of a composite: which backend a path leads to, and what it is called there.
 *
 * @module
 */

import { NoFiles } from "./_no_files.ts";
import { BackendError } from "./errors.ts";
import { canonicalPath, isWithin, joinPaths, parentPath, relativeTo } from "./paths.ts";
import type { Backend } from "./protocol.ts";

/** What a route leads to. */
export interface Mount {
  /** The backend. */
  readonly backend: Backend;
  /**
   * The directory inside the backend that stands at the route's prefix.
   *
   * @default {"/"}
   */
  readonly path?: string | undefined;
  /**
   * Whether files may be changed through the route.
   *
   * @default {"read-write"}
   */
  readonly access?: "read" | "read-write" | undefined;
}

/** A mount in its place. */
export class MountPoint {
  /** The prefix as it was written; `/` for the default. */
  readonly prefix: string;
  /** The directory of the outer tree where it stands. */
  readonly base: string;
  /** The backend. */
  readonly backend: Backend;
  /** The directory of the backend that stands there. */
  readonly root: string;
  /** Why files may not be changed here: a clause; `undefined` if they may. */
  readonly refusal: string | undefined;
  /** Whether inner and outer paths are the same, so that nothing has to be renamed. */
  readonly identity: boolean;

  constructor(prefix: string, mount: Mount, refusal?: string) {
    this.prefix = prefix;
    this.base = canonicalPath(prefix);
    this.backend = mount.backend;
    this.root = canonicalPath(mount.path ?? "/");
    this.refusal = mount.access === "read" ? refusal ?? readOnly(prefix) : undefined;
    this.identity = this.base === this.root;
  }

  /** What an outer path within `base` is called inside the backend. */
  inner(path: string): string {
    if (this.identity) return path;
    if (path.length === this.base.length) return this.root;
    const below = this.base === "/" ? path : path.slice(this.base.length);
    return this.root === "/" ? below : this.root + below;
  }

  /** What an inner path is called outside; one that is not within `root` stays unnamed. */
  outer(path: string): string {
    if (this.identity) return path;
    return isWithin(path, this.root)
      ? joinPaths(this.base, relativeTo(path, this.root))
      : this.base;
  }
}

/** All mounts of a composite. */
export class MountTable {
  /** In the order in which they are tried; the default is the last. */
  readonly mounts: readonly MountPoint[];
  readonly #routes: readonly MountPoint[];
  readonly #default: MountPoint;
  /** Where mounts stand and what is above them, `/` left out, each with the mount to name. */
  readonly #directories = new Map<string, MountPoint>();
  readonly #longestDirectory: number;

  /** @throws {TypeError} If a route is not well formed or can never be reached. */
  constructor(standard: Backend | Mount | undefined, routes: Record<string, Backend | Mount>) {
    const points = Object.entries(routes).map(([prefix, target]) => pointAt(prefix, target));
    points.forEach((point, index) => checkReachable(point, points.slice(0, index)));
    const rest = points.at(-1)?.prefix === "/" ? points.pop() : undefined;
    if (rest !== undefined && standard !== undefined) {
      throw new TypeError("Route '/' and 'default' mean the same: give one of them");
    }
    this.#routes = points;
    this.#default = rest ?? (standard === undefined ? nowhere(points) : pointAt("/", standard));
    this.mounts = [...points, this.#default];
    for (const point of points) {
      for (let path = point.base; path !== "/"; path = parentPath(path)) {
        const known = this.#directories.get(path);
        if (known === undefined || path === point.base) this.#directories.set(path, point);
      }
    }
    this.#longestDirectory = Math.max(0, ...points.map((point) => point.base.length));
  }

  /** The mount that a canonical path belongs to: the first whose prefix matches. */
  find(path: string): MountPoint {
    for (const point of this.#routes) {
      // A base never ends with a slash, so that the character after it is all there is to check.
      if (
        path.startsWith(point.base) &&
        (path.length === point.base.length || path.charCodeAt(point.base.length) === 47)
      ) {
        return point;
      }
    }
    return this.#default;
  }

  /**
   * The mount that makes a path a directory: because it stands there or below. `undefined` for
   * `/` and for every path that only a backend knows of.
   */
  directory(path: string): MountPoint | undefined {
    return path.length > this.#longestDirectory ? undefined : this.#directories.get(path);
  }

  /** The mounts that stand below a path, not at it. */
  below(path: string): readonly MountPoint[] {
    return this.#routes.filter((point) => point.base !== path && isWithin(point.base, path));
  }
}

function pointAt(prefix: string, target: Backend | Mount): MountPoint {
  const name = prefix === "/" ? "default" : `route '${prefix}'`;
  if (!prefix.startsWith("/")) {
    throw new TypeError(`Route '${prefix}' must begin with a slash: use '/${prefix}'`);
  }
  if (!prefix.endsWith("/")) {
    throw new TypeError(`Route '${prefix}' must end with a slash: use '${prefix}/'`);
  }
  const mount = isMount(target) ? target : { backend: target };
  if (mount.access !== undefined && mount.access !== "read" && mount.access !== "read-write") {
    throw new TypeError(`The access of ${name} must be 'read' or 'read-write'`);
  }
  let point: MountPoint;
  try {
    point = new MountPoint(prefix, mount);
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    throw new TypeError(`The ${name} cannot be mounted: ${error.message}`, { cause: error });
  }
  const canonical = point.base === "/" ? "/" : `${point.base}/`;
  if (prefix !== canonical) {
    throw new TypeError(`Route '${prefix}' is not in its simplest form: use '${canonical}'`);
  }
  return point;
}

function readOnly(prefix: string): string {
  return prefix === "/"
    ? "the default grants reading alone"
    : `the route '${prefix}' grants reading alone`;
}

/** The default where none was given: an empty directory. */
function nowhere(routes: readonly MountPoint[]): MountPoint {
  const names = routes.map((point) => `'${point.prefix}'`).join(", ");
  const refusal = `no route leads there${names === "" ? "" : `, only to ${names}`}`;
  return new MountPoint("/", { backend: new NoFiles(), access: "read" }, refusal);
}

function isMount(target: Backend | Mount): target is Mount {
  return "backend" in target && !("ls" in target);
}

function checkReachable(point: MountPoint, earlier: readonly MountPoint[]): void {
  const first = earlier.find((other) => isWithin(point.base, other.base));
  if (first === undefined) return;
  throw new TypeError(
    `Route '${point.prefix}' can never be reached: '${first.prefix}', which is written before it, ` +
      `matches first. Write '${point.prefix}' before '${first.prefix}'`,
  );
}
