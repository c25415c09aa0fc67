/**
 * Texts with expressions in them: parsed, with every reference checked.
 *
 * @module
 */

import type { ExpressionContext } from "./expressions/context.ts";
import { evaluateNow } from "./expressions/evaluate.ts";
import type { Expression, Template } from "./expressions/expression.ts";
import { expressionText } from "./expressions/print.ts";
import { textOf } from "./expressions/coerce.ts";
import { type FoundExpression, OPENING, parseTemplate } from "./expressions/template.ts";
import type { InputValue } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import { didYouMean } from "./_suggest.ts";
import type { DataPath } from "./_yaml_file.ts";

/** How many wrong expressions of one text are told: to find each means to search the text. */
const TOLD = 20;

/** What the expressions of a text may refer to. */
export interface Scope {
  /** The inputs that have a value. */
  readonly inputs: Readonly<Record<string, InputValue>>;
  /** The names of all inputs that are declared. */
  readonly inputNames: readonly string[];
  /** The steps whose output is known by then. */
  readonly done: ReadonlySet<string>;
  /** All steps. */
  readonly steps: readonly string[];
  /** What the text is, if no step is known there: "Instructions". */
  readonly withoutSteps?: string;
}

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
  const { template, expressions, problems } = parseTemplate(text);
  for (const { message, hint, offset, length, opening = 0 } of problems.slice(0, TOLD)) {
    reporter.error("invalid-expression", message, path, {
      hint,
      location: reporter.yaml.sliceLocation(path, { offset, length }, {
        text: OPENING,
        at: opening,
      }),
    });
  }
  let told = 0;
  for (const found of expressions) {
    for (const reference of referencesOf(found)) {
      if (told < TOLD && !checkReference(reference, path, scope, reporter)) told++;
    }
  }
  return problems.length === 0 ? template : undefined;
}

/**
 * Renders what is known before the run: a text without references to steps.
 *
 * @param template A template.
 * @param scope The inputs.
 * @returns Its text, or `undefined` if it depends on what is not known yet.
 */
export function knownText(template: Template, scope: Scope): string | undefined {
  let text = "";
  for (const part of template) {
    if (typeof part === "string") {
      text += part;
      continue;
    }
    const isKnown = referencesIn(part.expression).every(([kind, name = ""]) =>
      kind === "inputs" && Object.hasOwn(scope.inputs, name)
    );
    const value = isKnown
      ? evaluateNow(part.expression, { ...NOTHING, inputs: scope.inputs })
      : undefined;
    if (value === undefined) return undefined;
    text += textOf(value);
  }
  return text;
}

const NOTHING: Omit<ExpressionContext, "inputs"> = {
  ...{ env: {}, secrets: {}, steps: {}, failed: false },
  run: { id: "", workflow: "", started: "" },
  hashFiles: () => Promise.resolve(""),
};

/** A name and its members, and where it is. */
interface FoundReference {
  readonly names: readonly string[];
  readonly text: string;
  readonly offset: number;
  readonly length: number;
  readonly opening: number;
}

function referencesOf({ spans, opening = 0 }: FoundExpression): readonly FoundReference[] {
  const inner = new Set<Expression>();
  const found: FoundReference[] = [];
  for (const [part, span] of [...spans].reverse()) {
    const names = namesOf(part);
    if (names === undefined || inner.has(part)) continue;
    for (let each = part; each.type === "member"; each = each.of) inner.add(each.of);
    found.push({ names, text: expressionText(part), ...span, opening });
  }
  return found.reverse();
}

function referencesIn(expression: Expression): readonly (readonly string[])[] {
  const names = namesOf(expression);
  if (names !== undefined) return [names];
  switch (expression.type) {
    case "not":
      return referencesIn(expression.operand);
    case "binary":
      return [expression.left, expression.right].flatMap(referencesIn);
    case "call":
      return expression.name === "hashFiles"
        ? [["files"]]
        : expression.arguments.flatMap(referencesIn);
    case "member":
      return referencesIn(expression.of);
    case "index":
      return [expression.of, expression.index].flatMap(referencesIn);
    default:
      return [];
  }
}

