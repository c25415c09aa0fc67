/**
 * Values of variables that the file writes down: texts with expressions of inputs, fixed before the
 * run.
 *
 * @module
 */

import { compileText, knownText } from "./_compile_text.ts";
import type { ExpressionContext } from "./expressions/context.ts";
import { ExpressionError } from "./expressions/errors.ts";
import type { Expression, Template } from "./expressions/expression.ts";
import { renderTemplate } from "./expressions/template.ts";
import type { Reporter } from "./_reporter.ts";
import type { GivenScope, NoSteps, Scope } from "./_scope.ts";
import type { DataPath } from "./_yaml_file.ts";

const FIXED: NoSteps = {
  because: "variables are fixed before the first step",
  hint: "Use inputs alone, or set it in the env of a step",
};

/**
 * @param text The value of a variable, as the file has it.
 * @param path Where it is.
 * @param inputs What it may refer to.
 * @param reporter Told of what is wrong.
 * @returns Its template, or `undefined` if it cannot be parsed.
 */
export function fixedText(
  text: string,
  path: DataPath,
  inputs: GivenScope,
  reporter: Reporter,
): Template | undefined {
  if (text.includes("\0")) {
    reporter.error("invalid-value", "A variable cannot have a NUL character in it", path);
    return undefined;
  }
  const scope: Scope = {
    ...inputs,
    steps: FIXED,
    withoutFiles: "Variables are fixed before the run",
  };
  return compileText(text, path, scope, reporter);
}

/**
 * @param template The template of a variable's value.
 * @param path Where it is.
 * @param given The inputs.
 * @param reporter Told of what is wrong.
 * @returns Its text, if the inputs that it refers to are known.
 */
export async function fixedValue(
  template: Template,
  path: DataPath,
  given: GivenScope,
  reporter: Reporter,
): Promise<string | undefined> {
  const known = knownText(template, { ...given, steps: FIXED });
  if (known !== undefined) return known;
  const expressions = template.flatMap((part) => typeof part === "string" ? [] : part.expression);
  const references = expressions.flatMap(referencesIn);
  if (references.some(([context]) => context === "run")) {
    reporter.error(
      "unavailable-reference",
      '"run" is not known here: variables are fixed before the run',
      path,
      { hint: FIXED.hint },
    );
    return undefined;
  }
  const isKnown = ([context, name]: readonly string[]) =>
    context === "inputs" &&
    (name === undefined ? given.inputNames : [name]).every((each) =>
      Object.hasOwn(given.inputs, each)
    );
  // What else is not known was told, or is for the workflow's caller to say.
  if (!references.every(isKnown)) return undefined;
  const context: ExpressionContext = {
    inputs: given.inputs,
    ...{ env: {}, secrets: {}, steps: {}, failed: false },
    run: { id: "", workflow: "", started: "" },
    hashFiles: () => Promise.resolve(""),
  };
  try {
    return await renderTemplate(template, context);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    reporter.error("invalid-value", `The variable has no value: ${error.message}`, path, {
      hint: "Change the expression, or the inputs that it is of",
    });
    return undefined;
  }
}

/** The names with which an expression's references begin, each with its first member. */
function referencesIn(expression: Expression): readonly (readonly string[])[] {
  switch (expression.type) {
    case "literal":
      return [];
    case "name":
      return [[expression.name]];
    case "member":
      return expression.of.type === "name"
        ? [[expression.of.name, expression.name]]
        : referencesIn(expression.of);
    case "index":
      return [expression.of, expression.index].flatMap(referencesIn);
    case "call":
      // What the tree holds is one thing more that it refers to.
      return expression.name === "hashFiles"
        ? [[expression.name]]
        : expression.arguments.flatMap(referencesIn);
    case "not":
      return referencesIn(expression.operand);
    case "binary":
      return [expression.left, expression.right].flatMap(referencesIn);
  }
}
