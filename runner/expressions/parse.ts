/**
 * From a text to an expression. Bounded: neither a long text nor a deep one can hold it up, and what
 * is wrong is told with its place.
 *
 * @module
 */

import { didYouMean } from "../_suggest.ts";
import type { ExpressionProblem, Span } from "./errors.ts";
import type { BinaryOperator, Expression } from "./expression.ts";
import { OPERATOR_STRENGTH } from "./_strength.ts";
import { foreignFunction, foreignOperator } from "./_foreign.ts";
import { type Token, tokensOf } from "./_lexer.ts";
import { canonicalName, functionNamed, functionNames, SIGNATURES } from "./_signatures.ts";

/** How large an expression may be. */
export const EXPRESSION_LIMITS = {
  /** UTF-16 code units of one expression: 20,000. */
  length: 20_000,
  /** Operators, calls and members inside of each other: 100. */
  depth: 100,
} as const;

/** An expression, and where its parts are in the text. */
export interface Parsed {
  readonly expression: Expression;
  /** Where each part is. */
  readonly spans: ReadonlyMap<Expression, Span>;
  readonly problem?: undefined;
}

/** What {@linkcode parse} made of a text. */
export type ParseResult = Parsed | {
  readonly problem: ExpressionProblem;
  readonly expression?: undefined;
};

/**
 * Parses one expression, without its `${{ }}`.
 *
 * @param text A text that has it in it.
 * @param start Where it begins.
 * @param end Where it ends.
 * @returns The expression, or the first thing that is wrong with it; offsets are in `text`.
 */
export function parse(text: string, start = 0, end = text.length): ParseResult {
  if (end - start > EXPRESSION_LIMITS.length) {
    const message = `An expression must not be longer than ${EXPRESSION_LIMITS.length} characters`;
    return { problem: { message, hint: "Let a step do the work", offset: start, length: 1 } };
  }
  const lexed = tokensOf(text, start, end);
  if ("problem" in lexed) return lexed;
  try {
    return new Parser(lexed.tokens).whole();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { problem: error.problem };
  }
}

/** Leaves the parser from wherever it is. */
class Refusal extends Error {
  readonly problem: ExpressionProblem;

  constructor(problem: ExpressionProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** How tightly operators bind. */
const STRENGTH: ReadonlyMap<string, number> = new Map(Object.entries(OPERATOR_STRENGTH));

function isOperator(text: string): text is BinaryOperator {
  return STRENGTH.has(text);
}

/** A part's place, and how many levels are in it. */
interface Place extends Span {
  readonly depth: number;
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #spans = new Map<Expression, Place>();
  /** Where parts are that stand in brackets, with them. */
  readonly #inBrackets = new Map<Expression, Place>();
  #position = 0;
  /** How many levels the parser is in. */
  #level = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): ParseResult {
    const expression = this.#binary(1);
    const token = this.#next;
    if (token.type !== "end") throw this.#unexpected(token);
    return { expression, spans: this.#spans };
  }

  get #next(): Token {
    const token = this.#tokens[this.#position] ?? this.#tokens.at(-1);
    if (token === undefined) throw new TypeError("There is always an end");
    return token;
  }

  #take(): Token {
    const token = this.#next;
    this.#position++;
    return token;
  }

