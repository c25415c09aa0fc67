/**
 * What expressions refer to, for tests that have no run.
 *
 * @module
 */

import type { ExpressionContext } from "../../runner/expressions/context.ts";
import type { TemplateExpression } from "../../runner/expressions/expression.ts";
import { parse } from "../../runner/expressions/parse.ts";

/**
 * @param given What a test is about; all else is empty.
 * @returns A whole context.
 */
export function expressionValues(given: Partial<ExpressionContext> = {}): ExpressionContext {
  return {
    ...{ inputs: {}, env: {}, secrets: {}, steps: {}, failed: false },
    run: { id: "20260101-000000-abc", workflow: "demo", started: "2026-01-01T00:00:00.000Z" },
    hashFiles: (patterns) => Promise.resolve(`hash of ${patterns.join(" ")}`),
    ...given,
  };
}

/**
 * @param source An expression, without `${{ }}`.
 * @returns It as a plan keeps it.
 * @throws {SyntaxError} If it cannot be parsed.
 */
export function expressionOf(source: string): TemplateExpression {
  const { expression, problem } = parse(source);
  if (problem !== undefined) throw new SyntaxError(problem.message);
  return { type: "expression", source, expression };
}
