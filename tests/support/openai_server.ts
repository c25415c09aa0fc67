/**
 * A server that speaks OpenAI's chat completions protocol, for tests: a real one on 127.0.0.1, strict
 * about what it is asked and awkward in how it answers. It refuses what the API refuses (and what
 * stricter servers than OpenAI's refuse), streams in chunks that end anywhere, interleaves parallel
 * tool calls, and fails on request: by status, by a cut or stalled stream, by nonsense.
 *
 * @module
 */

import type { RehearsalTurn } from "../../agent/rehearsal.ts";
import { BadRequest, type ChatRequest, parseChatRequest } from "./_chat_request.ts";
import {
  type AnswerContext,
  type AnswerEvents,
  type ScriptedAnswer,
  toBytes,
  toChunks,
  toEvents,
} from "./_chat_stream.ts";

export type { ChatCall, ChatFormat, ChatMessage, ChatRequest, ChatTool } from "./_chat_request.ts";
export type { ScriptedAnswer, ScriptedCall } from "./_chat_stream.ts";

/**
 * How a stream ends: `done` as it should; `close` with the connection in order but no `[DONE]`;
 * `reset` with the connection broken; `stall` not at all, until the client goes away.
 */
export type Ending = "done" | "close" | "reset" | "stall";

/** After which part of an answer a stream ends early. `deltas`: after all text and all tool calls. */
export type CutPlace = "nothing" | "start" | "deltas" | "finish";

/** What the server does with one request. The functions below make them. */
export type Reply =
  | {
    readonly kind: "stream";
    readonly source: ScriptedAnswer | readonly unknown[];
    readonly after?: CutPlace;
    readonly ending: Ending;
  }
  | {
    readonly kind: "http";
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }
  | { readonly kind: "hold" };

/** A whole answer, streamed. Malformed arguments, unknown tools, any `finish`: as it is given. */
export function answer(source: ScriptedAnswer): Reply {
  return { kind: "stream", source, ending: "done" };
}

/** The answer that a turn of a rehearsal is. */
export function replyFromTurn(turn: RehearsalTurn): Reply {
  const { input, output } = turn.usage ?? {};
  return answer({
    text: turn.text,
    calls: turn.calls.map((call) => ({
      name: call.tool,
      arguments: JSON.stringify(call.arguments),
    })),
    ...input === undefined || output === undefined ? {} : { usage: { input, output } },
  });
}

/** An answer that ends early, in the middle of the event that follows the place. */
export function cut(
  source: ScriptedAnswer,
  options: { readonly after?: CutPlace; readonly ending?: "close" | "reset" } = {},
): Reply {
  const { after = "deltas", ending = "reset" } = options;
  return { kind: "stream", source, after, ending };
}

/** An answer that stops coming while the connection stays open, until the client goes away. */
export function stall(source: ScriptedAnswer = {}, after: CutPlace = "deltas"): Reply {
  return { kind: "stream", source, after, ending: "stall" };
}

/** A request that is taken and never answered, not even with headers. */
export function hold(): Reply {
  return { kind: "hold" };
}

/** Events as they are given: objects as JSON, texts as raw bytes of the stream. */
export function events(source: readonly unknown[], ending: Ending = "done"): Reply {
  return { kind: "stream", source, ending };
}

/** Options of {@linkcode failure}. */
export interface FailureReplyOptions {
  /** The error's message. */
  readonly message?: string;
  /** The error's code, such as `insufficient_quota`. */
  readonly code?: string | null;
  /** The error's type. */
  readonly type?: string;
  /** More headers, such as `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Another body than the API's. */
  readonly body?: string;
}

/** An error answer with the API's error body. */
export function failure(status: number, options: FailureReplyOptions = {}): Reply {
  const { message = `Scripted failure ${status}.`, code = null, type = "error" } = options;
  const body = options.body ?? errorBody(message, type, "", code);
  const headers = { "content-type": "application/json", ...options.headers };
  return { kind: "http", status, headers, body };
}

/** A page of HTML with status 200: what a captive portal or a wrong base URL gives. */
export function page(): Reply {
  const headers = { "content-type": "text/html; charset=utf-8" };
  return { kind: "http", status: 200, headers, body: "<!doctype html><title>Welcome</title>\n" };
}

