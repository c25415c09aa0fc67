/**
 * What is wrong with an expression: before a run, as data with a place; during one, as an exception.
 *
 * @module
 */

/** Where a part of an expression is, in UTF-16 code units. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** What is wrong with an expression, and where in the text that was parsed. */
export interface ExpressionProblem extends Span {
  /** One sentence: a capital, no full stop. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string | undefined;
}

/**
 * An expression that has no value: `fromJSON` of what is no JSON, a file that cannot be hashed.
 * Evaluation throws nothing else.
 *
 * @example
 * ```ts
 * import { ExpressionError } from "./errors.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(new ExpressionError("It has no value").name, "ExpressionError");
 * ```
 */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}
