/**
 * What every shell checks before it runs a command, and the queue in which its commands wait.
 *
 * @module
 */

import { BackendError } from "../errors.ts";
import { canonicalPath, isWithin } from "../paths.ts";
import { type ExecuteOptions, SHELL_LIMITS, SYSTEM_DIRECTORIES } from "./shell.ts";

/** A checked command with what was left open filled in. */
export interface ShellRequest {
  readonly command: string | readonly string[];
  /** Canonical; not yet known to be a directory. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly outputBytes: number;
  readonly signal: AbortSignal | undefined;
  readonly onOutput: ExecuteOptions["onOutput"];
}

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Checks a command and its options.
 *
 * @param command What `Shell.execute` was called with.
 * @param options What it was called with.
 * @param outputBytes How much of each stream is kept where the call does not say.
 * @throws {BackendError} `invalid_path`, `denied`, `too_large`, `unsupported` or `aborted`.
 * @throws {RangeError} If the timeout or the output size is no number of at least 1, or over its limit.
 */
export function checkRequest(
  command: string | readonly string[],
  options: ExecuteOptions,
  outputBytes: number = SHELL_LIMITS.outputBytes,
): ShellRequest {
  const cwd = canonicalPath(options.cwd ?? "/");
  const timeout = checkNumber("timeout", options.timeout ?? SHELL_LIMITS.milliseconds);
  if (timeout > SHELL_LIMITS.longestMilliseconds) {
    throw new RangeError(
      `The timeout must be at most ${SHELL_LIMITS.longestMilliseconds} milliseconds, not ${timeout}`,
    );
  }
  const kept = checkNumber("output size", options.outputBytes ?? outputBytes);
  checkCommand(command, cwd);
  const { env = {}, stdin = "", signal, onOutput } = options;
  for (const [name, value] of Object.entries(env)) {
    if (VARIABLE_NAME.test(name) && !value.includes("\0")) continue;
    throw refused(
      "unsupported",
      cwd,
      `Cannot set the variable '${name}': it is no name of a shell`,
    );
  }
  if (stdin.length > SHELL_LIMITS.stdinCharacters) {
    throw refused(
      "too_large",
      cwd,
      `The standard input has more than ${SHELL_LIMITS.stdinCharacters} characters: ` +
        "write it to a file and read that",
    );
  }
  if (isSystemPath(cwd)) {
    throw refused(
      "denied",
      cwd,
      `Cannot start in '${cwd}': it is the shell's own, not of the tree`,
    );
  }
  if (signal?.aborted) throw abortedCommand(cwd, signal.reason);
  return { command, cwd, env, stdin, timeout, outputBytes: kept, signal, onOutput };
}

/**
 * Whether a path is one of the system's own directories or in one.
 *
 * @param path A canonical path.
 */
export function isSystemPath(path: string): boolean {
  return SYSTEM_DIRECTORIES.some((directory) => isWithin(path, directory));
}

/** What a call fails with whose signal aborted. */
export function abortedCommand(cwd: string, cause?: unknown): BackendError {
  return new BackendError("aborted", cwd, "The command was aborted", { cause });
}

/** What of a command its place in the queue depends on. */
type Waiting = Pick<ShellRequest, "cwd" | "signal">;

/** Runs commands one at a time, in the order they came. */
export class CommandQueue {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Runs a command when all before it have ended.
   *
   * @param request The command: one that is aborted while it waits is not run.
   * @param run Runs it.
   */
  async run<T>(request: Waiting, run: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = before.then(() => promise);
    try {
      await waitFor(before, request);
      return await run();
    } finally {
      resolve();
    }
  }
}

async function waitFor(before: Promise<unknown>, { cwd, signal }: Waiting): Promise<void> {
  if (signal === undefined) {
    await before;
    return;
  }
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(abortedCommand(cwd, signal.reason));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([before, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
  if (signal.aborted) throw abortedCommand(cwd, signal.reason);
}

function checkCommand(command: string | readonly string[], cwd: string): void {
  const words = typeof command === "string" ? [command] : command;
  const characters = words.reduce((sum, word) => sum + word.length, 0);
  if (characters > SHELL_LIMITS.commandCharacters) {
    throw refused(
      "too_large",
      cwd,
      `The command has more than ${SHELL_LIMITS.commandCharacters} characters: ` +
        "write what is long to a file, or to its standard input",
    );
  }
  if (words.some((word) => word.includes("\0"))) {
    throw refused(
      "unsupported",
      cwd,
      "The command has a NUL character in it: no program takes one",
    );
  }
  if (typeof command !== "string" && (command[0] ?? "") === "") {
    throw refused("unsupported", cwd, "The command has no program: name one first");
  }
}

function checkNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new RangeError(`The ${name} must be an integer of at least 1, not ${value}`);
}

function refused(
  code: "unsupported" | "too_large" | "denied",
  cwd: string,
  message: string,
): BackendError {
  return new BackendError(code, cwd, message);
}
