/**
 * How often a step is tried, and how long is waited in between.
 *
 * @module
 */

import { compileDuration, durationText } from "./_durations.ts";
import type { PlanBackoff, PlanStepBase } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { WorkflowFile } from "./schema.ts";
import type { Parts } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

type RetryPart = NonNullable<NonNullable<Parts<WorkflowFile>["steps"]>[number]>["retry"];

/** What each further wait is multiplied with, unless a file says otherwise. */
const FACTOR = 2;

/** The longest wait, unless a file says otherwise: five minutes. */
const LONGEST = 300_000;

const RULES = { example: "10s", most: "24h" };

/** What a step's plan has of `retry`. */
export type CompiledRetry = Pick<PlanStepBase, "attempts" | "feedback" | "backoff">;

/**
 * @param part The `retry` section of a step, without its faults.
 * @param path Where the step is.
 * @param hasFeedback Whether the step can be told what failed.
 * @param reporter Told of what is wrong.
 * @returns What the plan has of it.
 */
export function compileRetry(
  part: RetryPart,
  path: DataPath,
  hasFeedback: boolean,
  reporter: Reporter,
): CompiledRetry {
  const at = [...path, "retry"];
  const attempts = part?.attempts ?? 1;
  const backoff = compileBackoff(part?.backoff, [...at, "backoff"], reporter);
  for (const key of ["feedback", "backoff"]) {
    const isFaulty = reporter.yaml.has([...at, "attempts"]) && part?.attempts === undefined;
    if (attempts > 1 || isFaulty || !reporter.yaml.has([...at, key])) continue;
    if (key === "feedback" && !hasFeedback) continue;
    reporter.warning(
      "unused-key",
      `The step is tried once, so "${key}" is not used`,
      [...at, key],
      { hint: "Write how many times it is tried in all: attempts: 3", part: "key" },
    );
  }
  return {
    attempts,
    feedback: hasFeedback && (part?.feedback ?? true),
    ...(backoff === undefined ? {} : { backoff }),
  };
}

function compileBackoff(
  part: NonNullable<RetryPart>["backoff"],
  path: DataPath,
  reporter: Reporter,
): PlanBackoff | undefined {
  if (part === undefined) return undefined;
  if (typeof part === "string") {
    const delay = compileDuration(part, path, RULES, reporter);
    return delay === undefined ? undefined : { delay, factor: FACTOR, max: longest(delay) };
  }
  const factor = part.factor ?? FACTOR;
  const delay = part.delay === undefined
    ? undefined
    : compileDuration(part.delay, [...path, "delay"], RULES, reporter);
  const max = part.max === undefined
    ? undefined
    : compileDuration(part.max, [...path, "max"], RULES, reporter);
  if (delay === undefined) return undefined;
  if (max !== undefined && max < delay) {
    reporter.error(
      "invalid-duration",
      `"max" is shorter than the first wait, ${durationText(delay)}`,
      [...path, "max"],
      { hint: "It is the longest wait: make it as long as delay, or longer" },
    );
  }
  return { delay, factor, max: max ?? longest(delay) };
}

function longest(delay: number): number {
  return Math.max(delay, LONGEST);
}
