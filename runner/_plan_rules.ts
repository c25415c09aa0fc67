/**
 * The rules of a plan for people, in the order in which they are asked.
 *
 * @module
 */

import { PRESET_NAMES, presetRules } from "../backends/presets.ts";
import type { Plan } from "./plan.ts";
import type { Style } from "./_style.ts";
import { printable, textWidth } from "./_width.ts";

/** The widest line of several rules. */
const CELLS = 98;

/**
 * @param plan The rules.
 * @param style Colours.
 * @returns A section for each list that has rules.
 */
export function ruleSections(
  plan: Pick<Plan, "deny" | "ask" | "allow">,
  style: Style,
): readonly (readonly string[])[] {
  const { deny, ask, allow } = plan;
  return [
    deny.length === 0
      ? []
      : [style.bold("Denied, whatever the routes grant"), ...denyLines(deny, style)],
    ask.length === 0
      ? []
      : [style.bold("Asked about each time"), ...ask.map((rule) => `  ${printable(rule)}`)],
    allow === undefined ? [] : [
      style.bold("Allowed, and nothing else"),
      ...(allow.length === 0 ? ["  nothing"] : allow.map((rule) => `  ${printable(rule)}`)),
    ],
  ];
}

/** The rules of a preset stand together under its name. */
function denyLines(deny: readonly string[], style: Style): readonly string[] {
  const told = new Set<string>();
  const lines: string[] = [];
  for (const name of PRESET_NAMES) {
    const rules = presetRules(name).map(({ rule }) => rule);
    if (!rules.every((rule) => deny.includes(rule))) continue;
    lines.push(`  ${style.dim("preset")} ${name}`);
    for (const rule of rules) {
      const last = lines.at(-1) ?? "";
      const fits = last.startsWith("    ") && textWidth(`${last}, ${rule}`) <= CELLS;
      if (fits) lines[lines.length - 1] = `${last}, ${rule}`;
      else lines.push(`    ${rule}`);
      told.add(rule);
    }
  }
  return [
    ...lines,
    ...deny.filter((rule) => !told.has(rule)).map((rule) => `  ${printable(rule)}`),
  ];
}
