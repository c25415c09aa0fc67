/**
 * What one plan lets a run do that another one does not. What is the same or less is fine.
 *
 * @module
 */

import { widerBoxes } from "./_wider_boxes.ts";
import { widerRoots, widerRoutes } from "./_wider_files.ts";
import { widerRules } from "./_wider_rules.ts";
import { widerUse } from "./_wider_use.ts";
import { limitText } from "./_compile_shell.ts";
import type { ErrorCode } from "./diagnostic_codes.ts";
import type { PlanReview, ReviewCommand } from "./plan_review.ts";
import type { DataPath } from "./_yaml_file.ts";

/** Something that a run may do now and could not before. */
export interface Widening {
  /** What kind of thing, in kebab case: `wider-route`. */
  readonly code: ErrorCode;
  /** One sentence: a capital, no full stop. */
  readonly message: string;
  /** What the stored plan says of it. */
  readonly hint?: string;
  /** The part of the file that causes it. */
  readonly at: DataPath;
  /** What to point at: the value, or its key. */
  readonly part?: "value" | "key";
}

/**
 * Compares two plans.
 *
 * @param stored What was agreed to.
 * @param now What is to be run.
 * @returns All that is wider now; empty if nothing is.
 */
export function widenings(stored: PlanReview, now: PlanReview): readonly Widening[] {
  const routes = widerRoutes(stored, now);
  return [
    ...routes.map(({ widening }) => widening),
    ...widerRoots(stored, now, routes.map(({ directory }) => directory)),
    ...widerRules(stored, now),
    ...widerShell(stored, now),
    ...widerBoxes(stored, now),
    ...widerTools(stored, now),
    ...widerConfinement(stored, now),
    ...widerCommands(stored, now),
    ...added(stored.net, now.net).map((host): Widening => ({
      code: "wider-network",
      message: `The agent may now reach "${host}"`,
      hint: storedList("reaches", stored.net),
      at: ["base_url"],
    })),
    ...added(stored.permissions, now.permissions).map((grant): Widening => ({
      code: "wider-permissions",
      message: `A process is now granted "${grant}"`,
      at: [],
    })),
    ...widerUse(stored, now),
  ];
}

function widerShell(stored: PlanReview, now: PlanReview): readonly Widening[] {
  if (now.shell === null) return [];
  const { type, tool, limits } = now.shell;
  const at = ["shell"];
  if (stored.shell === null) {
    // A shell that is there for commands alone is told with each of them.
    if (!tool && type === "virtual") return [];
    const message = `The model may now run commands in a ${type} shell`;
    return [{ code: "wider-shell", message, hint: "The stored plan has no shell", at }];
  }
  const wider: Widening[] = [];
  if (type !== stored.shell.type && type !== "virtual") {
    const message = `Commands now run in a ${type} shell`;
    const hint = `In the stored plan they run in a ${stored.shell.type} one`;
    wider.push({ code: "wider-shell", message, hint, at });
  }
  if (tool && !stored.shell.tool) {
    const hint = "In the stored plan the shell is for the steps that run a command";
    wider.push({ code: "wider-shell", message: "The model may now run commands", hint, at });
  }
  for (const [key, limit] of LIMITS) {
    const before = stored.shell.limits[limit];
    // Those of a container are told with it.
    if (limits[limit] <= before || (type === "docker" && BOX_LIMITS.includes(key))) continue;
    wider.push({
      code: "wider-limits",
      message: `"${key}" of a command is now ${limitText(limit, limits[limit])}`,
      hint: `In the stored plan it is ${limitText(limit, before)}`,
      at: ["limits", key],
    });
  }
  return wider;
}

/** The limits that commands in a container have from it. */
const BOX_LIMITS: readonly string[] = ["memory", "processes"];

/** The limits by the keys of the file. */
const LIMITS = [
  ["cpu", "cpuSeconds"],
  ["memory", "memoryBytes"],
  ["processes", "processes"],
  ["file_size", "fileBytes"],
  ["output", "outputBytes"],
] as const;

function widerTools(stored: PlanReview, now: PlanReview): readonly Widening[] {
  return added(stored.tools, now.tools)
    // That there is a shell now was told as such.
    .filter((verb) => verb !== "execute" || stored.shell?.tool === true)
    .map((verb) => ({
      code: "wider-tools",
      message: `The model is now offered tools that ${verb}`,
      hint: "In the stored plan rules leave no use for them",
      at: ["tools"],
    }));
}

function widerConfinement(stored: PlanReview, now: PlanReview): readonly Widening[] {
  if (now.confinement === null) return [];
  const code = "wider-confinement";
  if (stored.confinement === "bubblewrap" && now.confinement === "flags") {
    const message = "Local files are now served outside of bubblewrap";
    const hint = "Make it an error: permissions: { require: sandbox }";
    return [{ code, message, hint, at: ["backends"], part: "key" }];
  }
  if (!stored.required || now.required) return [];
  const message = "Local files may now be served outside of bubblewrap, where there is none";
  const hint = "In the stored plan there is no run without it";
  return [{ code, message, hint, at: ["permissions"], part: "key" }];
}

function widerCommands(stored: PlanReview, now: PlanReview): readonly Widening[] {
  const known = new Set(stored.commands.map(contentOf));
  return now.commands.filter((command) => !known.has(contentOf(command))).map((command) => {
    const { step, check } = command;
    const before = stored.commands.find((each) => each.step === step && each.check === check);
    const who = check === true ? `A check of step "${step}"` : `Step "${step}"`;
    return {
      code: "wider-command",
      message: before === undefined
        ? `${who} runs a command that the stored plan has not`
        : `${who} runs its command otherwise than in the stored plan`,
      ...(before === undefined ? {} : { hint: `There it is ${differenceOf(before, command)}` }),
      at: ["steps", step, check === true ? "assert" : "run"],
    };
  });
}

function contentOf({ command, cwd, env }: ReviewCommand): string {
  return JSON.stringify([command, cwd, Object.entries(env)]);
}

function differenceOf(before: ReviewCommand, now: ReviewCommand): string {
  const { command, cwd, env } = before;
  const text = JSON.stringify(command);
  if (text !== JSON.stringify(now.command)) return text;
  return cwd === now.cwd ? `with env ${JSON.stringify(env)}` : `in "${cwd}"`;
}

/** What is in the second list and not in the first. */
function added(stored: readonly string[], now: readonly string[]): readonly string[] {
  return now.filter((value) => !stored.includes(value));
}

function storedList(verb: string, values: readonly string[]): string {
  return `In the stored plan it ${verb} ${values.length === 0 ? "none" : values.join(", ")}`;
}
