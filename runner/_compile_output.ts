/**
 * What is handed on: the form of steps' outputs, `output: { schema }`, and those of the workflow.
 *
 * @module
 */

import type { SchemaFiles } from "./_compile_schema.ts";
import { compileText } from "./_compile_text.ts";
import type { Template } from "./expressions/expression.ts";
import type { Plan, PlanStep } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import { NAME, type WorkflowFile } from "./schema.ts";
import type { Scope } from "./_scope.ts";
import type { PlacedStep } from "./_step_parts.ts";
import type { Parts } from "./_validate.ts";

/** The forms of the steps' outputs, by the steps' ids. */
export type StepOutputs = ReadonlyMap<string, NonNullable<PlanStep["output"]>>;

/**
 * Compiles the schemas of all steps, before the texts that refer to what fits them.
 *
 * @param steps The steps of all lists.
 * @param schemas The schemas that the workflow names.
 * @param reporter Told of what is wrong.
 * @returns The schemas that can be used.
 */
export async function compileOutputs(
  steps: readonly PlacedStep[],
  schemas: SchemaFiles,
  reporter: Reporter,
): Promise<StepOutputs> {
  const outputs = new Map<string, NonNullable<PlanStep["output"]>>();
  for (const { part, path } of steps) {
    const at = [...path, "output", "schema"];
    const written = part?.output?.schema;
    if (part?.id === undefined || written === undefined) continue;
    const asked = reporter.yaml.has([...path, "prompt"]);
    const schema = await schemas.compile(written, at, { asked }, reporter);
    if (schema !== undefined) outputs.set(part.id, { schema, place: reporter.placeOf(at) });
  }
  return outputs;
}

/**
 * @param parts The `outputs` of the workflow, without their faults.
 * @param scope What they may refer to.
 * @param reporter Told of what is wrong.
 * @returns Those that are sound.
 */
export function compileWorkflowOutputs(
  parts: Parts<WorkflowFile>["outputs"],
  scope: Scope,
  reporter: Reporter,
): Plan["outputs"] {
  const outputs: [string, Template][] = [];
  for (const [name, text] of Object.entries(parts ?? {})) {
    const path = ["outputs", name];
    if (!NAME.test(name)) {
      reporter.error("invalid-name", `"${name}" cannot be an output's name`, path, {
        hint: "Use letters, digits, _ and -, and begin with a letter",
        part: "key",
      });
    }
    const template = text === undefined ? undefined : compileText(text, path, scope, reporter);
    if (template !== undefined) outputs.push([name, template]);
  }
  return Object.fromEntries(outputs);
}
