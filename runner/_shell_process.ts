/**
 * The process that interprets the commands of a virtual shell, for as long as it lives: started at
 * the first command, killed with a command that does not end in time, and started anew for the next.
 *
 * @module
 */

import type { Channel } from "../backends/channel.ts";
import { BackendError } from "../backends/errors.ts";
import { serveBackends } from "../backends/remote.ts";
import { RemoteShell } from "../backends/shells/remote_shell.ts";
import {
  type ExecuteOptions,
  type ExecuteResult,
  type Shell,
  SHELL_LIMITS,
  type ShellOutput,
  type ShellStream,
} from "../backends/shells/shell.ts";
import { Child } from "./child.ts";
import type { PlanProcess } from "./plan.ts";

/** The name under which the agent serves its whole tree to commands. */
export const TREE = "/";

/** Milliseconds that it has, when a command's time is up, to end it itself with what it printed. */
const GRACE_MS = 1_000;

/** The exit code of a command whose time was up. */
const TIMED_OUT = 124;

/** Numbers of the signals that end a process; others count as killed. */
const SIGNALS: Readonly<Partial<Record<Deno.Signal, number>>> = {
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

/**
 * A virtual shell in a process of its own. What it interprets may block it, eat its memory or crash
 * it: all of that ends one command, and neither the run nor the shell.
 */
export class ShellProcess implements Shell {
  readonly type = "virtual";
  readonly #planned: PlanProcess;
  readonly #tree: Channel;
  #child: Child | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #over = false;

  /**
   * @param planned What the plan says of the process.
   * @param tree The channel to whoever serves the files, as the backend {@linkcode TREE}.
   */
  constructor(planned: PlanProcess, tree: Channel) {
    this.#planned = planned;
    this.#tree = tree;
  }

  /** Its process id, while it lives. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** See {@linkcode Shell.execute}. */
  async execute(
    command: string | readonly string[],
    options: ExecuteOptions = {},
  ): Promise<ExecuteResult> {
    const earlier = this.#last;
    const running = earlier.then(() => this.#execute(command, options));
    this.#last = running.catch(() => {});
    return await running;
  }

  /** Kills it. It has ended when this resolves, and no other comes after it. */
  async end(): Promise<void> {
    this.#over = true;
    if (this.#child !== undefined) await this.#kill(this.#child);
  }

  async #execute(
    command: string | readonly string[],
    options: ExecuteOptions,
  ): Promise<ExecuteResult> {
    const { signal, timeout = SHELL_LIMITS.milliseconds } = options;
    if (this.#over || signal?.aborted) throw aborted();
    const child = this.#child ??= this.#start();
    const printed = { stdout: "", stderr: "" };
    const onOutput = (output: ShellOutput) => {
      printed[output.stream] += output.text;
      options.onOutput?.(output);
    };
    const { promise: cut, resolve } = Promise.withResolvers<"time" | "abort">();
    const longest = Math.min(timeout, SHELL_LIMITS.longestMilliseconds);
    const timer = setTimeout(() => resolve("time"), longest + GRACE_MS);
    const abort = () => resolve("abort");
    signal?.addEventListener("abort", abort, { once: true });
    try {
      const shell = new RemoteShell({ channel: child.channel, type: this.type });
      const told = { ...options, onOutput, signal: undefined };
      const answer = shell.execute(command, told).catch(async (error) => {
        if (await isOver(child.channel)) return undefined;
        throw error;
      });
      const end = await Promise.race([answer, cut]);
      if (typeof end === "object") return end;
      // Nothing of a command goes on after it, and a process that broke off is of no more use.
      const { code, signal: killer } = await this.#kill(child);
      if (end === "abort" || this.#over) throw aborted();
      if (end === "time") return cutShort(printed, TIMED_OUT, true, []);
      const how = killer === null ? `exit code ${code}` : `signal ${killer}`;
      return cutShort(printed, killer === null ? code : 128 + (SIGNALS[killer] ?? 9), false, [
        `The process that interprets commands ended in the middle of this one (${how})`,
      ]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }

  #start(): Child {
    const child = new Child(this.#planned);
    serveBackends(child.channel, (name) => name === TREE ? this.#tree : undefined);
    // One that ends while nothing is to do is simply not there for the next command.
    child.channel.closed.then(() => {
      if (this.#child === child) this.#child = undefined;
    });
    return child;
  }

  async #kill(child: Child): Promise<Deno.CommandStatus> {
    this.#child = undefined;
    await child.end(0);
    return await child.status;
  }
}

/** The end of a channel rejects what is under way and settles `closed` in the same turn. */
function isOver(channel: Channel): Promise<boolean> {
  const turn = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 0));
  return Promise.race([channel.closed.then(() => true), turn]);
}

function cutShort(
  printed: Readonly<Record<ShellOutput["stream"], string>>,
  exitCode: number,
  timedOut: boolean,
  notes: readonly string[],
): ExecuteResult {
  const [stdout, stderr] = [streamOf(printed.stdout), streamOf(printed.stderr)];
  return { exitCode, stdout, stderr, timedOut, notes };
}

/** What was printed and not told of died with the process. */
function streamOf(text: string): ShellStream {
  return { text, bytes: new TextEncoder().encode(text).length, omitted: 0 };
}

function aborted(): BackendError {
  return new BackendError("aborted", "/", "The command was interrupted");
}
