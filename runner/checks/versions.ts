/**
 * `produces`: which files a step wrote, told apart from those that were there before.
 *
 * @module
 */

import { BackendError } from "../../backends/errors.ts";
import type { Backend } from "../../backends/protocol.ts";
import type { ExpressionContext } from "../expressions/context.ts";
import { renderTemplate } from "../expressions/template.ts";
import type { PlanStep } from "../plan.ts";
import { failed, type Finding, passed } from "./_finding.ts";

/** The versions that a step's produced files had before it: `undefined` for none. */
export type Versions = ReadonlyMap<string, string | undefined>;

/**
 * Notes the versions of the files that a step is to produce, before it starts.
 *
 * @param tree The files.
 * @param step The step.
 * @param context What its templates refer to.
 * @returns Each produced path with its version.
 */
export async function versionsBefore(
  tree: Backend,
  step: Pick<PlanStep, "produces">,
  context: ExpressionContext,
): Promise<Versions> {
  const versions = new Map<string, string | undefined>();
  for (const { path } of step.produces) {
    const name = await renderTemplate(path, context);
    versions.set(name, (await fileVersion(tree, name)).version);
  }
  return versions;
}

/**
 * @param tree The files.
 * @param path A path that was to be written.
 * @param before What it was before the step.
 * @returns Whether it is a file that is new or changed.
 */
export async function produced(
  tree: Backend,
  path: string,
  before: string | undefined,
): Promise<Finding> {
  const now = await fileVersion(tree, path);
  const found = now.problem ??
    (now.version === undefined
      ? "it does not exist"
      : now.version === before
      ? "the file that is there is older than this step"
      : undefined);
  if (found === undefined) return passed(`'${path}' was written in this step`);
  return failed(`'${path}' was not produced: ${found}`, "a file written in this step", found);
}

async function fileVersion(
  tree: Backend,
  path: string,
): Promise<{ version?: string; problem?: string }> {
  try {
    const info = await tree.stat(path);
    if (info.type === "file") return { version: info.version };
    return { problem: `it is ${info.type === "directory" ? "a directory" : "not a regular file"}` };
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    if (error.code === "not_found" || error.code === "not_directory") return {};
    return { problem: error.message };
  }
}
