/**
 * Numbers and dates a run's events and hands each to every reader: the screen, `--json`, the
 * report.
 *
 * @module
 */

import type { EventSink, RunEvent, RunEventBody } from "./events.ts";

/** Options of {@linkcode Recorder}. */
export interface RecorderOptions {
  /** The run's id. */
  readonly run: string;
  /** The readers, each called with every event in order. */
  readonly sinks: readonly EventSink[];
  /**
   * The clock.
   *
   * @default {() => new Date()}
   */
  readonly now?: (() => Date) | undefined;
}

/** The one place where a run's events come into being. */
export class Recorder {
  readonly #run: string;
  readonly #sinks: readonly EventSink[];
  readonly #now: () => Date;
  #seq = 0;

  /** @param options The run, its readers and its clock. */
  constructor(options: RecorderOptions) {
    this.#run = options.run;
    this.#sinks = options.sinks;
    this.#now = options.now ?? (() => new Date());
  }

  /**
   * Tells every reader what happened.
   *
   * @param body What happened.
   */
  emit(body: RunEventBody): void {
    const header = { seq: ++this.#seq, time: this.#now().toISOString(), run: this.#run };
    // The header stands first, and no body can change it.
    const event: RunEvent = { ...header, ...body, ...header };
    for (const sink of this.#sinks) sink(event);
  }
}
