/**
 * The shell of a workflow that has commands of its own and grants its agent none.
 *
 * @module
 */

import type { CommandParams } from "../agent/process.ts";
import { BackendError } from "../backends/errors.ts";
import type { ExecuteOptions, ExecuteResult, Shell, ShellType } from "../backends/shells/shell.ts";

/**
 * Runs the command that a `run` step is about, once, and nothing else: the agent passes the
 * workflow's commands on, and whatever becomes of it, it can send no other.
 */
export class OwnCommands implements Shell {
  readonly type: ShellType;
  readonly #shell: Shell;
  #granted: string | undefined;

  /** @param shell The shell that runs them. */
  constructor(shell: Shell) {
    this.#shell = shell;
    this.type = shell.type;
  }

  /** @param command The command that is run next; `undefined` where it has ended. */
  grant(command: CommandParams | undefined): void {
    this.#granted = command && keyOf(command.command, command.cwd, command.env);
  }

  /** See {@linkcode Shell.execute}. */
  async execute(
    command: string | readonly string[],
    options: ExecuteOptions = {},
  ): Promise<ExecuteResult> {
    const { cwd = "/", env = {} } = options;
    if (this.#granted !== keyOf(command, cwd, env)) {
      const message = "Cannot run the command: the workflow grants its agent no shell";
      throw new BackendError("denied", "/", message);
    }
    this.#granted = undefined;
    return await this.#shell.execute(command, options);
  }
}

function keyOf(
  command: string | readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): string {
  const variables = Object.entries(env).sort(([a], [b]) => a < b ? -1 : 1);
  return JSON.stringify([command, cwd, variables]);
}
