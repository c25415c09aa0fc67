/**
 * Names across a mount: results and errors of a backend, told in the outer tree.
 *
 * @module
 */

import { BackendError } from "./errors.ts";
import type { MountPoint } from "./_mounts.ts";
import { parentPath } from "./paths.ts";
import type { FileInfo, SearchFailure } from "./protocol.ts";

/** An outer path and the mount that it leads to. */
export interface Place {
  /** The mount. */
  readonly mount: MountPoint;
  /** The canonical outer path. */
  readonly path: string;
}

/** A file under its outer path. */
export function outerInfo(mount: MountPoint, info: FileInfo): FileInfo {
  return mount.identity ? info : { ...info, path: mount.outer(info.path) };
}

/** A failed part of a search under its outer path. */
export function outerFailure(mount: MountPoint, failure: SearchFailure): SearchFailure {
  if (mount.identity) return failure;
  const names = new Map<string, string>();
  addNames(names, mount, failure.path);
  return { path: mount.outer(failure.path), message: rename(failure.message, names) };
}

/**
 * An error under outer paths: its own, those of the operation, and what is above them. Anything
 * that is no `BackendError` is given back as it is.
 *
 * @param error What the backend threw.
 * @param places The paths that the operation was given; the first one stands for an inner path that
 * the mount does not show.
 */
export function outerError(error: unknown, ...places: readonly Place[]): unknown {
  if (!(error instanceof BackendError)) return error;
  if (places.every(({ mount }) => mount.identity)) return error;
  const names = new Map<string, string>();
  for (const { mount, path } of places) addNames(names, mount, mount.inner(path));
  const [first] = places;
  const known = names.get(error.path);
  const path = known ?? first?.mount.outer(error.path) ?? error.path;
  names.set(error.path, path);
  return new BackendError(error.code, path, rename(error.message, names), { cause: error });
}

function addNames(names: Map<string, string>, mount: MountPoint, path: string): void {
  for (let inner = path; inner !== "/"; inner = parentPath(inner)) {
    if (!names.has(inner)) names.set(inner, mount.outer(inner));
  }
}

/** Replaces quoted paths, all in one pass: an outer path may read like another inner one. */
function rename(text: string, names: ReadonlyMap<string, string>): string {
  const quoted = [...names.keys()].map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  if (quoted.length === 0) return text;
  return text.replace(
    new RegExp(`'(${quoted.join("|")})'`, "g"),
    (whole, name: string) => {
      const outer = names.get(name);
      return outer === undefined ? whole : `'${outer}'`;
    },
  );
}
