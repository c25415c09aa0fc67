/**
 * Files of the host, as the sandbox deals with them: links are never followed, and nothing runs meanwhile.
 *
 * @module
 */

import { LIMITS } from "../limits.ts";

/** Whether there is no room left on the file system. */
export function isFull(error: unknown): boolean {
  return error instanceof Error && /os error 28\b/.test(error.message);
}

/** What is at a path; `undefined` if nothing is. */
export function lstat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw error;
  }
}

/**
 * The content of a file that its owner may not be allowed to read; `undefined` for what is no file, or
 * larger than the tree takes.
 *
 * @param host Its path.
 * @param info What is there.
 */
export function readFile(host: string, info: Deno.FileInfo | undefined): Uint8Array | undefined {
  if (info?.isFile !== true || info.size > LIMITS.contentBytes) return undefined;
  const mode = (info.mode ?? 0) & 0o777;
  if ((mode & 0o400) !== 0) return Deno.readFileSync(host);
  Deno.chmodSync(host, mode | 0o400);
  try {
    return Deno.readFileSync(host);
  } finally {
    Deno.chmodSync(host, mode);
  }
}

/** Removes a file, if it is there. */
export function removeFile(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Whether bytes begin with others. */
export function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return bytes.length >= start.length && start.every((byte, index) => bytes[index] === byte);
}
