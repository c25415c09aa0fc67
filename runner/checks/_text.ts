/**
 * Checks of a file's text: `contains`, `not_contains`, `matches` and `equals`.
 *
 * @module
 */

import type { RE2JS } from "re2js";
import { counted, excerpt, failed, type Finding, grouped, passed, quote } from "./_finding.ts";

/** States of a pattern times characters of a text: what bounds the time that matching takes. */
const MATCH_WORK = 1_000_000_000;

/** Lines before the first difference that are shown with it. */
const CONTEXT = 2;

/**
 * @param path The file.
 * @param text Its text.
 * @param wanted What it should contain.
 */
export function contains(path: string, text: string, wanted: string): Finding {
  if (text.includes(wanted)) return passed(`'${path}' contains ${quote(wanted)}`);
  const message = `'${path}' should contain ${quote(wanted)}; it has ${summary(text)}`;
  return failed(message, excerpt(wanted), `${summary(text)}${nearMiss(text, wanted)}`);
}

/**
 * @param path The file.
 * @param text Its text.
 * @param unwanted What it should not contain.
 */
export function notContains(path: string, text: string, unwanted: string): Finding {
  const at = text.indexOf(unwanted);
  if (at < 0) return passed(`'${path}' does not contain ${quote(unwanted)}`);
  const line = lineOf(text, at);
  const message = `'${path}' should not contain ${quote(unwanted)}; line ${line} does`;
  return failed(message, `no ${quote(unwanted)}`, `line ${line}: ${quote(lineAt(text, at))}`);
}

/**
 * @param path The file.
 * @param text Its text.
 * @param pattern A regular expression (RE2); `^` and `$` are at the ends of lines.
 */
export async function matches(path: string, text: string, pattern: string): Promise<Finding> {
  const { RE2JS, RE2JSException } = await import("re2js");
  const expected = `a match of ${quote(pattern)}`;
  let expression: RE2JS;
  try {
    expression = RE2JS.compile(pattern, RE2JS.MULTILINE);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const reason = error.message.replace(/^error parsing regexp: /, "");
    const message = `'${path}' cannot be held against the pattern ${quote(pattern)}: ${reason}`;
    return failed(message, expected, `a pattern that cannot be read: ${reason}`);
  }
  if (expression.programSize() * text.length > MATCH_WORK) {
    const found = `a text of ${grouped(text.length)} characters, too long for this pattern`;
    const message = `'${path}' cannot be held against the pattern ${
      quote(pattern)
    }: it is ${found}`;
    return failed(message, expected, found);
  }
  if (expression.test(text)) return passed(`'${path}' matches ${quote(pattern)}`);
  const message = `'${path}' should match ${quote(pattern)}; it has ${summary(text)}`;
  return failed(message, expected, summary(text));
}

/**
 * @param path The file.
 * @param text Its text.
 * @param wanted What it should be.
 */
export function equals(path: string, text: string, wanted: string): Finding {
  if (text === wanted) return passed(`'${path}' equals the expected text`);
  const [expected, found] = [wanted.split("\n"), text.split("\n")];
  let line = 0;
  while (line < expected.length && expected[line] === found[line]) line++;
  const here = expected[line];
  const there = found[line];
  const message = `'${path}' differs from the expected text in line ${line + 1}: ` +
    `expected ${tell(here)}, found ${tell(there)}`;
  return failed(message, around(expected, line), around(found, line));
}

function tell(line: string | undefined): string {
  return line === undefined ? "the end" : quote(line);
}

/** The lines up to a line, with their numbers. */
function around(lines: readonly string[], line: number): string {
  const from = Math.max(0, line - CONTEXT);
  const before = lines.slice(from, line).map((text, index) =>
    `${from + index + 1}: ${quote(text)}`
  );
  return [...before, `${line + 1}: ${tell(lines[line])}`].join("\n");
}

/** A line that differs from the wanted text in case or space alone: the most frequent mistake. */
function nearMiss(text: string, wanted: string): string {
  const plain = (line: string) => line.replaceAll(/\s+/g, " ").trim().toLowerCase();
  const sought = plain(wanted);
  if (sought === "" || wanted.includes("\n") || text.length > 1_000_000) return "";
  const lines = text.split("\n");
  const at = lines.findIndex((line) => plain(line).includes(sought));
  const line = lines[at];
  return line === undefined ? "" : `\nline ${at + 1} is near: ${quote(line)}`;
}

function summary(text: string): string {
  if (text === "") return "nothing in it";
  const first = text.slice(0, text.indexOf("\n") < 0 ? undefined : text.indexOf("\n"));
  const breaks = text.split("\n").length;
  const lines = text.endsWith("\n") ? breaks - 1 : breaks;
  return lines === 1
    ? `one line, ${quote(first)}`
    : `${counted(lines, "line")}, the first ${quote(first)}`;
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

function lineAt(text: string, index: number): string {
  const end = text.indexOf("\n", index);
  return text.slice(text.lastIndexOf("\n", index - 1) + 1, end < 0 ? undefined : end);
}
