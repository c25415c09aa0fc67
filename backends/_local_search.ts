/**
 * Searches under a local root, for files and for lines in them.
 *
 * @module
 */

import { checkLimit } from "./_checks.ts";
import { compileGlob, type GlobMatcher } from "./_glob.ts";
import { compileQuery } from "./_grep.ts";
import { type GrepFile, grepFiles } from "./_grep_files.ts";
import { notDirectory, notRegular } from "./_local_errors.ts";
import { type LocalGuard, lstat } from "./_local_guard.ts";
import { toFileInfo } from "./_local_info.ts";
import { openPlace, readChunks, readInto, SMALL_BYTES } from "./_local_read.ts";
import { LocalWalk, type WalkEntry } from "./_local_walk.ts";
import { BackendError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { comparePaths, parentPath } from "./paths.ts";
import type { FileInfo, GlobResult, GrepOptions, GrepResult, SearchFailure } from "./protocol.ts";

/** Where to search. */
export interface Search {
  readonly guard: LocalGuard;
  /** The canonical path that the search is confined to. */
  readonly path: string;
  /** Called with the host path of each name that is reserved for unfinished writes. */
  readonly onLeftover: (host: string) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Finds files.
 *
 * @param search Where to search.
 * @param matcher Which files.
 * @param limit How many at most.
 * @returns The files.
 */
export async function searchFiles(
  search: Search,
  matcher: GlobMatcher,
  limit: number,
): Promise<GlobResult> {
  const { guard, path, onLeftover, signal } = search;
  const place = guard.find(path, "search", true);
  if (!place.info.isDirectory) throw notDirectory("search", path);
  const failures: SearchFailure[] = [];
  const enters = (directory: string) => matcher.mayContain(directory);
  const walk = new LocalWalk({ guard, enters, failures, onLeftover, signal });
  const files: FileInfo[] = [];
  const start = { path, host: place.host };
  for await (const run of walk.runs(start, matcher.base)) {
    for (const entry of run) {
      if (!matcher.matches(entry.path)) continue;
      const info = fileAt(guard, walk, entry);
      if (info === undefined) continue;
      if (files.length === limit) return { files, truncated: true, failures };
      files.push(info);
    }
  }
  return { files, truncated: false, failures };
}

/**
 * Finds lines.
 *
 * @param search Where to search.
 * @param query What to look for.
 * @param options How to look for it.
 * @returns The lines.
 */
export async function searchLines(
  search: Search,
  query: string,
  options: GrepOptions,
): Promise<GrepResult> {
  const { guard, path, onLeftover, signal } = search;
  checkLimit("Limit", options.limit, LIMITS.grepMatches);
  const { info } = guard.find(path, "search", true);
  if (!info.isFile && !info.isDirectory) throw notRegular("search", path);
  const base = info.isFile ? parentPath(path) : path;
  const matcher = options.glob === undefined ? undefined : compileGlob(options.glob, base);
  const searcher = await compileQuery(query, { ...options, path });
  const failures: SearchFailure[] = [];
  const enters = (directory: string) => matcher?.mayContain(directory) ?? true;
  const walk = new LocalWalk({ guard, enters, failures, onLeftover, signal });
  const files = filesToRead(search, walk, matcher);
  const result = await grepFiles(files, searcher, { path, limit: options.limit, signal });
  return {
    ...result,
    failures: [...failures, ...result.failures].sort((a, b) => comparePaths(a.path, b.path)),
  };
}

/** The files of a search for lines, small ones read already, each into the same buffer. */
async function* filesToRead(
  search: Search,
  walk: LocalWalk,
  matcher: GlobMatcher | undefined,
): AsyncGenerator<GrepFile> {
  const { guard, path, signal } = search;
  const place = guard.find(path, "search", true);
  const stream = (path: string) => ({ path, open: () => readChunks(guard, path, signal) });
  if (!place.info.isDirectory) {
    if (matcher?.matches(path) ?? true) yield stream(path);
    return;
  }
  const buffer = new Uint8Array(SMALL_BYTES);
  for await (const run of walk.runs({ path, host: place.host }, matcher?.base)) {
    for (const entry of run) {
      if (entry.kind !== "file" || matcher?.matches(entry.path) === false) continue;
      const bytes = readEntry(guard, walk, entry, buffer);
      if (bytes === "large") yield stream(entry.path);
      else if (bytes !== undefined) yield { path: entry.path, open: () => bytes };
    }
  }
}

/** The bytes of a small file, `undefined` if there is none (any more). */
function readEntry(
  guard: LocalGuard,
  walk: LocalWalk,
  entry: WalkEntry,
  buffer: Uint8Array,
): Uint8Array | "large" | undefined {
  const { path, host } = entry;
  if (guard.hides(path, host)) return undefined;
  try {
    const place = walk.isCurrent
      ? { host, info: lstat(host) }
      : guard.resolve(path, "search", false);
    const { info } = place;
    if (info === undefined) walk.gone(entry);
    if (info?.isFile !== true) return undefined;
    if (info.size > buffer.length) return "large";
    using opened = openPlace({ host: place.host, info }, path, "search");
    // Another file has come in its place at this moment: it is read as a stream is.
    return opened === undefined ? "large" : readInto(opened, buffer);
  } catch (error) {
    walk.fail(entry, error);
    return undefined;
  }
}

/** The file at an entry or at the end of a link, if it is one. */
function fileAt(guard: LocalGuard, walk: LocalWalk, entry: WalkEntry): FileInfo | undefined {
  if (entry.kind === "other" || guard.hides(entry.path, entry.host)) return undefined;
  try {
    const straight = walk.isCurrent && entry.kind === "file";
    const info = straight ? lstat(entry.host) : guard.resolve(entry.path, "search", true).info;
    if (info?.isFile) return toFileInfo(entry.path, info);
    if (info === undefined && entry.kind === "file") walk.gone(entry);
  } catch (error) {
    // A link that leads nowhere good is not a file.
    if (entry.kind === "file") walk.fail(entry, error);
    else if (!(error instanceof BackendError)) throw error;
  }
  return undefined;
}
