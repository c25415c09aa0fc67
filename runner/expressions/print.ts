/**
 * From an expression to the text that it is parsed from.
 *
 * @module
 */

import type { Expression } from "./expression.ts";
import { OPERATOR_STRENGTH } from "./_strength.ts";

/** What binds more tightly than any operator between two operands. */
const NOT = 5;
const MEMBER = 6;

/**
 * @param expression An expression.
 * @returns It as it is written, without `${{ }}`, with no more brackets than it needs.
 */
export function expressionText(expression: Expression): string {
  return printed(expression, 0);
}

function printed(expression: Expression, strength: number): string {
  const inBrackets = strengthOf(expression) < strength;
  const text = textOf(expression);
  return inBrackets ? `(${text})` : text;
}

function strengthOf(expression: Expression): number {
  if (expression.type === "binary") return OPERATOR_STRENGTH[expression.operator];
  // A point after a number would be a part of it.
  const isNumber = expression.type === "literal" && typeof expression.value === "number";
  return expression.type === "not" || isNumber ? NOT : MEMBER;
}

function textOf(expression: Expression): string {
  switch (expression.type) {
    case "literal":
      return typeof expression.value === "string"
        ? `'${expression.value.replaceAll("'", "''")}'`
        : String(expression.value);
    case "name":
      return expression.name;
    case "member":
      return `${printed(expression.of, MEMBER)}.${expression.name}`;
    case "index":
      return `${printed(expression.of, MEMBER)}[${printed(expression.index, 0)}]`;
    case "call":
      return `${expression.name}(${
        expression.arguments.map((each) => printed(each, 0)).join(", ")
      })`;
    case "not":
      return `!${printed(expression.operand, NOT)}`;
    case "binary": {
      const own = OPERATOR_STRENGTH[expression.operator];
      // Operators of one strength bind to the left.
      const left = printed(expression.left, own);
      return `${left} ${expression.operator} ${printed(expression.right, own + 1)}`;
    }
  }
}
