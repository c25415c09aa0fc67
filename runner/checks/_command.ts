/**
 * The check `run`: a command in the run's shell that must end with exit code 0.
 *
 * @module
 */

import { BackendError } from "../../backends/errors.ts";
import { type ExecuteResult, SHELL_LIMITS } from "../../backends/shells/shell.ts";
import type { PlanCommand } from "../plan.ts";
import { failed, type Finding, passed, quote } from "./_finding.ts";

/** Lines of what a command printed last that are shown. */
const LINES = 10;

/** Characters of each. */
const CHARACTERS = 300;

/** Characters of a command that its name has at most. */
const NAME = 100;

/** A command with its variables known. */
export interface CheckCommand extends Pick<PlanCommand, "command" | "cwd"> {
  readonly env: Readonly<Record<string, string>>;
}

/**
 * @param command What to run.
 * @param execute Runs it in the run's shell.
 */
export async function succeeds(
  command: CheckCommand,
  execute: (command: CheckCommand) => Promise<ExecuteResult>,
): Promise<Finding> {
  const name = quote(shownCommand(command.command));
  const expected = "exit code 0";
  let result: ExecuteResult;
  try {
    result = await execute(command);
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return failed(`Command ${name} could not run: ${error.message}`, expected, error.message);
  }
  const { exitCode, timedOut, notes, stderr, stdout } = result;
  if (exitCode === 0 && !timedOut) return passed(`Command ${name} ended with exit code 0`);
  const how = timedOut
    ? `it was killed after ${SHELL_LIMITS.milliseconds / 1_000} seconds`
    : `exit code ${exitCode}`;
  const said = lastLines(stderr.text).length > 0 ? lastLines(stderr.text) : lastLines(stdout.text);
  const last = said.at(-1);
  const message = timedOut
    ? `Command ${name} took too long: ${how}`
    : `Command ${name} should end with exit code 0; it ended with ${exitCode}` +
      (last === undefined ? "" : `: ${last}`);
  return failed(message, expected, [how, ...notes, ...said].join("\n"));
}

/** A command in one short line: the first of a script. */
function shownCommand(command: string | readonly string[]): string {
  const [first = "", ...others] = (typeof command === "string" ? command : command.join(" "))
    .trim().split("\n");
  const start = first.length > NAME ? first.slice(0, NAME).toWellFormed() : first;
  return others.length === 0 && start === first ? first : `${start.trimEnd()}…`;
}

function lastLines(text: string): readonly string[] {
  const lines = text.trimEnd().split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-LINES).map((line) =>
    line.length > CHARACTERS ? `${line.slice(0, CHARACTERS).toWellFormed()}…` : line
  );
}
