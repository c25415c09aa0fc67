/**
 * A step whose turn has come: its condition, its items, and the attempts of each.
 *
 * @module
 */

import { AGENT_PROCESS, type StepEndParams } from "../agent/process.ts";
import { readStepEnd } from "./_agent_words.ts";
import { type Attempted, attemptStep, failed as withError } from "./_attempt.ts";
import { feedbackPrompt } from "./checks/feedback.ts";
import { type Versions, versionsBefore } from "./checks/versions.ts";
import type { Outcome, RunEventBody } from "./events.ts";
import { isTruthy, textOf } from "./expressions/coerce.ts";
import type { ItemValue } from "./expressions/context.ts";
import { ExpressionError } from "./expressions/errors.ts";
import { evaluate } from "./expressions/evaluate.ts";
import type { Value } from "./expressions/expression.ts";
import { renderTemplate } from "./expressions/template.ts";
import type { PlanStep } from "./plan.ts";
import type { RunHost } from "./_run_host.ts";
import type { StepEnd } from "./_schedule.ts";
import { Stopped, stoppedBy } from "./_stopped.ts";
import { changedPaths, versionsAsBefore } from "./_waiting.ts";

/** How a step, or an item of one, ended. */
export interface Ended {
  readonly outcome: Outcome;
  readonly output: Value;
  readonly outputs: Value;
  /** Why it is no success, in a sentence. */
  readonly message: string;
}

/** What is attempted: a step, or an item of one. */
export interface Work {
  /** The step's key. */
  readonly key: string;
  /** Whether a step failed that this one waits for. */
  readonly failed: boolean;
  readonly item?: ItemValue | undefined;
}

/**
 * Runs a step that all is there for.
 *
 * @param step The step.
 * @param failed Whether a step failed that it waits for.
 * @param host The run.
 * @returns How it ended, for those that need it.
 * @throws {Stopped} If the run ends first.
 * @throws {Error} If a process ends.
 */
export async function runStep(step: PlanStep, failed: boolean, host: RunHost): Promise<StepEnd> {
  const { progress, interruption, emit } = host;
  const { id, name, if: condition } = step;
  const work: Work = { key: id, failed };
  if (condition !== undefined && !progress.hasBegun(id)) {
    let isTrue: boolean;
    try {
      const { expression } = condition.expression;
      isTrue = isTruthy(await interruption.unless(evaluate(expression, host.context(work))));
    } catch (error) {
      return settle(step, refuse(step, work, error, host), host);
    }
    if (!isTrue) {
      const reason = `Its condition is not true: ${condition.expression.source}`;
      emit({ type: "step.skipped", step: id, name, reason });
      progress.skip(id);
      return "skipped";
    }
  }
  if (step.foreach === undefined) return settle(step, await runAttempts(step, work, host), host);
  // Loaded where a step has items: most files have none.
  const { runItems } = await import("./_step_items.ts");
  return settle(step, await runItems(step, step.foreach, work, host), host);
}

/** Takes down how a step ended. */
function settle(step: PlanStep, ended: Ended, { progress }: RunHost): StepEnd {
  const { outcome, output, outputs, message } = ended;
  if (outcome === "waiting") return "waiting";
  const isSuccess = outcome === "success";
  const end = isSuccess ? "success" : isContinued(step, outcome) ? "continued" : "failure";
  progress.end(step.id, end, { output, outputs, status: isSuccess ? "success" : "failure" });
  if (outcome !== "success" && end === "failure") progress.fail({ outcome, message });
  return end;
}

/** Outcomes after which a run does not go on as if a step had succeeded, whatever the step says. */
const NEVER_CONTINUED: ReadonlySet<Outcome> = new Set([
  "success",
  "waiting",
  "interrupted",
  // It is the rehearsal that is wrong, and nobody would know.
  "mismatch",
]);

/** Whether the run goes on as if a step had succeeded. */
export function isContinued(step: PlanStep, outcome: Outcome): boolean {
  return step.continueOnError === true && !NEVER_CONTINUED.has(outcome);
}

/**
 * Leads a step, or an item of one, through its attempts.
 *
 * @param step The step.
 * @param work What is attempted.
 * @param host The run.
 * @returns How the last attempt ended.
 */
