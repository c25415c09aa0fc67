import { ending } from "./_text.ts";
import { AssertionError } from "./assertion_error.ts";

/** The values that count as false. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/**
 * Asserts that a value counts as true.
 *
 * @param expr The value.
 * @param msg The error's whole message.
 * @throws {AssertionError} If it does not.
 */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/**
 * Asserts that a value counts as false.
 *
 * @param expr The value.
 * @param msg The error's whole message.
 * @throws {AssertionError} If it does not.
 */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/**
 * Asserts that a value is neither `null` nor `undefined`.
 *
 * @param actual The value.
 * @param msg Added to the message.
 * @throws {AssertionError} If it is.
 */
export function assertExists<T>(
  actual: T,
  msg?: string,
): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    throw new AssertionError(
      `Expected actual: "${actual}" to not be null or undefined${ending(msg)}`,
    );
  }
}

/**
 * Fails.
 *
 * @param msg Added to the message.
 * @throws {AssertionError} Always.
 */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${ending(msg)}`);
}

/**
 * Fails, for a place that no run should come to.
 *
 * @param msg Added to the message.
 * @throws {AssertionError} Always.
 */
export function unreachable(msg?: string): never {
  throw new AssertionError(`Unreachable${ending(msg)}`);
}

/**
 * Fails, for what is yet to be written.
 *
 * @param msg Added to the message.
 * @throws {AssertionError} Always.
 */
export function unimplemented(msg?: string): never {
  throw new AssertionError(`Unimplemented${ending(msg)}`);
}