/** Options of {@linkcode startOpenAiServer}. */
export interface OpenAiServerOptions {
  /**
   * What to do with the requests that pass the checks: one reply each, in order, or a function that
   * says. A request beyond the script is refused with 400.
   */
  readonly script:
    | readonly Reply[]
    | ((request: ChatRequest, index: number) => Reply | Promise<Reply>);
  /**
   * The key that a client must send.
   *
   * @default {"sk-test-0123456789abcdef"}
   */
  readonly key?: string;
  /**
   * The models it has; any other gets 404.
   *
   * @default {any}
   */
  readonly models?: readonly string[];
  /**
   * Whether it knows `stream_options`.
   *
   * @default {true}
   */
  readonly streamOptions?: boolean;
  /**
   * Whether it knows `response_format`.
   *
   * @default {true}
   */
  readonly responseFormat?: boolean;
}

/** A request that passed the checks. */
export interface Exchange {
  /** What was asked. */
  readonly request: ChatRequest;
  /** The request's headers. */
  readonly headers: Headers;
  /** Resolves when the client has gone before its stream was at an end. */
  readonly abandoned: Promise<void>;
}

/** A running server. Dispose of it at the end: `await using server = startOpenAiServer(...)`. */
export interface OpenAiServer extends AsyncDisposable {
  /** Where the API is: `http://127.0.0.1:PORT/v1`. */
  readonly baseUrl: string;
  /** `127.0.0.1:PORT`, as `--allow-net` takes it. */
  readonly host: string;
  /** The key that a client must send. */
  readonly key: string;
  /** The requests that passed the checks, in the order of arrival. */
  readonly exchanges: readonly Exchange[];
  /** Why other requests were refused. A right client leaves it empty. */
  readonly rejections: readonly string[];
}

/** Thrown into a response's body to break its connection. */
class Reset extends Error {}

/** A request that is refused before the script is asked. */
class Rejection extends Error {
  readonly status: number;
  readonly body: string;

  constructor(
    status: number,
    type: string,
    message: string,
    param = "",
    code: string | null = null,
  ) {
    super(message);
    this.status = status;
    this.body = errorBody(message, type, param, code);
  }
}

/**
 * Starts a server on a free port of 127.0.0.1.
 *
 * @param options What it answers.
 * @returns The running server.
 *
 * @example
 * ```ts
 * import { OpenAiModel } from "../../agent/models/openai.ts";
 * import { answer, startOpenAiServer } from "./openai_server.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = startOpenAiServer({ script: [answer({ text: "Hello" })] });
 * const model = new OpenAiModel({ model: "m", apiKey: server.key, baseUrl: server.baseUrl });
 * const messages = [{ role: "user", content: "Say hello" }] as const;
 * assertEquals((await model.respond({ messages, tools: [] })).text, "Hello");
 * ```
 */
export function startOpenAiServer(options: OpenAiServerOptions): OpenAiServer {
  const { script, key = "sk-test-0123456789abcdef" } = options;
  const exchanges: Exchange[] = [];
  const rejections: string[] = [];
  const stopping = Promise.withResolvers<void>();

  async function serve(request: Request): Promise<Response> {
    const text = await checkDoor(request, key);
    const { streamOptions = true, responseFormat = true } = options;
    const chat = parseChatRequest(text, { streamOptions, responseFormat });
    if (options.models?.includes(chat.model) === false) {
      const message = `The model '${chat.model}' does not exist or you do not have access to it.`;
      throw new Rejection(404, "invalid_request_error", message, "model", "model_not_found");
    }
    const index = exchanges.length;
    const gone = Promise.withResolvers<void>();
    exchanges.push({ request: chat, headers: request.headers, abandoned: gone.promise });
    const reply = typeof script === "function" ? await script(chat, index) : script[index];
    if (reply === undefined) {
      throw new Rejection(400, "script", `This server has no reply for request ${index}.`);
    }
    switch (reply.kind) {
      case "http":
        return new Response(reply.body, { status: reply.status, headers: { ...reply.headers } });
      case "hold":
        await stopping.promise;
        return new Response(null, { status: 503 });
      case "stream": {
        const context = { index, ...chat, length: text.length };
        const body = toBody(reply, context, { stopped: stopping.promise, gone: gone.resolve });
        return new Response(body, { headers: { "content-type": "text/event-stream" } });
      }
    }
  }

  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
    onError: (error) => {
      // The connection is broken already; nobody gets this response.
      if (error instanceof Reset) return new Response(null, { status: 500 });
      const rejection = toRejection(error);
      rejections.push(`${rejection.status}: ${rejection.message}`);
      const headers = { "content-type": "application/json" };
      return new Response(rejection.body, { status: rejection.status, headers });
    },
  }, serve);
  const host = `127.0.0.1:${server.addr.port}`;
  return {
    baseUrl: `http://${host}/v1`,
    host,
    key,
    exchanges,
    rejections,
    async [Symbol.asyncDispose]() {
      stopping.resolve();
      await server.shutdown();
    },
  };
}

