/**
 * What became of each step, as rows of a table: for the end of a run that is more than its steps done
 * one after the other.
 *
 * @module
 */

import type { EventSink, RunEvent } from "./events.ts";

/** A step, as the report names it. */
export interface StepRow {
  readonly id: string;
  /** `success`, `failure (the run went on)`, `skipped`, `not done`. */
  readonly status: string;
  /** Attempts, items, why it was skipped; empty where there is nothing to say. */
  readonly detail: string;
}

interface Row {
  status: string;
  attempts: number;
  /** Whether it is done for each of its items, should it have some. */
  isRepeated: boolean;
  items: number;
  done: number;
  reason: string;
}

/** Follows the steps of a run by its events. */
export class StepTable {
  readonly #rows = new Map<string, Row>();
  #isPlain = true;

  /** The reader of the run's events. */
  readonly sink: EventSink = (event) => this.#note(event);

  /** Whether all steps were simply done: then there is nothing to tell of them. */
  get isPlain(): boolean {
    return this.#isPlain && [...this.#rows.values()].every(({ status }) => status === "success");
  }

  /** The steps, in the order of the file, then those that come after all of them. */
  get rows(): readonly StepRow[] {
    return [...this.#rows].map(([id, { status, attempts, isRepeated, items, done, reason }]) => {
      const detail = [
        ...items === 0 && isRepeated ? ["no items"] : [],
        ...items > 0 ? [`${done} of ${items} ${items === 1 ? "item" : "items"}`] : [],
        ...attempts > 1 ? [`${attempts} attempts`] : [],
        ...reason === "" ? [] : [reason],
      ];
      return { id, status, detail: detail.join(", ") };
    });
  }

  #note(event: RunEvent): void {
    if (event.type === "run.started") { for (const id of event.steps) this.#row(id); }
    if (!("step" in event)) return;
    // Steps of a workflow that is used are its caller's, in a word.
    if (event.step.includes("/")) return;
    const item = /^(.*)\[\d+\]$/.exec(event.step)?.[1];
    if (item !== undefined) return this.#item(this.#row(item), event);
    switch (event.type) {
      case "step.started": {
        const row = this.#row(event.step);
        row.attempts = event.attempt;
        row.status = "not done";
        return;
      }
      case "step.skipped": {
        const row = this.#row(event.step);
        row.status = "skipped";
        row.reason = event.reason;
        return;
      }
      case "step.finished": {
        if (event.retry) this.#isPlain = false;
        const row = this.#row(event.step);
        if (event.items !== undefined) {
          this.#isPlain = false;
          row.isRepeated = true;
          row.items = event.items;
        }
        row.status = event.continued === true
          ? `${event.outcome} (the run went on)`
          : event.outcome;
      }
    }
  }

  #item(row: Row, event: RunEvent): void {
    this.#isPlain = false;
    if (event.type === "step.started" && event.attempt === 1) row.items++;
    if (event.type === "step.finished" && event.outcome === "success") row.done++;
  }

  #row(id: string): Row {
    const row = this.#rows.get(id) ??
      { status: "not done", attempts: 0, isRepeated: false, items: 0, done: 0, reason: "" };
    this.#rows.set(id, row);
    return row;
  }
}
