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
    rehearsed: model.type === "rehearsal",
    steps: steps.map(({ id }) => id),
    ...(confinement === undefined ? {} : { confinement }),
    ...(resumes === undefined ? {} : { resumes }),
  };
}
