/**
 * Rules that would be for files of the container that commands run in: nothing holds them to those.
 *
 * @module
 */

import { parseRule } from "../backends/policy.ts";
import type { CompiledRoute } from "./_compile_routes.ts";
import { literalBase } from "./_compile_rule_checks.ts";
import type { CompiledRules } from "./_compile_rules.ts";
import type { Reporter } from "./_reporter.ts";
import type { DataPath } from "./_yaml_file.ts";

/** What {@linkcode checkBoxRules} needs to know. */
export interface BoxRuleOptions {
  /** The backend that commands run in. */
  readonly box: string;
  readonly routes: readonly CompiledRoute[];
  readonly rules: CompiledRules;
}

const HINT = "Keep what the rule is for in memory or in a local backend, with a route of its own";

/**
 * @param options The container, the tree and the rules of the workflow.
 * @param reporter Told of rules that may be for files of the container.
 */
export function checkBoxRules({ box, routes, rules }: BoxRuleOptions, reporter: Reporter): void {
  const own = routes.filter(({ backend }) => backend === box);
  if (!rules.complete || own.length === 0) return;
  const touches = (text: string): boolean => {
    const rule = parseRule(text);
    if (rule.verb === "execute") return false;
    const base = `${literalBase(rule.pattern)}/`.replace(/^\/+/, "/");
    const route = routes.find(({ prefix }) => base.startsWith(prefix));
    return route?.backend === box || own.some(({ prefix }) => prefix.startsWith(base));
  };
  const tell = (what: string, at: DataPath, hint = HINT) =>
    reporter.error(
      "docker-rule",
      `${what} cannot be held against commands in "${box}", the container that they run in`,
      at,
      { hint },
    );
  for (const { list, rule, at } of rules.written) {
    if (list !== "allow" && touches(rule.text)) tell(`Rule "${rule.text}"`, at);
  }
  const preset = [...rules.presets].find(([text]) => touches(text));
  if (preset !== undefined) tell(`"${preset[0]}" of preset "${preset[1]}"`, ["tools", "preset"]);
  const { allow } = rules.plan;
  if (allow === undefined) return;
  const bases = allow.flatMap((text) => {
    const rule = parseRule(text);
    if (rule.verb !== "write") return [];
    const base = `${literalBase(rule.pattern)}/`.replace(/^\/+/, "/");
    return rule.pattern === `${base}**` ? [base] : [];
  });
  const closed = own.find(({ prefix }) => !bases.some((base) => prefix.startsWith(base)));
  if (closed === undefined) return;
  const all = closed.prefix === "/" ? "**" : `${closed.prefix}**`;
  tell('A list of "allow"', ["tools", "allow"], `Allow all of its files, "write ${all}", or deny`);
}
