/**
 * Globs for whoever walks directories without a backend, in the one dialect that backends have.
 *
 * @module
 */

import { compileGlob } from "./_glob.ts";

/** What a glob matches below a directory. */
export interface PathPattern {
  /** The deepest directory that holds everything that can match: where a walk starts. */
  readonly base: string;
  /** Whether a file matches, by its canonical path. */
  matches(path: string): boolean;
  /** Whether something below a directory may match, by its canonical path. */
  mayContain(directory: string): boolean;
}

/**
 * @param pattern A glob, relative to the directory.
 * @param directory The canonical path of the directory that it is confined to.
 * @returns What it matches.
 * @throws {BackendError} `invalid_pattern`, if the glob cannot be understood or leaves the directory.
 */
export function pathPattern(pattern: string, directory: string): PathPattern {
  return compileGlob(pattern, directory);
}
