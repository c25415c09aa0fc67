/**
 * Walking the directories under a local root, in the order in which results are sorted, without
 * going through symbolic links.
 *
 * A walk knows its parents: it does not look at every component of every path again, as the guard
 * does, but only after a name has moved in this process.
 *
 * @module
 */

import { localError, translateError } from "./_local_errors.ts";
import { joinHost, type LocalGuard, lstat } from "./_local_guard.ts";
import { movesSoFar } from "./_local_queue.ts";
import { Turns } from "./_turns.ts";
import { BackendError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { comparePaths, joinPaths, relativeTo, TEMPORARY_NAME, walkKey } from "./paths.ts";
import type { SearchFailure } from "./protocol.ts";

/** What Deno puts where a name is not UTF-8. */
const REPLACEMENT = "\uFFFD";

/** A directory that a walk goes into. */
export interface WalkDirectory {
  /** Its canonical path. */
  readonly path: string;
  /** Its real host path. */
  readonly host: string;
}

/** A name that a walk comes by. */
export interface WalkEntry extends WalkDirectory {
  readonly kind: "file" | "directory" | "link" | "other";
}

/** How to walk. */
export interface WalkOptions {
  readonly guard: LocalGuard;
  /** Whether to look into a directory. */
  readonly enters: (path: string) => boolean;
  /** Where to put what cannot be searched. */
  readonly failures: SearchFailure[];
  /** Called with the host path of each name that is reserved for unfinished writes. */
  readonly onLeftover: (host: string) => void;
  readonly signal: AbortSignal | undefined;
}

/** A directory that a walk is in, and how far it has come. */
interface Level {
  readonly entries: readonly WalkEntry[];
  at: number;
}

/** A walk through directories. */
export class LocalWalk {
  readonly #options: WalkOptions;
  readonly #moves = movesSoFar();

  /** @param options Where to walk and what to look into. */
  constructor(options: WalkOptions) {
    this.#options = options;
  }

  /**
   * Files and links below a directory, never directories, in runs that are sorted by path.
   *
   * @param start The directory, as the guard has just seen it.
   * @param base The canonical path of a directory in it, to which the walk goes straight; it need
   * not be there.
   * @returns The runs; each must be dealt with before the next is asked for.
   */
  async *runs(start: WalkDirectory, base = start.path): AsyncGenerator<readonly WalkEntry[]> {
    const turns = new Turns({ path: start.path, signal: this.#options.signal });
    const first = this.#descend(start, base);
    const open: Level[] = first === undefined ? [] : [this.#enter(first)];
    for (let level = open.at(-1); level !== undefined; level = open.at(-1)) {
      turns.check();
      await turns.yield();
      const { entries, at } = level;
      let end = at;
      while (end < entries.length && entries[end]?.kind !== "directory") end++;
      level.at = end + 1;
      if (end > at) yield entries.slice(at, end);
      const next = entries[end];
      if (next === undefined) open.pop();
      else if (this.#options.enters(next.path)) open.push(this.#enter(next));
    }
  }

  /**
   * Whether no name has moved in this process since the walk began, so that the host paths it has
   * seen lead where they led. Where one has, paths must go through the guard again.
   */
  get isCurrent(): boolean {
    return this.#moves === movesSoFar();
  }

  /** The directory at `base`, unless a link or something else that is no directory is on the way. */
  #descend(start: WalkDirectory, base: string): WalkDirectory | undefined {
    let { path, host } = start;
    for (const name of relativeTo(base, path).split("/")) {
      if (name === "") continue;
      path = joinPaths(path, `/${name}`);
      host = joinHost(host, name);
      try {
        if (lstat(host)?.isDirectory !== true) return undefined;
      } catch (error) {
        this.fail({ path, host }, error);
        return undefined;
      }
    }
    return { path, host };
  }

  #enter(directory: WalkDirectory): Level {
    return { entries: this.#list(directory), at: 0 };
  }

  #list(directory: WalkDirectory): readonly WalkEntry[] {
    const { guard, onLeftover } = this.#options;
    try {
      if (!this.isCurrent) {
        const place = guard.find(directory.path, "search", true);
        if (place.host !== directory.host || !place.info.isDirectory) return [];
      }
      const entries = listEntries(directory, onLeftover);
      // A UTF-16 code unit takes three bytes of UTF-8 at most.
      const longest = directory.path.length * 3 + 1 + LIMITS.nameBytes;
      if (longest <= LIMITS.pathBytes) return entries;
      return entries.filter((entry) => this.#isReachable(entry));
    } catch (error) {
      this.fail(directory, error);
      return [];
    }
  }

  /** Whether the path is short enough to be asked for. */
  #isReachable({ path }: WalkEntry): boolean {
    if (new TextEncoder().encode(path).length <= LIMITS.pathBytes) return true;
    const reason = `its path is over ${LIMITS.pathBytes} bytes`;
    const { message } = localError("invalid_path", "search", path, reason);
    this.#options.failures.push({ path, message });
    return false;
  }

  /**
   * Notes that something could not be searched.
   *
   * @param entry What it was.
   * @param error What was thrown; anything but a failure of the host is thrown again.
   */
  fail(entry: WalkDirectory, error: unknown): void {
    const failure = translateError(error, "search", entry.path);
    if (!(failure instanceof BackendError)) throw failure;
    if (failure.code === "aborted" || failure.code === "timeout") throw failure;
    if (failure.code === "not_found") this.gone(entry);
    else this.#options.failures.push({ path: entry.path, message: failure.message });
  }

  /**
   * Notes that a name the walk has seen is not there: it was deleted during the walk, which is no
   * failure, or its name is not UTF-8, in which case nobody can ask for it.
   *
   * @param entry What it was.
   */
  gone({ path }: WalkDirectory): void {
    if (!path.includes(REPLACEMENT)) return;
    const { message } = localError("invalid_path", "search", path, "its name is not UTF-8");
    this.#options.failures.push({ path, message });
  }
}

/**
 * The names in a directory, in the order of a walk, without those of unfinished writes.
 *
 * @param directory The directory.
 * @param onLeftover Called with the host path of each name that is reserved for those.
 * @returns The entries; nothing but their names and kinds is known yet.
 */
export function listEntries(
  directory: WalkDirectory,
  onLeftover: (host: string) => void,
): WalkEntry[] {
  const prefix = directory.path === "/" ? "/" : `${directory.path}/`;
  const hostPrefix = directory.host === "/" ? "/" : `${directory.host}/`;
  const entries: (WalkEntry & { readonly key: string })[] = [];
  let isDistinct = true;
  for (const entry of Deno.readDirSync(directory.host)) {
    const { name } = entry;
    const host = hostPrefix + name;
    if (name.startsWith(TEMPORARY_NAME)) {
      onLeftover(host);
      continue;
    }
    isDistinct &&= !name.includes(REPLACEMENT);
    const key = walkKey(name, entry.isDirectory);
    entries.push({ path: prefix + name, host, kind: kindOf(entry), key });
  }
  entries.sort((a, b) => comparePaths(a.key, b.key));
  // Names that are not UTF-8 look alike here, and none of them can be asked for.
  if (isDistinct) return entries;
  return entries.filter((entry, index) => entry.key !== entries[index - 1]?.key);
}

function kindOf({ isFile, isDirectory, isSymlink }: Deno.DirEntry): WalkEntry["kind"] {
  return isFile ? "file" : isDirectory ? "directory" : isSymlink ? "link" : "other";
}
