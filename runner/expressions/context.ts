/**
 * What expressions refer to while a workflow runs.
 *
 * @module
 */

import type { Value } from "./expression.ts";

/** How a step came out, for expressions. `skipped` was never started. */
export type StepStatus = "success" | "failure" | "skipped";

/** What expressions know of a step that ended. */
export interface StepValues {
  /**
   * What the model said last, or a command printed; of a step with `foreach`, a list of that, an
   * entry an item. `null` for a step that was skipped.
   */
  readonly output: Value;
  /**
   * The fields of a structured output; `exit_code` and `stderr` of a command; the outputs of a
   * workflow that was used; of a step with `foreach`, a list of those. `null` if it was skipped.
   */
  readonly outputs: Value;
  readonly status: StepStatus;
}

/** `run.NAME`. */
export interface RunValues {
  /** The run's id. */
  readonly id: string;
  /** The workflow's name. */
  readonly workflow: string;
  /** When it began: ISO 8601, UTC. */
  readonly started: string;
}

/** The item of a step with `foreach`. */
export interface ItemValue {
  /** What the file calls it: `item` unless said otherwise. */
  readonly name: string;
  readonly value: Value;
  /** Counted from 0. */
  readonly index: number;
}

/** Everything that an expression may refer to. */
export interface ExpressionContext {
  readonly inputs: Readonly<Record<string, string | number | boolean>>;
  readonly env: Readonly<Record<string, string>>;
  /** In `env` of commands alone; empty everywhere else. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Steps that ended or were skipped, by their ids. */
  readonly steps: Readonly<Record<string, StepValues>>;
  readonly run: RunValues;
  readonly item?: ItemValue | undefined;
  /** Whether a step failed that this one waits for: what `success()` and `failure()` answer. */
  readonly failed: boolean;
  /**
   * The hash of the files that some globs are of: SHA-256 in hexadecimal, empty where there is none.
   *
   * @param patterns Globs, absolute in the tree.
   */
  readonly hashFiles: (patterns: readonly string[]) => Promise<string>;
}
