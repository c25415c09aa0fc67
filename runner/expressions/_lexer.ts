/**
 * The words of an expression. What belongs to other languages is told by name, so that whoever
 * wrote it learns what to write instead.
 *
 * @module
 */

import type { ExpressionProblem, Span } from "./errors.ts";
import { foreignSymbol } from "./_foreign.ts";

/** Names, texts, numbers, and signs; `end` is after the last of them. */
export type Token =
  & Span
  & (
    | { readonly type: "name" | "sign"; readonly text: string }
    | { readonly type: "text"; readonly text: string; readonly value: string }
    | { readonly type: "number"; readonly text: string; readonly value: number }
    | { readonly type: "end"; readonly text: "" }
  );

/** What {@linkcode tokensOf} found. */
export type Tokens =
  | { readonly tokens: readonly Token[] }
  | { readonly problem: ExpressionProblem };

const SPACE = /\s+/y;
const NAME = /[A-Za-z_][A-Za-z0-9_-]*/y;
const TEXT = /'[^']*(?:''[^']*)*'/y;
const NUMBER = /[+-]?(?:0x[0-9a-fA-F]+|0o[0-7]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)/y;
const NUMBER_GOES_ON = /[+-]?[A-Za-z0-9_.-]+/y;
const SIGN = /==|!=|<=|>=|&&|\|\||[()[\].,!<>]/y;

/**
 * @param text A text that has an expression in it.
 * @param start Where the expression begins.
 * @param end Where it ends.
 * @returns Its tokens, with `end` as the last; or the first thing that is none.
 */
export function tokensOf(text: string, start: number, end: number): Tokens {
  const tokens: Token[] = [];
  let offset = start;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = offset;
    return pattern.exec(text)?.[0];
  };
  while (offset < end) {
    const space = take(SPACE);
    if (space !== undefined) {
      offset += space.length;
      continue;
    }
    const foreign = foreignSymbol(text, offset, end, tokens.at(-1)?.text);
    if (foreign !== undefined) return { problem: foreign };
    const token = tokenAt(take, offset, tokens.at(-1));
    if (token === undefined) {
      const length = String.fromCodePoint(text.codePointAt(offset) ?? 0).length;
      const shown = JSON.stringify(text.slice(offset, offset + length));
      return { problem: { message: `${shown} has no meaning in an expression`, offset, length } };
    }
    if ("message" in token) return { problem: token };
    tokens.push(token);
    offset += token.length;
  }
  tokens.push({ type: "end", text: "", offset: end, length: 0 });
  return { tokens };
}

function tokenAt(
  take: (pattern: RegExp) => string | undefined,
  offset: number,
  before: Token | undefined,
): Token | ExpressionProblem | undefined {
  const name = take(NAME);
  if (name !== undefined) return { type: "name", text: name, offset, length: name.length };
  // A number may begin with a point, but not after what has members.
  const isMember = before?.type === "name" || before?.text === ")" || before?.text === "]";
  const number = take(NUMBER);
  if (number !== undefined && !(isMember && number.startsWith("."))) {
    return numberToken(number, take(NUMBER_GOES_ON) ?? "", offset);
  }
  const quoted = take(TEXT);
  if (quoted !== undefined) {
    const value = quoted.slice(1, -1).replaceAll("''", "'");
    return { type: "text", text: quoted, value, offset, length: quoted.length };
  }
  const sign = take(SIGN);
  if (sign !== undefined) return { type: "sign", text: sign, offset, length: sign.length };
  return undefined;
}

function numberToken(text: string, whole: string, offset: number): Token | ExpressionProblem {
  const digits = /^[+-]/.test(text) ? text.slice(1) : text;
  const value = Number(digits) * (text.startsWith("-") ? -1 : 1);
  const rest = whole.length > text.length ? whole : "";
  if (rest === "" && Number.isFinite(value)) {
    // Plans are JSON, which knows one zero.
    return { type: "number", text, value: value === 0 ? 0 : value, offset, length: text.length };
  }
  const written = rest === "" ? text : rest;
  return {
    message: `"${written}" is not a number`,
    hint: "Numbers are written 3, -0.5, 2e10 or 0xff; a text stands in single quotes",
    offset,
    length: written.length,
  };
}
