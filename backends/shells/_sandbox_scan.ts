/**
 * What is in directories of the host, by way of `find`.
 *
 * @module
 */

import type { SandboxTools } from "./_sandbox_tools.ts";

/** Something in a directory. */
export interface ScannedEntry {
  readonly type: "file" | "directory" | "other";
  /** Its inode. */
  readonly inode: number;
  readonly size: number;
  /** Whether anything of it changed since the moment that was asked for: nobody can hide that. */
  readonly fresh: boolean;
  /** The path below the directory, without a slash in front; `undefined` if it is no UTF-8. */
  readonly path: string | undefined;
  /** The same path, as it is. */
  readonly bytes: Uint8Array;
  /** The same where all that is told here is the same. */
  readonly word: string;
}

/** A directory in which only what changed is of interest. */
export interface WatchedDirectory {
  /** An absolute path of the host. */
  readonly directory: string;
  /** Directories in it that are not looked into, as absolute paths of the host. */
  readonly except: readonly string[];
}

/** Options of {@linkcode prepareScan}. */
export interface ScanOptions {
  /** A directory that is read with everything below it; links are not followed. */
  readonly tree: string;
  /** Told of each entry of it, a directory before what is in it; `false` ends the scan. */
  readonly onEntry: (entry: ScannedEntry) => boolean;
  /** Passes over an entry that is not fresh and that is known, by its word. */
  readonly isKnown: (word: string) => boolean;
  /** Directories whose changed files are told of, in their order. */
  readonly watched: readonly WatchedDirectory[];
  /** Milliseconds: what changed from then on is fresh, or told of. `Infinity` where nothing did. */
  readonly since: number;
  /**
   * Told of each changed file, by the directory it is in and its path below that, without a slash in
   * front, and of each other entry without either; `false` ends the scan.
   */
  readonly onWatched: (directory?: string, path?: string) => boolean;
}

const FRESH = "F".charCodeAt(0);
const OLD = "O".charCodeAt(0);
const WATCHED = "W".charCodeAt(0);
/** The year 3000, in milliseconds. */
const NEVER = 32_503_680_000_000;
const SPACE = 32;
const NEWLINE = 10;

/**
 * Reads directories of the host. In the tree, each directory is opened that its owner may not enter; the
 * others are read as far as they may be.
 *
 * @param tools Runs `find`.
 * @param options Which, and who is told.
 * @returns Begins, and waits for the end; fails with `io` if the tree cannot be read. It has to be called.
 */
export function prepareScan(tools: SandboxTools, options: ScanOptions): () => Promise<void> {
  const { tree, watched, since, isKnown, onEntry, onWatched } = options;
  const records = new Records((record) => {
    if (record[0] === FRESH || record[0] === OLD) {
      const word = bytewise.decode(record);
      return (record[0] === OLD && isKnown(word)) || onEntry(parseEntry(record, word));
    }
    if (record[0] !== WATCHED) return onWatched();
    const text = decode(record.subarray(1)) ?? "";
    const at = text.indexOf("\n\n");
    return at === -1 ? onWatched() : onWatched(text.slice(0, at), text.slice(at + 2));
  });
  // A moment before: find tells of what is later.
  const before = Math.max(Math.floor(Math.min(since, NEVER)) - 1, 0);
  const moment = `@${Math.floor(before / 1_000)}.${String(before % 1_000).padStart(3, "0")}999999`;
  const own = ["-type", "d", "!", "-perm", "-700", "-exec", "chmod", "u+rwx", "{}", ";", "-false"];
  const words = [
    ...["find", tree, ...watched.map(({ directory }) => directory)],
    ...["-mindepth", "1", ...exceptions(watched)],
    ...["-path", `${escapePattern(tree)}/*`, "(", ...own],
    // Without any times: to write those takes it longer than all the rest.
    ...["-o", "-newerct", moment, "-printf", "F%y %i %s %P\\0"],
    ...["-o", "-printf", "O%y %i %s %P\\0", ")"],
    ...(watched.length === 0 ? [] : [
      ...["-o", "-type", "f", "-newerct", moment, "-printf", "W%H\\n\\n%P\\0"],
      ...["-o", "-printf", "\\0"],
    ]),
  ];
  return tools.prepare(words, {
    onOutput: (bytes) => records.push(bytes),
    tolerates: (complaint) => isUnreadable(complaint) && !complaint.includes(tree),
  });
}

