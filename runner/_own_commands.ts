/**
 * The shell of a workflow that has commands of its own and grants its agent none.
 *
 * @module
 */

import type { CommandParams } from "../agent/process.ts";
import { BackendError } from "../backends/errors.ts";
import type { ExecuteOptions, ExecuteResult, Shell, ShellType } from "../backends/shells/shell.ts";

/** A command that may be run. */
export interface GrantedCommand {
  /** Takes it back, once. */
  end(): void;
}

/**
 * Runs the commands that the `run` steps under way are about, each once, and nothing else: the agent
 * passes the workflow's commands on, and whatever becomes of it, it can send no other.
 */
export class OwnCommands implements Shell {
  readonly type: ShellType;
  readonly #shell: Shell;
  /** By its key, of how many steps under way a command is, and how often it was run for them. */
  readonly #granted = new Map<string, { steps: number; runs: number }>();

  /** @param shell The shell that runs them. */
  constructor(shell: Shell) {
    this.#shell = shell;
    this.type = shell.type;
  }

  /**
   * @param command A command that may be run now, once.
   * @returns What takes that back.
   */
  grant({ command, cwd, env }: CommandParams): GrantedCommand {
    const key = keyOf(command, cwd, env);
    const granted = this.#granted.get(key) ?? { steps: 0, runs: 0 };
    this.#granted.set(key, granted);
    granted.steps++;
    return {
      end: () => {
        granted.steps--;
        // Whichever of those that are the same it was: no command runs more often than it may.
        granted.runs = Math.max(granted.runs - 1, 0);
        if (granted.steps === 0) this.#granted.delete(key);
      },
    };
  }

  /** See {@linkcode Shell.execute}. */
  async execute(
    command: string | readonly string[],
    options: ExecuteOptions = {},
  ): Promise<ExecuteResult> {
    const { cwd = "/", env = {} } = options;
    const granted = this.#granted.get(keyOf(command, cwd, env));
    if (granted === undefined || granted.runs === granted.steps) {
      const message = "Cannot run the command: the workflow grants its agent no shell";
      throw new BackendError("denied", "/", message);
    }
    granted.runs++;
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
