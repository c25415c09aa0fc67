/**
 * The form of the files that are kept of a container: a line of JSON that says what there is, and the
 * bytes of the files, one after the other.
 *
 * @module
 */

import { joinBytes } from "../_bytes.ts";
import { localError } from "../_local_errors.ts";

/** What a path is. */
export type KeptType =
  | { readonly type: "directory" }
  | { readonly type: "file"; readonly size: number }
  /** Another name of a file that stands before it. */
  | { readonly type: "name"; readonly of: string }
  | { readonly type: "link"; readonly target: string };

/** One thing that is kept; a directory stands before what is in it. */
export type KeptEntry = KeptType & {
  /** Where it stands, in the words of `decodeName`. */
  readonly path: string;
  /** Who may do what with it: the twelve bits of `chmod`. */
  readonly mode: number;
  /** When it was changed last, in whole seconds since the epoch. */
  readonly seconds: number;
};

/** What stands before the bytes. */
export interface KeptList {
  readonly entries: readonly KeptEntry[];
  /** What the image has and is gone. */
  readonly deleted: readonly string[];
}

const LF = 10;

/** Makes an archive; `bytes` are those of its files, in their order. */
export function packArchive(list: KeptList, bytes: readonly Uint8Array[]): Uint8Array {
  return joinBytes([new TextEncoder().encode(`${JSON.stringify(list)}\n`), ...bytes]);
}

/**
 * Takes an archive apart.
 *
 * @param archive What {@linkcode packArchive} returned.
 * @throws {BackendError} `io` if it is none.
 */
export function openArchive(archive: Uint8Array): KeptList & { readonly bytes: Uint8Array } {
  const end = archive.indexOf(LF);
  const list = parseList(new TextDecoder().decode(archive.subarray(0, Math.max(end, 0))));
  const bytes = archive.subarray(end + 1);
  const size = list?.entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
  if (list !== undefined && size === bytes.length) return { ...list, bytes };
  throw localError("io", "write", "/", "the files that were kept of the container are damaged");
}

/** Bytes of an entry. */
function sizeOf(entry: KeptEntry): number {
  return entry.type === "file" ? entry.size : 0;
}

function parseList(line: string): KeptList | undefined {
  try {
    const { entries, deleted } = JSON.parse(line);
    if (!Array.isArray(entries) || !Array.isArray(deleted)) return undefined;
    return entries.every(isEntry) && deleted.every(isPath) ? { entries, deleted } : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    return undefined;
  }
}

function isEntry({ path, mode, seconds, ...kept }: Record<string, unknown>): boolean {
  if (!isPath(path) || !isCount(mode) || !Number.isSafeInteger(seconds)) return false;
  if (kept["type"] === "file") return isCount(kept["size"]);
  if (kept["type"] === "name") return isPath(kept["of"]);
  return kept["type"] === "directory" || kept["type"] === "link" && isText(kept["target"]);
}

function isPath(path: unknown): boolean {
  return isText(path) && path.startsWith("/");
}

function isText(text: unknown): text is string {
  return typeof text === "string" && !text.includes("\0");
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
