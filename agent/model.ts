/**
 * What a model is to the agent: messages in, one answer out.
 *
 * @module
 */

/** A call of a tool, as the model wrote it. */
export interface ToolCall {
  /** The model's own id for the call; the result names it. */
  readonly id: string;
  /** The tool's name, which may be one that does not exist. */
  readonly name: string;
  /** The arguments as the model wrote them: JSON, if all went well. */
  readonly arguments: string;
}

/** One message of a conversation. */
export type Message =
  | { readonly role: "system"; readonly content: string }
  | { readonly role: "user"; readonly content: string }
  | {
    readonly role: "assistant";
    readonly content: string;
    readonly toolCalls: readonly ToolCall[];
  }
  | {
    readonly role: "tool";
    readonly toolCallId: string;
    readonly content: string;
  };

/** What the model is told of a tool. */
export interface ToolDescription {
  /** Letters, digits, `_` and `-`, 64 at most. */
  readonly name: string;
  /** What it does and when to use it, for the model. */
  readonly description: string;
  /** JSON Schema of its arguments: an object. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** A form of answers. */
export interface AnswerFormat {
  /** Letters, digits, `_` and `-`, 64 at most. */
  readonly name: string;
  /** A JSON Schema. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** What is asked of a model. */
export interface ModelRequest {
  /** The conversation so far. */
  readonly messages: readonly Message[];
  /** The tools it may call. */
  readonly tools: readonly ToolDescription[];
  /** The form of answers without calls. A model may fail to keep to it: it is for the caller to check. */
  readonly format?: AnswerFormat | undefined;
}

/** How many tokens one answer took. `null` is unknown, which is not 0. */
export interface Usage {
  /** Tokens of the request. */
  readonly inputTokens: number | null;
  /** Tokens of the answer. */
  readonly outputTokens: number | null;
}

/** Why the model stopped. `refusal`: it declined, or a content filter did. */
export type FinishReason = "stop" | "tool_calls" | "length" | "refusal";

/** What a model answered. */
export interface ModelAnswer {
  /** Its text; the refusal's text if it declined. */
  readonly text: string;
  /** The tools it calls, in its order. */
  readonly toolCalls: readonly ToolCall[];
  /** Why it stopped. */
  readonly finish: FinishReason;
  /** What it took. */
  readonly usage: Usage;
}

/** Options of {@linkcode Model.respond}. */
export interface RespondOptions {
  /** Ends the request. */
  readonly signal?: AbortSignal | undefined;
  /** Receives the answer's text as it streams in. */
  readonly onText?: ((text: string) => void) | undefined;
  /** Told of each request that failed and is tried again. */
  readonly onRetry?: ((retry: ModelRetry) => void) | undefined;
}

/** A request that failed and is tried again. */
export interface ModelRetry {
  /** Which try failed, counted from 1. */
  readonly attempt: number;
  /** A sentence that says why. */
  readonly reason: string;
  /** Milliseconds until the next try. */
  readonly delay: number;
}

/** A language model. Implement it to bring one of your own. */
export interface Model {
  /** Its name, for people: `openai:gpt-4.1`. */
  readonly name: string;
  /**
   * Answers a conversation.
   *
   * @throws {ModelError} If there is no answer to be had.
   */
  respond(request: ModelRequest, options?: RespondOptions): Promise<ModelAnswer>;
}

/**
 * Why a model gave no answer.
 *
 * | code | meaning |
 * | --- | --- |
 * | `authentication` | the key is missing or refused (401, 403) |
 * | `not_found` | the server has no such model or path (404) |
 * | `bad_request` | the server refuses the request (400, 422) |
 * | `rate_limit` | still refused for its rate after the last retry (429) |
 * | `server` | the server failed (5xx) after the last retry |
 * | `connection` | no connection, or it broke, after the last retry |
 * | `timeout` | the server was silent for too long, after the last retry |
 * | `protocol` | the answer is not of the API's form, after the last retry |
 * | `denied` | the process may not reach that host |
 * | `refusal` | the model declined, or a content filter did |
 * | `rehearsal` | a rehearsal does not match what happens |
 * | `aborted` | the caller's signal ended it |
 */
export type ModelErrorCode =
  | "authentication"
  | "not_found"
  | "bad_request"
  | "rate_limit"
  | "server"
  | "connection"
  | "timeout"
  | "protocol"
  | "denied"
  | "refusal"
  | "rehearsal"
  | "aborted";

/**
 * Thrown by {@linkcode Model.respond} and by an agent's run. The message is a sentence with a hint.
 */
export class ModelError extends Error {
  /** `ModelError`. */
  override readonly name: string = "ModelError";
  /** Why, for programs. */
  readonly code: ModelErrorCode;

  /**
   * Makes an error.
   *
   * @param code Why.
   * @param message A sentence for a person, with what to do about it.
   * @param options `cause`, as for `Error`.
   */
  constructor(code: ModelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
