// @ts-types="./_js_yaml.d.ts"
import jsYaml from "js-yaml";
import { SCHEMAS, type SchemaType } from "./_schema.ts";
import { type YamlPosition, YamlSyntaxError } from "./error.ts";

/** How {@linkcode parse} reads a text. */
export interface ParseOptions {
  /**
   * What plain scalars and tags stand for.
   *
   * @default {"default"}
   */
  schema?: SchemaType;
  /**
   * Let the last of several equal keys win, as `JSON.parse()` does.
   *
   * @default {false}
   */
  allowDuplicateKeys?: boolean;
  /** Called with what is suspect but no error. */
  onWarning?(error: YamlSyntaxError): void;
}

/**
 * How the errors that people meet are put: what js-yaml says, and what takes its place. Others
 * only get a capital.
 */
const MESSAGES: readonly (readonly [RegExp, string])[] = [
  [/^bad indentation of a sequence entry/, "Cannot read block sequence: $&"],
  [/^bad indentation of a mapping entry/, "Cannot read block: $&"],
  [/^duplicated mapping key/, "Cannot store mapping pair: duplicated key"],
  [/^unidentified alias/, "Cannot read alias: $&"],
  [/^unknown tag/, "Cannot resolve $&"],
  [/^undeclared tag handle/, "Cannot read tag property: $&"],
  [
    /^unexpected end of the stream within a flow/,
    "Cannot read flow collection: $&",
  ],
  [/^missed comma/, "Cannot read flow collection: missing comma"],
  [
    /^(?:unknown escape|expected hexadecimal)/,
    "Cannot read double quoted scalar: $&",
  ],
  [
    /^can not read an implicit (.*); a colon is missed/,
    "Cannot read an implicit $1: missing colon",
  ],
  [/^can not (read a block mapping entry|merge mappings);/, "Cannot $1:"],
  [/^cannot (merge mappings);/, "Cannot $1:"],
  [/^the stream contains/, "Stream contains"],
  [/^directives end mark/, "Cannot read document: $&"],
  [/^a whitespace character/, "Cannot read block: $&"],
  [
    /^incomplete explicit mapping pair;.*/,
    "Cannot read block as explicit mapping pair is incomplete: a key node is missed or followed by a non-tabulated empty line",
  ],
  [/^end of the stream or a document/, "Cannot read document: $&"],
];

/** Warnings, which keep their small letter. */
const WARNING = /^(?:deficient|unknown document|non-ASCII)/;

/** What js-yaml skips between two documents. */
const GAP = /(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n?|\n))*[ \t]*/y;

/**
 * Reads a text that holds one YAML document.
 *
 * @param content The text.
 * @param options How to read it.
 * @returns The document's value; `null` for a text without one.
 * @throws {YamlSyntaxError} If the text is not valid, or holds several documents.
 */
export function parse(content: string, options: ParseOptions = {}): unknown {
  const text = String(content);
  const listener = refuseSecondDocument(text);
  return convertingErrors(() => jsYaml.load(text, { ...toLoadOptions(options), listener }) ?? null);
}

function toLoadOptions(options: ParseOptions): jsYaml.LoadOptions {
  const { schema = "default", allowDuplicateKeys = false } = options;
  return {
    schema: SCHEMAS[schema],
    json: allowDuplicateKeys,
    maxTotalMergeKeys: -1,
    onWarning: (warning) => options.onWarning?.(convert(warning)),
  };
}

/** A listener that throws where a second document starts, before any error inside it. */
function refuseSecondDocument(
  content: string,
): NonNullable<jsYaml.LoadOptions["listener"]> {
  const text = content.replace(/^\ufeff/, "");
  let depth = 0;
  let firstEnd: number | undefined;
  return (event, { position }) => {
    if (event === "close") {
      depth--;
      if (depth === 0) firstEnd = position;
      return;
    }
    if (depth === 0 && firstEnd !== undefined) {
      const message = "Found more than 1 document in the stream: expected a single document";
      throw createError(message, text, findNextDocument(text, firstEnd));
    }
    depth++;
  };
}

/** Where the next document starts, after space, comments and the mark that ends a document. */
function findNextDocument(text: string, end: number): number {
  const separator = skipGap(text, end);
  return /^\.\.\.(?:\s|$)/.test(text.slice(separator, separator + 4))
    ? skipGap(text, separator + 3)
    : separator;
}

function skipGap(text: string, offset: number): number {
  GAP.lastIndex = offset;
  return GAP.test(text) ? GAP.lastIndex : offset;
}

function convertingErrors<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof jsYaml.YAMLException ? convert(error) : error;
  }
}

function convert({ reason, mark }: jsYaml.YAMLException): YamlSyntaxError {
  // js-yaml looks for null bytes before it counts lines.
  if (reason.startsWith("null byte")) {
    const message = "Cannot read document: end of the stream or a document separator is expected";
    return createError(message, mark.buffer, mark.position);
  }
  const found = MESSAGES.find(([pattern]) => pattern.test(reason));
  const message = found ? reason.replace(...found) : reason;
  return createError(
    WARNING.test(message) ? message : message.charAt(0).toUpperCase() + message.slice(1),
    mark.buffer,
    mark.position,
    { line: mark.line + 1, column: mark.column + 1 },
  );
}

function createError(
  message: string,
  text: string,
  offset: number,
  place: Omit<YamlPosition, "offset"> = findPlace(text, offset),
): YamlSyntaxError {
  return new YamlSyntaxError(
    message,
    { ...place, offset },
    excerpt(text, offset),
  );
}

function findPlace(text: string, offset: number): Omit<YamlPosition, "offset"> {
  const lines = text.slice(0, offset).split(/\r\n?|\n/);
  return { line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
}

/** The line at fault, cut to its middle if it is long, with a caret below. */
function excerpt(text: string, offset: number): string {
  const [, before = ""] = /([^\0\r\n\x85\u2028\u2029]*)$/.exec(text.slice(0, offset)) ?? [];
  const [, after = ""] = /^([^\0\r\n\x85\u2028\u2029]*)/.exec(text.slice(offset)) ?? [];
  const head = before.length < 37 ? before : ` ... ${before.slice(-32)}`;
  const tail = after.length < 37 ? after : `${after.slice(0, 32)} ... `;
  return `    ${head}${tail}\n${" ".repeat(4 + head.length)}^`;
}
