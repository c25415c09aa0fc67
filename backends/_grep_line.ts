/**
 * How much of a line a search shows: all of a line of ordinary length, and of a longer one the part
 * around the match.
 *
 * @module
 */

import { LIMITS } from "./limits.ts";

/** Bytes on either side of a match that surely hold all that is shown of its line. */
export const CONTEXT_BYTES = LIMITS.grepLineCharacters * 4;

/** Characters shown before a match that is too far from the line's beginning. */
const LEAD = 100;

/** What is shown of a line. */
export interface ShownLine {
  readonly text: string;
  readonly cut: boolean;
  readonly crlf?: true;
}

/**
 * Cuts a line.
 *
 * @param line The line without its ending.
 * @param start Where the match begins.
 * @param end Where it ends.
 * @returns The line, or `LIMITS.grepLineCharacters` of it, with the match's beginning in them.
 */
export function showLine(line: string, start: number, end: number): ShownLine {
  const most = LIMITS.grepLineCharacters;
  if (line.length <= most) return { text: line, cut: false };
  const from = end <= most ? 0 : Math.max(0, start - LEAD);
  return { text: sliceCharacters(line, from, from + most), cut: true };
}

/** A slice that has no half of a surrogate pair at its ends. */
function sliceCharacters(line: string, from: number, to: number): string {
  const first = isLowSurrogate(line, from) ? from + 1 : from;
  const last = isLowSurrogate(line, to) ? to - 1 : to;
  return line.slice(first, last);
}

function isLowSurrogate(line: string, index: number): boolean {
  return index > 0 && (line.codePointAt(index - 1) ?? 0) > 0xffff;
}

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Turns the bytes of lines into text; what is not UTF-8 shows as U+FFFD.
 *
 * @param bytes The bytes.
 * @returns The text.
 */
export function decodeLines(bytes: Uint8Array): string {
  return DECODER.decode(bytes);
}

/** A line in bytes, as far as it was read. */
export interface LineBytes {
  readonly bytes: Uint8Array;
  /** Whether the bytes begin where the line does. */
  readonly fromStart: boolean;
  /** Whether the bytes end where the line does, before its ending. */
  readonly toEnd: boolean;
}

/**
 * Cuts a line of bytes to the same text as {@linkcode showLine}, decoding no more than it must.
 *
 * @param line The line.
 * @param start The index of the match's first byte.
 * @param end The index after its last one.
 * @returns What is shown.
 */
export function showLineBytes(line: LineBytes, start: number, end: number): ShownLine {
  const { bytes } = line;
  const fromStart = line.fromStart && start <= CONTEXT_BYTES;
  const first = fromStart ? 0 : characterStart(bytes, Math.max(0, start - CONTEXT_BYTES));
  const last = Math.min(bytes.length, start + CONTEXT_BYTES);
  const text = decodeLines(bytes.subarray(first, last));
  const whole = fromStart && line.toEnd && last === bytes.length;
  if (whole && text.length <= LIMITS.grepLineCharacters) return { text, cut: false };
  const before = decodeLines(bytes.subarray(first, start)).length;
  const after = before + decodeLines(bytes.subarray(start, end)).length;
  const from = fromStart && after <= LIMITS.grepLineCharacters ? 0 : Math.max(0, before - LEAD);
  return { text: sliceCharacters(text, from, from + LIMITS.grepLineCharacters), cut: true };
}

/** The first byte at or after an index that does not continue a character. */
function characterStart(bytes: Uint8Array, index: number): number {
  let start = index;
  while (start < index + 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return start;
}
