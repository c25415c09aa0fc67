/**
 * One command under bubblewrap, from its start until nothing of it runs any more.
 *
 * @module
 */

import { feed } from "./_sandbox_feed.ts";
import { BackendError } from "../errors.ts";
import { OutputBuffer } from "./_output.ts";
import { refusedStart, STARTED } from "./_real_command.ts";
import type { ShellRequest } from "./_request.ts";
import {
  childrenOf,
  isRunning,
  memoryOf,
  processesBelow,
  sharedMemory,
} from "./_sandbox_processes.ts";
import type { ShellLimits, ShellStream } from "./shell.ts";

/** Milliseconds between two looks at the processes of a command. */
const WATCH_MILLISECONDS = 50;
/** The same at its start, and while it takes a good part of what it may. */
const SOON_MILLISECONDS = 10;
/** Milliseconds that bubblewrap may take to set a command up before a kill does not wait for it. */
const SETUP_MILLISECONDS = 5_000;
/** Milliseconds after which processes that outlive their bubblewrap are killed one by one. */
const ORPHAN_MILLISECONDS = 50;
/** Milliseconds after which processes that cannot be killed are an error. */
const KILL_MILLISECONDS = 60_000;

/**
 * The first process of each command: enters the directory, runs the command with its variables, and ends
 * with its exit code, which ends everything that the command left behind. Its own messages go nowhere.
 * Its arguments are the file of its input, the directory, the number of variables, those, and the
 * command.
 */
export const INIT_SCRIPT = `exec < "$1"; shift
cd -- "$1" 2>/dev/null || {
  if [ ! -e "$1" ]; then s=0; elif [ ! -d "$1" ]; then s=1; else s=2; fi
  printf %s "$s" >&2; exit 125
}
printf ${STARTED} >&2
exec 3>&2 2>/dev/null
(
  left=$2; shift 2; unset OLDPWD SHLVL
  while [ "$left" -gt 0 ]; do export "$1"; shift; left=$((left - 1)); done
  exec "$@" 2>&3 3>&-
)
exit $?`;

/** Why a command was killed. */
export type KillCause = "timeout" | "aborted" | "memory" | "processes";

/** How a command ended. */
export interface SandboxExit {
  readonly exitCode: number;
  readonly stdout: ShellStream;
  readonly stderr: ShellStream;
  /** Absent where it ended by itself. */
  readonly killed?: KillCause | undefined;
}

/** Options of {@linkcode runSandboxed}. */
export interface SandboxRun {
  /** The path of bubblewrap. */
  readonly bubblewrap: string;
  /** Its arguments, the command among them. */
  readonly args: readonly string[];
  /** What bubblewrap itself reads from its standard input: the filter of system calls. */
  readonly filter: Uint8Array;
  readonly request: ShellRequest;
  readonly limits: ShellLimits;
  /** Memory that others on the machine may come to share while the command runs. */
  readonly othersBytes: number;
  /** Where the process file system is mounted. */
  readonly proc: string;
  /** Kills a process for certain. */
  readonly kill: (pid: number) => Promise<void>;
}

/**
 * Runs a command.
 *
 * @param run What to run and how.
 * @returns How it ended; nothing that it started runs any more.
 * @throws {BackendError} `not_found`, `not_directory` or `denied` where it cannot start in its
 * directory, `io` where bubblewrap fails.
 */
export async function runSandboxed(run: SandboxRun): Promise<SandboxExit> {
  const { request } = run;
  const { onOutput } = request;
  const stdout = new OutputBuffer(
    request.outputBytes,
    onOutput && ((text) => onOutput({ stream: "stdout", text })),
  );
  const stderr = new OutputBuffer(
    request.outputBytes,
    onOutput && ((text) => onOutput({ stream: "stderr", text })),
  );
  const child = start(run);
  const command = new RunningCommand(run, child);
  const started = Promise.withResolvers<string>();
  const reading = Promise.all([
    collect(child.stdout, (bytes) => stdout.push(bytes)),
    collectAfterFirst(child.stderr, started.resolve, (bytes) => stderr.push(bytes)),
  ]);
  const feeding = feed(child.stdin, run.filter);
  const killed = await command.ended(started.promise);
  await Promise.all([reading, feeding]);
  const { code, signal } = await child.status;
  const first = await started.promise;
  const refusal = refusedStart(first, request.cwd);
  if (refusal !== undefined) throw refusal;
  if (first !== STARTED && killed === undefined) {
    throw notSetUp(request, new Error(`${first}${stderr.result().text}`.trim()));
  }
  const exitCode = killed === "timeout"
    ? 124
    : killed === undefined && signal === null
    ? code
    : 137;
  return { exitCode, stdout: stdout.result(), stderr: stderr.result(), killed };
}

/** What bubblewrap says names places of the host: it stays in the cause. */
function notSetUp({ cwd }: ShellRequest, cause: Error): BackendError {
  return new BackendError("io", cwd, "The sandbox of the command could not be set up", { cause });
}

