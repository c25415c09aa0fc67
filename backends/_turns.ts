/**
 * Long work in small turns: it ends when its time is over or its caller has given up, and lets
 * others run meanwhile.
 *
 * @module
 */

import { throwIfAborted } from "./_checks.ts";
import { BackendError } from "./errors.ts";

/** Milliseconds of work after which others get their turn, so that a signal can arrive. */
const TURN_MILLISECONDS = 30;

/** Options of {@linkcode Turns}. */
export interface TurnsOptions {
  /** The canonical path of the search, for errors. */
  readonly path: string;
  /** Ends the work with `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long the work may take.
   *
   * @default {Infinity}
   */
  readonly milliseconds?: number | undefined;
  /**
   * The clock.
   *
   * @default {performance.now}
   */
  readonly now?: (() => number) | undefined;
}

/** Watches the time and the signal of one search. */
export class Turns {
  readonly #path: string;
  readonly #signal: AbortSignal | undefined;
  readonly #milliseconds: number;
  readonly #now: () => number;
  readonly #end: number;
  #turnEnds: number;

  /** @param options Whose work, and how long it may take. */
  constructor(options: TurnsOptions) {
    this.#path = options.path;
    this.#signal = options.signal;
    this.#milliseconds = options.milliseconds ?? Infinity;
    this.#now = options.now ?? (() => performance.now());
    const start = this.#now();
    this.#end = start + this.#milliseconds;
    this.#turnEnds = start + TURN_MILLISECONDS;
  }

  /**
   * Checks that the work may go on.
   *
   * @throws {BackendError} `aborted` or `timeout`.
   */
  check(): void {
    throwIfAborted(this.#signal, this.#path);
    if (this.#now() <= this.#end) return;
    throw new BackendError(
      "timeout",
      this.#path,
      `The search of '${this.#path}' took over ${this.#milliseconds / 1_000} seconds: ` +
        "name a deeper path or a glob, or look for a simpler text",
    );
  }

  /** Whether it is the turn of others: {@linkcode Turns.yield} should be awaited. */
  get isOver(): boolean {
    return this.#now() >= this.#turnEnds;
  }

  /**
   * Gives way to others if the turn is over.
   *
   * @throws {BackendError} As {@linkcode Turns.check}.
   */
  async yield(): Promise<void> {
    if (!this.isOver) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.check();
    this.#turnEnds = this.#now() + TURN_MILLISECONDS;
  }
}
