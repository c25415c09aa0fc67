/**
 * What the expressions of a text may refer to, by where in the file the text is. Nothing in it is
 * copied for each step: what is known of steps is asked for by their ids.
 *
 * @module
 */

import type { TypeScope } from "./expressions/check.ts";
import {
  ANY,
  objectOf,
  type ObjectType,
  type StaticType,
  STRING,
  typeOfValue,
  type UnavailableType,
} from "./expressions/types.ts";
import type { InputValue } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import { didYouMean } from "./_suggest.ts";

/** What is the same for all texts of a file. */
export interface GivenScope {
  /** The inputs that have a value, with it. */
  readonly inputs: Readonly<Record<string, InputValue>>;
  /** The names of all inputs that are declared. */
  readonly inputNames: readonly string[];
  /** What is known of inputs that have no value; of others their value tells. */
  readonly inputTypes?: ReadonlyMap<string, StaticType> | undefined;
  /** The variables of the file, with their values where those are known. */
  readonly env?: ReadonlyMap<string, string | undefined> | undefined;
  /** The names of the secrets. */
  readonly secretNames?: readonly string[] | undefined;
}

/** What the expressions of a text may refer to. */
export interface Scope extends GivenScope {
  /** The steps, or why none is known. */
  readonly steps: StepsScope | NoSteps;
  /** Whether secrets may be used: in the variables of commands. */
  readonly takesSecrets?: boolean | undefined;
  /** The item of `foreach`. */
  readonly item?: { readonly name: string; readonly type: StaticType } | undefined;
  /** Whether `always`, `success` and `failure` may be called: in `if`. */
  readonly hasStatus?: boolean | undefined;
  /** Why files cannot be hashed, as a sentence: before the run there are none. */
  readonly withoutFiles?: string | undefined;
}

/** Why no step is known. */
export interface NoSteps {
  /** As the end of a sentence: `instructions are fixed before the first step`. */
  readonly because: string;
  readonly hint: string;
}

/** The steps of a file, as a text sees them. */
export interface StepsScope {
  /** The ids of all steps. */
  readonly ids: () => Iterable<string>;
  /** What is known of a step; `undefined` if there is none of that id. */
  readonly find: (id: string) => StepScope | undefined;
}

/** A step, as a text sees it. */
export interface StepScope {
  /** The type of `steps.ID.output`. */
  readonly output: StaticType;
  /** The type of `steps.ID.outputs`. */
  readonly outputs: StaticType;
  /** Whether it surely ran by then, perhaps did, or is not known at all. */
  readonly known: StepKnown;
}

/** Whether a step surely ran by then. */
export type StepKnown =
  | { readonly type: "surely" }
  /** It has ended or was skipped: what it hands over needs `default(...)`. */
  | {
    readonly type: "perhaps";
    /** As the end of a sentence: `step "a" has a condition`. */
    readonly because: string;
  }
  | {
    readonly type: "never";
    /** As the end of a sentence: `step "b" does not come before`. */
    readonly because: string;
    readonly hint: string;
  };

/** A step that surely ran. */
export const SURELY: StepKnown = { type: "surely" };

/** How many misspelt names of a file are looked for among the right ones. */
const SUGGESTIONS = 100;

const suggestionsLeft = new WeakMap<Reporter, number>();
const typeScopes = new WeakMap<Scope, TypeScope>();

/**
 * @param scope What a text may refer to.
 * @param reporter The file.
 * @returns The same as types.
 */
