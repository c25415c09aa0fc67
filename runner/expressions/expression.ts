/**
 * `${{ ... }}` as data: what the parser makes of a text, what a plan keeps, what is evaluated.
 *
 * @module
 */

/** What an expression evaluates to: what JSON can say. */
export type Value =
  | null
  | boolean
  | number
  | string
  | readonly Value[]
  | { readonly [name: string]: Value };

/** The functions. `hashFiles` looks at files, `always`, `success` and `failure` at steps. */
export type FunctionName =
  | "contains"
  | "startsWith"
  | "endsWith"
  | "join"
  | "toJSON"
  | "fromJSON"
  | "format"
  | "default"
  | "hashFiles"
  | "always"
  | "success"
  | "failure";

/** Operators between two operands. */
export type BinaryOperator = "==" | "!=" | "<" | "<=" | ">" | ">=" | "&&" | "||";

/** One expression, without its `${{ }}`. */
export type Expression =
  | { readonly type: "literal"; readonly value: null | boolean | number | string }
  /** A context: `inputs`, `env`, `secrets`, `steps`, `run`, or what `foreach` calls its item. */
  | { readonly type: "name"; readonly name: string }
  /** `of.name`. */
  | { readonly type: "member"; readonly of: Expression; readonly name: string }
  /** `of[index]`. */
  | { readonly type: "index"; readonly of: Expression; readonly index: Expression }
  | {
    readonly type: "call";
    readonly name: FunctionName;
    readonly arguments: readonly Expression[];
  }
  | { readonly type: "not"; readonly operand: Expression }
  | {
    readonly type: "binary";
    readonly operator: BinaryOperator;
    readonly left: Expression;
    readonly right: Expression;
  };

/** An expression in a file. */
export interface TemplateExpression {
  readonly type: "expression";
  /** As it was written, without `${{ }}` and the space around it. */
  readonly source: string;
  readonly expression: Expression;
}

/** A text with its expressions parsed: what is fixed, as strings, and what is not. */
export type Template = readonly (string | TemplateExpression)[];
