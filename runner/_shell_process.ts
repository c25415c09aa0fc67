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
  type ShellLimits,
  type ShellOutput,
  type ShellStream,
} from "../backends/shells/shell.ts";
import { Child } from "./child.ts";
import type { PlanProcess } from "./plan.ts";
import type { ShellStart } from "./shell.ts";

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

/** Options of {@linkcode ShellProcess}. */
export interface ShellProcessOptions {
  /** What the plan says of the process. */
  readonly planned: PlanProcess;
  /** The channel to whoever serves the files, as the backend {@linkcode TREE}. */
  readonly tree: Channel;
  readonly limits: ShellLimits;
}

/** A process that lives, and whether it is ready. */
interface Live {
  readonly child: Child;
  readonly ready: Promise<unknown>;
}

/**
 * A virtual shell in a process of its own. What it interprets may block it, eat its memory or crash
 * it: all of that ends one command, and neither the run nor the shell.
 */
export class ShellProcess implements Shell {
  readonly type = "virtual";
  readonly #options: ShellProcessOptions;
  #live: Live | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #over = false;

  /** @param options How to start it, and where its files are. */
  constructor(options: ShellProcessOptions) {
    this.#options = options;
  }

  /** Its process id, while it lives. */
  get pid(): number | undefined {
    return this.#live?.child.pid;
  }

  /** See {@linkcode Shell.execute}. */
  async execute(
    command: string | readonly string[],
    options: ExecuteOptions = {},
  ): Promise<ExecuteResult> {
    const running = this.#last.then(() => this.#execute(command, options));
    this.#last = running.catch(() => {});
    return await running;
  }

  /** Kills it. It has ended when this resolves, and no other comes after it. */
  async end(): Promise<void> {
    this.#over = true;
    if (this.#live !== undefined) await this.#kill(this.#live);
  }

  async #execute(
    command: string | readonly string[],
    options: ExecuteOptions,
  ): Promise<ExecuteResult> {
    const { signal, timeout = SHELL_LIMITS.milliseconds } = options;
    if (this.#over || signal?.aborted) throw aborted();
    const live = this.#live ??= this.#start();
    const { promise: cut, resolve } = Promise.withResolvers<"time" | "abort">();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const abort = () => resolve("abort");
    signal?.addEventListener("abort", abort, { once: true });
    const printed = { stdout: "", stderr: "" };
    const onOutput = (output: ShellOutput) => {
      printed[output.stream] += output.text;
      options.onOutput?.(output);
    };
    try {
      let end = await Promise.race([live.ready.then(() => undefined), cut]);
      if (end === undefined) {
        const longest = Math.min(timeout, SHELL_LIMITS.longestMilliseconds);
        timer = setTimeout(() => resolve("time"), longest + GRACE_MS);
        const running = this.#run(live, command, { ...options, onOutput, signal: undefined });
        const first = await Promise.race([running, cut]);
        if (typeof first === "object") return first;
        end = first;
      }
      // Nothing of a command goes on after it, and a process that broke off is of no more use.
      const { code, signal: killer } = await this.#kill(live);
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

  /** The command's result, or nothing where the process broke off. */
  async #run(
    { child }: Live,
    command: string | readonly string[],
    options: ExecuteOptions,
  ): Promise<ExecuteResult | undefined> {
    try {
      const shell = new RemoteShell({ channel: child.channel, type: this.type });
      return await shell.execute(command, options);
    } catch (error) {
      if (await isOver(child.channel)) return undefined;
      throw error;
    }
  }

  #start(): Live {
    const { planned, tree, limits } = this.#options;
    const child = new Child(planned);
    serveBackends(child.channel, (name) => name === TREE ? tree : undefined);
    const start: ShellStart = { limits };
    const live = { child, ready: child.ask("shell.start", start) };
    // One that ends while nothing is to do is simply not there for the next command.
    child.channel.closed.then(() => {
      if (this.#live === live) this.#live = undefined;
    });
    return live;
  }

  async #kill(live: Live): Promise<Deno.CommandStatus> {
    this.#live = undefined;
    await live.child.end(0);
    return await live.child.status;
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
