/**
 * The sending side of a channel: one write at a time, and few of them.
 *
 * @module
 */

import { encodeFrame } from "./_frames.ts";

/** Chunks that are this small, or smaller, are joined into one write. */
const JOINED_BYTES = 64 * 1024;

/**
 * Writes frames in order. The first goes out at once; those that come while it is being written
 * wait, as the stream's backpressure wants, and go out together.
 */
export class FrameWriter {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #onFailure: (cause: unknown) => void;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #writing = false;
  #broken = false;
  #onDrained: (() => void) | undefined;

  /** `onFailure` is called once, when the stream takes no more. */
  constructor(writable: WritableStream<Uint8Array>, onFailure: (cause: unknown) => void) {
    this.#writer = writable.getWriter();
    this.#onFailure = onFailure;
    // Each write has a promise of its own; this one would only tell the same failure again.
    this.#writer.closed.catch(() => {});
  }

  /** How many bytes wait. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /**
   * Sends a frame.
   *
   * @throws {MessageSizeError} If it is too large.
   * @throws {TypeError} If the message is not JSON.
   */
  send(message: unknown, attachment?: Uint8Array): void {
    const chunks = encodeFrame(message, attachment);
    if (this.#broken) return;
    for (const chunk of chunks) {
      this.#queue.push(chunk);
      this.#queuedBytes += chunk.length;
    }
    if (!this.#writing) this.#writeNext();
  }

  /** Sends what waits, then closes the stream. A stream that broke is as closed as it can be. */
  async close(): Promise<void> {
    if (this.#writing) await new Promise<void>((resolve) => this.#onDrained = resolve);
    this.#broken = true;
    await this.#writer.close().catch(() => {});
  }

  /** Drops what waits: nobody is there to read it. */
  abort(reason: Error): void {
    this.#drop();
    this.#writer.abort(reason).catch(() => {});
  }

  #writeNext = (): void => {
    if (this.#queue.length === 0) {
      this.#writing = false;
      this.#onDrained?.();
      return;
    }
    this.#writing = true;
    this.#writer.write(this.#takeJoined()).then(this.#writeNext, this.#fail);
  };

  #fail = (cause: unknown): void => {
    this.#writing = false;
    const told = this.#broken;
    this.#drop();
    this.#onDrained?.();
    if (!told) this.#onFailure(cause);
  };

  #drop(): void {
    this.#broken = true;
    this.#queue = [];
    this.#queuedBytes = 0;
  }

  /** Takes the first chunk off the queue, joined with what follows as long as that is small. */
  #takeJoined(): Uint8Array {
    let size = 0;
    let count = 0;
    for (const chunk of this.#queue) {
      if (count > 0 && size + chunk.length > JOINED_BYTES) break;
      size += chunk.length;
      count += 1;
    }
    this.#queuedBytes -= size;
    const taken = this.#queue.splice(0, count);
    const [first] = taken;
    if (count === 1 && first !== undefined) return first;
    const joined = new Uint8Array(size);
    let offset = 0;
    for (const chunk of taken) {
      joined.set(chunk, offset);
      offset += chunk.length;
    }
    return joined;
  }
}
