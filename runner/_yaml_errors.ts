/**
 * What the YAML parser complains of, in words that help.
 *
 * @module
 */

import type { YAMLError } from "yaml";
import type { DiagnosticCode } from "./diagnostic_codes.ts";
import { hintForLine } from "./_yaml_traps.ts";

/** A complaint as a diagnostic tells it. */
export interface YamlProblem {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint?: string;
}

/**
 * @param error What the parser said.
 * @param text The file's text.
 * @returns The same for a person.
 */
export function describeYamlError(error: YAMLError, text: string): YamlProblem {
  const at = text.slice(error.pos[0], error.pos[1]);
  const start = text.lastIndexOf("\n", error.pos[0] - 1) + 1;
  const line = text.slice(start).split("\n", 1)[0] ?? "";
  const trap = hintForLine(line, error.pos[0] - start);
  switch (error.code) {
    case "TAB_AS_INDENT":
      return {
        code: "tab-indent",
        message: "Tabs cannot indent YAML",
        hint: "Indent with spaces",
      };
    case "TAG_RESOLVE_FAILED":
      return unknownTag(at);
    case "BLOCK_AS_IMPLICIT_KEY":
      return {
        code: "invalid-yaml",
        message: error.message,
        hint: 'A text with ": " in it must be quoted, or written as a block after "|"',
      };
    case "BAD_SCALAR_START":
      return {
        code: "invalid-yaml",
        message: error.message,
        hint: `Put the text in quotes: it begins with ${JSON.stringify(at.slice(0, 1))}`,
      };
    case "BAD_INDENT":
      if (error.message.startsWith("Flow")) {
        return {
          code: "invalid-yaml",
          message: "A bracket that opens above is not closed before this",
          hint: "Close it, or indent what is inside it",
        };
      }
      return {
        code: "invalid-yaml",
        message: error.message,
        hint: "Indent the lines that belong together by the same number of spaces",
      };
    case "UNEXPECTED_TOKEN":
      return {
        code: "invalid-yaml",
        message: `${JSON.stringify(at.split("\n", 1)[0])} is not expected here`,
        hint: trap ?? "Check the brackets and quotes before it, and the indentation",
      };
    case "MISSING_CHAR":
      return error.message.startsWith("Missing closing")
        ? { code: "invalid-yaml", message: "A quoted text that begins above is never closed" }
        : {
          code: "invalid-yaml",
          message: "This is no key with a value, and no part of the text before it",
          hint: trap ??
            "Write a colon and a space after a key; indent what goes on with a text above",
        };
    case "MULTILINE_IMPLICIT_KEY":
      return {
        code: "invalid-yaml",
        message: "A key and its colon must be in one line",
        ...(trap === undefined ? {} : { hint: trap }),
      };
    case "BAD_DQ_ESCAPE":
      return {
        code: "invalid-yaml",
        message: error.message,
        hint: "Between double quotes a backslash is written twice; between single ones, once",
      };
    case "RESOURCE_EXHAUSTION":
      return {
        code: "too-deep",
        message: "Lists and maps nest too deep",
        hint: "Write it flatter",
      };
    default:
      return { code: "invalid-yaml", message: error.message.replace(/\.$/, "") };
  }
}

/**
 * @param tag A tag, such as `!secret`.
 * @returns What is told of it.
 */
export function unknownTag(tag: string): YamlProblem & { readonly hint: string } {
  return {
    code: "unknown-tag",
    message: `Unknown tag ${JSON.stringify(tag)}`,
    hint: 'Tags are not used here: take it out, or quote the text if it begins with "!"',
  };
}
