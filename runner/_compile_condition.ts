/**
 * When a step runs: its `if`.
 *
 * @module
 */

import { compileExpression } from "./_compile_text.ts";
import { parseExpression } from "./expressions/template.ts";
import type { PlanCondition } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { Scope } from "./_scope.ts";
import { asksStatus, holdsAfterFailure } from "./_step_scope.ts";
import type { StepPart } from "./_step_parts.ts";
import type { DataPath } from "./_yaml_file.ts";

/**
 * @param part The `if` of a step, without its faults.
 * @param path Where it is in the file.
 * @param scope What it may refer to.
 * @param reporter Told of what is wrong.
 * @returns The condition, if it is there and can be parsed.
 */
export function compileCondition(
  part: StepPart["if"],
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
): PlanCondition | undefined {
  if (part === undefined) return undefined;
  const text = String(part);
  const compiled = compileExpression(text, path, { ...scope, hasStatus: true }, reporter);
  if (compiled === undefined) return undefined;
  const { expression } = compiled;
  return {
    expression,
    asksStatus: asksStatus(expression.expression),
    place: reporter.placeOf(path),
  };
}

/**
 * @param part The `if` of a step, without its faults.
 * @returns Whether the step may run after a failure, where the condition says so.
 */
export function runsAfterFailure(part: StepPart["if"]): boolean {
  if (typeof part !== "string") return false;
  const { expression } = parseExpression(part);
  return expression !== undefined && holdsAfterFailure(expression);
}
