/**
 * Rules that two plans have not in common, and whether that lets a run do more.
 *
 * @module
 */

import { parseRule } from "../backends/policy.ts";
import type { PlanReview } from "./plan_review.ts";
import type { Widening } from "./_widenings.ts";

/** The rules of a run, or of one of its steps. */
export type ReviewRules = Pick<PlanReview, "deny" | "ask" | "allow">;

/**
 * @param stored What was agreed to.
 * @param now What is to be run.
 * @returns Each rule whose coming or going may let a run do more. Rules are compared as they are
 * written: one that is written otherwise counts as another one.
 */
export function widerRules(stored: ReviewRules, now: ReviewRules): readonly Widening[] {
  const wider: Widening[] = [];
  const tell = (list: string, message: string, rule?: string) =>
    wider.push({
      code: "wider-rules",
      message,
      at: rule === undefined ? ["tools", list] : ["tools", list, rule],
    });
  for (const rule of stored.deny) {
    if (!now.deny.includes(rule)) tell("deny", `Nothing denies "${rule}" any more`);
  }
  for (const rule of stored.ask) {
    const isKept = now.ask.includes(rule) || now.deny.includes(rule);
    if (!isKept && !isUngranted(rule, now)) tell("ask", `Nobody is asked about "${rule}" any more`);
  }
  if (stored.allow === null) return wider;
  if (now.allow === null) {
    tell("allow", "All that routes grant is allowed now: there is no list of allow any more");
    return wider;
  }
  const granted = [...stored.allow, ...stored.ask];
  for (const rule of now.allow) {
    if (stored.allow.includes(rule)) continue;
    // Whoever had to be asked and has not to be any more was told of above. What is asked about to
    // be written was asked about to be read too, and is not where it is allowed.
    const isAsked = stored.ask.includes(rule) && parseRule(rule).verb !== "write";
    if (!isAsked) tell("allow", `"${rule}" is allowed now`, rule);
  }
  for (const rule of now.ask) {
    if (!granted.includes(rule)) tell("ask", `"${rule}" can be approved now`, rule);
  }
  return wider;
}

/** Whether a list of allow leaves out everything that a rule is about, as far as its verb tells. */
function isUngranted(rule: string, { allow, ask }: ReviewRules): boolean {
  if (allow === null) return false;
  const isCommand = parseRule(rule).verb === "execute";
  return ![...allow, ...ask].some((other) => (parseRule(other).verb === "execute") === isCommand);
}
