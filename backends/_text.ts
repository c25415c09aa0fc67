/**
 * Text in and out of bytes: UTF-8 without NUL, lines ended by LF, everything else as it stands.
 *
 * @module
 */

import { checkLimit, checkOffset } from "./_checks.ts";
import { countLineEndings, indexAfterLines, LF } from "./_lines.ts";
import { BackendError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import type { ReadOptions, TextEdit, TextSlice } from "./protocol.ts";

const ENCODER = new TextEncoder();
const BLOCK_BYTES = 64 * 1024;
const LINES_NAMED = 5;

/** A fatal decoder that leaves a byte order mark in the text. */
function decoder(): TextDecoder {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
}

function notText(path: string, why: string, cause?: unknown): BackendError {
  return new BackendError(
    "not_text",
    path,
    `Cannot read '${path}' as text: ${why}`,
    cause === undefined ? undefined : { cause },
  );
}

/**
 * Turns the content of a write into bytes of its own.
 *
 * @param path The canonical path, for errors.
 * @param content Text or bytes.
 * @returns New bytes that the caller of the write does not hold.
 * @throws {BackendError} `not_text` for half a surrogate pair, `too_large` over
 * `LIMITS.contentBytes`.
 */
export function encodeContent(path: string, content: string | Uint8Array): Uint8Array<ArrayBuffer> {
  if (typeof content === "string") return encodeText(path, content);
  if (content.length > LIMITS.contentBytes) throw contentTooLarge(path);
  return new Uint8Array(content);
}

/**
 * Turns text into bytes.
 *
 * @param path The canonical path, for errors.
 * @param text The text.
 * @returns Its UTF-8.
 * @throws {BackendError} `not_text` for half a surrogate pair, `too_large` over
 * `LIMITS.contentBytes`.
 */
export function encodeText(path: string, text: string): Uint8Array<ArrayBuffer> {
  if (text.length > LIMITS.contentBytes) throw contentTooLarge(path);
  if (!text.isWellFormed()) {
    throw new BackendError(
      "not_text",
      path,
      `Cannot write '${path}': the text has half a surrogate pair in it`,
    );
  }
  const bytes = ENCODER.encode(text);
  if (bytes.length > LIMITS.contentBytes) throw contentTooLarge(path);
  return bytes;
}

function contentTooLarge(path: string): BackendError {
  return new BackendError(
    "too_large",
    path,
    `Cannot write '${path}': the content is over ${LIMITS.contentBytes} bytes`,
  );
}

/**
 * Turns the bytes of a whole file into text, as `edit` needs it.
 *
 * @param path The canonical path, for errors.
 * @param bytes The bytes.
 * @returns The text; a byte order mark stays in it.
 * @throws {BackendError} `not_text` if the bytes are not UTF-8 or have a NUL, `too_large` over
 * `LIMITS.textBytes`.
 */
export function decodeText(path: string, bytes: Uint8Array): string {
  if (bytes.length > LIMITS.textBytes) {
    throw new BackendError(
      "too_large",
      path,
      `Cannot edit '${path}': it has ${bytes.length} bytes, and at most ${LIMITS.textBytes} ` +
        "can be edited",
    );
  }
  if (bytes.includes(0)) throw notText(path, "it has a NUL byte in it");
  try {
    return decoder().decode(bytes);
  } catch (error) {
    throw notText(path, "it is not UTF-8", error);
  }
}

/** What {@linkcode LineSlicer} finds: all of a {@linkcode TextSlice} but the version. */
export type Lines = Omit<TextSlice, "version">;

/** Cuts lines out of bytes that come in pieces, holding no more than the lines asked for. */
export class LineSlicer {
  readonly #path: string;
  readonly #offset: number;
  readonly #limit: number;
  readonly #decoder = decoder();
  #text = "";
  #textBytes = 0;
  #textEndings = 0;
  #textEndsInLine = false;
  #endings = 0;
  #size = 0;
  #endsInLine = false;

  /**
   * @param path The canonical path, for errors and the result.
   * @param options Which lines.
   * @throws {RangeError} If `offset` or `limit` is not a number of lines.
   */
  constructor(path: string, options: ReadOptions = {}) {
    this.#path = path;
    this.#offset = checkOffset(options.offset);
    this.#limit = checkLimit("Limit", options.limit, Infinity);
  }

  /**
   * Takes the next bytes of the file. They may be overwritten afterwards.
   *
   * @param bytes The bytes.
   * @throws {BackendError} `not_text` if a line asked for is not text, `too_large` if those lines
   * are over `LIMITS.textBytes`.
   */
  push(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; from += BLOCK_BYTES) {
      this.#pushBlock(bytes.subarray(from, from + BLOCK_BYTES));
    }
  }

  #pushBlock(block: Uint8Array): void {
    const before = this.#endings;
    const inBlock = countLineEndings(block);
    this.#endings = before + inBlock;
    this.#size += block.length;
    this.#endsInLine = block[block.length - 1] !== LF;
    const end = this.#offset + this.#limit;
    if (this.#endings < this.#offset || before >= end) return;
    const first = before < this.#offset ? indexAfterLines(block, this.#offset - before) : 0;
    const last = this.#endings >= end ? indexAfterLines(block, end - before) : block.length;
    if (first < last) this.#take(block.subarray(first, last));
  }

  #take(bytes: Uint8Array): void {
    this.#textBytes += bytes.length;
    if (this.#textBytes > LIMITS.textBytes) {
      throw new BackendError(
        "too_large",
        this.#path,
        `Cannot read '${this.#path}' at once: the lines asked for are over ${LIMITS.textBytes} ` +
          "bytes: use offset and limit to read fewer lines",
      );
    }
    if (bytes.includes(0)) throw notText(this.#path, "it has a NUL byte in it");
    this.#textEndings += countLineEndings(bytes);
    this.#textEndsInLine = bytes[bytes.length - 1] !== LF;
    this.#text += this.#decode(bytes);
  }

  #decode(bytes?: Uint8Array): string {
    try {
      return bytes === undefined
        ? this.#decoder.decode()
        : this.#decoder.decode(bytes, { stream: true });
    } catch (error) {
      throw notText(this.#path, "it is not UTF-8", error);
    }
  }

  /**
   * Ends the file.
   *
   * @returns The lines asked for.
   * @throws {BackendError} `not_text` if the last of them ends inside a character.
   */
  finish(): Lines {
    this.#text += this.#decode();
    const lines = this.#textEndings + (this.#textEndsInLine ? 1 : 0);
    const totalLines = this.#endings + (this.#endsInLine ? 1 : 0);
    const next = this.#offset + lines;
    return {
      path: this.#path,
      text: this.#text,
      offset: this.#offset,
      lines,
      totalLines,
      nextOffset: next < totalLines ? next : null,
      size: this.#size,
    };
  }
}

