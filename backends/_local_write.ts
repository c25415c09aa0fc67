/**
 * Changes to the files under a local root. The slow part of a write, its content, is done before
 * its turn; the last look at the target and the rename are one synchronous step.
 *
 * @module
 */

import { hostCode, localError, notRegular, tolerate, type Verb } from "./_local_errors.ts";
import { type FoundPlace, joinHost, type LocalGuard, lstat, type Place } from "./_local_guard.ts";
import { versionOf } from "./_local_info.ts";
import type { ProtectedPaths } from "./_local_protect.ts";
import { inTurn, noteMove } from "./_local_queue.ts";
import { beginWrite, sweepFile, sweepRoot, type Unfinished } from "./_local_temporary.ts";
import type { BackendError, BackendErrorCode } from "./errors.ts";
import { throwIfAborted } from "./_checks.ts";
import { isWithin, parentPath, TEMPORARY_NAME } from "./paths.ts";

/** How often a change of another process may get in the way before it is a failure. */
const ATTEMPTS = 10;

/** A file to be written whole. */
export interface Replacement {
  readonly path: string;
  readonly verb: Verb;
  readonly bytes: Uint8Array;
  /** Whether a file that is there may be replaced. */
  readonly overwrite: boolean;
  /** The version that the file must still have, if the content was made from it. */
  readonly expected?: string;
  readonly signal: AbortSignal | undefined;
}

/** What the changes to one root have in common. */
export interface WriterOptions {
  readonly guard: LocalGuard;
  readonly protect: ProtectedPaths;
  /** Makes the names of unfinished writes. */
  readonly newId: () => string;
}

/** Changes the files under one root. */
export class LocalWriter {
  readonly #guard: LocalGuard;
  readonly #protect: ProtectedPaths;
  readonly #newId: () => string;

  /** @param options Where, and what may not be changed. */
  constructor(options: WriterOptions) {
    this.#guard = options.guard;
    this.#protect = options.protect;
    this.#newId = options.newId;
  }

  /**
   * Writes a file in its turn.
   *
   * @param wanted The file.
   * @returns What is on the host afterwards.
   */
  async write(wanted: Replacement): Promise<Deno.FileInfo> {
    using unfinished = await this.#fill(wanted);
    const info = await inTurn(() => this.#publish(wanted, unfinished));
    // Without an expected version nothing can be outdated.
    if (info !== undefined) return info;
    throw localError("io", wanted.verb, wanted.path, "it changes all the time");
  }

  /**
   * Writes a file if it still has the expected version; for a caller whose turn it is.
   *
   * @param wanted The file.
   * @returns What is on the host afterwards, or `undefined` if the file has changed meanwhile.
   */
  async replace(wanted: Replacement): Promise<Deno.FileInfo | undefined> {
    using unfinished = await this.#fill(wanted);
    return await this.#publish(wanted, unfinished);
  }

  /**
   * Refuses a path that may not be written, before any work is put into its content.
   *
   * @param path The canonical path.
   * @param verb What is tried, for the message.
   */
  check(path: string, verb: Verb): void {
    this.#target({ path, verb, overwrite: true });
  }

  async #fill(wanted: Replacement, beside?: string): Promise<Unfinished> {
    const { path, verb, signal } = wanted;
    throwIfAborted(signal, path);
    const unfinished = beginWrite({
      root: this.#guard.root,
      ...(beside === undefined ? {} : { beside }),
      newId: this.#newId,
      old: this.#target(wanted).info,
      verb,
      path,
    });
    try {
      await unfinished.fill(wanted.bytes, () => throwIfAborted(signal, path));
      return unfinished;
    } catch (error) {
      unfinished[Symbol.dispose]();
      throw error;
    }
  }

  async #publish(wanted: Replacement, unfinished: Unfinished): Promise<Deno.FileInfo | undefined> {
    try {
      return await this.#commit(wanted, unfinished);
    } catch (error) {
      if (hostCode(error) !== "EXDEV") throw error;
    }
    const directory = hostParent(this.#target(wanted).host);
    for (const { name } of Deno.readDirSync(directory)) {
      if (name.startsWith(TEMPORARY_NAME)) sweepFile(joinHost(directory, name));
    }
    using neighbour = await this.#fill(wanted, directory);
    return await this.#commit(wanted, neighbour);
  }

