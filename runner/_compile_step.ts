/**
 * One step of a workflow: what it does, when, how often and with what.
 *
 * @module
 */

import { stepBudget } from "./_compile_budget.ts";
import { compileAssertion } from "./_compile_assertions.ts";
import { compileFile } from "./_compile_checks.ts";
import { compileCondition } from "./_compile_condition.ts";
import { compileForeach } from "./_compile_foreach.ts";
import { compileModelName } from "./_compile_model.ts";
import type { StepOutputs } from "./_compile_output.ts";
import { compileRetry } from "./_compile_retry.ts";
import type { CompiledRules } from "./_compile_rules.ts";
import type { SchemaFiles } from "./_compile_schema.ts";
import { compileStepTools } from "./_compile_step_tools.ts";
import { compileText } from "./_compile_text.ts";
import type { UsesOptions } from "./_compile_uses.ts";
import { compileWork } from "./_compile_work.ts";
import type { Write } from "./_compile_writes.ts";
import { compileDuration } from "./_durations.ts";
import type { StaticType } from "./expressions/types.ts";
import type { PlanBackend, PlanRoute, PlanShell, PlanStep } from "./plan.ts";
import type { PlanAssertion } from "./plan_assertions.ts";
import type { Reporter } from "./_reporter.ts";
import type { GivenScope, Scope } from "./_scope.ts";
import type { PlacedStep, StepPart } from "./_step_parts.ts";
import type { DataPath } from "./_yaml_file.ts";

/** How long a step may take at the most. */
const TIMEOUT = { example: "20m", most: "24h" };

/** What an item is to the condition of its step. */
const ASKED_ONCE: StaticType = {
  kind: "unavailable",
  because: 'the "if" of a step is asked once, and not for each item',
  hint: "Leave out of the list what is not wanted",
};

/** What {@linkcode compileStep} needs to know. */
export interface StepOptions {
  /** What expressions may refer to, but for the steps. */
  readonly inputs: GivenScope;
  /** The routes, if all of them are sound. */
  readonly routes: readonly PlanRoute[] | undefined;
  /** The backends that they lead to. */
  readonly backends: ReadonlyMap<string, PlanBackend>;
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

/** What a step is compiled with that it does not say itself. */
export interface StepSurroundings {
  /** What its texts may refer to, but for an item of its own. */
  readonly scope: Scope;
  /** The steps that it waits for directly. */
  readonly needs: readonly string[];
  /** The step whose conversation it can go on with. */
  readonly conversation: string | undefined;
}

/** A step, and what it writes. */
export interface StepAndWrites {
  readonly step: PlanStep;
  readonly writes: readonly Pick<Write, "path" | "at" | "foreach">[];
}

/**
 * @param placed The step.
 * @param around What it does not say itself.
 * @param options What it may refer to and use.
 * @param reporter Told of what is wrong.
 * @returns The step, if it is sound.
 */
export async function compileStep(
  { part, path }: PlacedStep,
  around: StepSurroundings,
  options: StepOptions,
  reporter: Reporter,
): Promise<StepAndWrites | undefined> {
  if (part === undefined) return undefined;
  const repeated = compileForeach(part.foreach, [...path, "foreach"], around.scope, reporter);
  const once = repeated === undefined
    ? around.scope
    : { ...around.scope, item: { ...repeated.item, type: ASKED_ONCE } };
  const condition = compileCondition(part.if, [...path, "if"], once, reporter);
  const foreach = repeated !== undefined && "foreach" in repeated ? repeated.foreach : undefined;
  const scope = repeated === undefined ? around.scope : { ...around.scope, item: repeated.item };
  const work = await compileWork(part, path, scope, options.uses, reporter);
  const produces = compileProduces(part, path, scope, options, reporter);
  const assertions = await compileAssertions(part, path, scope, options, reporter);
  const settings = await compileSettings(part, path, scope, options, reporter);
  const isPrompt = reporter.yaml.has([...path, "prompt"]);
  const retry = compileRetry(part.retry, path, isPrompt, reporter);
  if (part.id === undefined || work === undefined) return undefined;
  const continues = isPrompt && part.session !== "new" ? around.conversation : undefined;
  const output = options.outputs.get(part.id);
  const step: PlanStep = {
    id: part.id,
    name: part.name ?? part.id,
    ...work,
    needs: around.needs,
    ...(condition === undefined ? {} : { if: condition }),
    ...(foreach === undefined ? {} : { foreach }),
    ...settings,
    ...(continues === undefined ? {} : { continues }),
    ...(output === undefined ? {} : { output }),
    produces: produces.map(({ path, at }) => ({ path, place: reporter.placeOf(at) })),
    assertions,
    ...retry,
    place: reporter.placeOf([...path, "id"]),
  };
  return { step, writes: produces.map((write) => ({ ...write, foreach })) };
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

function compileProduces(
  part: StepPart,
  path: DataPath,
  scope: Scope,
  { routes }: StepOptions,
  reporter: Reporter,
): readonly Pick<Write, "path" | "at">[] {
  return (part.produces ?? []).flatMap((file, index) => {
    if (file === undefined) return [];
    const at = [...path, "produces", index];
    const template = compileFile(file, at, scope, reporter, { routes, writable: true });
    return template === undefined ? [] : [{ path: template, at }];
  });
}

async function compileAssertions(
  part: StepPart,
  path: DataPath,
  scope: Scope,
  { schemas }: StepOptions,
  reporter: Reporter,
): Promise<readonly PlanAssertion[]> {
  const assertions: PlanAssertion[] = [];
  for (const [index, entry] of (part.assert ?? []).entries()) {
    if (entry === undefined) continue;
    const at = [...path, "assert", index];
    const assertion = await compileAssertion(entry, at, { scope, schemas }, reporter);
    if (assertion !== undefined) assertions.push(assertion);
  }
  return assertions;
}
