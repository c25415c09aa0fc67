import * as nodePath from "node:path";
import { assertPath } from "./_assert_path.ts";
import { toPath } from "./_to_path.ts";
import { isWindows, SEPARATOR } from "./constants.ts";

/** The parts of a path: `/home/me/notes.txt` is used in the examples. */
export interface ParsedPath {
  /** The root, `/`, or `""` for a relative path. */
  root: string;
  /** The directory, `/home/me`. */
  dir: string;
  /** The last name, `notes.txt`. */
  base: string;
  /** The extension, `.txt`. */
  ext: string;
  /** The last name without its extension, `notes`. */
  name: string;
}

/**
 * Gives the last name of a path. Separators at its end do not count.
 *
 * @param path A path or file URL.
 * @param suffix An ending to take off, unless it is the whole name.
 * @returns The name, or the root for the root.
 * @throws {TypeError} If an argument is not a string, or the URL is not a file URL.
 */
export function basename(path: string | URL, suffix = ""): string {
  const text = toPath(path);
  if (text !== "" && typeof suffix !== "string") {
    throw new TypeError(
      `Suffix must be a string, received "${JSON.stringify(suffix)}"`,
    );
  }
  const name = nodePath.basename(text);
  if (name === "" && text !== "") return isWindows ? "\\" : "/";
  return name.length > suffix.length && name.endsWith(suffix)
    ? name.slice(0, name.length - suffix.length)
    : name;
}

/**
 * Gives the directory of a path, with no separator at its end.
 *
 * @param path A path or file URL.
 * @returns The directory, or `.` for a lone name.
 * @throws {TypeError} If `path` is not a string, or the URL is not a file URL.
 */
export function dirname(path: string | URL): string {
  return stripSeparators(nodePath.dirname(toPath(path)));
}

/**
 * Gives the extension of a path's last name, from its last dot on.
 *
 * @param path A path or file URL.
 * @returns The extension, dot included; `""` if the only dot comes first or there is none.
 * @throws {TypeError} If `path` is not a string, or the URL is not a file URL.
 */
export function extname(path: string | URL): string {
  return nodePath.extname(toPath(path));
}

/**
 * Takes a path apart.
 *
 * @param path The path.
 * @returns Its parts. The root's `base` is the root.
 * @throws {TypeError} If `path` is not a string.
 */
export function parse(path: string): ParsedPath {
  assertPath(path);
  const parts = nodePath.parse(path);
  if (parts.base === "" && path !== "") parts.base = SEPARATOR;
  return { ...parts, dir: stripSeparators(parts.dir) };
}

/**
 * Puts a path together from parts: `dir` goes before `root`, and `base` before `name` and `ext`.
 *
 * @param pathObject The parts.
 * @returns The path.
 * @throws {TypeError} If `pathObject` is not an object.
 */
export function format(pathObject: Partial<ParsedPath>): string {
  if (pathObject === null || typeof pathObject !== "object") {
    throw new TypeError(
      `The "pathObject" argument must be of type Object, received type "${typeof pathObject}"`,
    );
  }
  const { root, name = "", ext = "" } = pathObject;
  const directory = pathObject.dir || root;
  const base = pathObject.base || name + ext;
  if (!directory) return base;
  if (base === SEPARATOR) return directory;
  return directory === root ? directory + base : directory + SEPARATOR + base;
}

/** Takes separators off the end, but leaves a root. */
function stripSeparators(path: string): string {
  if (isWindows) return path;
  return path.length > 1 ? path[0] + path.slice(1).replace(/\/+$/, "") : path;
}
