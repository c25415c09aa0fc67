/**
 * The steps of a workflow: their order, and what each of them does.
 *
 * @module
 */

import { stepBudget } from "./_compile_budget.ts";
import { compileAssertion } from "./_compile_assertions.ts";
import { compileFile } from "./_compile_checks.ts";
import { compileGraph, type StepGraph } from "./_compile_graph.ts";
import { compileModelName } from "./_compile_model.ts";
import type { StepOutputs } from "./_compile_output.ts";
import { compileRetry } from "./_compile_retry.ts";
import type { CompiledRules } from "./_compile_rules.ts";
import type { SchemaFiles } from "./_compile_schema.ts";
import { conversationOf } from "./_compile_session.ts";
import { compileStepTools } from "./_compile_step_tools.ts";
import { compileText } from "./_compile_text.ts";
import type { UsesOptions } from "./_compile_uses.ts";
import { compileWork } from "./_compile_work.ts";
import { compileDuration } from "./_durations.ts";
import type { Template } from "./expressions/expression.ts";
import { objectOf, STRING } from "./expressions/types.ts";
import type { Place, Plan, PlanAssertion, PlanRoute, PlanShell, PlanStep } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import { NAME, type WorkflowFile } from "./schema.ts";
import { type GivenScope, type Scope, type StepScope, SURELY } from "./_scope.ts";
import {
  type PlacedStep,
  placedSteps,
  STEP_LISTS,
  type StepList,
  type StepPart,
} from "./_step_parts.ts";
import type { Parts } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

/** How long a step may take at the most. */
const TIMEOUT = { example: "20m", most: "24h" };

/** What {@linkcode compileSteps} needs to know. */
export interface StepOptions {
  /** What expressions may refer to, but for the steps. */
  readonly inputs: GivenScope;
  /** The routes, if all of them are sound. */
  readonly routes: readonly PlanRoute[] | undefined;
  readonly shell: PlanShell | undefined;
  /** The rules of the workflow. */
  readonly rules: CompiledRules;
  /** How other workflows are used. */
  readonly uses: UsesOptions;
  /** The schemas that the workflow names. */
  readonly schemas: SchemaFiles;
  /** The forms of the steps' outputs. */
  readonly outputs: StepOutputs;
}

/** A step, and where in the file it is. */
export interface CompiledStep {
  readonly list: StepList;
  readonly step: PlanStep;
  readonly path: DataPath;
}

/** The steps that one list is compiled among. */
interface Surroundings {
  /** Those before the list, and then its own. */
  readonly steps: readonly PlacedStep[];
  readonly order: StepGraph;
}

/**
 * @param parts The file, without its faults.
 * @param options What steps may refer to.
 * @param reporter Told of what is wrong.
 * @returns The steps that are sound, of all lists, in the order of the file.
 */
export async function compileSteps(
  parts: Parts<WorkflowFile>,
  options: StepOptions,
  reporter: Reporter,
): Promise<readonly CompiledStep[]> {
  const all = placedSteps(parts);
  checkIds(all, reporter);
  const main = placedSteps(parts, "steps");
  const graph = compileGraph(
    main.map(({ part, path }) => ({ id: part?.id, needs: part?.needs, path })),
    new Map(all.slice(main.length).map(({ part, list }) => [part?.id ?? "", list])),
    reporter,
  );
  const compiled: CompiledStep[] = [];
  for (const list of STEP_LISTS) {
    const own = placedSteps(parts, list);
    const around: Surroundings = list === "steps"
      ? { steps: main, order: graph }
      : { steps: [...main, ...own], order: after(graph, main, own) };
    for (const index of own.keys()) {
      const step = await compileStep(
        around.steps.length - own.length + index,
        around,
        options,
        reporter,
      );
      const path = own[index]?.path;
      if (step !== undefined && path !== undefined) compiled.push({ list, step, path });
    }
  }
  return compiled;
}

