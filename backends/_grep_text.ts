/**
 * Searching decoded lines, one at a time: for regular expressions, and for text whose upper and
 * lower case cannot be told apart in bytes.
 *
 * @module
 */

import { decodeLines, showLine } from "./_grep_line.ts";
import { contentEnd, FileScan } from "./_grep_scan.ts";
import { LF } from "./_lines.ts";
import { LIMITS } from "./limits.ts";

/** Lines between two checks of the time. */
const LINES_BETWEEN_CHECKS = 256;

/** Matches one line. */
export interface LineMatcher {
  /** Whether the line matches. */
  test(line: string): boolean;
  /** Where a line that matches does; only asked for lines too long to be shown whole. */
  locate(line: string): { readonly start: number; readonly end: number };
}

/** The search of one file, line by line. */
export class TextScan extends FileScan {
  readonly #matcher: LineMatcher;
  /** Whether the rest of the line at hand is of no interest. */
  #skipsLine = false;

  /**
   * @param matcher What to look for.
   * @param most As for {@linkcode FileScan}.
   * @param check As for {@linkcode FileScan}.
   */
  constructor(matcher: LineMatcher, most: number, check: () => void) {
    super(most, check);
    this.#matcher = matcher;
  }

  protected override search(bytes: Uint8Array, isLast: boolean): Uint8Array {
    const rest = bytes.subarray(this.#searchFirst(bytes, isLast));
    if (this.isDone || this.#skipsLine) return rest;
    const end = isLast ? rest.length : rest.lastIndexOf(LF) + 1;
    this.#searchLines(decodeLines(rest.subarray(0, end)));
    return rest.subarray(end);
  }

  /**
   * Only the first line at hand can be too long, as all others came with one block. Returns the
   * index after what it dealt with.
   */
  #searchFirst(bytes: Uint8Array, isLast: boolean): number {
    const ending = bytes.indexOf(LF);
    if (this.#skipsLine) {
      if (ending === -1) return bytes.length;
      this.#skipsLine = false;
      this.passLine();
      return ending + 1;
    }
    const end = ending === -1 ? bytes.length : contentEnd(bytes, 0, ending);
    // A last byte that may be the CR of the line's ending does not make the line too long.
    const slack = ending === -1 && !isLast ? 1 : 0;
    if (end <= LIMITS.grepLineBytes + slack) return 0;
    this.cut();
    this.#searchLine(decodeLines(bytes.subarray(0, LIMITS.grepLineBytes)));
    this.#skipsLine = ending === -1 && !isLast;
    if (ending === -1) return bytes.length;
    this.passLine();
    return ending + 1;
  }

  #searchLines(text: string): void {
    for (let start = 0; start < text.length && !this.isDone;) {
      if (this.line % LINES_BETWEEN_CHECKS === 0) this.check();
      const ending = text.indexOf("\n", start);
      const line = text.slice(start, ending === -1 ? text.length : ending);
      const crlf = ending !== -1 && line.endsWith("\r");
      this.#searchLine(crlf ? line.slice(0, -1) : line, crlf);
      if (ending === -1) return;
      this.passLine();
      start = ending + 1;
    }
  }

  #searchLine(line: string, crlf = false): void {
    if (!this.#matcher.test(line)) return;
    const { start, end } = line.length <= LIMITS.grepLineCharacters
      ? { start: 0, end: 0 }
      : this.#matcher.locate(line);
    const shown = showLine(line, start, end);
    this.found(crlf && !shown.cut ? { ...shown, crlf } : shown);
  }
}