function namesOf(expression: Expression): readonly string[] | undefined {
  if (expression.type === "name") return [expression.name];
  if (expression.type !== "member") return undefined;
  const names = namesOf(expression.of);
  return names && [...names, expression.name];
}

function checkReference(
  found: FoundReference,
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
): boolean {
  const problem = problemOf(found, scope);
  if (problem === undefined) return true;
  const { offset, length, opening } = found;
  reporter.error("undefined-reference", problem.message, path, {
    hint: problem.hint,
    location: reporter.yaml.sliceLocation(path, { offset, length }, { text: OPENING, at: opening }),
  });
  return false;
}

function problemOf(
  { names, text }: FoundReference,
  scope: Scope,
): { readonly message: string; readonly hint?: string } | undefined {
  const [kind, name = ""] = names;
  const whole = `"${text}"`;
  if (kind === "inputs") {
    if (scope.inputNames.includes(name)) return undefined;
    const { hint } = didYouMean(name, scope.inputNames);
    return {
      message: `${whole} is not defined: there is no input "${name}"`,
      hint: hint ?? 'Declare it below "inputs"',
    };
  }
  if (kind !== "steps" || names.length !== 3 || names[2] !== "output") {
    return { message: `${whole} is not known`, hint: "Use inputs.NAME or steps.ID.output" };
  }
  if (scope.withoutSteps !== undefined) {
    return {
      message: `${whole} is not known here`,
      hint: `${scope.withoutSteps} are fixed before the first step: use inputs alone`,
    };
  }
  if (scope.done.has(name)) return undefined;
  if (scope.steps.includes(name)) {
    return {
      message: `${whole} is not known here: step "${name}" does not come before`,
      hint: "Only the output of an earlier step can be used",
    };
  }
  const { hint } = didYouMean(name, scope.done);
  return {
    message: `${whole} is not defined: there is no step "${name}"`,
    ...(hint === undefined ? {} : { hint }),
  };
}

/** Where expressions are evaluated; `*` stands for any one key. */
const EVALUATED: readonly DataPath[] = [
  ["instructions"],
  ["steps", "*", "prompt"],
  ["steps", "*", "env", "*"],
  ["steps", "*", "produces", "*"],
  ["steps", "*", "assert", "*", "*"],
  ["outputs", "*"],
];

/** Where expressions are refused with more to say: see `_compile_command.ts`. */
const COMMANDS: readonly DataPath[] = [["steps", "*", "run"], ["steps", "*", "run", "*"]];

/**
 * Refuses expressions where they would be taken for plain text, in keys too.
 *
 * @param reporter The file, and where problems are told.
 */
export function refuseStrayExpressions(reporter: Reporter): void {
  visit(reporter.yaml.data, []);

  function visit(data: unknown, path: DataPath): void {
    if (typeof data === "string") {
      const isEvaluated = [...EVALUATED, ...COMMANDS].some((pattern) => fits(path, pattern));
      if (!data.includes(OPENING) || isEvaluated || path[0] === "description") return;
      stray(path, "value");
    } else if (typeof data === "object" && data !== null) {
      for (const [key, value] of Object.entries(data)) {
        const inner = [...path, Array.isArray(data) ? Number(key) : key];
        if (key.includes(OPENING)) stray(inner, "key");
        visit(value, inner);
      }
    }
  }

  function stray(path: DataPath, part: "key" | "value"): void {
    reporter.error("expression-not-allowed", "Expressions are not evaluated here", path, {
      hint: "They are in prompts, instructions, env, produces, assert and outputs",
      part,
    });
  }
}

function fits(path: DataPath, pattern: DataPath): boolean {
  return path.length === pattern.length &&
    pattern.every((part, index) => part === "*" || part === path[index]);
}
