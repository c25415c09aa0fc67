/**
 * A workflow's steps as a Mermaid flowchart, which GitHub and many editors draw: what waits for what.
 *
 * @module
 */

import { frontMatter, labelOf, nodeId } from "./_mermaid.ts";
import type { Plan, PlanForeach, PlanStep } from "./plan.ts";

/**
 * Draws the steps of a plan.
 *
 * | a step that | is drawn as |
 * | --- | --- |
 * | asks the model | a node with round ends |
 * | runs a command | a box |
 * | uses another workflow | a frame around that one's steps |
 *
 * An arrow leads to each step from those that it needs; it is dotted from a step with
 * `continue_on_error`. Conditions and `foreach` stand in the node.
 *
 * @param plan The plan.
 * @returns Mermaid, the last line with a line feed. The same plan gives the same text.
 */
export function graphText(plan: Plan): string {
  const lines = [...frontMatter(plan.name), "flowchart TD", ...planLines(plan, "", 1)];
  return `${lines.join("\n")}\n`;
}

/** The steps of a plan, and in frames of their own those that run at the end. */
function planLines(plan: Plan, prefix: string, depth: number): readonly string[] {
  const { steps, onSuccess = [], onFailure = [] } = plan;
  if (onSuccess.length + onFailure.length === 0) return listLines(steps, prefix, depth);
  const [main, success, failure] = ["steps", "on_success", "on_failure"]
    .map((list) => nodeId([...keysOf(prefix), list], "list"));
  const ends = [
    { id: success, label: "on_success", steps: onSuccess, when: "all succeeded" },
    { id: failure, label: "on_failure", steps: onFailure, when: "one failed" },
  ].filter((end) => end.steps.length > 0);
  const indent = "  ".repeat(depth);
  return [
    ...frame(`${main}`, ["steps"], listLines(steps, prefix, depth + 1), depth),
    ...ends.flatMap((end) =>
      frame(`${end.id}`, [end.label], listLines(end.steps, prefix, depth + 1), depth)
    ),
    ...ends.map(({ id, when }) => `${indent}${main} -->|${labelOf([when])}| ${id}`),
  ];
}

function listLines(steps: readonly PlanStep[], prefix: string, depth: number): readonly string[] {
  const indent = "  ".repeat(depth);
  const loose = new Set(steps.filter((step) => step.continueOnError).map(({ id }) => id));
  return [
    ...steps.flatMap((step) => stepLines(step, prefix, depth)),
    ...steps.flatMap(({ id, needs }) =>
      needs.map((need) => {
        const arrow = loose.has(need) ? "-.->" : "-->";
        return `${indent}${stepId(prefix, need)} ${arrow} ${stepId(prefix, id)}`;
      })
    ),
  ];
}

function stepLines(step: PlanStep, prefix: string, depth: number): readonly string[] {
  const id = stepId(prefix, step.id);
  const indent = "  ".repeat(depth);
  const label = stepLabel(step);
  if (step.uses !== undefined) {
    const inner = planLines(step.uses.plan, `${prefix}${step.id}/`, depth + 1);
    return frame(id, [...label, `uses ${step.uses.file}`], inner, depth);
  }
  return [
    step.run === undefined
      ? `${indent}${id}([${labelOf(label)}])`
      : `${indent}${id}[${labelOf(label)}]`,
  ];
}

/** What a step is called, when it runs and how often. */
function stepLabel({ name, id, if: condition, foreach }: PlanStep): readonly string[] {
  return [
    name === id ? id : `${name} (${id})`,
    ...(condition === undefined ? [] : [`if ${condition.expression.source}`]),
    ...(foreach === undefined ? [] : [foreachLabel(foreach)]),
  ];
}

function foreachLabel({ items, item, concurrency }: PlanForeach): string {
  const what = "source" in items
    ? `for each ${item} of ${items.source}`
    : `for each ${item}, ${items.length} in all`;
  return concurrency === 1 ? what : `${what}, ${concurrency} at a time`;
}

function frame(
  id: string,
  label: readonly string[],
  inner: readonly string[],
  depth: number,
): readonly string[] {
  const indent = "  ".repeat(depth);
  return [`${indent}subgraph ${id}[${labelOf(label)}]`, ...inner, `${indent}end`];
}

function stepId(prefix: string, id: string): string {
  return nodeId([...keysOf(prefix), id], "step");
}

/** The steps that lead to a workflow that is used, from the first on. */
function keysOf(prefix: string): readonly string[] {
  return prefix.split("/").slice(0, -1);
}
