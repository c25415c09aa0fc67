/**
 * The order of steps: what is ready runs, as many at a time as may, until nothing is left or nothing
 * more may begin. It knows of no plan, no process and no clock.
 *
 * @module
 */

/** What the order goes by. */
export interface ScheduledStep {
  readonly id: string;
  /** The steps that must have ended before. */
  readonly needs: readonly string[];
  /** Its own condition, if it has one. */
  readonly if?: { readonly asksStatus: boolean };
}

/**
 * How a step came out, for those that need it. After a failure that was `continued` they run;
 * `waiting` is no end yet, and lets nothing begin any more.
 */
export type StepEnd = "success" | "failure" | "continued" | "skipped" | "waiting";

/** Options of {@linkcode schedule}. */
export interface ScheduleOptions<Step extends ScheduledStep> {
  /** The steps, in the order in which those begin that are ready at the same time. */
  readonly steps: readonly Step[];
  /** How many may be under way. */
  readonly concurrency: number;
  /**
   * Runs a step.
   *
   * @param step What is ready.
   * @param failed Whether a step failed that it waits for, itself or over others.
   * @returns How it ended. Where it throws, nothing begins any more.
   */
  readonly run: (step: Step, failed: boolean) => Promise<StepEnd>;
  /**
   * Told of a step that is not run.
   *
   * @param step The step.
   * @param because The step that failed.
   */
  readonly skip: (step: Step, because: string) => void;
  /**
   * Steps that ended before, by their ids: they are not run again.
   *
   * @default {none}
   */
  readonly ended?: ReadonlyMap<string, StepEnd> | undefined;
}

/**
 * Runs steps in the order of what they need.
 *
 * @param options The steps, and who runs them.
 * @returns How each step ended that did; all of them, unless one waits.
 * @throws {TypeError} If steps wait for one another, or for one that is not there.
 * @throws What a step throws, once all that are under way have ended.
 */
export async function schedule<Step extends ScheduledStep>(
  options: ScheduleOptions<Step>,
): Promise<ReadonlyMap<string, StepEnd>> {
  return await new Schedule(options).run();
}

class Schedule<Step extends ScheduledStep> {
  readonly #options: ScheduleOptions<Step>;
  readonly #ends: Map<string, StepEnd>;
  /** For each step that ended, the failed one that is on the way to it, itself included. */
  readonly #culprits = new Map<string, string>();
  readonly #over = Promise.withResolvers<void>();
  #waiting: Step[];
  #underWay = 0;
  #stopped = false;
  #error: { readonly thrown: unknown } | undefined;

  constructor(options: ScheduleOptions<Step>) {
    const { steps, ended = new Map<string, StepEnd>() } = options;
    this.#options = options;
    this.#ends = new Map(ended);
    this.#waiting = steps.filter(({ id }) => !this.#ends.has(id));
    for (const step of inOrder(steps)) {
      const end = ended.get(step.id);
      if (end !== undefined) this.#blame(step, end);
    }
  }

  async run(): Promise<ReadonlyMap<string, StepEnd>> {
    this.#begin();
    await this.#over.promise;
    if (this.#error !== undefined) throw this.#error.thrown;
    return this.#ends;
  }

  /** Begins what is ready; ends where nothing is under way and nothing can begin. */
  #begin(): void {
    // A step that is skipped may make any other ready.
    while (!this.#stopped && this.#skipOne());
    const { concurrency, run } = this.#options;
    while (!this.#stopped && this.#underWay < concurrency) {
      const step = this.#waiting.find((step) => this.#isReady(step));
      if (step === undefined) break;
      this.#waiting = this.#waiting.filter((other) => other !== step);
      this.#underWay++;
      // What throws before it returns a promise counts too.
      Promise.resolve().then(() => run(step, this.#culpritOf(step) !== undefined)).then(
        (end) => this.#finished(step, end),
        (thrown) => this.#failed(thrown),
      );
    }
    if (this.#underWay === 0) this.#over.resolve();
  }

  #skipOne(): boolean {
    const { skip } = this.#options;
    const blocked = this.#waiting.find((step) =>
      step.if?.asksStatus !== true && this.#isReady(step) && this.#culpritOf(step) !== undefined
    );
    const because = blocked && this.#culpritOf(blocked);
    if (blocked === undefined || because === undefined) return false;
    this.#waiting = this.#waiting.filter((other) => other !== blocked);
    this.#end(blocked, "skipped");
    try {
      skip(blocked, because);
    } catch (thrown) {
      this.#stop(thrown);
    }
    return true;
  }

  #finished(step: Step, end: StepEnd): void {
    this.#underWay--;
    if (end === "waiting") this.#stopped = true;
    else this.#end(step, end);
    this.#begin();
  }

  #failed(thrown: unknown): void {
    this.#underWay--;
    this.#stop(thrown);
    this.#begin();
  }

  #stop(thrown: unknown): void {
    this.#stopped = true;
    this.#error ??= { thrown };
  }

  #end(step: Step, end: StepEnd): void {
    this.#ends.set(step.id, end);
    this.#blame(step, end);
  }

  #blame(step: Step, end: StepEnd): void {
    const culprit = end === "failure" ? step.id : this.#culpritOf(step);
    if (culprit !== undefined) this.#culprits.set(step.id, culprit);
  }

  #culpritOf({ needs }: Step): string | undefined {
    for (const id of needs) {
      const culprit = this.#culprits.get(id);
      if (culprit !== undefined) return culprit;
    }
    return undefined;
  }

  #isReady({ needs }: Step): boolean {
    return needs.every((id) => this.#ends.has(id));
  }
}

/** The steps, each after those that it needs. */
function inOrder<Step extends ScheduledStep>(steps: readonly Step[]): readonly Step[] {
  const ordered: Step[] = [];
  const placed = new Set<string>();
  let left = steps;
  while (left.length > 0) {
    const later: Step[] = [];
    for (const step of left) {
      if (step.needs.every((id) => placed.has(id))) {
        placed.add(step.id);
        ordered.push(step);
      } else later.push(step);
    }
    if (later.length === left.length) {
      const names = later.map(({ id }) => `'${id}'`).join(", ");
      throw new TypeError(`These steps wait for one another, or for none that is there: ${names}`);
    }
    left = later;
  }
  return ordered;
}

/** Options of {@linkcode inTurn}. */
export interface InTurnOptions {
  /** How many numbers there are: 0, 1, 2 and so on. */
  readonly count: number;
  /** How many may be under way. */
  readonly concurrency: number;
  /**
   * Does the work for a number.
   *
   * @param index The number.
   * @returns Whether others may begin.
   */
  readonly run: (index: number) => Promise<boolean>;
}

/**
 * Does the same for each number, in order, several at a time.
 *
 * @param options How many, and what.
 * @throws What the work throws first, once all that is under way has ended.
 */
export async function inTurn({ count, concurrency, run }: InTurnOptions): Promise<void> {
  let next = 0;
  let goOn = true;
  const lane = async () => {
    while (goOn && next < count) {
      try {
        if (!await run(next++)) goOn = false;
      } catch (error) {
        goOn = false;
        throw error;
      }
    }
  };
  const lanes = Array.from({ length: Math.min(count, concurrency) }, lane);
  const ended = await Promise.allSettled(lanes);
  for (const end of ended) if (end.status === "rejected") throw end.reason;
}
