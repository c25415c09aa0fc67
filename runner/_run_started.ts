/**
 * The first event of a run.
 *
 * @module
 */

import type { RunEventBody } from "./events.ts";
import type { Plan, PlanModel } from "./plan.ts";

/** It, before it is numbered. */
type RunStarted = Extract<RunEventBody, { readonly type: "run.started" }>;

/**
 * @param plan What the run will do.
 * @param resumes The waiting run that it goes on with, if it does.
 * @returns The event.
 */
export function runStarted(plan: Plan, resumes: string | undefined): RunStarted {
  const { name, file, fingerprint, model, steps, confinement } = plan;
  return {
    type: "run.started",
    workflow: name,
    file,
    fingerprint,
    model: model.type === "none" ? [...usedModels(plan)].join(", ") || "none" : nameOf(model),
    rehearsed: isRehearsed(plan),
    steps: steps.map(({ id }) => id),
    ...(confinement === undefined ? {} : { confinement }),
    ...(resumes === undefined ? {} : { resumes }),
  };
}

/** The models of the workflows that a plan uses, each once. */
function usedModels(plan: Plan): ReadonlySet<string> {
  const names = usedPlans(plan).flatMap((used) =>
    used.model.type === "none" ? [...usedModels(used)] : [nameOf(used.model)]
  );
  return new Set(names);
}

function usedPlans({ steps, onSuccess = [], onFailure = [] }: Plan): readonly Plan[] {
  return [...steps, ...onSuccess, ...onFailure].flatMap(({ uses }) => uses?.plan ?? []);
}

function nameOf(model: Exclude<PlanModel, { readonly type: "none" }>): string {
  return model.type === "openai" ? `openai:${model.name}` : model.name;
}

/**
 * @param plan What the run does.
 * @returns Whether scripted answers stand in for a model, in it or in a workflow that it uses.
 */
export function isRehearsed(plan: Plan): boolean {
  return plan.model.type === "rehearsal" || usedPlans(plan).some(isRehearsed);
}