export async function runAttempts(step: PlanStep, work: Work, host: RunHost): Promise<Ended> {
  const { progress, interruption, processes, emit } = host;
  const { key } = work;
  const waited = progress.takeWaited(key);
  const context = host.context(work);
  let before: Versions;
  let prompt: string;
  try {
    const now = await interruption.unless(versionsBefore(processes.tree, step, context));
    before = waited === undefined ? now : versionsAsBefore(now, waited.changed);
    prompt = waited?.prompt ??
      await interruption.unless(renderTemplate(step.prompt ?? [], context));
  } catch (error) {
    return refuse(step, work, error, host);
  }
  const commandContext = host.context({ ...work, secrets: true });
  for (let attempt = waited?.attempt ?? 1;; attempt++) {
    const resume = attempt === waited?.attempt ? waited.agent : undefined;
    emit(started(step, work, attempt, prompt));
    const params = { key, attempt, prompt, resume, before, context, commandContext };
    let attempted: Attempted;
    let leftover: string | undefined;
    try {
      attempted = await attemptStep(step, params, host);
      if (attempted.outcome === "success") leftover = await endStep(step, work, host);
    } catch (error) {
      const { outcome, message } = stoppedBy(error);
      emit(finished(step, work, attempt, { outcome, output: "", error: message }));
      throw error;
    }
    const retry = (attempted.outcome === "failure" || attempted.outcome === "timeout") &&
      attempt < step.attempts;
    const end = leftover === undefined
      ? attempted
      : { ...attempted, outcome: "mismatch" as const, error: leftover };
    if (retry) {
      const delay = delayBefore(step, attempt + 1);
      emit({
        ...finished(step, work, attempt, end),
        retry,
        ...delay === 0 ? {} : { delay },
      });
      if (delay > 0) await pause(delay, host);
      const isToldOf = step.feedback && end.results.some(({ ok }) => !ok);
      if (isToldOf) prompt = feedbackPrompt(end.results);
      continue;
    }
    emit(finished(step, work, attempt, end));
    if (end.outcome === "waiting") {
      await keepWaiting(step, work, { attempt, prompt, before }, end, host);
    }
    const { outcome, output, outputs, error = "" } = end;
    return { outcome, output, outputs, message: leftover ?? failureText(work, error) };
  }
}

/** Keeps what is needed to go on with a step that waits. */
async function keepWaiting(
  step: PlanStep,
  work: Work,
  { attempt, prompt, before }: {
    readonly attempt: number;
    readonly prompt: string;
    readonly before: Versions;
  },
  { checkpoint: agent, pending = [] }: Attempted,
  host: RunHost,
): Promise<void> {
  const { interruption, processes, progress } = host;
  const { key } = work;
  if (pending.length === 0) {
    throw new Stopped("failure", `Step '${key}' waits for an approval that nobody was asked for`);
  }
  const now = await interruption.unless(versionsBefore(processes.tree, step, host.context(work)));
  const changed = changedPaths(before, now);
  progress.wait({ step: key, pending, attempt, prompt, agent, changed });
}

/**
 * Ends a step that succeeded.
 *
 * @returns What does not match, if scripted turns are left that nobody asked for.
 */
async function endStep(
  step: PlanStep,
  { key, item }: Work,
  host: RunHost,
): Promise<string | undefined> {
  const leftover = await endInAgent(key, host);
  // The answers of judges are those of all items.
  return leftover ?? (item === undefined ? host.progress.judges.leftover(step.id) : undefined);
}

/** Says to the agent that a step has no more attempts. */
export async function endInAgent(
  key: string,
  { interruption, processes }: RunHost,
): Promise<string | undefined> {
  const params: StepEndParams = { step: key };
  const answer = processes.ask(AGENT_PROCESS.stepEnd, params, interruption.signal);
  return readStepEnd(await answer).error;
}

/** Tells of a step that cannot even begin, as an expression of it comes to nothing of use. */
export function refuse(step: PlanStep, work: Work, error: unknown, host: RunHost): Ended {
  if (!(error instanceof ExpressionError)) throw error;
  const ended = withError(error.message);
  host.emit(started(step, work, 1, ""));
  host.emit(finished(step, work, 1, ended));
  return { ...ended, message: failureText(work, error.message) };
}

function failureText({ key }: Work, error: string): string {
  return `Step '${key}' failed: ${error}`;
}

function started(
  { name, run, uses }: PlanStep,
  { key, item }: Work,
  attempt: number,
  prompt: string,
): Extract<RunEventBody, { type: "step.started" }> {
  return {
    type: "step.started",
    ...{ step: key, name, attempt, prompt },
    ...run === undefined ? {} : { command: run.command },
    ...uses === undefined ? {} : { uses: uses.file },
    ...item === undefined ? {} : { item: textOf(item.value) },
  };
}

function finished(
  step: PlanStep,
  { key, item }: Work,
  attempt: number,
  { outcome, output, error = "" }: Pick<Attempted, "outcome" | "output" | "error">,
): Extract<RunEventBody, { type: "step.finished" }> {
  return {
    type: "step.finished",
    ...{ step: key, attempt, outcome, retry: false },
    // Of an item it is its step that the run goes on after.
    ...item === undefined && isContinued(step, outcome) ? { continued: true } : {},
    output,
    ...error === "" ? {} : { error },
  };
}

/** Milliseconds before an attempt. */
function delayBefore({ backoff }: PlanStep, attempt: number): number {
  if (backoff === undefined) return 0;
  const { delay, factor, max } = backoff;
  return Math.min(max, Math.round(delay * factor ** (attempt - 2)));
}

async function pause(delay: number, { interruption, wait }: RunHost): Promise<void> {
  await interruption.unless(wait(delay, interruption.signal));
}
