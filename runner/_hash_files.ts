/**
 * `hashFiles(...)` of expressions: one hash for all files that some globs match.
 *
 * @module
 */

import { LIMITS } from "../backends/limits.ts";
import type { Backend } from "../backends/protocol.ts";

/** How much of a file is read at a time. */
const CHUNK = 4 * 1024 * 1024;

/**
 * Hashes files as GitHub Actions does: the hash of the hashes of each file, in the order of their
 * paths.
 *
 * @param tree The files.
 * @param patterns Globs; one that begins with `!` takes away what those before it found.
 * @returns SHA-256 in hexadecimal, empty if there is no file.
 * @throws {BackendError} If a file cannot be read.
 * @throws {RangeError} If there are too many files.
 * @throws {Error} If a part of the tree cannot be searched.
 */
export async function hashFiles(tree: Backend, patterns: readonly string[]): Promise<string> {
  const paths = new Set<string>();
  for (const pattern of patterns) {
    const isTaken = pattern.startsWith("!");
    const glob = isTaken ? pattern.slice(1) : pattern;
    for (const path of await matches(tree, glob)) {
      if (isTaken) paths.delete(path);
      else paths.add(path);
    }
  }
  if (paths.size === 0) return "";
  const { createHash } = await import("node:crypto");
  const all = createHash("sha256");
  for (const path of [...paths].sort()) {
    const one = createHash("sha256");
    for await (const bytes of chunksOf(tree, path)) one.update(bytes);
    all.update(one.digest());
  }
  return all.digest("hex");
}

async function matches(tree: Backend, pattern: string): Promise<readonly string[]> {
  const { files, truncated, failures } = await tree.glob(pattern, { limit: LIMITS.treeEntries });
  const [failure] = failures;
  if (failure !== undefined) throw new Error(failure.message);
  if (truncated) {
    throw new RangeError(`'${pattern}' matches more than ${LIMITS.treeEntries} files`);
  }
  return files.map(({ path }) => path);
}

async function* chunksOf(tree: Backend, path: string): AsyncGenerator<Uint8Array> {
  for (let offset = 0;;) {
    const bytes = await tree.readBytes(path, { offset, length: CHUNK });
    if (bytes.length > 0) yield bytes;
    if (bytes.length < CHUNK) return;
    offset += bytes.length;
  }
}
