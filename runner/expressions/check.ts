/**
 * Checks an expression before anything runs: that what it names exists and is known by then, and
 * that it is used for what it is.
 *
 * @module
 */

import { numberOf } from "./coerce.ts";
import { ExpressionError, type ExpressionProblem, type Span } from "./errors.ts";
import type { Expression } from "./expression.ts";
import { foreignReference } from "./_foreign_names.ts";
import { callFunction, formatFault } from "./functions.ts";
import type { Parsed } from "./parse.ts";
import { expressionText } from "./print.ts";
import {
  ANY,
  BOOLEAN,
  kindName,
  type ObjectType,
  type StaticType,
  STRING,
  typeOfValue,
  unionOf,
} from "./types.ts";

/** What an expression may refer to, and what it may do. */
export interface TypeScope {
  /** What a name means with which an expression may begin; `undefined` if it means nothing. */
  readonly name: (name: string) => StaticType | undefined;
  /** The names that mean something. */
  readonly names: () => Iterable<string>;
  /** Whether `always`, `success` and `failure` may be called. */
  readonly hasStatus: boolean;
  /** Why files cannot be hashed here, as a sentence. */
  readonly withoutFiles?: string | undefined;
  /** The nearest of some words to one that was written, as a hint. */
  readonly suggest: (word: string, known: Iterable<string>) => string | undefined;
}

/** What is wrong with an expression that can be parsed. */
export interface CheckProblem extends ExpressionProblem {
  /** Whether something does not exist, exists and is not known here, or is of another type. */
  readonly kind: "undefined" | "unavailable" | "type";
}

/** What {@linkcode checkExpression} found. */
export interface Checked {
  readonly type: StaticType;
  readonly problems: readonly CheckProblem[];
}

/**
 * Checks an expression.
 *
 * @param parsed The expression, and where its parts are.
 * @param scope What it may refer to.
 * @returns The type of its value, and what is wrong with it.
 */
export function checkExpression(parsed: Parsed, scope: TypeScope): Checked {
  const check = new Check(parsed, scope);
  return { type: check.typeOf(parsed.expression), problems: check.problems };
}

class Check {
  readonly problems: CheckProblem[] = [];
  readonly #spans: ReadonlyMap<Expression, Span>;
  readonly #scope: TypeScope;

  constructor({ spans }: Parsed, scope: TypeScope) {
    this.#spans = spans;
    this.#scope = scope;
  }

  /**
   * The type of a part that stands for a value.
   *
   * @param mayLack Whether `default(...)` is around it.
   */
  typeOf(expression: Expression, mayLack = false): StaticType {
    switch (expression.type) {
      case "literal":
        return typeOfValue(expression.value);
      case "not":
        this.typeOf(expression.operand);
        return BOOLEAN;
      case "binary":
        return this.#binary(expression, mayLack);
      case "call":
        return this.#call(expression, mayLack);
      default:
        return this.#reference(expression, mayLack);
    }
  }

