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
import { RemoteStage } from "../backends/shells/remote_stage.ts";
import type { ExecuteOptions, ExecuteResult, Shell, ShellType } from "../backends/shells/shell.ts";
import { StagingShell } from "../backends/shells/staging.ts";
import type { StartShell } from "./process.ts";

/** What {@linkcode AgentShell} needs. */
export interface AgentShellOptions {
  readonly shell: StartShell;
  /** The channel to the runner. */
  readonly channel: Channel;
  /** The files, with the rules in front of them. */
  readonly tree: Backend;
  /** The prefixes of the tree whose files are in directories of the host. */
  readonly local: readonly string[];
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
  constructor({ shell, channel, tree, local, onChange }: AgentShellOptions) {
    this.type = shell.type;
    this.#outputBytes = shell.limits.outputBytes;
    this.#tree = observeBackend(tree, onChange);
    const remote = new RemoteShell({ channel, type: shell.type });
    // What is interpreted asks for each file that it wants. Real programs have to find them in place.
    this.#shell = shell.type === "virtual" ? remote : new StagingShell({
      shell: remote,
      stage: new RemoteStage({ channel }),
      backend: this.#tree,
      mounts: local,
      onLocalChange: (path) => onChange({ operation: "write", path }),
    });
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
