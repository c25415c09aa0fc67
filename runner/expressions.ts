/**
 * `${{ ... }}` in workflow files: parsed once when the file is compiled, so that an undefined
 * reference is an error before anything runs.
 *
 * An expression is `inputs.NAME`, `steps.ID.output`, or a text in single quotes, in which `''`
 * stands for one quote. The text is how `${{` itself is written: `${{ '${{' }}`. Everything else is
 * left as it is, `{{ }}` and `${NAME}` included.
 *
 * @module
 */

/** A reference such as `inputs.framework` or `steps.notes.output`, as its names. */
export interface Reference {
  readonly type: "reference";
  readonly names: readonly string[];
}

/** A text with its expressions parsed: what is fixed, as strings, and what is not. */
export type Template = readonly (string | Reference)[];

/** A reference and where it is in the text. */
export interface FoundReference {
  readonly reference: Reference;
  /** Where its names begin, in UTF-16 code units. */
  readonly offset: number;
  /** How long it is. */
  readonly length: number;
  /** Where the `${{` before it is. */
  readonly opening: number;
}

/** What is wrong with an expression, and where it is in the text. */
export interface ExpressionProblem {
  /** One sentence. */
  readonly message: string;
  readonly hint?: string;
  readonly offset: number;
  readonly length: number;
  /** Where the `${{` before it is. */
  readonly opening: number;
}

/** What {@linkcode parseTemplate} made of a text. */
export interface ParsedTemplate {
  readonly template: Template;
  readonly references: readonly FoundReference[];
  /** What could not be parsed; the template lacks it. */
  readonly problems: readonly ExpressionProblem[];
}

/** What references stand for when a template is rendered. */
export interface TemplateValues {
  readonly inputs: Readonly<Record<string, string | number | boolean>>;
  /** The output of each step that is done. */
  readonly outputs: Readonly<Record<string, string>>;
}

/** What opens an expression. */
export const OPENING = "${{";

const CLOSING = "}}";
const REFERENCE = /^(?:inputs\.[A-Za-z_][\w-]*|steps\.[A-Za-z_][\w-]*\.output)$/;
const FORMS = "An expression is inputs.NAME, steps.ID.output or 'a text'";

/**
 * Parses a text.
 *
 * @param text A text that may have expressions in it.
 * @returns Its template, the references in it, and what is wrong with it.
 */
export function parseTemplate(text: string): ParsedTemplate {
  const template: (string | Reference)[] = [];
  const references: FoundReference[] = [];
  const problems: ExpressionProblem[] = [];
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
    if (opening < 0) return { template, references, problems };
    const start = opening + OPENING.length;
    const end = closingOf(text, start);
    if (end < 0) {
      problems.push({
        message: `Expression "${OPENING}" is never closed`,
        hint:
          `Close it with "${CLOSING}"; a literal "${OPENING}" is written ${OPENING} '${OPENING}' }}`,
        offset: opening,
        length: OPENING.length,
        opening,
      });
      return { template, references, problems };
    }
    position = end + CLOSING.length;
    const body = text.slice(start, end);
    const trimmed = body.trim();
    const offset = start + body.indexOf(trimmed);
    const literal = /^'((?:[^']|'')*)'$/.exec(trimmed);
    if (literal?.[1] !== undefined) {
      push(literal[1].replaceAll("''", "'"));
    } else if (REFERENCE.test(trimmed)) {
      const reference: Reference = { type: "reference", names: trimmed.split(".") };
      template.push(reference);
      references.push({ reference, offset, length: trimmed.length, opening });
    } else {
      problems.push({
        ...describe(trimmed),
        offset: trimmed === "" ? opening : offset,
        length: trimmed === "" ? position - opening : trimmed.length,
        opening,
      });
    }
  }
}

/**
 * Puts values in the place of a template's references.
 *
 * @param template A template whose references were checked.
 * @param values What they stand for.
 * @returns The text.
 * @throws {ReferenceError} If a value is missing.
 */
export function renderTemplate(template: Template, values: TemplateValues): string {
  return template.map((part) => typeof part === "string" ? part : valueOf(part, values)).join("");
}

/**
 * @param reference A reference.
 * @returns It as it is written in a file, without `${{ }}`.
 */
export function referenceText(reference: Reference): string {
  return reference.names.join(".");
}

/**
 * @param template A template.
 * @returns It as it is written in a file.
 */
export function templateText(template: Template): string {
  return template.map((part) =>
    typeof part === "string"
      ? part.replaceAll(OPENING, `${OPENING} '${OPENING}' ${CLOSING}`)
      : `${OPENING} ${referenceText(part)} ${CLOSING}`
  ).join("");
}

function valueOf(reference: Reference, values: TemplateValues): string {
  const [kind, name = ""] = reference.names;
  const source = kind === "inputs" ? values.inputs : values.outputs;
  const value = Object.hasOwn(source, name) ? source[name] : undefined;
  if (value === undefined) {
    throw new ReferenceError(`Nothing is known of '${referenceText(reference)}'`);
  }
  return String(value);
}

/** Where the `}}` is that closes an expression: not one in quotes. -1 if there is none. */
function closingOf(text: string, start: number): number {
  const quoted = /^\s*'(?:[^']|'')*'\s*/.exec(text.slice(start));
  const from = quoted === null ? start : start + quoted[0].length;
  const end = text.indexOf(CLOSING, from);
  const next = text.indexOf(OPENING, from);
  // An expression that another one follows before its end was never closed.
  return next >= 0 && next < end ? -1 : end;
}

function describe(body: string): { readonly message: string; readonly hint: string } {
  if (body === "") return { message: "The expression is empty", hint: FORMS };
  const name = JSON.stringify(body);
  if (/^(?:secrets|env|vars|matrix|github|runner|needs|jobs)\b/.test(body)) {
    const [context] = body.split(/\W/, 1);
    return { message: `"${context}" is not supported in expressions`, hint: FORMS };
  }
  if (/^steps\.[\w-]+$/.test(body)) {
    return { message: `${name} names no value`, hint: `Did you mean "${body}.output"?` };
  }
  if (/^steps\.[\w-]+\.outputs\b/.test(body)) {
    const [, step = ""] = body.split(".");
    return { message: `${name} names no value`, hint: `Did you mean "steps.${step}.output"?` };
  }
  return { message: `${name} is not an expression`, hint: FORMS };
}
