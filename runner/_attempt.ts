/**
 * One attempt of a step: the prompt, the command or the workflow that it is, the form of what came of
 * it, and what it promised of files, all within its time.
 *
 * @module
 */

import type { ApprovalParams, Checkpoint, CommandParams } from "../agent/process.ts";
import { BackendError } from "../backends/errors.ts";
import type { ExecuteResult } from "../backends/shells/shell.ts";
import { readExecuteResult } from "./_agent_words.ts";
import { askJudge, askModel } from "./_ask_model.ts";
import { type CheckCommand, checkStep } from "./checks/check_step.ts";
import type { Versions } from "./checks/versions.ts";
import { durationText } from "./_durations.ts";
import type { CheckResult, Outcome } from "./events.ts";
import type { ExpressionContext } from "./expressions/context.ts";
import { ExpressionError } from "./expressions/errors.ts";
import type { Value } from "./expressions/expression.ts";
import { unless } from "./_interruption.ts";
import type { PlanStep } from "./plan.ts";
import type { RunHost } from "./_run_host.ts";
import { commandFinished, runCommand } from "./_run_step.ts";
import { Stopped } from "./_stopped.ts";

/** Milliseconds that a command's shell has to end it, so that what it printed is had. */
const COMMAND_GRACE_MS = 5_000;

/** What is attempted. */
export interface AttemptParams {
  /** The step's key. */
  readonly key: string;
  readonly attempt: number;
  /** Empty for a command. */
  readonly prompt: string;
  /** Goes on where the attempt waited. */
  readonly resume: Checkpoint | undefined;
  /** The versions of the files that are to be produced, before the step. */
  readonly before: Versions;
  readonly context: ExpressionContext;
  /** The same with the secrets, for the variables of commands. */
  readonly commandContext: ExpressionContext;
}

/** An attempt that has begun. */
interface UnderWayParams extends AttemptParams {
  /** Lets the time of a command begin. */
  readonly beginTime: () => void;
}

/** What came of it. */
export interface Attempted {
  readonly outcome: Outcome;
  readonly output: string;
  readonly outputs: Readonly<Record<string, Value>>;
  /** Why it is no success. */
  readonly error?: string | undefined;
  /** The checks that were made. */
  readonly results: readonly CheckResult[];
  /** The agent's part, where it waits. */
  readonly checkpoint?: Checkpoint | undefined;
  /** What it waits for, where it does. */
  readonly pending?: readonly ApprovalParams[];
}

/** What the step itself came to, before anything is checked. */
interface Done extends Omit<Attempted, "results"> {
  /** What its output promised. */
  readonly outputCheck?: CheckResult | undefined;
}

/**
 * Makes an attempt.
 *
 * @param step The step.
 * @param params What is attempted.
 * @param host The run.
 * @returns How it ended.
 * @throws {Stopped} If the run ends first.
 * @throws {Error} If a process ends.
 */
export async function attemptStep(
  step: PlanStep,
  params: AttemptParams,
  host: RunHost,
): Promise<Attempted> {
  const { key } = params;
  const { approvals, interruption, underWay } = host;
  const cut = new AbortController();
  const over = new AbortController();
  const signal = interruption.orElse(cut.signal);
  approvals.begin(key, step.tools);
  underWay.begin(key, (reason) => cut.abort(reason));
  const beginTime = () => limit(step, cut, over.signal, host);
  // A command may have to wait for those of other steps, and for somebody's word: that is not its time.
  if (step.run === undefined) beginTime();
  const work = carryOut(step, { ...params, beginTime }, signal, host);
  try {
    const attempted = await unless(signal, work);
    return attempted.outcome === "waiting"
      ? { ...attempted, pending: approvals.waiting(key) }
      : attempted;
  } catch (error) {
    if (error instanceof ExpressionError) return failed(error.message);
    const { reason } = cut.signal;
    if (interruption.cause !== undefined || !(reason instanceof Stopped)) throw error;
    return { outcome: reason.outcome, output: "", outputs: {}, error: reason.message, results: [] };
  } finally {
    // A run inside the run has processes of its own, and words about their end.
    if (step.uses !== undefined) await Promise.allSettled([work]);
    over.abort();
    // An agent may go on until it knows that it is to end.
    underWay.end(key, signal.aborted);
    approvals.end(key);
  }
}

/** Ends an attempt when its time is up. */
function limit(step: PlanStep, cut: AbortController, over: AbortSignal, { wait }: RunHost): void {
  const { timeout } = step;
  if (timeout === undefined) return;
  const longest = step.run === undefined ? timeout : timeout + COMMAND_GRACE_MS;
  wait(longest, over).then(() => {
    if (over.aborted) return;
    cut.abort(new Stopped("timeout", `It took longer than ${durationText(timeout)}`));
  });
}

