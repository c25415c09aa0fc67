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
export async function compileDeny(
  rules: DenyPart,
  reporter: Reporter,
): Promise<readonly string[]> {
  if (rules === undefined || rules.length === 0) return [];
  const { parseRule } = await import("../backends/guard.ts");
  const sound: string[] = [];
  for (const [index, rule] of rules.entries()) {
    if (rule === undefined) continue;
    try {
      sound.push(parseRule(rule).text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      reporter.error("invalid-rule", error.message, ["tools", "deny", index]);
    }
  }
  return sound;
}
