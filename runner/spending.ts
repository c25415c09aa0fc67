/**
 * What a run and its steps have used up of turns, tokens and dollars, counted by the events of the
 * agent. The agent keeps to the budgets itself; that it does is not taken on trust.
 *
 * @module
 */

import { Budget, BudgetError, type Spent } from "../agent/budget.ts";
import { dollarText, isFree } from "../agent/money.ts";
import type { Usage } from "../agent/model.ts";
import type { StartBudget } from "../agent/process.ts";
import { askedModels, modelOfStep, stepByKey, withoutItem } from "./_asked_models.ts";
import type { RunEventBody } from "./events.ts";
import { leftOf, limitsOf, narrowest } from "./_limits.ts";
import type { Plan, PlanBudget, PlanStep } from "./plan.ts";
import { isRehearsed } from "./_run_started.ts";

/** What the runs of a file cost on one day, so far. */
export type DaySpent =
  | { readonly usd: number }
  /** Why nobody knows, as a clause: `run 'r1' had an answer whose tokens nobody counted`. */
  | { readonly unknown: string };

/** What a waiting run keeps of its {@linkcode Spending}. */
export interface SpentBefore {
  readonly turns: number;
  /** `null` where any answer left its count unknown. */
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  /** `null` where it is unknown; absent where no prices are known. */
  readonly usd?: number | null | undefined;
  /** What each step with a budget used up, by its key without an item's number. */
  readonly steps?: Readonly<Record<string, Spent>> | undefined;
}

/** Options of {@linkcode Spending}. */
export interface SpendingOptions {
  /** What was used up by the run that this one goes on with. */
  readonly before?: SpentBefore | undefined;
  /**
   * What all runs of the file cost today, this one included, as `spentToday` has it. It is asked anew
   * whenever a step begins.
   *
   * @default {nothing but this run is known}
   */
  readonly today?: (() => DaySpent) | undefined;
}

/** What one attempt of a step may use up. */
export interface AttemptLimits {
  /** For `StepParams.maxTurns`. */
  readonly maxTurns: number;
  /** For `StepParams.budget` and `JudgeParams.budget`. */
  readonly budget: StartBudget | undefined;
}

/**
 * Counts what a run uses up.
 *
 * Steps are named by their keys, as events name them: `fix`, `fix[2]` for an item, `use/fix` for a step
 * of a workflow that is used. All items and attempts of a step share its budget; each run of a
 * workflow that is used has that workflow's budget, within the caller's.
 */
export class Spending {
  readonly #plan: Plan;
  readonly #rehearsed: boolean;
  readonly #before: SpentBefore | undefined;
  readonly #today: (() => DaySpent) | undefined;
  readonly #run: Budget;
  /** Counts all that is known, and takes nothing that is unknown for nothing. */
  readonly #known: Budget;
  /** Those of steps, by their keys without an item's number, and of used workflows, with a slash. */
  readonly #budgets = new Map<string, Budget>();
  /** Requests under way, by the keys of their steps. */
  readonly #pending = new Map<string, number>();
  #turns: number;
  #inputTokens: number | null;
  #outputTokens: number | null;

  /**
   * @param plan What is run.
   * @param options What was used up before.
   */
  constructor(plan: Plan, options: SpendingOptions = {}) {
    const { before, today } = options;
    this.#plan = plan;
    this.#rehearsed = isRehearsed(plan);
    this.#before = before;
    this.#today = today;
    this.#turns = before?.turns ?? 0;
    this.#inputTokens = before === undefined ? 0 : before.inputTokens;
    this.#outputTokens = before === undefined ? 0 : before.outputTokens;
    const used = this.#usedBefore();
    const { prices } = plan;
    this.#run = new Budget(
      { ...limitsOf(plan.budget), prices, used },
      { rehearsed: this.#rehearsed },
    );
    this.#known = new Budget({ prices, used });
  }

