/**
 * Codes of budgets and prices.
 *
 * @module
 */

import { type Codes, flow } from "./entry.ts";

/** Budgets and prices. */
export const BUDGET_CODES = {
  "unknown-price": {
    severity: "error",
    means: "A budget is in dollars, and the price of a model that may be asked is not known. It " +
      "is never taken for nothing.",
    mend: "Write its price below models",
    example: "name: demo\nmodel: openai:our-own\nbudget: { usd: 1 }\n" +
      "steps:\n  - { id: a, prompt: Go }\n",
  },
  "empty-budget": {
    severity: "warning",
    means: "A budget of nothing ends the run before the first answer of a model that costs " +
      "something.",
    mend: "Raise it, or use a model that costs nothing",
    example: flow("budget: { usd: 0 }"),
  },
  "wide-budget": {
    severity: "warning",
    means: "A budget is more than another one that ends first, so it bounds nothing.",
    mend: "Lower it, or raise the other one",
    example: flow("budget: { usd: 5, usd_per_day: 1 }"),
  },
  "unused-model": {
    severity: "warning",
    means: "The price of a model is written that no step asks.",
    mend: "Take it out, or look at how the steps write the model",
    example: flow(
      "models: { openai:other: { usd_per_million: { input: 1, output: 2 } } }\nbudget: { usd: 1 }",
    ),
  },
} as const satisfies Codes;
