/**
 * A search for lines that does not open what may not be read, and tells nothing of it: no match, no
 * count, no limit used up.
 *
 * @module
 */

import { checkLimit } from "./_checks.ts";
import { compileGlob, type GlobMatcher } from "./_glob.ts";
import { compileQuery } from "./_grep.ts";
import type { RuleSet } from "./_rules.ts";
import { LIMITS } from "./limits.ts";
import { comparePaths, isWithin, parentPath } from "./paths.ts";
import type { Backend, GrepMatch, GrepOptions, GrepResult, SearchFailure } from "./protocol.ts";

/** A file, or a directory that has nothing in it that must not be opened. */
interface Piece {
  readonly path: string;
  readonly isFile: boolean;
}

/**
 * `grep` of a guarded backend.
 *
 * @param backend The backend, unguarded.
 * @param rules What may not be read.
 * @param query What to look for.
 * @param options Where and how; `path` is canonical and may be read.
 */
export async function grepReadable(
  backend: Backend,
  rules: RuleSet,
  query: string,
  options: GrepOptions & { readonly path: string },
): Promise<GrepResult> {
  const { path, signal } = options;
  const limit = checkLimit("Limit", options.limit, LIMITS.grepMatches);
  const whole = rules.unreadable.length === 0 ||
    (await backend.stat(path, { signal })).type !== "directory" ||
    !await hasUnreadable(backend, rules, options);
  if (whole) {
    const result = await backend.grep(query, options);
    return { ...result, failures: readableFailures(rules, result.failures) };
  }
  const matcher = options.glob === undefined ? undefined : compileGlob(options.glob, path);
  await compileQuery(query, options);
  const listed = await backend.glob(options.glob ?? "**", { path, limit: Infinity, signal });
  const matches: GrepMatch[] = [];
  const failures = new Map<string, SearchFailure>();
  const addFailures = (more: readonly SearchFailure[]) => {
    for (const failure of readableFailures(rules, more)) {
      failures.set(`${failure.path}\n${failure.message}`, failure);
    }
  };
  addFailures(listed.failures);
  let [filesSearched, filesSkipped] = [0, 0];
  for (const piece of piecesOf(path, listed.files.map((file) => file.path), rules)) {
    const glob = piece.isFile ? undefined : patternBelow(matcher, piece.path);
    const found = await backend.grep(query, {
      ...options,
      path: piece.path,
      glob,
      limit: limit + 1 - matches.length,
    });
    matches.push(...found.matches);
    filesSearched += found.filesSearched;
    filesSkipped += found.filesSkipped;
    addFailures(found.failures);
    if (matches.length > limit) break;
  }
  return {
    matches: matches.slice(0, limit),
    truncated: matches.length > limit,
    filesSearched,
    filesSkipped,
    failures: [...failures.values()].sort((a, b) => comparePaths(a.path, b.path)),
  };
}

function patternBelow(matcher: GlobMatcher | undefined, path: string): string | undefined {
  return matcher?.below(path) ?? undefined;
}

function readableFailures(
  rules: RuleSet,
  failures: readonly SearchFailure[],
): readonly SearchFailure[] {
  return failures.filter((failure) => rules.againstReading(failure.path) === undefined);
}

/** Asks for the hidden files alone, which are few: mostly the search can go ahead as it is. */
async function hasUnreadable(
  backend: Backend,
  rules: RuleSet,
  { path, signal }: GrepOptions & { readonly path: string },
): Promise<boolean> {
  for (const pattern of rules.unreadable) {
    const { files, failures } = await backend.glob(pattern, { path, limit: 1, signal });
    // Where the pattern could not be looked for, a hidden file may be.
    if (files.length > 0 || failures.length > 0) return true;
  }
  return false;
}

/** The largest pieces of a directory that can be searched whole, in the order of their files. */
function piecesOf(path: string, files: readonly string[], rules: RuleSet): Piece[] {
  // A directory with something hidden in it, at any depth, has to be taken apart.
  const broken = new Set<string>();
  for (const file of files) {
    if (rules.againstReading(file) === undefined) continue;
    for (let up = parentPath(file); isWithin(up, path) && !broken.has(up); up = parentPath(up)) {
      broken.add(up);
      if (up === "/") break;
    }
  }
  const pieces = new Map<string, Piece>();
  for (const file of files) {
    if (rules.againstReading(file) !== undefined) continue;
    let piece: Piece = { path: file, isFile: true };
    for (let up = parentPath(file); isWithin(up, path) && !broken.has(up); up = parentPath(up)) {
      piece = { path: up, isFile: false };
      if (up === "/") break;
    }
    pieces.set(piece.path, piece);
  }
  return [...pieces.values()];
}
