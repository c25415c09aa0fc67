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
import type { PlanForeach, PlanStep } from "./plan.ts";
import { itemKey } from "./_progress.ts";
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
  const { progress, emit, plan } = host;
  const { id, name } = step;
  emit({ type: "step.started", step: id, name, attempt: 1, prompt: "" });
  let items = progress.itemsOf(id);
  if (items === undefined) {
    try {
      items = progress.beginItems(id, await itemsOf(foreach, work, host));
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      const message = `Step '${id}' failed: ${error.message}`;
      return end(step, { outcome: "failure", output: [], outputs: [], message }, host);
    }
  }
  const { items: values, ended } = items;
  const open = values.flatMap((value, index) => ended.has(index) ? [] : [{ value, index }]);
  let failure: Ended | undefined;
  let left = open.length;
  // The answers of a script fit the order of the items.
  const isScripted = plan.model.type === "rehearsal" && step.prompt !== undefined;
  const running = inTurn({
    count: open.length,
    concurrency: isScripted ? 1 : foreach.concurrency,
    run: async (number) => {
      const { value, index } = open[number] ?? { value: null, index: 0 };
      const item = { name: foreach.item, value, index };
      const { outcome, output, outputs, message } = await runAttempts(
        step,
        { ...work, key: itemKey(id, index), item },
        host,
      );
      if (outcome === "success") {
        ended.set(index, { output, outputs });
        left--;
      } else if (outcome !== "waiting") {
        failure ??= { outcome, output, outputs, message };
      }
      return outcome === "success" && !host.progress.isWaiting;
    },
  });
  try {
    await running;
  } catch (error) {
    const { outcome, message } = stoppedBy(error);
    end(step, { outcome, output: "", outputs: null, message }, host);
    throw error;
  }
  const output = values.map((_, index) => ended.get(index)?.output ?? null);
  const outputs = values.map((_, index) => ended.get(index)?.outputs ?? null);
  if (failure !== undefined) return end(step, { ...failure, output, outputs }, host);
  if (left > 0) {
    return end(
      step,
      { outcome: "waiting", output, outputs, message: "Not all items are done" },
      host,
    );
  }
  const leftover = await endInAgent(id, host) ?? progress.judges.leftover(id);
  const outcome: Outcome = leftover === undefined ? "success" : "mismatch";
  return end(step, { outcome, output, outputs, message: leftover ?? "" }, host);
}

/** Tells how a step with items ended. */
function end(step: PlanStep, ended: Ended, { emit }: RunHost): Ended {
  const { outcome, output, message } = ended;
  const event: RunEventBody = {
    type: "step.finished",
    ...{ step: step.id, attempt: 1, outcome, retry: false },
    ...isContinued(step, outcome) ? { continued: true } : {},
    output: textOf(output),
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
    throw new ExpressionError(`foreach needs a list, and '${source}' is '${quoted}'`);
  }
  if (value.length <= MOST_ITEMS) return value;
  const many = `'${source}' is a list of ${value.length}`;
  throw new ExpressionError(`foreach takes at most ${MOST_ITEMS} items, and ${many}`);
}