/**
 * Cuts lines out of a file that is read as a stream.
 *
 * @param path The canonical path, for errors and the result.
 * @param chunks The bytes of the file; a chunk may be reused once the next one is asked for.
 * @param options Which lines.
 * @returns The lines, to which the caller adds the file's version.
 * @throws {BackendError} As {@linkcode LineSlicer.push}.
 * @throws {RangeError} If `offset` or `limit` is not a number of lines.
 */
export async function sliceLines(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions = {},
): Promise<Lines> {
  const slicer = new LineSlicer(path, options);
  for await (const chunk of chunks) slicer.push(chunk);
  return slicer.finish();
}

/** What {@linkcode applyEdit} made. */
export interface EditedText {
  /** The whole text after the edit. */
  readonly text: string;
  /** How many occurrences were replaced. */
  readonly replacements: number;
}

/**
 * Replaces text in a text. An exact match comes first; where there is none and the text has CRLF
 * line endings, LF in the edit stands for CRLF. In a text of CRLF alone, new lines become CRLF too.
 *
 * @param path The canonical path, for errors.
 * @param text The whole text.
 * @param edit What to replace.
 * @returns The new text.
 * @throws {BackendError} `no_match` if the old text is not there, `ambiguous_edit` if it is empty
 * or there more than once without `replaceAll`, `too_large` if the result is.
 */
export function applyEdit(path: string, text: string, edit: TextEdit): EditedText {
  if (edit.oldText === "") {
    throw new BackendError(
      "ambiguous_edit",
      path,
      `Cannot edit '${path}': the text to replace is empty: name the text, or write the whole file`,
    );
  }
  let { oldText, newText } = edit;
  if (text.includes("\r\n")) {
    const exact = text.includes(oldText);
    if (!exact) oldText = toCrlf(oldText);
    if (!exact || !/(?<!\r)\n/.test(text)) newText = toCrlf(newText);
  }
  const count = countOccurrences(text, oldText);
  if (count === 0) throw noMatch(path, text, edit.oldText);
  if (edit.replaceAll !== true) {
    const first = text.indexOf(oldText);
    if (count > 1 || text.includes(oldText, first + 1)) {
      throw ambiguous(path, text, oldText, count);
    }
  }
  const length = text.length + count * (newText.length - oldText.length);
  if (length > LIMITS.contentBytes) throw contentTooLarge(path);
  return { text: text.replaceAll(oldText, () => newText), replacements: count };
}

function toCrlf(text: string): string {
  return text.replace(/(?<!\r)\n/g, "\r\n");
}

function countOccurrences(text: string, part: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + part.length)) count++;
  return count;
}

/** The number, counted from 1, of the line that an index is in. */
function lineAt(text: string, index: number): number {
  return countOccurrences(text.slice(0, index), "\n") + 1;
}

function ambiguous(path: string, text: string, part: string, count: number): BackendError {
  const lines: number[] = [];
  let at = text.indexOf(part);
  for (; at !== -1 && lines.length < LINES_NAMED; at = text.indexOf(part, at + 1)) {
    lines.push(lineAt(text, at));
  }
  // Occurrences that overlap are counted once by `count`, but they are as ambiguous as others.
  const times = Math.max(count, lines.length);
  const named = [...new Set(lines)].join(", ");
  return new BackendError(
    "ambiguous_edit",
    path,
    `Cannot edit '${path}': the text to replace is there ${times} times, at line ` +
      `${named}${at === -1 ? "" : ", …"}: add text around it, or replace all`,
  );
}

function noMatch(path: string, text: string, oldText: string): BackendError {
  const near = lineIgnoringSpace(text, oldText);
  const hint = near === null
    ? "read the file and copy the text exactly"
    : `line ${near} differs only in white space: read it and copy the text exactly`;
  return new BackendError(
    "no_match",
    path,
    `Cannot edit '${path}': the text to replace is not in it: ${hint}`,
  );
}

/** The line where a text is if white space does not count, or `null`. */
function lineIgnoringSpace(text: string, part: string): number | null {
  const wanted = part.replace(/\s+/g, "");
  const index = wanted === "" ? -1 : text.replace(/\s+/g, "").indexOf(wanted);
  if (index === -1) return null;
  let seen = 0;
  for (const { 0: word, index: at } of text.matchAll(/\S+/g)) {
    seen += word.length;
    if (seen > index) return lineAt(text, at);
  }
  return null;
}
