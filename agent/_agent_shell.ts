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
import { abortable } from "./_abort.ts";
import type { Prefixes } from "../backends/shells/_staged_places.ts";
import type { StartShell } from "./process.ts";

/** What {@linkcode AgentShell} needs. */
export interface AgentShellOptions {
  readonly shell: StartShell;
  /** The channel to the runner. */
  readonly channel: Channel;
  /** The files, with the run's rules in front of them. */
  readonly tree: Backend;
  /** Which files real programs have by themselves, and which are brought to them. */
  readonly places: Prefixes;
}

/** How the commands of one step have the files. */
export interface ShellView {
  /** The files, with all rules in front of them. */
  readonly tree: Backend;
  /** Told of what the commands change. */
  readonly onChange: (change: ObservedChange) => void;
}

/**
 * The shell of an agent process. Its commands run one at a time, whichever step they are of: what
 * reaches for files while one runs is that one.
 */
export class AgentShell {
  /** Which kind it is. */
  readonly type: ShellType;
  readonly #remote: RemoteShell;
  readonly #staging: StagingShell | undefined;
  readonly #outputBytes: number;
  #last: Promise<unknown> = Promise.resolve();
  #served: Backend | undefined;

  /** @param options The kind of shell, the files, and who runs the commands. */
  constructor({ shell, channel, tree, places }: AgentShellOptions) {
    this.type = shell.type;
    this.#outputBytes = shell.limits.outputBytes;
    this.#remote = new RemoteShell({ channel, type: shell.type });
    // What is interpreted asks for each file that it wants. Real programs have to find them in place.
    this.#staging = shell.type === "virtual" ? undefined : new StagingShell({
      shell: this.#remote,
      stage: new RemoteStage({ channel }),
      backend: tree,
      ...places,
    });
  }

  /** The files as the command that is interpreted elsewhere reaches them; none while none runs. */
  get served(): Backend | undefined {
    return this.#served;
  }

  /** The shell as the commands of one step have it. */
  over({ tree, onChange }: ShellView): Shell {
    const backend = observeBackend(tree, onChange);
    const onLocalChange = (path: string) => onChange({ operation: "write", path });
    const shell = this.#staging?.over({ backend, onLocalChange }) ?? this.#remote;
    const served = this.type === "virtual" ? backend : undefined;
    return {
      type: this.type,
      execute: (command, options = {}) =>
        this.#inTurn(options.signal, () => this.#execute(shell, served, command, options)),
    };
  }

  async #execute(
    shell: Shell,
    served: Backend | undefined,
    command: string | readonly string[],
    options: ExecuteOptions,
  ): Promise<ExecuteResult> {
    const wanted = options.outputBytes ?? this.#outputBytes;
    const outputBytes = Math.min(wanted, this.#outputBytes);
    this.#served = served;
    try {
      return await shell.execute(command, { ...options, outputBytes });
    } finally {
      this.#served = undefined;
    }
  }

  /** Waits until all commands before have ended. */
  async #inTurn<T>(signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = before.then(() => promise);
    try {
      await (signal === undefined ? before : abortable(before, signal));
      return await run();
    } finally {
      resolve();
    }
  }
}
