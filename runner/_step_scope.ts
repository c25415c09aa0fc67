/**
 * What expressions may say of steps: which are known where, which surely ran, and of what type their
 * outputs are.
 *
 * @module
 */

import type { StepGraph } from "./_compile_graph.ts";
import type { Expression } from "./expressions/expression.ts";
import { ANY, listOf, NUMBER, objectOf, type StaticType, STRING } from "./expressions/types.ts";
import { type StepKnown, type StepScope, type StepsScope, SURELY } from "./_scope.ts";
import type { StepKind, StepList } from "./_step_parts.ts";

/** A step as the expressions of others see it. */
export interface KnownStep {
  readonly id: string | undefined;
  readonly list: StepList;
  /** `undefined` for one that is not sound. */
  readonly kind: StepKind | undefined;
  /** Whether it has a `foreach`. */
  readonly isRepeated: boolean;
  /** Whether it has an `if`. */
  readonly hasCondition: boolean;
  /** What an output with a schema is, or the outputs of a workflow that is used. */
  readonly outputs: StaticType | undefined;
}

/** The steps that one text may speak of. */
export interface StepsAround {
  /** In the order of the file. */
  readonly steps: readonly KnownStep[];
  /** The place of each in the list, by its id. */
  readonly indexes: ReadonlyMap<string, number>;
  readonly order: StepGraph;
}

/** Where an expression stands, seen from the steps. */
export interface Standpoint extends StepsAround {
  /** The place in the list of the step that the expression is of; behind its end where it is of none. */
  readonly position: number;
  /** Whether it is evaluated after a failure too: then no step is sure to have run. */
  readonly isUnsure: boolean;
}

/**
 * @param from Where an expression stands.
 * @returns What is known of each step there, and why not where it is not.
 */
export function stepsScope(from: Standpoint): StepsScope {
  const { steps, indexes } = from;
  return {
    ids: () => indexes.keys(),
    find: (id) => {
      const index = indexes.get(id);
      const step = index === undefined ? undefined : steps[index];
      if (index === undefined || step === undefined) return undefined;
      return { ...typesOf(step), known: knownOf(step, index, id, from) };
    },
  };
}

function knownOf(step: KnownStep, index: number, id: string, from: Standpoint): StepKnown {
  const { order, position, isUnsure } = from;
  if (index === position || !order.isBefore(index, position)) {
    return whyNot(index, id, from);
  }
  const quoted = JSON.stringify(id);
  if (step.hasCondition) {
    return { type: "perhaps", because: `step ${quoted} has an "if", and need not have run` };
  }
  if (!isUnsure) return SURELY;
  return { type: "perhaps", because: `after a failure, step ${quoted} need not have run` };
}

function whyNot(index: number, id: string, from: Standpoint): StepKnown {
  const { steps, order, position } = from;
  const quoted = JSON.stringify(id);
  const [own, other] = [steps[position], steps[index]];
  if (index === position) {
    return {
      type: "never",
      because: "a step does not know how it ends itself",
      hint: "Name a step that comes before",
    };
  }
  if (own?.list !== other?.list || !order.isGraph) {
    return {
      type: "never",
      because: `step ${quoted} does not come before`,
      hint: "Only the output of an earlier step can be used",
    };
  }
  if (order.isBefore(position, index)) {
    return {
      type: "never",
      because: `step ${quoted} waits for this one`,
      hint: "Let this step need that one, and not the other way round",
    };
  }
  return {
    type: "never",
    because: `this step does not wait for ${quoted}`,
    hint: `Add it: needs: [${[...order.needsOf(position), id].join(", ")}]`,
  };
}

function typesOf(step: KnownStep): Omit<StepScope, "known"> {
  const outputs = outputsOf(step);
  return step.isRepeated
    ? { output: listOf(STRING), outputs: listOf(outputs) }
    : { output: STRING, outputs };
}

/** What messages say of an output that a step has not. */
const OUTPUT = {
  noun: "output",
  mend: "Say at that step what it has: output: { schema: ... }",
} as const;

function outputsOf({ kind, outputs }: KnownStep): StaticType {
  if (kind === undefined || kind === "uses") return outputs ?? ANY;
  if (outputs !== undefined && outputs.kind !== "object") {
    // A schema that is no object has no parts that a command could add its own to.
    return kind === "run"
      ? objectOf(RESULT, { ...OUTPUT, isOpen: outputs.kind === "any" })
      : outputs;
  }
  // Where there is a schema already, it is that which has to say it.
  const told = { ...OUTPUT, mend: outputs?.mend ?? OUTPUT.mend };
  if (kind !== "run") return { ...outputs ?? objectOf(new Map()), ...told };
  return {
    kind: "object",
    property: (name) => RESULT.get(name) ?? outputs?.property(name),
    names: () => [...RESULT.keys(), ...outputs?.names() ?? []],
    isOpen: outputs?.isOpen ?? false,
    ...told,
  };
}

/** What is known of every command. */
const RESULT: ReadonlyMap<string, StaticType> = new Map([["exit_code", NUMBER], [
  "stderr",
  STRING,
]]);

/**
 * @param condition The expression of an `if`.
 * @returns Whether it can hold after a failure: it asks for the status, and does not say `success()`
 * beside all else.
 */
export function holdsAfterFailure(condition: Expression): boolean {
  return asksStatus(condition) && !wantsSuccess(condition);
}

function wantsSuccess(condition: Expression): boolean {
  if (condition.type === "call") return condition.name === "success";
  return condition.type === "binary" && condition.operator === "&&" &&
    (wantsSuccess(condition.left) || wantsSuccess(condition.right));
}

/**
 * @param condition The expression of an `if`.
 * @returns Whether it calls `always`, `success` or `failure`.
 */
export function asksStatus(condition: Expression): boolean {
  switch (condition.type) {
    case "call":
      return STATUS.has(condition.name) || condition.arguments.some(asksStatus);
    case "binary":
      return asksStatus(condition.left) || asksStatus(condition.right);
    case "not":
      return asksStatus(condition.operand);
    case "member":
      return asksStatus(condition.of);
    case "index":
      return asksStatus(condition.of) || asksStatus(condition.index);
    default:
      return false;
  }
}

const STATUS: ReadonlySet<string> = new Set(["always", "success", "failure"]);
