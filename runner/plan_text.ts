/**
 * A plan for people: what a run may touch, before it touches anything.
 *
 * @module
 */

import { join, relative } from "@std/path";
import { templateText } from "./expressions.ts";
import { EVERYTHING } from "./permissions.ts";
import type { Permissions, Plan, PlanProcess, PlanRoute, PlanStep } from "./plan.ts";
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
    plan.deny.length === 0 ? [] : [
      style.bold("Denied, whatever the routes grant"),
      ...plan.deny.map((rule) => `  ${printable(rule)}`),
    ],
    [
      style.bold("Steps"),
      ...tableLines(plan.steps.map(stepRow), {
        header: ["ID", "NEEDS", "PRODUCES", "CHECKS", "ATTEMPTS"],
        paint,
      }),
    ],
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
        : "none: every step is a command",
    ],
    ...(inputs.length === 0 ? [] : [["inputs", inputs.join(" ")]]),
    ["budget", `${plan.turns} ${plan.turns === 1 ? "turn" : "turns"} of the model`],
  ];
}

function routeRow(route: PlanRoute, plan: Plan, cwd: string): readonly string[] {
  const backend = plan.backends.find(({ name }) => name === route.backend);
  const place = backend?.type === "local"
    ? near(
      plan.roots.find(({ backend, path }) => backend === route.backend && path === route.path)
        ?.directory ?? join(backend.root, route.path),
      cwd,
    )
    : `in memory${route.path === "/" ? "" : `, at ${route.path}`}; not saved`;
  return [route.prefix, route.backend, place, route.access];
}

/** A path as seen from the working directory, if it is inside. */
function near(path: string, cwd: string): string {
  const seen = relative(cwd, path);
  if (seen === "") return "./";
  return seen === ".." || seen.startsWith("../") ? path : seen;
}

function stepRow(step: PlanStep): readonly string[] {
  const { id, needs, produces, assertions, attempts, feedback } = step;
  return [
    id,
    orDash(needs.join(" ")),
    orDash(produces.map(({ path }) => templateText(path)).join(" ")),
    orDash(assertions.length === 0 ? "" : `${assertions.length}`),
    attempts === 1 ? "1" : `${attempts}, ${feedback ? "with" : "without"} feedback`,
  ];
}

function orDash(text: string): string {
  return text === "" ? "-" : text;
}

function processLines(process: PlanProcess, style: Style): readonly string[] {
  return [
    style.bold(`Process ${process.name}`),
    ...tableLines(permissionRows(process.permissions), { paint: style.dim }),
    `  ${style.dim("$")} ${process.command.map(shellWord).join(" ")}`,
  ];
}

function permissionRows(permissions: Permissions): readonly (readonly string[])[] {
  const kinds: readonly (readonly [string, readonly string[]])[] = [
    ["may read", permissions.read],
    ["may write", permissions.write],
    ["never write", permissions.denyWrite],
    ["may reach", permissions.net],
    ["may see", permissions.env.length === 0 ? [] : [`$${permissions.env.join(" $")}`]],
    ["may run", permissions.run],
  ];
  const rows = kinds.flatMap(([label, values]) =>
    values.map((value, index) => [index === 0 ? label : "", valueText(label, value)])
  );
  return rows.length === 0 ? [["no file, no network, no environment, no program"]] : rows;
}

function valueText(label: string, value: string): string {
  if (value !== EVERYTHING) return value;
  return label === "may run" ? "any program" : "any file";
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${printable(word).replaceAll("'", "'\\''")}'`;
}
