/**
 * Columns that line up on a terminal.
 *
 * @module
 */

import type { Paint } from "./_style.ts";
import { printable, textWidth } from "./_width.ts";

/** Options of {@linkcode tableLines}. */
export interface TableOptions {
  /** The columns' names. */
  readonly header?: readonly string[];
  /** How the header is painted. */
  readonly paint: Paint;
}

/**
 * @param rows Rows of cells; what is not printable in them is made so.
 * @param options A header and its paint.
 * @returns Lines, indented by two spaces, without white space at their ends.
 */
export function tableLines(
  rows: readonly (readonly string[])[],
  options: TableOptions,
): readonly string[] {
  const { header, paint } = options;
  const safe = rows.map((row) => row.map(printable));
  const all = header === undefined ? safe : [header, ...safe];
  const columns = Math.max(0, ...all.map((row) => row.length));
  const widths = Array.from(
    { length: columns },
    (_, column) => Math.max(...all.map((row) => textWidth(row[column] ?? ""))),
  );
  return all.map((row, index) => {
    const line = row
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - textWidth(cell)))
      .join("  ").trimEnd();
    return `  ${header !== undefined && index === 0 ? paint(line) : line}`;
  });
}
