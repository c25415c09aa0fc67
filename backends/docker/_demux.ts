/**
 * The stream of an exec: frames of two streams over one connection.
 *
 * @module
 */

import type { Duplex } from "node:stream";
import { joinBytes } from "../_bytes.ts";

/** Told of what comes on a stream. */
export type OnBytes = (bytes: Uint8Array) => void;

const HEADER_BYTES = 8;
const STDERR = 2;

/** Takes the frames apart, however they are cut. */
export class Demultiplexer {
  readonly #onStdout: OnBytes;
  readonly #onStderr: OnBytes;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerBytes = 0;
  #left = 0;

  /**
   * @param onStdout Told of the pieces of standard output.
   * @param onStderr Told of the pieces of standard error.
   */
  constructor(onStdout: OnBytes, onStderr: OnBytes) {
    this.#onStdout = onStdout;
    this.#onStderr = onStderr;
  }

  /** Takes the next piece of the connection. */
  push(piece: Uint8Array): void {
    for (let at = 0; at < piece.length;) {
      if (this.#left === 0) {
        const taken = piece.subarray(at, at + HEADER_BYTES - this.#headerBytes);
        this.#header.set(taken, this.#headerBytes);
        this.#headerBytes += taken.length;
        at += taken.length;
        if (this.#headerBytes < HEADER_BYTES) return;
        this.#headerBytes = 0;
        this.#left = new DataView(this.#header.buffer).getUint32(4);
        continue;
      }
      const bytes = piece.subarray(at, at + this.#left);
      at += bytes.length;
      this.#left -= bytes.length;
      if (this.#header[0] === STDERR) this.#onStderr(bytes);
      else this.#onStdout(bytes);
    }
  }
}

/**
 * Reads a connection until it ends.
 *
 * @param stream The connection.
 * @param onStdout Told of the pieces of standard output.
 * @param onStderr Told of the pieces of standard error.
 */
export function follow(
  stream: Duplex,
  onStdout: OnBytes,
  onStderr: OnBytes,
): Promise<true> {
  const demultiplexer = new Demultiplexer(onStdout, onStderr);
  const { promise, resolve } = Promise.withResolvers<true>();
  stream.on("data", (piece: Uint8Array) => demultiplexer.push(piece));
  for (const event of ["end", "close", "error"]) stream.on(event, () => resolve(true));
  return promise;
}

/** Passes on what stands before a mark, and says when the mark has come. */
export class MarkedStream {
  readonly #mark: string;
  readonly #onBytes: OnBytes;
  readonly #onEnd: (rest: string) => void;
  #held = new Uint8Array(0);
  #ended = false;

  /**
   * @param mark What the end begins with, in ASCII, its first character once; a line ending closes it.
   * @param onBytes Told of what comes before.
   * @param onEnd Told of what stands between the mark and the line's end.
   */
  constructor(mark: string, onBytes: OnBytes, onEnd: (rest: string) => void) {
    this.#mark = mark;
    this.#onBytes = onBytes;
    this.#onEnd = onEnd;
  }

  /** Takes the next piece. */
  push(piece: Uint8Array): void {
    if (this.#ended || piece.length === 0) return;
    const bytes = this.#held.length === 0 ? piece : joinBytes([this.#held, piece]);
    this.#held = new Uint8Array(0);
    for (let from = 0;;) {
      const at = findMark(bytes, this.#mark, from);
      if (at === -1) return this.#hold(bytes, beginOfMark(bytes, this.#mark));
      const begin = at + this.#mark.length;
      const end = bytes.subarray(begin, begin + REST_BYTES + 1).indexOf(LINE_FEED);
      if (end !== -1) {
        if (at > 0) this.#onBytes(bytes.subarray(0, at));
        this.#ended = true;
        return this.#onEnd(ascii.decode(bytes.subarray(begin, begin + end)));
      }
      if (bytes.length <= begin + REST_BYTES) return this.#hold(bytes, at);
      // Whoever printed it cannot know what comes after it.
      from = at + 1;
    }
  }

  /** Passes on what is held since no mark came. */
  flush(): void {
    if (this.#held.length > 0) this.#onBytes(this.#held);
    this.#held = new Uint8Array(0);
  }

  #hold(bytes: Uint8Array, from: number): void {
    if (from > 0) this.#onBytes(bytes.subarray(0, from));
    this.#held = bytes.slice(from);
  }
}

/** Bytes that may stand between a mark and its line's end. */
const REST_BYTES = 16;
const LINE_FEED = 10;

const ascii = new TextDecoder();

/**
 * @param bytes Where to look.
 * @param mark What to look for, in ASCII.
 * @param from Where to begin.
 * @returns Where it begins, or -1.
 */
export function findMark(bytes: Uint8Array, mark: string, from = 0): number {
  const first = mark.charCodeAt(0);
  for (let at = bytes.indexOf(first, from); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (at + mark.length > bytes.length) return -1;
    let same = 1;
    while (same < mark.length && bytes[at + same] === mark.charCodeAt(same)) same++;
    if (same === mark.length) return at;
  }
  return -1;
}

/** Where the bytes end in what may become a mark; their length if they do not. */
function beginOfMark(bytes: Uint8Array, mark: string): number {
  const at = bytes.lastIndexOf(mark.charCodeAt(0));
  if (at === -1 || bytes.length - at >= mark.length) return bytes.length;
  for (let next = at; next < bytes.length; next++) {
    if (bytes[next] !== mark.charCodeAt(next - at)) return bytes.length;
  }
  return at;
}
