/**
 * Channels: requests, replies and notices between two processes over their stdio.
 *
 * Both ends are equals. Each message is one frame of JSON with at most one binary attachment; many
 * requests may be under way at once and are answered in any order. The other end is not trusted:
 * what is no message closes the channel with an error that says so.
 *
 * @module
 */

import { type Frame, FrameError, FrameReader } from "./_frames.ts";
import { FrameWriter } from "./_frame_writer.ts";
import {
  type ChannelMessage,
  describeError,
  type ErrorData,
  parseMessage,
  rebuildError,
} from "./_messages.ts";

export type { ErrorData } from "./_messages.ts";

/** How many requests of the other process may be unanswered at once. */
const OPEN_CALLS = 16_384;
/** How many bytes those requests, and answers that it has not read, may take. */
const OPEN_BYTES = 512 * 1024 * 1024;

/** A request of the other process. */
export interface Call {
  /** What it says: plain JSON, not checked. */
  readonly params: unknown;
  /** Its attachment. */
  readonly bytes?: Uint8Array | undefined;
  /** Aborted when the other process cancels the request, or the channel ends. */
  readonly signal: AbortSignal;
}

/** An answer. */
export interface Reply {
  /** Plain JSON. */
  readonly value?: unknown;
  /** The attachment. */
  readonly bytes?: Uint8Array | undefined;
}

/** Answers requests of one method. What it throws becomes the requester's error. */
export type CallHandler = (call: Call) => Reply | Promise<Reply>;

/** What a channel runs over. */
export interface ChannelStreams {
  /** What the other process writes. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What the other process reads. */
  readonly writable: WritableStream<Uint8Array>;
}

/** Options of {@linkcode Channel}. */
export interface ChannelOptions {
  /**
   * Builds errors that this folder does not know again as the class they were; `undefined` leaves
   * it to the channel, which builds an `Error` of the same name with the same `code`.
   */
  readonly reviveError?: ((data: ErrorData) => Error | undefined) | undefined;
}

/** Options of {@linkcode Channel.request}. */
export interface RequestOptions {
  /** An attachment. It must not change until the reply is there. */
  readonly bytes?: Uint8Array | undefined;
  /** Cancels the request, here at once and in the other process soon. */
  readonly signal?: AbortSignal | undefined;
}

interface PendingRequest {
  resolve(reply: Reply): void;
  reject(error: unknown): void;
}

interface OpenCall {
  readonly controller: AbortController;
  readonly size: number;
}

/**
 * One end of a connection between two processes.
 *
 * Messages are delivered from the macrotask after construction on, so that what is registered in
 * the same turn misses none. They are delivered in the order in which they were sent: a listener
 * has been told of every notice that was sent before a reply when `request` resolves with it, and
 * whoever awaits `request` directly runs on before a notice that was sent after the reply.
 *
 * @example
 * ```ts
 * import { Channel } from "./channel.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const there = new TransformStream<Uint8Array, Uint8Array>();
 * const back = new TransformStream<Uint8Array, Uint8Array>();
 * const server = new Channel({ readable: there.readable, writable: back.writable });
 * server.handle("greet", (call) => ({ value: `Hello, ${call.params}` }));
 * const client = new Channel({ readable: back.readable, writable: there.writable });
 * assertEquals((await client.request("greet", "host")).value, "Hello, host");
 * await client.close();
 * ```
 */
export class Channel {
  /**
   * Resolves when the channel is over: closed here, ended by the other process, or failed. It
   * never rejects; {@linkcode Channel.failure} says why.
   */
  readonly closed: Promise<void>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: FrameWriter;
  readonly #reviveError: ((data: ErrorData) => Error | undefined) | undefined;
  readonly #handlers = new Map<string, CallHandler>();
  readonly #listeners = new Map<string, (params: unknown) => void>();
  readonly #pending = new Map<number, PendingRequest>();
  readonly #calls = new Map<number, OpenCall>();
  #callBytes = 0;
  #nextId = 0;
  #over: Error | undefined;
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;
  #resolveClosed: () => void = () => {};

