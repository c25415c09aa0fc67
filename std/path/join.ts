import * as nodePath from "node:path";
import { assertPath } from "./_assert_path.ts";
import { toPath } from "./_to_path.ts";

/**
 * Joins paths with the separator and normalizes the result. Empty parts are left out.
 *
 * @param path The first part, which may be a file URL.
 * @param paths The parts after it.
 * @returns The joined path, or `.` if nothing is left.
 * @throws {TypeError} If a part is not a string, or the URL is not a file URL.
 */
export function join(path: string | URL, ...paths: string[]): string {
  paths.forEach(assertPath);
  return nodePath.join(toPath(path), ...paths);
}

/**
 * Resolves `.` and `..` and folds repeated separators. A separator at the end stays.
 *
 * @param path A path or file URL.
 * @returns The shortest path that means the same, `.` at least.
 * @throws {TypeError} If `path` is not a string, or the URL is not a file URL.
 */
export function normalize(path: string | URL): string {
  return nodePath.normalize(toPath(path));
}
