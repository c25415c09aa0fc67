/**
 * Failed checks in words, for the model that is to mend them.
 *
 * @module
 */

import type { CheckResult } from "../events.ts";
import { QUOTED } from "./_finding.ts";

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
  // What is short is in the message, whole.
  if (lines.length === 1 && cut.length <= QUOTED) return [];
  return [`  ${label}:`, ...lines.map((line) => `    ${line}`)];
}
