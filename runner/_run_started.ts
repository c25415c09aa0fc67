/**
 * The first event of a run.
 *
 * @module
 */

import type { RunEventBody } from "./events.ts";
import type { Plan } from "./plan.ts";

/**
 * @param plan What the run will do.
 * @param resumes The waiting run that it goes on with, if it does.
 * @returns The event.
 */
export function runStarted(plan: Plan, resumes: string | undefined): RunEventBody {
  const { name, file, fingerprint, model, steps, confinement } = plan;
  return {
    type: "run.started",
    workflow: name,
    file,
    fingerprint,
    model: model.type === "none"
      ? "none"
      : model.type === "openai"
      ? `openai:${model.name}`
      : model.name,
    rehearsed: isRehearsed(plan),
    steps: steps.map(({ id }) => id),
    ...(confinement === undefined ? {} : { confinement }),
    ...(resumes === undefined ? {} : { resumes }),
  };
}

/**
 * @param plan What the run does.
 * @returns Whether scripted answers stand in for a model, in it or in a workflow that it uses.
 */
export function isRehearsed({ model, steps, onSuccess = [], onFailure = [] }: Plan): boolean {
  return model.type === "rehearsal" ||
    [...steps, ...onSuccess, ...onFailure].some(({ uses }) => uses && isRehearsed(uses.plan));
}
