/**
 * What is wrong with a file that a person wrote: where, what, and what to do about it.
 *
 * @module
 */

import type { DiagnosticCode } from "./diagnostic_codes.ts";
import type { Place } from "./plan.ts";
import { styleFor } from "./_style.ts";
import { characterWidth, printable } from "./_width.ts";

/** One problem of a file. */
export interface Diagnostic {
  /** An error stops the run, a warning does not. */
  readonly severity: "error" | "warning";
  /** What kind of problem it is: one of those that docs/diagnostics.md lists. */
  readonly code: DiagnosticCode;
  /** One sentence: a capital, no full stop. */
  readonly message: string;
  /** Where; absent if it is not about a place in a file, such as a bad option. */
  readonly place?: Place;
  /**
   * How many UTF-16 code units of the line it is about.
   *
   * @default {1}
   */
  readonly length?: number;
  /** What to do about it. */
  readonly hint: string;
}

/** Options of {@linkcode formatDiagnostics}. */
export interface FormatOptions {
  /**
   * Whether to colour for a terminal.
   *
   * @default {false}
   */
  readonly color?: boolean;
}

/** The most diagnostics that are printed; the rest are counted. */
const SHOWN = 100;

/** The most cells of a source line that are printed. */
const LINE_CELLS = 100;

/** The UTF-16 code units on each side of a column among which those are found. */
const NEAR = 1_000;

/** How wide a tab is printed. */
const TAB = "    ";

/** The code of problems that are only a rehearsal not fitting its workflow. */
const MISMATCH = "rehearsal-mismatch";

/**
 * The exit code that a list of problems leads to.
 *
 * @param diagnostics All problems found.
 * @returns 0 if there is no error, 7 if the only errors are a rehearsal that does not match its
 *   workflow, else 2.
 */
export function exitCodeFor(diagnostics: readonly Diagnostic[]): 0 | 2 | 7 {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length === 0) return 0;
  return errors.every(({ code }) => code === MISMATCH) ? 7 : 2;
}

/**
 * Sorts problems by place: those without one first, then file by file in the order in which the
 * files first appear.
 *
 * @param diagnostics Problems in any order.
 * @returns A sorted copy.
 */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const files = new Map<string, number>();
  for (const { place } of diagnostics) {
    if (place !== undefined && !files.has(place.file)) files.set(place.file, files.size);
  }
  const fileOf = (place: Place | undefined) => place ? files.get(place.file) ?? 0 : -1;
  return diagnostics.toSorted((a, b) =>
    fileOf(a.place) - fileOf(b.place) ||
    (a.place?.line ?? 0) - (b.place?.line ?? 0) ||
    (a.place?.column ?? 0) - (b.place?.column ?? 0)
  );
}

/** Characters of a secret in the file that are shown: what kind of secret it is. */
const SECRET_SHOWN = 8;

/**
 * Prints problems as Deno does: a headline, the place, the line with carets below it, and a hint.
 *
 * @param diagnostics The problems, in any order.
 * @param sources The text of each file by the name that places use; a file that is missing here is
 *   named without its line.
 * @param options Whether to colour.
 * @returns Lines with a blank line between problems, the last one ended; empty if there is no
 *   problem.
 */
export function formatDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  options: FormatOptions = {},
): string {
  const sorted = sortDiagnostics(diagnostics);
  const lines = new Map<string, readonly string[]>();
  // What is printed ends up in logs that more people read than the file.
  const secrets = sorted.filter(({ code }) => code === "inlined-secret");
  const lineOf = ({ file, line }: Place): string | undefined => {
    const known = lines.get(file) ?? sources.get(file)?.split("\n");
    if (known !== undefined) lines.set(file, known);
    const text = known?.[line - 1]?.replace(/\r$/, "");
    return text === undefined ? undefined : secrets
      .filter(({ place }) => place?.file === file && place.line === line)
      .reduce(withStars, text);
  };
  const blocks = sorted.slice(0, SHOWN).map((diagnostic) =>
    formatOne(diagnostic, diagnostic.place && lineOf(diagnostic.place), options.color ?? false)
  );
  const hidden = sorted.length - SHOWN;
  if (hidden > 0) {
    blocks.push(`note: ${hidden} more ${hidden === 1 ? "problem is" : "problems are"} not shown`);
  }
  return blocks.length === 0 ? "" : `${blocks.join("\n\n")}\n`;
}