/** Something in a directory, with the directory that was asked for. */
export interface ListedEntry extends Pick<ScannedEntry, "path" | "bytes"> {
  readonly directory: string;
  readonly type: "file" | "directory" | "link" | "other";
  /** Whether its owner may list and enter it: what that means for a directory alone. */
  readonly open: boolean;
  /** The device and the inode: two names of one file have the same. */
  readonly identity: string;
  /** How many names it has. */
  readonly links: number;
}

/**
 * Reads directories of the host as far as they may be read. Links are not followed.
 *
 * @param tools Runs `find`.
 * @param directories Which.
 * @param onEntry Told of each entry, a directory before what is in it; `false` ends it there.
 */
export async function list(
  tools: SandboxTools,
  directories: readonly WatchedDirectory[],
  onEntry: (entry: ListedEntry) => boolean,
): Promise<void> {
  if (directories.length === 0) return;
  const records = new Records((record) => onEntry(parseListed(record)));
  const words = [
    ...["find", ...directories.map(({ directory }) => directory)],
    ...["-mindepth", "1", ...exceptions(directories)],
    ...["-printf", "%y %m %D:%i %n %H\\n\\n%P\\0"],
  ];
  await tools.run(words, { onOutput: (bytes) => records.push(bytes), tolerates: isUnreadable });
}

function parseListed(record: Uint8Array): ListedEntry {
  const { fields, end } = fieldsOf(record, 4);
  const [type, mode, identity = "", links] = fields;
  const rest = record.subarray(end);
  const gap = rest.findIndex((byte, index) => byte === NEWLINE && rest[index + 1] === NEWLINE);
  const bytes = rest.slice(gap + 2);
  return {
    directory: decode(rest.subarray(0, gap)) ?? "",
    type: type === "f" ? "file" : type === "d" ? "directory" : type === "l" ? "link" : "other",
    open: (parseInt(mode ?? "0", 8) & 0o500) === 0o500,
    identity,
    links: Number(links),
    path: decode(bytes),
    bytes,
  };
}

function exceptions(directories: readonly WatchedDirectory[]): readonly string[] {
  return directories.flatMap(({ except }) => except).flatMap((path) => [
    "-path",
    escapePattern(path),
    "-prune",
    "-o",
  ]);
}

function escapePattern(path: string): string {
  return path.replace(/[\\*?[]/g, "\\$&");
}

/** Whether all that \`find\` complains of is that something may not be read, or is gone. */
function isUnreadable(complaint: string): boolean {
  return complaint.trim().split("\n").every((line) =>
    /: (?:Permission denied|No such file or directory)$/.test(line)
  );
}

/** Cuts what comes in pieces at its NULs. */
export class Records {
  readonly #onRecord: (record: Uint8Array) => boolean;
  #rest = new Uint8Array(0);

  /** @param onRecord Told of each; `false` ends it there. */
  constructor(onRecord: (record: Uint8Array) => boolean) {
    this.#onRecord = onRecord;
  }

  /** Takes the next piece. */
  push(piece: Uint8Array): boolean {
    let bytes = piece;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + piece.length);
      bytes.set(this.#rest);
      bytes.set(piece, this.#rest.length);
    }
    let start = 0;
    for (let end = bytes.indexOf(0); end !== -1; end = bytes.indexOf(0, start)) {
      if (!this.#onRecord(bytes.subarray(start, end))) return false;
      start = end + 1;
    }
    this.#rest = bytes.slice(start);
    return true;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ascii = new TextDecoder();
/** Another character for each byte. */
const bytewise = new TextDecoder("windows-1252");

/** The first words of a record, and where what follows them begins. */
function fieldsOf(
  record: Uint8Array,
  count: number,
): { readonly fields: readonly string[]; readonly end: number } {
  let end = 0;
  for (let found = 0; found < count; found++) end = record.indexOf(SPACE, end) + 1;
  return { fields: ascii.decode(record.subarray(0, end)).split(" "), end };
}

function parseEntry(record: Uint8Array, word: string): ScannedEntry {
  const { fields: [type = "", inode, size], end } = fieldsOf(record, 3);
  // A copy: the piece that it came in is gone by the time it is used.
  const bytes = record.slice(end);
  return {
    type: type.endsWith("f") ? "file" : type.endsWith("d") ? "directory" : "other",
    inode: Number(inode),
    size: Number(size),
    fresh: type.startsWith("F"),
    path: decode(bytes),
    bytes,
    word,
  };
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
