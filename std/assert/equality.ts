import { diff } from "./_diff.ts";
import { ending, show } from "./_text.ts";
import { AssertionError } from "./assertion_error.ts";
import { equal } from "./equal.ts";

/**
 * Asserts that two values are equal all the way down, as {@linkcode equal} says.
 *
 * @param actual The value found.
 * @param expected The value wanted.
 * @param msg Added to the message.
 * @throws {AssertionError} If they differ, showing how.
 */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  throw new AssertionError(
    `Values are not equal${ending(msg)}\n${diff(actual, expected)}`,
  );
}

/**
 * Asserts that two values are not equal, as {@linkcode equal} says.
 *
 * @param actual The value found.
 * @param expected The value it must differ from.
 * @param msg Added to the message.
 * @throws {AssertionError} If they are equal.
 */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  throw new AssertionError(
    `Expected actual: ${show(actual)} not to be: ${show(expected)}${ending(msg)}`,
  );
}

/**
 * Asserts that two values are the same by `Object.is`.
 *
 * @param actual The value found.
 * @param expected The value wanted.
 * @param msg Added to the message.
 * @throws {AssertionError} If they are not.
 */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  const text = show(actual);
  if (text !== show(expected)) {
    throw new AssertionError(
      `Values are not strictly equal${ending(msg)}\n${diff(actual, expected)}`,
    );
  }
  throw new AssertionError(
    `Values have the same structure but are not reference-equal${ending(msg)}\n\n${
      text.replace(/^/gm, "    ")
    }\n`,
  );
}

/**
 * Asserts that two values are not the same by `Object.is`.
 *
 * @param actual The value found.
 * @param expected The value it must not be.
 * @param msg Added to the message.
 * @throws {AssertionError} If they are the same.
 */
export function assertNotStrictEquals<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!Object.is(actual, expected)) return;
  throw new AssertionError(
    `Expected "actual" to not be strictly equal to: ${show(actual)}${ending(msg)}\n`,
  );
}

/**
 * Asserts that two numbers are nearly the same.
 *
 * @param actual The number found.
 * @param expected The number wanted.
 * @param tolerance How far apart they may be: a ten-millionth of `expected` by default.
 * @param msg Added to the message.
 * @throws {AssertionError} If they are further apart.
 */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const delta = Math.abs(expected - actual);
  const limit = tolerance ??
    (isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  if (delta <= limit) return;
  throw new AssertionError(
    `Expected actual: "${brief(actual)}" to be close to "${brief(expected)}": ` +
      `delta "${brief(delta)}" is greater than "${brief(limit)}"${ending(msg)}`,
  );
}

function brief(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toExponential();
}
