/**
 * What a step promised, checked on the files themselves: `produces` and `assert`. The model is
 * never asked.
 *
 * @module
 */

import { BackendError } from "../backends/errors.ts";
import type { Backend } from "../backends/protocol.ts";
import type { CheckResult } from "./events.ts";
import type { ExpressionContext } from "./expressions/context.ts";
import { renderTemplate } from "./expressions/template.ts";
import type { PlanFileAssertion, PlanStep } from "./plan.ts";

/** The versions that a step's produced files had before it: `undefined` for none. */
export type Versions = ReadonlyMap<string, string | undefined>;

/** Characters of a found text that a message quotes. */
const QUOTED = 120;

/**
 * Notes the versions of the files that a step is to produce, before it starts.
 *
 * @param tree The files.
 * @param step The step.
 * @param values What its templates refer to.
 * @returns Each produced path with its version.
 */
export async function versionsBefore(
  tree: Backend,
  step: Pick<PlanStep, "produces">,
  values: ExpressionContext,
): Promise<Versions> {
  const versions = new Map<string, string | undefined>();
  for (const { path } of step.produces) {
    const name = await renderTemplate(path, values);
    versions.set(name, (await fileVersion(tree, name)).version);
  }
  return versions;
}

/**
 * Checks everything that a step promised.
 *
 * @param tree The files, after the step.
 * @param step The step.
 * @param values What its templates refer to.
 * @param before What `versionsBefore` returned before the step.
 * @returns A result for each check, in the order of the file.
 */
export async function checkStep(
  tree: Backend,
  step: PlanStep,
  values: ExpressionContext,
  before: Versions,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { path, place } of step.produces) {
    const name = await renderTemplate(path, values);
    const message = await produced(tree, name, before.get(name));
    results.push({
      check: "produces",
      path: name,
      ok: message === undefined,
      message: message ?? `'${name}' was written in this step`,
      place,
    });
  }
  for (const assertion of step.assertions) {
    if (!isOfFile(assertion)) throw new TypeError(`Assertion '${assertion.kind}' is not known`);
    results.push(await checkAssertion(tree, assertion, values));
  }
  return results;
}

/**
 * Puts failed checks into words for the model that is to mend them.
 *
 * @param results The checks of an attempt.
 * @returns The prompt of the next attempt.
 */
export function feedbackPrompt(results: readonly CheckResult[]): string {
  const failed = results.filter((result) => !result.ok).map((result) => `- ${result.message}`);
  return [
    "The step is not finished. These checks, made on the files themselves, failed:",
    "",
    ...failed,
    "",
    "Mend what they name, then say what you changed.",
  ].join("\n");
}

async function produced(
  tree: Backend,
  path: string,
  before: string | undefined,
): Promise<string | undefined> {
  const now = await fileVersion(tree, path);
  if (now.problem !== undefined) return `'${path}' was not produced: ${now.problem}`;
  if (now.version === undefined) return `'${path}' was not produced: it does not exist`;
  if (now.version === before) {
    return `'${path}' was not produced: the file that is there is older than this step`;
  }
  return undefined;
}

async function fileVersion(
  tree: Backend,
  path: string,
): Promise<{ version?: string; problem?: string }> {
  try {
    const info = await tree.stat(path);
    if (info.type === "file") return { version: info.version };
    return { problem: `it is ${info.type === "directory" ? "a directory" : "not a regular file"}` };
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    if (error.code === "not_found" || error.code === "not_directory") return {};
    return { problem: error.message };
  }
}

function isOfFile(assertion: PlanStep["assertions"][number]): assertion is PlanFileAssertion {
  return Object.hasOwn(PASSED, assertion.kind);
}

async function checkAssertion(
  tree: Backend,
  assertion: PlanFileAssertion,
  values: ExpressionContext,
): Promise<CheckResult> {
  const path = await renderTemplate(assertion.file, values);
  const value = assertion.value === undefined ? "" : await renderTemplate(assertion.value, values);
  const failure = await assertionFailure(tree, assertion.kind, path, value);
  return {
    check: assertion.kind,
    path,
    ok: failure === undefined,
    message: failure ?? `'${path}' ${PASSED[assertion.kind]}${holds(assertion, value)}`,
    place: assertion.place,
  };
}

const PASSED: Record<PlanFileAssertion["kind"], string> = {
  contains: "contains",
  not_contains: "does not contain",
  matches: "matches",
  equals: "equals the expected text",
  exists: "exists",
  not_exists: "does not exist",
  is_json: "is JSON",
};

function holds(assertion: PlanFileAssertion, value: string): string {
  const quoted = assertion.kind === "contains" || assertion.kind === "not_contains" ||
    assertion.kind === "matches";
  return quoted ? ` ${quote(value)}` : "";
}

async function assertionFailure(
  tree: Backend,
  kind: PlanFileAssertion["kind"],
  path: string,
  value: string,
): Promise<string | undefined> {
  if (kind === "exists" || kind === "not_exists") {
    const there = await exists(tree, path);
    if (there === (kind === "exists")) return undefined;
    return there ? `'${path}' exists, and should not` : `'${path}' does not exist`;
  }
  let text: string;
  try {
    text = (await tree.read(path)).text;
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return error.message;
  }
  if (kind === "contains") {
    return text.includes(value)
      ? undefined
      : `'${path}' should contain ${quote(value)}; it has ${summary(text)}`;
  }
  if (kind === "not_contains") {
    const at = text.indexOf(value);
    if (at < 0) return undefined;
    return `'${path}' should not contain ${quote(value)}; line ${lineOf(text, at)} does`;
  }
  if (kind === "matches") {
    const { RE2JS } = await import("re2js");
    return RE2JS.compile(value, RE2JS.MULTILINE).matcher(text).find()
      ? undefined
      : `'${path}' should match ${quote(value)}; it has ${summary(text)}`;
  }
  return text === value ? undefined : firstDifference(path, value, text);
}

async function exists(tree: Backend, path: string): Promise<boolean> {
  try {
    await tree.stat(path);
    return true;
  } catch (error) {
    if (
      error instanceof BackendError &&
      (error.code === "not_found" || error.code === "not_directory")
    ) return false;
    throw error;
  }
}

function firstDifference(path: string, expected: string, found: string): string {
  const wanted = expected.split("\n");
  const got = found.split("\n");
  let line = 0;
  while (line < wanted.length && wanted[line] === got[line]) line++;
  const tell = (text: string | undefined) => text === undefined ? "the end" : quote(text);
  return `'${path}' differs from the expected text in line ${line + 1}: ` +
    `expected ${tell(wanted[line])}, found ${tell(got[line])}`;
}

function summary(text: string): string {
  if (text === "") return "nothing in it";
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const first = lines[0] ?? "";
  return lines.length === 1
    ? `one line, ${quote(first)}`
    : `${lines.length} lines, the first ${quote(first)}`;
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

function quote(text: string): string {
  const short = text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text;
  return `'${short.replaceAll("\n", "\\n")}'`;
}
