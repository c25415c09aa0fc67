/**
 * A command as a person can read it, and a shell can take it.
 *
 * @module
 */

import { printable, textWidth } from "./_width.ts";

/** The widest line, where words allow it. */
const CELLS = 100;

/**
 * @param words A program and its arguments.
 * @returns It as a shell takes it, in lines with a backslash at the end of all but the last one: an
 * option and its values stay in one line.
 */
export function commandLines(words: readonly string[]): readonly string[] {
  const groups: string[] = [];
  for (const word of words) {
    const last = groups.at(-1);
    const begins = last === undefined || word.startsWith("--") || last === "--";
    if (begins) groups.push(shellWord(word));
    else groups[groups.length - 1] = `${last} ${shellWord(word)}`;
  }
  const lines: string[] = [];
  for (const group of groups) {
    const last = lines.at(-1);
    // Two cells are left for the backslash.
    if (last !== undefined && textWidth(`${last} ${group}`) <= CELLS - 2) {
      lines[lines.length - 1] = `${last} ${group}`;
    } else lines.push(last === undefined ? group : `  ${group}`);
  }
  return lines.map((line, index) => index < lines.length - 1 ? `${line} \\` : line);
}

/**
 * @param word An argument.
 * @returns It as a shell takes it; control characters as their pictures.
 */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${printable(word).replaceAll("'", "'\\''")}'`;
}
