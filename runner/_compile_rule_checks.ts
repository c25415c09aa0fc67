/**
 * Rules that cannot have been meant: that nothing could ever match, that another one takes back, or
 * that forbid what the file itself does.
 *
 * @module
 */

import {
  type CommandRule,
  parseRule,
  type PathRule,
  Policy,
  type Rule,
} from "../backends/policy.ts";
import { systemDirectory } from "./_compile_command.ts";
import type { CompiledRules, WrittenRule } from "./_compile_rules.ts";
import type { PlanRoute, PlanShell, PlanStep } from "./plan.ts";
import type { WarningCode } from "./diagnostic_codes.ts";
import type { Reporter } from "./_reporter.ts";
import type { DataPath } from "./_yaml_file.ts";

/** What {@linkcode checkRules} needs to know. */
export interface RuleOptions {
  readonly shell: PlanShell | undefined;
  /** The routes, if all of them are sound. */
  readonly routes: readonly PlanRoute[] | undefined;
  /** The steps, and where in the file each is. */
  readonly steps: readonly { readonly step: PlanStep; readonly path: DataPath }[];
}

/**
 * @param rules The rules.
 * @param options What they are for.
 * @param reporter Told of what cannot have been meant.
 */
export async function checkRules(
  rules: CompiledRules,
  options: RuleOptions,
  reporter: Reporter,
): Promise<void> {
  checkWrittenRules(rules, options, reporter);
  const { deny, allow } = rules.plan;
  // Of rules that are not known, none can be said to deny anything.
  if (!rules.complete || options.shell === undefined) return;
  if (deny.length === 0 && allow === undefined) return;
  const policy = new Policy(rules.plan);
  if (options.shell.tool && !policy.couldEver("execute")) {
    reporter.warning("unused-shell", "The rules leave the model no use for its shell", ["shell"], {
      hint: 'Leave it out, or allow something, such as "execute make *"',
      part: "key",
    });
  }
  for (const { step: { run }, path } of options.steps) {
    if (run === undefined) continue;
    const { verdict, rule, command, unclear } = await policy.decideCommand(run.command, {
      // Some names change what commands mean, whatever their value.
      env: Object.fromEntries(Object.keys(run.env).map((name) => [name, ""])),
    });
    if (verdict !== "deny") continue;
    const what = command === undefined ? "this command" : `its ${JSON.stringify(command)}`;
    const message = rule === undefined
      ? `No rule of "allow" is for ${what}`
      : `Rule "${rule}" denies ${what}`;
    reporter.error("denied-command", message, [...path, "run"], {
      hint: unclear !== undefined
        ? `It cannot be told what is run: ${unclear}`
        : rule === undefined
        ? 'Add a rule such as "execute make *" to tools.allow'
        : "Rules are for the commands of steps too",
    });
  }
}

/**
 * @param rules Rules of the file, or of one of its steps.
 * @param options What they are for.
 * @param reporter Told of rules that cannot have been meant.
 */
export function checkWrittenRules(
  rules: CompiledRules,
  options: Pick<RuleOptions, "shell" | "routes">,
  reporter: Reporter,
): void {
  for (const written of rules.written) checkRule(written, rules, options, reporter);
}

