// @ts-types="./_js_yaml.d.ts"
import jsYaml from "js-yaml";

const { DEFAULT_SAFE_SCHEMA, FAILSAFE_SCHEMA, JSON_SCHEMA, Schema, Type } = jsYaml;

/**
 * What plain scalars and tags stand for.
 *
 * - `failsafe`: text, lists and mappings only.
 * - `json`: also null, booleans and numbers.
 * - `core`: the same as `json`.
 * - `default`: also dates, merge keys, binary data, ordered maps, pairs and sets.
 * - `extended`: also regular expressions and undefined.
 */
export type SchemaType = "failsafe" | "json" | "core" | "default" | "extended";

/** The start of the tags that YAML itself defines. */
export const TAG_PREFIX = "tag:yaml.org,2002:";

const NULL = /^(?:~|null|Null|NULL)$/;
const BOOLEAN = /^(?:true|True|TRUE|false|False|FALSE)$/;
// Zero and what starts with it; a decimal integer reads as a float with no fraction.
const INTEGER = /^[-+]?(?:0|0b[01_]*[01]|0x[\da-fA-F_]*[\da-fA-F]|0[0-7_]*[0-7])$/;
const FLOAT =
  /^(?:[-+]?(?:(?:0|[1-9][\d_]*)(?:\.[\d_]*)?(?:[eE][-+]?\d+)?|\.(?:inf|Inf|INF))|\.[\d_]+(?:[eE][-+]?\d+)?|\.(?:nan|NaN|NAN))(?<!_)$/;
const DATE = /^\d{4}-\d\d-\d\d$/;
const TIME =
  /^\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?$/;
const PATTERN = /^\/([^]+)\/([gimsuy]*)$/;

const plainTypes = [
  scalar("null", (data) => NULL.test(data), () => null),
  scalar("int", (data) => INTEGER.test(data), readInteger),
  scalar("float", (data) => FLOAT.test(data), readFloat),
];

const binary = scalar("binary", isBase64, (data) => {
  const bytes = atob(data.replace(/[\r\n=]/g, ""));
  return Uint8Array.from(bytes, (character) => character.charCodeAt(0));
});

const extendedTypes = [
  scalar("js/regexp", isPattern, (data) => {
    const [, source = data, flags = ""] = PATTERN.exec(data) ?? [];
    return new RegExp(source, flags);
  }),
  new Type(`${TAG_PREFIX}js/undefined`, {
    kind: "scalar",
    construct: () => undefined,
  }),
];

const json = new Schema({ include: [JSON_SCHEMA], implicit: plainTypes });
const standard = new Schema({
  include: [DEFAULT_SAFE_SCHEMA],
  implicit: plainTypes,
  explicit: [binary],
});

/** How js-yaml reads each schema. */
export const SCHEMAS: Readonly<Record<SchemaType, jsYaml.Schema>> = {
  failsafe: FAILSAFE_SCHEMA,
  json,
  core: json,
  default: standard,
  extended: new Schema({ include: [standard], explicit: extendedTypes }),
};

/** Whether a plain scalar would be read as something other than text. */
export function isAmbiguous(text: string, schema: SchemaType): boolean {
  if (schema === "failsafe") return false;
  if ([NULL, BOOLEAN, INTEGER, FLOAT].some((form) => form.test(text))) {
    return true;
  }
  if (schema === "json" || schema === "core") return false;
  return text === "<<" || DATE.test(text) || TIME.test(text);
}

function scalar(
  name: string,
  resolve: (data: string) => boolean,
  construct: (data: string) => unknown,
): jsYaml.Type {
  return new Type(TAG_PREFIX + name, {
    kind: "scalar",
    resolve: (data) => typeof data === "string" && resolve(data),
    construct,
  });
}

function readInteger(data: string): number {
  const digits = data.replace(/^[-+]|_/g, "");
  if (digits === "0") return 0;
  const sign = data.startsWith("-") ? -1 : 1;
  if (digits.startsWith("0b")) return sign * parseInt(digits.slice(2), 2);
  return sign * parseInt(digits, digits.startsWith("0x") ? 16 : 8);
}

function readFloat(data: string): number {
  const text = data.replaceAll("_", "").toLowerCase();
  if (text === ".nan") return NaN;
  if (text.endsWith(".inf")) return text.startsWith("-") ? -Infinity : Infinity;
  return parseFloat(text);
}

function isBase64(data: string): boolean {
  return /^[\w+/=\r\n]*$/.test(data) && !data.includes("_") &&
    data.replace(/[\r\n]/g, "").length % 4 === 0;
}

function isPattern(data: string): boolean {
  if (!data.startsWith("/")) return data !== "";
  const flags = PATTERN.exec(data)?.[2];
  return flags !== undefined && new Set(flags).size === flags.length;
}
