import { show } from "./_text.ts";
import { AssertionError } from "./assertion_error.ts";

/**
 * Asserts that one value is greater than another.
 *
 * @param actual The value found.
 * @param expected The value it must exceed.
 * @param msg The error's whole message.
 * @throws {AssertionError} If it is not.
 */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) throw failure(actual, ">", expected, msg);
}

/**
 * Asserts that one value is greater than another or equal to it.
 *
 * @param actual The value found.
 * @param expected The least it may be.
 * @param msg The error's whole message.
 * @throws {AssertionError} If it is not.
 */
export function assertGreaterOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual >= expected)) throw failure(actual, ">=", expected, msg);
}

/**
 * Asserts that one value is less than another.
 *
 * @param actual The value found.
 * @param expected The value it must stay below.
 * @param msg The error's whole message.
 * @throws {AssertionError} If it is not.
 */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) throw failure(actual, "<", expected, msg);
}

/**
 * Asserts that one value is less than another or equal to it.
 *
 * @param actual The value found.
 * @param expected The most it may be.
 * @param msg The error's whole message.
 * @throws {AssertionError} If it is not.
 */
export function assertLessOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual <= expected)) throw failure(actual, "<=", expected, msg);
}

function failure(
  actual: unknown,
  operator: string,
  expected: unknown,
  message: string | undefined,
): AssertionError {
  return new AssertionError(
    message ?? `Expect ${show(actual)} ${operator} ${show(expected)}`,
  );
}
