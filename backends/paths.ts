/**
 * The paths of the virtual tree: absolute POSIX paths, made canonical once, at the door of each
 * operation. Everything behind the door may rely on that form and compare paths as strings.
 *
 * Unicode is never normalised: two names are the same when their code units are.
 *
 * @module
 */

import { BackendError } from "./errors.ts";
import { LIMITS } from "./limits.ts";

/**
 * How the names of unfinished writes begin. `LocalBackend` keeps them beside the file that is being
 * written, so that no backend may offer such a name as a file of the tree.
 */
export const TEMPORARY_NAME = ".routebook.tmp";

const ENCODER = new TextEncoder();

/** Shorter strings cannot be over `LIMITS.nameBytes`: UTF-16 to UTF-8 grows at most threefold. */
const SURELY_SHORT = Math.floor(LIMITS.nameBytes / 3);

/** An empty, `.` or `..` component, or a trailing slash: what folding changes. */
const NEEDS_FOLDING = /\/\.{0,2}(?:\/|$)/;

/**
 * Makes a path canonical: it begins with `/`, does not end with one (but for the root), and has no
 * empty, `.` or `..` component. Backslash, colon, spaces, emoji and leading dashes are ordinary.
 *
 * @param path A path as a person or a model wrote it.
 * @returns The same place in the one form that backends compare.
 * @throws {BackendError} `invalid_path` if the path is not absolute, leaves the root, has a NUL or
 * half a surrogate pair, is too long, or uses a name reserved for unfinished writes.
 *
 * @example
 * ```ts
 * import { canonicalPath } from "./paths.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(canonicalPath("//src/./old/../app.py/"), "/src/app.py");
 * ```
 */
export function canonicalPath(path: string): string {
  if (path.charCodeAt(0) !== 47) {
    if (path === "") throw invalid(path, "A path cannot be empty: use '/' for the root");
    throw invalid(path, `Path ${quote(path)} is not absolute: use ${quote(`/${path}`)}`);
  }
  if (path.includes("\0")) throw invalid(path, `Path ${quote(path)} has a NUL character in it`);
  if (!path.isWellFormed()) {
    throw invalid(path, `Path ${quote(path)} has half a surrogate pair in it`);
  }
  const canonical = NEEDS_FOLDING.test(path) ? fold(path) : path;
  if (canonical.length > SURELY_SHORT) checkLengths(path, canonical);
  if (canonical.includes(`/${TEMPORARY_NAME}`)) {
    throw invalid(
      path,
      `Path ${quote(path)} has a name that is reserved for unfinished writes: ` +
        `use one that does not begin with '${TEMPORARY_NAME}'`,
    );
  }
  return canonical;
}

function fold(path: string): string {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    if (name !== "..") {
      names.push(name);
    } else if (names.pop() === undefined) {
      throw invalid(path, `Path ${quote(path)} leaves the root: there is nothing above '/'`);
    }
  }
  return `/${names.join("/")}`;
}

function checkLengths(path: string, canonical: string): void {
  // The first test spares encoding a string of megabytes only to refuse it.
  if (
    canonical.length > LIMITS.pathBytes || ENCODER.encode(canonical).length > LIMITS.pathBytes
  ) {
    throw invalid(
      path,
      `Path ${quote(path)} is too long: at most ${LIMITS.pathBytes} bytes are allowed`,
    );
  }
  for (const name of canonical.split("/")) {
    if (name.length > SURELY_SHORT && ENCODER.encode(name).length > LIMITS.nameBytes) {
      throw invalid(
        path,
        `Path ${quote(path)} has a name that is too long: at most ${LIMITS.nameBytes} bytes ` +
          "are allowed between two slashes",
      );
    }
  }
}

function invalid(path: string, message: string): BackendError {
  return new BackendError("invalid_path", path, message);
}

/** A path for an error message: a very long one is cut, what cannot be printed is escaped. */
function quote(path: string): string {
  const shown = path.length <= LIMITS.pathBytes ? path : `${path.slice(0, 100)}…`;
  return `'${shown.toWellFormed().replaceAll("\0", "\\0")}'`;
}

/**
 * A path of an inner tree as seen from the outside, where that tree is mounted at `base`.
 *
 * @param base The canonical path of the mount.
 * @param inner A canonical path inside it.
 * @returns The canonical outer path.
 *
 * @example
 * ```ts
 * import { joinPaths } from "./paths.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(joinPaths("/project", "/src/a"), "/project/src/a");
 * assertEquals(joinPaths("/project", "/"), "/project");
 * ```
 */
export function joinPaths(base: string, inner: string): string {
  if (base === "/") return inner;
  return inner === "/" ? base : base + inner;
}

/**
 * The directory that a path is in.
 *
 * @param path A canonical path.
 * @returns The canonical path of its directory; the root is its own.
 */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/**
 * The last component of a path.
 *
 * @param path A canonical path.
 * @returns Its name; the root's is empty.
 */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/**
 * Whether a path is a directory or anything below it. `/project` is not within `/proj`.
 *
 * @param path A canonical path.
 * @param directory The canonical path of the directory.
 * @returns Whether it is; a path is within itself.
 */
export function isWithin(path: string, directory: string): boolean {
  if (directory === "/") return true;
  return path.startsWith(directory) &&
    (path.length === directory.length || path.charCodeAt(directory.length) === 47);
}

/**
 * A path as seen from a directory that holds it: the reverse of {@linkcode joinPaths}.
 *
 * @param path A canonical path within `directory`.
 * @param directory The canonical path of the directory.
 * @returns The canonical path in a tree that has `directory` for its root.
 * @throws {RangeError} If the path is not within the directory.
 *
 * @example
 * ```ts
 * import { relativeTo } from "./paths.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(relativeTo("/project/src/a", "/project"), "/src/a");
 * assertEquals(relativeTo("/project", "/project"), "/");
 * ```
 */
export function relativeTo(path: string, directory: string): string {
  if (!isWithin(path, directory)) {
    throw new RangeError(`Path '${path}' is not within '${directory}'`);
  }
  if (directory === "/") return path;
  return path.length === directory.length ? "/" : path.slice(directory.length);
}

/**
 * Orders paths by the code units of the whole string, as all results are sorted.
 *
 * @param a A canonical path.
 * @param b Another one.
 * @returns A number for `Array.sort`.
 */
export function comparePaths(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The key by which a walk sorts the entries of one directory so that the files it meets come in the
 * order of {@linkcode comparePaths}: `/a-b` is before `/a/b`, as `-` is before `/`.
 *
 * @param name The entry's name.
 * @param isDirectory Whether the walk goes into it.
 * @returns A string to compare by code units.
 */
export function walkKey(name: string, isDirectory: boolean): string {
  return isDirectory ? `${name}/` : name;
}