/** Checks everything but the body, and returns that. */
async function checkDoor(request: Request, key: string): Promise<string> {
  const { pathname, search } = new URL(request.url);
  const text = await request.text();
  const refuse = (status: number, message: string, code: string | null = null) =>
    new Rejection(status, "invalid_request_error", message, "", code);
  if (pathname !== "/v1/chat/completions" || search !== "") {
    throw refuse(404, `Invalid URL (${request.method} ${pathname}${search})`, "unknown_url");
  }
  if (request.method !== "POST") throw refuse(405, `Not allowed: ${request.method}`);
  const authorization = request.headers.get("authorization");
  if (authorization === null) throw refuse(401, "You didn't provide an API key.");
  if (authorization !== `Bearer ${key}`) {
    throw refuse(401, "Incorrect API key provided.", "invalid_api_key");
  }
  const type = request.headers.get("content-type");
  if (type !== "application/json") throw refuse(415, `Unsupported content type: ${type}`);
  return text;
}

function toRejection(error: unknown): Rejection {
  if (error instanceof Rejection) return error;
  if (error instanceof BadRequest) {
    return new Rejection(400, "invalid_request_error", error.message, error.param, error.code);
  }
  return new Rejection(500, "server_error", `The test's own server failed: ${error}`);
}

function errorBody(message: string, type: string, param: string, code: string | null): string {
  return JSON.stringify({ error: { message, type, param: param === "" ? null : param, code } });
}

type StreamReply = Extract<Reply, { kind: "stream" }>;

function toBody(
  reply: StreamReply,
  context: AnswerContext,
  { stopped, gone }: { readonly stopped: Promise<void>; readonly gone: () => void },
): ReadableStream<Uint8Array> {
  const chunks = toChunks(bytesOf(reply, context)).values();
  let over = false;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = chunks.next();
      if (!chunk.done) return controller.enqueue(chunk.value);
      if (reply.ending === "reset") throw new Reset();
      if (reply.ending === "stall") {
        // Only the client's going away, or the end of the test, goes on from here.
        await stopped;
        if (over) return;
      }
      over = true;
      controller.close();
    },
    cancel() {
      if (!over) gone();
      over = true;
    },
  });
}

function bytesOf(reply: StreamReply, context: AnswerContext): Uint8Array {
  const end = reply.ending === "done" ? ["data: [DONE]\n\n"] : [];
  const { source, after } = reply;
  if (isList(source)) return toBytes([...source, ...end]);
  const parts = toEvents(source, context);
  if (after === undefined) return toBytes([...flat(parts), ...end]);
  const sent = partsUpTo(after, parts);
  const next = flat(parts)[sent.length];
  const whole = toBytes(sent);
  const half = toBytes(next === undefined ? [] : [next]);
  return Uint8Array.from([...whole, ...half.subarray(0, half.length / 2)]);
}

function isList(source: ScriptedAnswer | readonly unknown[]): source is readonly unknown[] {
  return Array.isArray(source);
}

function flat({ start, deltas, finish, usage }: AnswerEvents): readonly unknown[] {
  return [...start, ...deltas, ...finish, ...usage];
}

function partsUpTo(after: CutPlace, { start, deltas, finish }: AnswerEvents): readonly unknown[] {
  switch (after) {
    case "nothing":
      return [];
    case "start":
      return start;
    case "deltas":
      return [...start, ...deltas];
    case "finish":
      return [...start, ...deltas, ...finish];
  }
}
