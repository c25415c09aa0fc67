/**
 * Makes a JSON Schema ready for the validator: what would leave the schema, or take it out of its
 * bounds, is found, and each schema in it is marked so that the work of validating can be counted.
 *
 * @module
 */

import type { JsonSchema } from "./plan.ts";

/** The way to a part of a schema: keys and indexes. */
export type SchemaPath = readonly (string | number)[];

/** What is wrong with a schema. */
export interface SchemaProblem {
  readonly path: SchemaPath;
  /** A sentence. */
  readonly message: string;
  readonly hint?: string;
}

/** The keyword that each schema is marked with: what follows it is one piece of work. */
export const COUNTED = "routebook:counted";

/** Characters that a schema may have as JSON: what bounds the time that compiling it takes. */
const SCHEMA_CHARACTERS = 65_536;

/** How deep a schema may nest: the validator recurses as deep. */
const DEPTH = 100;

/** Keywords whose values are schemas by name. */
const MAPS: ReadonlySet<string> = new Set([
  ...["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"],
  "dependencies",
]);

/** Keywords whose values are data. */
const DATA: ReadonlySet<string> = new Set(["const", "enum", "default", "examples", "example"]);

/** Keywords that lead to another schema. */
const REFERENCES: ReadonlySet<string> = new Set(["$ref", "$dynamicRef", "$recursiveRef"]);

/** A schema as the validator takes it. */
export interface CopiedSchema {
  readonly schema: boolean | Readonly<Record<string, unknown>>;
  readonly problems: readonly SchemaProblem[];
  /** Where each reference stands. */
  readonly references: ReadonlyMap<string, SchemaPath>;
  /** Where each regular expression stands. */
  readonly patterns: ReadonlyMap<string, SchemaPath>;
}

/**
 * @param schema A schema, which may be anything that JSON can say.
 * @returns Its marked copy, and what is wrong with it beyond its own form.
 */
export function copySchema(schema: JsonSchema): CopiedSchema {
  const problems: SchemaProblem[] = [];
  const references = new Map<string, SchemaPath>();
  const patterns = new Map<string, SchemaPath>();
  const found = { problems, references, patterns };
  if (typeof schema === "boolean") return { schema, ...found };
  const { length } = JSON.stringify(schema);
  if (length > SCHEMA_CHARACTERS) {
    problems.push({
      path: [],
      message: `The schema has ${length} characters as JSON, more than the ${SCHEMA_CHARACTERS} ` +
        "allowed",
      hint: "Leave out what the check does not need",
    });
    return { schema: true, ...found };
  }
  return { schema: copyOne(schema, []), ...found };

  function copyOne(one: object, path: SchemaPath): Record<string, unknown> {
    const copied: Record<string, unknown> = {};
    if (path.length > DEPTH) {
      const tooDeep = `The schema nests deeper than ${DEPTH}`;
      if (!problems.some(({ message }) => message === tooDeep)) {
        problems.push({ path, message: tooDeep, hint: "Put parts of it below $defs" });
      }
      return copied;
    }
    for (const [key, value] of Object.entries(one)) {
      const at = [...path, key];
      if (key === "__proto__") {
        problems.push({ path: at, message: 'A schema cannot have the key "__proto__"' });
      } else if (key === "$async") {
        problems.push({
          path: at,
          message: '"$async" is not a keyword of JSON Schema',
          hint: "Leave it out",
        });
      } else if (key === "id" && typeof value === "string") {
        problems.push({ path: at, message: '"id" of a schema is spelt "$id" since draft-06' });
      } else if (key === "enum" && Array.isArray(value) && value.length === 0) {
        problems.push({ path: at, message: '"enum" has no value, so that nothing fits it' });
      } else if (REFERENCES.has(key) && typeof value === "string" && !value.startsWith("#")) {
        problems.push({
          path: at,
          message: `"${key}" leads out of the schema, to "${value}"`,
          hint: "Put what it leads to below $defs, and write #/$defs/NAME",
        });
      } else if (path.length === 0 && key === "$schema") {
        // Every draft is read as 2020-12.
        continue;
      } else if (key !== COUNTED) {
        if (REFERENCES.has(key) && typeof value === "string") references.set(value, at);
        if (key === "pattern" && typeof value === "string") patterns.set(value, at);
        if (key === "patternProperties" && typeof value === "object" && value !== null) {
          for (const pattern of Object.keys(value)) patterns.set(pattern, [...at, pattern]);
        }
        copied[key] = DATA.has(key) ? plain(value) : copyValue(value, at, MAPS.has(key));
      }
    }
    if (path.length === 0 || isSchemaPlace(path)) copied[COUNTED] = true;
    return copied;
  }

  function copyValue(value: unknown, path: SchemaPath, isMap: boolean): unknown {
    if (Array.isArray(value)) {
      return value.map((item, index) => copyValue(item, [...path, index], false));
    }
    if (typeof value !== "object" || value === null) return value;
    if (!isMap) return copyOne(value, path);
    const copied: Record<string, unknown> = {};
    for (const [name, part] of Object.entries(value)) {
      const at = [...path, name];
      if (name === "__proto__") {
        problems.push({ path: at, message: 'A schema cannot have the key "__proto__"' });
      } else {
        copied[name] = copyValue(part, at, false);
      }
    }
    return copied;
  }
}

/** Maps of texts, such as `$vocabulary`, are no schemas. */
function isSchemaPlace(path: SchemaPath): boolean {
  return !["$vocabulary", "dependentRequired"].includes(String(path.at(-1)));
}

/** Data without the missing prototype that YAML's maps have, which the validator would call. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
