/**
 * Failed checks in words: for the model that is to mend them, and for people.
 *
 * @module
 */

import type { CheckResult } from "../events.ts";

/** Failed checks that a model is told of, and characters of what each expected and found. */
const TOLD = 20;
const TOLD_CHARACTERS = 4_000;

/**
 * Puts failed checks into words for the model that is to mend them.
 *
 * @param results The checks of an attempt.
 * @returns The prompt of the next attempt.
 */
export function feedbackPrompt(results: readonly CheckResult[]): string {
  const failed = results.filter((result) => !result.ok);
  const more = failed.length - TOLD;
  return [
    "The step is not finished. These checks, made on the files themselves, failed:",
    "",
    ...failed.slice(0, TOLD).flatMap(({ message, expected, found }) => [
      `- ${message}`,
      ...part("Expected", expected),
      ...part("Found", found),
    ]),
    ...(more > 0 ? [`- and ${more} more`] : []),
    "",
    "Mend what they name, then say what you changed.",
  ].join("\n");
}

function part(label: string, text: string | undefined): readonly string[] {
  if (text === undefined || text === "") return [];
  const cut = text.length > TOLD_CHARACTERS
    ? `${text.slice(0, TOLD_CHARACTERS).toWellFormed()}…`
    : text;
  const lines = cut.split("\n");
  if (lines.length === 1) return [`  ${label}: ${cut}`];
  return [`  ${label}:`, ...lines.map((line) => `    ${line}`)];
}

/**
 * A check in lines for people: its sentence; for one that failed also its own place in the workflow,
 * what was expected and what was found. Control characters are in them as they were found.
 *
 * @param result The check.
 * @returns The sentence, and lines that belong below it.
 *
 * @example
 * ```ts
 * import { checkLines } from "./feedback.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const lines = checkLines({
 *   check: "lines",
 *   path: "/notes.txt",
 *   ok: false,
 *   message: "'/notes.txt' should have at most 2 lines; it has 3 lines",
 *   expected: "at most 2 lines",
 *   found: "3 lines",
 *   place: { file: "notes.yaml", line: 9, column: 7 },
 * });
 * assertEquals(lines, [
 *   "'/notes.txt' should have at most 2 lines; it has 3 lines",
 *   "--> notes.yaml:9:7 (lines)",
 *   "expected: at most 2 lines",
 *   "found:    3 lines",
 * ]);
 * ```
 */
export function checkLines(
  { ok, check, message, expected, found, place }: CheckResult,
): readonly string[] {
  if (ok) return [message];
  return [
    message,
    `--> ${place.file}:${place.line}:${place.column} (${check})`,
    ...labelled("expected:", expected),
    ...labelled("found:   ", found),
  ];
}

function labelled(label: string, text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const indent = " ".repeat(label.length);
  return text.split("\n").map((line, index) => `${index === 0 ? label : indent} ${line}`.trimEnd());
}
