/**
 * What a started agent is made of, and what it has in common for all its steps.
 *
 * @module
 */

import type { Backend } from "../backends/protocol.ts";
import { Conversations, stepOf } from "./_conversations.ts";
import { Models } from "./_models.ts";
import { systemMessage } from "./_system.ts";
import { Workplaces } from "./_workplace.ts";
import { Budget, type BudgetOptions } from "./budget.ts";
import type { AgentEvent } from "./events.ts";
import type {
  ApprovalParams,
  ApprovalResult,
  EventNotice,
  StartBudget,
  StartParams,
} from "./process.ts";
import type { Channel } from "../backends/channel.ts";
import type { SecretMask } from "./secrets.ts";

/** What a session is made of. */
export interface SessionOptions {
  readonly start: StartParams;
  /** The files, with the run's rules in front of them. */
  readonly tree: Backend;
  /** The channel to the runner. */
  readonly channel: Channel;
  /** Hides what the model and the runner are not told. */
  readonly mask: SecretMask;
  readonly notify: (notice: EventNotice) => void;
  readonly approve: (question: ApprovalParams, signal: AbortSignal) => Promise<ApprovalResult>;
}

/** A started agent. */
export class Session {
  readonly #instructions: string;
  readonly #masked: boolean;
  readonly mask: SecretMask;
  readonly models: Models;
  readonly workplaces: Workplaces;
  readonly conversations: Conversations = new Conversations();
  /** The same as in {@linkcode SessionOptions}. */
  readonly approve: SessionOptions["approve"];
  readonly #notify: SessionOptions["notify"];
  readonly #budget: Budget;
  /** Those of steps, by their ids. */
  readonly #budgets = new Map<string, Budget>();

  /** @param options What it is made of. */
  constructor({ start, tree, channel, mask, notify, approve }: SessionOptions) {
    this.#instructions = start.instructions;
    this.#masked = (start.secrets ?? []).length > 0;
    this.mask = mask;
    this.models = new Models(start.model);
    this.workplaces = new Workplaces(start, tree, channel);
    this.approve = approve;
    this.#notify = notify;
    this.#budget = new Budget(start.budget ?? {}, this.#budgetOptions());
  }

  /** The system message of a step; the run's instructions are for those that have none. */
  system(instructions: string | undefined): string {
    return this.mask.text(systemMessage(instructions ?? this.#instructions, this.#masked));
  }

  /**
   * What an attempt of a step may use up, or its judge: a part of the step's budget, which all its
   * attempts and items share, and that a part of the run's.
   *
   * @param key The step's key.
   * @param limits The step's limits, the same each time; what it used up before counts the first time,
   * and then what was counted here.
   */
  budget(key: string, { usdToday, ...limits }: StartBudget = {}): Budget {
    const step = stepOf(key);
    const options = { ...this.#budgetOptions(), of: "step" } as const;
    let shared = this.#budgets.get(step);
    if (shared === undefined) {
      shared = new Budget(limits, { ...options, within: this.#budget });
      this.#budgets.set(step, shared);
    }
    if (usdToday === undefined) return shared;
    // What the day has left is another sum each time.
    return new Budget({ usdToday, prices: limits.prices }, { ...options, within: shared });
  }

  /**
   * The way to tell what is done for a step.
   *
   * @param step The step's key.
   * @param signal When it aborts, nobody asks for that any more.
   * @returns The way, and what closes it.
   */
  teller(step: string, signal: AbortSignal): Teller {
    let closed = false;
    return {
      tell: (event) => {
        if (!closed && !signal.aborted) this.#notify({ step, event });
      },
      close: () => closed = true,
    };
  }

  #budgetOptions(): BudgetOptions {
    return { rehearsed: this.models.rehearsed };
  }
}

/** Tells what is done for one step. */
export interface Teller {
  readonly tell: (event: AgentEvent) => void;
  /** Ends it: what happens later is told to nobody. */
  readonly close: () => void;
}
