/**
 * What a look at the files that were brought to a container found out.
 *
 * @module
 */

import { BackendError } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import { canonicalPath, isWithin } from "../paths.ts";
import type { ChangedFile } from "../shells/stage.ts";
import type { Entry } from "./_records.ts";

/** Names of one kind of thing that a note tells. */
const NAMES_TOLD = 5;

/** What is known of a path: the version of a file, `null` for a directory. */
export type Known = Map<string, KnownEntry>;

/** What something was when it was looked at last. */
export interface KnownEntry {
  /** `null` for a directory. */
  readonly version: string | null;
  readonly size: number;
  /** When its bytes were changed last. */
  readonly modified: number;
}

/** A directory. */
export const DIRECTORY: KnownEntry = { version: null, size: 0, modified: 0 };

/** What a look at the stage found out. */
export class Findings {
  readonly files: ChangedFile[] = [];
  readonly directories: string[] = [];
  readonly lost: string[] = [];
  readonly removed: string[] = [];
  readonly known: Known = new Map();
  readonly #refused = new Map<string, string[]>();
  bytes = 0;

  /** Takes in what stands at a path, and what was there before. */
  take(
    path: string,
    entry: Entry | undefined,
    before: KnownEntry | undefined,
    isKept: boolean,
  ): void {
    if (isKept || this.removed.some((gone) => isWithin(path, gone))) return;
    if (!isTreePath(path)) return this.#remove(path, "has a name that the tree cannot have");
    if (entry === undefined || entry.kind === "link" || entry.kind === "other") {
      return this.#remove(path, "is neither a file nor a directory");
    }
    const { info } = entry;
    if (entry.kind === "directory") {
      if (before?.version !== null) this.directories.push(path);
      this.known.set(path, DIRECTORY);
      return;
    }
    this.bytes += info.size;
    if (info.size > LIMITS.contentBytes) {
      if (typeof before?.version === "string") this.lost.push(path);
      return this.#remove(path, `is larger than ${LIMITS.contentBytes} bytes`);
    }
    this.known.set(path, info);
    if (before?.version === info.version) return;
    // Otherwise perhaps only its permissions are others.
    const written = typeof before?.version !== "string" || before.size !== info.size ||
      before.modified !== info.modified;
    this.files.push({ path, size: info.size, written });
  }

  /** What was not kept, in sentences. */
  get notes(): readonly string[] {
    return [...this.#refused].map(([what, names]) => {
      const told = names.slice(0, NAMES_TOLD).map((name) => `'${name.slice(0, 200)}'`).join(", ");
      const more = names.length > NAMES_TOLD ? " and others" : "";
      return names.length === 1
        ? `${told} was not kept: it ${what}`
        : `${told}${more} were not kept: each ${what}`;
    });
  }

  #remove(path: string, what: string): void {
    this.removed.push(path);
    this.#refused.set(what, [...this.#refused.get(what) ?? [], path]);
  }
}

/** Whether the tree can have a path that a container has. */
export function isTreePath(path: string): boolean {
  try {
    return canonicalPath(path) === path;
  } catch (error) {
    if (error instanceof BackendError) return false;
    throw error;
  }
}
