/**
 * What a rehearsal lets judges say: each answer once, in order.
 *
 * @module
 */

import type { RehearsalTurn } from "../../agent/rehearsal.ts";

/** The scripted answers of the judges of a run. */
export class JudgeAnswers {
  readonly #scripted: Readonly<Record<string, readonly RehearsalTurn[]>>;
  readonly #taken: Map<string, number>;

  /**
   * @param scripted The answers of each step.
   * @param taken How many of each were taken before, by a run that this one goes on with.
   */
  constructor(
    scripted: Readonly<Record<string, readonly RehearsalTurn[]>> = {},
    taken: Readonly<Record<string, number>> = {},
  ) {
    this.#scripted = scripted;
    this.#taken = new Map(Object.entries(taken));
  }

  /** How many answers of each step were taken so far. */
  get taken(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#taken);
  }

  /**
   * Takes the next answer of a step; its attempts, and its items, take one after the other.
   *
   * @param step The step's id.
   * @returns The turn that answers; none where there is no answer left, which is a mismatch.
   */
  take(step: string): readonly RehearsalTurn[] {
    const taken = this.#taken.get(step) ?? 0;
    this.#taken.set(step, taken + 1);
    return this.#of(step).slice(taken, taken + 1);
  }

  /**
   * @param step The id of a step that has ended.
   * @returns What does not match, if answers are left that no judge was asked for.
   */
  leftover(step: string): string | undefined {
    const taken = this.#taken.get(step) ?? 0;
    const left = this.#of(step).slice(taken);
    const [first] = left;
    if (first === undefined) return undefined;
    const place = first.place === undefined ? "" : ` (${first.place})`;
    const answers = left.length === 1 ? "1 answer of a judge" : `${left.length} answers of judges`;
    return `The rehearsal has ${answers} left over for step '${step}'${place}: ` +
      `${taken} ${taken === 1 ? "was" : "were"} asked for`;
  }

  #of(step: string): readonly RehearsalTurn[] {
    return Object.hasOwn(this.#scripted, step) ? this.#scripted[step] ?? [] : [];
  }
}
