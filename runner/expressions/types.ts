/**
 * What is known of values before a run: the types that expressions are checked with.
 *
 * @module
 */

import type { Value } from "./expression.ts";

/** What is known of a value. */
export type StaticType =
  /** Nothing: it may be used for anything. */
  | { readonly kind: "any" }
  | { readonly kind: "null" | "boolean" | "number" }
  | StringType
  | { readonly kind: "list"; readonly of: StaticType }
  | ObjectType
  | UnavailableType;

/** A text. */
export interface StringType {
  readonly kind: "string";
  /** All that it can be, where that is known. */
  readonly of?: readonly string[];
}

/** A map, or a context. */
export interface ObjectType {
  readonly kind: "object";
  /** What is known of a property, by its exact name; `undefined` if there is none of that name. */
  readonly property: (name: string) => StaticType | undefined;
  /** The names of the known properties. */
  readonly names: () => Iterable<string>;
  /** Whether it may have others. */
  readonly isOpen: boolean;
  /** What messages call a property: `input`. */
  readonly noun?: string | undefined;
  /** What to do where a property is missing and nothing is spelt alike. */
  readonly mend?: string | undefined;
  /** Set where it stands for no value of its own: what to write instead. */
  readonly instead?: string | undefined;
  /** Set where its properties must be named: they cannot be looked up by a value. */
  readonly isNamed?: boolean | undefined;
}

/** What exists, but not here. */
export interface UnavailableType {
  readonly kind: "unavailable";
  /** Why, as the end of a sentence: `step "b" does not come before`. */
  readonly because: string;
  /** What to do about it. */
  readonly hint?: string | undefined;
  /** Set where `default(...)` makes it usable: its type where it is there. */
  readonly withDefault?: StaticType | undefined;
}

/** Nothing is known. */
export const ANY: StaticType = { kind: "any" };

/** Text. */
export const STRING: StaticType = { kind: "string" };

/** A number. */
export const NUMBER: StaticType = { kind: "number" };

/** True or false. */
export const BOOLEAN: StaticType = { kind: "boolean" };

/** Null. */
export const NULL: StaticType = { kind: "null" };

/**
 * @param of The type of its items.
 * @returns The type of a list.
 */
export function listOf(of: StaticType): StaticType {
  return { kind: "list", of };
}

/**
 * @param properties The types of its properties.
 * @param options Whether it may have others, and what messages say of it.
 * @returns The type of a map.
 */
export function objectOf(
  properties: ReadonlyMap<string, StaticType>,
  options: Partial<Omit<ObjectType, "kind" | "property" | "names">> = {},
): ObjectType {
  return {
    kind: "object",
    property: (name) => properties.get(name),
    names: () => properties.keys(),
    isOpen: false,
    ...options,
  };
}

/**
 * @param types Some types.
 * @returns What is known of a value that is of one of them: their own kind where all have it.
 */
export function unionOf(types: readonly StaticType[]): StaticType {
  const [first, ...others] = types;
  if (first === undefined) return ANY;
  if (others.every((each) => each === first)) return first;
  if (!others.every(({ kind }) => kind === first.kind)) return ANY;
  if (first.kind === "list") {
    return listOf(unionOf(types.flatMap((each) => each.kind === "list" ? each.of : [])));
  }
  if (first.kind === "string") return STRING;
  if (first.kind !== "object") return first;
  const objects = types.flatMap((each) => each.kind === "object" ? each : []);
  const names = new Set(objects.flatMap(({ names }) => [...names()]));
  return objectOf(
    new Map(
      [...names].map((name) =>
        [name, unionOf(objects.map(({ property }) => property(name) ?? ANY))] as const
      ),
    ),
    { isOpen: objects.some(({ isOpen }) => isOpen) },
  );
}

/**
 * @param value A value.
 * @returns What is known of it.
 */
export function typeOfValue(value: Value): StaticType {
  if (value === null) return NULL;
  if (typeof value === "string") return STRING;
  if (typeof value === "number") return NUMBER;
  if (typeof value === "boolean") return BOOLEAN;
  if (isListValue(value)) return listOf(unionOf(value.map(typeOfValue)));
  return objectOf(new Map(Object.entries(value).map(([name, each]) => [name, typeOfValue(each)])));
}

/** What messages call a value of a type. */
export function kindName(type: StaticType): string {
  return KINDS[type.kind];
}

const KINDS: Record<StaticType["kind"], string> = {
  any: "a value",
  null: "null",
  boolean: "true or false",
  number: "a number",
  string: "a text",
  list: "a list",
  object: "a map",
  unavailable: "not known",
};

function isListValue(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}