export function typeScopeOf(scope: Scope, reporter: Reporter): TypeScope {
  const known = typeScopes.get(scope);
  if (known !== undefined) return known;
  const contexts = new Map<string, StaticType>();
  const made = (name: string): StaticType | undefined => {
    const type = contexts.get(name) ?? contextType(name, scope);
    if (type !== undefined) contexts.set(name, type);
    return type;
  };
  const types: TypeScope = {
    name: made,
    names: () => [
      ...["inputs", "env", "steps", "run"],
      ...(scope.takesSecrets === true ? ["secrets"] : []),
      ...(scope.item === undefined ? [] : [scope.item.name]),
    ],
    hasStatus: scope.hasStatus ?? false,
    withoutFiles: scope.withoutFiles,
    suggest: (word, names) => {
      const left = suggestionsLeft.get(reporter) ?? SUGGESTIONS;
      if (left === 0) return undefined;
      suggestionsLeft.set(reporter, left - 1);
      return didYouMean(word, names).hint;
    },
  };
  typeScopes.set(scope, types);
  return types;
}

function contextType(name: string, scope: Scope): StaticType | undefined {
  switch (name) {
    case "inputs":
      return inputsType(scope);
    case "env":
      return objectOf(new Map([...scope.env ?? []].map(([key]) => [key, STRING])), {
        noun: "variable",
        mend: 'Name it at the top of the file, below "env"',
      });
    case "secrets":
      return secretsType(scope);
    case "steps":
      return stepsType(scope.steps);
    case "run":
      return RUN;
  }
  if (name === scope.item?.name) return scope.item.type;
  return name === "item" ? NO_ITEM(scope.item?.name) : undefined;
}

const RUN = objectOf(
  new Map([["id", STRING], ["workflow", STRING], ["started", STRING]]),
);

function NO_ITEM(other: string | undefined): UnavailableType {
  return other === undefined
    ? { kind: "unavailable", because: 'the step has no "foreach"', hint: "Give it a list there" }
    : { kind: "unavailable", because: "it has another name", hint: `Write ${other}` };
}

function inputsType({ inputs, inputNames, inputTypes }: Scope): ObjectType {
  const names = new Set(inputNames);
  return {
    kind: "object",
    property: (name) => {
      if (!names.has(name)) return undefined;
      const value = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
      return inputTypes?.get(name) ?? (value === undefined ? ANY : typeOfValue(value));
    },
    names: () => names,
    isOpen: false,
    noun: "input",
    mend: 'Declare it below "inputs"',
  };
}

function secretsType({ secretNames = [], takesSecrets = false }: Scope): StaticType {
  if (!takesSecrets) {
    return {
      kind: "unavailable",
      because: "secrets are handed to commands alone",
      hint: 'Hand it to a run step: env: { NAME: "${{ secrets.NAME }}" }',
    };
  }
  return objectOf(new Map(secretNames.map((name) => [name, STRING])), {
    noun: "secret",
    mend: 'Name it at the top of the file, below "secrets"',
    instead: "Name one of them: secrets.NAME",
    isNamed: true,
  });
}

function stepsType(steps: StepsScope | NoSteps): StaticType {
  if ("because" in steps) return { kind: "unavailable", ...steps };
  return {
    kind: "object",
    property: (id) => {
      const found = steps.find(id);
      return found && stepType(id, found);
    },
    names: steps.ids,
    isOpen: false,
    noun: "step",
    instead: "Name a step: steps.ID.output",
    isNamed: true,
  };
}

/** How a step can have ended. */
const STATUS: StaticType = { kind: "string", of: ["success", "failure", "skipped"] };

function stepType(id: string, { output, outputs, known }: StepScope): StaticType {
  if (known.type === "never") {
    return { kind: "unavailable", because: known.because, hint: known.hint };
  }
  const perhaps = (type: StaticType): StaticType =>
    known.type === "surely"
      ? type
      : { kind: "unavailable", because: known.because, withDefault: type };
  return {
    kind: "object",
    property: (name) => {
      if (name === "output") return perhaps(output);
      if (name === "outputs") return perhaps(outputs);
      return name === "status" ? STATUS : undefined;
    },
    names: () => ["output", "outputs", "status"],
    isOpen: false,
    mend: "A step has output, outputs and status",
    instead: `Did you mean "steps.${id}.output"?`,
    isNamed: true,
  };
}
