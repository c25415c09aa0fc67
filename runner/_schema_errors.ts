/**
 * What a validator says of JSON that does not fit its schema, in words for a person or a model.
 *
 * @module
 */

/** An error of the validator, as far as it is told. */
export interface ValidatorError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message?: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Errors that are told. */
const TOLD = 20;

/** Characters of a found value that are quoted. */
const QUOTED = 80;

/** Keywords that only say that something below them failed, which is told itself. */
const SUMMARIES: ReadonlySet<string> = new Set(["if", "propertyNames"]);

/** Keywords whose message needs the value that was found. */
const WITH_FOUND: ReadonlySet<string> = new Set([
  ...["type", "enum", "const", "format", "pattern", "minimum", "maximum", "exclusiveMinimum"],
  ...["exclusiveMaximum", "multipleOf"],
]);

/** Keywords whose message needs how much was found. */
const WITH_COUNT: ReadonlySet<string> = new Set([
  ...["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"],
]);

/**
 * @param errors What the validator found.
 * @param value The JSON.
 * @returns Sentences such as `/items/0/name: must be string, found 3`; after the twentieth, how many
 * there are besides.
 */
export function errorTexts(errors: readonly ValidatorError[], value: unknown): readonly string[] {
  const own = errors.filter(({ keyword }) => !SUMMARIES.has(keyword));
  const texts = new Set((own.length === 0 ? errors : own).map((error) => textOf(error, value)));
  const told = [...texts].slice(0, TOLD);
  const more = texts.size - told.length;
  return more === 0 ? told : [...told, `and ${more} more`];
}

function textOf(error: ValidatorError, value: unknown): string {
  const { instancePath, keyword } = error;
  const said = sayingOf(error);
  const found = valueAt(value, instancePath);
  const end = WITH_FOUND.has(keyword)
    ? `, found ${describe(found)}`
    : WITH_COUNT.has(keyword)
    ? `, found ${sizeOf(found)}`
    : "";
  const path = instancePath.length > QUOTED * 3
    ? `${instancePath.slice(0, QUOTED * 3)}…`
    : instancePath;
  return `${path === "" ? "" : `${path}: `}${said}${end}`;
}

function sayingOf({ keyword, params, message = "does not fit" }: ValidatorError): string {
  switch (keyword) {
    case "type": {
      const types = Array.isArray(params.type) ? params.type : String(params.type).split(",");
      return `must be ${types.join(" or ")}`;
    }
    case "enum": {
      const values = Array.isArray(params.allowedValues) ? params.allowedValues : [];
      const shown = values.slice(0, TOLD).map(describe).join(", ");
      return `must be one of ${shown}${values.length > TOLD ? ", …" : ""}`;
    }
    case "const":
      return `must be ${describe(params.allowedValue)}`;
    case "required":
      return `must have the property ${describe(params.missingProperty)}`;
    case "additionalProperties":
      return `must not have the property ${describe(params.additionalProperty)}`;
    case "unevaluatedProperties":
      return `must not have the property ${describe(params.unevaluatedProperty)}`;
    case "pattern":
      return `must match the pattern "${String(params.pattern)}"`;
    case "anyOf":
      return "must fit one of the schemas of anyOf";
    case "oneOf":
      return "must fit exactly one of the schemas of oneOf";
    case "not":
      return "must not fit the schema of not";
    case "false schema":
      return "must not be there";
    default:
      return message.replaceAll("NOT", "not");
  }
}

function valueAt(value: unknown, pointer: string): unknown {
  let found = value;
  for (const part of pointer.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof found !== "object" || found === null) return undefined;
    found = Object.hasOwn(found, name) ? Reflect.get(found, name) : undefined;
  }
  return found;
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text;
}

function sizeOf(value: unknown): string {
  if (typeof value === "string") return `${[...value].length}`;
  if (Array.isArray(value)) return `${value.length}`;
  return typeof value === "object" && value !== null ? `${Object.keys(value).length}` : "nothing";
}
