/**
 * What other languages write in expressions, and what it is called here.
 *
 * @module
 */

import type { ExpressionProblem } from "./errors.ts";

interface ForeignSymbol {
  readonly pattern: RegExp;
  readonly message: (found: string) => string;
  readonly hint: string;
  /** What must stand before it, if that matters. */
  readonly after?: RegExp;
}

const NO_OPERATOR = (found: string) => `"${found}" is not an operator of expressions`;
const NO_ARITHMETIC = "Expressions do not calculate: let a step do it, and use its output";

const SYMBOLS: readonly ForeignSymbol[] = [
  {
    pattern: /"(?:[^"\\\n]|\\.)*"?/y,
    message: () => "Texts in expressions stand in single quotes",
    hint: "Write 'text'; a single quote in it is written twice",
  },
  {
    pattern: /`[^`]*`?/y,
    message: () => "Texts in expressions stand in single quotes",
    hint: "Write 'text', or format('{0} and {1}', a, b) to put values into one",
  },
  {
    pattern: /'/y,
    message: () => "The text in quotes is never closed",
    hint: "Close it with a single quote; a single quote in a text is written twice",
  },
  { pattern: /===/y, message: NO_OPERATOR, hint: "Write ==" },
  { pattern: /!==/y, message: NO_OPERATOR, hint: "Write !=" },
  { pattern: /<>/y, message: NO_OPERATOR, hint: "Write !=" },
  {
    pattern: /=~|!~|~=?/y,
    message: NO_OPERATOR,
    hint: "There are no patterns: use contains, startsWith or endsWith",
  },
  { pattern: /=(?!=)/y, message: NO_OPERATOR, hint: "Write == to compare" },
  { pattern: /&(?!&)/y, message: NO_OPERATOR, hint: "Write &&" },
  {
    pattern: /\|(?!\|)/y,
    message: () => "There are no filters behind | in expressions",
    hint: "Write a function instead: default(value, 'x'), join(list), toJSON(value); or is ||",
  },
  {
    pattern: /\?\?/y,
    message: NO_OPERATOR,
    hint: "Write default(value, fallback)",
  },
  {
    pattern: /\?\./y,
    message: NO_OPERATOR,
    hint: "Write a point alone: a member of null is null",
  },
  {
    pattern: /[?:]/y,
    message: NO_OPERATOR,
    hint: "Write condition && 'yes' || 'no'",
  },
  {
    pattern: /\*/y,
    after: /^[.[]$/,
    message: () => '".*" is not supported in expressions',
    hint: "Name the member, or repeat a step with foreach for each item of a list",
  },
  { pattern: /[*/%+](?![0-9.])|[*/%]/y, message: NO_OPERATOR, hint: NO_ARITHMETIC },
  { pattern: /-(?![0-9.])/y, message: NO_OPERATOR, hint: NO_ARITHMETIC },
  {
    pattern: /\$\{\{?|\{\{/y,
    message: () => "An expression cannot have another one in it",
    hint: "Write the inner one without its braces",
  },
  {
    pattern: /\$[A-Za-z_]*/y,
    message: (found) => `"${found}" is the shell's, not an expression's`,
    hint: "Write inputs.NAME, env.NAME or steps.ID.output",
  },
  {
    pattern: /[{}]/y,
    message: (found) => `"${found}" has no meaning in an expression`,
    hint: `Write lists and maps as JSON: fromJSON('{ "a": 1 }')`,
  },
];

/**
 * @param text A text that has an expression in it.
 * @param offset Where a token should begin.
 * @param end Where the expression ends.
 * @param before The token before, if there is one.
 * @returns What is written there, where no token is, if it is another language's.
 */
export function foreignSymbol(
  text: string,
  offset: number,
  end: number,
  before: string | undefined,
): ExpressionProblem | undefined {
  for (const { pattern, message, hint, after } of SYMBOLS) {
    if (after !== undefined && !after.test(before ?? "")) continue;
    pattern.lastIndex = offset;
    const found = pattern.exec(text)?.[0].slice(0, end - offset);
    if (found === undefined || found === "") continue;
    return { message: message(found), hint, offset, length: found.length };
  }
  return undefined;
}

/** Words of other languages that stand between operands or before one. */
const WORDS: Readonly<Record<string, string>> = {
  and: "Write &&",
  or: "Write ||",
  not: "Write ! before the operand: !success()",
  is: "Write ==",
  eq: "Write ==",
  ne: "Write !=",
  lt: "Write <",
  gt: "Write >",
  le: "Write <=",
  ge: "Write >=",
  in: "Write contains(list, value)",
  if: "Write condition && 'yes' || 'no'",
  then: "Write condition && 'yes' || 'no'",
  else: "Write condition && 'yes' || 'no'",
  contains: "Write contains(list, value)",
};

/**
 * @param word A name where none may stand, or one before another one.
 * @returns What to write instead, if it is another language's operator.
 */
export function foreignOperator(word: string): string | undefined {
  const lower = word.toLowerCase();
  return Object.hasOwn(WORDS, lower) ? WORDS[lower] : undefined;
}

/** Functions of other languages, in lower case, and what is written instead. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  not: "Write ! before the operand: !success()",
  cancelled: "A run that is interrupted starts no more steps: leave it out",
  if: "Write condition && 'yes' || 'no'",
  iif: "Write condition && 'yes' || 'no'",
  case: "Write condition && 'yes' || 'no'",
  eq: "Write a == b",
  ne: "Write a != b",
  and: "Write a && b",
  or: "Write a || b",
  concat: "Write format('{0}{1}', a, b)",
  coalesce: "Write default(value, fallback)",
  tostring: "A text takes any value: ${{ value }}; toJSON(value) writes JSON",
  string: "A text takes any value: ${{ value }}; toJSON(value) writes JSON",
  number: "Write fromJSON(text)",
  int: "Write fromJSON(text)",
  parse: "Write fromJSON(text)",
  stringify: "Write toJSON(value)",
  includes: "Write contains(list, value)",
  split: "Let a step print JSON, and read it: fromJSON(steps.ID.output)",
  length: "Expressions do not count: compare with '' or with toJSON(list) == '[]'",
  len: "Expressions do not count: compare with '' or with toJSON(list) == '[]'",
  size: "Expressions do not count: compare with '' or with toJSON(list) == '[]'",
  lower: "Texts are compared without regard to case: leave it out",
  upper: "Texts are compared without regard to case: leave it out",
  tolower: "Texts are compared without regard to case: leave it out",
  toupper: "Texts are compared without regard to case: leave it out",
};

/**
 * @param name A function that there is not.
 * @returns What to write instead, if other languages have it.
 */
export function foreignFunction(name: string): string | undefined {
  const lower = name.toLowerCase();
  return Object.hasOwn(FUNCTIONS, lower) ? FUNCTIONS[lower] : undefined;
}
