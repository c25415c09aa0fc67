/**
 * Two texts that should be alike, each on one line, with the place where they part in view.
 *
 * @module
 */

const BEFORE = 60;
const AFTER = 240;

/** Quotes both texts from shortly before the first difference on. */
export function describeMismatch(
  expected: string,
  actual: string,
): { readonly expected: string; readonly actual: string } {
  const start = Math.max(0, firstDifference(expected, actual) - BEFORE);
  return { expected: quoteFrom(expected, start), actual: quoteFrom(actual, start) };
}

function firstDifference(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    if (a.charCodeAt(index) !== b.charCodeAt(index)) return index;
  }
  return length;
}

/** Quotes the start of a text. */
export function quoteStart(text: string): string {
  return quoteFrom(text, 0);
}

function quoteFrom(text: string, start: number): string {
  const end = start + BEFORE + AFTER;
  const shown = JSON.stringify(text.slice(start, end).toWellFormed());
  return `${start > 0 ? "…" : ""}${shown}${text.length > end ? "…" : ""}`;
}
