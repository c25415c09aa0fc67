/**
 * The rules of what is refused.
 *
 * @module
 */

import type { WorkflowFile } from "./schema.ts";
import type { Parts } from "./_validate.ts";
import type { Reporter } from "./_reporter.ts";

type DenyPart = NonNullable<Parts<WorkflowFile>["tools"]>["deny"];

/**
 * @param rules The `tools.deny` section, without its faults.
 * @param reporter Told of rules that cannot be understood.
 * @returns The rules.
 */
export function compileDeny(rules: DenyPart, _reporter: Reporter): Promise<readonly string[]> {
  return Promise.resolve((rules ?? []).filter((rule) => rule !== undefined));
}
