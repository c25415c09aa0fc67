/**
 * What the host's errors mean in the virtual tree. The host's own words hold host paths, so that
 * they go into `cause` and never into a message.
 *
 * @module
 */

import { BackendError, type BackendErrorCode } from "./errors.ts";

/** The verb of the sentence "Cannot … '/path'". */
export type Verb =
  | "delete"
  | "edit"
  | "find"
  | "list"
  | "move"
  | "move to"
  | "read"
  | "search"
  | "write";

const MEANINGS: Readonly<Record<string, readonly [BackendErrorCode, string]>> = {
  EACCES: ["denied", "the host does not permit it"],
  EBUSY: ["io", "the host is using it, as a mount point for example"],
  EDQUOT: ["io", "the disk quota is used up"],
  EEXIST: ["exists", "something is there already"],
  EFBIG: ["io", "the host does not allow a file of this size"],
  EILSEQ: ["invalid_path", "the host's file system does not accept the name"],
  EISDIR: ["is_directory", "it is a directory"],
  ELOOP: ["denied", "its symbolic links never end"],
  EMFILE: ["io", "the process has too many open files"],
  ENAMETOOLONG: ["invalid_path", "the path is too long for the host"],
  ENFILE: ["io", "the host has too many open files"],
  ENOENT: ["not_found", "it does not exist"],
  ENOSPC: ["io", "the disk is full"],
  ENOTDIR: ["not_directory", "a name on the way to it is a file, not a directory"],
  EPERM: ["denied", "the host does not permit it"],
  EROFS: ["denied", "its file system is read-only"],
  ETXTBSY: ["io", "the host is running it as a program"],
  EXDEV: ["unsupported", "it would go to another file system: write the file anew instead"],
};

/**
 * The host's code for a failure.
 *
 * @param error What was thrown.
 * @returns A code such as `ENOENT`, or `undefined` if no system call failed.
 */
export function hostCode(error: unknown): string | undefined {
  if (error instanceof Deno.errors.NotCapable) return "EACCES";
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  // Codes with an underscore are those of node: modules, whose failures are mistakes in the code.
  return typeof error.code === "string" && /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
}

/**
 * The sentence and the code for a failure that this room found itself.
 *
 * @param code Why it failed.
 * @param verb What was tried.
 * @param path The canonical path.
 * @param reason The rest of the sentence.
 * @param cause What the host said, if it said something.
 * @returns The error to throw.
 */
export function localError(
  code: BackendErrorCode,
  verb: Verb,
  path: string,
  reason: string,
  cause?: unknown,
): BackendError {
  const message = `Cannot ${verb} '${path}': ${reason}`;
  return new BackendError(code, path, message, cause === undefined ? {} : { cause });
}

/**
 * The refusal to open or replace a FIFO, a socket or a device.
 *
 * @param verb What was tried.
 * @param path The canonical path.
 * @returns The error to throw.
 */
export function notRegular(verb: Verb, path: string): BackendError {
  return localError("denied", verb, path, "it is not a regular file");
}

/**
 * The refusal to list or search what has no entries.
 *
 * @param verb What was tried.
 * @param path The canonical path.
 * @returns The error to throw.
 */
export function notDirectory(verb: Verb, path: string): BackendError {
  return localError("not_directory", verb, path, "it is not a directory");
}

/**
 * Translates what a system call threw. Anything that no system call threw is returned as it is:
 * it is a mistake in the code, and hiding it helps nobody.
 *
 * @param error What was thrown.
 * @param verb What was tried.
 * @param path The canonical path.
 * @returns What to throw instead.
 */
export function translateError(error: unknown, verb: Verb, path: string): unknown {
  if (error instanceof BackendError) return error;
  const code = hostCode(error);
  if (code === undefined) return error;
  const [meaning, reason] = MEANINGS[code] ?? ["io", `the storage failed with ${code}`];
  return localError(meaning, verb, path, reason, error);
}

/**
 * Runs a system call of which some failures are expected.
 *
 * @param codes The host's codes for those failures.
 * @param call The call.
 * @returns What it returns, or `undefined` if it fails as expected.
 */
export function tolerate<T>(codes: readonly string[], call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    const code = hostCode(error);
    if (code === undefined || !codes.includes(code)) throw error;
    return undefined;
  }
}
