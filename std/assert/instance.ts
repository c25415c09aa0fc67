import { ending } from "./_text.ts";
import { AssertionError } from "./assertion_error.ts";

/**
 * Any class that is not abstract. Its parameters have the type that the real package gives them, one
 * that nothing is written with here; a stricter or looser one would let other programs compile.
 */
export type AnyConstructor = new (...args: Parameters<Console["log"]>) => unknown;

/**
 * Asserts that a value is an instance of a class.
 *
 * @param actual The value found.
 * @param expectedType The class.
 * @param msg Added to the message.
 * @throws {AssertionError} If it is not.
 */
export function assertInstanceOf<
  T extends abstract new (...args: ConstructorParameters<AnyConstructor>) => unknown,
>(actual: unknown, expectedType: T, msg = ""): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  const expected = expectedType.name;
  const found = kindOf(actual);
  let but = ` but was "${found}"`;
  if (found === expected) but = "";
  else if (found === "function") but = " but was not an instanced object";
  throw new AssertionError(
    `Expected object to be an instance of "${expected}"${but}${ending(msg)}`,
  );
}

/**
 * Asserts that a value is not an instance of a class.
 *
 * @param actual The value found.
 * @param unexpectedType The class.
 * @param msg Added to the message.
 * @throws {AssertionError} If it is.
 */
export function assertNotInstanceOf<A, T>(
  actual: A,
  unexpectedType: abstract new (...args: ConstructorParameters<AnyConstructor>) => T,
  msg?: string,
): asserts actual is Exclude<A, T> {
  if (!(actual instanceof unexpectedType)) return;
  throw new AssertionError(
    `Expected object to not be an instance of "${typeof unexpectedType}"${ending(msg)}`,
  );
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "object") return value.constructor?.name ?? "Object";
  return typeof value;
}
