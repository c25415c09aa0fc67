/**
 * What a plan asserts after its steps.
 *
 * @module
 */

import type { Template } from "./expressions/expression.ts";
import type { JsonSchema, Place, PlanCommand } from "./plan.ts";

/** What is asserted after a step. */
export type PlanAssertion =
  | PlanFileAssertion
  | PlanSchemaAssertion
  | PlanSizeAssertion
  | PlanRunAssertion
  | PlanJudgeAssertion;

/** What is asserted of a file. */
export interface PlanFileAssertion {
  readonly file: Template;
  readonly kind:
    | "contains"
    | "not_contains"
    | "matches"
    | "equals"
    | "exists"
    | "not_exists"
    | "is_json";
  /** The text or pattern; absent for `exists`, `not_exists` and `is_json`. */
  readonly value?: Template;
  readonly place: Place;
}

/** That a file is JSON of a form. */
export interface PlanSchemaAssertion {
  readonly file: Template;
  readonly kind: "json_schema";
  readonly schema: JsonSchema;
  readonly place: Place;
}

/** How large a file is: bytes for `size`, lines for `lines`. */
export interface PlanSizeAssertion {
  readonly file: Template;
  readonly kind: "size" | "lines";
  /** The least, itself included. */
  readonly min?: number;
  /** The most, itself included. */
  readonly max?: number;
  readonly place: Place;
}

/** That a command in the run's shell ends with exit code 0. */
export interface PlanRunAssertion {
  readonly kind: "run";
  readonly command: PlanCommand;
  readonly place: Place;
}

/** That a model finds a rubric to hold, of a file or of the step's output. */
export interface PlanJudgeAssertion {
  readonly kind: "judge";
  readonly rubric: Template;
  /** The file that is judged; the step's output without it. */
  readonly file?: Template;
  readonly place: Place;
}
