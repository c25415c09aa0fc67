/**
 * What people write in YAML and YAML reads as something else: expressions that become maps, texts
 * that a comment cuts, keys without a space after the colon.
 *
 * @module
 */

/** What to do about a text that begins with two braces. */
export const BRACES = 'An expression begins with "${{"; put a text that begins with "{{" in quotes';

/** What to do about a value that a comment took the place of. */
const COMMENTED = 'A "#" after a space begins a comment: put the text in quotes';

/**
 * @param rest What stands in the line where a value is expected.
 * @returns What to do about it, if it is known why the value is another one than was meant.
 */
export function hintForValue(rest: string): string | undefined {
  if (rest.startsWith("{{")) return BRACES;
  return rest.trimStart().startsWith("#") ? COMMENTED : undefined;
}

/**
 * @param line The line of a mistake.
 * @param column The column of the mistake, from 0.
 * @returns What to do about it, if it is one of those that many make.
 */
export function hintForLine(line: string, column: number): string | undefined {
  const before = line.slice(0, column);
  if (/(?:^|[:,[-]\s*)\{\{/.test(before)) return BRACES;
  if (/\$$/.test(before) && line.startsWith("{", column)) {
    return "Put the text in quotes: between brackets, braces have a meaning of their own";
  }
  if (before.endsWith("'") && before.slice(0, -1).includes("'")) {
    return "Between single quotes an apostrophe is written twice: 'It''s done'";
  }
  const unspaced = /^\s*(?:- +)*([\w-]+):(?=[^\s/])(.*)$/.exec(line);
  if (unspaced === null) return undefined;
  return `Put a space after the colon: ${unspaced[1]}: ${unspaced[2]?.trim()}`;
}

/**
 * Finds a comment that probably belongs to the text before it: `Fix issue #12`.
 *
 * @param text The file.
 * @param end Where a text without quotes ends.
 * @returns The offset of its "#", if there is one and what follows is no comment by its look.
 */
export function cutAt(text: string, end: number): number | undefined {
  const comment = /^[ \t]+#[^\s#!-]/.exec(text.slice(end, end + 1_000));
  return comment === null ? undefined : end + comment[0].length - 2;
}

/** A number that YAML 1.1 read by the base of sixty: `1:30`. */
export function fromSixty(text: string): number | undefined {
  if (!/^\d+(?::[0-5]?\d)+$/.test(text)) return undefined;
  return text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}
