import { ending } from "./_text.ts";
import { AssertionError } from "./assertion_error.ts";

/**
 * Asserts that a string contains another.
 *
 * @param actual The string found.
 * @param expected What it must contain.
 * @param msg Added to the message.
 * @throws {AssertionError} If it does not.
 */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to contain: "${expected}"${ending(msg)}`,
  );
}

/**
 * Asserts that a string matches a regular expression.
 *
 * @param actual The string found.
 * @param expected What it must match.
 * @param msg Added to the message.
 * @throws {AssertionError} If it does not.
 */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (expected.test(actual)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to match: "${expected}"${ending(msg)}`,
  );
}

/**
 * Asserts that a string does not match a regular expression.
 *
 * @param actual The string found.
 * @param expected What it must not match.
 * @param msg Added to the message.
 * @throws {AssertionError} If it does.
 */
export function assertNotMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (!expected.test(actual)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to not match: "${expected}"${ending(msg)}`,
  );
}
