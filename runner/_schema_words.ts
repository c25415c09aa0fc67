/**
 * Finds words of a JSON Schema that are probably misspelt keywords: JSON Schema takes any word, and
 * what it does not know checks nothing.
 *
 * @module
 */

import type { Reporter } from "./_reporter.ts";
import { nearest } from "./_suggest.ts";
import type { DataPath } from "./_yaml_file.ts";

/** Keywords whose value is a schema, or a list of schemas. */
const WITH_SCHEMA =
  ("additionalProperties allOf anyOf contains contentSchema else if items not oneOf prefixItems " +
    "propertyNames then unevaluatedItems unevaluatedProperties").split(" ");

/** Keywords whose value is a map of schemas, by names of whoever wrote it. */
const WITH_NAMES = ["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"];

const KEYWORDS = [
  ...WITH_SCHEMA,
  ...WITH_NAMES,
  ..."$anchor $comment $dynamicAnchor $dynamicRef $id $ref $schema $vocabulary const".split(" "),
  ..."contentEncoding contentMediaType default dependentRequired deprecated description".split(" "),
  ..."enum examples exclusiveMaximum exclusiveMinimum format maxContains maxItems".split(" "),
  ..."maxLength maxProperties maximum minContains minItems minLength minProperties".split(" "),
  ..."minimum multipleOf pattern readOnly required title type uniqueItems writeOnly".split(" "),
];

/**
 * Warns of words that look like keywords and are none.
 *
 * @param schema A schema.
 * @param path Where it is in the file.
 * @param reporter Told of each.
 */
export function warnOfMisspeltWords(schema: unknown, path: DataPath, reporter: Reporter): void {
  if (Array.isArray(schema)) {
    for (const [index, each] of schema.entries()) {
      warnOfMisspeltWords(each, [...path, index], reporter);
    }
  }
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return;
  for (const [word, value] of Object.entries(schema)) {
    const at = [...path, word];
    if (WITH_SCHEMA.includes(word)) warnOfMisspeltWords(value, at, reporter);
    else if (WITH_NAMES.includes(word) && typeof value === "object" && value !== null) {
      for (const [name, each] of Object.entries(value)) {
        warnOfMisspeltWords(each, [...at, name], reporter);
      }
    } else if (!KEYWORDS.includes(word)) {
      const meant = nearest(word, KEYWORDS);
      if (meant === undefined) continue;
      reporter.warning("unknown-keyword", `"${word}" is no keyword of JSON Schema`, at, {
        hint: `Did you mean "${meant}"?`,
        part: "key",
      });
    }
  }
}