function checkRule(
  { list, rule, at }: WrittenRule,
  rules: CompiledRules,
  { shell, routes = [] }: Pick<RuleOptions, "shell" | "routes">,
  reporter: Reporter,
): void {
  const quoted = JSON.stringify(rule.text);
  const warn = (code: WarningCode, message: string, hint?: string) =>
    reporter.warning(code, message, at, { hint });
  if (rule.verb === "execute") {
    if (shell === undefined) {
      return warn("unused-rule", `There is no shell that rule ${quoted} is for`);
    }
  } else if (!/^\S+ (?:\/|\*\*|\{)/.test(rule.text)) {
    const source = rule.text.slice(rule.verb.length + 1);
    warn(
      "rule-at-root",
      `Rule ${quoted} is for "${rule.pattern}" alone`,
      `Write "${rule.verb} **/${source}" for that name anywhere, or "${rule.verb} ${rule.pattern}"`,
    );
  }
  if (list === "deny") return;
  const denying = rules.written.filter((other) => other.list === "deny").map((other) => other.rule);
  const covering = denying.find((other) => covers(other, rule)) ?? coveringPreset(rule, rules);
  if (covering !== undefined) {
    const preset = rules.presets.get(covering.text);
    warn(
      "contradictory-rules",
      `Rule ${quoted} grants nothing: "${covering.text}"` +
        (preset === undefined ? " denies it" : ` of preset "${preset}" denies it`),
      "What is denied stays denied, whatever is allowed or asked about",
    );
    return;
  }
  if (rule.verb === "execute") return;
  const base = literalBase(rule.pattern);
  const system = shell && systemDirectory(base);
  if (system !== undefined) {
    warn("unused-rule", `Rule ${quoted} is for "${system}", which is the shell's own`);
    return;
  }
  const route = routes.find(({ prefix }) => `${base}/`.startsWith(prefix));
  if (rule.verb === "write" && route?.access === "read" && base !== "/") {
    warn(
      "unused-rule",
      `Rule ${quoted} grants nothing: route "${route.prefix}" has access: read`,
    );
  }
}

function coveringPreset(rule: Rule, { presets }: CompiledRules): Rule | undefined {
  return [...presets.keys()].map(parseRule).find((other) => covers(other, rule));
}

/** Whether one rule is for all that another one is for, as far as that is plain to see. */
function covers(outer: Rule, inner: Rule): boolean {
  if (outer.verb === "execute" || inner.verb === "execute") {
    return outer.verb === "execute" && inner.verb === "execute" && coversCommands(outer, inner);
  }
  // What may not be read may not be written; what may be written may still be read.
  return (outer.verb === "read" || inner.verb === "write") && coversPaths(outer, inner);
}

function coversCommands(outer: CommandRule, inner: CommandRule): boolean {
  if (inner.words.length < outer.words.length) return false;
  if (!outer.open && (inner.open || inner.words.length > outer.words.length)) return false;
  return outer.words.every((word, index) => {
    if (word === inner.words[index]) return true;
    if (/[?[\]{}\\]/.test(word)) return false;
    const pattern = word.split("*").map((part) => RegExp.escape(part)).join(".*");
    return new RegExp(`^${pattern}$`, "s").test(inner.words[index] ?? "");
  });
}

/** What stands for `**` when a pattern is tried as if it were a path: no, one or two directories. */
const DEPTHS = ["", "x", "x/y"];

function coversPaths(outer: PathRule, inner: PathRule): boolean {
  if (outer.pattern === inner.pattern) return true;
  if (/[?[\]{}\\]/.test(outer.pattern)) return false;
  const policy = new Policy({ deny: [outer.text] });
  const isDenied = (path: string) => policy.decide(inner.verb, path).verdict === "deny";
  const base = literalBase(inner.pattern);
  if (isDenied(base)) return true;
  // A set or a brace is not one text: what is denied around it was looked at.
  if (/[?[\]{}\\]/.test(inner.pattern)) return false;
  return DEPTHS.every((depth) =>
    isDenied(inner.pattern.replaceAll(/(?<=\/)\*\*(?=\/|$)/g, depth).replaceAll(/\/+/g, "/"))
  );
}

/**
 * @param pattern A pattern of paths.
 * @returns The directories before its first part that is no plain name.
 */
export function literalBase(pattern: string): string {
  const parts = pattern.slice(1).split("/");
  const first = parts.findIndex((part) => /[*?[\]{}\\]/.test(part));
  return `/${parts.slice(0, first < 0 ? parts.length : first).join("/")}`;
}
