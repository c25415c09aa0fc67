/**
 * Checks of what is at a path: `exists`, `not_exists`, `size` and `lines`.
 *
 * @module
 */

import type { Backend } from "../../backends/protocol.ts";
import type { PlanSizeAssertion } from "../plan.ts";
import {
  counted,
  failed,
  type Finding,
  globNote,
  grouped,
  kindOf,
  lookAt,
  passed,
} from "./_finding.ts";

/**
 * @param tree The files.
 * @param path A path.
 */
export async function exists(tree: Backend, path: string): Promise<Finding> {
  const there = await lookAt(tree, path);
  if (there !== undefined) return passed(`'${path}' exists`);
  return failed(`'${path}' does not exist${globNote(path)}`, "something is there", "nothing");
}

/**
 * @param tree The files.
 * @param path A path.
 */
export async function notExists(tree: Backend, path: string): Promise<Finding> {
  const there = await lookAt(tree, path);
  if (there === undefined) return passed(`'${path}' does not exist`);
  return failed(`'${path}' exists, and should not`, "nothing is there", kindOf(there));
}

/**
 * How large a file is, without reading it for its size.
 *
 * @param tree The files.
 * @param path The file.
 * @param bounds What it may have, in bytes or lines.
 */
export async function measures(
  tree: Backend,
  path: string,
  { kind, min, max }: Pick<PlanSizeAssertion, "kind" | "min" | "max">,
): Promise<Finding> {
  const unit = kind === "size" ? "byte" : "line";
  const expected = boundsText(unit, min, max);
  const there = await lookAt(tree, path);
  if (there?.type !== "file") {
    const what = there === undefined ? `does not exist${globNote(path)}` : `is ${kindOf(there)}`;
    const found = there === undefined ? "nothing" : kindOf(there);
    return failed(`'${path}' should have ${expected}; it ${what}`, expected, found);
  }
  const has = kind === "size"
    ? there.size
    : (await tree.read(path, { offset: 0, limit: 0 })).totalLines;
  const found = counted(has, unit);
  if (has >= (min ?? 0) && has <= (max ?? Infinity)) return passed(`'${path}' has ${found}`);
  return failed(`'${path}' should have ${expected}; it has ${found}`, expected, found);
}

function boundsText(unit: string, min: number | undefined, max: number | undefined): string {
  if (min === max && min !== undefined) return counted(min, unit);
  if (max === undefined) return `at least ${counted(min ?? 0, unit)}`;
  if (min === undefined) return `at most ${counted(max, unit)}`;
  return `${grouped(min)} to ${counted(max, unit)}`;
}
