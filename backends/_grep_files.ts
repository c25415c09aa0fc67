/**
 * A search through many files: the limit, the time, the caller's signal, and what failed on the way.
 *
 * @module
 */

import { checkLimit } from "./_checks.ts";
import type { LineSearcher } from "./_grep.ts";
import type { FileSearch } from "./_grep_scan.ts";
import { Turns } from "./_turns.ts";
import { BackendError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import type { GrepMatch, GrepResult, SearchFailure } from "./protocol.ts";

/** A file to search. */
export interface GrepFile {
  /** Its canonical path. */
  readonly path: string;
  /** Its bytes, whole or as a stream whose chunks may be reused. */
  open(): Uint8Array | AsyncIterable<Uint8Array> | Promise<Uint8Array>;
}

/** Options of {@linkcode grepFiles}. */
export interface GrepFilesOptions {
  /** The canonical path of the search, for errors. */
  readonly path: string;
  /** How many matches at most. */
  readonly limit?: number | undefined;
  /** Ends the search with `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The clock that the time limit is measured with.
   *
   * @default {performance.now}
   */
  readonly now?: (() => number) | undefined;
}

/**
 * Searches files one after the other until the limit is reached. A file that cannot be read is
 * reported beside the results of the others.
 *
 * @param files The files, in the order of `comparePaths`.
 * @param searcher What to look for.
 * @param options The limit, the signal and the clock.
 * @returns The result of a `grep`.
 * @throws {BackendError} `timeout` after `LIMITS.grepMilliseconds`, `aborted` by the signal.
 * @throws {RangeError} If the limit is not a number of matches.
 */
export async function grepFiles(
  files: Iterable<GrepFile> | AsyncIterable<GrepFile>,
  searcher: LineSearcher,
  options: GrepFilesOptions,
): Promise<GrepResult> {
  const limit = checkLimit("Limit", options.limit, LIMITS.grepMatches);
  const turns = new Turns({ ...options, milliseconds: LIMITS.grepMilliseconds });
  const matches: GrepMatch[] = [];
  const failures: SearchFailure[] = [];
  let filesSearched = 0;
  let filesSkipped = 0;
  turns.check();
  for await (const file of files) {
    if (turns.isOver) await turns.yield();
    let found: FileSearch;
    try {
      found = await searchFile(file, searcher, limit + 1 - matches.length, turns);
    } catch (error) {
      if (!(error instanceof BackendError) || isEnd(error)) throw error;
      failures.push({ path: file.path, message: error.message });
      continue;
    }
    if (!found.isText) {
      filesSkipped++;
      continue;
    }
    filesSearched++;
    for (const match of found.matches) matches.push({ path: file.path, ...match });
    if (found.cutLine !== null) failures.push(cutFailure(file.path, found.cutLine));
    if (matches.length > limit) break;
  }
  return {
    matches: matches.slice(0, limit),
    truncated: matches.length > limit,
    filesSearched,
    filesSkipped,
    failures,
  };
}

function isEnd(error: BackendError): boolean {
  return error.code === "aborted" || error.code === "timeout";
}

function cutFailure(path: string, line: number): SearchFailure {
  return {
    path,
    message: `Line ${line} is over ${LIMITS.grepLineBytes} bytes: ` +
      "a regular expression is matched against its beginning only",
  };
}

async function searchFile(
  file: GrepFile,
  searcher: LineSearcher,
  most: number,
  turns: Turns,
): Promise<FileSearch> {
  const scan = searcher.scan(most, () => turns.check());
  const opened = file.open();
  const content = opened instanceof Promise ? await opened : opened;
  if (content instanceof Uint8Array) {
    scan.push(content);
    return scan.finish();
  }
  for await (const chunk of content) {
    if (!scan.push(chunk)) break;
    if (turns.isOver) await turns.yield();
  }
  return scan.finish();
}
