/**
 * What requests of models may use up: turns, tokens and dollars, of a run and of its steps. Both
 * sides count with this class, the agent before and after each request, the runner by the events.
 *
 * @module
 */

import { costOf, dollarsOf, dollarText, isFree, sum, unitsOf } from "./money.ts";
import type { Usage } from "./model.ts";
import type { ModelPrice, StartBudget } from "./process.ts";

/** Options of {@linkcode Budget}. */
export interface BudgetOptions {
  /**
   * What it is the budget of, for messages: `run` or `step`.
   *
   * @default {"run"}
   */
  readonly of?: "run" | "step" | undefined;
  /**
   * The budget that this one is a part of: what is taken from this one is taken from that one too.
   *
   * @default {none}
   */
  readonly within?: Budget | undefined;
  /**
   * Whether scripted answers stand in for the models. Nobody pays for them, so that a count that a
   * script leaves out is 0; of a real answer it is unknown.
   *
   * @default {false}
   */
  readonly rehearsed?: boolean | undefined;
}

/** What was used up of a {@linkcode Budget}. */
export interface Spent {
  /** Requests of models. */
  readonly turns: number;
  /** Tokens of requests and answers; `null` where any count was unknown. */
  readonly tokens: number | null;
  /** US dollars; `null` where they are unknown, as a count or a price was. */
  readonly usd: number | null;
}

/** Thrown by a {@linkcode Budget} that is used up or cannot be kept; the message says what to do. */
export class BudgetError extends Error {
  /** `BudgetError`. */
  override readonly name: string = "BudgetError";
}

/**
 * A budget. Before a request of a model {@linkcode Budget.reserve} takes its turn; after its answer
 * {@linkcode Budget.charge} takes its tokens. Steps that run at a time share the run's budget: each
 * has one of its own `within` it.
 *
 * A budget with a limit of tokens or dollars cannot be kept once a count is unknown: nothing more is
 * granted from then on.
 */
export class Budget {
  readonly #limits: StartBudget;
  readonly #of: "run" | "step";
  /** This one and those that it is a part of, the narrowest first. */
  readonly #chain: readonly Budget[];
  readonly #rehearsed: boolean;
  #turns: number;
  #tokens: number | null;
  /** Units. */
  #cost: bigint | null;
  /** What of it was spent before, which the day's rest is without already. */
  readonly #before: bigint;
  /** Why a count or a price is not known, for the message. */
  #unknown: { readonly tokens?: string; readonly usd?: string } = {};

