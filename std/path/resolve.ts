import * as nodePath from "node:path";
import { assertPath } from "./_assert_path.ts";

/**
 * Says whether a path starts at the root.
 *
 * @param path The path.
 * @returns Whether it is absolute.
 * @throws {TypeError} If `path` is not a string.
 */
export function isAbsolute(path: string): boolean {
  assertPath(path);
  return nodePath.isAbsolute(path);
}

/**
 * Puts parts together from right to left until the path is absolute, with the working directory
 * as the leftmost part.
 *
 * @param pathSegments The parts.
 * @returns An absolute, normalized path with no separator at its end.
 * @throws {TypeError} If a part is not a string. Parts left of an absolute one are not looked at.
 */
export function resolve(...pathSegments: string[]): string {
  const used: string[] = [];
  for (const segment of pathSegments.toReversed()) {
    assertPath(segment);
    used.unshift(segment);
    if (nodePath.isAbsolute(segment)) break;
  }
  return nodePath.resolve(...used);
}

/**
 * Gives the way from one path to another. Both are resolved first.
 *
 * @param from The directory to start in.
 * @param to The path to arrive at.
 * @returns The relative path, or `""` if both are the same.
 * @throws {TypeError} If either is not a string.
 */
export function relative(from: string, to: string): string {
  assertPath(from);
  assertPath(to);
  return nodePath.relative(from, to);
}
