/**
 * What ends a run now, whatever is under way: somebody's wish, or its time being up.
 *
 * @module
 */

import { durationText } from "./_durations.ts";
import { interruption, Stopped, stoppedBy } from "./_stopped.ts";
import type { Wait } from "./_wait.ts";

/** Milliseconds that an interrupted run takes to look at what it wrote. */
const LAST_LOOK_MS = 250;

/** Options of {@linkcode Interruption}. */
export interface InterruptionOptions {
  /** Interrupts the run. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that the run may take; without it as long as it will. */
  readonly timeout?: number | undefined;
  /** How time passes. */
  readonly wait: Wait;
}

/** The interruption of a run, whether it comes or not. */
export class Interruption implements Disposable {
  readonly #end = new AbortController();
  readonly #over = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #wait: Wait;
  readonly #interrupt = () => this.#end.abort(interruption());

  /** @param options What may interrupt it. */
  constructor({ signal, timeout, wait }: InterruptionOptions) {
    this.#outer = signal;
    this.#wait = wait;
    if (signal?.aborted) this.#interrupt();
    signal?.addEventListener("abort", this.#interrupt, { once: true });
    if (timeout === undefined) return;
    wait(timeout, this.#over.signal).then(() => {
      if (this.#over.signal.aborted) return;
      const message = `The run took longer than ${durationText(timeout)}`;
      this.#end.abort(new Stopped("timeout", message));
    });
  }

  /** Aborted when it comes; the reason is a {@linkcode Stopped}. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** How the run ends with it, once it has come. */
  get cause(): Stopped | undefined {
    return this.signal.aborted ? stoppedBy(this.signal.reason) : undefined;
  }

  /**
   * Waits for work, and for no longer than until the run is interrupted.
   *
   * @param work What is waited for.
   * @returns What it comes to.
   * @throws {Stopped} If the run is interrupted first.
   */
  async unless<T>(work: Promise<T>): Promise<T> {
    return await unless(this.signal, work);
  }

  /** @returns A signal that ends with the others, or with the run. */
  orElse(...signals: readonly AbortSignal[]): AbortSignal {
    return AbortSignal.any([...signals, this.signal]);
  }

  /** @returns A signal that ends a last look soon after the interruption: nobody waits for long then. */
  lastLook(): AbortSignal {
    const late = new AbortController();
    const hurry = () => {
      this.#wait(LAST_LOOK_MS, this.#over.signal).then(() => late.abort());
    };
    if (this.signal.aborted) hurry();
    else this.signal.addEventListener("abort", hurry, { once: true });
    return late.signal;
  }

  /** It comes no more. */
  [Symbol.dispose](): void {
    this.#over.abort();
    this.#outer?.removeEventListener("abort", this.#interrupt);
  }
}

/**
 * Waits for work, and for no longer than until a signal.
 *
 * @param signal Ends the waiting.
 * @param work What is waited for.
 * @returns What it comes to.
 * @throws The reason of the signal, if it is aborted first.
 */
export async function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const end = () => reject(signal.reason);
  if (signal.aborted) end();
  signal.addEventListener("abort", end);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}
