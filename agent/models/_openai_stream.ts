/**
 * One streamed request through the SDK: chunks out, or one {@linkcode Failure}.
 *
 * @module
 */

import type { OpenAI } from "openai";
import {
  Failure,
  fromRefusal,
  fromStreamError,
  HttpRefusal,
  MalformedAnswer,
  quote,
  type Site,
} from "./_openai_failure.ts";

/** The most bytes that one answer may take: far more than a model writes, less than memory. */
const ANSWER_BYTES = 64 * 1024 * 1024;

/** How much of an error's body is read. */
const ERROR_BYTES = 64 * 1024;

/** The longest delay that timers know: the SDK's own timeout is out of the way. */
const NEVER = 2 ** 31 - 1;

/** A request for a stream. */
export interface StreamRequest {
  /** The SDK. */
  readonly sdk: typeof OpenAI;
  /** Whom to ask. */
  readonly site: Site;
  /** The base URL, whole. */
  readonly endpoint: string;
  /** What to send. */
  readonly body: OpenAI.Chat.Completions.ChatCompletionCreateParamsStreaming;
  /** Milliseconds without a byte before the request is given up. */
  readonly silence: number;
  /** The present time, in milliseconds since the epoch. */
  readonly now: () => number;
  /** Ends the request. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Asks once and passes the answer's chunks on as they come. Leaving the loop closes the connection.
 *
 * @param request What to ask whom.
 * @returns The chunks, unchecked.
 * @throws {Failure} If the request fails, or breaks on the way.
 */
export async function* streamChunks(request: StreamRequest): AsyncGenerator<unknown, void, void> {
  const { sdk, site, signal } = request;
  const line = new Line(request.silence);
  const hangUp = () => line.close();
  signal?.addEventListener("abort", hangUp, { once: true });
  if (signal?.aborted) hangUp();
  try {
    // Everything that the SDK would look up in the environment is given here.
    const client = new sdk({
      apiKey: site.apiKey,
      adminAPIKey: null,
      organization: null,
      project: null,
      webhookSecret: null,
      baseURL: request.endpoint,
      fetch: (input, init) => line.fetch(input, init),
      maxRetries: 0,
      timeout: NEVER,
      // It logs to the console, and stdout and stderr belong to others.
      logLevel: "off",
    });
    const stream = await client.chat.completions.create(request.body, { signal: line.signal });
    for await (const chunk of stream) yield chunk;
    // The SDK ends an aborted stream as if it were complete.
    if (line.signal.aborted) throw line.signal.reason;
  } catch (error) {
    throw toFailure(error, request, line);
  } finally {
    signal?.removeEventListener("abort", hangUp);
    line.close();
  }
}

/** Thrown where the connection breaks while the answer comes. */
class BrokenLine extends Error {}

/** A connection that is closed when it has been silent for too long. */
class Line {
  readonly #controller = new AbortController();
  readonly #silence: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether it was closed for its silence. */
  silent = false;
  /** Whether an answer has begun. */
  answered = false;

  constructor(silence: number) {
    this.#silence = silence;
    this.#heard();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }

  async fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    // A redirected request would carry the key to a server that nobody named.
    const response = await fetch(input, { ...init, redirect: "manual" });
    this.#heard();
    if (!response.ok) {
      const body = await this.#readStart(response);
      throw new HttpRefusal(response.status, response.headers, body);
    }
    const type = response.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "";
    if (!["text/event-stream", "text/plain", ""].includes(type)) {
      await response.body?.cancel();
      throw new MalformedAnswer(`it is '${type.slice(0, 60)}' and not an event stream`);
    }
    this.answered = true;
    // Statuses without a body would refuse even an empty one.
    if (response.body === null) return response;
    const { status, headers } = response;
    return new Response(ReadableStream.from(this.#listen(response.body)), { status, headers });
  }

  async *#listen(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Uint8Array> {
    let left = ANSWER_BYTES;
    try {
      for await (const bytes of body) {
        this.#heard();
        left -= bytes.length;
        if (left < 0) throw new MalformedAnswer(`it is over ${ANSWER_BYTES} bytes long`);
        yield bytes;
      }
    } catch (error) {
      if (error instanceof MalformedAnswer) throw error;
      throw new BrokenLine(error instanceof Error ? error.message : String(error));
    }
  }

  async #readStart(response: Response): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    let left = ERROR_BYTES;
    for await (const bytes of response.body ?? []) {
      this.#heard();
      text += decoder.decode(bytes.subarray(0, left), { stream: true });
      left -= bytes.length;
      if (left <= 0) break;
    }
    return text;
  }

  #heard(): void {
    clearTimeout(this.#timer);
    if (this.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.silent = true;
      this.close();
    }, this.#silence);
  }
}

/** Says what an error of the SDK, of `fetch` or of the stream means. Other errors stay themselves. */
function toFailure(error: unknown, request: StreamRequest, line: Line): unknown {
  const { sdk, site } = request;
  if (line.silent) {
    const seconds = request.silence / 1_000;
    return new Failure("timeout", `The server at '${site.host}' was silent for ${seconds} s`, {
      retry: true,
      hint: "check that it is up and not overloaded",
      transport: true,
    });
  }
  const causes = causesOf(error);
  const refusal = causes.find((cause) => cause instanceof HttpRefusal);
  if (refusal !== undefined) return fromRefusal(site, refusal, request.now());
  const malformed = causes.find((cause) => cause instanceof MalformedAnswer);
  if (malformed !== undefined) return toProtocolFailure(site, malformed.message);
  if (causes.some((cause) => cause instanceof Deno.errors.NotCapable)) {
    return new Failure("denied", `This process may not reach '${site.host}'`, {
      retry: false,
      hint: `grant it with --allow-net=${site.host}`,
    });
  }
  const broken = causes.some((cause) => cause instanceof BrokenLine);
  if (broken || error instanceof sdk.APIConnectionError) {
    const words = quote(innermost(causes, error), site.apiKey);
    const what = broken ? "broke in the middle of the answer" : "failed";
    return new Failure("connection", `The connection to '${site.host}' ${what} (${words})`, {
      retry: true,
      hint: `check that a server runs at '${site.baseUrl}' and that this machine reaches it`,
      transport: true,
    });
  }
  if (error instanceof sdk.APIError && !(error instanceof sdk.APIUserAbortError)) {
    return fromStreamError(site, error.error);
  }
  // The SDK does not expect chunks of another form, and throws what then comes up.
  return line.answered && error instanceof Error ? toProtocolFailure(site, error.message) : error;
}

/**
 * The failure of an answer that is not of the API's form.
 *
 * @param site Whom the request went to.
 * @param detail How it is not, as half a sentence.
 * @returns The failure.
 */
export function toProtocolFailure(site: Site, detail: string): Failure {
  const message = `The answer from '${site.host}' is not a chat completion: ` +
    quote(detail, site.apiKey);
  return new Failure("protocol", message, {
    retry: true,
    hint: `check that '${site.baseUrl}' is the base URL of a server with OpenAI's API`,
  });
}

function causesOf(error: unknown): Error[] {
  const causes: Error[] = [];
  let cause = error;
  while (cause instanceof Error && !causes.includes(cause)) {
    causes.push(cause);
    cause = cause.cause;
  }
  return causes;
}

/** The deepest cause's last clause: `tcp connect error: Connection refused (os error 111)`. */
function innermost(causes: readonly Error[], error: unknown): string {
  const message = causes.at(-1)?.message ?? String(error);
  return message.split("client error (Connect): ").at(-1) ?? message;
}
