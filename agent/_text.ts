/**
 * How results are written for the model: cut to size, with what is missing said.
 *
 * @module
 */

import type { SearchFailure } from "../backends/protocol.ts";

/** The most bytes of UTF-8 that a tool's result has, notes included: 64 KiB. */
export const RESULT_BYTES = 64 * 1024;

/** What {@linkcode fitLines} leaves free for the notes that follow the lines. */
const NOTE_BYTES = 2 * 1024;

/** The bytes of a text in UTF-8. */
export function byteLength(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    // Each half of a surrogate pair counts for two of its four bytes.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

/** As many of the lines, from the first on, as fit a result. */
export function fitLines(lines: readonly string[]): readonly string[] {
  let left = RESULT_BYTES - NOTE_BYTES;
  const end = lines.findIndex((line) => (left -= byteLength(line) + 1) < 0);
  return end === -1 ? lines : lines.slice(0, end);
}

/** Cuts a result that is too long for the model, and says so at its end. */
export function cutResult(text: string): string {
  const whole = text.toWellFormed();
  if (whole.length * 3 <= RESULT_BYTES) return whole;
  const bytes = byteLength(whole);
  if (bytes <= RESULT_BYTES) return whole;
  const note = `\n(cut here: the result has ${count(bytes, "byte")})`;
  return startOf(whole, RESULT_BYTES - byteLength(note)) + note;
}

/** The longest start of a text that has no more than so many bytes of UTF-8. */
function startOf(text: string, bytes: number): string {
  const buffer = new Uint8Array(bytes);
  return text.slice(0, new TextEncoder().encodeInto(text, buffer).read);
}

/** `1 file`, `2,000 files`. */
export function count(number: number, noun: string): string {
  const plural = /(?:s|sh|ch|x)$/.test(noun) ? `${noun}es` : noun.replace(/y$/, "ie") + "s";
  return `${grouped(number)} ${number === 1 ? noun : plural}`;
}

/** A path as a line of a result shows it: quoted where it would otherwise break the line. */
export function shownPath(path: string): string {
  return /[\p{Cc}\u2028\u2029]/u.test(path) ? JSON.stringify(path) : path;
}

/** A line for each part of a search that failed. */
export function failureNotes(failures: readonly SearchFailure[]): readonly string[] {
  const shown = failures.slice(0, 5).map(({ path, message }) =>
    `(not searched: ${shownPath(path)}: ${message})`
  );
  const more = failures.length - shown.length;
  return more === 0 ? shown : [...shown, `(not searched: ${count(more, "other place")})`];
}

/** A whole number with its thousands apart: `1,234`. (`Intl` takes 40 ms to load.) */
export function grouped(number: number): string {
  return String(number).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}
