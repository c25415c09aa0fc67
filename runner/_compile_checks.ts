/**
 * The files that a step names: what it `produces`, and what `assert` looks at.
 *
 * @module
 */

import { BackendError } from "../backends/errors.ts";
import { canonicalPath, isWithin } from "../backends/paths.ts";
import { compileText, knownText } from "./_compile_text.ts";
import type { Template } from "./expressions/expression.ts";
import type { PlanRoute } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { Scope } from "./_scope.ts";
import type { DataPath } from "./_yaml_file.ts";

/** What must hold of the path of a file. */
export interface FileRules {
  /** The routes, if they are known. */
  readonly routes?: readonly PlanRoute[] | undefined;
  /** Whether the agent must be able to write it. */
  readonly writable?: boolean;
}

/**
 * @param text A path, which may have expressions in it.
 * @param path Where it is in the file.
 * @param scope What it may refer to.
 * @param reporter Told of what is wrong.
 * @param rules What must hold of it.
 * @returns Its template, canonical if it is known before the run.
 */
export function compileFile(
  text: string,
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
  rules: FileRules = {},
): Template | undefined {
  const template = compileText(text, path, scope, reporter);
  if (template === undefined) return undefined;
  const known = knownText(template, scope);
  if (known === undefined) return template;
  let canonical: string;
  try {
    canonical = canonicalPath(known);
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    reporter.error("invalid-path", error.message, path);
    return undefined;
  }
  if (rules.writable !== true) return [canonical];
  const prefix = rules.routes?.find(({ prefix }) => `${canonical}/`.startsWith(prefix));
  const isDirectory = known.endsWith("/") ||
    rules.routes?.some((route) => isWithin(route.prefix.replace(/(?<=.)\/$/, ""), canonical));
  if (isDirectory) {
    reporter.error("invalid-path", `"${known}" is a directory`, path, {
      hint: "Name the files that the step produces",
    });
    return undefined;
  }
  if (prefix?.access === "read") {
    reporter.error(
      "not-writable",
      `"${canonical}" can only be read, so no step produces it`,
      path,
      {
        hint: `Route "${prefix.prefix}" has access: read`,
      },
    );
    return undefined;
  }
  return [canonical];
}
