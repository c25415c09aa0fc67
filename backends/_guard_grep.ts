/**
 * A search for lines that does not open what may not be read, and tells nothing of it: no match, no
 * count, no limit used up.
 *
 * @module
 */

import { checkLimit } from "./_checks.ts";
import { compileGlob, type GlobMatcher } from "./_glob.ts";
import { compileQuery } from "./_grep.ts";
import { AskedFor } from "./_guard_asked.ts";
import type { Judge } from "./judge.ts";
import { LIMITS } from "./limits.ts";
import { isWithin, parentPath } from "./paths.ts";
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
 * @param judge Who decides what may be read.
 * @param query What to look for.
 * @param options Where and how; `path` is canonical and may be searched.
 */
export async function grepReadable(
  backend: Backend,
  judge: Judge,
  query: string,
  options: GrepOptions & { readonly path: string },
): Promise<GrepResult> {
  const { path, signal } = options;
  const limit = checkLimit("Limit", options.limit, LIMITS.grepMatches);
  const asked = new AskedFor(judge, path);
  if (await isWhole(backend, judge, options)) {
    const result = await backend.grep(query, options);
    return { ...result, failures: asked.failures(result.failures) };
  }
  const matcher = options.glob === undefined ? undefined : compileGlob(options.glob, path);
  await compileQuery(query, options);
  const listed = await backend.glob(options.glob ?? "**", { path, limit: Infinity, signal });
  const matches: GrepMatch[] = [];
  const failures: SearchFailure[] = [...listed.failures];
  let [filesSearched, filesSkipped] = [0, 0];
  for (const piece of piecesOf(path, listed.files.map((file) => file.path), asked)) {
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
    failures.push(...found.failures);
    if (matches.length > limit) break;
  }
  return {
    matches: matches.slice(0, limit),
    truncated: matches.length > limit,
    filesSearched,
    filesSkipped,
    failures: asked.failures(failures),
  };
}

function patternBelow(matcher: GlobMatcher | undefined, path: string): string | undefined {
  return matcher?.below(path) ?? undefined;
}

/** Whether there is nothing in it that must not be opened. */
async function isWhole(
  backend: Backend,
  judge: Judge,
  { path, signal }: GrepOptions & { readonly path: string },
): Promise<boolean> {
  const patterns = judge.unreadable(path);
  if (patterns?.length === 0) return true;
  if ((await backend.stat(path, { signal })).type !== "directory") return true;
  if (patterns === undefined) return false;
  // Asks for the hidden files alone, which are few: mostly the search can go ahead as it is.
  for (const pattern of together(patterns)) {
    const { files, failures } = await backend.glob(pattern, { path, limit: 1, signal });
    // Where the pattern could not be looked for, a hidden file may be.
    if (files.length > 0 || failures.length > 0) return false;
  }
  return true;
}

/** Patterns that say the same as many, as few of them as their size allows. */
function together(patterns: readonly string[]): string[] {
  const groups: string[] = [];
  let group: string[] = [];
  let characters = 0;
  for (const pattern of new Set(patterns)) {
    characters += pattern.length + 1;
    if (group.length === LIMITS.globAlternatives || characters + 2 > LIMITS.globCharacters) {
      groups.push(`{${group.join(",")}}`);
      [group, characters] = [[], pattern.length + 1];
    }
    group.push(pattern);
  }
  return [...groups, group.length === 1 ? group.join() : `{${group.join(",")}}`];
}

/** The largest pieces of a directory that can be searched whole, in the order of their files. */
function piecesOf(path: string, files: readonly string[], asked: AskedFor): Piece[] {
  const readable: string[] = [];
  // A directory with something hidden in it, at any depth, has to be taken apart.
  const broken = new Set<string>();
  for (const file of files) {
    if (asked.isReadable(file)) {
      readable.push(file);
      continue;
    }
    for (let up = parentPath(file); isWithin(up, path) && !broken.has(up); up = parentPath(up)) {
      broken.add(up);
      if (up === "/") break;
    }
  }
  const pieces = new Map<string, Piece>();
  for (const file of readable) {
    let piece: Piece = { path: file, isFile: true };
    for (let up = parentPath(file); isWithin(up, path) && !broken.has(up); up = parentPath(up)) {
      piece = { path: up, isFile: false };
      if (up === "/") break;
    }
    pieces.set(piece.path, piece);
  }
  return [...pieces.values()];
}
