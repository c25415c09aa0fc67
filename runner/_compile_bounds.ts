/**
 * What bounds a whole run: how long it takes, and how many steps run at a time.
 *
 * @module
 */

import { compileDuration } from "./_durations.ts";
import type { Plan } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { WorkflowFile } from "./schema.ts";
import type { Parts } from "./_validate.ts";

/** How long a run may take at the most: seven days. */
const TIMEOUT = { example: "30m", most: "168h" };

/**
 * @param parts The file, without its faults.
 * @param reporter Told of what is wrong.
 * @returns What the plan has of it.
 */
export function compileBounds(
  parts: Parts<WorkflowFile>,
  reporter: Reporter,
): Pick<Plan, "timeout" | "concurrency"> {
  const { concurrency } = parts;
  const timeout = parts.timeout === undefined
    ? undefined
    : compileDuration(parts.timeout, ["timeout"], TIMEOUT, reporter);
  return {
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(timeout === undefined ? {} : { timeout }),
  };
}
