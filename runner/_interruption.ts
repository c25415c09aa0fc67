/**
 * Somebody's wish to end a run now.
 *
 * @module
 */

import { interruption } from "./_stopped.ts";

/** Milliseconds that an interrupted run takes to look at what it wrote. */
const LAST_LOOK_MS = 250;

/** The interruption of a run, whether it comes or not. */
export class Interruption {
  readonly #signal: AbortSignal | undefined;

  /** @param signal Interrupts the run. */
  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Whether it has come. */
  get here(): boolean {
    return this.#signal?.aborted === true;
  }

  /**
   * Waits for work, and for no longer than until the run is interrupted.
   *
   * @param work What is waited for.
   * @returns What it comes to.
   * @throws {Stopped} If the run is interrupted first.
   */
  async unless<T>(work: Promise<T>): Promise<T> {
    const signal = this.#signal;
    if (signal === undefined) return await work;
    const { promise, reject } = Promise.withResolvers<never>();
    const interrupt = () => reject(interruption());
    if (signal.aborted) interrupt();
    signal.addEventListener("abort", interrupt);
    try {
      return await Promise.race([work, promise]);
    } finally {
      signal.removeEventListener("abort", interrupt);
    }
  }

  /** @returns A signal that ends with the others, or with the run. */
  orElse(...signals: readonly AbortSignal[]): AbortSignal {
    return AbortSignal.any(this.#signal === undefined ? [...signals] : [...signals, this.#signal]);
  }

  /** @returns A signal that ends a last look soon after the interruption: nobody waits for long then. */
  lastLook(): AbortSignal {
    const late = new AbortController();
    const hurry = () => Deno.unrefTimer(setTimeout(() => late.abort(), LAST_LOOK_MS));
    if (this.here) hurry();
    else this.#signal?.addEventListener("abort", hurry, { once: true });
    return late.signal;
  }
}
