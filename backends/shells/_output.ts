/**
 * What a command prints, kept within a bound: the first half and the last half of it.
 *
 * @module
 */

import type { ShellStream } from "./shell.ts";

/** Collects one stream of a command. However much is printed, it holds `limit` bytes at most. */
export class OutputBuffer {
  readonly #headLimit: number;
  readonly #head: Uint8Array[] = [];
  readonly #last: Ring;
  readonly #onText: ((text: string) => void) | undefined;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #headBytes = 0;
  #bytes = 0;

  /**
   * @param limit How many bytes to keep.
   * @param onText Told of the text of the first half as it comes.
   */
  constructor(limit: number, onText?: (text: string) => void) {
    this.#headLimit = Math.ceil(limit / 2);
    this.#last = new Ring(Math.floor(limit / 2));
    this.#onText = onText;
  }

  /** Takes what was printed next. The bytes are copied where they are kept. */
  push(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    const head = bytes.slice(0, this.#headLimit - this.#headBytes);
    if (head.length > 0) {
      this.#head.push(head);
      this.#headBytes += head.length;
      const text = this.#decoder.decode(head, { stream: true });
      if (text !== "") this.#onText?.(text);
    }
    this.#last.push(bytes.subarray(head.length));
  }

  /** @returns What is kept, as text; a line in its middle says how much is left out. */
  result(): ShellStream {
    const last = this.#last.bytes();
    const omitted = this.#bytes - this.#headBytes - last.length;
    const parts = omitted === 0 ? [decode(...this.#head, last)] : [
      decode(...this.#head),
      `\n[... ${omitted} bytes left out ...]\n`,
      decode(last),
    ];
    return { text: parts.join(""), bytes: this.#bytes, omitted };
  }
}

/** The last bytes of a stream, in a space that grows as far as its limit. */
class Ring {
  readonly #limit: number;
  #space = new Uint8Array(0);
  #written = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(bytes: Uint8Array): void {
    const kept = bytes.subarray(Math.max(bytes.length - this.#limit, 0));
    if (kept.length === 0) return;
    this.#grow(Math.min(this.#written + bytes.length, this.#limit));
    const at = (this.#written + bytes.length - kept.length) % this.#space.length;
    const first = kept.subarray(0, this.#space.length - at);
    this.#space.set(first, at);
    this.#space.set(kept.subarray(first.length), 0);
    this.#written += bytes.length;
  }

  bytes(): Uint8Array {
    if (this.#written <= this.#space.length) return this.#space.slice(0, this.#written);
    const at = this.#written % this.#space.length;
    const all = new Uint8Array(this.#space.length);
    all.set(this.#space.subarray(at));
    all.set(this.#space.subarray(0, at), this.#space.length - at);
    return all;
  }

  /** Until the limit is reached nothing has gone round, so that what is there stays where it is. */
  #grow(needed: number): void {
    if (this.#space.length >= needed) return;
    const space = new Uint8Array(Math.min(Math.max(needed, 2 * this.#space.length), this.#limit));
    space.set(this.#space);
    this.#space = space;
  }
}

function decode(...parts: readonly Uint8Array[]): string {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(all);
}
