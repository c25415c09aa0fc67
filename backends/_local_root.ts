/**
 * Opening the root of a local backend: where it really is, and whether it is there at all.
 *
 * @module
 */

import { hostCode, localError, type Verb } from "./_local_errors.ts";
import { LocalGuard } from "./_local_guard.ts";
import { sweepRoot } from "./_local_temporary.ts";

/**
 * Finds the root, creates it if it may be written to, and sweeps what crashed writes have left.
 *
 * @param rootDir The root as the user names it.
 * @param writable Whether it may be created and swept.
 * @param verb What is tried, for the message.
 * @param path The canonical path that is asked for, for the message.
 * @returns The root's guard.
 * @throws {BackendError} `not_directory` if the root is a file, `io` if it may not be created and
 * is not there.
 */
export function openRoot(
  rootDir: string | URL,
  writable: boolean,
  verb: Verb,
  path: string,
): LocalGuard {
  const root = findRoot(rootDir, writable, verb, path);
  if (!Deno.lstatSync(root).isDirectory) {
    const reason = "the root of this route is a file on the host, not a directory";
    throw localError("not_directory", verb, path, reason);
  }
  if (writable) sweepRoot(root);
  const spelled = rootDir instanceof URL ? decodeURIComponent(rootDir.pathname) : rootDir;
  return new LocalGuard(root, spelled.startsWith("/") ? trimSlashes(spelled) : undefined);
}

function findRoot(rootDir: string | URL, writable: boolean, verb: Verb, path: string): string {
  try {
    return Deno.realPathSync(rootDir);
  } catch (error) {
    const code = hostCode(error);
    if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
    if (!writable || code === "ENOTDIR") throw noRoot(verb, path, error);
  }
  try {
    Deno.mkdirSync(rootDir, { recursive: true });
    return Deno.realPathSync(rootDir);
  } catch (error) {
    const code = hostCode(error);
    if (code !== "ENOENT" && code !== "ENOTDIR" && code !== "EEXIST") throw error;
    throw noRoot(verb, path, error);
  }
}

function noRoot(verb: Verb, path: string, cause: unknown): Error {
  const reason = "the root directory of this route does not exist on the host: create it first";
  return localError("io", verb, path, reason, cause);
}

function trimSlashes(path: string): string {
  return path.replace(/(?<=.)\/+$/, "");
}
