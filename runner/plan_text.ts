/**
 * A plan for people: what a run may touch, before it touches anything.
 *
 * @module
 */

import { join, relative } from "@std/path";
import { dollarText } from "../agent/money.ts";
import { commandLines } from "./_command_text.ts";
import { limitText, REAL_LIMITS } from "./_compile_shell.ts";
import { EVERYTHING } from "./permissions.ts";
import type {
  Permissions,
  Plan,
  PlanBox,
  PlanProcess,
  PlanRoute,
  PlanShell,
  Price,
} from "./plan.ts";
import { boxSections } from "./_plan_boxes.ts";
import { ruleSections } from "./_plan_rules.ts";
import {
  artifactsSection,
  budgetText,
  commandsSection,
  runRows,
  stepSections,
  stepsOfPlan,
} from "./_plan_steps.ts";
import { runStarted } from "./_run_started.ts";
import { toolsOf } from "./plan_review.ts";
import { type Style, styleFor } from "./_style.ts";
import { tableLines } from "./_table.ts";
import { printable } from "./_width.ts";

/** Options of {@linkcode planText}. */
export interface PlanTextOptions {
  /** Whether to colour for a terminal. */
  readonly color: boolean;
  /** The working directory; places inside it are shown relative to it. */
  readonly cwd: string;
}

/**
 * Prints a plan. Commands are given in full, as a shell would take them.
 *
 * @param plan What was compiled.
 * @param options Colours and the working directory.
 * @returns Lines, the last one with a line feed.
 */
export function planText(plan: Plan, options: PlanTextOptions): string {
  const style = styleFor(options.color);
  const paint = style.dim;
  const about = plan.description === "" ? "" : `: ${printable(plan.description)}`;
  const sections: (readonly string[])[] = [
    [`${style.bold(printable(plan.name))}${about}`, ...tableLines(summaryRows(plan), { paint })],
    [
      style.bold("Routes"),
      ...tableLines(plan.routes.map((route) => routeRow(route, plan, options.cwd)), {
        header: ["PREFIX", "BACKEND", "PLACE", "ACCESS"],
        paint,
      }),
    ],
    ...boxSections(plan, (path) => nearPath(path, options.cwd), style),
    ...ruleSections(plan, style),
    ...stepSections(plan, style),
    commandsSection(plan, style),
    artifactsSection(plan, (path) => nearPath(path, options.cwd), style),
    ...plan.processes.map((process) => processLines(process, style)),
  ];
  return sections.filter((lines) => lines.length > 0).map((lines) => `${lines.join("\n")}\n`)
    .join("\n");
}

function summaryRows(plan: Plan): readonly (readonly string[])[] {
  const { model } = plan;
  const inputs = Object.entries(plan.inputs).map(([name, value]) =>
    `${name}=${JSON.stringify(value)}`
  );
  return [
    ["file", `${plan.file} (SHA-256 ${plan.fingerprint.slice(0, 12)}…)`],
    [
      "model",
      model.type === "rehearsal"
        ? `${model.name}, rehearsed: its answers come from ${model.file}`
        : model.type === "openai"
        ? `openai:${model.name} at ${model.baseUrl}`
        : noModelText(plan),
    ],
    ...(inputs.length === 0 ? [] : [["inputs", inputs.join(" ")]]),
    ...(model.type === "none" ? [] : [["budget", budgetText(plan.budget)]]),
    ...Object.entries(model.type === "none" ? {} : plan.prices ?? {}).map((price, index) => [
      index === 0 ? "prices" : "",
      priceText(...price),
    ]),
    ...shellRows(plan),
    ...confinementRows(plan),
    ...runRows(plan),
  ];
}

/** Who is asked where the workflow itself asks nobody. */
function noModelText(plan: Plan): string {
  if (stepsOfPlan(plan).every(({ uses }) => uses === undefined)) {
    return "none: every step is a command";
  }
  const { model, rehearsed } = runStarted(plan, undefined);
  if (model === "none") return "none: every step is a command, or a workflow of commands";
  return `none of its own; workflows that it uses ask ${model}${rehearsed ? ", rehearsed" : ""}`;
}

function priceText(name: string, { input, output, long }: Price): string {
  const of = (price: { readonly input: number; readonly output: number }) =>
    `${dollarText(price.input)} in, ${dollarText(price.output)} out`;
  const more = long === undefined ? "" : `; of requests above ${long.above} tokens ${of(long)}`;
  return `${name}: ${of({ input, output })} for a million tokens${more}`;
}

