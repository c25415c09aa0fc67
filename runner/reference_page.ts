/**
 * docs/workflow.md: the reference of the workflow file, whose tables of keys are made of the schema.
 *
 * @module
 */

import { workflowJsonSchema } from "./workflow_schema.ts";

/** Where a table of keys stands: `<!-- keys: steps/* -->`. */
const MARKER = /^<!-- keys: ?(.*?) -->$/gm;

const WRITTEN =
  '<!-- Written by "deno task docs" from docs/_workflow.md and the schema: change it there. -->';

/** What a key's description says of its default: "none; 4 unless said otherwise". */
const DEFAULT = /[;,] ([^;,]*?) unless (?:said otherwise|given|there is a default)/;

type Part = { readonly [keyword: string]: unknown };

/**
 * Makes the page.
 *
 * @param template The text around the tables, which stand where it has `<!-- keys: PATH -->`.
 * @returns The page, as Markdown.
 * @throws {TypeError} If a path leads to no keys.
 */
export function referencePage(template: string): string {
  const root = workflowJsonSchema();
  const text = template.replaceAll(MARKER, (_, path: string) => tableOf(path, root));
  return `${WRITTEN}\n\n${text}`;
}

/**
 * The paths of a template's tables.
 *
 * @param template The template.
 * @returns Paths such as `steps/*`; empty for the top level.
 */
export function documentedSections(template: string): readonly string[] {
  return [...template.matchAll(MARKER)].map(([, path = ""]) => path);
}

function tableOf(path: string, root: Part): string {
  const keys = keysOf(path === "" ? [] : path.split("/"), root, root);
  if (keys.length === 0) throw new TypeError(`There are no keys at '${path}'`);
  const rows = keys.map(({ name, schema, isRequired }) => {
    const description = String(schema["description"] ?? "").replaceAll("|", "\\|");
    const fallback = isRequired ? "required" : DEFAULT.exec(description)?.[1] ?? "";
    return [`\`${name}\``, typeText(schema, root), fallback, description];
  });
  const all = [["key", "type", "default", "what it says"], ...rows];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...all.map((row) => row[column]?.length ?? 0))
  );
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = all;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

interface Key {
  readonly name: string;
  readonly schema: Part;
  readonly isRequired: boolean;
}

/** The keys of all maps that may stand at a path. */
function keysOf(path: readonly string[], schema: Part, root: Part): readonly Key[] {
  const forms = formsOf(schema, root);
  const [name, ...rest] = path;
  if (name === undefined) {
    const found = new Map<string, Key>();
    for (const form of forms) {
      const required = Array.isArray(form["required"]) ? form["required"] : [];
      for (const [key, value] of Object.entries(part(form["properties"]))) {
        const known = found.get(key);
        if (known === undefined) {
          found.set(key, { name: key, schema: part(value), isRequired: required.includes(key) });
        } else if (JSON.stringify(known.schema) !== JSON.stringify(value)) {
          // A key that tells forms apart: all that it may be, and says of each.
          found.set(key, { ...known, schema: eitherOf(known.schema, part(value)) });
        }
      }
    }
    return [...found.values()];
  }
  return forms.flatMap((form) => {
    const inner = name === "*"
      ? [form["additionalProperties"], form["items"]]
      : [part(form["properties"])[name]];
    return inner.filter((each) => typeof each === "object" && each !== null)
      .flatMap((each) => keysOf(rest, part(each), root));
  });
}

function eitherOf(first: Part, second: Part): Part {
  const said = [first, second].flatMap(({ description }) => {
    return typeof description === "string" ? [description] : [];
  });
  return { ...first, anyOf: [first, second], description: [...new Set(said)].join(" ") };
}

/** A schema without references, as each of the forms that it allows. */
function formsOf(schema: Part, root: Part): readonly Part[] {
  const { $ref } = schema;
  if (typeof $ref === "string") {
    const definition = part(root["$defs"])[$ref.replace("#/$defs/", "")];
    return formsOf(part(definition), root);
  }
  for (const keyword of ["anyOf", "oneOf"]) {
    const forms = schema[keyword];
    // Keys that exclude one another are no forms.
    if (!Array.isArray(forms) || schema["properties"] !== undefined) continue;
    return forms.flatMap((form) => formsOf(part(form), root));
  }
  return [schema];
}

function typeText(schema: Part, root: Part): string {
  const names = formsOf(schema, root).flatMap((form) => {
    const { type, enum: values, const: value, items } = form;
    if (value !== undefined) return [`\`${JSON.stringify(value).replaceAll('"', "")}\``];
    if (Array.isArray(values)) return values.map((each) => `\`${each}\``);
    if (type === "array") return [`list of ${typeText(part(items ?? {}), root)}`];
    if (Array.isArray(type)) return type.map(typeName);
    return [typeName(type)];
  });
  return [...new Set(names)].join(", ").replace(/, (?=[^,]*$)/, " or ");
}

function typeName(type: unknown): string {
  switch (type) {
    case "string":
      return "text";
    case "integer":
      return "whole number";
    case "object":
      return "map";
    case "number":
    case "boolean":
    case "null":
      return type;
    default:
      return "anything";
  }
}

function part(value: unknown): Part {
  // It is a part of a JSON Schema, or nothing.
  return typeof value === "object" && value !== null ? value as Part : {};
}
