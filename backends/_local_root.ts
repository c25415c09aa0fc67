/**
 * Opening the root of a local backend: where it really is, and whether it is there at all.
 *
 * @module
 */

import { hostCode, localError, type Verb } from "./_local_errors.ts";
import { type LinkJudge, LocalGuard } from "./_local_guard.ts";
import { sweepRoot } from "./_local_temporary.ts";

/**
 * Finds the root, creates it if it may be written to, and sweeps what crashed writes have left.
 *
 * @param rootDir The root as the user names it.
 * @param writable Whether it may be created and swept.
 * @param verb What is tried, for the message.
 * @param path The canonical path that is asked for, for the message.
 * @param judge Decides about places that symbolic links lead to.
 * @returns The root's guard.
 * @throws {BackendError} `not_directory` if the root is a file, `io` if it may not be created and
 * is not there.
 */
export function openRoot(
  rootDir: string | URL,
  writable: boolean,
  verb: Verb,
  path: string,
  judge?: LinkJudge,
): LocalGuard {
  const root = findRoot(rootDir, writable, verb, path);
  if (!Deno.lstatSync(root).isDirectory) {
    const reason = "the root of this route is a file on the host, not a directory";
    throw localError("not_directory", verb, path, reason);
  }
  if (writable) sweepRoot(root);
  const spelled = rootDir instanceof URL ? decodeURIComponent(rootDir.pathname) : rootDir;
  return new LocalGuard(root, spelled.startsWith("/") ? trimSlashes(spelled) : undefined, judge);
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

/**
 * @param rootDir The root as a program gave it.
 * @throws {TypeError} If it is none.
 */
export function checkRootDir(rootDir: unknown): void {
  const isUrl = rootDir instanceof URL && rootDir.protocol === "file:" && rootDir.host === "";
  const isPath = typeof rootDir === "string" && rootDir !== "" && !rootDir.includes("\0");
  if (!isUrl && !isPath) throw new TypeError("Option 'rootDir' must be a host path or a file URL");
}

/**
 * @param host A path that is to be protected, as a program gave it.
 * @returns The same.
 * @throws {TypeError} If it is no plain absolute path.
 */
export function checkProtected(host: unknown): string {
  const isAbsolute = typeof host === "string" && host.startsWith("/") && !host.includes("\0");
  const names = isAbsolute ? host.slice(1).split("/") : [];
  // A folded path would be compared in one form and used in another.
  const isCanonical = names.every((name) => name !== "" && name !== "." && name !== "..");
  if (isAbsolute && isCanonical) return host;
  throw new TypeError(
    "Every path of 'protect' must be an absolute host path without '.', '..', '//' or a last '/'",
  );
}
