/**
 * The model behind OpenAI's API: chat completions, streamed, from OpenAI or any server that speaks
 * the same protocol. Retries are here and nowhere else, so that each one is told.
 *
 * @module
 */

import { abortable } from "../_abort.ts";
import {
  type Model,
  type ModelAnswer,
  ModelError,
  type ModelRequest,
  type RespondOptions,
} from "../model.ts";
import { AnswerAssembler } from "./_openai_answer.ts";
import { Failure, MalformedAnswer, type Site } from "./_openai_failure.ts";
import { responseFormat } from "./_openai_format.ts";
import { type ServerSkills, toBody } from "./_openai_request.ts";
import { streamChunks, toProtocolFailure } from "./_openai_stream.ts";

/** The first wait between two tries, in milliseconds; each further one is twice as long. */
const FIRST_WAIT = 500;

/** The longest wait between two tries that is not of the server's asking. */
const LONGEST_WAIT = 8_000;

/** Options of {@linkcode OpenAiModel}. */
export interface OpenAiModelOptions {
  /** The model's name at the server: `gpt-4.1`. */
  readonly model: string;
  /** The key. A server that needs none takes any word. */
  readonly apiKey: string;
  /**
   * Where the API is.
   *
   * @default {"https://api.openai.com/v1"}
   */
  readonly baseUrl?: string | undefined;
  /**
   * How many times a request that failed for a passing reason is made again.
   *
   * @default {4}
   */
  readonly maxRetries?: number | undefined;
  /**
   * Milliseconds without a byte from the server before a request is given up: for the connection,
   * and for each gap in the answer. A long answer may take as long as it needs.
   *
   * @default {120_000}
   */
  readonly silence?: number | undefined;
  /**
   * Waits between two tries.
   *
   * @default {a timer}
   */
  readonly sleep?: ((milliseconds: number, signal?: AbortSignal) => Promise<void>) | undefined;
  /**
   * A number from 0 to 1 that spreads the waits of several callers.
   *
   * @default {Math.random}
   */
  readonly random?: (() => number) | undefined;
  /**
   * The present time in milliseconds, to which a `Retry-After` date is compared.
   *
   * @default {Date.now}
   */
  readonly now?: (() => number) | undefined;
  /**
   * Makes an id for a tool call that came without one.
   *
   * @default {`call_` and a random UUID's first 24 digits}
   */
  readonly newId?: (() => string) | undefined;
}

/**
 * A model behind OpenAI's chat completions API, or any server that speaks it (Ollama, vLLM,
 * llama.cpp, LM Studio, Azure).
 *
 * What may pass (408, 409, 429, 5xx, a broken connection, silence, an answer that was cut or is not
 * of the API's form) is tried again, after the time that the server asks for; each retry is told to
 * `onRetry`, and what was streamed before it is void. An answer is returned whole or not at all.
 *
 * @example
 * ```ts
 * import { OpenAiModel } from "./openai.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const model = new OpenAiModel({
 *   model: "qwen3:8b",
 *   apiKey: "ollama",
 *   baseUrl: "http://127.0.0.1:11434/v1",
 * });
 * assertEquals(model.name, "openai:qwen3:8b");
 * ```
 */
export class OpenAiModel implements Model {
  /** The model's name, for people: `openai:gpt-4.1`. */
  readonly name: string;
  readonly #site: Site;
  readonly #endpoint: string;
  readonly #maxRetries: number;
  readonly #silence: number;
  readonly #sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  readonly #random: () => number;
  readonly #now: () => number;
  readonly #newId: () => string;
  /** What the server is taken to know until it refuses it. */
  #skills: ServerSkills = { usage: true, format: true };

  /**
   * @param options Which model, where, with what key.
   * @throws {TypeError} If `model` is empty, or `baseUrl` is no http or https URL.
   * @throws {RangeError} If `maxRetries` or `silence` is no usable number.
   */
  constructor(options: OpenAiModelOptions) {
    const { model, maxRetries = 4, silence = 120_000 } = options;
    if (model === "") throw new TypeError("Cannot use a model without a name");
    if (!Number.isInteger(maxRetries) || maxRetries < 0) {
      throw new RangeError(`Cannot retry '${maxRetries}' times: use a whole number from 0`);
    }
    if (!(silence > 0 && silence < 2 ** 31)) {
      throw new RangeError(`Cannot wait '${silence}' milliseconds: use 1 to ${2 ** 31 - 1}`);
    }
    this.#endpoint = options.baseUrl ?? "https://api.openai.com/v1";
    const url = parseUrl(this.#endpoint);
    this.name = `openai:${model}`;
    this.#site = {
      model,
      host: url.host,
      baseUrl: `${url.origin}${url.pathname}`,
      // A key from a file or a shell often brings its line ending along.
      apiKey: options.apiKey.trim(),
    };
    this.#maxRetries = maxRetries;
    this.#silence = silence;
    this.#sleep = options.sleep ?? sleep;
    this.#random = options.random ?? Math.random;
    this.#now = options.now ?? Date.now;
    this.#newId = options.newId ?? newId;
  }

