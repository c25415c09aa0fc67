/**
 * Results of backend calls, checked: the process that answers may be a hostile one.
 *
 * @module
 */

import { decodeText } from "./_calls.ts";
import { isObject } from "./_messages.ts";
import type { Reply } from "./channel.ts";
import type {
  EditResult,
  FileInfo,
  FileType,
  GlobResult,
  GrepMatch,
  GrepResult,
  SearchFailure,
  TextSlice,
} from "./protocol.ts";

/** The result of `stat`, `write` and `move`. */
export function parseFileInfo(value: unknown): FileInfo {
  const fields = parseObject(value);
  return {
    path: text(fields.path),
    type: fileType(fields.type),
    size: count(fields.size),
    modified: number(fields.modified),
    version: text(fields.version),
  };
}

/** The result of `ls`. */
export function parseFileInfos(value: unknown): readonly FileInfo[] {
  return list(value, parseFileInfo);
}

/** The result of `read`; its text is the attachment. */
export function parseTextSlice(reply: Reply): TextSlice {
  const fields = parseObject(reply.value);
  return {
    path: text(fields.path),
    text: content(parseBytes(reply)),
    offset: count(fields.offset),
    lines: count(fields.lines),
    totalLines: count(fields.totalLines),
    nextOffset: fields.nextOffset === null ? null : count(fields.nextOffset),
    size: count(fields.size),
    version: text(fields.version),
  };
}

/** The result of `readBytes`. */
export function parseBytes({ bytes }: Reply): Uint8Array {
  return bytes ?? malformed();
}

/** The result of `edit`. */
export function parseEditResult(value: unknown): EditResult {
  const fields = parseObject(value);
  return { file: parseFileInfo(fields.file), replacements: count(fields.replacements) };
}

/** The result of `glob`. */
export function parseGlobResult(value: unknown): GlobResult {
  const fields = parseObject(value);
  return {
    files: list(fields.files, parseFileInfo),
    truncated: flag(fields.truncated),
    failures: list(fields.failures, parseFailure),
  };
}

/** The result of `grep`. */
export function parseGrepResult(value: unknown): GrepResult {
  const fields = parseObject(value);
  return {
    matches: list(fields.matches, parseMatch),
    truncated: flag(fields.truncated),
    filesSearched: count(fields.filesSearched),
    filesSkipped: count(fields.filesSkipped),
    failures: list(fields.failures, parseFailure),
  };
}

function parseMatch(value: unknown): GrepMatch {
  const fields = parseObject(value);
  return {
    path: text(fields.path),
    line: count(fields.line),
    text: text(fields.text),
    cut: flag(fields.cut),
    ...(fields.crlf === undefined ? {} : { crlf: flag(fields.crlf) || malformed() }),
  };
}

function parseFailure(value: unknown): SearchFailure {
  const fields = parseObject(value);
  return { path: text(fields.path), message: text(fields.message) };
}

function parseObject(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : malformed();
}

function list<T>(value: unknown, parse: (item: unknown) => T): readonly T[] {
  return Array.isArray(value) ? value.map(parse) : malformed();
}

function text(value: unknown): string {
  return typeof value === "string" ? value : malformed();
}

function number(value: unknown): number {
  return typeof value === "number" ? value : malformed();
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ? value
    : malformed();
}

function flag(value: unknown): boolean {
  return typeof value === "boolean" ? value : malformed();
}

function fileType(value: unknown): FileType {
  return value === "file" || value === "directory" || value === "other" ? value : malformed();
}

function content(bytes: Uint8Array): string {
  try {
    return decodeText(bytes);
  } catch {
    return malformed();
  }
}

function malformed(): never {
  throw new Error("The other process sent an answer of no known form");
}