  /** What the run used up so far, for `run.finished`; without prices there are no dollars. */
  get totals(): {
    readonly turns: number;
    readonly inputTokens: number | null;
    readonly outputTokens: number | null;
    readonly usd?: number | null;
  } {
    return {
      turns: this.#turns,
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
      ...(this.#plan.prices === undefined ? {} : { usd: this.#known.spent.usd }),
    };
  }

  /** What a waiting run keeps. */
  get kept(): SpentBefore {
    const steps = [...this.#budgets].map(([key, { spent }]) => [key, spent] as const);
    return { ...this.totals, steps: { ...this.#before?.steps, ...Object.fromEntries(steps) } };
  }

  /**
   * What the agent of the run is told, for `StartParams.budget`.
   *
   * @returns The limits, and what was used up of them before.
   */
  runLimits(): StartBudget {
    const { prices, budget } = this.#plan;
    const used = this.#usedBefore();
    return {
      ...limitsOf(budget),
      ...this.#dayLimit(),
      ...(prices === undefined ? {} : { prices }),
      ...(used === undefined ? {} : { used }),
    };
  }

  /**
   * What a used workflow may use up: its own budget, as far as its caller's have as much left. A budget
   * of its own for a day is for when it is run by itself; of the caller's day it has what is left.
   *
   * @param key The key of the step that uses it.
   * @returns These parts of its plan.
   */
  usedLimits(key: string): Pick<Plan, "budget" | "prices"> {
    const { chain } = this.#locate(`${key}/`);
    const { plan } = stepByKey(this.#plan, key).step.uses ?? { plan: this.#plan };
    const left = chain.map(({ budget, limits }) => leftOf(limits, budget.spent));
    const { usdToday: usd } = this.#dayLimit();
    const prices = { ...this.#plan.prices, ...plan.prices };
    return {
      budget: { turns: 0, ...narrowest([...left, limitsOf({ usd })]) },
      ...(Object.keys(prices).length === 0 ? {} : { prices }),
    };
  }

  /**
   * What the next attempt of a step may use up.
   *
   * @param key The step's key.
   * @returns What the agent is told.
   */
  attempt(key: string): AttemptLimits {
    const { chain, step, own } = this.#locate(key);
    const turns = chain.flatMap(({ budget, limits }) =>
      limits.turns === undefined ? [] : [limits.turns - budget.spent.turns]
    );
    const budget = { ...limitsOf(step?.budget ?? {}), ...this.#dayLimit() };
    return {
      maxTurns: Math.max(0, Math.min(...turns)),
      budget: Object.keys(budget).length === 0 ? undefined : {
        ...budget,
        ...(this.#plan.prices === undefined ? {} : { prices: this.#plan.prices }),
        ...(own === undefined ? {} : { used: own.spent }),
      },
    };
  }

  /**
   * Why a step may not ask a model at all, looked up anew in what other runs spent today. A command may
   * be run: whether a judge of it can be asked turns out then.
   *
   * @param key The step's key.
   * @returns A sentence, or `undefined`.
   */
  refusal(key: string): string | undefined {
    const { budget, model, step } = this.#locate(key);
    if (step?.uses !== undefined) {
      return askedModels([step], undefined).size === 0 ? undefined : this.dayProblem();
    }
    if (model === undefined || step?.prompt === undefined) return undefined;
    return budget.problem(model) ?? this.dayProblem();
  }

  /**
   * Why nothing may be asked any more on this day, as what the runs of the file cost says.
   *
   * @returns A sentence, or `undefined`.
   */
  dayProblem(): string | undefined {
    const { usdPerDay } = this.#plan.budget;
    const spent = this.#spentToday();
    if (usdPerDay === undefined || spent === undefined) return undefined;
    const limit = `The budget of ${dollarText(usdPerDay)} a day`;
    if ("unknown" in spent) {
      return `${limit} cannot be kept: ${spent.unknown}. Leave usd_per_day out of budget, ` +
        "or wait until 00:00 UTC";
    }
    if (spent.usd < usdPerDay) return undefined;
    return `${limit} is used up, ${dollarText(spent.usd)} was spent: raise ` +
      "budget: { usd_per_day } if it was too small, or wait until 00:00 UTC";
  }

  /**
   * Takes an event of the run.
   *
   * @param event The event; those that cost nothing are passed by.
   * @returns Why the step is to be ended: its model was asked although no budget granted it. An agent
   * that keeps to its budgets never does that.
   * @throws {TypeError} If it is of a step that there is not.
   */
  note(event: RunEventBody): string | undefined {
    if (event.type === "step.started" && event.uses !== undefined) {
      this.#forget(`${event.step}/`);
      return undefined;
    }
    if (event.type === "model.asked") return this.#asked(event.step);
    if (event.type === "model.answered") this.#answered(event.step, event.usage);
    return undefined;
  }

  /**
   * Takes the end of an attempt, or of a judgement.
   *
   * @param key The step's key; all steps of a workflow that it used have ended too.
   * @param usage What it took, as its result says; `undefined` where it will have no result.
   */
  ended(key: string, usage?: Usage): void {
    for (const [each, pending] of this.#pending) {
      if (each !== key && !each.startsWith(`${key}/`)) continue;
      this.#pending.delete(each);
      // A request without an answer took nothing that counts if all of its attempt is counted.
      if (usage !== undefined && usage.inputTokens !== null && usage.outputTokens !== null) {
        continue;
      }
      for (let count = 0; count < pending; count++) {
        this.#charge(each, { inputTokens: null, outputTokens: null });
      }
    }
  }

  #asked(key: string): string | undefined {
    const { budget, model } = this.#locate(key);
    this.#turns++;
    this.#pending.set(key, (this.#pending.get(key) ?? 0) + 1);
    try {
      budget.reserve(model ?? "");
      return undefined;
    } catch (error) {
      if (error instanceof BudgetError) return error.message;
      throw error;
    }
  }

  #answered(key: string, usage: Usage): void {
    const pending = this.#pending.get(key) ?? 0;
    if (pending > 0) this.#pending.set(key, pending - 1);
    this.#charge(key, usage);
  }

  #charge(key: string, usage: Usage): void {
    const { budget, model = "" } = this.#locate(key);
    this.#inputTokens = plus(this.#inputTokens, usage.inputTokens);
    this.#outputTokens = plus(this.#outputTokens, usage.outputTokens);
    for (const each of [this.#known, budget]) {
      try {
        each.charge(model, usage);
      } catch (error) {
        // The agent was told the same by its own budget: it asks nothing more.
        if (!(error instanceof BudgetError)) throw error;
      }
    }
  }

  /** The budgets that a step is within; those of a used workflow, where the key ends with a slash. */
  #locate(key: string): Located {
    const chain: Scope[] = [{ budget: this.#run, limits: limitsOf(this.#plan.budget) }];
    let budget = this.#run;
    for (let end = key.indexOf("/"); end !== -1; end = key.indexOf("/", end + 1)) {
      const { uses } = stepByKey(this.#plan, key.slice(0, end)).step;
      if (uses === undefined) throw new TypeError(`a step '${key}' that the plan does not have`);
      const limits = limitsOf(uses.plan.budget);
      const prices = uses.plan.prices;
      budget = this.#budget(key.slice(0, end + 1), { ...limits, prices }, "run", budget);
      chain.push({ budget, limits });
    }
    if (key.endsWith("/")) return { chain, budget };
    const { plan, step } = stepByKey(this.#plan, key);
    const model = modelOfStep(step, plan.model);
    if (step.budget === undefined) return { chain, budget, step, model };
    const limits = limitsOf(step.budget);
    const own = this.#budget(withoutItem(key), limits, "step", budget);
    return { chain: [...chain, { budget: own, limits }], budget: own, own, step, model };
  }

  #budget(key: string, limits: StartBudget, of: "run" | "step", within: Budget): Budget {
    const known = this.#budgets.get(key);
    if (known !== undefined) return known;
    const used = this.#before?.steps?.[key];
    const budget = new Budget({ ...limits, used }, { of, within, rehearsed: this.#rehearsed });
    this.#budgets.set(key, budget);
    return budget;
  }

  /** Another run of a used workflow begins: what it used up in an attempt before was of that one. */
  #forget(prefix: string): void {
    for (const key of this.#budgets.keys()) if (key.startsWith(prefix)) this.#budgets.delete(key);
  }

  /** What the day has left for this run. */
  #dayLimit(): { readonly usdToday?: number } {
    const { usdPerDay } = this.#plan.budget;
    if (usdPerDay === undefined) return {};
    const spent = this.#spentToday();
    const usd = spent === undefined || "unknown" in spent ? 0 : spent.usd;
    return { usdToday: Math.max(0, usdPerDay - usd) };
  }

  /** Nothing of it matters to a rehearsal, nor where nothing that is asked costs anything. */
  #spentToday(): DaySpent | undefined {
    if (this.#rehearsed || Object.values(this.#plan.prices ?? {}).every(isFree)) return undefined;
    return this.#today?.() ?? { usd: this.#known.spent.usd ?? 0 };
  }

  #usedBefore(): Spent | undefined {
    if (this.#before === undefined) return undefined;
    const { turns, inputTokens, outputTokens, usd = null } = this.#before;
    return { turns, tokens: plus(inputTokens, outputTokens), usd };
  }
}

/** A budget and what it began with. */
interface Scope {
  readonly budget: Budget;
  readonly limits: PlanBudget;
}

/** A step, or a run of a used workflow. */
interface Located {
  /** All budgets that count it, the run's first. */
  readonly chain: readonly Scope[];
  /** The narrowest of them; what is taken from it is taken from all. */
  readonly budget: Budget;
  /** The step's own, if it has one. */
  readonly own?: Budget;
  readonly step?: PlanStep;
  readonly model?: string | undefined;
}

function plus(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : one + other;
}
