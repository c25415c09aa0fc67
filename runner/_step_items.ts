/**
 * A step with `foreach`: once for each item, several at a time.
 *
 * @module
 */

import { MOST_ITEMS } from "./_compile_foreach.ts";
import type { Outcome, RunEventBody } from "./events.ts";
import { isList, textOf } from "./expressions/coerce.ts";
import { evaluate } from "./expressions/evaluate.ts";
import { ExpressionError } from "./expressions/errors.ts";
import type { Value } from "./expressions/expression.ts";
import { kindName, typeOfValue } from "./expressions/types.ts";
import type { PlanForeach, PlanStep } from "./plan.ts";
import { itemKey, type Items } from "./_progress.ts";
import type { RunHost } from "./_run_host.ts";
import { inTurn } from "./_schedule.ts";
import { stoppedBy } from "./_stopped.ts";
import { type Ended, endInAgent, isContinued, runAttempts, type Work } from "./_step_run.ts";

/** Characters of what is no list that an error quotes. */
const QUOTED = 120;

/**
 * Runs a step for each of its items.
 *
 * @param step The step.
 * @param foreach What its items are.
 * @param work What is attempted for all of them.
 * @param host The run.
 * @returns How the step ended: its output is the list of theirs.
 */
export async function runItems(
  step: PlanStep,
  foreach: PlanForeach,
  work: Work,
  host: RunHost,
): Promise<Ended> {
  const { progress, emit } = host;
  const { id, name } = step;
  emit({ type: "step.started", step: id, name, attempt: 1, prompt: "" });
  try {
    const items = progress.itemsOf(id) ??
      progress.beginItems(id, await itemsOf(foreach, work, host));
    const ended = await runAll(step, foreach, items, work, host);
    return end(step, ended, host, items.items.length);
  } catch (error) {
    if (error instanceof ExpressionError) {
      const { message } = error;
      const ended = end(step, { outcome: "failure", output: [], outputs: [], message }, host);
      return { ...ended, message: `Step '${id}' failed: ${message}` };
    }
    const { outcome, message } = stoppedBy(error);
    end(step, { outcome, output: "", outputs: null, message }, host);
    throw error;
  }
}

/** Runs the items that are not done; how all of them ended. */
async function runAll(
  step: PlanStep,
  foreach: PlanForeach,
  items: Items,
  work: Work,
  host: RunHost,
): Promise<Ended> {
  const { progress, plan } = host;
  const { id } = step;
  const { items: values, ended } = items;
  const open = values.flatMap((value, index) => {
    const hasBegun = progress.hasWaited(itemKey(id, index));
    return ended.has(index) ? [] : [{ value, index, hasBegun }];
  });
  // Those that have begun end, whatever becomes of the others.
  const inOrder = [
    ...open.filter(({ hasBegun }) => hasBegun),
    ...open.filter(({ hasBegun }) => !hasBegun),
  ];
  // The answers of a script fit the order of the items.
  const isScripted = plan.model.type === "rehearsal" && step.prompt !== undefined;
  await inTurn({
    count: inOrder.length,
    concurrency: isScripted ? 1 : foreach.concurrency,
    run: async (number) => {
      const { value, index, hasBegun } = inOrder[number] ?? { value: null, index: 0 };
      if (items.failure !== undefined && hasBegun !== true) return false;
      const item = { name: foreach.item, value, index };
      const { outcome, output, outputs, message } = await runAttempts(
        step,
        { ...work, key: itemKey(id, index), item },
        host,
      );
      if (outcome === "success") ended.set(index, { output, outputs });
      else if (outcome !== "waiting") items.failure ??= { outcome, message };
      return !progress.isWaiting;
    },
  });
  const output = values.map((_, index) => ended.get(index)?.output ?? null);
  const outputs = values.map((_, index) => ended.get(index)?.outputs ?? null);
  const { failure } = items;
  const keys = new Set(values.map((_, index) => itemKey(id, index)));
  const isWaiting = progress.waiting.some(({ step }) => keys.has(step));
  if (failure !== undefined && !isWaiting) return { ...failure, output, outputs };
  if (ended.size < values.length) {
    return { outcome: "waiting", output, outputs, message: "Not all items are done" };
  }
  const leftover = await endInAgent(id, host) ?? progress.judges.leftover(id);
  const outcome: Outcome = leftover === undefined ? "success" : "mismatch";
  return { outcome, output, outputs, message: leftover ?? "" };
}

/** Tells how a step with items ended. */
function end(step: PlanStep, ended: Ended, { emit }: RunHost, items?: number): Ended {
  const { outcome, output, message } = ended;
  const event: RunEventBody = {
    type: "step.finished",
    ...{ step: step.id, attempt: 1, outcome, retry: false },
    ...isContinued(step, outcome) ? { continued: true } : {},
    output: textOf(output),
    ...items === undefined ? {} : { items },
    ...message === "" ? {} : { error: message },
  };
  emit(event);
  return ended;
}

/** @throws {ExpressionError} If they are no list, or too many. */
async function itemsOf(
  { items }: PlanForeach,
  work: Work,
  host: RunHost,
): Promise<readonly Value[]> {
  if (!("type" in items)) return items;
  const { expression, source } = items;
  const value = await host.interruption.unless(evaluate(expression, host.context(work)));
  if (!isList(value)) {
    const text = textOf(value);
    const quoted = text.length > QUOTED ? `${text.slice(0, QUOTED).toWellFormed()}…` : text;
    const what = kindName(typeOfValue(value));
    throw new ExpressionError(`foreach needs a list, and '${source}' is ${what}: '${quoted}'`);
  }
  if (value.length <= MOST_ITEMS) return value;
  const many = `'${source}' is a list of ${value.length}`;
  throw new ExpressionError(`foreach takes at most ${MOST_ITEMS} items, and ${many}`);
}
