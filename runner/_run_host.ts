/**
 * What steps need of the run that they are a part of.
 *
 * @module
 */

import type { Approvals, Approver, Questions } from "./approvals.ts";
import type { RunEventBody } from "./events.ts";
import type { ExpressionContext, ItemValue } from "./expressions/context.ts";
import type { Interruption } from "./_interruption.ts";
import type { Plan } from "./plan.ts";
import type { Processes } from "./processes.ts";
import type { Progress } from "./_progress.ts";
import type { Spending } from "./spending.ts";
import type { UnderWay } from "./_under_way.ts";
import type { Wait } from "./_wait.ts";

/** What the expressions of a step refer to besides what all steps know. */
export interface ContextOf {
  /** Whether a step failed that this one waits for. */
  readonly failed: boolean;
  /** The item, of a step with `foreach`. */
  readonly item?: ItemValue | undefined;
  /** Whether secrets may be used: in the variables of commands alone. */
  readonly secrets?: boolean;
}

/** What a run lends to the workflows that its steps use. */
export interface Lent {
  readonly apiKey: string | undefined;
  readonly secrets: Readonly<Record<string, string>>;
  /** All texts that nobody is shown, secrets that are not lent included. */
  readonly masked: readonly string[];
  readonly runId: string;
  readonly now: (() => Date) | undefined;
  readonly approver: Approver;
  readonly questions: Questions;
}

/** A run, as its steps see it. */
export interface RunHost {
  readonly plan: Plan;
  readonly processes: Processes;
  readonly interruption: Interruption;
  readonly progress: Progress;
  readonly spending: Spending;
  readonly approvals: Approvals;
  readonly underWay: UnderWay;
  readonly wait: Wait;
  readonly lend: Lent;
  /** Tells the readers of the run what happened. */
  readonly emit: (event: RunEventBody) => void;
  /** What the expressions of a step refer to by now. */
  readonly context: (of: ContextOf) => ExpressionContext;
}
