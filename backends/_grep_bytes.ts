/**
 * Searching bytes for bytes: the fast way, which decodes only the lines that match.
 *
 * Bytes become a string of one character each, because the search of a string is many times faster
 * than that of a buffer. A line of any length is searched in a window that moves along it.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { CONTEXT_BYTES, showLineBytes } from "./_grep_line.ts";
import { contentEnd, FileScan } from "./_grep_scan.ts";

/** How much of an unfinished line is kept before the window moves along it. */
const WINDOW_BYTES = 64 * 1024;

/** Finds the needle in a string of bytes. */
export interface ByteFinder {
  /** How many bytes it finds. */
  readonly length: number;
  /** The index at or after `from`, or -1. */
  find(text: string, from: number): number;
}

/** Finds exactly these bytes. */
export function exactFinder(needle: string): ByteFinder {
  return { length: needle.length, find: (text, from) => text.indexOf(needle, from) };
}

/** Finds these ASCII characters in any case. */
export function asciiFinder(needle: string): ByteFinder {
  const expression = new RegExp(RegExp.escape(needle), "gi");
  return {
    length: needle.length,
    find: (text, from) => {
      expression.lastIndex = from;
      return expression.exec(text)?.index ?? -1;
    },
  };
}

/** The search of one file for bytes. */
export class ByteScan extends FileScan {
  readonly #finder: ByteFinder;
  readonly #toText: (bytes: Uint8Array) => string;
  /** Whether the bytes at hand begin after the beginning of their line. */
  #inLine = false;
  /** Whether the rest of the line at hand is of no interest. */
  #skipsLine = false;

  /**
   * @param finder What to look for.
   * @param buffers Node's buffers, which know how to make a string of bytes.
   * @param most As for {@linkcode FileScan}.
   * @param check As for {@linkcode FileScan}.
   */
  constructor(finder: ByteFinder, buffers: typeof Buffer, most: number, check: () => void) {
    super(most, check);
    this.#finder = finder;
    this.#toText = (bytes) =>
      buffers.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  }

  protected override search(bytes: Uint8Array, isLast: boolean): Uint8Array {
    const text = this.#toText(bytes);
    let passed = 0;
    const passTo = (index: number) => {
      this.pass(bytes.subarray(passed, index));
      passed = index;
    };
    let index = 0;
    if (this.#skipsLine) {
      index = text.indexOf("\n") + 1;
      if (index === 0) return bytes.subarray(bytes.length);
      this.#skipsLine = this.#inLine = false;
    }
    while (!this.isDone) {
      const match = this.#finder.find(text, index);
      if (match === -1) break;
      const start = match === 0 ? 0 : text.lastIndexOf("\n", match - 1) + 1;
      const ending = text.indexOf("\n", match);
      const isWhole = ending !== -1 || isLast;
      const end = contentEnd(bytes, start, ending === -1 ? bytes.length : ending);
      if (!isWhole && match + this.#finder.length + CONTEXT_BYTES > bytes.length) {
        passTo(start);
        return this.#keep(bytes, start, Math.max(start, match - CONTEXT_BYTES));
      }
      // A match that runs into the line's ending is none.
      if (match + this.#finder.length <= end) {
        passTo(start);
        const line = {
          bytes: bytes.subarray(start, end),
          fromStart: start > 0 || !this.#inLine,
          toEnd: isWhole,
        };
        const first = match - start;
        const shown = showLineBytes(line, first, first + this.#finder.length);
        this.found(end < ending && !shown.cut ? { ...shown, crlf: true } : shown);
      }
      if (!isWhole) {
        this.#skipsLine = true;
        return bytes.subarray(bytes.length);
      }
      if (ending === -1) break;
      index = ending + 1;
    }
    const start = text.lastIndexOf("\n") + 1;
    if (isLast || this.isDone) return bytes.subarray(bytes.length);
    passTo(start);
    if (bytes.length - start <= WINDOW_BYTES) return this.#keep(bytes, start, start);
    return this.#keep(bytes, start, bytes.length - CONTEXT_BYTES - this.#finder.length);
  }

  /** Keeps bytes from within the line that begins at `start`. */
  #keep(bytes: Uint8Array, start: number, from: number): Uint8Array {
    this.#inLine = from > start || (start === 0 && this.#inLine);
    return bytes.subarray(from);
  }
}
