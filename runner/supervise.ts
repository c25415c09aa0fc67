/**
 * Carries out a plan: starts the agent and the host, leads the steps through their attempts, checks
 * what each promised, and ends both processes whatever happens.
 *
 * @module
 */

import {
  AGENT_PROCESS,
  type StepEndParams,
  type StepParams,
  type StepResult,
} from "../agent/process.ts";
import { readEvent, readStepEnd, readStepResult } from "./_agent_words.ts";
import { runCommand } from "./_run_step.ts";
import { checkStep, feedbackPrompt, versionsBefore } from "./checks.ts";
import type { CheckResult, EventSink, Outcome, WrittenFile } from "./events.ts";
import { renderTemplate, type TemplateValues } from "./expressions.ts";
import type { Plan, PlanCommand, PlanStep } from "./plan.ts";
import { Processes } from "./processes.ts";
import { Recorder } from "./recorder.ts";
import { WrittenFiles, type WrittenList } from "./written.ts";

/** Options of {@linkcode runPlan}. */
export interface RunOptions {
  /** The readers of the run's events. */
  readonly sinks: readonly EventSink[];
  /** The model's key; a live run needs it, a rehearsed one never sees it. */
  readonly apiKey?: string | undefined;
  /** Interrupts the run. */
  readonly signal?: AbortSignal | undefined;
  /** The run's id. */
  readonly runId: string;
  /** The clock of the events. */
  readonly now?: (() => Date) | undefined;
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
  waiting: 6,
  mismatch: 7,
  interrupted: 130,
};

/** Milliseconds that an interrupted run takes to look at what it wrote. */
const LAST_LOOK_MS = 250;

