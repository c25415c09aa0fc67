/**
 * Holds values against the inputs that they are for: those of the command line and the environment,
 * which are texts, and those that have a type already.
 *
 * @module
 */

import type { RE2JS } from "re2js";
import { BackendError } from "../backends/errors.ts";
import { canonicalPath } from "../backends/paths.ts";
import type { Value } from "./expressions/expression.ts";
import type { InputValue, PlanInput } from "./plan.ts";

/** An input's value, or what it would have to be: "a number". */
export type TakenInput =
  | { readonly value: InputValue; readonly expected?: undefined }
  | { readonly value?: undefined; readonly expected: string };

/** Patterns that were read; a file has few, and each is asked for more than once. */
const READ = new Map<string, RE2JS>();

/**
 * @param input What is declared.
 * @param text A text that stands for a value: `3`, `true`.
 * @returns The value.
 */
export async function inputFromText(input: PlanInput, text: string): Promise<TakenInput> {
  switch (input.type) {
    case "boolean":
      if (text === "true" || text === "false") return { value: text === "true" };
      return { expected: expectation(input) };
    case "number":
      return /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text)
        ? await inputFromValue(input, Number(text))
        : { expected: expectation(input) };
    default:
      return await inputFromValue(input, text);
  }
}

/**
 * @param input What is declared.
 * @param value A value.
 * @returns The same; of a path, its canonical form.
 */
export async function inputFromValue(input: PlanInput, value: Value): Promise<TakenInput> {
  const expected = expectation(input);
  switch (input.type) {
    case "boolean":
      return typeof value === "boolean" ? { value } : { expected };
    case "number":
      return typeof value === "number" && Number.isFinite(value) ? { value } : { expected };
    case "choice":
      if (typeof value === "string" && input.options?.includes(value)) return { value };
      return { expected };
    case "path":
      return typeof value === "string" ? pathValue(value) : { expected };
    case "string": {
      if (typeof value !== "string") return { expected };
      const { pattern } = input;
      if (pattern === undefined || await matchesWhole(pattern, value)) return { value };
      return { expected: `a text that is ${pattern} from its beginning to its end` };
    }
  }
}

/**
 * Reads a pattern.
 *
 * @param pattern In RE2's syntax.
 * @returns Why it cannot be read, if it cannot.
 */
export async function patternProblem(pattern: string): Promise<string | undefined> {
  const { RE2JSException } = await import("re2js");
  try {
    await read(pattern);
    return undefined;
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return error.message.replace(/^error parsing regexp: /, "");
  }
}

async function matchesWhole(pattern: string, text: string): Promise<boolean> {
  return (await read(pattern)).matches(text);
}

async function read(pattern: string): Promise<RE2JS> {
  const known = READ.get(pattern);
  if (known !== undefined) return known;
  const { RE2JS } = await import("re2js");
  const compiled = RE2JS.compile(pattern);
  READ.set(pattern, compiled);
  return compiled;
}

function pathValue(path: string): TakenInput {
  try {
    return { value: canonicalPath(path) };
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return { expected: "an absolute path of the tree, such as /project/src" };
  }
}

function expectation({ type, options = [] }: PlanInput): string {
  switch (type) {
    case "boolean":
      return "true or false";
    case "number":
      return "a number";
    case "choice":
      return `one of ${options.join(", ")}`;
    case "path":
      return "an absolute path of the tree, such as /project/src";
    case "string":
      return "a text";
  }
}
