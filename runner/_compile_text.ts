/**
 * Texts with expressions in them: parsed, and checked against what they may refer to.
 *
 * @module
 */

import { textOf } from "./expressions/coerce.ts";
import { checkExpression, type CheckProblem, type TypeScope } from "./expressions/check.ts";
import type { ExpressionContext } from "./expressions/context.ts";
import { ExpressionError } from "./expressions/errors.ts";
import { evaluateNow } from "./expressions/evaluate.ts";
import type { Expression, Template, TemplateExpression } from "./expressions/expression.ts";
import {
  type FoundExpression,
  OPENING,
  parseExpression,
  parseTemplate,
  type TemplateProblem,
} from "./expressions/template.ts";
import { ANY, kindName, type StaticType } from "./expressions/types.ts";
import type { Reporter } from "./_reporter.ts";
import { type Scope, typeScopeOf } from "./_scope.ts";
import type { DataPath, Location, Slice } from "./_yaml_file.ts";

/** How many wrong expressions of one text are told. */
const TOLD = 100;

/** The code of each kind of problem. */
const CODES = {
  undefined: "undefined-reference",
  unavailable: "unavailable-reference",
  type: "expression-type",
} as const;

/**
 * @param text A text of the file.
 * @param path Where it is.
 * @param scope What it may refer to.
 * @param reporter Told of what is wrong.
 * @returns Its template, or `undefined` if an expression cannot be parsed.
 */
export function compileText(
  text: string,
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
): Template | undefined {
  if (!text.includes(OPENING)) return text === "" ? [] : [text];
  const { template, expressions, problems } = parseTemplate(text);
  for (const problem of problems.slice(0, TOLD)) tellSyntax(problem, path, reporter);
  const types = typeScopeOf(scope, reporter);
  let told = 0;
  for (const found of expressions) {
    if (told >= TOLD) break;
    told += checkFound(found, path, types, reporter).told;
  }
  return problems.length === 0 ? template : undefined;
}

/** An expression, and what is known of its value. */
export interface CompiledExpression {
  readonly expression: TemplateExpression;
  readonly type: StaticType;
}

/** Options of {@linkcode compileExpression}. */
export interface ExpressionOptions {
  /**
   * What its value has to be: for `foreach` a list. A condition may be anything.
   *
   * @default {"condition"}
   */
  readonly expects?: "condition" | "list";
}

/**
 * @param text A text of the file that is one expression, with or without `${{ }}`.
 * @param path Where it is.
 * @param scope What it may refer to.
 * @param reporter Told of what is wrong.
 * @param options What its value has to be.
 * @returns The expression and its type, or `undefined` if it cannot be parsed.
 */
export function compileExpression(
  text: string,
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
  { expects = "condition" }: ExpressionOptions = {},
): CompiledExpression | undefined {
  const found = parseExpression(text);
  if (found.problem !== undefined) {
    tellSyntax(found.problem, path, reporter);
    return undefined;
  }
  const { type, told } = checkFound(found, path, typeScopeOf(scope, reporter), reporter);
  if (expects === "list" && told === 0 && type.kind !== "list" && type.kind !== "any") {
    const span = found.spans.get(found.expression) ?? { offset: 0, length: text.length };
    const message = `A list is wanted, and "${found.source}" is ${kindName(type)}`;
    tell({ ...span, kind: "type", message, hint: listHint(found, type) }, found, path, reporter);
  }
  const { source, expression } = found;
  return { expression: { type: "expression", source, expression }, type };
}

function listHint({ expression, source }: FoundExpression, { kind }: StaticType): string {
  if (kind === "string" && expression.type !== "literal") {
    return `If it is JSON, read it: fromJSON(${source})`;
  }
  return `Write fromJSON('["a", "b"]'), or the list itself: [a, b]`;
}

/**
 * Renders what is known before the run: a text that refers to inputs and variables alone.
 *
 * @param template A template.
 * @param scope The inputs and variables.
 * @returns Its text, or `undefined` if it depends on what is not known yet.
 */
export function knownText(template: Template, scope: Scope): string | undefined {
  let text = "";
  for (const part of template) {
    const known = typeof part === "string" ? part : knownValue(part.expression, scope);
    if (known === undefined) return undefined;
    text += known;
  }
  return text;
}

function knownValue(expression: Expression, scope: Scope): string | undefined {
  if (!isKnown(expression, scope)) return undefined;
  const env = Object.fromEntries([...scope.env ?? []].map(([name, value]) => [name, value ?? ""]));
  try {
    const value = evaluateNow(expression, { ...NOTHING, inputs: scope.inputs, env });
    return value === undefined ? undefined : textOf(value);
  } catch (error) {
    // It is told where it is evaluated again: while the run goes on.
    if (error instanceof ExpressionError) return undefined;
    throw error;
  }
}

const NOTHING: Omit<ExpressionContext, "inputs" | "env"> = {
  ...{ secrets: {}, steps: {}, failed: false },
  run: { id: "", workflow: "", started: "" },
  hashFiles: () => Promise.resolve(""),
};

/** Whether all that an expression refers to has its value already. */
function isKnown(expression: Expression, scope: Scope): boolean {
  switch (expression.type) {
    case "literal":
      return true;
    case "name":
      return false;
    case "member": {
      const { of, name } = expression;
      if (of.type !== "name") return isKnown(of, scope);
      return of.name === "inputs"
        ? Object.hasOwn(scope.inputs, name)
        : of.name === "env" && scope.env?.get(name) !== undefined;
    }
    case "index":
      return isKnown(expression.of, scope) && isKnown(expression.index, scope);
    case "not":
      return isKnown(expression.operand, scope);
    case "binary":
      return isKnown(expression.left, scope) && isKnown(expression.right, scope);
    case "call":
      // Files that only the run knows have no value yet when it is evaluated.
      return expression.arguments.every((each) => isKnown(each, scope));
  }
}

function checkFound(
  found: FoundExpression,
  path: DataPath,
  types: TypeScope,
  reporter: Reporter,
): { readonly type: StaticType; readonly told: number } {
  const { type, problems } = checkExpression(found, types);
  for (const problem of problems.slice(0, TOLD)) tell(problem, found, path, reporter);
  return { type: problems.length === 0 ? type : ANY, told: problems.length };
}

function tellSyntax(problem: TemplateProblem, path: DataPath, reporter: Reporter): void {
  const { message, hint, offset, length, opening } = problem;
  const location = locate({ offset, length }, opening, path, reporter);
  reporter.error("invalid-expression", message, path, { hint, location });
}

function tell(
  { kind, message, hint, offset, length }: CheckProblem,
  { opening }: FoundExpression,
  path: DataPath,
  reporter: Reporter,
): void {
  const location = locate({ offset, length }, opening, path, reporter);
  reporter.error(CODES[kind], message, path, { hint, location });
}

function locate(
  slice: Slice,
  opening: number | undefined,
  path: DataPath,
  { yaml }: Reporter,
): Location {
  const marker = opening === undefined ? undefined : { text: OPENING, at: opening };
  return yaml.sliceLocation(path, slice, marker);
}