  /**
   * Answers a conversation.
   *
   * @param request The conversation and the tools.
   * @param options A signal, and whom to tell of text and retries.
   * @returns The answer, whole.
   * @throws {ModelError} If there is no answer to be had; its code and message say why.
   */
  async respond(request: ModelRequest, options: RespondOptions = {}): Promise<ModelAnswer> {
    // A header takes visible ASCII only, and the error of a bad one would show the key.
    if (!/^[\x21-\x7e]+$/.test(this.#site.apiKey)) {
      throw new ModelError(
        "authentication",
        `The API key for '${this.#site.host}' is ${
          this.#site.apiKey === "" ? "missing" : "not a key: it has spaces or letters beyond ASCII"
        }; set OPENAI_API_KEY, or the option 'apiKey'`,
      );
    }
    let retries = 0;
    const { format } = request;
    const hasForm = format !== undefined && responseFormat(format) !== undefined;
    let formRefused = false;
    for (let attempt = 1;; attempt++) {
      throwIfAborted(options.signal);
      const { usage } = this.#skills;
      const skills = { usage, format: hasForm && this.#skills.format && !formRefused };
      try {
        const answer = await this.#attempt(request, skills, options);
        // Refused with the form and answered without it: it was the form.
        if (formRefused) this.#skills = { ...this.#skills, format: false };
        return answer;
      } catch (error) {
        throwIfAborted(options.signal);
        if (!(error instanceof Failure)) throw error;
        let delay = 0;
        if (skills.usage && error.refusesStreamOptions) {
          this.#skills = { ...this.#skills, usage: false };
        } else if (skills.format && error.mayRefuseFormat) {
          formRefused = true;
        } else if (error.retry && retries < this.#maxRetries) {
          retries++;
          delay = error.wait ?? this.#backOff(retries);
        } else {
          throw error.toModelError(attempt);
        }
        options.onRetry?.({ attempt, reason: error.message, delay });
        throwIfAborted(options.signal);
        if (delay > 0) await this.#wait(delay, options.signal);
      }
    }
  }

  async #attempt(
    request: ModelRequest,
    skills: ServerSkills,
    options: RespondOptions,
  ): Promise<ModelAnswer> {
    const { default: sdk } = await import("openai");
    const answer = new AnswerAssembler(this.#newId);
    const chunks = streamChunks({
      sdk,
      site: this.#site,
      endpoint: this.#endpoint,
      body: toBody(this.#site.model, request, skills),
      silence: this.#silence,
      now: this.#now,
      signal: options.signal,
    });
    try {
      for await (const chunk of chunks) {
        const text = answer.add(chunk);
        if (text !== "") options.onText?.(text);
      }
      if (!answer.finished) throw this.#cut();
    } catch (error) {
      if (error instanceof MalformedAnswer) throw toProtocolFailure(this.#site, error.message);
      // After the finish only the token counts are missing: not worth a second answer's price.
      const whole = error instanceof Failure && error.transport && answer.finished;
      if (!whole || options.signal?.aborted) throw error;
    }
    try {
      return answer.finish();
    } catch (error) {
      if (error instanceof MalformedAnswer) throw toProtocolFailure(this.#site, error.message);
      throw error;
    }
  }

  #cut(): Failure {
    const message = `The answer from '${this.#site.host}' ended before it was complete`;
    return new Failure("connection", message, {
      retry: true,
      hint: `check that '${this.#site.baseUrl}' is the base URL of a server with OpenAI's API`,
    });
  }

  async #wait(delay: number, signal: AbortSignal | undefined): Promise<void> {
    const slept = this.#sleep(delay, signal);
    try {
      await (signal === undefined ? slept : abortable(slept, signal));
    } catch (error) {
      throwIfAborted(signal);
      throw error;
    }
  }

  #backOff(retries: number): number {
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (retries - 1));
    return Math.round(wait * (1 - this.#random() / 4));
  }
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new TypeError(
      `Cannot use '${text}' as a base URL: it must begin with http:// or https://`,
    );
  }
  // Not quoted: the text holds a password.
  if (url.username !== "" || url.password !== "") {
    throw new TypeError("Cannot use a base URL with a user name: pass the key as 'apiKey'");
  }
  return url;
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new ModelError("aborted", "The request to the model was ended");
}

function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
    resolve();
  };
  const timer = setTimeout(end, milliseconds);
  signal?.addEventListener("abort", end, { once: true });
  return promise;
}

function newId(): string {
  return `call_${crypto.randomUUID().replaceAll("-", "").slice(0, 24)}`;
}
