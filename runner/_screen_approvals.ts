/**
 * Approvals on the screen: what a call wants, all that a person decides by, and the answer.
 *
 * @module
 */

import type { RunEvent } from "./events.ts";
import type { Style } from "./_style.ts";
import { printable } from "./terminal.ts";

/** Lines of a diff or a command that are shown. */
const DETAIL_LINES = 500;

type Requested = Extract<RunEvent, { type: "approval.requested" }>;
type Answered = Extract<RunEvent, { type: "approval.answered" }>;

/**
 * @param event A call that waits for somebody's word.
 * @param paint The styles.
 * @returns The question, as the answer is then asked for below it.
 */
export function requestLines({ tool, wishes, detail }: Requested, paint: Style): string[] {
  const wanted = wishes.map(({ verb, what, rule }) => {
    // A command is what the detail shows.
    const object = verb === "execute" ? "a command" : printable(what).replaceAll("\n", " ");
    return `  ${paint.yellow("approve?")}    ${printable(tool)}: ${verb} ${object} ` +
      paint.dim(`(ask: ${printable(rule)})`);
  });
  const lines = printable(detail).replace(/\n$/, "").split("\n");
  const shown = lines.slice(0, DETAIL_LINES).map((line) =>
    // Marked, so that no line of a file is taken for one of the screen's own.
    `    | ${paintDiff(line, paint)}`
  );
  const more = lines.length - shown.length;
  return more === 0
    ? [...wanted, ...shown]
    : [...wanted, ...shown, paint.yellow(`    (${more} more lines, not shown)`)];
}

/**
 * @param event What somebody said to it.
 * @param paint The styles.
 * @returns The answer.
 */
export function answerLines({ verdict, reason = "" }: Answered, paint: Style): string[] {
  const why = reason === "" ? "" : `: ${printable(reason).replaceAll("\n", " ")}`;
  if (verdict === "granted") return [`    ${paint.green("approved")}`];
  if (verdict === "refused") return [`    ${paint.red("not approved")}${why}`];
  return [`    ${paint.yellow("left to wait for an answer")}${why}`];
}

function paintDiff(line: string, paint: Style): string {
  if (/^(?:\+\+\+|---|@@)/.test(line)) return paint.dim(line);
  if (line.startsWith("+")) return paint.green(line);
  return line.startsWith("-") ? paint.red(line) : line;
}