  /** Takes a sign if it is the next token. */
  #takes(sign: string): boolean {
    const { type, text } = this.#next;
    if (type !== "sign" || text !== sign) return false;
    this.#position++;
    return true;
  }

  #expect(sign: string, opening: Token): void {
    if (this.#takes(sign)) return;
    const token = this.#next;
    if (token.type !== "end") throw this.#unexpected(token);
    const { offset, length } = opening;
    const message = `"${opening.text}" is never closed`;
    throw new Refusal({ message, hint: `Close it with "${sign}"`, offset, length });
  }

  /** Operands, and operators between them that bind at least so tightly. */
  #binary(least: number): Expression {
    let left = this.#unary();
    for (;;) {
      const { type, text } = this.#next;
      const strength = type === "sign" ? STRENGTH.get(text) ?? 0 : 0;
      if (strength === 0 || strength < least || !isOperator(text)) return left;
      this.#position++;
      const right = this.#binary(strength + 1);
      left = this.#made(
        { type: "binary", operator: text, left, right },
        [left, right],
        left,
        right,
      );
    }
  }

  #unary(): Expression {
    const sign = this.#next;
    if (!this.#takes("!")) return this.#postfix();
    const operand = this.#inside(sign, () => this.#unary());
    return this.#made({ type: "not", operand }, [operand], sign, operand);
  }

  #postfix(): Expression {
    let of = this.#primary();
    for (;;) {
      const sign = this.#next;
      if (this.#takes(".")) {
        const name = this.#take();
        if (name.type !== "name") throw this.#unexpected(name);
        of = this.#made({ type: "member", of, name: name.text }, [of], of, name);
      } else if (this.#takes("[")) {
        const index = this.#inside(sign, () => this.#binary(1));
        const closing = this.#next;
        this.#expect("]", sign);
        of = this.#made({ type: "index", of, index }, [of, index], of, closing);
      } else {
        return of;
      }
    }
  }

  #primary(): Expression {
    const token = this.#take();
    if (token.type === "text" || token.type === "number") {
      return this.#made({ type: "literal", value: token.value }, [], token);
    }
    if (token.type === "name") {
      const opening = this.#next;
      if (this.#takes("(")) return this.#call(token, opening);
      const { text } = token;
      if (text === "null") return this.#made({ type: "literal", value: null }, [], token);
      if (text === "true" || text === "false") {
        return this.#made({ type: "literal", value: text === "true" }, [], token);
      }
      return this.#made({ type: "name", name: canonicalName(text) }, [], token);
    }
    if (token.text !== "(") throw this.#unexpected(token);
    const inner = this.#inside(token, () => this.#binary(1));
    const { offset } = token;
    const length = this.#next.offset + 1 - offset;
    this.#expect(")", token);
    this.#inBrackets.set(inner, { offset, length, depth: 0 });
    return inner;
  }

  #call(word: Token, opening: Token): Expression {
    const { text, offset, length } = word;
    const name = functionNamed(text);
    if (name === undefined) {
      const known = didYouMean(text, functionNames()).hint;
      throw new Refusal({
        message: `There is no function "${text}"`,
        hint: foreignFunction(text) ?? known ?? `The functions are ${functionNames().join(", ")}`,
        offset,
        length,
      });
    }
    const given: Expression[] = [];
    let closing = this.#next;
    if (!this.#takes(")")) {
      do {
        given.push(this.#inside(opening, () => this.#binary(1)));
        closing = this.#next;
      } while (this.#takes(","));
      this.#expect(")", opening);
    }
    const { form, least, most } = SIGNATURES[name];
    if (given.length < least || given.length > most) {
      const bound = given.length < least ? least : most;
      const how = least === most ? "" : bound === least ? "at least " : "at most ";
      const nouns = bound === 1 ? "argument" : "arguments";
      throw new Refusal({
        message: `Function "${name}" takes ${how}${bound || "no"} ${nouns}, not ${given.length}`,
        hint: `Write ${form}`,
        offset,
        length: closing.offset + closing.length - offset,
      });
    }
    return this.#made({ type: "call", name, arguments: given }, given, word, closing);
  }

  /** Parses what is in brackets, or after a sign, if that is not too deep. */
  #inside(at: Span, inner: () => Expression): Expression {
    if (++this.#level > EXPRESSION_LIMITS.depth) throw tooDeep(at);
    const expression = inner();
    this.#level--;
    return expression;
  }

  /** Notes where a new part is, from one part or token to another. */
  #made(
    expression: Expression,
    parts: readonly Expression[],
    from: Expression | Token,
    to: Expression | Token = from,
  ): Expression {
    const first = this.#spanOf(from);
    const last = from === to ? first : this.#spanOf(to);
    let depth = 1;
    for (const part of parts) depth = Math.max(depth, 1 + (this.#spans.get(part)?.depth ?? 0));
    if (depth > EXPRESSION_LIMITS.depth) throw tooDeep(last);
    const length = last.offset + last.length - first.offset;
    this.#spans.set(expression, { offset: first.offset, length, depth });
    return expression;
  }

  #spanOf(part: Expression | Token): Span {
    if ("offset" in part) return part;
    const span = this.#inBrackets.get(part) ?? this.#spans.get(part);
    if (span === undefined) throw new TypeError("Every part has a place");
    return span;
  }

  #unexpected(token: Token): Refusal {
    const before = this.#tokens[this.#tokens.indexOf(token) - 1];
    if (token.type === "end") {
      const message = before === undefined
        ? "The expression is empty"
        : `After "${before.text}" something is missing`;
      const { offset, length } = before ?? { offset: Math.max(0, token.offset - 1), length: 1 };
      return new Refusal({ message, offset, length });
    }
    const { text, offset, length } = token;
    const own = token.type === "name" ? foreignOperator(text) : undefined;
    if (own !== undefined) {
      const message = `"${text}" is not an operator of expressions`;
      return new Refusal({ message, hint: own, offset, length });
    }
    const left = before?.type === "name" ? foreignOperator(before.text) : undefined;
    if (before !== undefined && left !== undefined) {
      const message = `"${before.text}" is not an operator of expressions`;
      const { offset, length } = before;
      return new Refusal({ message, hint: left, offset, length });
    }
    const message = before === undefined
      ? `An expression cannot begin with "${text}"`
      : `After "${before.text}" there cannot be "${text}"`;
    return new Refusal({ message, offset, length });
  }
}

function tooDeep({ offset, length }: Span): Refusal {
  return new Refusal({
    message: `An expression must not be deeper than ${EXPRESSION_LIMITS.depth} levels`,
    hint: "Let a step do the work, or write several shorter ones",
    offset,
    length: Math.max(1, length),
  });
}
