/**
 * What a run and its steps may use up, and what the models cost that they may ask. A budget in dollars
 * needs the price of each of them: one that is not known is told, and never taken for nothing.
 *
 * @module
 */

import { dollarText } from "../agent/money.ts";
import type { LiveModel } from "./_compile_model.ts";
import { askedModels } from "./_asked_models.ts";
import type { Plan, PlanBudget, PlanRunBudget, PlanStep, Price } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { WorkflowFile } from "./schema.ts";
import type { Parts } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

/** Model requests that a run may make unless its file says otherwise. */
const TURNS = 50;

/** A model as a file names it. */
const MODEL = /^openai:[\w.:/@+-]{1,200}$/;

/** What {@linkcode compileBudget} needs to know. */
export interface BudgetContext {
  /** All steps that are sound, of all lists, and where each is. */
  readonly steps: readonly { readonly step: PlanStep; readonly path: DataPath }[];
  /** The model that steps ask unless they name another; absent if it is not sound. */
  readonly live: LiveModel | undefined;
  /** Whether no step of the file itself asks any model. */
  readonly isModelless: boolean;
}

/**
 * @param part A step's `budget`, without its faults.
 * @returns It as the plan has it; `undefined` where it limits nothing.
 */
export function stepBudget(part: Parts<WorkflowFile>["budget"]): PlanBudget | undefined {
  const { turns, tokens, usd } = part ?? {};
  const budget = {
    ...(turns === undefined ? {} : { turns }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(usd === undefined ? {} : { usd }),
  };
  return Object.keys(budget).length === 0 ? undefined : budget;
}

/**
 * @param parts The file, without its faults.
 * @param context The steps and the model.
 * @param reporter Told of what is wrong.
 * @returns The run's budget, and the prices that are known of the models that it may ask.
 */
export async function compileBudget(
  parts: Parts<WorkflowFile>,
  { steps, live, isModelless }: BudgetContext,
  reporter: Reporter,
): Promise<Pick<Plan, "budget" | "prices">> {
  const usdPerDay = parts.budget?.usd_per_day;
  const budget: PlanRunBudget = {
    turns: TURNS,
    ...stepBudget(parts.budget),
    ...(usdPerDay === undefined ? {} : { usdPerDay }),
  };
  const asked = askedModels(steps.map(({ step }) => step), live);
  // Those of a workflow that is used count too.
  if (isModelless && asked.size === 0) {
    for (const key of ["budget", "models"]) {
      if (!reporter.yaml.has([key])) continue;
      reporter.warning("unused-key", `No step asks a model, so "${key}" is not used`, [key], {
        part: "key",
      });
    }
    return { budget };
  }
  const own = steps.flatMap(({ step, path }): readonly StepLimits[] =>
    step.budget === undefined ? [] : [{ step, at: [...path, "budget"], budget: step.budget }]
  );
  checkWidths(budget, own, reporter);
  const table = compileTable(parts.models, reporter);
  const limits: MoneyLimit[] = [
    { at: ["budget", "usd"], usd: budget.usd, models: asked },
    { at: ["budget", "usd_per_day"], usd: usdPerDay, models: asked },
    ...own.map(({ step, at, budget: { usd } }) => ({
      at: [...at, "usd"],
      usd,
      models: askedModels([step], live),
    })),
  ].filter(({ usd }) => usd !== undefined);
  const prices = new Map<string, Price>();
  for (const [name, { baseUrl, price }] of asked) {
    const known = table.get(name) ?? price ??
      (limits.length === 0 ? undefined : await listedPrice(name, baseUrl));
    if (known !== undefined) prices.set(name, known);
  }
  const told = new Set<string>();
  for (const limit of limits) checkMoney(limit, prices, told, reporter);
  for (const name of table.keys()) {
    // A model that the command line replaces is the file's all the same.
    if (asked.has(name) || parts.model === name || (live === undefined && !isModelless)) continue;
    reporter.warning(
      "unused-model",
      `No step asks ${JSON.stringify(name)}, so its price is not used`,
      ["models", name],
      { hint: "Take it out, or look at how the steps write the model", part: "key" },
    );
  }
  return {
    budget,
    ...(prices.size === 0 ? {} : { prices: Object.fromEntries([...prices].toSorted()) }),
  };
}

/** A limit in dollars, and whose answers it is of. */
interface MoneyLimit {
  readonly at: DataPath;
  readonly usd: number | undefined;
  readonly models: ReadonlyMap<string, unknown>;
}

/** A step's own budget. */
interface StepLimits {
  readonly step: PlanStep;
  readonly at: DataPath;
  readonly budget: PlanBudget;
}

/** The file's own prices, by the names of models. */
function compileTable(
  parts: Parts<WorkflowFile>["models"],
  reporter: Reporter,
): ReadonlyMap<string, Price> {
  const table = new Map<string, Price>();
  for (const [name, part] of Object.entries(parts ?? {})) {
    if (!MODEL.test(name)) {
      const quoted = JSON.stringify(name);
      reporter.error("unknown-model", `Model ${quoted} is not known`, ["models", name], {
        hint: /^[\w.-]+$/.test(name)
          ? `A model is written openai:NAME: did you mean "openai:${name}"?`
          : "A model is written openai:NAME, as in model",
        part: "key",
      });
      continue;
    }
    const { input, output } = part?.usd_per_million ?? {};
    if (input !== undefined && output !== undefined) table.set(name, { input, output });
  }
  return table;
}

async function listedPrice(name: string, baseUrl: string | undefined): Promise<Price | undefined> {
  // Only a budget in dollars pays for loading the list.
  const { knownPrice } = await import("./prices.ts");
  return await knownPrice(name.slice("openai:".length), { baseUrl });
}

/** That each model has a price, and that there is something to pay it with; once of each. */
function checkMoney(
  { at, usd, models }: MoneyLimit,
  prices: ReadonlyMap<string, Price>,
  told: Set<string>,
  reporter: Reporter,
): void {
  for (const name of models.keys()) {
    const price = prices.get(name);
    if (price === undefined && told.has(name)) continue;
    const quoted = JSON.stringify(name);
    if (price === undefined) {
      told.add(name);
      reporter.error(
        "unknown-price",
        `The price of ${quoted} is not known, so "${at.at(-1)}" cannot be kept`,
        at,
        {
          hint: `Write it at the top: models: { ${quoted}: { usd_per_million: ` +
            "{ input: DOLLARS, output: DOLLARS } } }",
        },
      );
    } else if (usd === 0 && Math.max(price.input, price.output) > 0) {
      reporter.warning(
        "empty-budget",
        `${dollarText(usd)} pays for no answer of ${quoted}, which costs ` +
          `${dollarText(price.input)} and ${dollarText(price.output)} for a million tokens`,
        at,
        { hint: "Raise it, or use a model that costs nothing" },
      );
    }
  }
}

/** What bounds a step's budget. */
interface Bound {
  readonly key: keyof PlanBudget;
  readonly most: number | undefined;
  readonly whose: "run" | "day";
  /** Says an amount. */
  readonly text: (amount: number) => string;
}

/** Tells of limits that a narrower one always ends first. */
function checkWidths(
  budget: PlanRunBudget,
  own: readonly StepLimits[],
  reporter: Reporter,
): void {
  const warn = (value: string, whose: string, most: string, at: DataPath, key: string) =>
    reporter.warning(
      "wide-budget",
      `A budget of ${value} is more than that of the ${whose}, ${most}, which ends first`,
      at,
      { hint: `Lower it, or raise budget: { ${key} }` },
    );
  const { usd, usdPerDay } = budget;
  if (usd !== undefined && usdPerDay !== undefined && usd > usdPerDay) {
    const day = dollarText(usdPerDay);
    warn(dollarText(usd), "day", day, ["budget", "usd"], "usd_per_day");
  }
  const counted = (unit: string) => (count: number) => `${count} ${unit}${count === 1 ? "" : "s"}`;
  const rows: readonly Bound[] = [
    { key: "turns", most: budget.turns, whose: "run", text: counted("turn") },
    { key: "tokens", most: budget.tokens, whose: "run", text: counted("token") },
    usd === undefined
      ? { key: "usd", most: usdPerDay, whose: "day", text: dollarText }
      : { key: "usd", most: usd, whose: "run", text: dollarText },
  ];
  for (const { at, budget: step } of own) {
    for (const { key, most, whose, text } of rows) {
      const value = step[key];
      if (value === undefined || most === undefined || value <= most) continue;
      const wider = whose === "day" ? "usd_per_day" : key;
      warn(text(value), whose, text(most), [...at, key], wider);
    }
  }
}
