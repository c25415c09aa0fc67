/**
 * The file server in a container: one `sh` that lives as long as the container and does what it is
 * told over its standard input, in a millisecond or two where an exec of the engine takes fifty.
 *
 * @module
 */

import { joinBytes } from "../_bytes.ts";
import type { Duplex } from "node:stream";
import { BackendError } from "../errors.ts";
import type { CommandQueue } from "../shells/_request.ts";
import { Demultiplexer, MarkedStream } from "./_demux.ts";

/** Milliseconds in which an answer comes, or some of it. */
const SILENCE_MILLISECONDS = 60_000;

/** Bytes of an answer that are collected: one file of the largest size, and some. */
const COLLECTED_BYTES = 72 * 1024 * 1024;

/** How a script is to be done. */
export interface AskOptions {
  /**
   * Told of what it prints, as it comes; the bytes are another's afterwards.
   *
   * @default {it is collected}
   */
  readonly onBytes?: ((bytes: Uint8Array) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds without a word after which the server is given up.
   *
   * @default {60_000}
   */
  readonly silence?: number | undefined;
}

/** What a script did. */
export interface Answer {
  /** Its status: 0, or one of the failures of the prelude. */
  readonly status: number;
  /** What it printed; empty where somebody was told. */
  readonly bytes: Uint8Array;
}

/** Does one script. */
export type Ask = (script: string, options?: AskOptions) => Promise<Answer>;

/** Options of {@linkcode Helper}. */
export interface HelperOptions {
  /** Starts a `sh` in the container and connects to it. */
  readonly open: () => Promise<Duplex>;
  /** What a new one is told first, and how it must answer: with status 0. */
  readonly greet: (ask: Ask) => Promise<void>;
  readonly queue: CommandQueue;
}

/** The server ended, or gave no answer, in the middle of a script. */
export class HelperLost extends Error {
  override readonly name = "HelperLost";
}

interface Pending {
  readonly stream: MarkedStream;
  readonly fail: (error: Error) => void;
}

/** It gave up an answer that is longer than any can be. */
export class HelperFlood extends HelperLost {
  /** @param bytes How long an answer may be. */
  constructor(readonly bytes: number) {
    super(`The file server said more than ${bytes} bytes`);
  }
}

/** The server of one container. Scripts are done one after the other. */
export class Helper {
  readonly #options: HelperOptions;
  #connection: Connection | undefined;
  #waiting = 0;
  #heard = 0;

  /** @param options How to start it. */
  constructor(options: HelperOptions) {
    this.#options = options;
  }

  /** How often it has said something: as long as this grows it is alive. */
  get heard(): number {
    return this.#heard;
  }

  /** Whether more than one is asking. */
  get isBusy(): boolean {
    return this.#waiting > 1;
  }

  /**
   * Does a script.
   *
   * @param script Commands for `sh`; their input is empty.
   * @param options Who is told, and how it is ended.
   * @throws {BackendError} `aborted`.
   * @throws {HelperLost} If the server ends in the middle of it.
   */
  ask(script: string, options: AskOptions = {}): Promise<Answer> {
    return this.together((ask) => ask(script, options), options.signal);
  }

  /**
   * Does several scripts with none of others between them.
   *
   * @param work Asks for them.
   * @param signal Ends the wait for its turn.
   */
  async together<T>(work: (ask: Ask) => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.#waiting += 1;
    try {
      return await this.#options.queue.run({ cwd: "/", signal }, async () => {
        const connection = await this.#connect();
        return await work((script, options) => connection.ask(script, options));
      });
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Gives it up: the next script gets a new one. */
  drop(): void {
    this.#connection?.end(new HelperLost("The file server was given up"));
    this.#connection = undefined;
  }

  async #connect(): Promise<Connection> {
    if (this.#connection?.isOpen === true) return this.#connection;
    const connection = new Connection(await this.#options.open(), () => this.#heard += 1);
    this.#connection = connection;
    try {
      await this.#options.greet((script, options) => connection.ask(script, options));
    } catch (error) {
      connection.end(new HelperLost("The file server did not start"));
      throw error;
    }
    return connection;
  }
}

class Connection {
  readonly #stream: Duplex;
  #pending: Pending | undefined;
  #said = "";
  isOpen = true;

  constructor(stream: Duplex, onWord: () => void) {
    this.#stream = stream;
    const demultiplexer = new Demultiplexer(
      (bytes) => this.#pending?.stream.push(bytes),
      // What no function catches: kept for whoever looks into the cause.
      (bytes) => this.#said = (this.#said + new TextDecoder().decode(bytes)).slice(-1_000),
    );
    stream.on("data", (piece: Uint8Array) => {
      onWord();
      demultiplexer.push(piece);
    });
    const lost = (cause?: unknown) =>
      this.end(new HelperLost(`The file server ended ${this.#said}`.trim(), { cause }));
    stream.on("end", () => lost());
    stream.on("close", () => lost());
    stream.on("error", lost);
  }

  async ask(script: string, options: AskOptions = {}): Promise<Answer> {
    const { signal, silence = SILENCE_MILLISECONDS } = options;
    if (!this.isOpen) throw new HelperLost("The file server has ended");
    const token = crypto.randomUUID().replaceAll("-", "");
    const parts: Uint8Array[] = [];
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const timer = setInterval(() => {
      if (heard) heard = false;
      else this.end(new HelperLost(`The file server said nothing for ${silence} ms`));
    }, silence);
    let heard = true;
    let collected = 0;
    const onBytes = (bytes: Uint8Array) => {
      heard = true;
      if (options.onBytes === undefined) {
        collected += bytes.length;
        if (collected > COLLECTED_BYTES) return reject(new HelperFlood(COLLECTED_BYTES));
        return void parts.push(bytes.slice());
      }
      try {
        options.onBytes(bytes);
      } catch (error) {
        reject(error);
      }
    };
    const onAbort = () => reject(new BackendError("aborted", "/", "The operation was aborted"));
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#pending = { stream: new MarkedStream(`\n${token} `, onBytes, resolve), fail: reject };
    try {
      if (signal?.aborted) onAbort();
      else this.#stream.write(`{ ${script}\n} </dev/null\nprintf '\\n${token} %s\\n' $?\n`);
      return { status: Number(await promise), bytes: joinBytes(parts) };
    } catch (error) {
      // What is still to come of it would be taken for the next answer.
      this.end(new HelperLost("The file server was given up", { cause: error }));
      throw error;
    } finally {
      clearInterval(timer);
      signal?.removeEventListener("abort", onAbort);
      this.#pending = undefined;
    }
  }

  end(error: HelperLost): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#stream.destroy();
    this.#pending?.fail(error);
  }
}
