/**
 * Steps that use another workflow.
 *
 * @module
 */

import type { PlanUses } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { StepPart } from "./_step_parts.ts";
import type { DataPath } from "./_yaml_file.ts";

/**
 * @param _part The step, without its faults.
 * @param path Where it is in the file.
 * @param reporter Told that no workflow is used yet.
 * @returns What the step uses, if it is sound.
 */
export function compileUses(
  _part: StepPart,
  path: DataPath,
  reporter: Reporter,
): Promise<PlanUses | undefined> {
  reporter.error(
    "unsupported-key",
    'Step key "uses" is not supported in this version',
    [...path, "uses"],
    { hint: "Write its steps here", part: "key" },
  );
  return Promise.resolve(undefined);
}