  /** The last look and the rename, with nothing of this process in between. */
  async #commit(wanted: Replacement, unfinished: Unfinished): Promise<Deno.FileInfo | undefined> {
    const changed = retryRaces(() => {
      const target = this.#target(wanted);
      if (wanted.expected !== undefined) {
        if (target.info === undefined || versionOf(target.info) !== wanted.expected) return;
      }
      createDirectories(target);
      unfinished.dress(target.info);
      Deno.renameSync(unfinished.host, target.host);
      return { info: lstat(target.host), names: [...target.missing, target.host] };
    });
    if (changed === undefined) return undefined;
    await syncDirectories(changed.names.map(hostParent));
    if (changed.info !== undefined) return changed.info;
    throw localError("io", wanted.verb, wanted.path, "another process has removed it");
  }

  /** Where a write goes, if it may. */
  #target(wanted: Pick<Replacement, "path" | "verb" | "overwrite">): Place {
    const { path, verb } = wanted;
    const place = this.#guard.resolve(path, verb, true);
    if (place.info?.isDirectory) throw localError("is_directory", verb, path, "it is a directory");
    this.#protect.check(place, verb, path);
    if (place.info === undefined) return place;
    if (!place.info.isFile) throw notRegular(verb, path);
    if (wanted.overwrite) return place;
    throw localError("exists", verb, path, "it exists already: set overwrite, or edit it");
  }

  /**
   * Deletes a file, a link or a directory in its turn.
   *
   * @param path The canonical path.
   * @param recursive Whether a directory that is not empty may go.
   */
  async delete(path: string, recursive: boolean): Promise<void> {
    await inTurn(async () => {
      const place = this.#guard.find(path, "delete", false);
      this.#protect.check(place, "delete", path);
      if (place.info.isDirectory && !recursive) removeDirectory(place.host, path);
      else await Deno.remove(place.host, { recursive });
      await syncDirectories([hostParent(place.host)]);
    });
  }

  /**
   * Renames a file, a link or a directory in its turn.
   *
   * @param from The canonical path of what is there.
   * @param to The canonical path of its new place.
   * @param overwrite Whether a file at the target may be replaced.
   */
  async move(from: string, to: string, overwrite: boolean): Promise<void> {
    await inTurn(async () => {
      const names = retryRaces(() => {
        const source = this.#guard.find(from, "move", false);
        this.#protect.check(source, "move", from);
        // Told by the paths first: what is below a file inside it is no better place.
        if (source.info.isDirectory && from !== to && isWithin(to, from)) throw intoItself(to);
        const target = this.#guard.resolve(to, "move to", false);
        this.#protect.check(target, "move to", to);
        if (target.host === source.host) return [];
        checkMove(source, target, to, overwrite);
        createDirectories(target);
        Deno.renameSync(source.host, target.host);
        noteMove();
        return [source.host, ...target.missing, target.host];
      });
      await syncDirectories(names.map(hostParent));
    });
  }
}

function intoItself(to: string): BackendError {
  return localError("invalid_path", "move to", to, "it is inside what is to be moved");
}

function checkMove(source: FoundPlace, target: Place, to: string, overwrite: boolean): void {
  const fail = (code: BackendErrorCode, reason: string) => localError(code, "move to", to, reason);
  if (target.host.startsWith(`${source.host}/`)) throw intoItself(to);
  const { info } = target;
  if (info === undefined) return;
  if (info.isDirectory) {
    throw fail("exists", "a directory is there already, and none is ever replaced");
  }
  if (source.info.isDirectory) {
    throw fail("exists", "a file is there already, and a directory never replaces one");
  }
  if (!overwrite) throw fail("exists", "it exists already: set overwrite to replace it");
  if (!info.isFile && !info.isSymlink) throw notRegular("move to", to);
}

/** Removes a directory with nothing in it but what crashed writes have left. */
function removeDirectory(host: string, path: string): void {
  const names = Array.from(Deno.readDirSync(host), ({ name }) => name);
  if (names.some((name) => !name.startsWith(TEMPORARY_NAME))) {
    throw localError(
      "is_directory",
      "delete",
      path,
      "it is a directory with entries: set recursive to delete them too",
    );
  }
  for (const name of names) sweepFile(joinHost(host, name));
  sweepRoot(host);
  try {
    Deno.removeSync(host);
  } catch (error) {
    if (hostCode(error) !== "ENOTEMPTY") throw error;
    throw localError("io", "delete", path, "another process is writing in it", error);
  }
}

/** Runs a step again that failed since another process created or removed a directory. */
function retryRaces<T>(step: () => T): T {
  for (let attempt = 1;; attempt++) {
    try {
      return step();
    } catch (error) {
      const code = hostCode(error);
      if (attempt === ATTEMPTS || (code !== "EEXIST" && code !== "ENOENT")) throw error;
    }
  }
}

function createDirectories(target: Place): void {
  for (const directory of target.missing) Deno.mkdirSync(directory);
}

function hostParent(host: string): string {
  return parentPath(host);
}

/** What file systems answer that cannot do it, or where this user may not read the directory. */
const CANNOT_SYNC = ["EACCES", "EINVAL", "ENOENT", "ENOTSUP", "EOPNOTSUPP"];

/** Brings the names in some directories down to the disk. */
async function syncDirectories(hosts: readonly string[]): Promise<void> {
  // All are opened before the first wait, while they are what the guard has seen.
  const opened = [...new Set(hosts)].map((host) => {
    return tolerate(CANNOT_SYNC, () => Deno.openSync(host, { read: true }));
  });
  const synced = await Promise.allSettled(opened.map((directory) => directory?.sync()));
  for (const directory of opened) directory?.close();
  for (const result of synced) {
    if (result.status === "rejected") {
      tolerate(CANNOT_SYNC, () => {
        throw result.reason;
      });
    }
  }
}
