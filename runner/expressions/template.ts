/**
 * Texts with `${{ ... }}` in them: parsed once, when a file is compiled, and rendered while it runs.
 *
 * Everything else is left as it is, `{{ }}` and `${NAME}` included. `${{` itself is written as a
 * text: `${{ '${{' }}`.
 *
 * @module
 */

import { TEXT_LIMIT, textOf, tooLong } from "./coerce.ts";
import type { ExpressionContext } from "./context.ts";
import { ExpressionError, type ExpressionProblem } from "./errors.ts";
import { evaluate } from "./evaluate.ts";
import type { Template, TemplateExpression, Value } from "./expression.ts";
import { parse, type Parsed } from "./parse.ts";

/** What opens an expression. */
export const OPENING = "${{";

/** Characters of an expression that an error names. */
const NAMED = 80;

/** What closes it. */
export const CLOSING = "}}";

/** An expression, and where the `${{` before it is; absent where there is none. */
export interface FoundExpression extends Parsed {
  readonly source: string;
  readonly opening?: number | undefined;
}

/** What is wrong with an expression, and where the `${{` before it is. */
export interface TemplateProblem extends ExpressionProblem {
  readonly opening?: number | undefined;
}

/** What {@linkcode parseTemplate} made of a text. */
export interface ParsedTemplate {
  readonly template: Template;
  readonly expressions: readonly FoundExpression[];
  /** What could not be parsed; the template lacks it. */
  readonly problems: readonly TemplateProblem[];
}

/**
 * Parses a text.
 *
 * @param text A text that may have expressions in it.
 * @returns Its template, the expressions in it, and what is wrong with it; offsets are in the text.
 */
export function parseTemplate(text: string): ParsedTemplate {
  const template: (string | TemplateExpression)[] = [];
  const expressions: FoundExpression[] = [];
  const problems: TemplateProblem[] = [];
  let position = 0;
  const push = (fixed: string) => {
    const last = template.at(-1);
    if (fixed === "") return;
    if (typeof last === "string") template[template.length - 1] = last + fixed;
    else template.push(fixed);
  };
  for (;;) {
    const opening = text.indexOf(OPENING, position);
    push(text.slice(position, opening < 0 ? text.length : opening));
    if (opening < 0) return { template, expressions, problems };
    const start = opening + OPENING.length;
    const end = closingOf(text, start);
    if (end < 0) {
      problems.push({ ...neverClosed(opening), opening });
      return { template, expressions, problems };
    }
    position = end + CLOSING.length;
    const source = text.slice(start, end).trim();
    if (source === "") {
      const [offset, length] = [opening, position - opening];
      problems.push({ message: "The expression is empty", hint: FORMS, offset, length, opening });
      continue;
    }
    const parsed = parse(text, start, end);
    if (parsed.problem !== undefined) {
      problems.push({ ...parsed.problem, opening });
      continue;
    }
    const { expression } = parsed;
    if (expression.type === "literal" && typeof expression.value === "string") {
      push(expression.value);
    } else {
      template.push({ type: "expression", source, expression });
      expressions.push({ ...parsed, source, opening });
    }
  }
}

const FORMS = "Write inputs.NAME, env.NAME, steps.ID.output or 'a text' in it";

/** What {@linkcode parseExpression} made of a text. */
export type ExpressionResult =
  | (FoundExpression & { readonly problem?: undefined })
  | { readonly problem: TemplateProblem; readonly expression?: undefined };

/**
 * Parses a text that is one expression, as in `if` and `foreach`.
 *
 * @param text An expression, with or without `${{ }}`.
 * @returns It, or what is wrong with it; offsets are in the text.
 */
