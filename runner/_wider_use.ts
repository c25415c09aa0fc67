/**
 * What of two plans lets a run take more: of the model, of time, of the environment, and of the host
 * when it ends.
 *
 * @module
 */

import { dollarText } from "../agent/money.ts";
import { isWithin } from "../backends/paths.ts";
import { durationText } from "./_durations.ts";
import type { PlanReview } from "./plan_review.ts";
import type { ReviewBudget, ReviewStep } from "./_review_steps.ts";
import { widerRules } from "./_wider_rules.ts";
import type { Widening } from "./_widenings.ts";
import type { DataPath } from "./_yaml_file.ts";

/**
 * @param stored What was agreed to.
 * @param now What is to be run.
 * @returns What a run may take now and might not before.
 */
export function widerUse(stored: PlanReview, now: PlanReview): readonly Widening[] {
  return [
    ...widerBudgets(stored, now),
    ...widerTimeout(stored.timeout, now.timeout, "The run", ["timeout"]),
    ...widerSteps(stored, now),
    ...widerEnvironment(stored, now),
    ...widerArtifacts(stored, now),
  ];
}

function widerBudgets(stored: PlanReview, now: PlanReview): readonly Widening[] {
  const rows = [
    ["turns", stored.turns, now.turns],
    ["tokens", stored.budget.tokens, now.budget.tokens],
    ["usd", stored.budget.usd, now.budget.usd],
  ] as const;
  const day = widerLimit(
    ["usd", stored.budget.usdPerDay, now.budget.usdPerDay],
    "All runs of one day",
    ["budget", "usd_per_day"],
    "they",
  );
  return [...rows.flatMap((row) => widerLimit(row, "The run", ["budget", row[0]])), ...day];
}

/** The limits of a budget, in words. */
const AMOUNTS: Readonly<Record<keyof ReviewBudget, (value: number) => string>> = {
  turns: (value) => `${value} ${value === 1 ? "answer" : "answers"} of the model`,
  tokens: (value) => `${value} ${value === 1 ? "token" : "tokens"}`,
  usd: dollarText,
};

const ANY_AMOUNT: Readonly<Record<keyof ReviewBudget, string>> = {
  turns: "any number of answers of the model",
  tokens: "any number of tokens",
  usd: "any number of dollars",
};

function widerLimit(
  [key, before, after]: readonly [keyof ReviewBudget, number | null, number | null],
  who: string,
  at: DataPath,
  pronoun = "it",
): readonly Widening[] {
  if (!isMore(before, after)) return [];
  const verb = key === "usd" ? "cost" : "take";
  const amount = after === null ? ANY_AMOUNT[key] : AMOUNTS[key](after);
  return [{
    code: "wider-budget",
    message: `${who} may now ${verb} ${amount}`,
    hint: `In the stored plan ${pronoun} may ${verb} ${AMOUNTS[key](before ?? 0)}`,
    at,
  }];
}

function widerTimeout(
  before: number | null,
  after: number | null,
  who: string,
  at: DataPath,
): readonly Widening[] {
  if (!isMore(before, after)) return [];
  return [{
    code: "wider-timeout",
    message: `${who} may now take ${after === null ? "any time" : durationText(after)}`,
    hint: `In the stored plan it may take ${durationText(before ?? 0)}`,
    at,
  }];
}

/** Whether a limit is larger than another one, or gone. */
function isMore(before: number | null, after: number | null): boolean {
  return before !== null && (after === null || after > before);
}

function widerSteps(stored: PlanReview, now: PlanReview): readonly Widening[] {
  return stored.steps.flatMap((before) => {
    const after = now.steps.find(({ step }) => step === before.step);
    // A step that is not there any more does nothing.
    if (after === undefined) return [];
    const at = ["steps", before.step];
    const who = `Step "${before.step}"`;
    const budgets = (["turns", "tokens", "usd"] as const).flatMap((key) =>
      widerLimit([key, before.budget[key], after.budget[key]], who, [...at, "budget", key])
    );
    const rules = widerRules(before, after).map((widening) => ({
      ...widening,
      message: `${widening.message}, in step "${before.step}"`,
      at: [...at, ...widening.at],
    }));
    const timeouts = widerTimeout(before.timeout, after.timeout, who, [...at, "timeout"]);
    const wider = [...budgets, ...timeouts, ...rules];
    if (after.grants === undefined) return wider;
    // It stands in another file.
    const used = [...at, "uses"];
    return [...wider.map((each) => ({ ...each, at: used })), ...widerGrants(before, after, used)];
  });
}

/** What the workflow that a step uses has now of its caller's. */
function widerGrants(before: ReviewStep, after: ReviewStep, at: DataPath): readonly Widening[] {
  const { grants: had = [] } = before;
  const isIn = (grant: string) =>
    had.some((each) => {
      const [verb = "", path = ""] = each.split(/ (.*)/s);
      const isFiles = (verb === "read" || verb === "write") && grant.startsWith(`${verb} /`);
      return each === grant || (isFiles && isWithin(grant.slice(verb.length + 1), path));
    });
  return (after.grants ?? []).filter((grant) => !isIn(grant)).map((grant) => ({
    code: "wider-permissions",
    message: `The workflow that step "${after.step}" uses is now granted "${grant}"`,
    hint: `In the stored plan it is granted ${had.length === 0 ? "nothing" : had.join(", ")}`,
    at,
  }));
}

function widerEnvironment(stored: PlanReview, now: PlanReview): readonly Widening[] {
  const code = "wider-environment" as const;
  const variables = Object.entries(now.variables).filter(([name, text]) =>
    !Object.hasOwn(stored.variables, name) || stored.variables[name] !== text
  );
  return [
    ...now.env.filter((name) => !stored.env.includes(name)).map((name) => ({
      code,
      message: `Commands now see "${name}" of the environment`,
      hint: "In the stored plan they do not",
      at: ["env", name],
    })),
    ...now.secrets.filter((name) => !stored.secrets.includes(name)).map((name) => ({
      code,
      message: `The run is now given the secret "${name}"`,
      hint: "In the stored plan it is not",
      at: ["secrets", name],
    })),
    ...variables.map(([name, text]) => ({
      code,
      message: `Commands now see "${name}" as ${JSON.stringify(text)}`,
      hint: Object.hasOwn(stored.variables, name)
        ? `In the stored plan they see it as ${JSON.stringify(stored.variables[name])}`
        : "In the stored plan they do not see it",
      at: ["env", name],
    })),
  ];
}

function widerArtifacts(stored: PlanReview, now: PlanReview): readonly Widening[] {
  return now.artifacts.flatMap(({ path, to }, index) => {
    if (stored.artifacts.some((each) => each.path === path && each.to === to)) return [];
    const before = stored.artifacts.filter((each) => each.to === to).map((each) => each.path);
    return [{
      code: "wider-artifacts" as const,
      message: `"${path}" is now copied to "${to}" of the host`,
      hint: before.length === 0
        ? "In the stored plan nothing is copied there"
        : `In the stored plan ${before.join(", ")} is copied there`,
      at: ["artifacts", index],
    }];
  });
}
