/**
 * How a command of the virtual shell ends before it is done: its time is up, or its caller aborts.
 *
 * The interpreter throws away what an aborted command printed. What a command printed that ran into a
 * limit is kept, so that a command whose time is up is made to run into one.
 *
 * @module
 */

import type { ShellRequest } from "./_request.ts";

type JustBash = typeof import("just-bash");

/** The interpreter's error for a limit. */
type LimitError = new (message: string, limit: string) => Error;

const MESSAGE = "the time of the command is up";
const ITS_WORDS = new RegExp(`^[\\w-]+: ${MESSAGE}\\n`, "gm");

let limitError: Promise<LimitError> | undefined;

/**
 * The class of the interpreter's error for a limit. It is not exported: a command that uses up a budget
 * of nothing is thrown one.
 */
export function limitErrorOf(justBash: JustBash): Promise<LimitError> {
  return limitError ??= findLimitError(justBash);
}

async function findLimitError({ Bash, defineCommand, InMemoryFs }: JustBash): Promise<LimitError> {
  let found: unknown;
  const probe = defineCommand("probe", (_args, { executionScope }) => {
    try {
      executionScope?.consumeLimited("probe", 1, 0);
    } catch (error) {
      if (error instanceof Error) found = error.constructor;
    }
    return Promise.resolve({ stdout: "", stderr: "", exitCode: 0 });
  });
  const fs = new InMemoryFs();
  const bash = new Bash({ fs, commands: [], customCommands: [probe], defenseInDepth: false });
  await bash.exec("probe");
  if (isLimitError(found)) return found;
  throw new Error("The virtual shell's interpreter has no error for limits");
}

function isLimitError(value: unknown): value is LimitError {
  return typeof value === "function" && value.prototype instanceof Error &&
    value.name !== "Error";
}

/** Watches the time and the signal of one command. */
export class CommandEnd implements Disposable {
  readonly #limitError: LimitError;
  readonly #soft = new AbortController();
  readonly #hard = new AbortController();
  readonly #request: ShellRequest;
  readonly #deadline: number;
  readonly #timers: ReturnType<typeof setTimeout>[];
  readonly #onAbort = () => this.#end("aborted");
  #reason: "timeout" | "aborted" | undefined;
  #exceeded: string | undefined;

  /**
   * @param request The command.
   * @param limitError What is thrown inside the interpreter.
   * @param grace Milliseconds after its time that it has to end by itself.
   */
  constructor(request: ShellRequest, limitError: LimitError, grace: number) {
    this.#request = request;
    this.#limitError = limitError;
    this.#deadline = performance.now() + request.timeout;
    this.#timers = [
      setTimeout(() => this.#end("timeout"), request.timeout),
      setTimeout(() => this.#hard.abort(), request.timeout + grace),
    ];
    request.signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (request.signal?.aborted) this.#onAbort();
  }

  /** Why the command was ended, if it was. */
  get reason(): "timeout" | "aborted" | undefined {
    return this.#reason;
  }

  /** Ends what the command waits for. */
  get signal(): AbortSignal {
    return this.#soft.signal;
  }

  /** Ends the interpreter, which then forgets what was printed. */
  get hardSignal(): AbortSignal {
    return this.#hard.signal;
  }

  /** Throws what ends the interpreter if the command is to end. A busy one lets no timer run. */
  check(): void {
    if (this.#reason === undefined && performance.now() >= this.#deadline) this.#end("timeout");
    if (this.#exceeded !== undefined) this.exceed(this.#exceeded);
    if (this.#reason !== undefined) throw new this.#limitError(MESSAGE, "iterations");
  }

  /** The limit that was exceeded, if one that is counted outside the interpreter was. */
  get exceeded(): string | undefined {
    return this.#exceeded;
  }

  /** Throws what ends the interpreter: a limit is exceeded. Nothing is done after that. */
  exceed(message: string): never {
    this.#exceeded ??= message;
    throw new this.#limitError(this.#exceeded, "iterations");
  }

  /** Waits, but no longer than the command may run. */
  async sleep(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, milliseconds);
    const onAbort = () => resolve();
    this.signal.addEventListener("abort", onAbort, { once: true });
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.signal.removeEventListener("abort", onAbort);
    }
    this.check();
  }

  /** What the command printed, without the lines that the interpreters of it added about its end. */
  withoutItsWords(stderr: string): string {
    return stderr.replace(ITS_WORDS, "");
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
  }

  #end(reason: "timeout" | "aborted"): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#soft.abort();
    if (reason === "aborted") this.#hard.abort();
  }
}
