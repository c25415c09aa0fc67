/**
 * Checks of what is at a path: `exists`, `not_exists`, `size` and `lines`.
 *
 * @module
 */

import type { Backend } from "../../backends/protocol.ts";
import type { PlanSizeAssertion } from "../plan_assertions.ts";
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

/** Bytes that are read at a time. */
const PIECE = 4 * 1024 * 1024;

/** A line feed. */
const LF = 0x0a;

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
  const has = kind === "size" ? there.size : await countLines(tree, path, there.size);
  if (has === "binary") {
    const found = "a binary file: it has a NUL byte in it";
    return failed(`'${path}' should have ${expected}; it is ${found}`, expected, found);
  }
  const found = counted(has, unit);
  if (has >= (min ?? 0) && has <= (max ?? Infinity)) return passed(`'${path}' has ${found}`);
  return failed(`'${path}' should have ${expected}; it has ${found}`, expected, found);
}

/** Counts lines piece by piece; a line may be longer than any text that is read. */
async function countLines(tree: Backend, path: string, size: number): Promise<number | "binary"> {
  let lines = 0;
  let isEnded = true;
  for (let offset = 0; offset < size;) {
    const piece = await tree.readBytes(path, { offset, length: PIECE });
    if (piece.length === 0) break;
    if (piece.includes(0)) return "binary";
    for (let at = piece.indexOf(LF); at >= 0; at = piece.indexOf(LF, at + 1)) lines++;
    isEnded = piece.at(-1) === LF;
    offset += piece.length;
  }
  return isEnded ? lines : lines + 1;
}

function boundsText(unit: string, min: number | undefined, max: number | undefined): string {
  if (min === max && min !== undefined) return counted(min, unit);
  if (max === undefined) return `at least ${counted(min ?? 0, unit)}`;
  if (min === undefined) return `at most ${counted(max, unit)}`;
  return `${grouped(min)} to ${counted(max, unit)}`;
}
