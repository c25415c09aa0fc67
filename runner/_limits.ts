/**
 * Limits of turns, tokens and dollars, as they stand in plans.
 *
 * @module
 */

import type { Spent } from "../agent/budget.ts";
import type { PlanBudget } from "./plan.ts";

/** Limits that may be there. */
type Limits = { readonly [Key in keyof PlanBudget]?: PlanBudget[Key] | undefined };

/**
 * @param budget A budget, or limits that may be there.
 * @returns The limits that are there, and nothing else.
 */
export function limitsOf({ turns, tokens, usd }: Limits): PlanBudget {
  return {
    ...(turns === undefined ? {} : { turns }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(usd === undefined ? {} : { usd }),
  };
}

/**
 * @param limits What may be used up.
 * @param spent What was; what is not known of it may have been all.
 * @returns What is left.
 */
export function leftOf({ turns, tokens, usd }: PlanBudget, spent: Spent): PlanBudget {
  return limitsOf({
    ...(turns === undefined ? {} : { turns: Math.max(0, turns - spent.turns) }),
    ...(tokens === undefined ? {} : { tokens: Math.max(0, tokens - (spent.tokens ?? tokens)) }),
    ...(usd === undefined ? {} : { usd: Math.max(0, usd - (spent.usd ?? usd)) }),
  });
}

/**
 * @param budgets Several budgets that all hold.
 * @returns The least of each limit.
 */
export function narrowest(budgets: readonly PlanBudget[]): PlanBudget {
  const least = (key: keyof PlanBudget) => {
    const values = budgets.flatMap((budget) => budget[key] ?? []);
    return values.length === 0 ? {} : { [key]: Math.min(...values) };
  };
  return { ...least("turns"), ...least("tokens"), ...least("usd") };
}
