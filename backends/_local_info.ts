/**
 * What the host knows of a file, in the protocol's words.
 *
 * @module
 */

import { translateError } from "./_local_errors.ts";
import { type LocalGuard, lstat } from "./_local_guard.ts";
import { BackendError } from "./errors.ts";
import type { FileInfo } from "./protocol.ts";

/**
 * Describes what is at a place.
 *
 * @param path The canonical path to show.
 * @param info What the host says; a symbolic link stands for one that leads nowhere good.
 * @returns The description.
 */
export function toFileInfo(path: string, info: Deno.FileInfo): FileInfo {
  const type = info.isFile ? "file" : info.isDirectory ? "directory" : "other";
  return {
    path,
    type,
    size: info.isFile ? info.size : 0,
    modified: info.mtime?.getTime() ?? 0,
    version: info.isFile ? versionOf(info) : "",
  };
}

/**
 * A word that changes with the file: a write gives it another inode and a time of its own.
 *
 * @param info What the host says of a file.
 * @returns The word.
 */
export function versionOf(info: Deno.FileInfo): string {
  return `${info.ino}-${info.mtime?.getTime()}-${info.size}`;
}

/**
 * Whether two descriptions are of one and the same file.
 *
 * @param a The one.
 * @param b The other.
 * @returns Whether they have the same inode.
 */
export function isSameFile(a: Deno.FileInfo, b: Deno.FileInfo | undefined): boolean {
  return a.ino === b?.ino && a.dev === b.dev;
}

/**
 * Describes a name in a directory. A symbolic link is described as what it leads to or, if that is
 * nothing good, as what it is: a listing never fails because of one entry.
 *
 * @param guard The root's guard.
 * @param path The canonical path.
 * @param host The host path of the name, whose directory the guard has seen.
 * @returns The description, or `undefined` if the name is gone or may not be seen.
 */
export function describe(guard: LocalGuard, path: string, host: string): FileInfo | undefined {
  if (guard.hides(path, host)) return undefined;
  let seen: Deno.FileInfo | undefined;
  try {
    seen = lstat(host);
    const info = seen?.isSymlink ? guard.find(path, "find", true).info : seen;
    return info && toFileInfo(path, info);
  } catch (error) {
    if (!(translateError(error, "find", path) instanceof BackendError)) throw error;
    return seen === undefined
      ? { path, type: "other", size: 0, modified: 0, version: "" }
      : toFileInfo(path, seen);
  }
}
