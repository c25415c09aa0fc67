/**
 * What expressions refer to, out of a plan and of how far its run has come.
 *
 * @module
 */

import type { Backend } from "../backends/protocol.ts";
import type { ExpressionContext, ItemValue, StepValues } from "./expressions/context.ts";
import { hashFiles } from "./_hash_files.ts";
import type { Plan } from "./plan.ts";

/** What {@linkcode expressionContext} needs to know. */
export interface ContextOptions {
  /** The run's id. */
  readonly runId: string;
  /** When it began: ISO 8601, UTC. */
  readonly started: string;
  /** The steps that ended or were skipped, by their ids. */
  readonly steps: Readonly<Record<string, StepValues>>;
  /** The files; without them none can be hashed yet. */
  readonly tree?: Backend | undefined;
  /** Whether a step failed that the one at hand waits for. */
  readonly failed?: boolean | undefined;
  readonly item?: ItemValue | undefined;
  /** The values of secrets, where they may be used. */
  readonly secrets?: Readonly<Record<string, string>> | undefined;
}

/**
 * @param plan The plan that is run.
 * @param options How far its run has come.
 * @returns What the expressions of the plan refer to.
 */
export function expressionContext(
  plan: Pick<Plan, "name" | "inputs" | "env">,
  options: ContextOptions,
): ExpressionContext {
  const { runId, started, steps, tree, failed = false, item, secrets = {} } = options;
  return {
    inputs: plan.inputs,
    env: plan.env ?? {},
    secrets,
    steps,
    run: { id: runId, workflow: plan.name, started },
    failed,
    ...(item === undefined ? {} : { item }),
    hashFiles: (patterns) =>
      tree === undefined
        ? Promise.reject(new Error("There are no files before the run"))
        : hashFiles(tree, patterns),
  };
}
