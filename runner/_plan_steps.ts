/**
 * The steps of a plan for people: a table, and below it what only some of them have.
 *
 * @module
 */

import { dollarText } from "../agent/money.ts";
import { commandLines } from "./_command_text.ts";
import { durationText } from "./_durations.ts";
import { templateText } from "./expressions/template.ts";
import type { Plan, PlanBudget, PlanForeach, PlanRunBudget, PlanStep } from "./plan.ts";
import type { Style } from "./_style.ts";
import { tableLines } from "./_table.ts";
import { printable } from "./_width.ts";

/** The budget of a run, or of a step. */
type BudgetOfAny = PlanBudget & Pick<PlanRunBudget, "usdPerDay">;

/** How many steps run at a time unless a file says otherwise. */
const CONCURRENCY = 4;

/** The lists of steps, and what they are called. */
function listsOf(plan: Plan): readonly (readonly [title: string, steps: readonly PlanStep[]])[] {
  return [
    ["Steps", plan.steps],
    ["Steps when all of them succeeded", plan.onSuccess ?? []],
    ["Steps when one of them failed", plan.onFailure ?? []],
  ];
}

/** All steps of a plan. */
export function stepsOfPlan(plan: Plan): readonly PlanStep[] {
  return listsOf(plan).flatMap(([, steps]) => steps);
}

/**
 * @param plan The plan.
 * @param style Colours.
 * @returns A section for each list of steps, and one for what only some steps have.
 */
export function stepSections(plan: Plan, style: Style): readonly (readonly string[])[] {
  const paint = style.dim;
  const header = ["ID", "NEEDS", "PRODUCES", "CHECKS", "ATTEMPTS"];
  const tables = listsOf(plan).map(([title, steps]) =>
    steps.length === 0
      ? []
      : [style.bold(title), ...tableLines(steps.map(stepRow), { header, paint })]
  );
  const details = stepsOfPlan(plan).flatMap((step) => {
    const rows = detailRows(step, plan);
    return rows.length === 0
      ? []
      : [`  ${printable(step.id)}`, ...tableLines(rows, { paint }).map((line) => `  ${line}`)];
  });
  const more = details.length === 0 ? [] : [style.bold("What some steps have besides"), ...details];
  return [...tables, more];
}

function stepRow(step: PlanStep): readonly string[] {
  const { id, needs, produces, assertions, attempts, feedback } = step;
  return [
    id,
    orDash(needs.join(" ")),
    orDash(produces.map(({ path }) => templateText(path)).join(" ")),
    orDash(assertions.length === 0 ? "" : `${assertions.length}`),
    // What is no model cannot be told what failed.
    attempts === 1 || step.prompt === undefined
      ? `${attempts}`
      : `${attempts}, ${feedback ? "with" : "without"} feedback`,
  ];
}

function orDash(text: string): string {
  return text === "" ? "-" : text;
}

/** What a step has that most have not, a row each. */
function detailRows(step: PlanStep, plan: Plan): readonly (readonly string[])[] {
  const { foreach, backoff, timeout, budget, tools, uses } = step;
  const rows: [string, string][] = [];
  if (step.if !== undefined) rows.push(["if", step.if.expression.source]);
  if (foreach !== undefined) rows.push(["for each", foreachText(foreach)]);
  if (uses !== undefined) rows.push(["uses", usesText(uses)]);
  if (backoff !== undefined) {
    const { delay, factor, max } = backoff;
    const grows = factor === 1 || max <= delay
      ? ""
      : `, then ${factor} times as long each, at most ${durationText(max)}`;
    rows.push(["waits", `${durationText(delay)} before another attempt${grows}`]);
  }
  if (timeout !== undefined) rows.push(["timeout", `${durationText(timeout)} for each attempt`]);
  if (step.continueOnError === true) rows.push(["on error", "what needs it runs all the same"]);
  if (step.model !== undefined) rows.push(["model", `openai:${step.model}`]);
  if (step.instructions !== undefined) rows.push(["told", "other instructions than the others"]);
  const { continues } = step;
  // That of the one step that it needs is what anybody expects.
  if (continues !== undefined && step.needs.join() !== continues) {
    rows.push(["session", `goes on with that of ${continues}`]);
  }
  if (isNewSession(step, plan)) rows.push(["session", "new: it sees nothing of the steps before"]);
  if (budget !== undefined) rows.push(["budget", budgetText(budget)]);
  if (step.output !== undefined) rows.push(["output", "JSON of a schema"]);
  for (const rule of tools?.deny ?? []) rows.push(["denied", rule]);
  for (const rule of tools?.ask ?? []) rows.push(["asked about", rule]);
  if (tools?.allow !== undefined) {
    rows.push([
      "allowed",
      tools.allow.length === 0 ? "nothing" : `${tools.allow.join(", ")} alone`,
    ]);
  }
  // A label is told once.
  return rows.map(([label, text], index) => [
    label === rows[index - 1]?.[0] ? "" : label,
    printable(text),
  ]);
}

