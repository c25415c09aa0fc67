/**
 * From an expression to its value.
 *
 * @module
 */

import { areEqual, isLess, isList, isMap, isTruthy, numberOf, textOf } from "./coerce.ts";
import type { ExpressionContext } from "./context.ts";
import { ExpressionError } from "./errors.ts";
import type { Expression, Value } from "./expression.ts";
import { callFunction } from "./functions.ts";

/**
 * Evaluates an expression, as GitHub Actions would: what is not there is `null`, `&&` and `||` give
 * one of their operands and look at the second only if they have to, texts are compared without
 * regard to case.
 *
 * @param expression What was parsed.
 * @param context What it may refer to.
 * @returns Its value.
 * @throws {ExpressionError} If it has none. Nothing else is thrown.
 *
 * @example
 * ```ts
 * import { evaluate } from "./evaluate.ts";
 * import { parse } from "./parse.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { expression } = parse("startsWith(inputs.topic, 'bee') && 'insects' || inputs.topic");
 * const context = {
 *   inputs: { topic: "Bees" },
 *   ...{ env: {}, secrets: {}, steps: {}, failed: false },
 *   run: { id: "r1", workflow: "w", started: "2026-01-01T00:00:00.000Z" },
 *   hashFiles: () => Promise.resolve(""),
 * };
 * assertEquals(expression && await evaluate(expression, context), "insects");
 * ```
 */
export async function evaluate(expression: Expression, context: ExpressionContext): Promise<Value> {
  const evaluation = valueOf(expression, context);
  let step = evaluation.next();
  while (!step.done) {
    let hash: string;
    try {
      hash = await context.hashFiles(step.value);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ExpressionError(`The files cannot be hashed: ${reason}`, { cause: error });
    }
    step = evaluation.next(hash);
  }
  return step.value;
}

/**
 * Evaluates an expression that looks at no file.
 *
 * @param expression What was parsed.
 * @param context What it may refer to; `hashFiles` is not called.
 * @returns Its value, or `undefined` if files have to be looked at.
 * @throws {ExpressionError} If it has none.
 */
export function evaluateNow(expression: Expression, context: ExpressionContext): Value | undefined {
  const step = valueOf(expression, context).next();
  return step.done ? step.value : undefined;
}

/** Yields the patterns of files whose hash it has to know. */
type Evaluation = Generator<readonly string[], Value, string>;

function* valueOf(expression: Expression, context: ExpressionContext): Evaluation {
  switch (expression.type) {
    case "literal":
      return expression.value;
    case "name":
      return contextValue(expression.name, context);
    case "member": {
      const { of, name } = expression;
      if (of.type === "name" && of.name === "steps") return stepValue(name, context);
      return member(yield* valueOf(of, context), name);
    }
    case "index": {
      const { of } = expression;
      const index = yield* valueOf(expression.index, context);
      if (of.type === "name" && of.name === "steps") return stepValue(textOf(index), context);
      return item(yield* valueOf(of, context), index);
    }
    case "not":
      return !isTruthy(yield* valueOf(expression.operand, context));
    case "binary":
      return yield* binary(expression, context);
    case "call":
      return yield* call(expression, context);
  }
}

function* binary(
  { operator, left, right }: Expression & { type: "binary" },
  context: ExpressionContext,
): Evaluation {
  const a = yield* valueOf(left, context);
  if (operator === "&&") return isTruthy(a) ? yield* valueOf(right, context) : a;
  if (operator === "||") return isTruthy(a) ? a : yield* valueOf(right, context);
  const b = yield* valueOf(right, context);
  switch (operator) {
    case "==":
      return areEqual(a, b);
    case "!=":
      return !areEqual(a, b);
    case "<":
      return isLess(a, b);
    case "<=":
      return isLess(a, b) || areEqual(a, b);
    case ">":
      return isLess(b, a);
    case ">=":
      return isLess(b, a) || areEqual(a, b);
  }
}

function* call(
  { name, arguments: given }: Expression & { type: "call" },
  context: ExpressionContext,
): Evaluation {
  switch (name) {
    case "always":
      return true;
    case "success":
      return !context.failed;
    case "failure":
      return context.failed;
  }
  if (name === "default") {
    const [first, second] = given;
    if (first === undefined || second === undefined) throw new ExpressionError("Nothing is given");
    const value = yield* valueOf(first, context);
    return value === null || value === "" ? yield* valueOf(second, context) : value;
  }
  const values: Value[] = [];
  for (const each of given) values.push(yield* valueOf(each, context));
  return name === "hashFiles" ? yield values.map(textOf) : callFunction(name, values);
}

function contextValue(name: string, context: ExpressionContext): Value {
  switch (name) {
    case "inputs":
      return context.inputs;
    case "env":
      return context.env;
    case "secrets":
      return context.secrets;
    case "steps":
      return Object.fromEntries(
        Object.entries(context.steps).map(([id, { output, outputs, status }]) =>
          [id, { output, outputs, status }] as const
        ),
      );
    case "run": {
      const { id, workflow, started } = context.run;
      return { id, workflow, started };
    }
  }
  if (context.item !== undefined && name === context.item.name) return context.item.value;
  throw new ExpressionError(`Nothing is known of '${name}'`);
}

/** One step, without making a map of all of them. */
function stepValue(id: string, { steps }: ExpressionContext): Value {
  const key = keyOf(steps, id);
  const found = key === undefined ? undefined : steps[key];
  if (found === undefined) return null;
  const { output, outputs, status } = found;
  return { output, outputs, status };
}

function member(value: Value, name: string): Value {
  if (!isMap(value)) return isList(value) ? item(value, name) : null;
  const key = keyOf(value, name);
  return key === undefined ? null : value[key] ?? null;
}

function item(value: Value, index: Value): Value {
  if (isMap(value)) return isList(index) || isMap(index) ? null : member(value, textOf(index));
  if (!isList(value)) return null;
  const position = Math.floor(numberOf(index));
  return value[position] ?? null;
}

/** The key of a map that a name means: itself, or the first that is the same but for its case. */
function keyOf(map: object, name: string): string | undefined {
  if (Object.hasOwn(map, name)) return name;
  const lower = name.toLowerCase();
  return Object.keys(map).find((key) => key.toLowerCase() === lower);
}
