/**
 * How tightly the operators of expressions bind.
 *
 * @module
 */

import type { BinaryOperator } from "./expression.ts";

/** Operators between two operands: the larger binds first, and those of one strength to the left. */
export const OPERATOR_STRENGTH: Readonly<Record<BinaryOperator, number>> = {
  "||": 1,
  "&&": 2,
  "==": 3,
  "!=": 3,
  "<": 4,
  "<=": 4,
  ">": 4,
  ">=": 4,
};