/** The order of steps that run one after the other when all of a graph have ended. */
function after(
  graph: StepGraph,
  main: readonly PlacedStep[],
  own: readonly PlacedStep[],
): StepGraph {
  const ids = [...main, ...own].map(({ part }) => part?.id);
  return {
    isGraph: false,
    needsOf: (index) =>
      index === main.length ? [] : ids.slice(index - 1, index).flatMap((id) => id ?? []),
    isBefore: (first, second) =>
      second < main.length ? graph.isBefore(first, second) : first < second,
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

async function compileStep(
  position: number,
  { steps, order }: Surroundings,
  options: StepOptions,
  reporter: Reporter,
): Promise<PlanStep | undefined> {
  const { part, path, list } = steps[position] ?? { part: undefined, path: [], list: "steps" };
  if (part === undefined) return undefined;
  const scope = scopeOf(position, { steps, order }, options);
  const work = await compileWork(part, path, scope, options.uses, reporter);
  const checks = await compileChecks(part, path, scope, options, reporter);
  const settings = await compileSettings(part, path, scope, options, reporter);
  const isPrompt = reporter.yaml.has([...path, "prompt"]);
  const retry = compileRetry(part.retry, path, isPrompt, reporter);
  if (list !== "steps") refuseNeeds(list, path, reporter);
  if (part.id === undefined || work === undefined) return undefined;
  const continues = isPrompt && part.session !== "new"
    ? conversationOf(steps.map(sessionStep(reporter)), order.isBefore, position)
    : undefined;
  return {
    id: part.id,
    name: part.name ?? part.id,
    ...work,
    needs: order.needsOf(position),
    ...settings,
    ...(continues === undefined ? {} : { continues }),
    ...checks,
    ...retry,
    place: reporter.placeOf([...path, "id"]),
  };
}

/** What a step may refer to. */
function scopeOf(
  position: number,
  { steps, order }: Surroundings,
  { inputs }: StepOptions,
): Scope {
  const ids = () => steps.flatMap(({ part }) => part?.id ?? []);
  const find = (id: string): StepScope | undefined => {
    const index = steps.findIndex(({ part }) => part?.id === id);
    if (index < 0) return undefined;
    return {
      output: STRING,
      outputs: objectOf(new Map(), { isOpen: true }),
      known: order.isBefore(index, position) ? SURELY : {
        type: "never",
        because: `step ${JSON.stringify(id)} does not come before`,
        hint: "Only the output of an earlier step can be used",
      },
    };
  };
  return { ...inputs, steps: { ids, find } };
}

function sessionStep(
  reporter: Reporter,
): (step: PlacedStep) => { readonly id: string; readonly asks: boolean } {
  const { yaml } = reporter;
  return ({ part, path }) => ({
    id: part?.id ?? "",
    asks: part?.id !== undefined && yaml.has([...path, "prompt"]) &&
      !yaml.has([...path, "foreach"]),
  });
}

function refuseNeeds(list: StepList, path: DataPath, reporter: Reporter): void {
  if (!reporter.yaml.has([...path, "needs"])) return;
  reporter.error("misplaced-key", `Step key "needs" is not for "${list}"`, [...path, "needs"], {
    hint: "These steps run one after the other, when all others have ended: leave it out",
    part: "key",
  });
}

/** What a step has besides its work and its checks. */
type StepSettings = Pick<
  PlanStep,
  "timeout" | "continueOnError" | "model" | "instructions" | "tools" | "budget"
>;

async function compileSettings(
  part: StepPart,
  path: DataPath,
  scope: Scope,
  options: StepOptions,
  reporter: Reporter,
): Promise<StepSettings> {
  const timeout = part.timeout === undefined
    ? undefined
    : compileDuration(part.timeout, [...path, "timeout"], TIMEOUT, reporter);
  const model = part.model === undefined
    ? undefined
    : compileModelName(part.model, [...path, "model"], reporter);
  const instructions = part.instructions === undefined
    ? undefined
    : compileText(part.instructions, [...path, "instructions"], scope, reporter);
  const tools = await compileStepTools(part.tools, [...path, "tools"], options, reporter);
  const budget = stepBudget(part.budget);
  return {
    ...(timeout === undefined ? {} : { timeout }),
    ...(part.continue_on_error === true ? { continueOnError: true } : {}),
    ...(model === undefined ? {} : { model }),
    ...(instructions === undefined ? {} : { instructions }),
    ...(tools === undefined ? {} : { tools }),
    ...(budget === undefined ? {} : { budget }),
  };
}

async function compileChecks(
  part: StepPart,
  path: DataPath,
  scope: Scope,
  { routes, schemas, outputs }: StepOptions,
  reporter: Reporter,
): Promise<Pick<PlanStep, "output" | "produces" | "assertions">> {
  const produces: { path: Template; place: Place }[] = [];
  for (const [index, file] of (part.produces ?? []).entries()) {
    if (file === undefined) continue;
    const at = [...path, "produces", index];
    const template = compileFile(file, at, scope, reporter, { routes, writable: true });
    if (template !== undefined) produces.push({ path: template, place: reporter.placeOf(at) });
  }
  const assertions: PlanAssertion[] = [];
  for (const [index, entry] of (part.assert ?? []).entries()) {
    if (entry === undefined) continue;
    const at = [...path, "assert", index];
    const assertion = await compileAssertion(entry, at, { scope, schemas }, reporter);
    if (assertion !== undefined) assertions.push(assertion);
  }
  const output = outputs.get(part.id ?? "");
  return { ...(output === undefined ? {} : { output }), produces, assertions };
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