  /** A name with all its members: what is wrong in it is told of all of it, once. */
  #reference(expression: Expression, mayLack: boolean): StaticType {
    const type = this.#step(expression, expression, mayLack);
    if (type.kind !== "object" || type.instead === undefined) return type;
    const message = `"${expressionText(expression)}" names no value`;
    this.#tell("undefined", expression, message, type.instead);
    return ANY;
  }

  /** The type of a part of a reference, told as what all of it is. */
  #step(expression: Expression, whole: Expression, mayLack: boolean): StaticType {
    if (expression.type === "name") return this.#name(expression.name, whole);
    if (expression.type !== "member" && expression.type !== "index") {
      return this.typeOf(expression, mayLack);
    }
    const of = this.#step(expression.of, whole, mayLack);
    if (expression.type === "member") {
      return this.#available(
        this.#member(of, expression.name, expression, whole),
        whole,
        mayLack,
      );
    }
    const { index } = expression;
    const isName = index.type === "literal" && typeof index.value === "string";
    const found = isName && of.kind !== "list"
      ? this.#member(of, String(index.value), expression, whole)
      : this.#item(of, this.typeOf(index), expression, whole);
    return this.#available(found, whole, mayLack);
  }

  #name(name: string, whole: Expression): StaticType {
    const type = this.#scope.name(name);
    if (type?.kind === "unavailable") return this.#available(type, whole, false);
    if (type !== undefined) return type;
    const hint = foreignReference(namesOf(whole)) ?? statusHint(name) ??
      this.#scope.suggest(name, this.#scope.names()) ??
      `There are ${[...this.#scope.names()].join(", ")}; a text stands in single quotes`;
    this.#tell("undefined", whole, `"${name}" is not known in expressions`, hint);
    return ANY;
  }

  #available(type: StaticType, whole: Expression, mayLack: boolean): StaticType {
    if (type.kind !== "unavailable") return type;
    const { because, hint, withDefault } = type;
    if (withDefault !== undefined && mayLack) return withDefault;
    const text = expressionText(whole);
    const mend = withDefault === undefined ? hint : hint ?? `Write default(${text}, '...')`;
    this.#tell("unavailable", whole, `"${text}" is not known here: ${because}`, mend);
    return ANY;
  }

  #member(of: StaticType, name: string, at: Expression, whole: Expression): StaticType {
    if (of.kind === "any" || of.kind === "null" || of.kind === "unavailable") return ANY;
    if (of.kind === "object") return this.#property(of, name, whole);
    const base = at.type === "member" || at.type === "index" ? expressionText(at.of) : "";
    const hint = of.kind === "list"
      ? `Take one of its items: ${base}[0]`
      : of.kind === "string"
      ? `If it is JSON, read it: fromJSON(${base}).${name}`
      : undefined;
    this.#tell("type", whole, `"${base}" is ${kindName(of)}, which has no "${name}"`, hint);
    return ANY;
  }

  #property(of: ObjectType, name: string, whole: Expression): StaticType {
    const found = of.property(name);
    if (found !== undefined) return found;
    const lower = name.toLowerCase();
    for (const each of of.names()) {
      if (each.toLowerCase() === lower) return of.property(each) ?? ANY;
    }
    if (of.isOpen) return ANY;
    const text = expressionText(whole);
    const { noun, mend } = of;
    const what = noun === undefined ? `"${name}" in it` : `${noun} "${name}"`;
    const hint = foreignReference(namesOf(whole)) ?? this.#scope.suggest(name, of.names()) ??
      mend ?? listed(of);
    this.#tell("undefined", whole, `"${text}" is not defined: there is no ${what}`, hint);
    return ANY;
  }

  #item(of: StaticType, index: StaticType, at: Expression, whole: Expression): StaticType {
    if (of.kind === "list" && index.kind !== "list" && index.kind !== "object") return of.of;
    const base = at.type === "index" ? expressionText(at.of) : "";
    if (index.kind === "list" || index.kind === "object") {
      this.#tell("type", whole, `"${base}" cannot be looked up by ${kindName(index)}`);
      return ANY;
    }
    if (of.kind === "object" && of.isNamed) {
      const message = `A part of "${base}" is looked up by its name alone`;
      this.#tell("type", whole, message, `Write the name: ${base}.NAME`);
    } else if (of.kind === "boolean" || of.kind === "number" || of.kind === "string") {
      const hint = of.kind === "string" ? `If it is JSON, read it: fromJSON(${base})` : undefined;
      this.#tell("type", whole, `"${base}" is ${kindName(of)}, which has no items`, hint);
    }
    return ANY;
  }

  #binary(
    expression: Expression & { readonly type: "binary" },
    mayLack: boolean,
  ): StaticType {
    const { operator, left, right } = expression;
    if (operator === "&&" || operator === "||") {
      return unionOf([this.typeOf(left, mayLack), this.typeOf(right, mayLack)]);
    }
    const [a, b] = [this.typeOf(left), this.typeOf(right)];
    for (const [type, other] of [[a, b], [b, a]] as const) {
      if (type.kind !== "list" && type.kind !== "object") continue;
      if (other.kind === "any" || other.kind === "null") continue;
      const message = `${capital(kindName(type))} cannot be compared with "${operator}"`;
      const hint = type.kind === "list"
        ? "Write contains(list, value), or compare toJSON(list)"
        : "Compare one of its members, or toJSON(map)";
      this.#tell("type", expression, message, hint);
      return BOOLEAN;
    }
    if (!this.#never(expression, left, b)) this.#never(expression, right, a);
    if (operator === "==" || operator === "!=") {
      this.#unlisted(left, right, b);
      this.#unlisted(right, left, a);
    }
    return BOOLEAN;
  }

  /** Tells of a text that is none of those that the other side can be. */
  #unlisted(text: Expression, other: Expression, type: StaticType): void {
    if (text.type !== "literal" || typeof text.value !== "string") return;
    if (type.kind !== "string" || type.of === undefined) return;
    const lower = text.value.toLowerCase();
    if (type.of.some((each) => each.toLowerCase() === lower)) return;
    const quoted = type.of.map((each) => `'${each.replaceAll("'", "''")}'`);
    const known = [quoted.slice(0, -1).join(", "), quoted.at(-1)].filter((each) => each !== "");
    const message = `"${expressionText(other)}" is never ${expressionText(text)}`;
    this.#tell("type", text, message, `It is ${known.join(" or ")}`);
  }

  /** Tells of a text that is compared with what is no text, and is no number. */
  #never(whole: Expression, text: Expression, other: StaticType): boolean {
    if (text.type !== "literal" || typeof text.value !== "string") return false;
    const { kind } = other;
    if (kind !== "number" && kind !== "boolean" && kind !== "null") return false;
    if (!Number.isNaN(numberOf(text.value))) return false;
    const word = text.value.toLowerCase();
    const hint = word === "true" || word === "false" || word === "null"
      ? `Write ${word} without quotes`
      : undefined;
    const message = `${capital(kindName(other))} is never ${expressionText(text)}: a text is ` +
      "compared as a number with what is no text";
    this.#tell("type", whole, message, hint);
    return true;
  }

  #call(expression: Expression & { readonly type: "call" }, mayLack: boolean): StaticType {
    const { name, arguments: given } = expression;
    const [first] = given;
    if (name === "default") {
      const types = given.map((each, index) => this.typeOf(each, index === 0 || mayLack));
      return unionOf(types);
    }
    const types = given.map((each) => this.typeOf(each));
    const refuse = (index: number, kinds: readonly StaticType["kind"][], hint?: string) => {
      const [type, at] = [types[index], given[index]];
      if (type === undefined || at === undefined || !kinds.includes(type.kind)) return false;
      const which = ["first", "second"][index] ?? "other";
      const message = `The ${which} argument of "${name}" cannot be ${kindName(type)}`;
      this.#tell("type", at, message, hint);
      return true;
    };
    switch (name) {
      case "always":
      case "success":
      case "failure":
        if (!this.#scope.hasStatus) {
          const message = `"${name}()" is for the "if" of a step alone`;
          this.#tell("unavailable", expression, message, "Ask for steps.ID.status instead");
        }
        return BOOLEAN;
      case "contains":
        refuse(0, ["object"], "Look into a list or a text, or write toJSON(map)");
        refuse(1, ["list", "object"], "Look for one value at a time");
        return BOOLEAN;
      case "startsWith":
      case "endsWith":
        refuse(0, ["list", "object"], "Write contains(list, value), or name one of its parts");
        refuse(1, ["list", "object"]);
        return BOOLEAN;
      case "join":
        refuse(0, ["object"], "Write toJSON(map)");
        refuse(1, ["list", "object"]);
        return STRING;
      case "toJSON":
        return STRING;
      case "fromJSON": {
        const isWrong = refuse(0, ["list", "object"], "It need not be read: leave fromJSON out");
        return isWrong || first === undefined ? ANY : this.#json(first);
      }
      case "format":
        refuse(0, ["list", "object"]);
        if (first !== undefined) this.#format(first, given.length - 1);
        return STRING;
      case "hashFiles":
        this.#files(expression);
        return STRING;
    }
  }

  /** JSON that is written in the file can be read right away. */
  #json(text: Expression): StaticType {
    if (text.type !== "literal") return ANY;
    try {
      return typeOfValue(callFunction("fromJSON", [text.value]));
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      this.#tell("type", text, error.message.replace(/: '.*$/s, ""), "Check quotes and commas");
      return ANY;
    }
  }

  #format(form: Expression, count: number): void {
    if (form.type !== "literal" || typeof form.value !== "string") return;
    const fault = formatFault(form.value, count);
    if (fault !== undefined) this.#tell("type", form, fault, "Write format('{0} and {1}', a, b)");
  }

  #files(call: Expression & { readonly type: "call" }): void {
    const { withoutFiles } = this.#scope;
    if (withoutFiles !== undefined) {
      this.#tell("unavailable", call, '"hashFiles" cannot be used here', withoutFiles);
    }
    for (const each of call.arguments) {
      if (each.type !== "literal") continue;
      const glob = String(each.value);
      if (/^!?\//.test(glob)) continue;
      const hint = `It is one of the tree: write ${glob.startsWith("!") ? "!/" : "/"}${
        glob.replace(/^!?(?:\.?\/)?/, "")
      }`;
      this.#tell("type", each, `The glob "${glob}" is not absolute`, hint);
    }
  }

  #tell(
    kind: CheckProblem["kind"],
    at: Expression,
    message: string,
    hint?: string | undefined,
  ): void {
    const { offset, length } = this.#spans.get(at) ?? { offset: 0, length: 1 };
    this.problems.push({ kind, message, hint, offset, length });
  }
}

/** The names of a reference from its beginning, as far as they are names. */
function namesOf(expression: Expression): readonly string[] {
  if (expression.type === "name") return [expression.name];
  if (expression.type === "member") return [...namesOf(expression.of), expression.name];
  if (expression.type !== "index") return [];
  const { index } = expression;
  const name = index.type === "literal" ? [String(index.value)] : [];
  return [...namesOf(expression.of), ...name];
}

/** The hint for a status without its quotes or brackets: `always`. */
function statusHint(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (lower === "always") return "Write always()";
  if (lower !== "success" && lower !== "failure") return undefined;
  return `Write '${lower}' for the status of a step, or ${lower}() in an "if"`;
}

function listed({ names, noun }: ObjectType): string {
  const all = [...names()];
  if (all.length === 0) {
    return noun === undefined ? "There is nothing in it" : `There is no ${noun}`;
  }
  const shown = `${all.slice(0, LISTED).join(", ")}${all.length > LISTED ? " and others" : ""}`;
  return noun === undefined ? `It has ${shown}` : `The ${noun}s are ${shown}`;
}

/** How many names a hint lists. */
const LISTED = 8;

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
