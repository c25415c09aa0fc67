/**
 * Moves between two backends: copied first, deleted last.
 *
 * @module
 */

import { throwIfAborted } from "./_checks.ts";
import type { Place } from "./_mount_names.ts";
import { treeEntries } from "./_tree_entries.ts";
import { BackendError, type BackendErrorCode } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { joinPaths, parentPath, relativeTo } from "./paths.ts";
import type { Backend, FileInfo, MoveOptions } from "./protocol.ts";

/** A name in a directory that has just been made and holds nothing yet. */
const FIRST_NAME = "/.directory";

/** A move under way, all in outer paths. */
interface Move {
  readonly tree: Backend;
  readonly from: string;
  readonly to: string;
  readonly signal: AbortSignal | undefined;
}

/** How a target was before. */
interface Before {
  /** The directories above it that were not there, the deepest first. */
  readonly missing: readonly string[];
  /** The content of the file that was there. */
  readonly content: Uint8Array | undefined;
}

/**
 * Moves a file or a directory from one backend to another. When it fails on the way, the source is
 * whole and the target is as it was before. Only if the source's backend deleted a part of the
 * source and then failed, the complete copy stays, and the error says so.
 *
 * @param tree The composite, which holds both.
 * @param source What to move; no other mount stands below it.
 * @param target Where to.
 * @param options Whether a file may be replaced.
 */
export async function copyAcross(
  tree: Backend,
  source: Place,
  target: Place,
  options: MoveOptions,
): Promise<FileInfo> {
  const { signal, overwrite = false } = options;
  const move: Move = { tree, from: source.path, to: target.path, signal };
  const entries = await listSource(move);
  const before = await lookAtTarget(move, entries, overwrite);
  let moved: FileInfo;
  try {
    const parents = new Set(entries.map(({ path }) => parentPath(path)));
    for (const entry of entries) await copyEntry(move, entry, parents.has(entry.path), overwrite);
    moved = await tree.stat(move.to, { signal });
    await checkUnchanged(move, entries);
    throwIfAborted(signal, move.from);
  } catch (error) {
    await restoreTarget(move, before, error);
    throw error;
  }
  try {
    await tree.delete(move.from, { recursive: true });
  } catch (error) {
    if (!await isWhole(move, entries)) {
      throw failure(move, "io", "the copy is complete, but the original is deleted in part", error);
    }
    await restoreTarget(move, before, error);
    throw error;
  }
  return moved;
}

/** The source and everything below it, directories before what is in them. */
async function listSource(move: Move): Promise<readonly FileInfo[]> {
  const { tree, from, signal } = move;
  const entries = await Array.fromAsync(treeEntries(tree, from, signal));
  for (const { path, type, size } of entries) {
    if (type === "other") {
      throw failure(move, "unsupported", `'${path}' is neither a file nor a directory`);
    }
    if (size > LIMITS.contentBytes) {
      const limit = `${LIMITS.contentBytes} bytes, the most that can go from one route to another`;
      throw failure(move, "too_large", `'${path}' is over ${limit}`);
    }
  }
  return entries;
}

async function lookAtTarget(
  move: Move,
  [source]: readonly FileInfo[],
  overwrite: boolean,
): Promise<Before> {
  const { tree, to, signal } = move;
  const there = await find(tree, to);
  if (there !== undefined && (!overwrite || there.type !== "file" || source?.type !== "file")) {
    throw failure(move, "exists", "something is there already", undefined, to);
  }
  const content = there === undefined ? undefined : await tree.readBytes(to, { signal });
  const missing: string[] = [];
  for (let path = parentPath(to); path !== "/"; path = parentPath(path)) {
    if (await find(tree, path) !== undefined) break;
    missing.push(path);
  }
  return { content, missing };
}

async function copyEntry(
  move: Move,
  entry: FileInfo,
  hasEntries: boolean,
  overwrite: boolean,
): Promise<void> {
  const { tree, from, to, signal } = move;
  throwIfAborted(signal, from);
  const target = joinPaths(to, relativeTo(entry.path, from));
  if (entry.type === "file") {
    await tree.write(target, await tree.readBytes(entry.path, { signal }), { overwrite, signal });
  } else if (!hasEntries) {
    // A directory comes into being with a file and stays without it.
    const first = joinPaths(target, FIRST_NAME);
    await tree.write(first, "", { signal });
    await tree.delete(first);
  }
}

/** What changed after it was copied must not be deleted. */
async function checkUnchanged(move: Move, entries: readonly FileInfo[]): Promise<void> {
  if (await isWhole(move, entries)) return;
  throw failure(move, "io", "it was changed meanwhile");
}

async function isWhole(move: Move, entries: readonly FileInfo[]): Promise<boolean> {
  // What cannot be listed any more is not known to be whole.
  const now = await listSource({ ...move, signal: undefined }).catch(() => []);
  return now.length === entries.length && now.every((info, index) => {
    const entry = entries[index];
    return info.path === entry?.path && info.version === entry.version;
  });
}

/** Takes back what was copied, because of `reason`. */
async function restoreTarget(move: Move, before: Before, reason: unknown): Promise<void> {
  const { tree, to } = move;
  try {
    if (before.content !== undefined) {
      await tree.write(to, before.content);
      return;
    }
    await deleteIfThere(tree, to, true);
    for (const directory of before.missing) await deleteIfThere(tree, directory, false);
  } catch (error) {
    const why = reason instanceof Error ? reason.message : String(reason);
    const rest = error instanceof Error ? error.message : String(error);
    throw failure(move, "io", `${why}. What was copied could not be taken back: ${rest}`, reason);
  }
}

async function deleteIfThere(tree: Backend, path: string, recursive: boolean): Promise<void> {
  try {
    await tree.delete(path, { recursive });
  } catch (error) {
    // Not empty: somebody else has put something there, which is theirs.
    const expected = error instanceof BackendError &&
      (error.code === "not_found" || !recursive && error.code === "is_directory");
    if (!expected) throw error;
  }
}

async function find(tree: Backend, path: string): Promise<FileInfo | undefined> {
  try {
    return await tree.stat(path);
  } catch (error) {
    if (error instanceof BackendError && error.code === "not_found") return undefined;
    throw error;
  }
}

function failure(
  { from, to }: Move,
  code: BackendErrorCode,
  why: string,
  cause?: unknown,
  path = from,
): BackendError {
  return new BackendError(code, path, `Cannot move '${from}' to '${to}': ${why}`, { cause });
}