/** A command that runs, watched until it has ended. */
class RunningCommand {
  readonly #run: SandboxRun;
  readonly #child: Deno.ChildProcess;
  readonly #shared: number;
  readonly #stop = Promise.withResolvers<KillCause>();
  readonly #over = Promise.withResolvers<undefined>();

  constructor(run: SandboxRun, child: Deno.ChildProcess) {
    this.#run = run;
    this.#child = child;
    this.#shared = sharedMemory(run.proc);
  }

  /** Waits until nothing of the command runs, kills it where its time is up or it takes too much. */
  async ended(started: Promise<unknown>): Promise<KillCause | undefined> {
    const { timeout, signal } = this.#run.request;
    const timer = setTimeout(() => this.#stop.resolve("timeout"), timeout);
    const onAbort = () => this.#stop.resolve("aborted");
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    const status = this.#child.status.finally(() => this.#over.resolve(undefined));
    const watching = this.#watch();
    try {
      const cause = await Promise.race([this.#stop.promise, this.#over.promise]);
      if (cause !== undefined) await this.#kill(started);
      await status;
      await watching;
      return cause;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async #watch(): Promise<void> {
    const { proc, limits, othersBytes } = this.#run;
    for (let wait = SOON_MILLISECONDS;;) {
      if (await this.#endsWithin(wait)) return;
      const totals = processesBelow(proc, this.#child.pid, limits.processes);
      const { processes, threads, bytes } = totals;
      if (threads > limits.processes) return this.#stop.resolve("processes");
      // Pages that processes share are counted once where it matters: that takes longer to find out.
      if (bytes > limits.memoryBytes && memoryOf(proc, processes) > limits.memoryBytes) {
        return this.#stop.resolve("memory");
      }
      // What is in no process, such as files without a name in memory, shows in the machine's sum. It
      // has room for what others do meanwhile.
      if (sharedMemory(proc) - this.#shared > limits.memoryBytes + othersBytes) {
        return this.#stop.resolve("memory");
      }
      // What grows fast is looked at more often.
      const near = threads > limits.processes / 4 || bytes > limits.memoryBytes / 2;
      wait = near ? SOON_MILLISECONDS : WATCH_MILLISECONDS;
    }
  }

  async #endsWithin(milliseconds: number): Promise<boolean> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const waited = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), milliseconds);
    });
    const ended = this.#over.promise.then(() => true);
    const stopped = this.#stop.promise.then(() => true);
    try {
      return await Promise.race([waited, ended, stopped]);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Bubblewrap is killed, and with it the first process of the namespace, whose end is that of all
   * others. A command that talked its first process out of that is killed all the same.
   */
  async #kill(started: Promise<unknown>): Promise<void> {
    const { proc, kill } = this.#run;
    // Before the command's first process is there, it would not be found.
    let timer: ReturnType<typeof setTimeout> | undefined;
    const setUp = new Promise((resolve) => timer = setTimeout(resolve, SETUP_MILLISECONDS));
    await Promise.race([started, setUp]);
    clearTimeout(timer);
    const [first] = childrenOf(proc, this.#child.pid);
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It ended by itself meanwhile.
      if (!(error instanceof TypeError)) throw error;
    }
    if (first === undefined) return;
    const start = performance.now();
    // The end of the first process is that of all: the kernel waits for them.
    for (let insisted = false; isRunning(proc, first);) {
      const waited = performance.now() - start;
      if (waited > KILL_MILLISECONDS) {
        const { cwd } = this.#run.request;
        throw new BackendError("io", cwd, "A process of the command cannot be killed");
      }
      if (waited > ORPHAN_MILLISECONDS && !insisted) {
        insisted = true;
        try {
          await kill(first);
        } catch (error) {
          // It has ended meanwhile, or nothing can be started before it has: the next look tells.
          if (!(error instanceof Error)) throw error;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

function start({ bubblewrap, args, request }: SandboxRun): Deno.ChildProcess {
  try {
    return new Deno.Command(bubblewrap, {
      args: [...args],
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    if (error instanceof Error) throw notSetUp(request, error);
    throw error;
  }
}

async function collect(
  stream: ReadableStream<Uint8Array>,
  push: (bytes: Uint8Array) => void,
): Promise<void> {
  for await (const bytes of stream) push(bytes);
}

/** The first byte is the setup's own word; where there is none, nothing was started. */
async function collectAfterFirst(
  stream: ReadableStream<Uint8Array>,
  first: (character: string) => void,
  push: (bytes: Uint8Array) => void,
): Promise<void> {
  let begun = false;
  for await (const bytes of stream) {
    push(begun ? bytes : bytes.subarray(1));
    if (!begun && bytes.length > 0) {
      begun = true;
      first(String.fromCharCode(bytes[0] ?? 0));
    }
  }
  first("");
}
