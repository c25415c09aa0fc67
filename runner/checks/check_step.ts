/**
 * What a step promised, checked on the files themselves: `produces` and `assert`. The model is never
 * asked, but by a judge.
 *
 * @module
 */

import type { JudgeResult } from "../../agent/process.ts";
import { BackendError } from "../../backends/errors.ts";
import type { Backend } from "../../backends/protocol.ts";
import type { ExecuteResult } from "../../backends/shells/shell.ts";
import type { CheckResult } from "../events.ts";
import type { ExpressionContext } from "../expressions/context.ts";
import { ExpressionError } from "../expressions/errors.ts";
import { renderTemplate } from "../expressions/template.ts";
import type { Place, PlanStep } from "../plan.ts";
import type { PlanAssertion, PlanFileAssertion, PlanSizeAssertion } from "../plan_assertions.ts";
import { type CheckCommand, succeeds } from "./_command.ts";
import { failed, type Finding, lookAt } from "./_finding.ts";
import { type CheckEnd, holds, type JudgeQuestion } from "./_judge.ts";
import { exists, measures, notExists } from "./_presence.ts";
import { contains, equals, matches, notContains } from "./_text.ts";
import { produced, type Versions } from "./versions.ts";

export type { CheckCommand } from "./_command.ts";
export type { CheckEnd, JudgeQuestion } from "./_judge.ts";

/** What {@linkcode checkStep} needs. */
export interface CheckOptions {
  /** The files, after the step. */
  readonly tree: Backend;
  /**
   * The same as far as the model may read them: a check tells of no others what is in them, and a
   * judge is not shown them. `tree` without it.
   */
  readonly readable?: Backend | undefined;
  /** What the step's templates refer to. */
  readonly context: ExpressionContext;
  /** The same with the secrets, for the variables of commands; `context` without it. */
  readonly commandContext?: ExpressionContext | undefined;
  /** What `versionsBefore` returned before the step. */
  readonly versions: Versions;
  /** The step's output: what a judge without a file is shown. */
  readonly output: string;
  /** Whether something has failed already: then no judge is asked; `false` without it. */
  readonly hasFailed?: boolean | undefined;
  /** Asks the model of a judge. */
  readonly judge: (question: JudgeQuestion) => Promise<JudgeResult>;
  /** Runs the command of a check in the run's shell. */
  readonly execute: (command: CheckCommand) => Promise<ExecuteResult>;
}

/** What {@linkcode checkStep} found. */
export interface CheckedStep {
  /**
   * A result for each check that was made, in the order of the file, but that judges come last: they
   * are asked where all else holds. Those after an end are not made.
   */
  readonly results: readonly CheckResult[];
  /** Set where a judge had to end the step: how, and why. */
  readonly ended?: CheckEnd;
}

/** The most bytes of a file whose text is checked. */
export const TEXT_BYTES = 16 * 1024 * 1024;

/**
 * Checks everything that a step promised.
 *
 * @param step The step.
 * @param options The files, and whom to ask.
 * @returns What was found.
 * @throws {Error} What `judge` and `execute` throw, and the tree when its process is gone.
 */
export async function checkStep(
  step: Pick<PlanStep, "produces" | "assertions">,
  options: CheckOptions,
): Promise<CheckedStep> {
  const { tree, context, versions } = options;
  const results: CheckResult[] = [];
  for (const { path, place } of step.produces) {
    const name = await renderTemplate(path, context);
    results.push(
      resultOf("produces", name, await produced(tree, name, versions.get(name)), place),
    );
  }
  const judges = step.assertions.filter(({ kind }) => kind === "judge");
  const others = step.assertions.filter(({ kind }) => kind !== "judge");
  const first = await checkAll(others, results, options);
  if (first !== undefined) return { results, ended: first };
  // A judge takes a model and money: what a command can find out comes first.
  if (options.hasFailed === true || results.some(({ ok }) => !ok)) return { results };
  const ended = await checkAll(judges, results, options);
  return ended === undefined ? { results } : { results, ended };
}

/** Adds a result for each assertion. Set where one had to end the step. */
async function checkAll(
  assertions: readonly PlanAssertion[],
  results: CheckResult[],
  options: CheckOptions,
): Promise<CheckEnd | undefined> {
  for (const assertion of assertions) {
    const { path = "", finding, ended } = await checkOne(assertion, options);
    if (finding !== undefined) {
      results.push(resultOf(assertion.kind, path, finding, assertion.place));
    }
    if (ended !== undefined) return ended;
  }
  return undefined;
}

function resultOf(check: string, path: string, finding: Finding, place: Place): CheckResult {
  const { ok, message } = finding;
  if (finding.ok) return { check, path, ok, message, place };
  const { expected, found } = finding;
  return { check, path, ok, message, expected, found, place };
}

/** What one assertion comes to. */
interface Checked {
  /** The file that was looked at. */
  readonly path?: string;
  readonly finding?: Finding;
  readonly ended?: CheckEnd;
}

