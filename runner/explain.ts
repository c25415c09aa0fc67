/**
 * Why a run may do what it may do: each permission with the line of the file that caused it.
 *
 * @module
 */

import type { Permissions, Place, Plan, PlanGrant, PlanProcess } from "./plan.ts";
import { nearPath } from "./plan_text.ts";
import { EVERYTHING } from "./permissions.ts";
import { type Style, styleFor } from "./_style.ts";
import { printable, textWidth } from "./_width.ts";

/** The widest line that is printed, where words allow it. */
const CELLS = 100;

/** Options of {@linkcode explainText}. */
export interface ExplainOptions {
  /** Whether to colour for a terminal. */
  readonly color: boolean;
  /** The working directory; places inside it are shown relative to it. */
  readonly cwd: string;
  /** The text of each file by the name that places use. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Something that is granted, and why. */
interface Explained {
  readonly what: string;
  readonly reason: string;
  readonly place?: Place | undefined;
}

const VERBS: Readonly<Record<keyof Permissions, string>> = {
  read: "may read",
  write: "may write",
  denyWrite: "never writes",
  net: "may reach",
  env: "may see",
  run: "may run",
  sys: "may ask for",
};

/**
 * Prints why each process is granted what it is granted, and what stands where in the namespace of
 * the host.
 *
 * @param plan What was compiled.
 * @param options Colours, the working directory and the text of the file.
 * @returns Lines, the last one with a line feed.
 */
export function explainText(plan: Plan, options: ExplainOptions): string {
  const style = styleFor(options.color);
  const sections = plan.processes.map((process) => {
    const grants = plan.grants.filter((grant) => grant.process === process.name);
    const lines = grants.flatMap((grant) =>
      explainedLines(grantOf(grant, options), style, options)
    );
    return [
      style.bold(`Process ${process.name}`),
      ...(lines.length === 0 ? ["  may do nothing: no file, no network, no program"] : lines),
    ];
  });
  const host = plan.processes.find(({ name }) => name === "host");
  if (host !== undefined && plan.confinement?.type === "bubblewrap") {
    const { mounts, system } = mountsOf(plan, host, options);
    sections.push([
      style.bold("What the host sees, inside bubblewrap"),
      ...mounts.flatMap((mount) => explainedLines(mount, style, options)),
      ...wrapped(system),
      `    ${
        style.dim("always")
      }  The system's programs, Deno and its cache, and this program's code; read-only`,
    ]);
  }
  return sections.map((lines) => `${lines.join("\n")}\n`).join("\n");
}

function grantOf(grant: PlanGrant, { cwd }: ExplainOptions): Explained {
  const { kind, value, reason, place } = grant;
  const isPath = kind === "read" || kind === "write" || kind === "denyWrite";
  const what = value === EVERYTHING
    ? kind === "run" ? "any program" : kind === "env" ? "any variable" : "any file"
    : kind === "env"
    ? `$${value}`
    : isPath
    ? nearPath(value, cwd)
    : value;
  return { what: `${VERBS[kind]} ${what}`, reason, place };
}

function explainedLines(
  { what, reason, place }: Explained,
  style: Style,
  { sources }: ExplainOptions,
): readonly string[] {
  const head = `  ${printable(what)}`;
  if (place === undefined) return [head, `    ${style.dim("always")}  ${printable(reason)}`];
  const address = `${place.file}:${place.line}:${place.column}`;
  const line = sources.get(place.file)?.split("\n")[place.line - 1] ?? "";
  return [
    head,
    `    ${style.cyan(printable(address))}  ${shownLine(line)}`,
    `    ${printable(reason)}`,
  ];
}

/** Paths in lines that are no wider than a screen. */
function wrapped(paths: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (const path of paths.map(printable)) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth(`${last} ${path}`) <= CELLS) {
      lines[lines.length - 1] = `${last} ${path}`;
    } else lines.push(`  ${path}`);
  }
  return lines;
}

/** A line as it is shown, cut where it is longer than a screen. */
function shownLine(line: string): string {
  const text = printable(line.trim());
  return textWidth(text) <= CELLS ? text : `${[...text].slice(0, CELLS - 1).join("")}…`;
}

/** How bubblewrap is told to mount something. */
const BIND = /^--(ro-)?bind(?:-try)?$/;

/** The mounts of the host's own command: those that the file caused, and those that every run has. */
function mountsOf(
  plan: Plan,
  host: PlanProcess,
  { cwd }: ExplainOptions,
): { readonly mounts: readonly Explained[]; readonly system: readonly string[] } {
  const mounts: Explained[] = [];
  const system: string[] = [];
  for (const [index, flag] of host.command.entries()) {
    const found = BIND.exec(flag);
    const [source, target] = host.command.slice(index + 1, index + 3);
    if (found === null || source === undefined || target === undefined) continue;
    const access = found[1] === undefined ? "read-write" : "read-only";
    const cause = causeOf(source, plan);
    if (cause === undefined) system.push(target.replace(/^(\/run\/routebook\/cache)\/.*/, "$1"));
    else mounts.push({ what: `${target} is ${nearPath(source, cwd)}, ${access}`, ...cause });
  }
  return { mounts, system: [...new Set(system)].toSorted() };
}

function causeOf(source: string, plan: Plan): Omit<Explained, "what"> | undefined {
  const placeOf = (directory: string) =>
    plan.grants.find(({ process, kind, value }) =>
      process === "host" && kind === "read" && value === directory
    )?.place;
  const served = plan.roots.find(({ directory }) => directory === source);
  if (served !== undefined) {
    const { backend, path } = served;
    const prefixes = plan.routes.filter((route) => route.backend === backend && route.path === path)
      .map(({ prefix }) => `"${prefix}"`);
    const reason = `It is where route ${prefixes.join(" and ")} keeps files of "${backend}"`;
    return { reason, place: placeOf(source) };
  }
  for (const root of plan.roots) {
    const place = placeOf(root.directory);
    if (root.protected.includes(source)) {
      return { reason: "It is inside a writable directory, and no run may change it", place };
    }
    if (
      root.protected.some((path) => path.startsWith(`${source}/`)) &&
      source.startsWith(`${root.directory}/`)
    ) {
      return { reason: "It keeps its name, for what is protected in it", place };
    }
  }
  return undefined;
}
