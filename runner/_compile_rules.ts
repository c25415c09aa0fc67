/**
 * The rules of what the agent may do with its tools: those that are written down, and those of the
 * presets that are named.
 *
 * @module
 */

import type { Rule } from "../backends/policy.ts";
import type { Reporter } from "./_reporter.ts";
import type { WorkflowFile } from "./schema.ts";
import { didYouMean } from "./_suggest.ts";
import type { Parts } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

/** The lists of rules that a file may have. */
const LISTS = ["allow", "ask", "deny"] as const;

/** A rule that is written in the file. */
export interface WrittenRule {
  readonly list: (typeof LISTS)[number];
  readonly rule: Rule;
  readonly at: DataPath;
}

/** The rules of a file. */
export interface CompiledRules {
  /** Whether all that the file has could be understood. */
  readonly complete: boolean;
  /** Those that are written down. */
  readonly written: readonly WrittenRule[];
  /** The rules of presets, by the preset that has them. */
  readonly presets: ReadonlyMap<string, string>;
  /** All of them, as a plan has them. */
  readonly plan: {
    readonly deny: readonly string[];
    readonly ask: readonly string[];
    /** Absent where the file has no such list: then all is allowed that routes grant. */
    readonly allow?: readonly string[];
  };
}

/**
 * @param parts The `tools` section, without its faults.
 * @param path Where it is in the file.
 * @param reporter Told of rules and presets that cannot be understood.
 * @returns The rules.
 */
export async function compileRules(
  parts: Parts<WorkflowFile>["tools"],
  path: DataPath,
  reporter: Reporter,
): Promise<CompiledRules> {
  if (parts === undefined) {
    // A section that is not even a map is no section.
    const complete = !reporter.yaml.has(path);
    return { complete, written: [], presets: new Map(), plan: { deny: [], ask: [] } };
  }
  const { parseRule } = await import("../backends/policy.ts");
  const { presets, ...named } = await compilePresets(parts.preset, [...path, "preset"], reporter);
  let complete = named.complete;
  const written: WrittenRule[] = [];
  const texts = { allow: new Set<string>(), ask: new Set<string>(), deny: new Set(presets.keys()) };
  for (const list of LISTS) {
    const isThere = reporter.yaml.has([...path, list]);
    if (isThere && (parts[list] === undefined || parts[list].includes(undefined))) complete = false;
    for (const [index, text] of (parts[list] ?? []).entries()) {
      if (text === undefined) continue;
      const at = [...path, list, index];
      try {
        const rule = parseRule(text);
        if (texts[list].has(rule.text)) {
          const preset = presets.get(rule.text);
          const where = preset === undefined ? "is there twice" : `is part of preset "${preset}"`;
          reporter.warning("repeated-rule", `Rule "${rule.text}" ${where}`, at);
        } else written.push({ list, rule, at });
        texts[list].add(rule.text);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        reporter.error("invalid-rule", error.message, at);
        complete = false;
      }
    }
  }
  const plan = { deny: [...texts.deny], ask: [...texts.ask] };
  const hasAllow = reporter.yaml.has([...path, "allow"]);
  return {
    complete,
    written,
    presets,
    plan: hasAllow ? { ...plan, allow: [...texts.allow] } : plan,
  };
}

async function compilePresets(
  preset: NonNullable<Parts<WorkflowFile>["tools"]>["preset"],
  path: DataPath,
  reporter: Reporter,
): Promise<Pick<CompiledRules, "complete" | "presets">> {
  const presets = new Map<string, string>();
  let complete = preset !== undefined || !reporter.yaml.has(path);
  if (preset === undefined) return { complete, presets };
  const { PRESET_NAMES, presetRules } = await import("../backends/presets.ts");
  const isOne = typeof preset === "string";
  for (const [index, name] of (isOne ? [preset] : preset).entries()) {
    if (name === undefined) {
      complete = false;
      continue;
    }
    const at = isOne ? path : [...path, index];
    const known = PRESET_NAMES.find((each) => each === name);
    if (known === undefined) {
      const names = PRESET_NAMES.map((each) => JSON.stringify(each)).join(" and ");
      reporter.error("unknown-preset", `There is no preset ${JSON.stringify(name)}`, at, {
        hint: `The presets are ${names}`,
        ...didYouMean(name, PRESET_NAMES),
      });
      complete = false;
      continue;
    }
    for (const { rule } of presetRules(known)) {
      if (!presets.has(rule)) presets.set(rule, known);
    }
  }
  return { complete, presets };
}
