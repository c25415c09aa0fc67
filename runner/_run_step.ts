/**
 * A step that is a command: it runs in the run's shell, the way that the model's commands do.
 *
 * @module
 */

import type { ApprovalResult, CommandParams } from "../agent/process.ts";
import { BackendError } from "../backends/errors.ts";
import { type ExecuteResult, SHELL_LIMITS } from "../backends/shells/shell.ts";
import { readExecuteResult } from "./_agent_words.ts";
import { durationText } from "./_durations.ts";
import type { Outcome, RunEventBody } from "./events.ts";
import type { ExpressionContext } from "./expressions/context.ts";
import type { Value } from "./expressions/expression.ts";
import { renderTemplate } from "./expressions/template.ts";
import type { PlanCommand } from "./plan.ts";

/** Characters of what a command said last that its step's error quotes. */
const QUOTED = 300;

/** What {@linkcode runCommand} needs. */
export interface RunCommandOptions {
  /** What the variables refer to. */
  readonly values: ExpressionContext;
  /** Milliseconds that the step may take; the shell's own limit without it. */
  readonly timeout?: number | undefined;
  /** Asks whoever has to approve the command, where a rule wants that. */
  readonly approve: (params: CommandParams) => Promise<ApprovalResult>;
  /** Asks the agent, who keeps the tree that the command works on. */
  readonly execute: (params: CommandParams) => Promise<unknown>;
  /** Told how the command ended. */
  readonly emit: (event: RunEventBody) => void;
}

/** How a command came out. */
export interface CommandEnd {
  readonly outcome: Outcome;
  /** Its standard output, without the last line feed. */
  readonly output: string;
  /** `exit_code` and `stderr`, if it came to that. */
  readonly outputs: Readonly<Record<string, Value>>;
  readonly error?: string;
}

/**
 * Runs the command of a step once.
 *
 * @param step The step's key.
 * @param command What to run.
 * @param options Values, and who runs it.
 * @returns How the attempt ended: a success where the exit code is 0.
 * @throws {Error} If the process that is asked ends.
 */
export async function runCommand(
  step: string,
  { command, cwd, env }: PlanCommand,
  options: RunCommandOptions,
): Promise<CommandEnd> {
  const { values, approve, execute, emit, timeout } = options;
  const variables: [string, string][] = [];
  for (const [name, value] of Object.entries(env)) {
    variables.push([name, await renderTemplate(value, values)]);
  }
  const params: CommandParams = {
    ...{ step, command, cwd, env: Object.fromEntries(variables) },
    ...(timeout === undefined
      ? {}
      : { timeout: Math.min(timeout, SHELL_LIMITS.longestMilliseconds) }),
  };
  const { verdict, reason = "" } = await approve(params);
  if (verdict === "wait") return without("waiting", "It waits for an approval");
  if (verdict === "refused") {
    return without("denied", `The command was not approved${reason === "" ? "" : `: ${reason}`}`);
  }
  let result: ExecuteResult;
  try {
    result = readExecuteResult(await execute(params));
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return without(error.code === "denied" ? "denied" : "failure", error.message);
  }
  emit(commandFinished(step, result));
  const { exitCode, timedOut, stderr, stdout } = result;
  const outputs = { exit_code: exitCode, stderr: stderr.text };
  const output = stdout.text.replace(/\n$/, "");
  if (exitCode === 0 && !timedOut) return { outcome: "success", output, outputs };
  const isLate = timedOut && timeout !== undefined;
  const error = failureOf(result, timeout);
  return { outcome: isLate ? "timeout" : "failure", output, outputs, error };
}

/** The event that tells how a command of the workflow's own ended. */
export function commandFinished(
  step: string,
  { exitCode, timedOut, stderr, notes }: ExecuteResult,
): RunEventBody {
  return { type: "command.finished", step, exitCode, timedOut, stderr: stderr.text, notes };
}

function without(outcome: Outcome, error: string): CommandEnd {
  return { outcome, output: "", outputs: {}, error };
}

function failureOf(
  { exitCode, timedOut, stderr, stdout, notes }: ExecuteResult,
  timeout: number | undefined,
): string {
  const longest = timeout === undefined
    ? `${SHELL_LIMITS.milliseconds / 1_000} seconds`
    : durationText(timeout);
  const how = timedOut
    ? `The command was killed: it took longer than ${longest}`
    : `The command ended with exit code ${exitCode}`;
  const said = lastLine(stderr.text) ?? lastLine(stdout.text);
  return [how, ...notes, ...said === undefined ? [] : [said]].join(": ");
}

function lastLine(text: string): string | undefined {
  const line = text.trimEnd().split("\n").at(-1)?.trim() ?? "";
  if (line === "") return undefined;
  return line.length > QUOTED ? `${line.slice(0, QUOTED)}…` : line;
}
