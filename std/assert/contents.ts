import { ending, show } from "./_text.ts";
import { AssertionError } from "./assertion_error.ts";
import { equal } from "./equal.ts";
import { assertEquals } from "./equality.ts";

/** An array, a typed array or another object with a length. */
export type ArrayLikeArg<T> = ArrayLike<T> & object;

/**
 * Asserts that an array has every item of another, wherever it stands.
 *
 * @param actual The array found.
 * @param expected The items it must have.
 * @param msg Added to the message.
 * @throws {AssertionError} If an item is missing, naming those that are.
 */
export function assertArrayIncludes<T>(
  actual: ArrayLikeArg<T>,
  expected: ArrayLikeArg<T>,
  msg?: string,
): void {
  const items = Array.from(actual);
  const missing = Array.from(expected).filter((wanted) =>
    !items.some((item) => equal(wanted, item))
  );
  if (missing.length === 0) return;
  throw new AssertionError(
    `Expected actual: "${show(actual)}" to include: "${show(expected)}"${ending(msg)}\n` +
      `missing: ${show(missing)}`,
  );
}

/**
 * Asserts that an object has the keys of another, with values that match in the same way all the
 * way down. Of an array only as many items count as the expected one has; classes do not count.
 *
 * @param actual The object found.
 * @param expected The part of it that counts.
 * @param msg Added to the message.
 * @throws {AssertionError} If it does not match, showing how that part differs.
 * @throws {TypeError} If `actual` is not an object.
 */
export function assertObjectMatch(
  actual: object,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  if (!isObject(actual) && typeof actual !== "function") {
    throw new TypeError(
      `Cannot assertObjectMatch ${actual === null ? null : `type ${typeof actual}`}`,
    );
  }
  assertEquals(
    narrowObject(actual, expected, new Map()),
    narrowObject(expected, expected, new Map()),
    msg,
  );
}

/** What each value was narrowed by, so that a reference back to itself ends. */
type Seen = Map<object, object>;

/** The part of a value that a pattern speaks of. */
function narrow(value: unknown, pattern: unknown, seen: Seen): unknown {
  if (
    !isObject(value) || !isObject(pattern) || value instanceof RegExp ||
    value instanceof Date
  ) {
    return value;
  }
  if (Array.isArray(value) && Array.isArray(pattern)) {
    if (seen.get(value) === pattern) return value;
    seen.set(value, pattern);
    const count = Math.min(value.length, pattern.length);
    return Array.from(
      { length: count },
      (_, index) => narrow(value[index], pattern[index], seen),
    );
  }
  if (value instanceof Set && pattern instanceof Set) {
    return value.intersection(pattern);
  }
  if (value instanceof Map && pattern instanceof Map) {
    const shared = [...value].filter(([key]) => pattern.has(key));
    return new Map(shared.map(([key, item]) => {
      const other: unknown = pattern.get(key);
      const both = isObject(item) && isObject(other);
      return [key, both ? narrowObject(item, other, seen) : item];
    }));
  }
  return narrowObject(value, pattern, seen);
}

/** As {@linkcode narrow}, but taking any object for a plain one. */
function narrowObject(value: object, pattern: object, seen: Seen): object {
  const wanted = new Set(Reflect.ownKeys(pattern));
  if (seen.get(value) === pattern) return value;
  seen.set(value, pattern);
  const keys = Reflect.ownKeys(value);
  const shared = keys.filter((key) => wanted.has(key));
  // With no key in common, the object as it is makes the clearest difference.
  const disjoint = shared.length === 0 && keys.length > 0 && wanted.size > 0;
  const narrowed = {};
  for (const key of disjoint ? keys : shared) {
    const item: unknown = Reflect.get(value, key);
    Object.defineProperty(narrowed, key, {
      value: disjoint ? item : narrow(item, Reflect.get(pattern, key), seen),
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  return narrowed;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
