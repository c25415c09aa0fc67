/**
 * The agent's shell: commands over the tree that its tools work on, run in other processes, which
 * the runner alone reaches.
 *
 * @module
 */

import type { Channel } from "../backends/channel.ts";
import { observeBackend, type ObservedChange } from "../backends/observe.ts";
import type { Backend } from "../backends/protocol.ts";
import { RemoteShell } from "../backends/shells/remote_shell.ts";
import type { ExecuteOptions, ExecuteResult, Shell, ShellType } from "../backends/shells/shell.ts";
import type { StartShell } from "./process.ts";

/** What {@linkcode AgentShell} needs. */
export interface AgentShellOptions {
  readonly shell: StartShell;
  /** The channel to the runner. */
  readonly channel: Channel;
  /** The files, with the rules in front of them. */
  readonly tree: Backend;
  /** Told of what commands change. */
  readonly onChange: (change: ObservedChange) => void;
}

/** The shell of an agent process. */
export class AgentShell implements Shell {
  readonly type: ShellType;
  readonly #shell: Shell;
  readonly #tree: Backend;
  readonly #outputBytes: number;
  #running = 0;

  /** @param options The kind of shell, the files, and who runs the commands. */
  constructor({ shell, channel, tree, onChange }: AgentShellOptions) {
    this.type = shell.type;
    this.#outputBytes = shell.limits.outputBytes;
    this.#tree = observeBackend(tree, onChange);
    this.#shell = new RemoteShell({ channel, type: shell.type });
  }

  /** The files as a command that is interpreted elsewhere reaches them; none while none runs. */
  get served(): Backend | undefined {
    return this.type === "virtual" && this.#running > 0 ? this.#tree : undefined;
  }

  /** See {@linkcode Shell.execute}. */
  async execute(
    command: string | readonly string[],
    options: ExecuteOptions = {},
  ): Promise<ExecuteResult> {
    const wanted = options.outputBytes ?? this.#outputBytes;
    this.#running++;
    try {
      return await this.#shell.execute(command, {
        ...options,
        outputBytes: Math.min(wanted, this.#outputBytes),
      });
    } finally {
      this.#running--;
    }
  }
}