/** Why a run stopped before its last step. */
class Stopped extends Error {
  override readonly name = "Stopped";
  constructor(readonly outcome: Exclude<Outcome, "success">, message: string) {
    super(message);
  }
}

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
  readonly #written = new WrittenFiles();
  readonly #outputs: Record<string, string> = {};
  #processes: Processes | undefined;
  #turns = 0;
  #inputTokens: number | null = 0;
  #outputTokens: number | null = 0;
  #step = "";
  /** Requests of the model in the attempt under way, by its events. */
  #asked = 0;

  constructor(plan: Plan, options: RunOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#recorder = new Recorder({
      run: options.runId,
      sinks: options.sinks,
      now: options.now,
    });
  }

  async carryOut(): Promise<RunResult> {
    const { name, file, fingerprint, model, steps, confinement } = this.#plan;
    this.#recorder.emit({
      type: "run.started",
      workflow: name,
      file,
      fingerprint,
      model: model.type === "none"
        ? "none"
        : model.type === "openai"
        ? `openai:${model.name}`
        : model.name,
      rehearsed: model.type === "rehearsal",
      steps: steps.map(({ id }) => id),
      ...(confinement === undefined ? {} : { confinement }),
    });
    let stopped: Stopped | undefined;
    let ready = false;
    try {
      const processes = this.#start();
      await this.#unlessInterrupted(processes.ready());
      ready = true;
      for (const step of steps) await this.#runStep(step, processes);
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
    return this.#processes = new Processes(this.#plan, { apiKey, onEvent });
  }

  async #runStep(step: PlanStep, processes: Processes): Promise<void> {
    const { tree } = processes;
    this.#step = step.id;
    const values: TemplateValues = { inputs: this.#plan.inputs, outputs: this.#outputs };
    const before = await this.#unlessInterrupted(versionsBefore(tree, step, values));
    let prompt = renderTemplate(step.prompt ?? [], values);
    for (let attempt = 1;; attempt++) {
      const { id, name } = step;
      const command = step.run === undefined ? {} : { command: step.run.command };
      this.#recorder.emit({ type: "step.started", step: id, name, attempt, prompt, ...command });
      const result = await this.#attempt(step, attempt, prompt, processes);
      let results: CheckResult[] = [];
      if (result.outcome === "success") {
        results = await this.#unlessInterrupted(checkStep(tree, step, values, before));
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
        this.#outputs[step.id] = result.output;
        return;
      }
      if (!retry) throw new Stopped(outcome, `Step '${step.id}' failed: ${error}`);
      if (step.feedback && failed.length > 0) prompt = feedbackPrompt(results);
    }
  }

  async #attempt(
    step: PlanStep,
    attempt: number,
    prompt: string,
    processes: Processes,
  ): Promise<StepResult> {
    if (step.run !== undefined) return await this.#command(step.id, step.run, attempt, processes);
    const { model, turns } = this.#plan;
    const params: StepParams = {
      step: step.id,
      attempt,
      prompt,
      maxTurns: turns - this.#turns,
      ...(model.type === "rehearsal" ? { rehearsal: model.steps[step.id] ?? [] } : {}),
    };
    if (params.maxTurns <= 0) {
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
        await this.#unlessInterrupted(processes.ask(AGENT_PROCESS.step, params)),
      );
    } catch (error) {
      this.#cutShort(step.id, attempt, error);
      // What was asked of the model was asked, and what it took nobody will say any more.
      this.#turns += this.#asked;
      if (this.#asked > 0) this.#inputTokens = this.#outputTokens = null;
      throw error;
    }
    this.#turns += result.turns;
    this.#inputTokens = sum(this.#inputTokens, result.usage.inputTokens);
    this.#outputTokens = sum(this.#outputTokens, result.usage.outputTokens);
    return result;
  }

  /** An attempt of a step that is a command. */
  async #command(
    step: string,
    command: PlanCommand,
    attempt: number,
    processes: Processes,
  ): Promise<StepResult> {
    const values: TemplateValues = { inputs: this.#plan.inputs, outputs: this.#outputs };
    try {
      return await runCommand(step, command, {
        values,
        execute: (params) => this.#unlessInterrupted(processes.execute(params)),
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
      await this.#unlessInterrupted(processes.ask(AGENT_PROCESS.stepEnd, params)),
    ).error;
  }

  async #finish(ready: boolean, stopped: Stopped | undefined): Promise<RunResult> {
    let end = stopped;
    let list: WrittenList = { files: [], unseen: [] };
    const tree = this.#processes?.tree;
    if (ready && tree !== undefined) {
      list = await this.#written.list(tree, this.#plan, this.#lastLook());
      if (this.#options.signal?.aborted === true) end ??= interruption();
      else if (list.problem !== undefined) end ??= new Stopped("failure", list.problem);
    }
    const outputs: Record<string, string> = {};
    if (end === undefined) {
      const values: TemplateValues = { inputs: this.#plan.inputs, outputs: this.#outputs };
      for (const [name, template] of Object.entries(this.#plan.outputs)) {
        outputs[name] = renderTemplate(template, values);
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
      turns: this.#turns,
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
      rehearsed: this.#plan.model.type === "rehearsal",
    });
    return result;
  }

  /** Ends the look at the written files soon after an interruption: nobody waits for long then. */
  #lastLook(): AbortSignal {
    const late = new AbortController();
    const { signal } = this.#options;
    const hurry = () => Deno.unrefTimer(setTimeout(() => late.abort(), LAST_LOOK_MS));
    if (signal?.aborted) hurry();
    else signal?.addEventListener("abort", hurry, { once: true });
    return late.signal;
  }

  #agentEvent(params: unknown): void {
    const { step, event } = readEvent(params);
    if (step !== this.#step) {
      throw new TypeError("an event that is not of the step under way");
    }
    if (event.type === "model.asked") this.#asked++;
    if (event.type === "file.changed") this.#written.note(event);
    this.#recorder.emit({ step, ...event });
  }

  async #unlessInterrupted<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#options;
    if (signal === undefined) return await work;
    const { promise, reject } = Promise.withResolvers<never>();
    const interrupt = () => reject(interruption());
    if (signal.aborted) interrupt();
    signal.addEventListener("abort", interrupt);
    try {
      return await Promise.race([work, promise]);
    } finally {
      signal.removeEventListener("abort", interrupt);
    }
  }
}

function interruption(): Stopped {
  return new Stopped("interrupted", "The run was interrupted");
}

function stoppedBy(error: unknown): Stopped {
  if (error instanceof Stopped) return error;
  const { NotCapable, PermissionDenied } = Deno.errors;
  const denied = error instanceof NotCapable || error instanceof PermissionDenied;
  const outcome = denied ? "denied" : "failure";
  return new Stopped(outcome, error instanceof Error ? error.message : String(error));
}

function sum(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}
