/**
 * What the runs of a workflow's file cost on one day, UTC, as the journal of the working directory
 * knows them. Runs of a file are known by its real path, whatever it is called in them and whatever
 * name the workflow had then: a day's budget is not for whoever renames something. Rehearsals cost
 * nothing. What another working directory's journal has is not known here.
 *
 * @module
 */

import { resolve } from "@std/path";
import { costOf, dollarsOf, sum } from "../agent/money.ts";
import { modelOfStep, stepByKey } from "./_asked_models.ts";
import type { RunEvent } from "./events.ts";
import type { Journal } from "./journal.ts";
import type { Plan } from "./plan.ts";
import { isRehearsed } from "./_run_started.ts";
import type { DaySpent } from "./spending.ts";

/** Options of {@linkcode spentToday}. */
export interface SpentTodayOptions {
  /** The working directory of the journal's runs. */
  readonly cwd: string;
  /** The time that is today. */
  readonly now: Date;
}

/**
 * Adds up what answers cost on a day. A request that is under way counts once it is answered.
 *
 * @param journal The journal.
 * @param plan The workflow whose file is meant. Its prices are for runs whose own are not known.
 * @param options The day, and where files are.
 * @returns The dollars of all runs of the file, one that goes on now among them; or why they are not
 * known.
 */
export function spentToday(
  journal: Journal,
  plan: Plan,
  { cwd, now }: SpentTodayOptions,
): DaySpent {
  const day = now.toISOString().slice(0, "2026-01-01".length);
  const file = realFile(cwd, plan.file);
  let total = 0n;
  for (const run of journal.runsSince(day)) {
    if (realFile(cwd, run.file) !== file) continue;
    const then = journal.plan(run.id);
    if (then === undefined || isRehearsed(then)) continue;
    const cost = costOn(day, eventsOf(journal, run.id), then, plan);
    if (typeof cost === "string") return { unknown: `${cost} in run '${run.id}'` };
    total += cost;
  }
  return { usd: dollarsOf(total) };
}

function eventsOf(journal: Journal, run: string): readonly RunEvent[] {
  return journal.events(run, ["model.asked", "model.answered", "run.finished"]);
}

/** What the answers of a run cost on a day, in units; or what is not known, as a clause. */
function costOn(day: string, events: readonly RunEvent[], then: Plan, now: Plan): bigint | string {
  let total = 0n;
  let pending = 0;
  for (const event of events) {
    if (!event.time.startsWith(day)) continue;
    if (event.type === "model.asked") pending++;
    if (event.type === "run.finished" && pending > 0 && isUnknown(event)) {
      return "nobody knows what a request took that was not answered";
    }
    if (event.type !== "model.answered") continue;
    // What was asked on the day before is answered on this one.
    pending = Math.max(0, pending - 1);
    const { plan, step } = stepByKey(then, event.step);
    const model = modelOfStep(step, plan.model) ?? "";
    const price = [plan.prices, then.prices, now.prices]
      .find((prices) => prices !== undefined && Object.hasOwn(prices, model))?.[model];
    if (price === undefined) return `nobody knows what the model '${model}' cost`;
    const { inputTokens, outputTokens } = event.usage;
    const sofar = sum(total, costOf(price, inputTokens, outputTokens));
    if (sofar === null) return "nobody knows how many tokens an answer took";
    total = sofar;
  }
  return total;
}

/** Whether a run does not know what it took. */
function isUnknown(
  { usd, inputTokens, outputTokens }: Extract<RunEvent, { type: "run.finished" }>,
): boolean {
  return usd === null || (usd === undefined && (inputTokens === null || outputTokens === null));
}

/** A file that is gone is known by its name. */
function realFile(cwd: string, file: string): string {
  const path = resolve(cwd, file);
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return path;
    throw error;
  }
}
