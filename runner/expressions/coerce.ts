/**
 * How values turn into each other and compare: as in GitHub Actions, but that lists and maps are
 * written as JSON where a text is wanted.
 *
 * @module
 */

import { ExpressionError } from "./errors.ts";
import type { Value } from "./expression.ts";

/** The longest text that an expression may make, in UTF-16 code units: 16 Mi. */
export const TEXT_LIMIT = 16 * 1024 * 1024;

const DECIMAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const INTEGER = /^0(?:x[0-9a-fA-F]+|o[0-7]+)$/;

/**
 * @param value A value.
 * @returns Whether a condition holds that has it: all but `false`, `0`, `''`, `null` and not-a-number.
 */
export function isTruthy(value: Value): boolean {
  return Boolean(value);
}

/**
 * @param value A value.
 * @returns Whether it is a list.
 */
export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/**
 * @param value A value.
 * @returns Whether it is a map.
 */
export function isMap(value: Value): value is { readonly [name: string]: Value } {
  return typeof value === "object" && value !== null && !isList(value);
}

/**
 * @param value A value.
 * @returns The number that it stands for in comparisons; not-a-number for lists, maps, and texts that
 * are none.
 */
export function numberOf(value: Value): number {
  if (typeof value === "number") return value;
  if (value === null) return 0;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value !== "string") return NaN;
  const text = value.trim();
  if (text === "") return 0;
  if (DECIMAL.test(text) || INTEGER.test(text)) return Number(text);
  return /^[+-]?Infinity$/.test(text) ? Number(text) : NaN;
}

/**
 * @param value A value.
 * @returns It as a text: `null` is empty, lists and maps are JSON without spaces.
 * @throws {ExpressionError} If it is too long or too deep to be written.
 */
export function textOf(value: Value): string {
  if (typeof value === "string") return value;
  if (value === null) return "";
  if (typeof value === "object") return jsonOf(value);
  return String(value);
}

/**
 * @param value A value.
 * @param indent Spaces of each level; none, all in one line, unless said otherwise.
 * @returns It as JSON.
 * @throws {ExpressionError} If it is too long or too deep to be written.
 */
export function jsonOf(value: Value, indent = 0): string {
  let text: string;
  try {
    text = JSON.stringify(value, undefined, indent);
  } catch (error) {
    // A model can answer with more levels than the engine has room for.
    if (!(error instanceof RangeError)) throw error;
    throw new ExpressionError("The value is nested too deeply to be written as JSON");
  }
  if (text.length > TEXT_LIMIT) throw tooLong();
  return text;
}

/** @returns The error of a text that is over {@linkcode TEXT_LIMIT}. */
export function tooLong(): ExpressionError {
  return new ExpressionError(`A text must not be longer than ${TEXT_LIMIT} characters`);
}

/**
 * @param text A text.
 * @returns It without regard to case, a code unit for each of its own.
 */
export function folded(text: string): string {
  if (/^[ -~\s]*$/.test(text)) return text.toUpperCase();
  let result = "";
  for (const character of text) {
    const upper = character.toUpperCase();
    // A dotless i is a letter of its own, and what grows has no single counterpart.
    result += upper.length === character.length && character !== "ı" ? upper : character;
  }
  return result;
}

/**
 * @param left A value.
 * @param right Another one.
 * @returns Whether `==` holds between them.
 */
export function areEqual(left: Value, right: Value): boolean {
  const [a, b] = alike(left, right);
  if (typeof a === "string" && typeof b === "string") return folded(a) === folded(b);
  return a === b;
}

/**
 * @param left A value.
 * @param right Another one.
 * @returns Whether `<` holds between them.
 */
export function isLess(left: Value, right: Value): boolean {
  const [a, b] = alike(left, right);
  if (typeof a === "string" && typeof b === "string") return folded(a) < folded(b);
  if (typeof a === "number" && typeof b === "number") return a < b;
  if (typeof a === "boolean" && typeof b === "boolean") return !a && b;
  return false;
}

/** Values of one type as they are, those of different ones as numbers. */
function alike(left: Value, right: Value): readonly [Value, Value] {
  const same = kindOf(left) === kindOf(right);
  return same ? [left, right] : [numberOf(left), numberOf(right)];
}

function kindOf(value: Value): string {
  return value === null ? "null" : isList(value) ? "list" : typeof value;
}
