/**
 * The functions of expressions: their names and what they take.
 *
 * @module
 */

import type { FunctionName } from "./expression.ts";

/** What a function takes. */
export interface Signature {
  /** How it is written, for messages. */
  readonly form: string;
  readonly least: number;
  readonly most: number;
}

/** The most arguments of a call. */
export const MOST_ARGUMENTS = 100;

/** Every function. */
export const SIGNATURES: Readonly<Record<FunctionName, Signature>> = {
  contains: { form: "contains(list or text, item)", least: 2, most: 2 },
  startsWith: { form: "startsWith(text, start)", least: 2, most: 2 },
  endsWith: { form: "endsWith(text, end)", least: 2, most: 2 },
  join: { form: "join(list, separator)", least: 1, most: 2 },
  toJSON: { form: "toJSON(value)", least: 1, most: 1 },
  fromJSON: { form: "fromJSON(text)", least: 1, most: 1 },
  format: { form: "format('{0} and {1}', a, b)", least: 2, most: MOST_ARGUMENTS },
  default: { form: "default(value, fallback)", least: 2, most: 2 },
  hashFiles: { form: "hashFiles('/src/**')", least: 1, most: MOST_ARGUMENTS },
  always: { form: "always()", least: 0, most: 0 },
  success: { form: "success()", least: 0, most: 0 },
  failure: { form: "failure()", least: 0, most: 0 },
};

/** The names of all functions, by their lower case. */
const NAMES: ReadonlyMap<string, FunctionName> = new Map(
  functionNames().map((name) => [name.toLowerCase(), name]),
);

/** The names of all functions, as they are written. */
export function functionNames(): readonly FunctionName[] {
  return [
    "contains",
    "startsWith",
    "endsWith",
    "join",
    "toJSON",
    "fromJSON",
    "format",
    "default",
    "hashFiles",
    "always",
    "success",
    "failure",
  ];
}

/**
 * @param name A name, in any case.
 * @returns The function that it is the name of.
 */
export function functionNamed(name: string): FunctionName | undefined {
  return NAMES.get(name.toLowerCase());
}

/** The names that expressions begin with, but for items. */
export const CONTEXTS = ["inputs", "env", "secrets", "steps", "run"] as const;

const CONTEXT_NAMES: ReadonlyMap<string, string> = new Map(CONTEXTS.map((name) => [name, name]));

/**
 * @param name A name as it was written.
 * @returns It as it is kept: contexts are known in any case.
 */
export function canonicalName(name: string): string {
  return CONTEXT_NAMES.get(name.toLowerCase()) ?? name;
}
