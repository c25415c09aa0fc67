/**
 * What every backend checks before it starts: numbers and the caller's signal.
 *
 * @module
 */

import { BackendError } from "./errors.ts";

/**
 * Checks an offset, which counts from 0.
 *
 * @param offset What the caller gave.
 * @returns The offset, or 0.
 * @throws {RangeError} If it is negative or not an integer.
 */
export function checkOffset(offset: number | undefined): number {
  if (offset === undefined) return 0;
  if (Number.isSafeInteger(offset) && offset >= 0) return offset;
  throw new RangeError(`Offset must be an integer of at least 0, not ${offset}`);
}

/**
 * Checks a limit, or a length in bytes.
 *
 * @param name What it is called, for the message.
 * @param limit What the caller gave.
 * @param standard What stands for a missing one.
 * @param least The smallest limit that makes sense.
 * @returns The limit.
 * @throws {RangeError} If it is below `least`, or neither an integer nor `Infinity`.
 */
export function checkLimit(
  name: "Limit" | "Length",
  limit: number | undefined,
  standard: number,
  least = 1,
): number {
  if (limit === undefined) return standard;
  if (limit === Infinity || (Number.isSafeInteger(limit) && limit >= least)) return limit;
  throw new RangeError(`${name} must be an integer of at least ${least}, not ${limit}`);
}

/**
 * Ends an operation whose caller has given up.
 *
 * @param signal The caller's signal.
 * @param path The path that the operation is about.
 * @throws {BackendError} `aborted` if the signal is.
 */
export function throwIfAborted(signal: AbortSignal | undefined, path: string): void {
  if (signal?.aborted !== true) return;
  throw new BackendError("aborted", path, `The operation on '${path}' was aborted`, {
    cause: signal.reason,
  });
}