export function parseExpression(text: string): ExpressionResult {
  const opening = text.length - text.trimStart().length;
  const bare = !text.startsWith(OPENING, opening);
  const start = bare ? 0 : opening + OPENING.length;
  const end = bare ? text.length : closingOf(text, start);
  const at = bare ? {} : { opening };
  if (end < 0) return { problem: { ...neverClosed(opening), ...at } };
  const rest = bare ? "" : text.slice(end + CLOSING.length).trim();
  if (rest !== "") {
    const offset = text.indexOf(rest, end + CLOSING.length);
    const message = rest.includes(OPENING)
      ? "There is more than one expression here"
      : "After the expression there is more";
    const hint = `Put all of it into one: ${OPENING} a && b ${CLOSING}, or a && b`;
    return { problem: { message, hint, offset, length: rest.length, ...at } };
  }
  const source = text.slice(start, end).trim();
  if (source === "") {
    const length = Math.max(1, text.trim().length);
    const offset = Math.max(0, Math.min(opening, text.length - length));
    return { problem: { message: "The expression is empty", offset, length, ...at } };
  }
  const parsed = parse(text, start, end);
  return parsed.problem === undefined
    ? { ...parsed, source, ...at }
    : { problem: { ...parsed.problem, ...at } };
}

/**
 * Puts values in the place of a template's expressions: `null` is nothing, lists and maps are JSON.
 *
 * @param template A template whose expressions were checked.
 * @param context What they refer to.
 * @returns The text.
 * @throws {ExpressionError} If an expression has no value.
 */
export async function renderTemplate(
  template: Template,
  context: ExpressionContext,
): Promise<string> {
  let text = "";
  for (const part of template) {
    text += typeof part === "string" ? part : textOf(await valueOf(part, context));
    if (text.length > TEXT_LIMIT) throw tooLong();
  }
  return text;
}

/** @throws {ExpressionError} That names the expression: a step has many. */
async function valueOf(
  { expression, source }: TemplateExpression,
  context: ExpressionContext,
): Promise<Value> {
  try {
    return await evaluate(expression, context);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const name = source.length > NAMED ? `${source.slice(0, NAMED).toWellFormed()}…` : source;
    throw new ExpressionError(`${error.message} (in ${name})`);
  }
}

/**
 * Evaluates a template: one that is a single expression is its value, any other a text.
 *
 * @param template A template whose expressions were checked.
 * @param context What they refer to.
 * @returns The value.
 * @throws {ExpressionError} If an expression has no value.
 */
export async function evaluateTemplate(
  template: Template,
  context: ExpressionContext,
): Promise<Value> {
  const [first] = template;
  if (template.length === 1 && typeof first === "object") {
    return await valueOf(first, context);
  }
  return await renderTemplate(template, context);
}

/**
 * @param template A template.
 * @returns It as it is written in a file.
 */
export function templateText(template: Template): string {
  return template.map((part) =>
    typeof part === "string"
      ? part.replaceAll(OPENING, `${OPENING} '${OPENING}' ${CLOSING}`)
      : `${OPENING} ${part.source} ${CLOSING}`
  ).join("");
}

/**
 * Where the `}}` is that closes an expression: not one in quotes. -1 if there is none. A quote that
 * is never closed is not one: the parser tells of it.
 */
function closingOf(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (character === "'") {
      const end = text.indexOf("'", at + 1);
      if (end < 0) break;
      at = end;
    } else if (character === "}" && text[at + 1] === "}") {
      return at;
    } else if (character === "$" && text.startsWith(OPENING, at)) {
      // An expression that another one follows before its end was never closed.
      return -1;
    }
  }
  const first = text.indexOf(CLOSING, start);
  const next = text.indexOf(OPENING, start);
  return next >= 0 && next < first ? -1 : first;
}

function neverClosed(opening: number): ExpressionProblem {
  return {
    message: `Expression "${OPENING}" is never closed`,
    hint:
      `Close it with "${CLOSING}"; a literal "${OPENING}" is written ${OPENING} '${OPENING}' ${CLOSING}`,
    offset: opening,
    length: OPENING.length,
  };
}
