/**
 * From how the loop ended to what the runner is told.
 *
 * @module
 */

import type { LoopResult } from "./_loop.ts";
import { BudgetError } from "./budget.ts";
import { ModelError } from "./model.ts";
import type { StepResult } from "./process.ts";

/**
 * What an attempt came to.
 *
 * @param result How the loop ended.
 * @param maxTurns How many requests it might make.
 * @returns The result, without a checkpoint.
 * @throws What ended the loop, unless it is the model's or a budget's error.
 */
export function stepResult(result: LoopResult, maxTurns: number): StepResult {
  const { finish, output, turns, usage, error } = result;
  const done = { output, turns, usage };
  switch (finish) {
    case "done":
      return { outcome: "success", ...done };
    case "waiting":
      return { outcome: "waiting", ...done, error: "A call waits for an approval" };
    case "turn_limit": {
      const limit = maxTurns === 1 ? "its 1 request" : `its ${maxTurns} requests`;
      const hint = "raise budget: { turns } if it was too small";
      return {
        outcome: "budget",
        ...done,
        error: `The agent used up ${limit} of the model: ${hint}`,
      };
    }
    case "failed":
      if (error instanceof BudgetError) return { outcome: "budget", ...done, error: error.message };
      if (!(error instanceof ModelError)) throw error;
      return { outcome: outcomeOf(error), ...done, error: error.message };
  }
}

function outcomeOf(error: ModelError): StepResult["outcome"] {
  if (error.code === "rehearsal") return "mismatch";
  if (error.code === "denied") return "denied";
  return error.code === "aborted" ? "interrupted" : "failure";
}