  /**
   * @param streams Both directions; the channel takes them over.
   * @param options How to build errors again.
   */
  constructor(streams: ChannelStreams, options: ChannelOptions = {}) {
    this.#reader = streams.readable.getReader();
    // Nobody reads any more. What the other process still said is read to its end, though.
    this.#writer = new FrameWriter(
      streams.writable,
      (cause) => this.#stop(new Error("The other process ended", { cause })),
    );
    this.#reviveError = options.reviveError;
    this.closed = new Promise((resolve) => this.#resolveClosed = resolve);
    this.#readAll();
  }

  /** What ended the channel, if it was not `close` here nor the orderly end of the other side. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /**
   * Answers the requests of one method.
   *
   * @param method The method's name.
   * @param handler Called for each request, side by side.
   * @throws {TypeError} If the method has a handler already.
   */
  handle(method: string, handler: CallHandler): void {
    if (this.#handlers.has(method)) throw new TypeError(`'${method}' has a handler already`);
    this.#handlers.set(method, handler);
  }

  /**
   * Listens to the notices of one method. A notice that nobody listens to is an error, and one
   * that throws is too: both close the channel.
   *
   * @param method The method's name.
   * @param listener Called for each notice, in order.
   * @throws {TypeError} If the method has a listener already.
   */
  onNotice(method: string, listener: (params: unknown) => void): void {
    if (this.#listeners.has(method)) throw new TypeError(`'${method}' has a listener already`);
    this.#listeners.set(method, listener);
  }

  /**
   * Asks the other process.
   *
   * @param method The method's name.
   * @param params Plain JSON.
   * @param options An attachment and a signal.
   * @returns The answer.
   * @throws {Error} What the handler threw, as the class it was; `signal`'s reason if it aborts;
   * an error that says so if the channel ends first or has no handler for the method.
   */
  request(method: string, params: unknown, options: RequestOptions = {}): Promise<Reply> {
    const { bytes, signal } = options;
    return new Promise((resolve, reject) => {
      if (this.#over !== undefined) return reject(this.#over);
      if (signal?.aborted) return reject(signal.reason);
      const id = this.#nextId++;
      const attached = bytes === undefined ? {} : { attached: true } as const;
      this.#writer.send({ type: "request", id, method, params, ...attached }, bytes);
      if (signal === undefined) {
        this.#pending.set(id, { resolve, reject });
        return;
      }
      const onAbort = () => {
        this.#pending.delete(id);
        this.#writer.send({ type: "cancel", id });
        reject(signal.reason);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      const done = () => signal.removeEventListener("abort", onAbort);
      this.#pending.set(id, {
        resolve: (reply) => (done(), resolve(reply)),
        reject: (error) => (done(), reject(error)),
      });
    });
  }

  /**
   * Tells the other process something and expects no answer. After the channel's end it does
   * nothing: there is nobody to tell.
   *
   * @param method The method's name.
   * @param params Plain JSON.
   */
  notify(method: string, params: unknown): void {
    if (this.#over === undefined) this.#writer.send({ type: "notice", method, params });
  }

  /**
   * Ends the channel: sends what is queued, closes the stream to the other process and lets go of
   * the one from it. Requests without an answer are rejected, calls under way are aborted.
   *
   * @returns When everything is sent, or cannot be.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#stop(new Error("This channel was closed"));
    await this.#writer.close();
    await this.#reader.cancel().catch(() => {});
    this.#resolveClosed();
  }

  async #readAll(): Promise<void> {
    const frames = new FrameReader();
    let started = false;
    while (true) {
      let chunk: Uint8Array | undefined;
      try {
        chunk = (await this.#reader.read()).value;
      } catch (cause) {
        return this.#end(new Error("The other process ended", { cause }), true);
      }
      if (!started) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        started = true;
      }
      if (chunk === undefined) {
        const ending = frames.partial ? " in the middle of a message" : "";
        return this.#end(new Error(`The other process ended${ending}`), frames.partial);
      }
      try {
        frames.push(chunk);
        for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
          const message = parseMessage(frame.json, frame.attachment.length);
          this.#receive(message, frame);
          // One turn for whoever awaits this reply, before what was sent after it is delivered.
          if (message.type === "reply" || message.type === "error") await undefined;
        }
      } catch (cause) {
        const what = cause instanceof FrameError ? cause.message : `what fails here: ${cause}`;
        return this.#end(new Error(`The other process sent ${what}`, { cause }), true);
      }
    }
  }

  #receive(message: ChannelMessage, { attachment, size }: Frame): void {
    switch (message.type) {
      case "request":
        return this.#open(message.id, message.method, size, {
          params: message.params,
          ...(message.attached ? { bytes: attachment } : {}),
        });
      case "cancel":
        // The answer may have crossed the cancellation: then there is nothing left to abort.
        this.#calls.get(message.id)?.controller.abort(
          new DOMException("The request was cancelled", "AbortError"),
        );
        return;
      case "notice": {
        const listener = this.#listeners.get(message.method);
        if (listener === undefined) {
          throw new FrameError(`a notice that is unknown here: '${message.method}'`);
        }
        return listener(message.params);
      }
      case "reply":
        return this.#settle(message.id)?.resolve({
          value: message.value,
          ...(message.attached ? { bytes: attachment } : {}),
        });
      case "error":
        return this.#settle(message.id)?.reject(
          this.#reviveError?.(message.error) ?? rebuildError(message.error),
        );
    }
  }

  /** The request that an answer belongs to; `undefined` for one that was cancelled meanwhile. */
  #settle(id: number): PendingRequest | undefined {
    if (id >= this.#nextId) throw new FrameError("an answer to a request that was never made");
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #open(id: number, method: string, size: number, content: Omit<Call, "signal">): void {
    if (this.#over !== undefined) return;
    if (this.#calls.has(id)) throw new FrameError("two requests of one number");
    const call: OpenCall = { controller: new AbortController(), size };
    this.#calls.set(id, call);
    this.#callBytes += call.size;
    const bytes = this.#callBytes + this.#writer.queuedBytes;
    if (this.#calls.size > OPEN_CALLS || bytes > OPEN_BYTES) {
      throw new FrameError("more requests than it takes answers for");
    }
    this.#answer(id, method, { ...content, signal: call.controller.signal });
  }

  async #answer(id: number, method: string, call: Call): Promise<void> {
    try {
      const handler = this.#handlers.get(method);
      if (handler === undefined) throw new Error(`There is no method '${method}'`);
      const { value, bytes } = await handler(call);
      if (call.signal.aborted) return;
      const attached = bytes === undefined ? {} : { attached: true } as const;
      this.#writer.send({ type: "reply", id, value, ...attached }, bytes);
    } catch (error) {
      if (call.signal.aborted) return;
      this.#writer.send({ type: "error", id, error: describeError(error) });
    } finally {
      this.#callBytes -= this.#calls.get(id)?.size ?? 0;
      this.#calls.delete(id);
    }
  }

  /** From here on nothing is asked and nothing answered. */
  #stop(error: Error): void {
    if (this.#over !== undefined) return;
    this.#over = error;
    for (const request of this.#pending.values()) request.reject(error);
    this.#pending.clear();
    for (const call of this.#calls.values()) call.controller.abort(error);
  }

  #end(error: Error, failed: boolean): void {
    if (failed && this.#over === undefined) this.#failure = error;
    this.#stop(error);
    // Both streams are of no more use: their failures would only tell again what `error` says.
    this.#reader.cancel(error).catch(() => {});
    this.#writer.abort(error);
    this.#resolveClosed();
  }
}
