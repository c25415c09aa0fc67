/**
 * How far a run has come: what survives it when it waits for an approval.
 *
 * @module
 */

import type { Usage } from "../agent/model.ts";
import type { RunCheckpoint } from "./checkpoint.ts";
import { WrittenFiles } from "./written.ts";

/** The parts of a checkpoint that a run's progress is. */
type Kept = Pick<
  RunCheckpoint,
  "outputs" | "turns" | "inputTokens" | "outputTokens" | "written"
>;

/** The progress of a run. */
export class Progress {
  /** What it wrote. */
  readonly written: WrittenFiles;
  /** The outputs of the finished steps. */
  readonly outputs: Record<string, string>;
  #turns: number;
  #inputTokens: number | null;
  #outputTokens: number | null;

  /** @param before How far the run had come that this one goes on with. */
  constructor(before?: Kept) {
    this.written = new WrittenFiles(before?.written);
    this.outputs = { ...before?.outputs };
    this.#turns = before?.turns ?? 0;
    this.#inputTokens = before?.inputTokens ?? (before === undefined ? 0 : null);
    this.#outputTokens = before?.outputTokens ?? (before === undefined ? 0 : null);
  }

  /** Requests of the model, and their tokens; `null` where any answer left its count unknown. */
  get totals(): Pick<Kept, "turns" | "inputTokens" | "outputTokens"> {
    return {
      turns: this.#turns,
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
    };
  }

  /** All of it, as data. */
  get kept(): Kept {
    return { ...this.totals, outputs: this.outputs, written: this.written.paths };
  }

  /**
   * Adds what an attempt took.
   *
   * @param turns Requests of the model.
   * @param usage Their tokens.
   */
  add(turns: number, { inputTokens, outputTokens }: Usage): void {
    this.#turns += turns;
    this.#inputTokens = sum(this.#inputTokens, inputTokens);
    this.#outputTokens = sum(this.#outputTokens, outputTokens);
  }
}

function sum(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}
