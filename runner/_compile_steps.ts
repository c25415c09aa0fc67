/**
 * The steps of a workflow: which there are, in which order they run, and what each knows of the
 * others.
 *
 * @module
 */

import { runsAfterFailure } from "./_compile_condition.ts";
import { compileGraph, type StepGraph } from "./_compile_graph.ts";
import { Conversations } from "./_compile_session.ts";
import { compileStep, type StepOptions } from "./_compile_step.ts";
import { checkWrites, type Write } from "./_compile_writes.ts";
import { ANY, objectOf } from "./expressions/types.ts";
import type { Plan, PlanStep } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import { NAME, type WorkflowFile } from "./schema.ts";
import { staticTypeOf } from "./schema_type.ts";
import type { StepsScope } from "./_scope.ts";
import { kindsOf, type PlacedStep, placedSteps, type StepList } from "./_step_parts.ts";
import { type KnownStep, stepsScope } from "./_step_scope.ts";
import type { Parts } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

/** A step, and where in the file it is. */
export interface CompiledStep {
  readonly list: StepList;
  readonly step: PlanStep;
  readonly path: DataPath;
}

/** What {@linkcode compileSteps} made of a file. */
export interface CompiledSteps {
  /** The steps that are sound, of all lists, in the order of the file. */
  readonly steps: readonly CompiledStep[];
  /** What is known of them when those of `steps` have ended. */
  readonly scope: StepsScope;
}

/**
 * @param parts The file, without its faults.
 * @param options What steps may refer to.
 * @param reporter Told of what is wrong.
 * @returns The steps, and what can be said of them.
 */
export async function compileSteps(
  parts: Parts<WorkflowFile>,
  options: StepOptions,
  reporter: Reporter,
): Promise<CompiledSteps> {
  const all = placedSteps(parts);
  checkIds(all, reporter);
  const order = orderOf(all, reporter);
  const known = all.map((placed) => knownStep(placed, options, reporter));
  const indexes = new Map<string, number>();
  for (const [index, { id }] of known.entries()) {
    if (id !== undefined && !indexes.has(id)) indexes.set(id, index);
  }
  const conversations = new Conversations(
    known.map(({ id = "", kind, isRepeated }) => ({
      id,
      asks: id !== "" && kind === "prompt" && !isRepeated,
    })),
    order,
  );
  const compiled: (CompiledStep | undefined)[] = all.map(() => undefined);
  const writes: Write[][] = all.map(() => []);
  // What is used says what it hands back: it is looked at before whoever refers to that.
  for (const position of order.sequence) {
    const placed = all[position];
    if (placed === undefined) continue;
    const { list, path, part } = placed;
    const isUnsure = list === "on_failure" || runsAfterFailure(part?.if);
    const steps = stepsScope({ steps: known, indexes, order, position, isUnsure });
    const result = await compileStep(
      placed,
      {
        scope: { ...options.inputs, steps },
        needs: order.needsOf(position),
        conversation: conversations.of(position),
      },
      options,
      reporter,
    );
    if (list !== "steps") refuseNeeds(list, path, reporter);
    if (result === undefined) continue;
    const { step } = result;
    compiled[position] = { list, step, path };
    writes[position] = result.writes.map((write) => ({ ...write, step: step.id, position }));
    const own = known[position];
    if (own !== undefined) known[position] = { ...own, outputs: outputsOf(step) ?? own.outputs };
  }
  if (parts.concurrency !== 1) checkWrites(writes.flat(), order.isBefore, reporter);
  return {
    steps: compiled.flatMap((step) => step ?? []),
    scope: stepsScope({ steps: known, indexes, order, position: all.length, isUnsure: false }),
  };
}

function knownStep(
  { list, path, part }: PlacedStep,
  { outputs }: StepOptions,
  reporter: Reporter,
): KnownStep {
  const [kind, another] = kindsOf(path, reporter);
  const schema = outputs.get(part?.id ?? "")?.schema;
  const isFaulty = schema === undefined && reporter.yaml.has([...path, "output"]);
  return {
    id: part?.id,
    list,
    kind: another === undefined ? kind : undefined,
    isRepeated: reporter.yaml.has([...path, "foreach"]),
    hasCondition: reporter.yaml.has([...path, "if"]),
    outputs: isFaulty ? ANY : schema === undefined ? undefined : staticTypeOf(schema),
  };
}

/** What a workflow hands back that is used. */
function outputsOf({ uses }: PlanStep) {
  if (uses === undefined) return undefined;
  return objectOf(new Map(Object.keys(uses.plan.outputs).map((name) => [name, ANY])), {
    noun: "output",
    mend: `"${uses.file}" has no such output`,
  });
}

/** The order of all steps: those that come after the others run one after the other. */
function orderOf(all: readonly PlacedStep[], reporter: Reporter): StepGraph {
  const main = all.filter(({ list }) => list === "steps");
  const graph = compileGraph(
    main.map(({ part, path }) => ({ id: part?.id, needs: part?.needs, path })),
    new Map(all.slice(main.length).map(({ part, list }) => [part?.id ?? "", list])),
    reporter,
  );
  const listOf = (index: number) => all[index]?.list ?? "";
  return {
    isGraph: graph.isGraph,
    sequence: [...graph.sequence, ...[...all.keys()].slice(main.length)],
    needsOf: (index) => {
      if (index < main.length) return graph.needsOf(index);
      const before = all[index - 1];
      return before?.list === listOf(index) && before.part?.id !== undefined
        ? [before.part.id]
        : [];
    },
    isBefore: (first, second) => {
      if (second < main.length) return graph.isBefore(first, second);
      return first < main.length || (first < second && listOf(first) === listOf(second));
    },
  };
}

function checkIds(all: readonly PlacedStep[], reporter: Reporter): void {
  const seen = new Map<string, StepList>();
  for (const { part, path, list } of all) {
    const id = part?.id;
    if (id === undefined) continue;
    const quoted = JSON.stringify(id);
    const other = seen.get(id);
    if (!NAME.test(id)) {
      reporter.error("invalid-name", `${quoted} cannot be a step's id`, [...path, "id"], {
        hint: "Use letters, digits, _ and -, and begin with a letter",
      });
    } else if (other !== undefined) {
      const where = other === list ? "" : ` in "${other}"`;
      reporter.error("duplicate-step", `There is a step ${quoted} already${where}`, [
        ...path,
        "id",
      ], { hint: "Give each step an id of its own" });
    }
    if (other === undefined) seen.set(id, list);
  }
}

function refuseNeeds(list: StepList, path: DataPath, reporter: Reporter): void {
  if (!reporter.yaml.has([...path, "needs"])) return;
  reporter.error("misplaced-key", `Step key "needs" is not for "${list}"`, [...path, "needs"], {
    hint: "These steps run one after the other, when all others have ended: leave it out",
    part: "key",
  });
}

/**
 * @param steps The steps of all lists.
 * @returns Them as a plan has them.
 */
export function stepLists(
  steps: readonly CompiledStep[],
): Pick<Plan, "steps" | "onSuccess" | "onFailure"> {
  const of = (list: StepList) => steps.filter((each) => each.list === list).map(({ step }) => step);
  const [onSuccess, onFailure] = [of("on_success"), of("on_failure")];
  return {
    steps: of("steps"),
    ...(onSuccess.length === 0 ? {} : { onSuccess }),
    ...(onFailure.length === 0 ? {} : { onFailure }),
  };
}
