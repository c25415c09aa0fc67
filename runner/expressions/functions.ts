/**
 * The functions of expressions that need nothing but their arguments.
 *
 * @module
 */

import { areEqual, folded, isList, isMap, jsonOf, TEXT_LIMIT, textOf, tooLong } from "./coerce.ts";
import { ExpressionError } from "./errors.ts";
import type { FunctionName, Value } from "./expression.ts";

/** Functions that look at nothing but their arguments. */
export type PureFunction = Exclude<
  FunctionName,
  "default" | "hashFiles" | "always" | "success" | "failure"
>;

/**
 * @param name The function.
 * @param given Its arguments, as many as it takes.
 * @returns What it comes to.
 * @throws {ExpressionError} If it comes to nothing.
 */
export function callFunction(name: PureFunction, given: readonly Value[]): Value {
  const [first = null, second = null] = given;
  switch (name) {
    case "contains":
      return contains(first, second);
    case "startsWith":
      return arePlain(first, second) && folded(textOf(first)).startsWith(folded(textOf(second)));
    case "endsWith":
      return arePlain(first, second) && folded(textOf(first)).endsWith(folded(textOf(second)));
    case "join":
      return join(first, given.length > 1 ? second : ",");
    case "toJSON":
      return jsonOf(first, 2);
    case "fromJSON":
      return fromJSON(textOf(first));
    case "format":
      return format(textOf(first), given.slice(1));
  }
}

function arePlain(...values: readonly Value[]): boolean {
  return values.every((value) => !isList(value) && !isMap(value));
}

function contains(search: Value, item: Value): boolean {
  if (isList(search)) return search.some((each) => areEqual(item, each));
  return arePlain(search, item) && folded(textOf(search)).includes(folded(textOf(item)));
}

function join(list: Value, separator: Value): string {
  if (!isList(list)) return isMap(list) ? "" : textOf(list);
  return joined(list.map(textOf), arePlain(separator) ? textOf(separator) : ",");
}

function fromJSON(text: string): Value {
  try {
    return JSON.parse(text, (_, value) => {
      if (typeof value === "number" && !Number.isFinite(value)) {
        throw new ExpressionError("A number in the JSON is too large");
      }
      return value;
    });
  } catch (error) {
    if (error instanceof SyntaxError) {
      const start = text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text;
      throw new ExpressionError(`The text is not JSON: '${start}'`);
    }
    if (!(error instanceof RangeError)) throw error;
    throw new ExpressionError("The JSON is nested too deeply");
  }
}

/** Characters of a text that an error quotes. */
const QUOTED = 80;

const PLACEHOLDER = /\{\{|\}\}|\{([0-9]+)\}|[{}]/g;

function format(form: string, values: readonly Value[]): string {
  const parts: string[] = [];
  let position = 0;
  for (const { 0: found, 1: number, index } of form.matchAll(PLACEHOLDER)) {
    parts.push(form.slice(position, index));
    position = index + found.length;
    if (found === "{{" || found === "}}") {
      parts.push(found.charAt(0));
    } else {
      const value = number === undefined ? undefined : values[Number(number)];
      if (value === undefined) throw new ExpressionError(formatProblem(found, values.length));
      parts.push(textOf(value));
    }
  }
  parts.push(form.slice(position));
  return joined(parts, "");
}

/**
 * @param form The first argument of `format`.
 * @param count How many values it is given.
 * @returns What is wrong with it, in a sentence, if anything is.
 */
export function formatFault(form: string, count: number): string | undefined {
  for (const { 0: found, 1: number } of form.matchAll(PLACEHOLDER)) {
    if (found === "{{" || found === "}}") continue;
    if (number === undefined || Number(number) >= count) return formatProblem(found, count);
  }
  return undefined;
}

function formatProblem(found: string, count: number): string {
  if (found === "{" || found === "}") {
    return `The format has a '${found}' of its own: write it twice, or {0} for a value`;
  }
  return `The format has ${found} and is given ${count} ${count === 1 ? "value" : "values"}: ` +
    "they are counted from {0}";
}

/** Puts texts together, unless that were too long. */
function joined(parts: readonly string[], separator: string): string {
  const length = parts.reduce((sum, part) => sum + part.length + separator.length, 0);
  if (length - separator.length > TEXT_LIMIT) throw tooLong();
  return parts.join(separator);
}
