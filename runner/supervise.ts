/**
 * Carries out a plan: starts the agent and the host, leads the steps through their attempts, checks
 * what each promised, and ends both processes whatever happens.
 *
 * @module
 */

import {
  AGENT_PROCESS,
  type Checkpoint,
  type StepEndParams,
  type StepParams,
  type StepResult,
} from "../agent/process.ts";
import { hiddenTexts } from "../agent/secrets.ts";
import { expressionContext } from "./_context.ts";
import { readCheckpoint, readEvent, readStepEnd, readStepResult } from "./_agent_words.ts";
import { Interruption } from "./_interruption.ts";
import { Progress } from "./_progress.ts";
import { runStarted } from "./_run_started.ts";
import { runCommand } from "./_run_step.ts";
import { interruption, Stopped, stoppedBy } from "./_stopped.ts";
import { changedPaths, versionsAsBefore, waitingText } from "./_waiting.ts";
import { Approvals, type Approver } from "./approvals.ts";
import {
  type CheckpointFile,
  memoryFiles,
  restoreMemoryFiles,
  type ResumedRun,
  type RunCheckpoint,
} from "./checkpoint.ts";
import { checkStep, feedbackPrompt, type Versions, versionsBefore } from "./checks.ts";
import type { CheckResult, EventSink, Outcome, WrittenFile } from "./events.ts";
import type { ExpressionContext } from "./expressions/context.ts";
import { renderTemplate } from "./expressions/template.ts";
import type { Plan, PlanCommand, PlanStep } from "./plan.ts";
import { Processes } from "./processes.ts";
import { Recorder } from "./recorder.ts";
import type { WrittenList } from "./written.ts";

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
  /** Interrupts the run. */
  readonly signal?: AbortSignal | undefined;
  /** The run's id. */
  readonly runId: string;
  /** The clock of the events. */
  readonly now?: (() => Date) | undefined;
  /**
   * Who is asked about what a rule of `ask` is for.
   *
   * @default {nobody: the run waits}
   */
  readonly approver?: Approver | undefined;
  /** Keeps what a waiting run needs to be gone on with, before it says that it waits. */
  readonly keep?:
    | ((checkpoint: RunCheckpoint, files: readonly CheckpointFile[]) => void)
    | undefined;
  /** The waiting run of the same plan that this one goes on with. */
  readonly resume?: ResumedRun | undefined;
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
 * @returns How it ended; both processes are gone by then.
 */
export async function runPlan(plan: Plan, options: RunOptions): Promise<RunResult> {
  const run = new Run(plan, options);
  try {
    return await run.carryOut();
  } finally {
    await run.end();
  }
}

class Run {
  readonly #plan: Plan;
  readonly #options: RunOptions;
  readonly #recorder: Recorder;
  readonly #interruption: Interruption;
  readonly #progress: Progress;
  readonly #approvals: Approvals;
  #processes: Processes | undefined;
  #step = "";
  #started = "";
  /** Requests of the model in the attempt under way, by its events. */
  #asked = 0;

