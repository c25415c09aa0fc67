/**
 * What `stat` prints in a container, in the protocol's words.
 *
 * @module
 */

import type { FileInfo, FileType } from "../protocol.ts";
import { findMark } from "./_demux.ts";

/** What a path is, links not followed. */
export interface Entry {
  /** The name as it stands in the container, or the path, as it was asked for. */
  readonly name: string;
  readonly kind: FileType | "link";
  /** Who may do what with it: the twelve bits of `chmod`. */
  readonly mode: number;
  readonly info: FileInfo;
  /** When anything about it was changed last: a text that sorts by time. */
  readonly changed: string;
  /** When its bytes were changed last, in whole seconds since the epoch. */
  readonly seconds: number;
}

/** Words of a record before the name: six fields, of which the last two are three words each. */
const WORDS = 10;

const KINDS: Readonly<Record<number, Entry["kind"]>> = {
  0x8000: "file",
  0x4000: "directory",
  0xa000: "link",
};

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads one record.
 *
 * @param path The path to show.
 * @param words What `stat` printed, without a name.
 * @returns What is there; `undefined` if the words are no record.
 */
export function parseRecord(path: string, words: string): Entry | undefined {
  const fields = words.trim().split(" ");
  const [mode = "", size, inode, seconds] = fields;
  if (fields.length !== WORDS || !/^[0-9a-f]+$/.test(mode)) return undefined;
  const [, modified, changed] = [0, 4, 7].map((at) => fields.slice(at, at + 3).join(" "));
  const bits = parseInt(mode, 16);
  const kind = KINDS[bits & 0xf000] ?? "other";
  const isFile = kind === "file";
  return {
    name: path,
    kind,
    mode: bits & 0o7777,
    changed: changed ?? "",
    seconds: Number(seconds),
    info: {
      path,
      type: kind === "link" ? "other" : kind,
      size: isFile ? Number(size) : 0,
      modified: millisecondsOf(modified ?? "", Number(seconds)),
      version: isFile ? `${inode}-${size}-${modified}-${changed}`.replaceAll(" ", "_") : "",
    },
  };
}

/** `2026-11-29 17:19:47.340965923 +0000`: the time zone is always that one. */
function millisecondsOf(text: string, seconds: number): number {
  const fraction = /\.(\d{3})/.exec(text)?.[1] ?? "0";
  return Number.isFinite(seconds) ? seconds * 1_000 + Number(fraction) : 0;
}

/** What a listing said. */
export interface Listing {
  /** What `stat` said of each, by the whole path that `find` named. */
  readonly entries: readonly { readonly path: string; readonly words: string }[];
  /** What `find` complained of. */
  readonly complaints: readonly string[];
}

/**
 * Takes a listing apart.
 *
 * @param bytes What was printed: records that begin with the token, each with a name at its end.
 * @param token The word that no name can have known.
 * @param decode Reads a name. Without, those that are no UTF-8 are left out: the tree has none.
 */
export function parseListing(
  bytes: Uint8Array,
  token: string,
  decode: (bytes: Uint8Array) => string | undefined = decodeText,
): Listing {
  const entries: { path: string; words: string }[] = [];
  const complaints: string[] = [];
  const mark = `${token} `;
  for (let at = findMark(bytes, mark); at !== -1;) {
    const from = at + mark.length;
    const next = findMark(bytes, `\n${mark}`, from);
    const record = decode(bytes.subarray(from, next === -1 ? bytes.length : next));
    at = next === -1 ? -1 : next + 1;
    if (record === undefined) continue;
    if (record.startsWith("! ")) {
      complaints.push(record.slice(2).replace(/\n$/, ""));
      continue;
    }
    let end = 0;
    for (let word = 0; word < WORDS; word++) end = record.indexOf(" ", end) + 1;
    // The last record ends with the line that `stat` ends with.
    const path = next === -1 ? record.slice(end).replace(/\n$/, "") : record.slice(end);
    entries.push({ path, words: record.slice(0, end) });
  }
  return { entries, complaints };
}

/**
 * Reads a name of any bytes.
 *
 * @param bytes Those of the name.
 * @returns The name. Of one that is no UTF-8, each byte that is not ASCII is half a surrogate pair, which
 * no other name has: `quoteName` makes it that byte again.
 */
export function decodeName(bytes: Uint8Array): string {
  return decodeText(bytes) ??
    Array.from(bytes, (byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join("");
}

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
