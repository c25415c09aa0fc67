/**
 * Carries out a plan: starts the agent and the host, runs the steps in the order of what they need,
 * and ends all processes whatever happens.
 *
 * @module
 */

import { hiddenTexts } from "../agent/secrets.ts";
import { readEvent } from "./_agent_words.ts";
import type { Backend } from "../backends/protocol.ts";
import { Approvals, type Approver, NOBODY, type Questions } from "./approvals.ts";
import type { CheckpointFile, ResumedRun, RunCheckpoint } from "./checkpoint.ts";
import { expressionContext } from "./_context.ts";
import type { EventSink, Outcome, RunEventBody, WrittenFile } from "./events.ts";
import type { ExpressionContext } from "./expressions/context.ts";
import { renderTemplate } from "./expressions/template.ts";
import { Interruption } from "./_interruption.ts";
import { giveRun, takeRun } from "./_kept_run.ts";
import type { Plan, PlanStep } from "./plan.ts";
import { Processes } from "./processes.ts";
import { Progress } from "./_progress.ts";
import { Recorder } from "./recorder.ts";
import type { ContextOf, Lent, RunHost } from "./_run_host.ts";
import { isRehearsed, runStarted } from "./_run_started.ts";
import { schedule } from "./_schedule.ts";
import { type DaySpent, Spending } from "./spending.ts";
import { runStep } from "./_step_run.ts";
import { Stopped, stoppedBy } from "./_stopped.ts";
import { UnderWay } from "./_under_way.ts";
import { type Wait, wait } from "./_wait.ts";
import { waitingText } from "./_waiting.ts";
import type { WrittenList } from "./written.ts";

/** Steps that run at a time where the file does not say how many. */
const CONCURRENCY = 4;

/** Options of {@linkcode runPlan}. */
export interface RunOptions {
  /** The readers of the run's events. */
  readonly sinks: readonly EventSink[];
  /** The model's key; a live run needs it, a rehearsed one never sees it. */
  readonly apiKey?: string | undefined;
  /**
   * The values of the plan's secrets, by their names. They are masked in all that is told and kept.
   *
   * @default {{}}
   */
  readonly secrets?: Readonly<Record<string, string>> | undefined;
  /**
   * Texts that are masked besides: the secrets of the run that uses this one.
   *
   * @default {[]}
   */
  readonly masked?: readonly string[] | undefined;
  /** Interrupts the run. */
  readonly signal?: AbortSignal | undefined;
  /** The run's id. */
  readonly runId: string;
  /** The clock of the events. */
  readonly now?: (() => Date) | undefined;
  /**
   * How time passes, for timeouts and before further attempts.
   *
   * @default {by the clock of the system}
   */
  readonly wait?: Wait | undefined;
  /** What all runs of the file cost today, for a budget of a day. */
  readonly today?: (() => DaySpent) | undefined;
  /**
   * Who is asked about what a rule of `ask` is for.
   *
   * @default {nobody: the run waits}
   */
  readonly approver?: Approver | undefined;
  /** The questions of the run that uses this one, if one does. */
  readonly questions?: Questions | undefined;
  /** Keeps what a waiting run needs to be gone on with, before it says that it waits. */
  readonly keep?:
    | ((checkpoint: RunCheckpoint, files: readonly CheckpointFile[]) => void)
    | undefined;
  /** The waiting run of the same plan that this one goes on with. */
  readonly resume?: ResumedRun | undefined;
  /** The tree of the run that uses this one, with its rules in front of it. */
  readonly callerTree?: Backend | undefined;
}

/** How a run ended. */
export interface RunResult {
  /** In a word. */
  readonly outcome: Outcome;
  /** What the command line exits with; README.md lists them. */
  readonly exitCode: number;
  /** The workflow's outputs; empty unless the run succeeded. */
  readonly outputs: Readonly<Record<string, string>>;
  /** What it wrote and left, sorted by path. */
  readonly files: readonly WrittenFile[];
  /** Paths that it wrote and that could not be looked at any more, if there are any. */
  readonly unseen?: readonly string[];
  /** Why it did not succeed. */
  readonly error?: string;
}

/** The exit code of each outcome. */
export const EXIT_CODES: Readonly<Record<Outcome, number>> = {
  success: 0,
  failure: 1,
  denied: 3,
  budget: 4,
  timeout: 5,
  waiting: 6,
  mismatch: 7,
  interrupted: 130,
};

/**
 * Runs a plan to its end. Failures of the run are its result, not exceptions.
 *
 * @param plan What to do.
 * @param options Readers, key, signal, id and clock.
 * @returns How it ended; its processes are gone by then.
 */
export async function runPlan(plan: Plan, options: RunOptions): Promise<RunResult> {
  const run = new Run(plan, options);
  try {
    return await run.carryOut();
  } finally {
    await run.end();
  }
}

