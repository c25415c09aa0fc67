/**
 * Whose conversation a step goes on with.
 *
 * @module
 */

import type { StepGraph } from "./_compile_graph.ts";

/** What is known of a step. */
export interface SessionStep {
  readonly id: string;
  /** Whether it asks the model in a conversation that others can go on with. */
  readonly asks: boolean;
}

/** Whose conversations the steps of a file go on with. */
export class Conversations {
  readonly #steps: readonly SessionStep[];
  readonly #order: Pick<StepGraph, "sequence" | "isBefore">;
  /** Places in the list of the steps that ask, the last ones of the file first. */
  readonly #asking: readonly number[];
  /** Where each of all steps is in an order in which none comes before what it waits for. */
  readonly #ranks: ReadonlyMap<number, number>;

  /**
   * @param steps All steps, in the order of the file.
   * @param order Which of them wait for which.
   */
  constructor(steps: readonly SessionStep[], order: Pick<StepGraph, "sequence" | "isBefore">) {
    this.#steps = steps;
    this.#order = order;
    this.#asking = [...steps.keys()].filter((index) => steps[index]?.asks === true).reverse();
    this.#ranks = new Map(order.sequence.map((index, rank) => [index, rank]));
  }

  /**
   * The step whose conversation another one goes on with: an ancestor that asks the model and that
   * no other such ancestor comes after; of several, the last one of the file.
   *
   * @param index The step's place in the list.
   * @returns The id of the step; `undefined` where there is none.
   */
  of(index: number): string | undefined {
    const nearest = this.#asking.find((each) =>
      this.#isOpen(each, index) && !this.#isFollowed(each, index)
    );
    return nearest === undefined ? undefined : this.#steps[nearest]?.id;
  }

  #isOpen(before: number, index: number): boolean {
    return before !== index && this.#order.isBefore(before, index);
  }

  /** Whether a step that asks comes after one and before another: only those between them can. */
  #isFollowed(before: number, index: number): boolean {
    const { sequence, isBefore } = this.#order;
    const last = this.#ranks.get(index) ?? sequence.length;
    for (let rank = (this.#ranks.get(before) ?? 0) + 1; rank < last; rank++) {
      const between = sequence[rank];
      if (between === undefined || this.#steps[between]?.asks !== true) continue;
      if (isBefore(before, between) && this.#isOpen(between, index)) return true;
    }
    return false;
  }
}
