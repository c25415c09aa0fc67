/**
 * The attempts that are under way, by the keys of their steps: whose events count.
 *
 * @module
 */

import type { Stopped } from "./_stopped.ts";

/** Ends an attempt. */
type Stop = (reason: Stopped) => void;

/** The attempts of a run that are under way. */
export class UnderWay {
  readonly #attempts = new Map<string, Stop>();
  /** Steps with an attempt that was ended before its time: its last events may be on their way. */
  readonly #cut = new Set<string>();

  /** How many there are. */
  get count(): number {
    return this.#attempts.size;
  }

  /**
   * Begins an attempt.
   *
   * @param step The step's key.
   * @param stop Ends it.
   */
  begin(step: string, stop: Stop): void {
    this.#attempts.set(step, stop);
  }

  /**
   * Ends an attempt.
   *
   * @param step The step's key.
   * @param isCut Whether it was ended before its time.
   */
  end(step: string, isCut: boolean): void {
    this.#attempts.delete(step);
    if (isCut) this.#cut.add(step);
  }

  /** Whether a step has an attempt under way. */
  has(step: string): boolean {
    return this.#attempts.has(step);
  }

  /** Whether events of a step may come that are too late. */
  wasCut(step: string): boolean {
    return this.#cut.has(step);
  }

  /** Ends the attempt of a step, if one is under way. */
  stop(step: string, reason: Stopped): void {
    this.#attempts.get(step)?.(reason);
  }
}
