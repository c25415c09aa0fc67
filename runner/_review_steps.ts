/**
 * What a reviewer decides about step by step: commands, rules and limits. Steps of workflows that are
 * used are called as events call them: `CALLER/INNER`.
 *
 * @module
 */

import { templateText } from "./expressions/template.ts";
import type { Plan, PlanBudget, PlanCommand, PlanStep } from "./plan.ts";

/** A command of a `run` step, or of a check. */
export interface ReviewCommand {
  readonly step: string;
  /** Set for a command that checks what a step did. */
  readonly check?: true | undefined;
  readonly command: string | readonly string[];
  readonly cwd: string;
  /** The values as they are written, with their expressions. */
  readonly env: Readonly<Record<string, string>>;
}

/** What a step, or a run, may use up; `null` for what is not limited. */
export interface ReviewBudget {
  readonly turns: number | null;
  readonly tokens: number | null;
  readonly usd: number | null;
}

/** The rules and limits of a step, besides those of the run. */
export interface ReviewStep {
  readonly step: string;
  readonly budget: ReviewBudget;
  /** Milliseconds for each attempt; `null` where it is not limited. */
  readonly timeout: number | null;
  readonly deny: readonly string[];
  readonly ask: readonly string[];
  /** `null` where everything is allowed that the rules of the workflow grant. */
  readonly allow: readonly string[] | null;
  /**
   * What the workflow that the step uses has of its caller's: `write /project/src`, `shell`,
   * `secret TOKEN`. Absent where it uses none. Limits and rules are that workflow's then.
   */
  readonly grants?: readonly string[] | undefined;
}

/** A step of a plan, or of one that it uses, and what it is called. */
interface NamedStep {
  readonly name: string;
  readonly step: PlanStep;
}

/** All steps of a plan, those that run at its end and those of workflows that it uses included. */
function stepsOf(plan: Plan, prefix = ""): readonly NamedStep[] {
  const steps = [...plan.steps, ...plan.onSuccess ?? [], ...plan.onFailure ?? []];
  return steps.flatMap((step) => {
    const name = `${prefix}${step.id}`;
    const inner = step.uses === undefined ? [] : stepsOf(step.uses.plan, `${name}/`);
    return [{ name, step }, ...inner];
  });
}

/** The commands of all steps and of their checks. */
export function reviewCommands(plan: Plan): readonly ReviewCommand[] {
  return stepsOf(plan).flatMap(({ name, step: { run, assertions } }) => [
    ...(run === undefined ? [] : [{ step: name, ...contentOf(run) }]),
    ...assertions.flatMap((assertion) =>
      assertion.kind === "run"
        ? [{ step: name, check: true as const, ...contentOf(assertion.command) }]
        : []
    ),
  ]);
}

function contentOf({ command, cwd, env }: PlanCommand): Omit<ReviewCommand, "step" | "check"> {
  const values = Object.entries(env).map(([name, value]) => [name, templateText(value)] as const);
  return { command, cwd, env: Object.fromEntries(values.toSorted(([a], [b]) => a < b ? -1 : 1)) };
}

/** The rules and limits of all steps; of one that uses a workflow, those of that workflow. */
export function reviewSteps(plan: Plan): readonly ReviewStep[] {
  return stepsOf(plan).map(({ name, step: { budget, timeout, tools, uses } }) => {
    const rules = uses?.plan ?? tools;
    return {
      step: name,
      budget: reviewBudget(uses?.plan.budget ?? budget),
      timeout: leastOf(timeout, uses?.plan.timeout),
      deny: rules?.deny.toSorted() ?? [],
      ask: rules?.ask.toSorted() ?? [],
      allow: rules?.allow?.toSorted() ?? null,
      ...(uses === undefined ? {} : { grants: grantsOf(uses.plan) }),
    };
  });
}

/** What a workflow that is used has of its caller's. */
function grantsOf({ backends, routes, shell, env, secrets, artifacts }: Plan): readonly string[] {
  const lent = backends.filter(({ type }) => type === "caller").map(({ name }) => name);
  const files = routes.filter(({ backend }) => lent.includes(backend)).flatMap((
    { path, access },
  ) => access === "read" ? [`read ${path}`] : [`read ${path}`, `write ${path}`]);
  return [
    ...new Set([
      ...files,
      ...(shell?.tool === true ? ["shell"] : []),
      ...Object.keys(env ?? {}).map((name) => `env ${name}`),
      ...(secrets ?? []).map((name) => `secret ${name}`),
      ...(artifacts ?? []).map(({ path }) => `copy out ${templateText(path)}`),
    ]),
  ].toSorted();
}

function leastOf(one: number | undefined, other: number | undefined): number | null {
  const least = Math.min(one ?? Infinity, other ?? Infinity);
  return least === Infinity ? null : least;
}

/** A budget with all that it leaves open. */
function reviewBudget({ turns, tokens, usd }: PlanBudget = {}): ReviewBudget {
  return { turns: turns ?? null, tokens: tokens ?? null, usd: usd ?? null };
}
