/**
 * Commands on the screen: what is run, the first lines of what it prints, and how it ended.
 *
 * @module
 */

import type { Style } from "./_style.ts";
import { printable } from "./terminal.ts";

/** Lines of a command's output that are shown; the journal has all that was kept. */
const OUTPUT_LINES = 20;

/** Lines of a script that are shown. */
const SCRIPT_LINES = 8;

/** Characters of one line that are shown. */
const LINE_CHARACTERS = 160;

const ESCAPE = "\u001b";

// Colours, which would stand as escape codes in a line that shows all control characters.
const COLOURS = new RegExp(`${ESCAPE}\\[[0-9;:]*m`, "g");

type Stream = "stdout" | "stderr";

/** One command, while it runs. */
export class ShownCommand {
  readonly #paint: Style;
  readonly #unfinished = new Map<Stream, string>();
  #lines = 0;

  /** @param paint The styles. */
  constructor(paint: Style) {
    this.#paint = paint;
  }

  /**
   * @param stream Where it was printed.
   * @param text What was printed; it may end in the middle of a line.
   * @returns The lines to show.
   */
  output(stream: Stream, text: string): string[] {
    const lines = ((this.#unfinished.get(stream) ?? "") + text).split("\n");
    this.#unfinished.set(stream, lines.pop() ?? "");
    return this.#shown(lines);
  }

  /**
   * @param exitCode Its exit code, if it came to one.
   * @param timedOut Whether its time was up.
   * @returns The lines that were not ended, and how the command ended if that is worth a line.
   */
  end(exitCode: number | undefined, timedOut: boolean): string[] {
    const rest = this.#shown([...this.#unfinished.values()].filter((text) => text !== ""));
    const hidden = this.#lines - OUTPUT_LINES;
    if (hidden > 0) {
      rest.push(`    ${this.#paint.dim(`(${hidden} more ${hidden === 1 ? "line" : "lines"})`)}`);
    }
    if (exitCode !== undefined && exitCode !== 0) {
      const why = timedOut ? " (its time was up)" : "";
      rest.push(`    ${this.#paint.yellow(`exit code ${exitCode}${why}`)}`);
    }
    return rest;
  }

  #shown(lines: readonly string[]): string[] {
    const left = Math.max(OUTPUT_LINES - this.#lines, 0);
    this.#lines += lines.length;
    return lines.slice(0, left).map((line) => `    ${this.#paint.dim(`| ${outputLine(line)}`)}`);
  }
}

/**
 * @param command A script, or a program with its arguments.
 * @returns Its first lines.
 */
export function commandLines(command: string | readonly string[]): string[] {
  const lines = commandText(command).trim().split("\n");
  const shown = lines.slice(0, SCRIPT_LINES).map((line) => cut(printable(line.trimEnd())));
  const more = lines.length - shown.length;
  return more === 0 ? shown : [...shown, `(${more} more ${more === 1 ? "line" : "lines"})`];
}

/**
 * @param command A script, or a program with its arguments.
 * @returns It as a person would type it.
 */
export function commandText(command: string | readonly string[]): string {
  return typeof command === "string" ? command : command.map(quoted).join(" ");
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function outputLine(line: string): string {
  // A carriage return is how a progress bar starts its line again.
  const last = line.replace(/\r+$/, "").split("\r").at(-1) ?? "";
  return cut(printable(last.replaceAll(COLOURS, "").replaceAll("\t", "    ")));
}

function cut(line: string): string {
  return line.length > LINE_CHARACTERS ? `${line.slice(0, LINE_CHARACTERS)}…` : line;
}
