/**
 * The rules of what the agent may do with its tools.
 *
 * @module
 */

import type { Reporter } from "./_reporter.ts";
import type { WorkflowFile } from "./schema.ts";
import type { Parts } from "./_validate.ts";

/** The lists of rules that a file may have. */
const LISTS = ["allow", "ask", "deny"] as const;

/** The rules of a file, each in the order written. */
export interface CompiledRules {
  readonly deny: readonly string[];
  readonly ask: readonly string[];
  /** Absent where the file has no such list: then all is allowed that routes grant. */
  readonly allow?: readonly string[];
}

/**
 * @param parts The `tools` section, without its faults.
 * @param reporter Told of rules that cannot be understood.
 * @returns The rules.
 */
export async function compileRules(
  parts: Parts<WorkflowFile>["tools"],
  reporter: Reporter,
): Promise<CompiledRules> {
  if (parts === undefined) return { deny: [], ask: [] };
  const { parseRule } = await import("../backends/guard.ts");
  const found = Object.fromEntries(LISTS.map((list) => {
    const sound = new Set<string>();
    for (const [index, rule] of (parts[list] ?? []).entries()) {
      if (rule === undefined) continue;
      try {
        sound.add(parseRule(rule).text);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        reporter.error("invalid-rule", error.message, ["tools", list, index]);
      }
    }
    return [list, [...sound]];
  }));
  const { allow, ask = [], deny = [] } = found;
  return reporter.yaml.has(["tools", "allow"]) && allow ? { deny, ask, allow } : { deny, ask };
}
