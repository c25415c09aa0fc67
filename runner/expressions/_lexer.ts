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

const NUMBER = /[+-]?(?:0x[0-9a-fA-F]+|0o[0-7]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)/y;
const NUMBER_GOES_ON = /[+-]?[A-Za-z0-9_.-]+/y;
const SPACE = /\s/;

/** What begins like an operator and is another language's. */
const SUSPECT = /===|!==|<>|[=!]~/y;

const PAIRS: ReadonlySet<string> = new Set(["==", "!=", "<=", ">=", "&&", "||"]);
const SINGLES: ReadonlySet<string> = new Set("()[].,!<>");

/**
 * @param text A text that has an expression in it.
 * @param start Where the expression begins.
 * @param end Where it ends.
 * @returns Its tokens, with `end` as the last; or the first thing that is none.
 */
export function tokensOf(text: string, start: number, end: number): Tokens {
  const tokens: Token[] = [];
  let before: Token | undefined;
  for (let offset = start; offset < end;) {
    if (isSpace(text.charCodeAt(offset))) {
      offset++;
      continue;
    }
    const token = tokenAt(text, offset, end, before);
    if (token === undefined) return { problem: noToken(text, offset, end, before) };
    if ("message" in token) return { problem: token };
    tokens.push(token);
    before = token;
    offset += token.length;
  }
  tokens.push({ type: "end", text: "", offset: end, length: 0 });
  return { tokens };
}

function tokenAt(
  text: string,
  offset: number,
  end: number,
  before: Token | undefined,
): Token | ExpressionProblem | undefined {
  const first = text.charCodeAt(offset);
  if (isNameStart(first)) {
    let after = offset + 1;
    while (after < end && isNamePart(text.charCodeAt(after))) after++;
    return { type: "name", text: text.slice(offset, after), offset, length: after - offset };
  }
  const sign = text.charAt(offset);
  if (sign === "'") return textToken(text, offset, end);
  // A number may begin with a point, but not after what has members.
  const isMember = sign === "." &&
    (before?.type === "name" || before?.text === ")" || before?.text === "]");
  const number = isMember ? undefined : NUMERIC.has(sign) ? match(NUMBER, text, offset) : undefined;
  if (number !== undefined) {
    return numberToken(number, match(NUMBER_GOES_ON, text, offset) ?? "", offset);
  }
  if (match(SUSPECT, text, offset) !== undefined) return undefined;
  const pair = text.slice(offset, Math.min(end, offset + 2));
  if (PAIRS.has(pair)) return { type: "sign", text: pair, offset, length: 2 };
  return SINGLES.has(sign) ? { type: "sign", text: sign, offset, length: 1 } : undefined;
}

const NUMERIC: ReadonlySet<string> = new Set("0123456789.+-");

function match(pattern: RegExp, text: string, offset: number): string | undefined {
  pattern.lastIndex = offset;
  return pattern.exec(text)?.[0];
}

/** A text in quotes; `undefined` if it is not closed before the expression ends. */
function textToken(text: string, offset: number, end: number): Token | undefined {
  let after = text.indexOf("'", offset + 1) + 1;
  let isPlain = true;
  while (after > 0 && after < end && text.charAt(after) === "'") {
    isPlain = false;
    after = text.indexOf("'", after + 1) + 1;
  }
  if (after === 0 || after > end) return undefined;
  const inner = text.slice(offset + 1, after - 1);
  const value = isPlain ? inner : inner.replaceAll("''", "'");
  return { type: "text", text: text.slice(offset, after), value, offset, length: after - offset };
}

function noToken(
  text: string,
  offset: number,
  end: number,
  before: Token | undefined,
): ExpressionProblem {
  const foreign = foreignSymbol(text, offset, end, before?.text);
  if (foreign !== undefined) return foreign;
  const length = String.fromCodePoint(text.codePointAt(offset) ?? 0).length;
  const shown = JSON.stringify(text.slice(offset, offset + length));
  return { message: `${shown} has no meaning in an expression`, offset, length };
}

function isSpace(code: number): boolean {
  return code === 32 || code === 10 ||
    (code !== 39 && (code < 33 || code > 127) && SPACE.test(String.fromCharCode(code)));
}

function isNameStart(code: number): boolean {
  const lower = code | 32;
  return (lower >= 97 && lower <= 122) || code === 95;
}

function isNamePart(code: number): boolean {
  return isNameStart(code) || (code >= 48 && code <= 57) || code === 45;
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
