/**
 * Unfinished writes. A file is written whole under another name before it takes its place, so that
 * a crash leaves the old content or the new and never a mix.
 *
 * The other name is in a directory of its own at the root, and, where that is on another file
 * system than the target, beside the target. Its writer holds an exclusive lock on it, which the
 * host takes back when the process ends: a file whose lock is free has no owner and is swept.
 *
 * @module
 */

import { localError, tolerate, type Verb } from "./_local_errors.ts";
import { joinHost, lstat } from "./_local_guard.ts";
import { isSameFile } from "./_local_info.ts";
import { TEMPORARY_NAME } from "./paths.ts";

/** How often a sweep of another process may get in the way before it is a failure. */
const ATTEMPTS = 100;
const PIECE_BYTES = 1024 * 1024;

/** What file systems answer that know no locks, or none for this file. */
const NO_LOCKS = ["EINVAL", "ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EWOULDBLOCK"];

/** A file that is being written and is not in its place yet. */
export class Unfinished implements Disposable {
  /** Where it is on the host. */
  readonly host: string;
  readonly #file: Deno.FsFile;
  readonly #directory: string | undefined;

  /** Use {@linkcode beginWrite}. */
  constructor(host: string, file: Deno.FsFile, directory: string | undefined) {
    this.host = host;
    this.#file = file;
    this.#directory = directory;
  }

  /**
   * Writes all of the content, down to the disk.
   *
   * @param bytes The content.
   * @param onPiece Called between the pieces of a long content; it may throw.
   */
  async fill(bytes: Uint8Array, onPiece: () => void): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      onPiece();
      from += await this.#file.write(bytes.subarray(from, from + PIECE_BYTES));
    }
    await this.#file.sync();
    onPiece();
  }

  /**
   * Makes the file look like the one it replaces, and gives it a time that no other write of this
   * process has, which makes its version another one even where inodes are used again at once.
   *
   * @param old The file that it replaces.
   */
  dress(old: Deno.FileInfo | undefined): void {
    const now = nextStamp();
    this.#file.utimeSync(now, now);
    if (old === undefined) return;
    const own = this.#file.statSync();
    if (own.uid !== old.uid || own.gid !== old.gid) {
      // Only root may give files away; for anyone else the new file is the writer's own.
      tolerate(["EACCES", "EINVAL", "EPERM"], () => Deno.chownSync(this.host, old.uid, old.gid));
    }
    const mode = permissionBits(old);
    if (mode !== undefined) Deno.chmodSync(this.host, mode);
  }

  /** Removes the file if it has not taken its place, and the directory if that was the last one. */
  [Symbol.dispose](): void {
    tolerate(["ENOENT"], () => Deno.removeSync(this.host));
    this.#file.close();
    if (this.#directory !== undefined) removeIfEmpty(this.#directory);
  }
}

/** Where a write begins. */
export interface BeginOptions {
  /** The root's host path. */
  readonly root: string;
  /** The directory of the target, if the root is on another file system. */
  readonly beside?: string;
  /** Makes a name that no other write has. */
  readonly newId: () => string;
  /** The file that will be replaced. */
  readonly old: Deno.FileInfo | undefined;
  /** What is tried, for the message. */
  readonly verb: Verb;
  /** The canonical path, for the message. */
  readonly path: string;
}

/**
 * Opens a file to write in, locked, under a name that is in nobody's way.
 *
 * @param options Where.
 * @returns The file, to be disposed of in any case.
 */
export function beginWrite(options: BeginOptions): Unfinished {
  const directory = options.beside === undefined
    ? joinHost(options.root, TEMPORARY_NAME)
    : undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (directory !== undefined) makeDirectory(directory, options);
    const name = options.newId();
    const host = options.beside === undefined
      ? joinHost(joinHost(options.root, TEMPORARY_NAME), name)
      : joinHost(options.beside, `${TEMPORARY_NAME}-${name}`);
    const file = openLocked(host, permissionBits(options.old) ?? 0o666);
    if (file !== undefined) return new Unfinished(host, file, directory);
  }
  throw localError("io", options.verb, options.path, "its unfinished write is always removed");
}

/** A new file with its lock, or `undefined` if a sweep of another process was quicker. */
function openLocked(host: string, mode: number): Deno.FsFile | undefined {
  const file = tolerate(
    ["EEXIST", "ENOENT"],
    () => Deno.openSync(host, { write: true, createNew: true, mode }),
  );
  if (file === undefined) return undefined;
  // Where there are no locks, no sweep takes one either, and the file is safe.
  const locked = tolerate(NO_LOCKS, () => file.tryLockSync(true)) ?? true;
  if (locked && isSameFile(file.statSync(), lstat(host))) return file;
  file.close();
  return undefined;
}

function makeDirectory(host: string, options: BeginOptions): void {
  tolerate(["EEXIST"], () => Deno.mkdirSync(host, { mode: 0o700 }));
  const info = lstat(host);
  // The name is reserved, but whoever else writes in this root may have put a link there.
  if (info !== undefined && !info.isDirectory) {
    const reason = `the reserved name '${TEMPORARY_NAME}' in its root is not a directory`;
    throw localError("denied", options.verb, options.path, reason);
  }
}

/**
 * Removes what crashed writes have left in the directory of unfinished writes.
 *
 * @param root The root's host path.
 */
export function sweepRoot(root: string): void {
  const directory = joinHost(root, TEMPORARY_NAME);
  if (lstat(directory)?.isDirectory !== true) return;
  // Another process may remove it meanwhile.
  const entries = tolerate(["ENOENT", "ENOTDIR"], () => [...Deno.readDirSync(directory)]) ?? [];
  for (const { name } of entries) sweepFile(joinHost(directory, name));
  removeIfEmpty(directory);
}

/**
 * Removes a file that a crashed write has left; one that is still being written stays.
 *
 * @param host The file's host path, under a name that is reserved for unfinished writes.
 */
export function sweepFile(host: string): void {
  const info = lstat(host);
  if (info?.isFile !== true) return;
  // A file that may not be opened or removed stays: it is hidden and does no harm.
  tolerate(["ENOENT", "EACCES", "EPERM", "EROFS"], () => {
    using file = Deno.openSync(host, { read: true });
    const free = tolerate(NO_LOCKS, () => file.tryLockSync(true)) ?? false;
    if (free && isSameFile(file.statSync(), lstat(host))) Deno.removeSync(host);
  });
}

function removeIfEmpty(directory: string): void {
  tolerate(["ENOENT", "ENOTEMPTY", "EEXIST", "ENOTDIR"], () => Deno.removeSync(directory));
}

/** Read, write and run for owner, group and others; nothing that lends a program more rights. */
function permissionBits(info: Deno.FileInfo | undefined): number | undefined {
  return info === undefined || info.mode === null ? undefined : info.mode & 0o777;
}

let stamp = 0;

/** The time in milliseconds, a moment later than the last time this was asked. */
function nextStamp(): Date {
  stamp = Math.max(Date.now(), stamp + 1);
  return new Date(stamp);
}
