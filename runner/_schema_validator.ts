/**
 * Validators of JSON Schema whose work is counted: neither a schema nor a text can make one run
 * without end.
 *
 * @module
 */

import type { Ajv2020, Format, ValidateFunction } from "ajv/dist/2020.js";
import type { AddedFormat, FormatDefinition } from "ajv/dist/types/index.js";
import { COUNTED } from "./_schema_copy.ts";

/** Characters of a text that a format is looked for in; a longer one fits none. */
const FORMAT_CHARACTERS = 2_048;

/** Too much work. */
export class WorkError extends Error {
  override readonly name: string = "WorkError";
}

/** How much work is left. */
export interface Work {
  left: number;
}

/** A compiled schema. */
export interface Validator {
  readonly validate: ValidateFunction;
  /** Set before each use. */
  readonly work: Work;
}

/** Makes a validator; it throws what the schema's references and ids have wrong. */
export type Maker = (schema: object | boolean, allErrors: boolean) => Validator;

/**
 * @returns What makes a validator of a schema that `copySchema` marked.
 */
export async function validatorMaker(): Promise<Maker> {
  const [{ Ajv2020 }, { fullFormats }, { RE2JS }] = await Promise.all([
    import("ajv/dist/2020.js"),
    import("ajv-formats/dist/formats.js"),
    import("re2js"),
  ]);
  return (schema, allErrors) => {
    const work: Work = { left: 0 };
    const spend = (units: number) => {
      work.left -= units;
      if (work.left < 0) throw new WorkError("There is no work left");
    };
    // Under the name of this function the validator's code would look for it again.
    const regExp = Object.assign(
      (pattern: string) => {
        const expression = RE2JS.compile(RE2JS.translateRegExp(pattern));
        const states = expression.programSize();
        return {
          // The validator keeps one for each text that this gives.
          toString: () => pattern,
          test: (text: string) => {
            spend(1 + Math.ceil(text.length * states / 1_000));
            return expression.test(text);
          },
        };
      },
      { code: "new RegExp" },
    );
    const ajv: Ajv2020 = new Ajv2020({
      allErrors,
      strict: false,
      // A part of a schema that is used a thousand times is compiled once.
      inlineRefs: false,
      ownProperties: true,
      meta: false,
      validateSchema: false,
      multipleOfPrecision: 10,
      logger: false,
      code: { regExp, optimize: false },
    });
    ajv.addKeyword({
      keyword: COUNTED,
      before: "$ref",
      errors: false,
      validate: () => (spend(1), true),
    });
    addUniqueItems(ajv);
    for (const [name, format] of Object.entries(fullFormats)) ajv.addFormat(name, bounded(format));
    return { validate: ajv.compile(schema), work };
  };
}

/** Equal items, found without holding each against every other. */
function addUniqueItems(ajv: Ajv2020): void {
  ajv.removeKeyword("uniqueItems");
  const check = Object.assign(
    (wanted: boolean, items: readonly unknown[]): boolean => {
      const seen = new Map<string, number>();
      for (const [index, item] of wanted ? items.entries() : []) {
        const text = canonicalJson(item);
        const other = seen.get(text);
        if (other !== undefined) {
          const message = `must not have equal items: items ${other} and ${index} are`;
          check.errors = [{ keyword: "uniqueItems", message, params: {} }];
          return false;
        }
        seen.set(text, index);
      }
      return true;
    },
    { errors: [] as { keyword: string; message: string; params: Record<string, unknown> }[] },
  );
  ajv.addKeyword({ keyword: "uniqueItems", type: "array", schemaType: "boolean", validate: check });
}

/** JSON with the keys of maps in order. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
  return `{${
    entries.map(([key, one]) => `${JSON.stringify(key)}:${canonicalJson(one)}`).join(",")
  }}`;
}

/** Formats are looked for with expressions of JavaScript: in short texts alone. */
function bounded(format: Format): AddedFormat {
  if (typeof format === "string" || format === true) return true;
  if (format instanceof RegExp) return shortOnly((text) => format.test(text));
  if (typeof format === "function") return shortOnly(format);
  if (!isOfText(format)) return format;
  const { validate } = format;
  if (typeof validate === "function") return shortOnly(validate);
  const expression = new RegExp(validate);
  return shortOnly((text) => expression.test(text));
}

function shortOnly(test: (text: string) => boolean): AddedFormat {
  return (text: string) => text.length <= FORMAT_CHARACTERS && test(text);
}

function isOfText(format: Exclude<AddedFormat, true>): format is FormatDefinition<string> {
  if (typeof format === "function" || format instanceof RegExp) return false;
  return format.type !== "number" && format.async !== true;
}
