/**
 * How far a run has come: what survives it when it waits for an approval.
 *
 * @module
 */

import { JudgeAnswers } from "./checks/judge_answers.ts";
import type {
  EndedStep,
  KeptItems,
  RunCheckpoint,
  StepFailure,
  WaitingStep,
} from "./checkpoint.ts";
import type { StepValues } from "./expressions/context.ts";
import type { Value } from "./expressions/expression.ts";
import type { Plan } from "./plan.ts";
import type { StepEnd } from "./_schedule.ts";
import { WrittenFiles } from "./written.ts";

/** What expressions know of a step that is not run. */
const SKIPPED: StepValues = { output: null, outputs: null, status: "skipped" };

/** How far a step with `foreach` has come. */
export interface Items {
  readonly items: readonly Value[];
  /** Those that succeeded, by their numbers. */
  readonly ended: Map<number, Pick<StepValues, "output" | "outputs">>;
  /** Scripted turns that they have taken here, of a rehearsal. */
  played: number;
  /** The same in the runs that this one goes on with. */
  readonly playedBefore: number;
  /** How the first one failed that did. */
  failure: StepFailure | undefined;
}

/** The parts of a checkpoint that a run's progress is. */
type Kept = Omit<RunCheckpoint, "agent" | "spent">;

/** The progress of a run. */
export class Progress {
  /** What it wrote. */
  readonly written: WrittenFiles;
  /** What the rehearsal lets judges say. */
  readonly judges: JudgeAnswers;
  readonly #ended: Map<string, EndedStep>;
  readonly #items = new Map<string, Items>();
  /** Steps that waited in the run that this one goes on with, and did not go on yet. */
  readonly #waited: Map<string, WaitingStep>;
  readonly #waiting: WaitingStep[] = [];
  #failure: StepFailure | undefined;

  /**
   * @param plan What is run.
   * @param before How far the run had come that this one goes on with.
   */
  constructor({ model }: Plan, before?: Kept) {
    this.written = new WrittenFiles(before?.written);
    const scripted = model.type === "rehearsal" ? model.judges : undefined;
    this.judges = new JudgeAnswers(scripted, before?.judged);
    this.#ended = new Map(Object.entries(before?.ended ?? {}));
    this.#waited = new Map(before?.waiting.map((step) => [step.step, step]));
    this.#failure = before?.failure;
    for (const [id, { items, ended, played, failure }] of Object.entries(before?.items ?? {})) {
      const done = Object.entries(ended).map(([index, values]) => [Number(index), values] as const);
      // What an item waits with says itself how much was played before it.
      const waits = items.some((_, index) => this.#waited.has(itemKey(id, index)));
      const playedBefore = waits ? 0 : played;
      this.#items.set(id, {
        items,
        ended: new Map(done),
        played: played - playedBefore,
        playedBefore,
        failure,
      });
    }
  }

  /** How the steps ended that did. */
  get ends(): ReadonlyMap<string, StepEnd> {
    return new Map([...this.#ended].map(([id, { end }]) => [id, end]));
  }

  /** What expressions know of the steps that ended. */
  get values(): Readonly<Record<string, StepValues>> {
    return Object.fromEntries([...this.#ended].map(([id, { values }]) => [id, values]));
  }

  /** How the first step failed that did and was not continued. */
  get failure(): StepFailure | undefined {
    return this.#failure;
  }

  /** What waits. */
  get waiting(): readonly WaitingStep[] {
    return [...this.#waiting, ...this.#waited.values()];
  }

  /** Whether something waits that went on here: then nothing new begins. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** All of it, as data. */
  get kept(): Kept {
    const items = [...this.#items].map(([id, { items, ended, played, playedBefore, failure }]) => {
      const kept: KeptItems = {
        items,
        ended: Object.fromEntries(ended),
        played: played + playedBefore,
        failure,
      };
      return [id, kept] as const;
    });
    return {
      waiting: this.waiting,
      ended: Object.fromEntries(this.#ended),
      items: Object.fromEntries(items),
      failure: this.#failure,
      judged: this.judges.taken,
      written: this.written.paths,
    };
  }

  /** Whether a step had begun in the run that this one goes on with. */
  hasBegun(id: string): boolean {
    return this.#waited.has(id) || this.#items.has(id);
  }

  /** Whether a step waited in the run that this one goes on with, and did not go on yet. */
  hasWaited(key: string): boolean {
    return this.#waited.has(key);
  }

  /** Takes what a step waited with in the run that this one goes on with. */
  takeWaited(key: string): WaitingStep | undefined {
    const waited = this.#waited.get(key);
    this.#waited.delete(key);
    return waited;
  }

  /** Keeps a step that waits. */
  wait(step: WaitingStep): void {
    this.#waiting.push(step);
  }

  /** How far the items of a step are; `undefined` if it has not begun. */
  itemsOf(id: string): Items | undefined {
    return this.#items.get(id);
  }

  /** Begins the items of a step. */
  beginItems(id: string, items: readonly Value[]): Items {
    const begun = { items, ended: new Map(), played: 0, playedBefore: 0, failure: undefined };
    this.#items.set(id, begun);
    return begun;
  }

  /** Ends a step. */
  end(id: string, end: StepEnd, values: StepValues): void {
    this.#items.delete(id);
    this.#ended.set(id, { end, values });
  }

  /** Takes down that a step is not run. */
  skip(id: string): void {
    this.end(id, "skipped", SKIPPED);
  }

  /** Takes down how the run will end; the first failure counts. */
  fail(failure: StepFailure): void {
    this.#failure ??= failure;
  }
}

/** The key of an item of a step with `foreach`. */
export function itemKey(id: string, index: number): string {
  return `${id}[${index}]`;
}
