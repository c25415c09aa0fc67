/**
 * Why one request for an answer failed, and whether another may do better.
 *
 * @module
 */

import { ModelError, type ModelErrorCode } from "../model.ts";

/** The longest wait that a server's `Retry-After` can ask for, in milliseconds. */
const LONGEST_WAIT = 60_000;

/** How much of a server's own words is passed on. */
const WORDS = 300;

/** Whom a request went to: what messages name. */
export interface Site {
  /** The model's name at the server. */
  readonly model: string;
  /** Host and port. */
  readonly host: string;
  /** The base URL without query and fragment. */
  readonly baseUrl: string;
  /** What no message may contain. */
  readonly apiKey: string;
}

/** What the server answered instead of an event stream. */
export class HttpRefusal extends Error {
  /** The status code. */
  readonly status: number;
  /** The headers. */
  readonly headers: Headers;
  /** The body's beginning. */
  readonly body: string;

  /**
   * @param status The status code.
   * @param headers The headers.
   * @param body The body's beginning.
   */
  constructor(status: number, headers: Headers, body: string) {
    super(`Status ${status}`);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

/** Thrown where an answer is not of the API's form. The message says how, as half a sentence. */
export class MalformedAnswer extends Error {}

/** Options of {@linkcode Failure}. */
export interface FailureOptions {
  /** Whether the same request may succeed later. */
  readonly retry: boolean;
  /** What a person can do about it. */
  readonly hint: string;
  /** The wait that the server asked for, in milliseconds. */
  readonly wait?: number | undefined;
  /** Whether only the transport failed: what had arrived before is sound. */
  readonly transport?: boolean;
  /** Whether the server named `stream_options` as what it does not know. */
  readonly refusesStreamOptions?: boolean;
  /** Whether it may be the form of the answer that the server does not know. */
  readonly mayRefuseFormat?: boolean;
}

/** One failed request. */
export class Failure extends Error {
  /** Why, for programs. */
  readonly code: ModelErrorCode;
  /** Whether the same request may succeed later. */
  readonly retry: boolean;
  /** What a person can do about it. */
  readonly hint: string;
  /** The wait that the server asked for, in milliseconds. */
  readonly wait: number | undefined;
  /** Whether only the transport failed: what had arrived before is sound. */
  readonly transport: boolean;
  /** Whether the server named `stream_options` as what it does not know. */
  readonly refusesStreamOptions: boolean;
  /** Whether it may be the form of the answer that the server does not know. */
  readonly mayRefuseFormat: boolean;

  /**
   * @param code Why, for programs.
   * @param message What happened, as a sentence.
   * @param options What can be done.
   */
  constructor(code: ModelErrorCode, message: string, options: FailureOptions) {
    super(message);
    this.code = code;
    this.retry = options.retry;
    this.hint = options.hint;
    this.wait = options.wait;
    this.transport = options.transport ?? false;
    this.refusesStreamOptions = options.refusesStreamOptions ?? false;
    this.mayRefuseFormat = options.mayRefuseFormat ?? false;
  }

  /**
   * The error for the caller. It carries no `cause`: the SDK's errors hold the server's words
   * unmasked.
   *
   * @param tries How many requests were made.
   * @returns The error to throw.
   */
  toModelError(tries: number): ModelError {
    const count = tries > 1 ? `, at the last of ${tries} tries` : "";
    return new ModelError(this.code, `${this.message}${count}; ${this.hint}`);
  }
}

/**
 * A text from outside as part of a sentence: one line, no control characters, the key masked, cut
 * at a readable length.
 *
 * @param text The text.
 * @param apiKey The key.
 * @returns The text for a message.
 */
export function quote(text: string, apiKey: string): string {
  const masked = apiKey === "" ? text : text.replaceAll(apiKey, "***");
  // deno-fmt-ignore
  const line = masked.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").trim().replace(/\.$/, "");
  const characters = Array.from(line);
  return characters.length <= WORDS ? line : `${characters.slice(0, WORDS).join("")}…`;
}

/**
 * Reads what a server says about how long to wait.
 *
 * @param headers The response's headers.
 * @param now The present time, in milliseconds since the epoch.
 * @returns Milliseconds, at most a minute, or `undefined` if it does not say.
 */
export function retryAfter(headers: Headers, now: number): number | undefined {
  const milliseconds = readNumber(headers.get("retry-after-ms"));
  if (milliseconds !== undefined) return clamp(milliseconds);
  const header = headers.get("retry-after");
  const seconds = readNumber(header);
  if (seconds !== undefined) return clamp(seconds * 1_000);
  // A date names its month or zone with letters; Date.parse alone would take "-5" for a year.
  const date = header !== null && /[a-z]/i.test(header) ? Date.parse(header) : NaN;
  return Number.isNaN(date) ? undefined : clamp(date - now);
}

function readNumber(header: string | null): number | undefined {
  return header !== null && /^\s*\d+(\.\d+)?\s*$/.test(header) ? Number(header) : undefined;
}

function clamp(milliseconds: number): number {
  return Math.min(LONGEST_WAIT, Math.max(0, Math.ceil(milliseconds)));
}

/**
 * The failure that a refusing answer of the server means.
 *
 * @param site Whom the request went to.
 * @param refusal What came back.
 * @param now The present time, in milliseconds since the epoch.
 * @returns The failure.
 */
export function fromRefusal(site: Site, refusal: HttpRefusal, now: number): Failure {
  const problem = readProblem(refusal.body);
  return fromStatus(site, refusal.status, problem, {
    wait: retryAfter(refusal.headers, now),
    location: refusal.headers.get("location"),
    refusesStreamOptions: /stream_options|include_usage/.test(refusal.body),
  });
}

/**
 * The failure that an `error` object within an event stream means.
 *
 * @param site Whom the request went to.
 * @param error The object.
 * @returns The failure.
 */
export function fromStreamError(site: Site, error: unknown): Failure {
  const problem = problemOf(error);
  // Gateways put the status of the server behind them into `code`.
  const status = Number(problem.code);
  const known = Number.isInteger(status) && status >= 400 && status < 600;
  return fromStatus(site, known ? status : 500, problem, { shown: known });
}

/** What an error body says. */
interface Problem {
  readonly message: string;
  readonly code: string;
}

function readProblem(body: string): Problem {
  try {
    const parsed: unknown = JSON.parse(body);
    return problemOf(isRecord(parsed) ? parsed.error ?? parsed : parsed);
  } catch {
    // A page of HTML says nothing to a person reading one line.
    return { message: /^\s*</.test(body) ? "" : body, code: "" };
  }
}

function problemOf(error: unknown): Problem {
  if (!isRecord(error)) return { message: wordsOf(error), code: "" };
  const message = error.message ?? error.detail ?? error;
  const codes = [error.code, error.type].map(wordsOf);
  const code = codes.includes("insufficient_quota") ? "insufficient_quota" : codes[0] ?? "";
  return { message: wordsOf(message), code };
}

function wordsOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What {@linkcode fromStatus} knows besides the status. */
interface StatusDetails {
  readonly wait?: number | undefined;
  readonly location?: string | null;
  readonly refusesStreamOptions?: boolean;
  readonly shown?: boolean;
}

function fromStatus(site: Site, status: number, problem: Problem, details: StatusDetails): Failure {
  const server = `The server at '${site.host}'`;
  const words = quote(problem.message, site.apiKey);
  const shown = details.shown === false ? [] : [String(status)];
  const reason = ` (${
    [...shown, ...(words === "" ? [] : [words])].join(": ") || "no reason given"
  })`;
  const tooLong = problem.code === "context_length_exceeded" || status === 413;
  const lasting = (code: ModelErrorCode, what: string, hint: string) =>
    new Failure(code, `${server} ${what}${reason}`, {
      retry: false,
      hint,
      refusesStreamOptions: details.refusesStreamOptions ?? false,
      mayRefuseFormat: (status === 400 || status === 422) && !tooLong,
    });
  const passing = (code: ModelErrorCode, what: string, hint: string) =>
    new Failure(code, `${server} ${what}${reason}`, { retry: true, hint, wait: details.wait });

  if (status >= 300 && status < 400) {
    const place = quote(details.location ?? "", site.apiKey);
    return lasting(
      "bad_request",
      `redirects to '${place}'`,
      "if that is right, make it the base URL",
    );
  }
  switch (status) {
    case 401:
      return lasting(
        "authentication",
        "refused the API key",
        "check OPENAI_API_KEY, or the option 'apiKey'",
      );
    case 403:
      return lasting(
        "authentication",
        "denied access",
        `check that the key in OPENAI_API_KEY may use model '${site.model}'`,
      );
    case 404:
      return lasting(
        "not_found",
        `has no model '${site.model}', or not at that path`,
        `check the model's name and the base URL '${site.baseUrl}'`,
      );
    case 408:
      return passing("timeout", "gave up waiting", "try again later");
    case 409:
      return passing("server", "was in conflict with itself", "try again later");
    case 429:
      return problem.code === "insufficient_quota"
        ? lasting("rate_limit", "has no quota left for this key", "check the plan and its billing")
        : passing("rate_limit", "limits the rate", "wait a little, or run fewer steps at once");
  }
  if (status >= 500) return passing("server", "failed", "try again later");
  return lasting(
    "bad_request",
    "refused the request",
    tooLong
      ? "the conversation is too long for this model: read fewer or smaller files, or split the step"
      : `check that model '${site.model}' can stream its answers and call tools`,
  );
}
