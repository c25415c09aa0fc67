/**
 * Checks of a file as JSON: `is_json` and `json_schema`.
 *
 * @module
 */

import { parseJson, validateJson } from "../json_schema.ts";
import type { JsonSchema } from "../plan.ts";
import { failed, type Finding, passed } from "./_finding.ts";

/**
 * @param path The file.
 * @param text Its text.
 */
export function isJson(path: string, text: string): Finding {
  const parsed = parseJson(withoutMark(text));
  if (parsed.ok) return passed(`'${path}' is JSON`);
  const [error = ""] = parsed.errors;
  return failed(
    `'${path}' should be JSON; ${error.replace(/^it is not JSON: /, "")}`,
    "JSON",
    error,
  );
}

/**
 * @param path The file.
 * @param text Its text.
 * @param schema What it should fit.
 */
export async function fitsSchema(
  path: string,
  text: string,
  schema: JsonSchema,
): Promise<Finding> {
  const result = await validateJson(schema, withoutMark(text));
  if (result.ok) return passed(`'${path}' fits the schema`);
  const { errors } = result;
  const more = errors.length > 1 ? `; and ${errors.length - 1} more` : "";
  const message = `'${path}' should fit the schema; ${errors[0]}${more}`;
  return failed(message, "JSON that fits the schema", errors.join("\n"));
}

/** Editors of some systems begin a file with a byte order mark, which JSON does not have. */
function withoutMark(text: string): string {
  return text.replace(/^\ufeff/, "");
}
