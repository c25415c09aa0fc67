/**
 * A shell that knows whether a command of its own runs.
 *
 * @module
 */

import type { ExecuteOptions, ExecuteResult, Shell, ShellType } from "../backends/shells/shell.ts";

/** Runs commands, and tells when none runs. */
export class CountedShell<T extends Shell> implements Shell {
  /** See {@linkcode Shell.type}. */
  readonly type: ShellType;
  /** The shell that runs them. */
  readonly shell: T;
  readonly #running = new Set<Promise<unknown>>();

  /** @param shell The shell that runs them. */
  constructor(shell: T) {
    this.shell = shell;
    this.type = shell.type;
  }

  /** See {@linkcode Shell.execute}. */
  async execute(
    command: string | readonly string[],
    options?: ExecuteOptions,
  ): Promise<ExecuteResult> {
    const running = this.shell.execute(command, options);
    const ended = running.then(() => {}, () => {});
    this.#running.add(ended);
    try {
      return await running;
    } finally {
      this.#running.delete(ended);
    }
  }

  /** Resolves once none of the commands runs that were begun by now. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }
}
