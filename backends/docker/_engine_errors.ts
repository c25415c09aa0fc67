/**
 * What an engine's errors mean.
 *
 * @module
 */

import { BackendError } from "../errors.ts";

/**
 * The error to throw for what an engine's client threw.
 *
 * @param what What was tried: `start the container`.
 * @param error What was thrown.
 */
export function engineProblem(what: string, error: unknown): unknown {
  if (error instanceof BackendError) return error;
  if (!(error instanceof Error)) return error;
  const said = saidOf(error);
  if (/no such image/i.test(said)) {
    return problem(`Cannot ${what}: the engine does not have its image (${said})`, error);
  }
  if (/executable file .*not found|no such file or directory/i.test(said) && /\bsh\b/.test(said)) {
    return problem(`Cannot ${what}: its image has no '/bin/sh', which every sandbox needs`, error);
  }
  return problem(`Cannot ${what}: ${said}`, error);
}

function problem(message: string, cause: Error): BackendError {
  return new BackendError("io", "/", message, { cause });
}

/** What the engine itself said, on one line. */
function saidOf(error: Error): string {
  const body: unknown = "json" in error ? error.json : undefined;
  const message = typeof body === "object" && body !== null && "message" in body
    ? String(body.message)
    : error.message;
  return message.replace(/\s+/g, " ").trim().slice(0, 500);
}

/** Whether the engine answered with one of some statuses of HTTP. */
export function isStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return error instanceof Error && "statusCode" in error &&
    statuses.some((status) => status === error.statusCode);
}
