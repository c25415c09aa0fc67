/**
 * What a search looks for, compiled once and used for every file by every backend that holds bytes.
 *
 * @module
 */

import { asciiFinder, ByteScan, exactFinder } from "./_grep_bytes.ts";
import type { FileScan } from "./_grep_scan.ts";
import { type LineMatcher, TextScan } from "./_grep_text.ts";
import { BackendError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import type { GrepOptions } from "./protocol.ts";

/** The longest line in which a regular expression is located exactly: its worst case is slow. */
const LOCATED_CHARACTERS = 8_192;
/** The pieces of longer lines in which it is looked for, and how far apart they begin. */
const PIECE_CHARACTERS = 4_096;
const PIECE_STEP = 2_048;

/** Starts the search of one file after another for the same thing. */
export interface LineSearcher {
  /**
   * @param most How many matching lines are wanted at most.
   * @param check Called every now and then; what it throws ends the search.
   * @returns The search of one file.
   */
  scan(most: number, check: () => void): FileScan;
}

/**
 * Compiles what to look for.
 *
 * @param query A literal, or a regular expression with `regex`.
 * @param options How to read the query; `path` is for errors.
 * @returns The searcher.
 * @throws {BackendError} `invalid_pattern` if the query is empty, has a line ending, is too long, or
 * is not a regular expression.
 */
export async function compileQuery(
  query: string,
  options: Pick<GrepOptions, "path" | "regex" | "ignoreCase"> = {},
): Promise<LineSearcher> {
  const fail = (why: string, cause?: unknown) =>
    new BackendError(
      "invalid_pattern",
      options.path ?? "/",
      `The query ${show(query)} cannot be searched for: ${why}`,
      cause === undefined ? undefined : { cause },
    );
  if (query === "") throw fail("it is empty");
  if (query.length > LIMITS.queryCharacters) {
    throw fail(`it is over ${LIMITS.queryCharacters} characters`);
  }
  if (query.includes("\n")) throw fail("it has a line ending, and lines are searched one by one");
  if (!query.isWellFormed()) throw fail("it has half a surrogate pair in it");
  if (options.regex === true) {
    const matcher = await compileRegex(query, options.ignoreCase === true, fail);
    return { scan: (most, check) => new TextScan(matcher, most, check) };
  }
  if (options.ignoreCase === true && !/^\p{ASCII}*$/u.test(query)) {
    const matcher = literalMatcher(query);
    return { scan: (most, check) => new TextScan(matcher, most, check) };
  }
  // Imported here because it takes longer to start than many runs need.
  const { Buffer } = await import("node:buffer");
  const finder = options.ignoreCase === true
    ? asciiFinder(query)
    : exactFinder(Buffer.from(query).toString("latin1"));
  return { scan: (most, check) => new ByteScan(finder, Buffer, most, check) };
}

function show(query: string): string {
  const shown = query.length <= 200 ? query : `${query.slice(0, 200)}…`;
  return `'${shown.toWellFormed().replaceAll("\n", "\\n")}'`;
}

function literalMatcher(query: string): LineMatcher {
  const expression = new RegExp(RegExp.escape(query), "i");
  return {
    test: (line) => expression.test(line),
    locate: (line) => {
      const match = expression.exec(line);
      return match === null
        ? { start: 0, end: 0 }
        : { start: match.index, end: match.index + match[0].length };
    },
  };
}

async function compileRegex(
  query: string,
  ignoreCase: boolean,
  fail: (why: string, cause?: unknown) => BackendError,
): Promise<LineMatcher> {
  const { RE2JS, RE2JSException } = await import("re2js");
  try {
    const expression = RE2JS.compile(query, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
    const find = (line: string) => {
      const matcher = expression.matcher(line);
      return matcher.find() ? { start: matcher.start(), end: matcher.end() } : { start: 0, end: 0 };
    };
    return {
      test: (line) => expression.test(line),
      locate: (line) => locateInPieces(line, (piece) => expression.test(piece), find),
    };
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw fail(`it is not a regular expression of RE2: ${reasonOf(error)}`, error);
  }
}

function reasonOf(error: Error): string {
  return error.message.replace(/^error parsing regexp: /, "").replaceAll("`", "'");
}

/** Finding where is a hundred times slower than finding whether: a long line is narrowed first. */
function locateInPieces(
  line: string,
  test: (piece: string) => boolean,
  find: (piece: string) => { start: number; end: number },
): { start: number; end: number } {
  if (line.length <= LOCATED_CHARACTERS) return find(line);
  for (let from = 0; from < line.length; from += PIECE_STEP) {
    const piece = line.slice(from, from + PIECE_CHARACTERS);
    if (!test(piece)) continue;
    const { start, end } = find(piece);
    return { start: from + start, end: from + end };
  }
  return { start: 0, end: 0 };
}
