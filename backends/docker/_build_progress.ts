/**
 * Follows a build or a pull: what a person is shown of it, and what is worth keeping if it fails.
 *
 * @module
 */

import { type BuildStep, short } from "./_build_file.ts";
import { type EngineMessage, plainLine } from "./_image_stream.ts";

/** Lines of a log that an error shows. */
const TAIL_LINES = 20;

/** The longest line that is shown. */
const LINE_LETTERS = 500;

/** What engines say of their own work. */
const ENGINE_LINES: readonly RegExp[] = [
  /^ *-+> ([0-9a-f]{11,}|Running in [0-9a-f]+|Using cache|Using cache [0-9a-f]+)$/,
  /^(Removing|Removed) intermediate container [0-9a-f]+$/,
  /^Successfully (built|tagged) /,
  /^COMMIT /,
  /^[0-9a-f]{64}$/,
];

/** How engines begin a step. */
const STEP = /^step ([0-9]+)\/[0-9]+ ?: /i;

/** What a pull says of a layer that is worth a line. */
const LAYER_STATUS = /^(Pull complete|Already exists|Download complete)$/;

/** Follows one build. */
export class BuildProgress {
  readonly #steps: readonly BuildStep[];
  readonly #onProgress: (line: string) => void;
  #step: BuildStep | undefined;
  #number = 0;
  #line = "";
  #tail: string[] = [];

  /**
   * @param steps What is done, in order.
   * @param onProgress Told each line that a person sees.
   */
  constructor(steps: readonly BuildStep[], onProgress: (line: string) => void) {
    this.#steps = steps;
    this.#onProgress = onProgress;
  }

  /** The step that was begun last: `step 3 of 7 (setup: make)`. */
  get step(): string | undefined {
    if (this.#step === undefined) return undefined;
    return `step ${this.#number} of ${this.#steps.length} (${short(this.#step.title)})`;
  }

  /** The last lines that programs of this step printed. */
  get tail(): readonly string[] {
    const rest = plainLine(this.#line);
    return [...this.#tail, ...rest === "" ? [] : [rest]].slice(-TAIL_LINES);
  }

  /** Takes what the engine told. */
  add({ stream }: EngineMessage): void {
    if (stream === undefined) return;
    // What the engine says itself begins a line, even where a program did not end its last one.
    const isEngine = STEP.test(stream) || isEngineLine(plainLine(stream.replace(/\n$/, "")));
    if (isEngine && this.#line !== "") this.#endLine();
    const lines = (this.#line + stream).split("\n");
    this.#line = lines.pop() ?? "";
    if (this.#line.length > LINE_LETTERS * 4) this.#line = this.#line.slice(-LINE_LETTERS);
    for (const line of lines) this.#addLine(plainLine(line));
    // A step's name is sent without the end of its line.
    if (isEngine && this.#line !== "") this.#endLine();
  }

  #endLine(): void {
    const line = plainLine(this.#line);
    this.#line = "";
    this.#addLine(line);
  }

  #addLine(line: string): void {
    const [, number] = STEP.exec(line) ?? [];
    const step = number === undefined ? undefined : this.#steps[Number(number) - 1];
    if (step !== undefined && Number(number) === this.#number + 1) {
      [this.#step, this.#number, this.#tail] = [step, Number(number), []];
      this.#onProgress(`[${number}/${this.#steps.length}] ${short(step.title)}`);
      return;
    }
    if (line.trim() === "" || isEngineLine(line)) return;
    const shown = line.length > LINE_LETTERS ? `${line.slice(0, LINE_LETTERS - 1)}…` : line;
    this.#tail = [...this.#tail, shown].slice(-TAIL_LINES);
    this.#onProgress(`  ${shown}`);
  }
}

/** Follows one pull. */
export class PullProgress {
  readonly #onProgress: (line: string) => void;
  readonly #layers = new Map<string, string>();

  /** @param onProgress Told each line that a person sees. */
  constructor(onProgress: (line: string) => void) {
    this.#onProgress = onProgress;
  }

  /** Takes what the engine told. Podman tells it as a build does. */
  add({ status, id, stream }: EngineMessage): void {
    for (const line of (stream ?? "").split("\n")) this.#show(plainLine(line));
    if (status === undefined) return;
    const words = plainLine(status);
    if (id === undefined || /^Pulling from /.test(words)) return this.#show(words);
    if (this.#layers.get(id) === words) return;
    this.#layers.set(id, words);
    if (LAYER_STATUS.test(words)) this.#show(`${plainLine(id)}: ${words.toLowerCase()}`);
  }

  #show(line: string): void {
    if (line.trim() !== "") this.#onProgress(`  ${line.slice(0, LINE_LETTERS)}`);
  }
}

function isEngineLine(line: string): boolean {
  return ENGINE_LINES.some((pattern) => pattern.test(line));
}
