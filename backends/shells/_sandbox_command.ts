/**
 * A command as words: what stands around it inside the sandbox, and what is said of its end.
 *
 * @module
 */

import { processNotes } from "./_real_command.ts";
import type { ShellRequest } from "./_request.ts";
import { INIT_SCRIPT, type KillCause } from "./_sandbox_process.ts";
import type { ShellLimits } from "./shell.ts";

/** The variables that every command has. */
export const VARIABLES = {
  HOME: "/run/home",
  LANG: "C.UTF-8",
  PATH: "/usr/local/bin:/usr/bin:/bin",
} as const;

/** Where a script stands that is too long for an argument, and the command's input. */
export const SCRIPT_PATH = "/run/script";
export const INPUT_PATH = "/run/input";
/** Files that a process may have open. */
const OPEN_FILES = 1_024;
/** Programs such as Node reserve much more than they ever use: address space bounds what is absurd. */
const ADDRESSES_PER_BYTE = 16;

/** Options of {@linkcode commandWords}. */
export interface CommandOptions {
  readonly limits: ShellLimits;
  /** Words that close what the command shall not have open. */
  readonly closing: readonly string[];
  /** Whether the script comes as a file. */
  readonly long: boolean;
}

/**
 * The words that run a command inside the sandbox: its limits, its first process, its variables.
 *
 * @param request The command.
 * @param options What it may take.
 */
export function commandWords(
  request: ShellRequest,
  { limits, closing, long }: CommandOptions,
): readonly string[] {
  const { command, cwd, env, stdin } = request;
  const input = stdin === "" ? "/dev/null" : INPUT_PATH;
  const bounds = Object.entries({
    core: 0,
    cpu: limits.cpuSeconds,
    data: limits.memoryBytes,
    as: limits.memoryBytes * ADDRESSES_PER_BYTE,
    fsize: limits.fileBytes,
    nproc: limits.processes,
    nofile: OPEN_FILES,
  }).map(([name, value]) => `--${name}=${value}:${name === "cpu" ? value + 1 : value}`);
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const words = typeof command !== "string"
    ? command
    : ["/bin/sh", "-c", "--", long ? `. ${SCRIPT_PATH}` : command, "sh"];
  return [
    ...closing,
    ...["/usr/bin/prlimit", ...bounds, "--"],
    // The variables of the call change nothing of what stands before the command.
    ...["/run/init", "-c", INIT_SCRIPT, "sh", input, cwd, `${variables.length}`, ...variables],
    ...words,
  ];
}

/** What there is to say of how a command ended. */
export function limitNotes(
  killed: KillCause | undefined,
  exitCode: number,
  limits: ShellLimits,
): readonly string[] {
  switch (killed) {
    case "memory":
      return [`The command was killed: it took more than ${limits.memoryBytes} bytes of memory`];
    case "processes":
      return [`The command was killed: it had more than ${limits.processes} processes`];
    case undefined:
      return processNotes(exitCode, limits);
    default:
      return [];
  }
}
