/**
 * What expressions may say of JSON that fits a schema.
 *
 * @module
 */

import type { Value } from "./expressions/expression.ts";
import {
  ANY,
  BOOLEAN,
  listOf,
  NULL,
  NUMBER,
  type ObjectType,
  type StaticType,
  STRING,
  typeOfValue,
  unionOf,
} from "./expressions/types.ts";
import type { JsonSchema } from "./plan.ts";

/** How many references and alternatives lead to each other, and how many are looked at, for one value. */
const DEPTH = 16;
const LOOKED_AT = 1_000;

/** Keywords that may allow more than `properties` does. */
const WIDER = [
  ...["allOf", "anyOf", "oneOf", "if", "dependentSchemas", "patternProperties"],
  ...["unevaluatedProperties", "$ref", "$dynamicRef"],
];

type SchemaMap = { readonly [keyword: string]: Value };

/**
 * The type of what fits a schema. Properties that the schema does not name are not known, although
 * JSON may have them, unless it says that there are others: `additionalProperties: true`.
 *
 * @param schema A schema that can be used.
 * @returns What is known of a value that fits it.
 */
export function staticTypeOf(schema: JsonSchema): StaticType {
  return typeOfPart(schema, schema);
}

/** The schema around, and how far one value has led in it: a schema may lead to itself. */
interface Walk {
  readonly root: JsonSchema;
  looked: number;
}

function typeOfPart(schema: Value | undefined, root: JsonSchema): StaticType {
  return typeOf(schema, { root, looked: 0 }, 0);
}

function typeOf(schema: Value | undefined, walk: Walk, depth: number): StaticType {
  if (!isMap(schema) || depth > DEPTH || ++walk.looked > LOOKED_AT) return ANY;
  const { type, $ref, anyOf, oneOf } = schema;
  if (typeof $ref === "string" && type === undefined) {
    return typeOf(targetOf($ref, walk.root), walk, depth + 1);
  }
  if (schema.const !== undefined) return typeOfValue(schema.const);
  if (isList(schema.enum)) return unionOf(schema.enum.map(typeOfValue));
  if (typeof type === "string") return typeOfName(type, schema, walk, depth);
  if (isList(type)) {
    return notNull(type.map((name) => typeOfName(String(name), schema, walk, depth)));
  }
  const alternatives = anyOf ?? oneOf;
  if (!isList(alternatives)) return ANY;
  return notNull(alternatives.map((each) => typeOf(each, walk, depth + 1)));
}

/** What may be null is, where it is used, as good as its other type: null is nothing, or 0. */
function notNull(types: readonly StaticType[]): StaticType {
  const others = types.filter(({ kind }) => kind !== "null");
  return others.length === 0 ? NULL : unionOf(others);
}

function typeOfName(
  name: string,
  schema: SchemaMap,
  walk: Walk,
  depth: number,
): StaticType {
  switch (name) {
    case "string":
      return STRING;
    case "number":
    case "integer":
      return NUMBER;
    case "boolean":
      return BOOLEAN;
    case "null":
      return NULL;
    case "array":
      return listOf(schema.prefixItems === undefined ? typeOf(schema.items, walk, depth + 1) : ANY);
    case "object":
      return typeOfMap(schema, walk.root);
    default:
      return ANY;
  }
}

function typeOfMap(schema: SchemaMap, root: JsonSchema): ObjectType {
  const { properties, additionalProperties } = schema;
  const named = isMap(properties) ? properties : {};
  const others = additionalProperties !== undefined && additionalProperties !== false;
  return {
    kind: "object",
    // Asked for only when an expression gets there: a schema may lead to itself.
    property: (name) =>
      Object.hasOwn(named, name)
        ? typeOfPart(named[name], root)
        : others
        ? typeOfPart(additionalProperties, root)
        : undefined,
    names: () => Object.keys(named),
    isOpen: others || !isMap(properties) || WIDER.some((keyword) => schema[keyword] !== undefined),
    noun: "property",
    mend: "The schema has no such property: add it there, or leave it out here",
  };
}

/** What a reference of the form `#/$defs/name` leads to; others are not followed. */
function targetOf(reference: string, root: JsonSchema): Value | undefined {
  let target: Value | undefined = root;
  for (const part of reference.split("/").slice(1)) {
    const name = decode(part).replaceAll("~1", "/").replaceAll("~0", "~");
    if (isList(target)) target = target[Number(name)];
    else target = isMap(target) && Object.hasOwn(target, name) ? target[name] : undefined;
  }
  return /^#(?:\/|$)/.test(reference) ? target : undefined;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // What is not encoded stands for itself.
    return part;
  }
}

function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

function isMap(value: Value | undefined): value is SchemaMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
