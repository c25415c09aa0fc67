/**
 * Everything in a directory, directories included, by way of `ls` alone.
 *
 * @module
 */

import { BackendError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import type { Backend, FileInfo } from "./protocol.ts";
import { Turns } from "./_turns.ts";

/**
 * What is at a path and everything below it, directories before what is in them. A backend may show
 * a link to a directory as that directory: where such links lead back, there is no end of paths, so
 * that their number is limited.
 *
 * @param backend The backend.
 * @param path A canonical path.
 * @param signal Ends the walk.
 * @throws {BackendError} `too_large`, and what the backend throws.
 */
export async function* treeEntries(
  backend: Backend,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<FileInfo> {
  const turns = new Turns({ path, signal });
  const start = await backend.stat(path, { signal });
  yield start;
  const directories = start.type === "directory" ? [path] : [];
  let count = 0;
  for (const directory of directories) {
    await turns.yield();
    for (const entry of await backend.ls(directory, { signal })) {
      count += 1;
      if (count > LIMITS.treeEntries) throw tooLarge(path);
      yield entry;
      if (entry.type === "directory") directories.push(entry.path);
    }
  }
}

function tooLarge(path: string): BackendError {
  return new BackendError(
    "too_large",
    path,
    `'${path}' holds over ${LIMITS.treeEntries} entries, what links lead to included: take its ` +
      "directories one by one",
  );
}
