/**
 * Frames: how one message and its bytes travel over a stream of bytes.
 *
 * A frame is `[u32 LE length of the JSON][u32 LE length of the attachment][JSON in UTF-8][attachment]`.
 *
 * @module
 */

import { LIMITS } from "./limits.ts";

/** What one frame may measure without its header: the largest file content and room for its JSON. */
export const FRAME_BYTES = LIMITS.contentBytes + 16 * 1024 * 1024;

/** An attachment that makes a frame larger than this travels in a chunk of its own, uncopied. */
const SCRATCH_BYTES = 64 * 1024;

const HEADER_BYTES = 8;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true });
const NOTHING = new Uint8Array();
const scratch = new Uint8Array(SCRATCH_BYTES);

/** A frame that arrived. */
export interface Frame {
  /** The parsed JSON. */
  readonly json: unknown;
  /** The attachment, in memory of its own; empty if there is none. */
  readonly attachment: Uint8Array;
  /** How many bytes it took, without its header. */
  readonly size: number;
}

/** Thrown for bytes that are no frame. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** Thrown when a message is too large to send; the channel goes on. */
export class MessageSizeError extends RangeError {
  override readonly name = "MessageSizeError";
}

/**
 * Encodes a frame as one chunk, or as two when the attachment is too large to copy for nothing.
 *
 * @throws {MessageSizeError} If the frame would be over `FRAME_BYTES`.
 * @throws {TypeError} If the message is not JSON.
 */
export function encodeFrame(message: unknown, attachment?: Uint8Array): Uint8Array[] {
  const json = JSON.stringify(message);
  const extra = attachment?.length ?? 0;
  if (json.length + extra > FRAME_BYTES) throw tooLarge(json.length + extra);
  if (HEADER_BYTES + json.length * 3 <= scratch.length) {
    const { written } = encoder.encodeInto(json, scratch.subarray(HEADER_BYTES));
    const end = HEADER_BYTES + written;
    if (written + extra > FRAME_BYTES) throw tooLarge(written + extra);
    writeHeader(scratch, written, extra);
    if (attachment === undefined || extra === 0) return [scratch.slice(0, end)];
    if (end + extra > scratch.length) return [scratch.slice(0, end), attachment];
    scratch.set(attachment, end);
    return [scratch.slice(0, end + extra)];
  }
  const text = encoder.encode(json);
  if (text.length + extra > FRAME_BYTES) throw tooLarge(text.length + extra);
  const head = new Uint8Array(HEADER_BYTES);
  writeHeader(head, text.length, extra);
  return attachment === undefined || extra === 0 ? [head, text] : [head, text, attachment];
}

/** Finds frames in chunks that are cut anywhere. */
export class FrameReader {
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerFilled = 0;
  #body: Uint8Array | undefined;
  #bodyFilled = 0;
  #jsonLength = 0;
  #chunk: Uint8Array = new Uint8Array();
  #offset = 0;

  /** Whether the stream, if it ended here, would end inside a frame. */
  get partial(): boolean {
    return this.#headerFilled > 0 || this.#body !== undefined;
  }

  /** Takes the next chunk; only after `next` has returned `undefined` for the last one. */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#offset = 0;
  }

  /**
   * The next whole frame, or `undefined` if more bytes are needed.
   *
   * @throws {FrameError} If the bytes are no frame; the reader is of no use then.
   */
  next(): Frame | undefined {
    return this.#body === undefined ? this.#start() : this.#fill(this.#body);
  }

  #start(): Frame | undefined {
    const chunk = this.#chunk;
    let lengths = chunk;
    let at = this.#offset;
    if (this.#headerFilled === 0 && chunk.length - at >= HEADER_BYTES) {
      this.#offset += HEADER_BYTES;
    } else {
      const wanted = HEADER_BYTES - this.#headerFilled;
      const part = chunk.subarray(at, at + wanted);
      this.#header.set(part, this.#headerFilled);
      this.#headerFilled += part.length;
      this.#offset += part.length;
      if (part.length < wanted) return undefined;
      this.#headerFilled = 0;
      lengths = this.#header;
      at = 0;
    }
    this.#jsonLength = readLength(lengths, at);
    const total = this.#jsonLength + readLength(lengths, at + 4);
    if (this.#jsonLength === 0) throw new FrameError("a message without content");
    if (total > FRAME_BYTES) {
      throw new FrameError(`a message of ${total} bytes, over the limit of ${FRAME_BYTES}`);
    }
    const end = this.#offset + total;
    if (end > chunk.length) {
      this.#bodyFilled = 0;
      return this.#fill(this.#body = new Uint8Array(total));
    }
    const body = chunk.subarray(this.#offset, end);
    this.#offset = end;
    // The chunk may be large and shared: what is handed out must not hold on to it.
    return this.#frame(body, total === this.#jsonLength ? NOTHING : body.slice(this.#jsonLength));
  }

  #fill(body: Uint8Array): Frame | undefined {
    const wanted = body.length - this.#bodyFilled;
    const part = this.#chunk.subarray(this.#offset, this.#offset + wanted);
    body.set(part, this.#bodyFilled);
    this.#bodyFilled += part.length;
    this.#offset += part.length;
    if (part.length < wanted) return undefined;
    this.#body = undefined;
    return this.#frame(body, body.subarray(this.#jsonLength));
  }

  #frame(body: Uint8Array, attachment: Uint8Array): Frame {
    const json = body.length === this.#jsonLength ? body : body.subarray(0, this.#jsonLength);
    try {
      let text = decoder.decode(json);
      // The fast decoder puts this character where bytes are wrong; the strict one throws.
      if (text.includes("\ufffd")) text = strictDecoder.decode(json);
      const size = this.#jsonLength + attachment.length;
      return { json: JSON.parse(text), attachment, size };
    } catch (cause) {
      throw new FrameError("a message that is not JSON", { cause });
    }
  }
}

function tooLarge(bytes: number): MessageSizeError {
  return new MessageSizeError(
    `Cannot send a message of ${bytes} bytes: the limit is ${FRAME_BYTES}`,
  );
}

function writeHeader(target: Uint8Array, jsonLength: number, attachmentLength: number): void {
  writeLength(target, 0, jsonLength);
  writeLength(target, 4, attachmentLength);
}

function writeLength(target: Uint8Array, offset: number, length: number): void {
  target[offset] = length;
  target[offset + 1] = length >>> 8;
  target[offset + 2] = length >>> 16;
  target[offset + 3] = length >>> 24;
}

function readLength(bytes: Uint8Array, offset: number): number {
  const low = (bytes[offset] ?? 0) | (bytes[offset + 1] ?? 0) << 8;
  const high = (bytes[offset + 2] ?? 0) | (bytes[offset + 3] ?? 0) << 8;
  return (low | high << 16) >>> 0;
}
