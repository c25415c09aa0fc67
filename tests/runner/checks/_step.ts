/**
 * Steps that are checked, over files in memory.
 *
 * @module
 */

import { StateBackend } from "../../../backends/state.ts";
import type { Backend } from "../../../backends/protocol.ts";
import {
  type CheckedStep,
  type CheckOptions,
  checkStep,
} from "../../../runner/checks/check_step.ts";
import type { CheckResult } from "../../../runner/events.ts";
import type { ExpressionContext } from "../../../runner/expressions/context.ts";
import { parseTemplate } from "../../../runner/expressions/template.ts";
import type { Template } from "../../../runner/expressions/expression.ts";
import type { PlanStep } from "../../../runner/plan.ts";
import type { PlanAssertion } from "../../../runner/plan_assertions.ts";

/** Where all checks of these tests stand. */
export const PLACE = { file: "demo.yaml", line: 7, column: 3 };

/** What their templates refer to. */
export const CONTEXT: ExpressionContext = {
  inputs: { name: "Flask" },
  ...{ env: {}, secrets: {}, steps: {}, failed: false },
  run: { id: "r1", workflow: "demo", started: "2026-01-01T00:00:00.000Z" },
  hashFiles: () => Promise.resolve(""),
};

/** A text as a workflow's file has it. */
export function template(text: string): Template {
  return parseTemplate(text).template;
}

/** What a step produces, as a plan says it. */
export function producing(...paths: readonly string[]): Pick<PlanStep, "produces"> {
  return { produces: paths.map((path) => ({ path: [path], place: PLACE })) };
}

/** Files in memory. */
export async function treeOf(
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<StateBackend> {
  const tree = new StateBackend();
  for (const [path, content] of Object.entries(files)) await tree.write(path, content);
  return tree;
}

/** Assertions of every kind, without their place. */
export type Unplaced<T = PlanAssertion> = T extends unknown ? Omit<T, "place"> : never;

/** Checks one assertion. */
export async function check(
  tree: Backend,
  assertion: Unplaced,
  options: Partial<CheckOptions> = {},
): Promise<CheckResult> {
  const { results, ended } = await checkAll(tree, [assertion], options);
  const [result] = results;
  if (result === undefined || ended !== undefined) throw new Error("There is no result");
  return result;
}

/** Checks several. */
export async function checkAll(
  tree: Backend,
  assertions: readonly Unplaced[],
  options: Partial<CheckOptions> = {},
): Promise<CheckedStep> {
  return await checkStep({
    produces: [],
    assertions: assertions.map((assertion) => ({ ...assertion, place: PLACE })),
  }, {
    tree,
    context: CONTEXT,
    versions: new Map(),
    output: "",
    judge: () => Promise.reject(new Error("No judge is asked here")),
    execute: () => Promise.reject(new Error("No command is run here")),
    ...options,
  });
}

/** What a result says, without its place. */
export function told({ ok, message, expected, found }: CheckResult): readonly unknown[] {
  return ok ? [ok, message] : [ok, message, expected, found];
}