  /**
   * Makes a budget.
   *
   * @param limits What may be used up, what was before, and what the models cost, by the names that
   * files give them: `openai:gpt-4.1`.
   * @param options Whose it is, and what it is a part of.
   */
  constructor(limits: StartBudget, options: BudgetOptions = {}) {
    const { turns = 0, tokens = 0, usd = 0 } = limits.used ?? {};
    this.#limits = limits;
    this.#of = options.of ?? "run";
    this.#chain = [this, ...options.within === undefined ? [] : options.within.#chain];
    this.#rehearsed = options.rehearsed ?? false;
    this.#turns = turns;
    this.#tokens = tokens ?? (this.#rehearsed ? 0 : null);
    this.#cost = usd === null ? (this.#rehearsed ? 0n : null) : unitsOf(usd);
    this.#before = this.#cost ?? 0n;
    const before = "an answer before was not counted";
    if (this.#tokens === null) this.#unknown = { ...this.#unknown, tokens: before };
    if (this.#cost === null) this.#unknown = { ...this.#unknown, usd: before };
  }

  /** What was used up so far. */
  get spent(): Spent {
    return {
      turns: this.#turns,
      tokens: this.#tokens,
      usd: this.#cost === null ? null : dollarsOf(this.#cost),
    };
  }

  /**
   * Why a request would be refused now. Nothing is taken.
   *
   * @param model The model that would be asked.
   * @returns A sentence, or `undefined` where it would be granted.
   */
  problem(model: string): string | undefined {
    for (const budget of this.#chain) {
      const problem = budget.#refusal(model);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  /**
   * Takes a turn, before a request. If any budget refuses, none of them counts it.
   *
   * @param model The model that is to be asked: `openai:gpt-4.1`.
   * @throws {BudgetError} If the budget, or one that it is a part of, is used up or cannot be kept.
   */
  reserve(model: string): void {
    const problem = this.problem(model);
    if (problem !== undefined) throw new BudgetError(problem);
    for (const budget of this.#chain) budget.#turns++;
  }

  /**
   * Takes what an answer took. A request that failed is charged too, with `null` where it may have
   * taken tokens that nobody counted; its turn is taken already.
   *
   * @param model The model that was asked.
   * @param usage What it took.
   * @throws {BudgetError} If a budget is exceeded now, or cannot be kept any more. What the answer took
   * is counted all the same.
   */
  charge(model: string, usage: Usage): void {
    for (const budget of this.#chain) budget.#count(model, usage);
    for (const budget of this.#chain) {
      const problem = budget.#unkeepable() ?? budget.#excess();
      if (problem !== undefined) throw new BudgetError(problem);
    }
  }

  #priceOf(model: string): ModelPrice | undefined {
    for (const budget of this.#chain) {
      const { prices } = budget.#limits;
      if (prices !== undefined && Object.hasOwn(prices, model)) return prices[model];
    }
    return undefined;
  }

  #count(model: string, usage: Usage): void {
    const input = usage.inputTokens ?? (this.#rehearsed ? 0 : null);
    const output = usage.outputTokens ?? (this.#rehearsed ? 0 : null);
    if (input === null || output === null) {
      this.#tokens = null;
      this.#unknown = {
        tokens: `the model '${model}' did not say how many an answer took`,
        ...this.#unknown,
      };
    } else if (this.#tokens !== null) {
      this.#tokens += input + output;
    }
    const price = this.#priceOf(model);
    const cost = price === undefined
      ? (input === 0 && output === 0 ? 0n : null)
      : costOf(price, input, output);
    if (cost === null) {
      this.#unknown = {
        usd: price === undefined
          ? noPrice(model)
          : `the model '${model}' did not say how many tokens an answer took`,
        ...this.#unknown,
      };
    }
    this.#cost = sum(this.#cost, cost);
  }

  /** Why nothing may be asked of a model any more. */
  #refusal(model: string): string | undefined {
    const { turns, tokens, usd, usdToday } = this.#limits;
    const unkeepable = this.#unkeepable();
    if (unkeepable !== undefined) return unkeepable;
    if (turns !== undefined && this.#turns >= turns) {
      return this.#usedUp("turns", turns === 1 ? "1 turn" : `${turns} turns`);
    }
    if (tokens !== undefined && (this.#tokens ?? 0) >= tokens) return this.#tokensGone(tokens);
    if (usd === undefined && usdToday === undefined) return undefined;
    const price = this.#priceOf(model);
    if (price === undefined) {
      const [key, limit] = usd === undefined ? ["usd_per_day", usdToday] : ["usd", usd];
      return this.#cannotKeep(String(key), dollarText(limit ?? 0), noPrice(model));
    }
    // What costs nothing can be had for nothing.
    if (isFree(price)) return undefined;
    return this.#dollarsGone((spent, limit) => spent >= limit);
  }

  /** Why the budget cannot be kept, as what was used up is not known. */
  #unkeepable(): string | undefined {
    const { tokens, usd, usdToday } = this.#limits;
    if (tokens !== undefined && this.#tokens === null) {
      return this.#cannotKeep("tokens", tokenText(tokens), this.#unknown.tokens ?? "");
    }
    if (this.#cost !== null) return undefined;
    const reason = this.#unknown.usd ?? "";
    if (usd !== undefined) return this.#cannotKeep("usd", dollarText(usd), reason);
    if (usdToday !== undefined) {
      return this.#cannotKeep("usd_per_day", dollarText(usdToday), reason);
    }
    return undefined;
  }

  /** Which limit was exceeded. Turns cannot be: each was taken before its request. */
  #excess(): string | undefined {
    const { tokens } = this.#limits;
    if (tokens !== undefined && (this.#tokens ?? 0) > tokens) return this.#tokensGone(tokens);
    return this.#dollarsGone((spent, limit) => spent > limit);
  }

  #tokensGone(limit: number): string {
    return this.#usedUp("tokens", tokenText(limit), `${this.#tokens ?? 0} were taken`);
  }

  #dollarsGone(isGone: (spent: bigint, limit: bigint) => boolean): string | undefined {
    const { usd, usdToday } = this.#limits;
    const spent = this.#cost ?? 0n;
    if (usd !== undefined && isGone(spent, unitsOf(usd))) {
      return this.#usedUp("usd", dollarText(usd), `${dollarText(dollarsOf(spent))} was spent`);
    }
    const today = spent - this.#before;
    if (usdToday !== undefined && isGone(today, unitsOf(usdToday))) {
      return dayUsedUp(usdToday, dollarsOf(today));
    }
    return undefined;
  }

  #usedUp(key: string, amount: string, taken?: string): string {
    const [whose, where] = this.#of === "run"
      ? ["The budget", "budget"]
      : ["The step's budget", "its budget"];
    const so = taken === undefined ? "" : `, ${taken}`;
    return `${whose} of ${amount} is used up${so}: raise ${where}: { ${key} } if it was too small`;
  }

  #cannotKeep(key: string, amount: string, reason: string): string {
    const whose = this.#of === "run" ? "The budget" : "The step's budget";
    return `${whose} of ${amount} cannot be kept: ${reason}. ` +
      `Leave ${key} out and limit budget: { turns }, or use a model whose tokens and price are known`;
  }
}

function dayUsedUp(left: number, spent: number): string {
  const state = `used up, ${dollarText(spent)} was spent`;
  return `The ${dollarText(left)} that the day had left are ${state}: ` +
    "raise budget: { usd_per_day } if it was too small, or wait until 00:00 UTC";
}

function noPrice(model: string): string {
  return `the price of the model '${model}' is not known`;
}

function tokenText(tokens: number): string {
  return tokens === 1 ? "1 token" : `${tokens} tokens`;
}
