/**
 * The form of what steps hand on: `output: { schema }`.
 *
 * @module
 */

import type { SchemaFiles } from "./_compile_schema.ts";
import type { PlanStep } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { PlacedStep } from "./_step_parts.ts";

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
