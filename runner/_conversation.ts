/**
 * Whose conversation a step goes on with, once it is known which steps were run.
 *
 * @module
 */

import type { Plan, PlanStep } from "./plan.ts";
import type { StepEnd } from "./_schedule.ts";

/**
 * @param plan What is run.
 * @param step The step.
 * @param ends How the steps ended that did.
 * @returns The step that it goes on from: the one that the plan has, or, where that was skipped, the
 * nearest one before that was not; `undefined` if there is none.
 */
export function conversationOf(
  plan: Plan,
  step: PlanStep,
  ends: ReadonlyMap<string, StepEnd>,
): string | undefined {
  const { continues } = step;
  if (continues === undefined || ends.get(continues) !== "skipped") return continues;
  const hasAsked = ({ id, prompt, foreach }: PlanStep) =>
    prompt !== undefined && foreach === undefined && ends.has(id) && ends.get(id) !== "skipped";
  const { steps, onSuccess = [], onFailure = [] } = plan;
  const after = [onSuccess, onFailure].find((list) => list.some(({ id }) => id === step.id));
  const earlier = after?.slice(0, after.findIndex(({ id }) => id === step.id)) ?? [];
  const nearest = earlier.findLast(hasAsked);
  if (nearest !== undefined) return nearest.id;
  const before = after === undefined ? ancestorsOf(step, steps) : undefined;
  const asked = steps.filter((each) => hasAsked(each) && before?.has(each.id) !== false);
  const followed = new Set(asked.flatMap((each) => [...ancestorsOf(each, steps)]));
  return asked.findLast(({ id }) => !followed.has(id))?.id;
}

/** All steps that a step waits for. */
function ancestorsOf(step: PlanStep, steps: readonly PlanStep[]): ReadonlySet<string> {
  const needs = new Map(steps.map((each) => [each.id, each.needs]));
  const found = new Set<string>();
  const open = [...step.needs];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    open.push(...needs.get(id) ?? []);
  }
  return found;
}