  constructor(plan: Plan, options: RunOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#recorder = new Recorder({
      run: options.runId,
      sinks: [
        (event) => {
          if (event.type === "run.started") this.#started = event.time;
        },
        ...options.sinks,
      ],
      now: options.now,
      secrets: hiddenTexts(Object.values(options.secrets ?? {}), options.apiKey),
    });
    this.#interruption = new Interruption(options.signal);
    this.#progress = new Progress(options.resume?.checkpoint);
    this.#approvals = new Approvals({
      plan,
      emit: (event) => this.#recorder.emit(event),
      approver: options.approver,
      mask: this.#recorder.mask,
    });
  }

  async carryOut(): Promise<RunResult> {
    const { steps } = this.#plan;
    const { resume } = this.#options;
    this.#recorder.emit(runStarted(this.#plan, resume?.run));
    let stopped: Stopped | undefined;
    let ready = false;
    try {
      const processes = this.#start();
      await this.#interruption.unless(processes.ready());
      ready = true;
      const first = steps.findIndex(({ id }) => id === resume?.checkpoint.step);
      if (resume !== undefined) await this.#restore(processes, resume);
      for (const step of steps.slice(Math.max(first, 0))) await this.#runStep(step, processes);
    } catch (error) {
      stopped = stoppedBy(error);
    }
    return await this.#finish(ready, stopped);
  }

  async end(): Promise<void> {
    await this.#processes?.end();
  }

  #start(): Processes {
    const { apiKey } = this.#options;
    const onEvent = (notice: unknown) => this.#agentEvent(notice);
    const onApproval = (params: unknown, signal: AbortSignal) =>
      this.#approvals.answer(params, this.#interruption.orElse(signal));
    const grants = this.#approvals;
    return this.#processes = new Processes(this.#plan, {
      ...{ apiKey, onEvent, onApproval, grants },
      context: this.#context(),
    });
  }

  /** What expressions refer to by now. */
  #context(): ExpressionContext {
    const steps = Object.entries(this.#progress.outputs).map(([id, output]) =>
      [id, { output, outputs: {}, status: "success" }] as const
    );
    return expressionContext(this.#plan, {
      runId: this.#options.runId,
      started: this.#started,
      steps: Object.fromEntries(steps),
      tree: this.#processes?.tree,
    });
  }

  /** Gives a new agent what the waiting one had. */
  async #restore({ agent }: Processes, { checkpoint, files }: ResumedRun): Promise<void> {
    await this.#interruption.unless(restoreMemoryFiles(agent.channel, files));
    const step = this.#plan.steps.find(({ id }) => id === checkpoint.step);
    // A model's step takes the conversation along; a command has none of its own.
    if (step?.run === undefined) return;
    await this.#interruption.unless(agent.ask(AGENT_PROCESS.restore, checkpoint.agent));
  }

  async #runStep(step: PlanStep, processes: Processes): Promise<void> {
    const { tree } = processes;
    this.#step = step.id;
    const values = this.#context();
    const waited = this.#options.resume?.checkpoint.step === step.id
      ? this.#options.resume.checkpoint
      : undefined;
    const now = await this.#interruption.unless(versionsBefore(tree, step, values));
    const before = waited === undefined ? now : versionsAsBefore(now, waited.changed);
    let prompt = waited?.prompt ?? await renderTemplate(step.prompt ?? [], values);
    for (let attempt = waited?.attempt ?? 1;; attempt++) {
      const { id, name } = step;
      const resume = attempt === waited?.attempt ? waited.agent : undefined;
      this.#approvals.begin(id);
      const command = step.run === undefined ? {} : { command: step.run.command };
      this.#recorder.emit({ type: "step.started", step: id, name, attempt, prompt, ...command });
      const asked = { attempt, prompt, resume };
      const result = await this.#attempt(step, asked, processes);
      let results: CheckResult[] = [];
      if (result.outcome === "success") {
        results = await this.#interruption.unless(checkStep(tree, step, values, before));
        this.#recorder.emit({ type: "step.checked", step: step.id, attempt, results });
      }
      const failed = results.filter(({ ok }) => !ok);
      const outcome = failed.length > 0 ? "failure" : result.outcome;
      const retry = outcome === "failure" && attempt < step.attempts;
      const leftover = outcome === "success" ? await this.#endStep(step, processes) : undefined;
      const error = result.error ?? leftover ?? failed.map(({ message }) => message).join("; ");
      this.#recorder.emit({
        type: "step.finished",
        step: step.id,
        attempt,
        outcome: leftover === undefined ? outcome : "mismatch",
        retry,
        output: result.output,
        ...(error === "" ? {} : { error }),
      });
      if (leftover !== undefined) throw new Stopped("mismatch", leftover);
      if (outcome === "success") {
        this.#progress.outputs[step.id] = result.output;
        return;
      }
      if (outcome === "waiting") await this.#wait(step, asked, result, before, processes);
      if (!retry) throw new Stopped(outcome, `Step '${step.id}' failed: ${error}`);
      if (step.feedback && failed.length > 0) prompt = feedbackPrompt(results);
    }
  }

  async #attempt(
    step: PlanStep,
    { attempt, prompt, resume }: Asked,
    processes: Processes,
  ): Promise<StepResult> {
    if (step.run !== undefined) return await this.#command(step.id, step.run, attempt, processes);
    const { model, budget: { turns } } = this.#plan;
    const params: StepParams = {
      step: step.id,
      attempt,
      prompt,
      maxTurns: turns - this.#progress.totals.turns,
      ...(resume === undefined ? {} : { resume }),
      ...(model.type === "rehearsal" ? { rehearsal: model.steps[step.id] ?? [] } : {}),
    };
    // The calls that waited were asked for within the budget.
    if (params.maxTurns <= 0 && resume === undefined) {
      return {
        outcome: "budget",
        output: "",
        turns: 0,
        usage: { inputTokens: 0, outputTokens: 0 },
        error:
          `The budget of ${turns} turns is used up: raise budget: { turns } if it was too small`,
      };
    }
    let result: StepResult;
    this.#asked = 0;
    try {
      result = readStepResult(
        await this.#interruption.unless(processes.ask(AGENT_PROCESS.step, params)),
      );
    } catch (error) {
      this.#cutShort(step.id, attempt, error);
      // What was asked of the model was asked, and what it took nobody will say any more.
      const unknown = this.#asked > 0 ? null : 0;
      this.#progress.add(this.#asked, { inputTokens: unknown, outputTokens: unknown });
      throw error;
    }
    this.#progress.add(result.turns, result.usage);
    return result;
  }

  /** Keeps all that is needed to go on later, and ends the run. */
  async #wait(
    step: PlanStep,
    { attempt, prompt }: Asked,
    result: StepResult,
    before: Versions,
    processes: Processes,
  ): Promise<never> {
    const pending = this.#approvals.waiting;
    if (pending === undefined) {
      throw new Stopped(
        "failure",
        `Step '${step.id}' waits for an approval that nobody was asked for`,
      );
    }
    const { agent, tree } = processes;
    const values = this.#context();
    const [said, files, now] = await this.#interruption.unless(Promise.all([
      result.checkpoint ?? processes.ask(AGENT_PROCESS.checkpoint, {}).then(readCheckpoint),
      memoryFiles(agent.channel, this.#plan),
      versionsBefore(tree, step, values),
    ]));
    const changed = changedPaths(before, now);
    const checkpoint = {
      ...this.#progress.kept,
      ...{ pending, step: step.id, attempt, prompt, agent: said, changed },
    };
    this.#options.keep?.(this.#recorder.mask.data(checkpoint), files);
    throw new Stopped("waiting", waitingText(pending));
  }

  /** An attempt of a step that is a command. */
  async #command(
    step: string,
    command: PlanCommand,
    attempt: number,
    processes: Processes,
  ): Promise<StepResult> {
    const values = this.#context();
    try {
      return await runCommand(step, command, {
        values,
        approve: (params) => this.#approvals.askCommand(params, this.#interruption.orElse()),
        execute: (params) => this.#interruption.unless(processes.execute(params)),
        emit: (event) => this.#recorder.emit(event),
      });
    } catch (error) {
      this.#cutShort(step, attempt, error);
      throw error;
    }
  }

  /** Tells of an attempt that will have no result. */
  #cutShort(step: string, attempt: number, error: unknown): void {
    const { outcome, message } = stoppedBy(error);
    this.#recorder.emit({
      type: "step.finished",
      step,
      attempt,
      outcome,
      retry: false,
      output: "",
      error: message,
    });
  }

  async #endStep(step: PlanStep, processes: Processes): Promise<string | undefined> {
    const params: StepEndParams = { step: step.id };
    return readStepEnd(
      await this.#interruption.unless(processes.ask(AGENT_PROCESS.stepEnd, params)),
    ).error;
  }

  async #finish(ready: boolean, stopped: Stopped | undefined): Promise<RunResult> {
    let end = stopped;
    let list: WrittenList = { files: [], unseen: [] };
    const tree = this.#processes?.tree;
    if (ready && tree !== undefined) {
      list = await this.#progress.written.list(tree, this.#plan, this.#interruption.lastLook());
      if (this.#interruption.here) end ??= interruption();
      else if (list.problem !== undefined) end ??= new Stopped("failure", list.problem);
    }
    const outputs: Record<string, string> = {};
    if (end === undefined) {
      const values = this.#context();
      for (const [name, template] of Object.entries(this.#plan.outputs)) {
        outputs[name] = await renderTemplate(template, values);
      }
    }
    const outcome = end?.outcome ?? "success";
    const result: RunResult = {
      outcome,
      exitCode: EXIT_CODES[outcome],
      outputs,
      files: list.files,
      ...(list.unseen.length === 0 ? {} : { unseen: list.unseen }),
      ...(end === undefined ? {} : { error: end.message }),
    };
    this.#recorder.emit({
      type: "run.finished",
      ...result,
      ...this.#progress.totals,
      rehearsed: this.#plan.model.type === "rehearsal",
    });
    return result;
  }

  #agentEvent(params: unknown): void {
    const { step, event } = readEvent(params);
    if (step !== this.#step) {
      throw new TypeError("an event that is not of the step under way");
    }
    if (event.type === "model.asked") this.#asked++;
    if (event.type === "file.changed") this.#progress.written.note(event);
    this.#approvals.note(event);
    this.#recorder.emit({ step, ...event });
  }
}

/** What an attempt is asked, or goes on with. */
interface Asked {
  readonly attempt: number;
  readonly prompt: string;
  readonly resume: Checkpoint | undefined;
}
