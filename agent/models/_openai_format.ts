/**
 * The form of an answer, as a server is asked for it: structured output where it knows that, and
 * otherwise in words.
 *
 * @module
 */

import type { OpenAI } from "openai";
import type { AnswerFormat, Message } from "../model.ts";

/** What the API calls the form of an answer. */
export type ResponseFormat = OpenAI.ResponseFormatJSONSchema;

/** What a schema may be made of that the API enforces strictly. */
const STRICT: ReadonlySet<string> = new Set([
  ..."type properties required additionalProperties items enum const anyOf $ref $defs".split(" "),
  ..."$schema title description".split(" "),
]);

/** The deepest nesting of objects that the API enforces strictly. */
const STRICT_DEPTH = 5;

/**
 * Asks for a form as the API takes it.
 *
 * @param format The form.
 * @returns What goes into the request; `undefined` where the API has no such form: it is always an
 * object's.
 */
export function responseFormat({ name, schema }: AnswerFormat): ResponseFormat | undefined {
  if (schema.type !== "object") return undefined;
  const strict = isStrict(schema);
  return { type: "json_schema", json_schema: { name, schema: { ...schema }, strict } };
}

/**
 * Asks for a form in words, at the end of the system message.
 *
 * @param messages The conversation.
 * @param format The form.
 * @returns The conversation with that.
 */
export function askedInWords(
  messages: readonly Message[],
  { schema }: AnswerFormat,
): readonly Message[] {
  const words = "Your last answer, the one without a tool call, must be JSON that fits this JSON " +
    `Schema, and nothing else, no code fence either:\n${JSON.stringify(schema)}`;
  const [first, ...others] = messages;
  return first?.role === "system"
    ? [{ role: "system", content: `${first.content}\n\n${words}` }, ...others]
    : [{ role: "system", content: words }, ...messages];
}

/** Whether the API can enforce all of a schema. Where it cannot, it refuses to be strict about it. */
function isStrict(schema: unknown, depth = 0): boolean {
  if (!isRecord(schema) || depth > STRICT_DEPTH) return false;
  if (Object.keys(schema).some((key) => !STRICT.has(key))) return false;
  const types = [schema.type].flat();
  if (["type", "enum", "const", "anyOf", "$ref"].every((key) => !Object.hasOwn(schema, key))) {
    return false;
  }
  const properties = isRecord(schema.properties) ? schema.properties : {};
  const required: unknown[] = Array.isArray(schema.required) ? schema.required : [];
  if (types.includes("object")) {
    if (schema.additionalProperties !== false) return false;
    if (!Object.keys(properties).every((name) => required.includes(name))) return false;
  }
  if (types.includes("array") && schema.items === undefined) return false;
  const below = types.includes("object") ? depth + 1 : depth;
  const definitions = isRecord(schema.$defs) ? Object.values(schema.$defs) : [];
  const parts = [
    ...Object.values(properties),
    ...schema.items === undefined ? [] : [schema.items],
    ...Array.isArray(schema.anyOf) ? schema.anyOf : [],
  ];
  return parts.every((part) => isStrict(part, below)) &&
    definitions.every((part) => isStrict(part));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
