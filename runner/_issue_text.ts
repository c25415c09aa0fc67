/**
 * The words for what a schema objects to.
 *
 * @module
 */

import type { z } from "zod";
import type { DataPath } from "./_yaml_file.ts";
import { fromSixty } from "./_yaml_traps.ts";

/** What is said of a text, list or number below its least size. */
export function tooSmall(issue: z.core.$ZodIssueTooSmall, path: DataPath): string {
  if (issue.origin === "string") return `${capital(nameOf(path))} must not be empty`;
  if (issue.origin === "array") return `${capital(nameOf(path))} must have at least one item`;
  return `${capital(nameOf(path))} must be at least ${issue.minimum}`;
}

/** What to do about a text, list or number below its least size. */
export function hintForSmall(issue: z.core.$ZodIssueTooSmall): string {
  if (issue.origin === "string") return "Write something";
  if (issue.origin === "array") return "Write at least one item";
  return `Write ${issue.minimum} or more`;
}

/** What to do about a text, list or number above its greatest size. */
export function hintForBig(issue: z.core.$ZodIssueTooBig): string {
  if (issue.origin === "string") return "Write it shorter";
  if (issue.origin === "array") return "Divide it among several files";
  return `Write ${issue.maximum} or less`;
}

/** What a key that is missing could be. */
export function hintForMissing(key: string): string {
  const examples: Readonly<Record<string, string>> = {
    name: "flask app",
    id: "build",
    type: "state, type: local or type: docker",
    root: "../workspace",
    backend: "NAME, of one below backends",
    delay: "5s",
    items: "[a, b]",
    path: "/out/*.png",
    to: "./out/",
    schema: "{ type: object }",
    usd_per_million: "{ input: 1, output: 2 }",
  };
  if (key === "steps") return 'Write steps: and below it "- id: build"';
  return `Write ${key}: ${Object.hasOwn(examples, key) ? examples[key] : "..."}`;
}

/** What YAML made of a value, where a person may have meant something else. */
export function hintFor(
  expected: string,
  found: unknown,
  source: string | undefined,
): string {
  return meantBy(expected, found, source) ?? `Write ${exampleOf(expected)}`;
}

/** What a value of a kind looks like. */
function exampleOf(expected: string): string {
  const examples: Readonly<Record<string, string>> = {
    [TEXT]: "a text",
    [NUMBER]: "a number in digits, such as 10",
    [WHOLE]: "a whole number in digits, such as 10",
    [BOOLEAN]: "true or false",
    [LIST]: "a list: [a, b]",
    [MAP]: "a map: { key: value }",
  };
  return examples[expected] ?? expected;
}

function meantBy(
  expected: string,
  found: unknown,
  source: string | undefined,
): string | undefined {
  if (found === null && expected !== NOTHING) return "Write a value after the colon";
  if (expected.startsWith(TEXT) && (typeof found === "number" || typeof found === "boolean")) {
    return `Put it in quotes to make it a text: "${source ?? found}"`;
  }
  if (typeof found !== "string") {
    return expected === LIST && typeof found === "object" ? 'Begin each item with "- "' : undefined;
  }
  if (expected === BOOLEAN && /^(?:y|yes|on|true)$/i.test(found)) {
    return `YAML 1.2 reads ${source ?? found} as a text: write true`;
  }
  if (expected === BOOLEAN && /^(?:n|no|off|false)$/i.test(found)) {
    return `YAML 1.2 reads ${source ?? found} as a text: write false`;
  }
  if (expected === NUMBER || expected === WHOLE) {
    const digits = found.replaceAll(/[_,\s]/g, "");
    const sixty = fromSixty(found);
    if (sixty !== undefined) return `YAML 1.2 reads ${found} as a text: write ${sixty}`;
    if (/^-?\d+(?:\.\d+)?$/.test(digits)) {
      return `YAML 1.2 reads it as a text: write ${digits.replace(/^(-?)0+(?=\d)/, "$1")}`;
    }
  }
  return expected === LIST ? `Write it as a list: [${JSON.stringify(found)}]` : undefined;
}

const TEXT = "a text";
const NUMBER = "a number";
const WHOLE = "a whole number";
const BOOLEAN = "true or false";
const LIST = "a list";
const MAP = "a map";
const NOTHING = "nothing";

/** What is said of a text, list or number above its greatest size. */
export function tooBig(issue: z.core.$ZodIssueTooBig, path: DataPath): string {
  const name = capital(nameOf(path));
  if (issue.origin === "string") {
    return `${name} must not be longer than ${issue.maximum} characters`;
  }
  if (issue.origin === "array") return `${name} must not have more than ${issue.maximum} items`;
  return `${name} must be at most ${issue.maximum}`;
}

/** A kind of value, as zod calls it, in words. */
export function kindOf(expected: string): string {
  const kinds: Readonly<Record<string, string>> = {
    string: TEXT,
    number: NUMBER,
    int: WHOLE,
    boolean: BOOLEAN,
    array: LIST,
    object: MAP,
    record: MAP,
    null: NOTHING,
  };
  return kinds[expected] ?? expected;
}

/** The kinds of value that a union takes, in words. */
export function unionOf(issue: z.core.$ZodIssueInvalidUnion): string {
  const kinds = issue.errors.flat()
    .flatMap((each) =>
      each.code === "invalid_type" && each.path.length === 0 ? [each.expected] : []
    )
    .map(kindOf);
  return [...new Set(kinds)].join(" or ");
}

/** A value as messages tell it: `the number 8`, `a list`, `nothing`. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  if (typeof value !== "string") return `the ${typeof value} ${String(value)}`;
  const quoted = JSON.stringify(value);
  return `the text ${quoted.length > 60 ? `${quoted.slice(0, 59)}…"` : quoted}`;
}

/** A part of the file by its last key: `"turns"`, or `item 2 of "needs"`. */
export function nameOf(path: DataPath): string {
  const last = path.at(-1);
  if (typeof last !== "number") return JSON.stringify(last ?? "");
  return `item ${last + 1} of ${JSON.stringify(path.at(-2) ?? "")}`;
}

/** A sentence with its first letter capital. */
export function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
