/**
 * Calls of a stage between processes. Content travels as an attachment: the files one after the other.
 * What arrives is checked field by field: the other process may be a hostile one.
 *
 * @module
 */

import { joinBytes } from "../_bytes.ts";
import type { Reply } from "../channel.ts";
import { canonicalPath } from "../paths.ts";
import type { StageChanges, StagedEntry } from "./stage.ts";

const NOTHING = new Uint8Array();

/** Entries for the wire; the size of a directory is `null`. */
export function encodeEntries(
  entries: readonly StagedEntry[],
): { readonly params: unknown; readonly bytes: Uint8Array } {
  return {
    params: {
      entries: entries.map((entry) => [
        entry.path,
        entry.type === "file" ? entry.bytes.length : null,
      ]),
    },
    bytes: joinBytes(entries.map((entry) => entry.type === "file" ? entry.bytes : NOTHING)),
  };
}

/**
 * Checks entries.
 *
 * @throws {TypeError} If they are none.
 * @throws {BackendError} `invalid_path` for a path that is not canonical.
 */
export function parseEntries(
  params: unknown,
  bytes: Uint8Array = NOTHING,
): readonly StagedEntry[] {
  const list = isObject(params) ? params.entries : undefined;
  if (!Array.isArray(list)) throw new TypeError("A call of the stage needs its entries");
  let at = 0;
  const entries = list.map((item: unknown): StagedEntry => {
    const [path, size]: unknown[] = Array.isArray(item) ? item : [];
    const checked = checkPath(path);
    if (size === null) return { path: checked, type: "directory" };
    if (!isCount(size) || at + size > bytes.length) {
      throw new TypeError("An entry of the stage needs its size");
    }
    at += size;
    return { path: checked, type: "file", bytes: bytes.subarray(at - size, at) };
  });
  if (at !== bytes.length) throw new TypeError("A call of the stage has bytes of no entry");
  return entries;
}

/**
 * Checks paths.
 *
 * @throws {TypeError} If they are none.
 * @throws {BackendError} `invalid_path` for one that is not canonical.
 */
export function parsePaths(params: unknown): readonly string[] {
  const list = isObject(params) ? params.paths : undefined;
  if (!Array.isArray(list)) throw new TypeError("A call of the stage needs its paths");
  return list.map(checkPath);
}

/** The content of files for the wire; the size of one that cannot be read is `null`. */
export function encodeFiles(files: readonly (Uint8Array | undefined)[]): Reply {
  return {
    value: files.map((bytes) => bytes?.length ?? null),
    bytes: joinBytes(files.map((bytes) => bytes ?? NOTHING)),
  };
}

/** Checks the content of as many files as were asked for. */
export function parseFiles(reply: Reply, count: number): readonly (Uint8Array | undefined)[] {
  const { value, bytes = NOTHING } = reply;
  if (!Array.isArray(value) || value.length !== count) throw malformed();
  let at = 0;
  const files = value.map((size: unknown) => {
    if (size === null) return undefined;
    if (!isCount(size) || at + size > bytes.length) throw malformed();
    at += size;
    return bytes.subarray(at - size, at);
  });
  if (at !== bytes.length) throw malformed();
  return files;
}

/** Checks what commands did. */
export function parseChanges(value: unknown): StageChanges {
  if (!isObject(value)) throw malformed();
  const { files, directories, deleted, lost, local, notes, refused } = value;
  if (!Array.isArray(files) || (refused !== undefined && typeof refused !== "string")) {
    throw malformed();
  }
  return {
    files: files.map((item: unknown) => {
      if (!isObject(item) || !isCount(item.size)) throw malformed();
      if (typeof item.written !== "boolean") throw malformed();
      return { path: checkPath(item.path), size: item.size, written: item.written };
    }),
    directories: parseList(directories, checkPath),
    deleted: parseList(deleted, checkPath),
    lost: parseList(lost, checkPath),
    local: parseList(local, checkPath),
    notes: parseList(notes, (note) => {
      if (typeof note !== "string") throw malformed();
      return note;
    }),
    ...(refused === undefined ? {} : { refused }),
  };
}

function parseList(value: unknown, parse: (item: unknown) => string): readonly string[] {
  if (!Array.isArray(value)) throw malformed();
  return value.map(parse);
}

function checkPath(path: unknown): string {
  if (typeof path !== "string") throw new TypeError("A path of the stage must be a text");
  if (canonicalPath(path) !== path || path === "/") {
    throw new TypeError(`'${path}' is no canonical path of something in the stage`);
  }
  return path;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function malformed(): Error {
  return new Error("The other process sent an answer of no known form");
}