async function checkOne(assertion: PlanAssertion, options: CheckOptions): Promise<Checked> {
  try {
    return await checkKind(assertion, options);
  } catch (error) {
    // What an expression refers to may be of no use as a text: that is the check's own failure.
    if (!(error instanceof ExpressionError)) throw error;
    return {
      finding: failed(`The check could not be made: ${error.message}`, "a value", error.message),
    };
  }
}

async function checkKind(assertion: PlanAssertion, options: CheckOptions): Promise<Checked> {
  const { tree, readable = tree, context, execute, judge, output } = options;
  if (assertion.kind === "run") {
    const { command, cwd, env } = assertion.command;
    const variables: [string, string][] = [];
    for (const [name, value] of Object.entries(env)) {
      variables.push([name, await renderTemplate(value, options.commandContext ?? context)]);
    }
    return {
      finding: await succeeds({ command, cwd, env: Object.fromEntries(variables) }, execute),
    };
  }
  const path = assertion.file === undefined
    ? undefined
    : await renderTemplate(assertion.file, context);
  if (assertion.kind === "judge") {
    const rubric = await renderTemplate(assertion.rubric, context);
    if (path === undefined) {
      return await holds({ rubric, label: "the step's output", text: output }, judge);
    }
    const read = await textOf(readable, path, rubric.trim());
    if (typeof read !== "string") return { path, finding: read };
    return { path, ...await holds({ rubric, label: path, text: read }, judge) };
  }
  if (path === undefined) throw new TypeError(`Assertion '${assertion.kind}' has no file`);
  const finding = await checkFile(assertion, path, options);
  const { kind } = assertion;
  const tellsNothing = finding.ok || kind === "exists" || kind === "not_exists";
  if (tellsNothing || await mayBeTold(readable, path)) return { path, finding };
  const found = "not told: the rules keep it from the model";
  const message = `'${path}' does not pass the check '${kind}'; what is in it is ${found}`;
  return { path, finding: failed(message, EXPECTED[kind], found) };
}

/** Whether the model may know what is in a file: a failed check is told to it. */
async function mayBeTold(readable: Backend, path: string): Promise<boolean> {
  try {
    await readable.readBytes(path, { length: 1 });
    return true;
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return error.code !== "denied";
  }
}

async function checkFile(
  assertion: Exclude<PlanAssertion, { readonly kind: "run" | "judge" }>,
  path: string,
  { tree, context }: CheckOptions,
): Promise<Finding> {
  if (isOfSize(assertion)) {
    return await settled(measures(tree, path, assertion), EXPECTED[assertion.kind]);
  }
  if (assertion.kind === "json_schema") {
    const text = await textOf(tree, path, EXPECTED.json_schema);
    if (typeof text !== "string") return text;
    // Loaded where a file is JSON: most workflows have none.
    const { fitsSchema } = await import("./_json.ts");
    return await fitsSchema(path, text, assertion.schema);
  }
  const { kind } = assertion;
  if (kind === "exists") return await settled(exists(tree, path), EXPECTED.exists);
  if (kind === "not_exists") return await settled(notExists(tree, path), EXPECTED.not_exists);
  const value = assertion.value === undefined ? "" : await renderTemplate(assertion.value, context);
  const text = await textOf(tree, path, EXPECTED[kind]);
  if (typeof text !== "string") return text;
  switch (kind) {
    case "is_json": {
      const { isJson } = await import("./_json.ts");
      return isJson(path, text);
    }
    case "contains":
      return contains(path, text, value);
    case "not_contains":
      return notContains(path, text, value);
    case "matches":
      return await matches(path, text, value);
    case "equals":
      return equals(path, text, value);
  }
}

function isOfSize(assertion: PlanAssertion): assertion is PlanSizeAssertion {
  return assertion.kind === "size" || assertion.kind === "lines";
}

/** A path that is none, one that may not be read, or a file that is no text, fails the check. */
async function settled(finding: Promise<Finding>, expected: string): Promise<Finding> {
  try {
    return await finding;
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return failed(error.message, expected, error.message);
  }
}

/** What is expected, where it cannot even be looked at. */
const EXPECTED: Record<PlanFileAssertion["kind"] | "json_schema" | "size" | "lines", string> = {
  contains: "a text that contains what is named",
  not_contains: "a text without what is named",
  matches: "a text that matches",
  equals: "the expected text",
  exists: "something is there",
  not_exists: "nothing is there",
  is_json: "JSON",
  json_schema: "JSON that fits the schema",
  size: "a file of that size",
  lines: "a file of so many lines",
};

/** A file's text, or why there is none. */
async function textOf(tree: Backend, path: string, expected: string): Promise<string | Finding> {
  try {
    const there = await lookAt(tree, path);
    if (there !== undefined && there.type === "file" && there.size > TEXT_BYTES) {
      const found = `a file of ${there.size} bytes, more than the ${TEXT_BYTES} that are checked`;
      return failed(`'${path}' cannot be checked as text: it is ${found}`, expected, found);
    }
    return (await tree.read(path)).text;
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return failed(error.message, expected, error.message);
  }
}
