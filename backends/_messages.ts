/**
 * Messages: what a channel's frames say, checked, since the other process may be a hostile one.
 *
 * @module
 */

import { BackendError, type BackendErrorCode } from "./errors.ts";
import { FrameError, MessageSizeError } from "./_frames.ts";

/** An error as it crosses between processes: never its stack, never its cause. */
export interface ErrorData {
  /** The error's name, such as `TypeError`. */
  readonly name: string;
  /** Its message. */
  readonly message: string;
  /** Its code, if it has one that is a word. */
  readonly code?: string;
  /** Its path, if it has one. */
  readonly path?: string;
}

/** What one frame says. `attached` tells an empty attachment from none. */
export type ChannelMessage =
  | {
    readonly type: "request";
    readonly id: number;
    readonly method: string;
    readonly params?: unknown;
    readonly attached?: true;
  }
  | {
    readonly type: "reply";
    readonly id: number;
    readonly value?: unknown;
    readonly attached?: true;
  }
  | { readonly type: "error"; readonly id: number; readonly error: ErrorData }
  | { readonly type: "cancel"; readonly id: number }
  | { readonly type: "notice"; readonly method: string; readonly params?: unknown };

/** How long each text of an error may be. */
const ERROR_CHARACTERS = 64 * 1024;

const CODES: Readonly<Record<BackendErrorCode, true>> = {
  not_found: true,
  exists: true,
  is_directory: true,
  not_directory: true,
  denied: true,
  invalid_path: true,
  too_large: true,
  not_text: true,
  no_match: true,
  ambiguous_edit: true,
  invalid_pattern: true,
  timeout: true,
  aborted: true,
  unsupported: true,
  io: true,
};

/**
 * Checks what a frame holds.
 *
 * @throws {FrameError} If it is none of the five messages.
 */
export function parseMessage(json: unknown, attachmentLength: number): ChannelMessage {
  if (!isObject(json)) throw new FrameError("a message that is not an object");
  const { type, id, method, attached } = json;
  if (attached !== undefined && attached !== true || attachmentLength > 0 && attached !== true) {
    throw new FrameError("an attachment that its message does not tell of");
  }
  const extra = attached === true ? { attached } as const : {};
  switch (type) {
    case "request":
      if (!isId(id) || typeof method !== "string") break;
      return { type, id, method, params: json.params, ...extra };
    case "reply":
      if (!isId(id)) break;
      return { type, id, value: json.value, ...extra };
    case "error":
      if (!isId(id) || attached || !isErrorData(json.error)) break;
      return { type, id, error: json.error };
    case "cancel":
      if (!isId(id) || attached) break;
      return { type, id };
    case "notice":
      if (typeof method !== "string" || attached) break;
      return { type, method, params: json.params };
  }
  throw new FrameError("a message of no known form");
}

/** What of an error may leave the process. It is cut where it is long, so that it always fits. */
export function describeError(error: unknown): ErrorData {
  if (!(error instanceof Error)) return { name: "Error", message: cut(String(error)) };
  const code = "code" in error && typeof error.code === "string" ? { code: cut(error.code) } : {};
  const path = "path" in error && typeof error.path === "string" ? { path: cut(error.path) } : {};
  return { name: cut(error.name), message: cut(error.message), ...code, ...path };
}

function cut(text: string): string {
  return text.length <= ERROR_CHARACTERS ? text : `${text.slice(0, ERROR_CHARACTERS)}…`;
}

/** Builds the error again as the class that it was, as far as this folder knows the class. */
export function rebuildError(data: ErrorData): Error {
  const { name, message, code, path } = data;
  if (name === "BackendError" && path !== undefined && isBackendErrorCode(code)) {
    return new BackendError(code, path, message);
  }
  switch (name) {
    case "RangeError":
      return new RangeError(message);
    case "TypeError":
      return new TypeError(message);
    case "SyntaxError":
      return new SyntaxError(message);
    case "MessageSizeError":
      return new MessageSizeError(message);
  }
  const error = new Error(message);
  error.name = name;
  return code === undefined ? error : Object.assign(error, { code });
}

/** Whether a value is an object with fields, not an array. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isId(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isErrorData(value: unknown): value is ErrorData {
  return isObject(value) && typeof value.name === "string" && typeof value.message === "string" &&
    (value.code === undefined || typeof value.code === "string") &&
    (value.path === undefined || typeof value.path === "string");
}

function isBackendErrorCode(code: string | undefined): code is BackendErrorCode {
  return code !== undefined && Object.hasOwn(CODES, code);
}
