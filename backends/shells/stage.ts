/**
 * The stage of a shell of real programs: where the files of memory, and others that are kept elsewhere,
 * are while commands run. What is in the tree goes there before a command, what the command changed
 * comes back after it.
 *
 * @module
 */

import type { OperationOptions } from "../protocol.ts";

/** A file or a directory that goes to the stage. */
export type StagedEntry =
  | { readonly path: string; readonly type: "directory" }
  | { readonly path: string; readonly type: "file"; readonly bytes: Uint8Array };

/** A file that a command may have changed. */
export interface ChangedFile {
  /** Where it is in the tree. */
  readonly path: string;
  /** Its size in bytes. */
  readonly size: number;
  /** Whether it was surely written; otherwise perhaps only its permissions are others. */
  readonly written: boolean;
}

/** What commands did since it was asked for last. */
export interface StageChanges {
  /** Files of memory that are new or may be others now. */
  readonly files: readonly ChangedFile[];
  /** Directories of memory that are new. */
  readonly directories: readonly string[];
  /** Files and directories of memory that are gone; of a directory, everything that was in it. */
  readonly deleted: readonly string[];
  /** Files that are no longer in the stage, though the tree keeps them as they were. */
  readonly lost: readonly string[];
  /** Files of directories of the host that are new or others now. */
  readonly local: readonly string[];
  /** What the tree cannot hold and the stage does not keep, a sentence each. */
  readonly notes: readonly string[];
  /**
   * Set where commands left more than may be taken: nothing of it is, and the stage is empty. A
   * sentence that says why.
   */
  readonly refused?: string | undefined;
}

/** Reaches the stage of a shell. Calls wait for the command that is running. */
export interface Stage {
  /** Puts files and directories there, whatever is there already. */
  put(entries: readonly StagedEntry[], options?: OperationOptions): Promise<void>;
  /** Removes files and directories with everything in them. */
  delete(paths: readonly string[], options?: OperationOptions): Promise<void>;
  /** What commands did; from then on it is known. */
  changes(options?: OperationOptions): Promise<StageChanges>;
  /** The content of files; `undefined` for one that cannot be read. */
  read(
    paths: readonly string[],
    options?: OperationOptions,
  ): Promise<readonly (Uint8Array | undefined)[]>;
  /** Throws everything away that is there. */
  reset(options?: OperationOptions): Promise<void>;
}

/** How much of the stage one call carries: it travels between processes. */
export const STAGE_BATCH = {
  /** Files, directories or paths. */
  entries: 1_000,
  /** Bytes of all files together, unless it is one alone. */
  bytes: 8 * 1024 * 1024,
} as const;

/**
 * Divides what goes to or comes from the stage into calls.
 *
 * @param items What there is.
 * @param sizeOf The bytes of one.
 * @returns The parts, none of them over {@linkcode STAGE_BATCH} but for a single item.
 */
export function stageBatches<T>(items: readonly T[], sizeOf: (item: T) => number): T[][] {
  const batches: T[][] = [];
  let current: T[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = sizeOf(item);
    const full = current.length >= STAGE_BATCH.entries || bytes + size > STAGE_BATCH.bytes;
    if (full && current.length > 0) {
      batches.push(current);
      current = [];
      bytes = 0;
    }
    current.push(item);
    bytes += size;
  }
  if (current.length > 0) batches.push(current);
  return batches;
}
