/**
 * What `stat` prints in a container, in the protocol's words.
 *
 * @module
 */

import { joinBytes } from "../_bytes.ts";
import { BackendError } from "../errors.ts";
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
  /** Who may read, write and run it: 0o644. */
  readonly permissions: number;
  /** When its bytes were changed last, in whole seconds since the epoch. */
  readonly seconds: number;
}

const LINE_FEED = 10;

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
    permissions: parseInt(mode, 16) & 0o777,
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
  readonly entries: readonly ListedEntry[];
  /** What `find` complained of. */
  readonly complaints: readonly string[];
}

/** What `stat` said of something. */
export interface ListedEntry {
  /** The whole path. */
  readonly path: string;
  /** The record. */
  readonly words: string;
}

/** Who is told of a listing. */
export interface ListingEvents {
  /** Told of each entry. */
  readonly onEntry: (entry: ListedEntry) => void;
  /** Told of what `find` complains of. */
  readonly onComplaint?: (complaint: string) => void;
  /** Told which directory it is of, where that is said: before everything else. */
  readonly onDirectory?: (path: string) => void;
}

/** Bytes that a record with the longest path does not have. */
const MOST_RECORD_BYTES = 64 * 1024;

/** Takes a listing apart as it comes, however it is cut. */
export class ListingParser {
  readonly #mark: string;
  readonly #events: ListingEvents;
  readonly #decode: (bytes: Uint8Array) => string | undefined;
  /** What is no whole record yet. */
  #held = new Uint8Array(0);

  /**
   * @param token The word that no name can have known, and that records begin with.
   * @param events Who is told.
   * @param decode Reads a name. Without, those that are no UTF-8 are left out: the tree has none.
   */
  constructor(
    token: string,
    events: ListingEvents,
    decode: (bytes: Uint8Array) => string | undefined = decodeText,
  ) {
    this.#mark = `${token} `;
    this.#events = events;
    this.#decode = decode;
  }

  /**
   * Takes the next piece.
   *
   * @throws {BackendError} `io` if something is no listing.
   */
  push(piece: Uint8Array): void {
    const bytes = this.#held.length === 0 ? piece : joinBytes([this.#held, piece]);
    let at = findMark(bytes, this.#mark);
    while (at !== -1) {
      const next = findMark(bytes, `\n${this.#mark}`, at);
      if (next === -1) break;
      this.#tell(bytes.subarray(at, next));
      at = next + 1;
    }
    this.#held = bytes.slice(Math.max(at, 0));
    if (this.#held.length > MOST_RECORD_BYTES) {
      throw new BackendError("io", "/", "The programs of the container list what no listing has");
    }
  }

  /** Takes what was held: nothing comes after it but the line's end. */
  finish(): void {
    const end = this.#held.at(-1) === LINE_FEED ? -1 : undefined;
    if (findMark(this.#held, this.#mark) === 0) this.#tell(this.#held.subarray(0, end));
    this.#held = new Uint8Array(0);
  }

  #tell(bytes: Uint8Array): void {
    const record = this.#decode(bytes.subarray(this.#mark.length));
    if (record === undefined) return;
    const { onEntry, onComplaint, onDirectory } = this.#events;
    if (record.startsWith("! ")) return onComplaint?.(record.slice(2));
    if (record.startsWith("@ ")) return onDirectory?.(record.slice(2));
    let end = 0;
    for (let word = 0; word < WORDS; word++) end = record.indexOf(" ", end) + 1;
    onEntry({ path: record.slice(end), words: record.slice(0, end) });
  }
}

/**
 * Takes a listing apart that is there as a whole.
 *
 * @param bytes What was printed: records that begin with the token, each with a name at its end.
 * @param token The word that no name can have known.
 * @param decode Reads a name. Without, those that are no UTF-8 are left out: the tree has none.
 */
export function parseListing(
  bytes: Uint8Array,
  token: string,
  decode?: (bytes: Uint8Array) => string | undefined,
): Listing {
  const entries: ListedEntry[] = [];
  const complaints: string[] = [];
  const parser = new ListingParser(token, {
    onEntry: (entry) => entries.push(entry),
    onComplaint: (complaint) => complaints.push(complaint),
  }, decode);
  parser.push(bytes);
  parser.finish();
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
