/**
 * A plan as the journal may keep it.
 *
 * @module
 */

import type { SecretMask } from "../agent/secrets.ts";
import type { Plan, PlanStep } from "./plan.ts";

/**
 * Takes out of a plan what opens an engine: a run that goes on finds it again.
 *
 * @param plan A plan.
 * @returns The plan, without the keys of its engine.
 */
export function withoutKeys(plan: Plan): Plan {
  const { engine } = plan;
  if (engine?.type !== "tcp" || engine.tls === undefined) return plan;
  const { tls: _, ...address } = engine;
  return { ...plan, engine: address };
}

/**
 * Masks what a plan has from the environment. The rest is what the file and the command line say: a
 * run that goes on with this one needs it as it is.
 *
 * @param plan A plan.
 * @param mask Masks the secrets of its run.
 * @returns The plan, and those of the workflows that it uses, with their variables masked.
 */
export function maskedPlan(plan: Plan, mask: SecretMask): Plan {
  const step = (each: PlanStep): PlanStep =>
    each.uses === undefined
      ? each
      : { ...each, uses: { ...each.uses, plan: maskedPlan(each.uses.plan, mask) } };
  const { env, onSuccess, onFailure } = plan;
  return {
    ...withoutKeys(plan),
    ...(env === undefined ? {} : { env: mask.data(env) }),
    steps: plan.steps.map(step),
    ...(onSuccess === undefined ? {} : { onSuccess: onSuccess.map(step) }),
    ...(onFailure === undefined ? {} : { onFailure: onFailure.map(step) }),
  };
}
