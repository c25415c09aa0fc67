/**
 * What commands of real programs have in common, wherever they run: how they begin, and what there is to
 * say of their end.
 *
 * @module
 */

import { BackendError } from "../errors.ts";
import type { ShellRequest } from "./_request.ts";
import type { ShellLimits } from "./shell.ts";

/** What an argument may not reach, with the NUL at its end: `MAX_ARG_STRLEN`. */
const ARGUMENT_BYTES = 128 * 1024;

/** What a command's first process says before the command runs: one byte on its standard error. */
export const STARTED = "+";
const NO_START: Readonly<
  Record<string, { code: "not_found" | "not_directory" | "denied"; why: string }>
> = {
  "0": { code: "not_found", why: "it does not exist" },
  "1": { code: "not_directory", why: "it is not a directory" },
  "2": { code: "denied", why: "it may not be entered" },
};

/**
 * The error for a command that could not start in its directory.
 *
 * @param first The byte that its first process said.
 * @param cwd The directory.
 * @returns The error; `undefined` where that is not what the byte says.
 */
export function refusedStart(first: string, cwd: string): BackendError | undefined {
  const refusal = NO_START[first];
  if (refusal === undefined) return undefined;
  return new BackendError(refusal.code, cwd, `Cannot start in '${cwd}': ${refusal.why}`);
}

/**
 * A script that is too long for an argument: it comes as a file.
 *
 * @param request The command.
 * @returns The script; `undefined` where everything fits.
 * @throws {BackendError} `too_large` where an argument of a program is too long.
 */
export function longScript({ command, cwd }: ShellRequest): Uint8Array | undefined {
  const encoder = new TextEncoder();
  const words = (typeof command === "string" ? [command] : command)
    .map((word) => encoder.encode(word));
  const long = words.find(({ length }) => length >= ARGUMENT_BYTES);
  if (long === undefined || typeof command === "string") return long;
  throw new BackendError(
    "too_large",
    cwd,
    `An argument of the command has more than ${ARGUMENT_BYTES - 1} bytes, which no program takes`,
  );
}

/**
 * What there is to say of a process that a limit ended.
 *
 * @param exitCode The command's exit code.
 * @param limits The limits.
 */
export function processNotes(exitCode: number, limits: ShellLimits): readonly string[] {
  switch (exitCode) {
    case 128 + 24:
      return [`A process was ended: it took over ${limits.cpuSeconds} seconds of processor time`];
    case 128 + 25:
      return [`A process was ended: it wrote a file of more than ${limits.fileBytes} bytes`];
    default:
      return [];
  }
}
