/**
 * Whether something is a JSON Schema by form: what the schema of schemas says, in words.
 *
 * @module
 */

import type { ValidateFunction } from "ajv/dist/2020.js";
import type { SchemaProblem } from "./_schema_copy.ts";
import type { ValidatorError } from "./_schema_errors.ts";
import { didYouMean } from "./_suggest.ts";

/** Problems of one schema that are told. */
const TOLD = 10;

const TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"];

/** What draft-07 wrote otherwise. */
const SINCE_2020: Readonly<Record<string, string>> = {
  items: 'A list of schemas is spelt "prefixItems" since draft 2020-12',
  exclusiveMinimum: "It is the number itself since draft-06: exclusiveMinimum: 0",
  exclusiveMaximum: "It is the number itself since draft-06: exclusiveMaximum: 10",
  required: 'It is a list of names, beside "properties": required: [title]',
};

let meta: Promise<ValidateFunction> | undefined;

/**
 * @param schema A copy of a schema, with plain objects.
 * @returns What is wrong with its form.
 */
export async function metaProblems(
  schema: boolean | Readonly<Record<string, unknown>>,
): Promise<readonly SchemaProblem[]> {
  const validate = await (meta ??= load());
  if (validate(schema)) return [];
  const problems = new Map<string, SchemaProblem>();
  for (const error of validate.errors ?? []) {
    const told = problems.get(error.instancePath);
    // Of a type, the list of types says most.
    if (told === undefined || error.keyword === "enum") {
      problems.set(error.instancePath, problemOf(error, schema));
    }
  }
  validate.errors = null;
  // What is told of a part follows for what is around it.
  const own = [...problems].filter(([path]) =>
    ![...problems.keys()].some((other) => other.startsWith(`${path}/`))
  );
  return own.map(([, problem]) => problem).slice(0, TOLD);
}

async function load(): Promise<ValidateFunction> {
  const { Ajv2020 } = await import("ajv/dist/2020.js");
  const ajv = new Ajv2020({ allErrors: true, strict: false, logger: false });
  const validate = ajv.getSchema("https://json-schema.org/draft/2020-12/schema");
  if (validate === undefined) throw new TypeError("The schema of schemas is missing");
  return validate as ValidateFunction;
}

function problemOf(error: ValidatorError, schema: unknown): SchemaProblem {
  const path: (string | number)[] = [];
  let found = schema;
  for (const part of error.instancePath.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    path.push(Array.isArray(found) ? Number(name) : name);
    found = typeof found === "object" && found !== null ? Reflect.get(found, name) : undefined;
  }
  const key = path.findLast((part) => typeof part === "string") ?? "";
  const quoted = JSON.stringify(key);
  const isType = key === "type" && (error.keyword === "enum" || error.keyword === "anyOf");
  if (isType) {
    return {
      path,
      message: `${describe(found)} is not a type of JSON`,
      ...(typeof found === "string" ? didYouMean(found, TYPES) : {}),
      ...(typeof found !== "string" || didYouMean(found, TYPES).hint === undefined
        ? { hint: `The types are ${TYPES.join(", ")}` }
        : {}),
    };
  }
  const hint = Object.hasOwn(SINCE_2020, key) ? SINCE_2020[key] : undefined;
  return {
    path,
    message: path.length === 0
      ? `The schema ${sayingOf(error)}, found ${describe(found)}`
      : `${quoted} ${sayingOf(error)}, found ${describe(found)}`,
    ...(hint === undefined ? {} : { hint }),
  };
}

function sayingOf({ keyword, params, message }: ValidatorError): string {
  if (keyword === "type") {
    const types = String(params.type).split(",");
    return types.join() === "object,boolean"
      ? "must be a schema"
      : `must be ${types.map(nameOf).join(" or ")}`;
  }
  return (message ?? "does not fit").replaceAll("NOT", "not");
}

function nameOf(type: string): string {
  const names: Record<string, string> = {
    array: "a list",
    object: "a map",
    string: "a text",
    number: "a number",
    integer: "a whole number",
    boolean: "true or false",
  };
  return names[type] ?? type;
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "a map" : JSON.stringify(value) ?? "nothing";
}
