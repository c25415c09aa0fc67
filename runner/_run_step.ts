/**
 * A step that is a command: it runs in the run's shell, the way that the model's commands do.
 *
 * @module
 */

import type { ApprovalResult, CommandParams, StepResult } from "../agent/process.ts";
import { BackendError } from "../backends/errors.ts";
import { type ExecuteResult, SHELL_LIMITS } from "../backends/shells/shell.ts";
import { readExecuteResult } from "./_agent_words.ts";
import type { RunEventBody } from "./events.ts";
import type { ExpressionContext } from "./expressions/context.ts";
import { renderTemplate } from "./expressions/template.ts";
import type { PlanCommand } from "./plan.ts";

/** Characters of what a command said last that its step's error quotes. */
const QUOTED = 300;

/** What {@linkcode runCommand} needs. */
export interface RunCommandOptions {
  /** What the variables refer to. */
  readonly values: ExpressionContext;
  /** Asks whoever has to approve the command, where a rule wants that. */
  readonly approve: (params: CommandParams) => Promise<ApprovalResult>;
  /** Asks the agent, who keeps the tree that the command works on. */
  readonly execute: (params: CommandParams) => Promise<unknown>;
  /** Told how the command ended. */
  readonly emit: (event: RunEventBody) => void;
}

/**
 * Runs the command of a step once.
 *
 * @param step The step's id.
 * @param command What to run.
 * @param options Values, and who runs it.
 * @returns How the attempt ended: a success where the exit code is 0, and its standard output
 * without the last line feed as the output.
 * @throws {Error} If the process that is asked ends.
 */
export async function runCommand(
  step: string,
  { command, cwd, env }: PlanCommand,
  { values, approve, execute, emit }: RunCommandOptions,
): Promise<StepResult> {
  const variables: [string, string][] = [];
  for (const [name, value] of Object.entries(env)) {
    variables.push([name, await renderTemplate(value, values)]);
  }
  const params: CommandParams = { step, command, cwd, env: Object.fromEntries(variables) };
  const { verdict, reason = "" } = await approve(params);
  if (verdict === "wait") {
    return { ...NO_MODEL, outcome: "waiting", output: "", error: "It waits for an approval" };
  }
  if (verdict === "refused") {
    const error = `The command was not approved${reason === "" ? "" : `: ${reason}`}`;
    return { ...NO_MODEL, outcome: "denied", output: "", error };
  }
  let result: ExecuteResult;
  try {
    result = readExecuteResult(await execute(params));
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    const outcome = error.code === "denied" ? "denied" : "failure";
    return { ...NO_MODEL, outcome, output: "", error: error.message };
  }
  const { exitCode, timedOut, notes } = result;
  emit({ type: "command.finished", step, exitCode, timedOut, stderr: result.stderr.text, notes });
  const output = result.stdout.text.replace(/\n$/, "");
  if (exitCode === 0) return { ...NO_MODEL, outcome: "success", output };
  return { ...NO_MODEL, outcome: "failure", output, error: failureOf(result) };
}

/** A command asks no model. */
const NO_MODEL = { turns: 0, usage: { inputTokens: 0, outputTokens: 0 } } as const;

function failureOf({ exitCode, timedOut, stderr, stdout, notes }: ExecuteResult): string {
  const how = timedOut
    ? `The command was killed: it took longer than ${SHELL_LIMITS.milliseconds / 1_000} seconds`
    : `The command ended with exit code ${exitCode}`;
  const said = lastLine(stderr.text) ?? lastLine(stdout.text);
  return [how, ...notes, ...said === undefined ? [] : [said]].join(": ");
}

function lastLine(text: string): string | undefined {
  const line = text.trimEnd().split("\n").at(-1)?.trim() ?? "";
  if (line === "") return undefined;
  return line.length > QUOTED ? `${line.slice(0, QUOTED)}…` : line;
}
