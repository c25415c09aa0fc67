/**
 * Which models steps may ask: to do them, and to judge what they did.
 *
 * @module
 */

import type { Plan, PlanModel, PlanStep, Price } from "./plan.ts";

/** A model that may be asked. */
export interface AskedModel {
  /** Where it is; absent where that is not known, as in a rehearsal. */
  readonly baseUrl?: string | undefined;
  /** Its price, where a workflow that is used says it. */
  readonly price?: Price | undefined;
}

/** The model of a run, as far as it matters here. */
interface OwnModel extends AskedModel {
  /** Without its provider: `gpt-4.1`. */
  readonly name: string;
}

/**
 * @param steps The steps.
 * @param own The model that they ask unless they name another.
 * @returns The models, by their whole names: `openai:gpt-4.1`. Those of workflows that are used, too.
 */
export function askedModels(
  steps: readonly PlanStep[],
  own: OwnModel | undefined,
): ReadonlyMap<string, AskedModel> {
  const asked = new Map<string, AskedModel>();
  collect(steps, own, undefined, asked);
  return asked;
}

/**
 * @param step A step that is not another workflow.
 * @param model The run's model.
 * @returns The model that the step asks, by its whole name; `undefined` if there is none.
 */
export function modelOfStep(step: PlanStep, model: PlanModel): string | undefined {
  const name = step.model ?? ownModel(model, undefined)?.name;
  return name === undefined ? undefined : `openai:${name}`;
}

/**
 * Finds a step by what events call it.
 *
 * @param plan The run's plan.
 * @param key The step's id, with the number of an item: `fix[2]`; of a workflow that is used, after its
 * caller: `use/fix`.
 * @returns The step and the plan that it is of.
 * @throws {TypeError} If there is no such step.
 */
export function stepByKey(
  plan: Plan,
  key: string,
): { readonly plan: Plan; readonly step: PlanStep } {
  const slash = key.indexOf("/");
  const id = withoutItem(slash === -1 ? key : key.slice(0, slash));
  const steps = [...plan.steps, ...plan.onSuccess ?? [], ...plan.onFailure ?? []];
  const step = steps.find((each) => each.id === id);
  const inner = step?.uses?.plan;
  if (step === undefined || (slash !== -1 && inner === undefined)) {
    throw new TypeError(`a step '${key}' that the plan does not have`);
  }
  return inner === undefined || slash === -1
    ? { plan, step }
    : stepByKey(inner, key.slice(slash + 1));
}

/**
 * @param key A step's key.
 * @returns It without the number of its own item, which all items of a step share.
 */
export function withoutItem(key: string): string {
  return key.replace(/\[\d+\]$/, "");
}

function collect(
  steps: readonly PlanStep[],
  own: OwnModel | undefined,
  prices: Plan["prices"],
  asked: Map<string, AskedModel>,
): void {
  for (const step of steps) {
    if (step.uses !== undefined) {
      const { plan } = step.uses;
      const inner = [...plan.steps, ...plan.onSuccess ?? [], ...plan.onFailure ?? []];
      collect(inner, ownModel(plan.model, own), plan.prices, asked);
      continue;
    }
    const asks = step.prompt !== undefined ||
      step.assertions.some(({ kind }) => kind === "judge");
    const name = step.model ?? own?.name;
    if (!asks || name === undefined) continue;
    const whole = `openai:${name}`;
    const price = prices !== undefined && Object.hasOwn(prices, whole) ? prices[whole] : undefined;
    const known = asked.get(whole);
    asked.set(whole, {
      baseUrl: known === undefined ? own?.baseUrl : known.baseUrl,
      price: known?.price ?? price,
    });
  }
}

/** The model of a plan; of one that is used and rehearsed, at the server of its caller. */
function ownModel(model: PlanModel, caller: OwnModel | undefined): OwnModel | undefined {
  if (model.type === "none") return undefined;
  if (model.type === "openai") return { name: model.name, baseUrl: model.baseUrl };
  return { name: model.name.replace(/^openai:/, ""), baseUrl: caller?.baseUrl };
}
