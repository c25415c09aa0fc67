/**
 * Stands in for `@std/assert` where JSR cannot be reached: assertions that throw an
 * {@linkcode AssertionError}.
 *
 * @module
 */

export { AssertionError } from "./assertion_error.ts";
export { type ArrayLikeArg, assertArrayIncludes, assertObjectMatch } from "./contents.ts";
export { equal } from "./equal.ts";
export {
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertNotStrictEquals,
  assertStrictEquals,
} from "./equality.ts";
export { type AnyConstructor, assertInstanceOf, assertNotInstanceOf } from "./instance.ts";
export { assertGreater, assertGreaterOrEqual, assertLess, assertLessOrEqual } from "./order.ts";
export { assertMatch, assertNotMatch, assertStringIncludes } from "./text.ts";
export { assertIsError, assertRejects, assertThrows } from "./throws.ts";
export {
  assert,
  assertExists,
  assertFalse,
  fail,
  type Falsy,
  unimplemented,
  unreachable,
} from "./truth.ts";