class Run implements RunHost {
  readonly plan: Plan;
  readonly interruption: Interruption;
  readonly progress: Progress;
  readonly spending: Spending;
  readonly approvals: Approvals;
  readonly underWay = new UnderWay();
  readonly wait: Wait;
  readonly #options: RunOptions;
  readonly #recorder: Recorder;
  #processes: Processes | undefined;
  #started = "";
  #isFinished = false;

  constructor(plan: Plan, options: RunOptions) {
    const { resume, signal } = options;
    this.plan = plan;
    this.#options = options;
    this.wait = options.wait ?? wait;
    this.#recorder = new Recorder({
      run: options.runId,
      sinks: [
        (event) => {
          if (event.type === "run.started") this.#started = event.time;
        },
        ...options.sinks,
      ],
      now: options.now,
      secrets: hiddenTexts(this.#secretTexts, options.apiKey),
    });
    this.interruption = new Interruption({ signal, timeout: plan.timeout, wait: this.wait });
    this.progress = new Progress(plan, resume?.checkpoint);
    this.spending = new Spending(plan, {
      before: resume?.checkpoint.spent,
      today: options.today,
    });
    this.approvals = new Approvals({
      plan,
      emit: this.emit,
      approver: options.approver,
      mask: this.#recorder.mask,
      questions: options.questions,
    });
  }

  get lend(): Lent {
    const { apiKey, secrets = {}, runId, now, approver = NOBODY } = this.#options;
    const { questions } = this.approvals;
    return { apiKey, secrets, masked: this.#secretTexts, runId, now, approver, questions };
  }

  /** What nobody is shown, the model's key aside. */
  get #secretTexts(): readonly string[] {
    const { secrets = {}, masked = [] } = this.#options;
    return [...new Set([...Object.values(secrets), ...masked])];
  }

  get processes(): Processes {
    if (this.#processes === undefined) throw new TypeError("The processes are not started");
    return this.#processes;
  }

  readonly emit = (event: RunEventBody): void => {
    this.#recorder.emit(event);
    const excess = this.spending.note(event);
    if (excess !== undefined && "step" in event) {
      // What a used workflow does is an attempt of the step that uses it.
      const [step = event.step] = event.step.split("/");
      this.underWay.stop(step, new Stopped("budget", excess));
    }
  };

  readonly context = ({ failed, item, secrets }: ContextOf): ExpressionContext =>
    expressionContext(this.plan, {
      runId: this.#options.runId,
      started: this.#started,
      steps: this.progress.values,
      // What expressions tell of files may be told to the model.
      tree: this.#processes?.readable(),
      ...{ failed, item },
      secrets: secrets === true ? this.#options.secrets : undefined,
    });

  async carryOut(): Promise<RunResult> {
    const { resume } = this.#options;
    this.emit(runStarted(this.plan, resume?.run));
    let stopped: Stopped | undefined;
    let ready = false;
    try {
      const noneLeft = this.spending.dayProblem();
      if (noneLeft !== undefined) throw new Stopped("budget", noneLeft);
      const processes = this.#start();
      await this.interruption.unless(processes.ready());
      ready = true;
      if (resume !== undefined) {
        await this.interruption.unless(giveRun(processes, this.plan, resume));
      }
      await this.#runAll();
      stopped = this.progress.waiting.length > 0
        ? await this.#keep(processes)
        : await this.#copyArtifacts(processes);
    } catch (error) {
      stopped = this.interruption.cause ?? stoppedBy(error);
    }
    return await this.#finish(ready, stopped);
  }

  async end(): Promise<void> {
    this.interruption[Symbol.dispose]();
    await this.#processes?.end();
  }

  #start(): Processes {
    const { apiKey } = this.#options;
    const onEvent = (notice: unknown) => this.#agentEvent(notice);
    const onApproval = (params: unknown, signal: AbortSignal) =>
      this.approvals.answer(params, this.interruption.orElse(signal));
    const grants = this.approvals;
    return this.#processes = new Processes(this.plan, {
      ...{ apiKey, onEvent, onApproval, grants, onBox: this.#boxEvent },
      context: this.context({ failed: false }),
      secrets: this.#secretTexts,
      budget: this.spending.runLimits(),
      callerTree: this.#options.callerTree,
    });
  }

  /** The steps, and those that come after all of them. */
  async #runAll(): Promise<void> {
    const { steps, onSuccess = [], onFailure = [], concurrency = CONCURRENCY } = this.plan;
    await this.#runSteps(steps, concurrency, false);
    // What waited before, and did not go on yet, is among those that come after.
    if (this.progress.isWaiting) return;
    const failed = steps.some(({ id }) => this.progress.ends.get(id) === "failure");
    const after = failed ? onFailure : onSuccess;
    // One after the other, whatever else they wait for has ended.
    const inOrder = after.map((step, index) => ({
      ...step,
      needs: after.slice(Math.max(index - 1, 0), index).map(({ id }) => id),
    }));
    await this.#runSteps(inOrder, 1, failed);
  }

  /** @param failed Whether a step failed before all of these. */
  async #runSteps(
    steps: readonly PlanStep[],
    concurrency: number,
    failed: boolean,
  ): Promise<void> {
    const own = new Set(steps.map(({ id }) => id));
    await schedule({
      steps,
      concurrency,
      ended: new Map([...this.progress.ends].filter(([id]) => own.has(id))),
      run: (step, hasFailed) => runStep(step, failed || hasFailed, this),
      skip: ({ id, name }, because) => {
        const reason = `Step '${because}', which it waits for, failed`;
        this.emit({ type: "step.skipped", step: id, name, reason });
        this.progress.skip(id);
      },
    });
  }

  /** Copies files out to the host once all steps have ended; how the run ended, unless well. */
  async #copyArtifacts(processes: Processes): Promise<Stopped | undefined> {
    const { failure } = this.progress;
    const { artifacts = [] } = this.plan;
    const wrong: string[] = failure === undefined ? [] : [failure.message];
    if (artifacts.length > 0) {
      // Loaded where a file has some: most have none.
      const { copyArtifacts } = await import("./artifacts.ts");
      const { problems, notes } = await copyArtifacts(artifacts, {
        // What rules keep from being read does not leave by this way either.
        tree: processes.readable(),
        context: this.context({ failed: failure !== undefined }),
        succeeded: failure === undefined,
        emit: this.emit,
        signal: this.interruption.signal,
      });
      wrong.push(...problems, ...notes);
    }
    if (wrong.length === 0) return undefined;
    return new Stopped(failure?.outcome ?? "failure", wrong.join("; "));
  }

  /** Keeps all that is needed to go on later. */
  async #keep(processes: Processes): Promise<Stopped> {
    const { kept } = this.progress;
    const waiting = waitingText(kept.waiting);
    const taken = await this.interruption.unless(takeRun(processes, this.plan));
    if (taken.problem !== undefined) {
      const why = `and this run cannot be gone on with: ${taken.problem}`;
      return new Stopped("failure", `${waiting}, ${why}`);
    }
    const { agent, files } = taken;
    this.#options.keep?.({ ...kept, agent, spent: this.spending.kept }, files);
    return new Stopped("waiting", waiting);
  }

  async #finish(ready: boolean, stopped: Stopped | undefined): Promise<RunResult> {
    let end = stopped;
    let list: WrittenList = { files: [], unseen: [] };
    const tree = this.#processes?.tree;
    if (ready && tree !== undefined) {
      list = await this.progress.written.list(tree, this.plan, this.interruption.lastLook());
      if (this.interruption.cause !== undefined) end ??= this.interruption.cause;
      else if (list.problem !== undefined) end ??= new Stopped("failure", list.problem);
    }
    const outputs: Record<string, string> = {};
    if (end === undefined) {
      try {
        const context = this.context({ failed: false });
        for (const [name, template] of Object.entries(this.plan.outputs)) {
          outputs[name] = await this.interruption.unless(renderTemplate(template, context));
        }
      } catch (error) {
        end = stoppedBy(error);
      }
    }
    const outcome = end?.outcome ?? "success";
    const result: RunResult = {
      outcome,
      exitCode: EXIT_CODES[outcome],
      outputs: end === undefined ? outputs : {},
      files: list.files,
      ...(list.unseen.length === 0 ? {} : { unseen: list.unseen }),
      ...(end === undefined ? {} : { error: end.message }),
    };
    this.#isFinished = true;
    this.emit({
      type: "run.finished",
      ...result,
      ...this.spending.totals,
      rehearsed: isRehearsed(this.plan),
    });
    return result;
  }

  /** What an engine says of an image that is not needed any more is not told. */
  readonly #boxEvent = (event: RunEventBody): void => {
    if (!this.#isFinished) this.emit(event);
  };

  #agentEvent(params: unknown): void {
    const { step, event } = readEvent(params);
    const isUnderWay = this.underWay.has(step);
    if (!isUnderWay && !this.underWay.wasCut(step)) {
      throw new TypeError("an event that is not of a step under way");
    }
    // What was cut short may have gone on until it knew: a file that it changed is changed.
    if (!isUnderWay && event.type !== "file.changed") return;
    if (event.type === "file.changed") this.progress.written.note(event);
    this.approvals.note(step, event);
    this.emit({ step, ...event });
  }
}
