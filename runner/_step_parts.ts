/**
 * The steps of a file as they are written: those of `steps`, and those that run when all of them
 * have ended.
 *
 * @module
 */

import type { Reporter } from "./_reporter.ts";
import type { WorkflowFile } from "./schema.ts";
import type { Parts } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

/** A step, without its faults. */
export type StepPart = NonNullable<NonNullable<Parts<WorkflowFile>["steps"]>[number]>;

/** The lists of steps that a file may have. */
export const STEP_LISTS = ["steps", "on_success", "on_failure"] as const;

/** A list of steps. */
export type StepList = (typeof STEP_LISTS)[number];

/** A step and where it is. */
export interface PlacedStep {
  readonly list: StepList;
  /** Where in the file: `["steps", 0]`. */
  readonly path: DataPath;
  /** `undefined` where nothing of it is sound. */
  readonly part: StepPart | undefined;
}

/**
 * @param parts The file, without its faults.
 * @param list One of its lists; all of them without it.
 * @returns The steps, in the order of the file.
 */
export function placedSteps(parts: Parts<WorkflowFile>, list?: StepList): readonly PlacedStep[] {
  if (list === undefined) return STEP_LISTS.flatMap((each) => placedSteps(parts, each));
  return (parts[list] ?? []).map((part, index) => ({ list, path: [list, index], part }));
}

/** What a step does. */
export type StepKind = "prompt" | "run" | "uses";

/** What steps may do. */
export const STEP_KINDS: readonly StepKind[] = ["prompt", "run", "uses"];

/**
 * @param path Where a step is.
 * @param reporter The file.
 * @returns What it says that it does: one thing, if it is sound.
 */
export function kindsOf(path: DataPath, { yaml }: Reporter): readonly StepKind[] {
  return STEP_KINDS.filter((kind) => yaml.has([...path, kind]));
}