function shellRows(plan: Plan): readonly (readonly string[])[] {
  const { shell, model } = plan;
  if (shell === undefined) return [];
  const what = shellText(shell);
  const isUsable = model.type !== "none" && toolsOf(plan).includes("execute");
  const users = [
    ...(isUsable ? ["the model"] : []),
    ...(stepsOfPlan(plan).some(({ run }) => run !== undefined) ? ["steps that run a command"] : []),
  ];
  const who = users.length === 0 ? "rules leave no use for it" : `for ${users.join(" and for ")}`;
  const { limits } = shell;
  const texts = LIMITS.filter(([name]) => shell.type !== "virtual" || !REAL_LIMITS.includes(name))
    .map(([name, limit]) => `${name} ${limitText(limit, limits[limit])}`);
  return [["shell", `${what}; ${who}`], ["limits", texts.join(", ")]];
}

function shellText({ type, box }: PlanShell): string {
  if (type === "docker") return `docker: the programs of container ${printable(box ?? "")}`;
  if (type === "sandbox") return "sandbox: real programs, without a network";
  return "virtual: no program is started";
}

const LIMITS = [
  ["cpu", "cpuSeconds"],
  ["memory", "memoryBytes"],
  ["processes", "processes"],
  ["file_size", "fileBytes"],
  ["output", "outputBytes"],
] as const;

function confinementRows({ confinement, roots }: Plan): readonly (readonly string[])[] {
  if (confinement === undefined) return [];
  const what = roots.length === 0 ? "commands" : "local files";
  return [[
    what,
    confinement.type === "bubblewrap"
      ? "inside bubblewrap and Deno's flags"
      : `under Deno's flags and the path guard alone: ${confinement.reason}`,
  ]];
}

function routeRow(route: PlanRoute, plan: Plan, cwd: string): readonly string[] {
  return [route.prefix, route.backend, placeText(route, plan, cwd), route.access];
}

function placeText(route: PlanRoute, plan: Plan, cwd: string): string {
  const backend = plan.backends.find(({ name }) => name === route.backend);
  if (backend?.type === "local") {
    const root = plan.roots.find(({ backend, path }) =>
      backend === route.backend && path === route.path
    );
    return nearPath(root?.directory ?? join(backend.root, route.path), cwd);
  }
  const at = route.path === "/" ? "" : `, at ${route.path}`;
  if (backend?.type !== "docker") return `in memory${at}; not saved`;
  return `in the container${at}; ${keptText(backend.box, route.path)}`;
}

function keptText({ name, volumes = {} }: PlanBox, path: string): string {
  if (name !== undefined) return `kept as "${name}"`;
  const place = path === "/" ? path : `${path}/`;
  const [, volume] = Object.entries(volumes).find(([prefix]) => place.startsWith(prefix)) ?? [];
  if (volume !== undefined) return `kept in volume "${volume}"`;
  const hasVolumes = Object.keys(volumes).some((prefix) => prefix.startsWith(place));
  return hasVolumes ? "not saved, but for its volumes" : "not saved";
}

/**
 * @param path A path of the host.
 * @param cwd The working directory.
 * @returns It as seen from the working directory, if it is inside.
 */
export function nearPath(path: string, cwd: string): string {
  const seen = relative(cwd, path);
  if (seen === "") return "./";
  return seen === ".." || seen.startsWith("../") ? path : seen;
}

function processLines(process: PlanProcess, style: Style): readonly string[] {
  return [
    style.bold(`Process ${process.name}`),
    ...tableLines(permissionRows(process.permissions), { paint: style.dim }),
    ...commandLines(process.command).map((line, index) =>
      `  ${style.dim(index === 0 ? "$" : " ")} ${line}`
    ),
  ];
}

function permissionRows(permissions: Permissions): readonly (readonly string[])[] {
  const kinds: readonly (readonly [string, readonly string[]])[] = [
    ["may read", permissions.read],
    ["may write", permissions.write],
    ["never write", permissions.denyWrite],
    ["may reach", permissions.net],
    ["may see", variableTexts(permissions.env)],
    ["may run", permissions.run],
    ["may ask for", permissions.sys ?? []],
  ];
  const rows = kinds.flatMap(([label, values]) =>
    values.map((value, index) => [index === 0 ? label : "", valueText(label, value)])
  );
  return rows.length === 0 ? [["no file, no network, no environment, no program"]] : rows;
}

function variableTexts(names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  return [names.includes(EVERYTHING) ? "any variable" : `$${names.join(" $")}`];
}

function valueText(label: string, value: string): string {
  if (value !== EVERYTHING) return value;
  return label === "may run" ? "any program" : "any file";
}
