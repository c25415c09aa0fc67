/**
 * Gives a plan the inputs of one run: those that the workflow that uses it hands over.
 *
 * @module
 */

import { expressionContext } from "./_context.ts";
import type { Value } from "./expressions/expression.ts";
import { renderTemplate } from "./expressions/template.ts";
import { inputFromText, inputFromValue } from "./_input_values.ts";
import type { InputValue, Plan } from "./plan.ts";

/** A plan with its inputs, or why it cannot have them. */
export type PlanWithInputs =
  | { readonly plan: Plan; readonly problem?: undefined }
  | { readonly plan?: undefined; readonly problem: string };

/**
 * Gives a plan its inputs, and its variables the values that depend on them.
 *
 * @param plan The plan of a workflow that is used.
 * @param given Values by the names of inputs; a text may stand for a number or a boolean.
 * @param run The run's id and when it began.
 * @returns The plan with them, or a sentence about the first that does not fit.
 */
export async function planWithInputs(
  plan: Plan,
  given: Readonly<Record<string, Value>>,
  run: { readonly runId: string; readonly started: string },
): Promise<PlanWithInputs> {
  const inputs: Record<string, InputValue> = { ...plan.inputs };
  for (const [name, declared] of Object.entries(plan.declared ?? {})) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined) {
      if (Object.hasOwn(inputs, name)) continue;
      return { problem: `Input '${name}' of '${plan.file}' has no value` };
    }
    const taken = typeof value === "string"
      ? await inputFromText(declared, value)
      : await inputFromValue(declared, value);
    if (taken.value === undefined) {
      const found = JSON.stringify(value);
      return {
        problem: `Input '${name}' of '${plan.file}' must be ${taken.expected}, not ${found}`,
      };
    }
    inputs[name] = taken.value;
  }
  const { openEnv, ...rest } = plan;
  if (openEnv === undefined) return { plan: { ...rest, inputs } };
  const context = expressionContext({ ...plan, inputs }, { ...run, steps: {} });
  const env: Record<string, string> = { ...plan.env };
  for (const [name, template] of Object.entries(openEnv)) {
    env[name] = await renderTemplate(template, context);
  }
  return { plan: { ...rest, inputs, env } };
}
