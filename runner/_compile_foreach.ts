/**
 * What a step is repeated for.
 *
 * @module
 */

import { compileExpression } from "./_compile_text.ts";
import type { TemplateExpression, Value } from "./expressions/expression.ts";
import { ANY, type StaticType, typeOfValue, unionOf } from "./expressions/types.ts";
import type { PlanForeach } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { Scope } from "./_scope.ts";
import type { StepPart } from "./_step_parts.ts";
import type { DataPath } from "./_yaml_file.ts";

/** What an item is called, unless a file says otherwise. */
const ITEM = "item";

/** How many items a run does, of a list that is made while it goes on too. */
export const MOST_ITEMS = 1_000;

/** What means something else in expressions already. */
const TAKEN: ReadonlySet<string> = new Set(
  "inputs env secrets steps run null true false".split(" "),
);

/** What an item is to the list that it is of. */
const NOT_YET: StaticType = {
  kind: "unavailable",
  because: "it is of the list that is made here",
  hint: "Use inputs, or what earlier steps put out",
};

/** A step's `foreach`, and what is known of an item. */
export interface CompiledForeach {
  readonly foreach: PlanForeach;
  readonly item: { readonly name: string; readonly type: StaticType };
}

/**
 * @param part The `foreach` of a step, without its faults.
 * @param path Where it is in the file.
 * @param scope What its expression may refer to.
 * @param reporter Told of what is wrong.
 * @returns What the step is repeated for; where that is not sound, what its texts may call an item.
 */
export function compileForeach(
  part: StepPart["foreach"],
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
): CompiledForeach | Pick<CompiledForeach, "item"> | undefined {
  if (!reporter.yaml.has(path)) return undefined;
  const isShort = typeof part === "string" || isList(part);
  const { items, item: name = ITEM, concurrency = 1 } = isShort ? { items: part } : part ?? {};
  const isTaken = TAKEN.has(name);
  if (isTaken) {
    reporter.error(
      "invalid-name",
      `An item cannot be called "${name}": that means something else in expressions`,
      [...path, "item"],
      { hint: "Give it another name, such as item" },
    );
  }
  const at = isShort ? path : [...path, "items"];
  const within = { ...scope, item: { name: isTaken ? ITEM : name, type: NOT_YET } };
  const compiled = compileItems(items, at, within, reporter);
  const item = { name: isTaken ? ITEM : name, type: compiled?.type ?? ANY };
  if (compiled === undefined || isTaken) return { item };
  const place = reporter.placeOf(at);
  return { foreach: { items: compiled.items, item: name, concurrency, place }, item };
}

/** The items, and what is known of each. */
interface CompiledItems {
  readonly items: readonly Value[] | TemplateExpression;
  readonly type: StaticType;
}

function compileItems(
  items: string | readonly unknown[] | undefined,
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
): CompiledItems | undefined {
  if (items === undefined) return undefined;
  if (isList(items)) {
    if (items.length > MOST_ITEMS) {
      reporter.error(
        "invalid-value",
        `"foreach" takes at most ${MOST_ITEMS} items, found ${items.length}`,
        path,
        { hint: "Let each item stand for several, or split them between steps" },
      );
    }
    const values = items.flatMap((item, index) => valueOf(item, [...path, index], reporter));
    if (values.length < items.length) return undefined;
    return { items: values, type: unionOf(values.map(typeOfValue)) };
  }
  const compiled = compileExpression(items, path, scope, reporter, { expects: "list" });
  if (compiled === undefined) return undefined;
  const { expression, type } = compiled;
  return { items: expression, type: type.kind === "list" ? type.of : ANY };
}

/** An item as JSON says it, in a list; an empty one where JSON cannot. */
function valueOf(item: unknown, path: DataPath, reporter: Reporter): readonly Value[] {
  const refuse = (message: string, hint: string) => {
    reporter.error("invalid-value", message, path, { hint });
    return [];
  };
  switch (typeof item) {
    case "number":
      if (Number.isFinite(item)) return [item];
      return refuse(`An item cannot be ${item}`, "Put it in quotes to make it a text");
    case "string":
    case "boolean":
      return [item];
    case "object": {
      if (item === null) return [null];
      const entries = isList(item) ? [...item.entries()] : Object.entries(item);
      const values = entries.map(([key, value]) =>
        [key, valueOf(value, [...path, key], reporter)] as const
      );
      if (values.some(([, value]) => value.length === 0)) return [];
      return isList(item)
        ? [values.flatMap(([, value]) => value)]
        : [Object.fromEntries(values.map(([key, [value = null]]) => [key, value]))];
    }
    default:
      return refuse(
        "An item must be something that JSON can say",
        "Write a text, a number or a map",
      );
  }
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