/** A line with stars for most of the secret that is in it. */
function withStars(line: string, { place, length = 1 }: Diagnostic): string {
  const end = (place?.column ?? 1) - 1 + length;
  const hidden = Math.max(0, length - SECRET_SHOWN);
  return line.slice(0, end - hidden) + "*".repeat(hidden) + line.slice(end);
}

function formatOne(diagnostic: Diagnostic, line: string | undefined, color: boolean): string {
  const { severity, code, message, place, length, hint } = diagnostic;
  const style = styleFor(color);
  const loud = severity === "error" ? style.red : style.yellow;
  const out = [
    `${style.bold(loud(`${severity}[${code}]`))}: ${style.bold(printable(message))}`,
  ];
  const number = place === undefined ? "" : `${place.line}`;
  const margin = " ".repeat(number.length);
  if (place !== undefined) {
    const address = `${printable(place.file)}:${place.line}:${place.column}`;
    out.push(`${margin}${style.cyan("-->")} ${style.cyan(address)}`);
    if (line !== undefined) {
      const { text, before, under } = windowOf(line, place.column - 1, length ?? 1);
      const bar = style.dim("|");
      out.push(
        `${margin} ${bar}`,
        `${style.dim(number)} ${bar} ${text}`.trimEnd(),
        `${margin} ${bar} ${" ".repeat(before)}${loud("^".repeat(under))}`,
      );
    }
  }
  out.push(`${margin} ${style.cyan("= hint:")} ${printable(hint)}`);
  return out.join("\n");
}

/**
 * The part of a line to show, and where its carets go, in cells of the terminal. A line longer
 * than the screen is shown around the column, with an ellipsis where it was cut.
 */
function windowOf(
  line: string,
  column: number,
  length: number,
): { readonly text: string; readonly before: number; readonly under: number } {
  const cells: { text: string; width: number; marked: boolean }[] = [];
  // Of a line of a megabyte only what is near can be shown.
  const from = characterStart(line, Math.max(0, column - NEAR));
  const to = characterStart(line, column + NEAR);
  let offset = from;
  for (const character of line.slice(from, to)) {
    const marked = offset >= column && offset < column + length;
    const text = character === "\t" ? TAB : printable(character);
    const width = character === "\t" ? TAB.length : characterWidth(text);
    cells.push({ text, width, marked });
    offset += character.length;
  }
  const first = cells.findIndex(({ marked }) => marked);
  const anchor = first < 0 ? cells.length : first;
  let start = 0;
  if (cells.length > LINE_CELLS) {
    start = Math.max(0, Math.min(anchor - LINE_CELLS / 2, cells.length - LINE_CELLS));
  }
  const shown = cells.slice(start, start + LINE_CELLS);
  const cutBefore = from > 0 || start > 0 ? "…" : "";
  const cutAfter = to < line.length || start + shown.length < cells.length ? "…" : "";
  const sum = (part: readonly { width: number }[]) =>
    part.reduce((total, { width }) => total + width, 0);
  return {
    text: cutBefore + shown.map(({ text }) => text).join("") + cutAfter,
    before: cutBefore.length + sum(shown.slice(0, anchor - start)),
    under: Math.max(1, sum(shown.filter(({ marked }) => marked))),
  };
}

/** The offset, or the one before it where a surrogate pair would be cut in two. */
function characterStart(text: string, offset: number): number {
  return /^[\udc00-\udfff]/.test(text.slice(offset, offset + 1)) ? offset - 1 : offset;
}