async function carryOut(
  step: PlanStep,
  params: UnderWayParams,
  signal: AbortSignal,
  host: RunHost,
): Promise<Attempted> {
  const done = await doStep(step, params, signal, host);
  const { outputCheck, ...attempted } = done;
  if (done.outcome !== "success") return { ...attempted, results: [] };
  const { key, attempt, before: versions, context, commandContext } = params;
  const { tree } = host.processes;
  const readable = host.processes.readable(step.tools);
  const begin = (check: "run" | "judge") => {
    // Nothing is told of an attempt after its end.
    signal.throwIfAborted();
    host.emit({ type: "check.started", step: key, attempt, check });
  };
  const { results: checks, ended } = await checkStep(step, {
    ...{ tree, readable, context, commandContext, versions, output: done.output },
    hasFailed: outputCheck?.ok === false,
    judge: (question) => {
      begin("judge");
      return askJudge(step, key, question, signal, host);
    },
    execute: (command) => {
      begin("run");
      return checkCommand(key, command, signal, host);
    },
  });
  const results = [...outputCheck === undefined ? [] : [outputCheck], ...checks];
  // Whoever ended the attempt has told of its end.
  signal.throwIfAborted();
  host.emit({ type: "step.checked", step: key, attempt, results });
  if (ended !== undefined) return { ...attempted, ...ended, results };
  const [wrong, ...others] = results.filter(({ ok }) => !ok);
  if (wrong === undefined) return { ...attempted, results };
  const error = wrong.message + (others.length === 0 ? "" : `; and ${moreChecks(others.length)}`);
  return { ...attempted, outcome: "failure", error, results };
}

function moreChecks(count: number): string {
  return `${count} more ${count === 1 ? "check" : "checks"} failed`;
}

async function doStep(
  step: PlanStep,
  params: UnderWayParams,
  signal: AbortSignal,
  host: RunHost,
): Promise<Done> {
  if (step.run !== undefined) return await doCommand(step, params, signal, host);
  if (step.uses !== undefined) {
    // Loaded where a step uses a workflow: most files have none.
    const { runUsed } = await import("./_nested_run.ts");
    return await runUsed(step.uses, params.key, params.context, signal, host);
  }
  const { result, value, errors } = await askModel(step, { ...params, signal }, host);
  const { outcome, output, error, checkpoint } = result;
  return {
    ...{ outcome, output, error, checkpoint },
    outputs: fieldsOf(value),
    outputCheck: outcome === "success" ? outputCheck(step, output, errors) : undefined,
  };
}

async function doCommand(
  step: PlanStep & { readonly run: object },
  { key, commandContext, beginTime }: UnderWayParams,
  signal: AbortSignal,
  { processes, approvals, emit }: RunHost,
): Promise<Done> {
  const done = await runCommand(key, step.run, {
    values: commandContext,
    timeout: step.timeout,
    approve: (command) => approvals.askCommand(command, signal),
    execute: (command) => processes.execute(command, signal, beginTime),
    emit,
  });
  if (step.output === undefined || done.outcome !== "success") return done;
  const { validateJson } = await import("./json_schema.ts");
  const checked = await validateJson(step.output.schema, done.output);
  if (!checked.ok) {
    return { ...done, outputCheck: outputCheck(step, done.output, checked.errors) };
  }
  const outputs = { ...fieldsOf(checked.value), ...done.outputs };
  return { ...done, outputs, outputCheck: outputCheck(step, done.output) };
}

/** Runs the command of a check. */
async function checkCommand(
  step: string,
  { command, cwd, env }: CheckCommand,
  signal: AbortSignal,
  { processes, approvals, emit }: RunHost,
): Promise<ExecuteResult> {
  const params: CommandParams = { step, command, cwd, env };
  const { verdict, reason = "" } = await approvals.askCommand(params, signal);
  if (verdict !== "granted") {
    const why = verdict === "wait" ? "nobody could be asked" : reason;
    const message = `The command was not approved${why === "" ? "" : `: ${why}`}`;
    throw new BackendError("denied", "/", message);
  }
  const result = readExecuteResult(await processes.execute(params, signal));
  emit(commandFinished(step, result));
  return result;
}

/** Whether an output is of the form that its step wants; `undefined` where it wants none. */
function outputCheck(
  { output: wanted, prompt }: PlanStep,
  output: string,
  errors: readonly string[] = [],
): CheckResult | undefined {
  if (wanted === undefined) return undefined;
  const { place } = wanted;
  const of = prompt === undefined ? "The standard output" : "The answer";
  const check = { check: "output", path: "", place } as const;
  if (errors.length === 0) return { ...check, ok: true, message: `${of} fits its schema` };
  return {
    ...check,
    ok: false,
    message: `${of} does not fit its schema: ${errors[0]}`,
    expected: "JSON that fits the schema",
    found: [...errors, "", output].join("\n"),
  };
}

/** The fields that expressions may name. */
function fieldsOf(value: Value | undefined): Readonly<Record<string, Value>> {
  return isFields(value) ? value : {};
}

function isFields(value: Value | undefined): value is { readonly [name: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An attempt whose expressions come to nothing of use. */
export function failed(error: string): Attempted {
  return { outcome: "failure", output: "", outputs: {}, error, results: [] };
}
