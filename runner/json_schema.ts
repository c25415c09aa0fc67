/**
 * JSON Schema: whether a schema can be used, whether a text is JSON of its form, and what
 * expressions may say of it. Schemas are written by whoever writes the workflow, texts by a model or
 * a command: neither can hold up the runner. Patterns are RE2, references stay inside the schema,
 * and the work is counted.
 *
 * @module
 */

import type { Value } from "./expressions/expression.ts";
import type { JsonSchema } from "./plan.ts";
import { copySchema, type SchemaPath, type SchemaProblem } from "./_schema_copy.ts";
import { errorTexts } from "./_schema_errors.ts";
import { metaProblems } from "./_schema_meta.ts";
import { type Validator, validatorMaker, WorkError } from "./_schema_validator.ts";

export type { SchemaPath, SchemaProblem } from "./_schema_copy.ts";

/** Characters that a text may have. */
const TEXT_CHARACTERS = 16 * 1024 * 1024;

/** Characters of a text up to which all its errors are looked for, not the first alone. */
const ALL_ERRORS_CHARACTERS = 65_536;

/** Schemas that are held against parts of one text, and patterns that are tried, at most. */
const WORK = 2_000_000;

/** The same where every error is collected. */
const ALL_ERRORS_WORK = 200_000;

/** What a text is. */
export type JsonResult =
  | { readonly ok: true; readonly value: Value }
  | {
    readonly ok: false;
    /** What does not fit: `/items/0/name: must be string, found 3`. */
    readonly errors: readonly string[];
  };

/** Options of {@linkcode validateJson}. */
export interface ValidateJsonOptions {
  /**
   * Whether the JSON may be in one fence of three backticks, as models write it.
   *
   * @default {false}
   */
  readonly fenced?: boolean;
}

/** The validators of one schema, made when they are first needed. */
interface Compiled {
  readonly problems: readonly SchemaProblem[];
  readonly first?: Validator;
  readonly all?: () => Validator;
}

const compiled = new WeakMap<object, Promise<Compiled>>();

/**
 * Says whether a schema can be used.
 *
 * @param schema The schema.
 * @returns What is wrong with it; nothing if it can be used.
 */
export async function compileSchema(schema: unknown): Promise<readonly SchemaProblem[]> {
  if (isSchema(schema)) return (await validatorsOf(schema)).problems;
  return [{ path: [], message: "A schema is a map, true or false" }];
}

/** Whether something may be a schema; `compileSchema` says whether it is a good one. */
export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "boolean" ||
    typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads a text as JSON and holds it against a schema.
 *
 * @param schema A schema that can be used.
 * @param text The text.
 * @param options Whether it may be fenced.
 * @returns The value, or what is wrong with it, in at most 21 sentences.
 * @throws {TypeError} If the schema cannot be used.
 */
export async function validateJson(
  schema: JsonSchema,
  text: string,
  options: ValidateJsonOptions = {},
): Promise<JsonResult> {
  const parsed = parseJson(options.fenced === true ? unfenced(text) : text);
  if (!parsed.ok) return parsed;
  const { value } = parsed;
  const { problems, first, all } = await validatorsOf(schema);
  const [problem] = problems;
  if (problem !== undefined || first === undefined || all === undefined) {
    throw new TypeError(`The schema cannot be used: ${problem?.message ?? "it was not compiled"}`);
  }
  if (text.length <= ALL_ERRORS_CHARACTERS) {
    const errors = errorsOf(all(), value, ALL_ERRORS_WORK);
    if (errors !== "too much work") return resultOf(value, errors);
  }
  const errors = errorsOf(first, value, WORK);
  if (errors !== "too much work") return resultOf(value, errors);
  return { ok: false, errors: ["it takes too much work to hold it against the schema"] };
}

/**
 * Reads a text as JSON.
 *
 * @param text The text.
 * @returns The value, or why it is none.
 */
export function parseJson(text: string): JsonResult {
  if (text.length > TEXT_CHARACTERS) {
    const size = `${text.length} characters, more than the ${TEXT_CHARACTERS} allowed`;
    return { ok: false, errors: [`it has ${size}`] };
  }
  if (text.trim() === "") return { ok: false, errors: ["it is empty, and not JSON"] };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { ok: false, errors: [`it is not JSON: ${error.message.replaceAll("\n", "\\n")}`] };
  }
}

/** What is in a fence, where a text is one fence and nothing else. */
function unfenced(text: string): string {
  const lines = text.trim().split("\n");
  const [, fence] = /^(`{3,})[ \t]*(?:json)?[ \t]*\r?$/i.exec(lines[0] ?? "") ?? [];
  const isFenced = fence !== undefined && lines.length > 1 && lines.at(-1) === fence;
  // Another fence in it would be no JSON.
  return isFenced ? lines.slice(1, -1).join("\n") : text;
}

function resultOf(value: Value, errors: readonly string[]): JsonResult {
  return errors.length === 0 ? { ok: true, value } : { ok: false, errors };
}

function errorsOf(
  { validate, work }: Validator,
  value: Value,
  most: number,
): readonly string[] | "too much work" {
  work.left = most;
  try {
    return validate(value) ? [] : errorTexts(validate.errors ?? [], value);
  } catch (error) {
    if (error instanceof WorkError) return "too much work";
    // A schema that leads to itself, or data that nest as deep as the stack is.
    if (error instanceof RangeError) {
      return ["it nests too deep, or the schema leads to itself without end"];
    }
    throw error;
  } finally {
    validate.errors = null;
  }
}

function validatorsOf(schema: JsonSchema): Promise<Compiled> {
  if (typeof schema === "boolean") return compile(schema);
  const known = compiled.get(schema) ?? compile(schema);
  compiled.set(schema, known);
  return known;
}

async function compile(written: JsonSchema): Promise<Compiled> {
  const { schema, problems, references, patterns } = copySchema(written);
  if (problems.length > 0) return { problems };
  const wrong = [...await metaProblems(schema), ...await patternProblems(patterns)];
  if (wrong.length > 0) return { problems: wrong };
  const make = await validatorMaker();
  try {
    const first = make(schema, false);
    let all: Validator | undefined;
    return { problems: [], first, all: () => all ??= make(schema, true) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { problems: [refusal(error, references)] };
  }
}

async function patternProblems(
  patterns: ReadonlyMap<string, SchemaPath>,
): Promise<readonly SchemaProblem[]> {
  if (patterns.size === 0) return [];
  const { RE2JS, RE2JSException } = await import("re2js");
  return [...patterns].flatMap(([pattern, path]) => {
    try {
      RE2JS.compile(RE2JS.translateRegExp(pattern));
      return [];
    } catch (error) {
      if (!(error instanceof RE2JSException)) throw error;
      const reason = error.message.replace(/^error parsing regexp: /, "");
      const hint = "It is RE2 syntax: no look-around and no back-references";
      return [{ path, message: `The pattern cannot be read: ${reason}`, hint }];
    }
  });
}

/** References and ids that the form of a schema says nothing of. */
function refusal(
  error: Error,
  references: ReadonlyMap<string, SchemaPath>,
): SchemaProblem {
  const missing = /^can't resolve reference (.+) from id /.exec(error.message)?.[1];
  if (missing !== undefined) {
    return {
      path: references.get(missing) ?? [],
      message: `Nothing is at "${missing}" in the schema`,
      hint: "Write what it leads to below $defs, and #/$defs/NAME",
    };
  }
  const path: SchemaPath = [];
  if (error instanceof RangeError) return { path, message: "The schema nests too deep" };
  return { path, message: `The schema cannot be read: ${error.message}` };
}
