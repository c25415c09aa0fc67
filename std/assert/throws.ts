import { stripVTControlCharacters } from "node:util";
import { ending } from "./_text.ts";
import { AssertionError } from "./assertion_error.ts";
import type { AnyConstructor } from "./instance.ts";

/**
 * Asserts that a value is an error, of a class and with words in its message if those are given.
 *
 * @param error The value found.
 * @param ErrorClass The class it must be an instance of.
 * @param msgMatches What its message must contain or match. Terminal colours do not count.
 * @param msg Added to the message.
 * @throws {AssertionError} If it is not.
 */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: abstract new (...args: ConstructorParameters<AnyConstructor>) => E,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) {
    throw new AssertionError(
      `Expected "error" to be an Error object${ending(msg)}`,
    );
  }
  if (ErrorClass && !(error instanceof ErrorClass)) {
    throw new AssertionError(
      `Expected error to be instance of "${ErrorClass.name}", but was ` +
        `"${error.constructor?.name}"${ending(msg)}`,
    );
  }
  if (!msgMatches) return;
  const message = stripVTControlCharacters(error.message);
  const matches = typeof msgMatches === "string"
    ? message.includes(stripVTControlCharacters(msgMatches))
    : msgMatches.test(message);
  if (matches) return;
  throw new AssertionError(
    `Expected error message to include ${
      typeof msgMatches === "string" ? JSON.stringify(msgMatches) : msgMatches
    }, but got ${JSON.stringify(error.message)}${ending(msg)}`,
  );
}

/**
 * Asserts that a function throws, and gives what it threw.
 *
 * @param fn The function.
 * @param msg Added to the message.
 * @returns What was thrown.
 * @throws {AssertionError} If nothing was.
 */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/**
 * Asserts that a function throws an error of a class, and gives the error.
 *
 * @param fn The function.
 * @param ErrorClass The class.
 * @param msgIncludes What the error's message must contain.
 * @param msg Added to the message.
 * @returns The error.
 * @throws {AssertionError} If nothing was thrown, or something else.
 */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: abstract new (...args: ConstructorParameters<AnyConstructor>) => E,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  classOrMessage?: ErrorClass | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const wanted = readWanted(classOrMessage, msgIncludes, msg);
  try {
    fn();
  } catch (error) {
    check(error, wanted, "A non-Error object was thrown");
    return error;
  }
  throw new AssertionError(
    `Expected function to throw${ending(wanted.message)}`,
  );
}

/**
 * Asserts that a function's promise is rejected, and gives what it was rejected with.
 *
 * @param fn The function.
 * @param msg Added to the message.
 * @returns What the promise was rejected with.
 * @throws {AssertionError} If it was not, or if the function gave no promise.
 */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
/**
 * Asserts that a function's promise is rejected with an error of a class, and gives the error.
 *
 * @param fn The function.
 * @param ErrorClass The class.
 * @param msgIncludes What the error's message must contain.
 * @param msg Added to the message.
 * @returns The error.
 * @throws {AssertionError} If it was not, if the error was another, or if the function gave no
 * promise.
 */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: abstract new (...args: ConstructorParameters<AnyConstructor>) => E,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  classOrMessage?: ErrorClass | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const wanted = readWanted(classOrMessage, msgIncludes, msg);
  const promise = start(fn, wanted);
  try {
    await promise;
  } catch (error) {
    check(error, wanted, "A non-Error object was rejected");
    return error;
  }
  throw new AssertionError(
    `Expected function to reject${ending(wanted.message)}`,
  );
}

/** Any class of errors, abstract ones included. */
type ErrorClass = abstract new (...args: ConstructorParameters<AnyConstructor>) => Error;

/** What an assertion about an error asks for. */
interface Wanted {
  readonly type: ErrorClass | undefined;
  readonly includes: string | undefined;
  readonly message: string | undefined;
}

function readWanted(
  classOrMessage: ErrorClass | string | undefined,
  includes: string | undefined,
  message: string | undefined,
): Wanted {
  return typeof classOrMessage === "string"
    ? { type: undefined, includes: undefined, message: classOrMessage }
    : { type: classOrMessage, includes, message };
}

function check(error: unknown, wanted: Wanted, notAnError: string): void {
  if (wanted.type === undefined) return;
  if (!(error instanceof Error)) {
    throw new AssertionError(notAnError + ending(wanted.message));
  }
  assertIsError(error, wanted.type, wanted.includes, wanted.message);
}

/** Calls a function that has to give a promise. */
function start(
  fn: () => PromiseLike<unknown>,
  wanted: Wanted,
): PromiseLike<unknown> {
  const failure = new AssertionError(
    `Function throws when expected to reject${ending(wanted.message)}`,
  );
  let result: unknown;
  try {
    result = fn();
  } catch {
    throw failure;
  }
  if (!isPromiseLike(result)) throw failure;
  return result;
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}
