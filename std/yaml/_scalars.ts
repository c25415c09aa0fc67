import { type SchemaType, TAG_PREFIX } from "./_schema.ts";

/** The ways to write a scalar: `uppercase` for `TRUE`, `hexadecimal` for `0x1F`. */
export type StyleVariant =
  | "lowercase"
  | "uppercase"
  | "camelcase"
  | "decimal"
  | "binary"
  | "octal"
  | "hexadecimal";

/** A scalar as text. With a tag it still has to be quoted. */
export interface Scalar {
  readonly text: string;
  readonly tag?: string;
}

/** The styles asked for, by the tag's full name. */
export type Styles = ReadonlyMap<string, StyleVariant>;

/** Writes a value that is a scalar but not text, undefined if it is none in that schema. */
export function writeScalar(
  value: unknown,
  schema: SchemaType,
  styles: Styles,
): Scalar | undefined {
  if (schema === "failsafe") return undefined;
  if (value === null) return { text: cased("null", "null", styles) };
  if (typeof value === "boolean" || value instanceof Boolean) {
    return { text: cased("bool", String(value), styles) };
  }
  if (typeof value === "number" || value instanceof Number) {
    return { text: writeNumber(Number(value), styles) };
  }
  if (schema === "json" || schema === "core") return undefined;
  if (value instanceof Date) return { text: value.toISOString() };
  if (value instanceof Uint8Array) {
    return { text: encodeBase64(value), tag: `${TAG_PREFIX}binary` };
  }
  if (schema === "default") return undefined;
  if (value instanceof RegExp) return { text: String(value), tag: `${TAG_PREFIX}js/regexp` };
  return value === undefined ? { text: "", tag: `${TAG_PREFIX}js/undefined` } : undefined;
}

function writeNumber(value: number, styles: Styles): string {
  if (Number.isInteger(value) && !Object.is(value, -0)) return writeInteger(value, styles);
  if (Number.isNaN(value)) return cased("float", ".nan", styles);
  if (value === Infinity) return cased("float", ".inf", styles);
  if (value === -Infinity) return `-${cased("float", ".inf", styles)}`;
  if (value === 0) return "-0.0";
  // YAML wants a dot before an exponent.
  return String(value).replace(/^(-?\d+)e/, "$1.e");
}

function writeInteger(value: number, styles: Styles): string {
  const style = styles.get(`${TAG_PREFIX}int`) ?? "decimal";
  const sign = value < 0 ? "-" : "";
  const size = Math.abs(value);
  switch (style) {
    case "decimal":
      return String(value);
    case "binary":
      return `${sign}0b${size.toString(2)}`;
    case "octal":
      return `${sign}0${size.toString(8)}`;
    case "hexadecimal":
      return `${sign}0x${size.toString(16).toUpperCase()}`;
    default:
      throw unknownStyle("int", style);
  }
}

/** Writes a word in the case asked for. */
function cased(name: string, word: string, styles: Styles): string {
  const style = styles.get(TAG_PREFIX + name) ?? "lowercase";
  switch (style) {
    case "lowercase":
      return word;
    case "uppercase":
      return word.toUpperCase();
    case "camelcase":
      return word === ".nan" ? ".NaN" : word.replace(/[a-z]/, (letter) => letter.toUpperCase());
    default:
      throw unknownStyle(name, style);
  }
}

function unknownStyle(name: string, style: string): TypeError {
  return new TypeError(`!<${TAG_PREFIX}${name}> tag resolver accepts not "${style}" style`);
}

function encodeBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
