/**
 * The search of one file, whose bytes come in pieces: what is common to all ways of matching.
 *
 * A file is passed over as binary if its first 8,000 bytes have a NUL, which is git's rule: it takes
 * no more than the beginning of a file to know. A byte order mark belongs to no line.
 *
 * @module
 */

import { countLineEndings, LF } from "./_lines.ts";
import type { ShownLine } from "./_grep_line.ts";

/** How much of a file tells whether it is text. */
const HEAD_BYTES = 8_000;
/** What is searched at once. */
const BLOCK_BYTES = 64 * 1024;
const NOTHING = new Uint8Array(0);

/** A line that matched. */
export interface LineMatch extends ShownLine {
  /** Its number, counted from 1. */
  readonly line: number;
}

/** What the search of one file found. */
export interface FileSearch {
  /** Whether the file was searched; otherwise it is binary. */
  readonly isText: boolean;
  /** The lines that matched, as many as were asked for at most. */
  readonly matches: readonly LineMatch[];
  /** The first line that was too long to be searched to its end, or `null`. */
  readonly cutLine: number | null;
}

/**
 * The search of one file: {@linkcode FileScan.push} all of its bytes until it wants no more, then
 * {@linkcode FileScan.finish}.
 */
export abstract class FileScan {
  readonly #most: number;
  readonly #check: () => void;
  readonly #matches: LineMatch[] = [];
  #kept: Uint8Array = NOTHING;
  #isText: boolean | null = null;
  #endings = 0;
  #cutLine: number | null = null;

  /**
   * @param most How many matches are wanted at most.
   * @param check Called every now and then; what it throws ends the search.
   */
  constructor(most: number, check: () => void) {
    this.#most = most;
    this.#check = check;
  }

  /**
   * Takes the next bytes of the file. They may be overwritten afterwards.
   *
   * @param bytes The bytes.
   * @returns Whether more are wanted.
   */
  push(bytes: Uint8Array): boolean {
    for (let from = 0; from < bytes.length && !this.isDone; from += BLOCK_BYTES) {
      this.#pushBlock(bytes.subarray(from, from + BLOCK_BYTES));
    }
    return !this.isDone;
  }

  #pushBlock(block: Uint8Array): void {
    this.check();
    const joined = this.#kept.length === 0 ? block : join(this.#kept, block);
    if (this.#isText === null && joined.length < HEAD_BYTES) {
      this.#kept = joined.slice();
      return;
    }
    const bytes = this.#begin(joined);
    if (!this.isDone) this.#kept = this.search(bytes, false).slice();
  }

  /** Looks at the head of the file, once. */
  #begin(bytes: Uint8Array): Uint8Array {
    if (this.#isText !== null) return bytes;
    this.#isText = !bytes.subarray(0, HEAD_BYTES).includes(0);
    const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    return hasMark ? bytes.subarray(3) : bytes;
  }

  /**
   * Ends the file.
   *
   * @returns What was found.
   */
  finish(): FileSearch {
    if (!this.isDone) {
      const bytes = this.#begin(this.#kept);
      if (!this.isDone) this.search(bytes, true);
    }
    return {
      isText: this.#isText ?? true,
      matches: this.#matches,
      cutLine: this.#cutLine,
    };
  }

  /** Whether nothing that follows can change the result. */
  protected get isDone(): boolean {
    return this.#isText === false || this.#matches.length >= this.#most;
  }

  /** Lets the owner of the search end it. */
  protected check(): void {
    this.#check();
  }

  /** The number, counted from 1, of the line after all those passed. */
  protected get line(): number {
    return this.#endings + 1;
  }

  /** Counts the lines that end in some bytes as passed. */
  protected pass(bytes: Uint8Array): void {
    this.#endings += countLineEndings(bytes);
  }

  /** Counts one line as passed. */
  protected passLine(): void {
    this.#endings++;
  }

  /** Adds the line at hand to the result. */
  protected found(shown: ShownLine): void {
    this.#matches.push({ line: this.line, ...shown });
  }

  /** Says that the line at hand is too long to be searched to its end. */
  protected cut(): void {
    this.#cutLine ??= this.line;
  }

  /**
   * Searches what is known of the file from some point on.
   *
   * @param bytes What the last call returned, and what came after it.
   * @param isLast Whether the file ends with them.
   * @returns The rest of the bytes, wanted again with those that follow.
   */
  protected abstract search(bytes: Uint8Array, isLast: boolean): Uint8Array;
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

/**
 * Where the line's ending begins.
 *
 * @param bytes The bytes.
 * @param start Where the line begins.
 * @param end The index of its LF.
 * @returns The same index, or that of the CR before it.
 */
export function contentEnd(bytes: Uint8Array, start: number, end: number): number {
  return end > start && bytes[end] === LF && bytes[end - 1] === 13 ? end - 1 : end;
}