/** Whether a step asks a model, does not go on with a conversation, and there is one before it. */
function isNewSession({ id, prompt, continues, needs }: PlanStep, plan: Plan): boolean {
  if (prompt === undefined || continues !== undefined) return false;
  const isMain = plan.steps.some((step) => step.id === id);
  const before = new Set(isMain ? needs : plan.steps.map((step) => step.id));
  // The order of the file need not be that of the run.
  for (const each of before) {
    const step = plan.steps.find((other) => other.id === each);
    if (step?.prompt !== undefined && step.foreach === undefined) return true;
    for (const need of step?.needs ?? []) before.add(need);
  }
  return false;
}

function foreachText({ items, item, concurrency }: PlanForeach): string {
  const what = "source" in items ? items.source : JSON.stringify(items);
  const name = item === "item" ? "" : `, as ${item}`;
  return `${what}${name}${concurrency === 1 ? "" : `, ${concurrency} at a time`}`;
}

function usesText({ file, with: values }: NonNullable<PlanStep["uses"]>): string {
  const given = Object.entries(values).map(([name, value]) => `${name}=${templateText(value)}`);
  return [file, ...(given.length === 0 ? [] : ["with", ...given])].join(" ");
}

/**
 * @param budget What may be used up.
 * @returns It in a few words: `40 turns of the model, $0.50`.
 */
export function budgetText({ turns, tokens, usd, usdPerDay }: BudgetOfAny): string {
  return [
    ...(turns === undefined ? [] : [`${turns} ${turns === 1 ? "turn" : "turns"} of the model`]),
    ...(tokens === undefined ? [] : [`${tokens} ${tokens === 1 ? "token" : "tokens"}`]),
    ...(usd === undefined ? [] : [dollarText(usd)]),
    ...(usdPerDay === undefined ? [] : [`${dollarText(usdPerDay)} a day`]),
  ].join(", ");
}

/**
 * @param plan The plan.
 * @returns Rows about the whole run that only some plans have.
 */
export function runRows(plan: Plan): readonly (readonly string[])[] {
  const { timeout, concurrency = CONCURRENCY, env = {}, secrets = [] } = plan;
  const first = plan.steps.filter(({ needs }) => needs.length === 0).map(({ id }) => id);
  const rows: [string, string][] = [];
  if (first.length > 1) {
    const shown = first.length > 8 ? [...first.slice(0, 8), "others"] : first;
    const text = `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)} begin at once`;
    rows.push(["order", `${text}; ${concurrency} at a time`]);
  }
  if (timeout !== undefined) rows.push(["timeout", `${durationText(timeout)} for the whole run`]);
  const names = Object.keys(env);
  if (names.length > 0) rows.push(["env", `${names.join(" ")}: seen by all commands`]);
  if (secrets.length > 0) rows.push(["secrets", `${secrets.join(" ")}: masked`]);
  return rows.map(([label, text]) => [label, printable(text)]);
}

/** The commands of steps, each with all that it is given. */
export function commandsSection(plan: Plan, style: Style): readonly string[] {
  const lines = stepsOfPlan(plan).flatMap(({ id, run }) => {
    if (run === undefined) return [];
    const { command, cwd, env } = run;
    const script = typeof command === "string"
      ? command.replace(/\n$/, "").split("\n").map(printable)
      : commandLines(command);
    return [
      `  ${printable(id)}${cwd === "/" ? "" : `, in ${printable(cwd)}`}`,
      ...Object.entries(env).map(([name, value]) =>
        `    ${printable(name)}=${printable(templateText(value))}`
      ),
      ...script.map((line, index) => `    ${style.dim(index === 0 ? "$" : " ")} ${line}`.trimEnd()),
    ];
  });
  return lines.length === 0 ? [] : [style.bold("Commands"), ...lines];
}

/**
 * @param plan The plan.
 * @param near Says where a path of the host is.
 * @param style Colours.
 * @returns What is copied out when the run ends.
 */
export function artifactsSection(
  { artifacts = [] }: Plan,
  near: (path: string) => string,
  style: Style,
): readonly string[] {
  if (artifacts.length === 0) return [];
  const rows = artifacts.map(({ path, to, when }) => [
    printable(templateText(path)),
    printable(to.endsWith("/") ? `${near(to).replace(/\/$/, "")}/` : near(to)),
    when,
  ]);
  const header = ["PATH", "COPIED TO", "AFTER"];
  return [style.bold("Artifacts"), ...tableLines(rows, { header, paint: style.dim })];
}
