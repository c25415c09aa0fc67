/**
 * The rules of one step, which hold besides those of the workflow.
 *
 * @module
 */

import { parseRule, Policy, type Rule } from "../backends/policy.ts";
import { checkWrittenRules, literalBase } from "./_compile_rule_checks.ts";
import { type CompiledRules, compileRules } from "./_compile_rules.ts";
import type { PlanBackend, PlanRoute, PlanShell, PlanStepTools } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { StepPart } from "./_step_parts.ts";
import type { DataPath } from "./_yaml_file.ts";

/** What {@linkcode compileStepTools} needs to know. */
export interface StepToolsOptions {
  /** The rules of the workflow. */
  readonly rules: CompiledRules;
  readonly shell: PlanShell | undefined;
  /** The routes, if all of them are sound. */
  readonly routes: readonly PlanRoute[] | undefined;
  /** The backends that they lead to. */
  readonly backends: ReadonlyMap<string, PlanBackend>;
}

/**
 * @param parts The `tools` section of a step, without its faults.
 * @param path Where it is in the file.
 * @param options What the rules are for.
 * @param reporter Told of what is wrong.
 * @returns The rules, if there are any.
 */
export async function compileStepTools(
  parts: StepPart["tools"],
  path: DataPath,
  options: StepToolsOptions,
  reporter: Reporter,
): Promise<PlanStepTools | undefined> {
  if (parts === undefined) return undefined;
  const rules = await compileRules(parts, path, reporter);
  checkWrittenRules(rules, options, reporter);
  if (rules.complete && options.rules.complete) checkSandbox(rules, path, options, reporter);
  const { deny, ask, allow } = rules.plan;
  return deny.length === 0 && ask.length === 0 && allow === undefined ? undefined : rules.plan;
}

/**
 * What a sandbox or a container shows of the files is made once, for the whole run: no rule of one step can keep
 * its commands from them.
 */
function checkSandbox(
  rules: CompiledRules,
  path: DataPath,
  options: StepToolsOptions,
  reporter: Reporter,
): void {
  const { shell, rules: workflow } = options;
  if (shell === undefined || shell.type === "virtual" || !shell.tool) return;
  const isUnbound = (rule: Rule) => !isKept(rule, options);
  const written = rules.written.find(({ rule }) => isUnbound(rule));
  const preset = [...rules.presets].find(([text]) => isUnbound(parseRule(text)))?.[1];
  // A list of allow keeps all files out that it does not name.
  const isAllow = rules.plan.allow !== undefined;
  if (written === undefined && preset === undefined && !isAllow) return;
  const mayExecute = [rules, workflow].every(({ plan }) => new Policy(plan).couldEver("execute"));
  if (!mayExecute) return;
  const what = written !== undefined
    ? `Rule "${written.rule.text}"`
    : preset !== undefined
    ? `Preset "${preset}"`
    : 'A list of "allow"';
  const at = written?.at ?? [...path, preset === undefined ? "allow" : "preset"];
  reporter.error(
    "step-rules-sandbox",
    `${what} of one step cannot bind its commands: a ${
      shell.type === "docker" ? "container" : "sandbox"
    } shows all steps the same files`,
    at,
    {
      hint: 'Write it at the top, below tools, or leave the step no commands: deny: ["execute *"]',
    },
  );
}

/**
 * Whether a rule of one step holds for its commands: for files that are brought to them, but not for
 * those of directories and of the container that they run in.
 */
function isKept(rule: Rule, { shell, routes, backends }: StepToolsOptions): boolean {
  if (rule.verb === "execute") return true;
  if (shell?.type !== "docker" || routes === undefined) return false;
  const base = `${literalBase(rule.pattern)}/`.replace(/^\/+/, "/");
  const serving = routes.find(({ prefix }) => base.startsWith(prefix));
  return [serving, ...routes.filter(({ prefix }) => prefix.startsWith(base))].every((route) =>
    route !== undefined && route.backend !== shell.box &&
    backends.get(route.backend)?.type !== "local"
  );
}
