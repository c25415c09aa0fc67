/**
 * What is left to say when a run is over: its outputs, the files it wrote, how it ended.
 *
 * @module
 */

import { join, relative } from "@std/path";
import type { RunEvent, WrittenFile } from "./events.ts";
import type { Plan, PlanBackend } from "./plan.ts";
import type { StepTable } from "./_step_table.ts";
import { type Style, styleFor } from "./_style.ts";
import { tableLines } from "./_table.ts";
import { takenText } from "./_taken.ts";
import { printable } from "./terminal.ts";
import { textWidth } from "./_width.ts";
import { pathInBackend, routeOf, volumeOf } from "./written.ts";

/** The last event of a run. */
export type RunFinished = Extract<RunEvent, { type: "run.finished" }>;

/** Options of {@linkcode reportText}. */
export interface ReportOptions {
  /** Whether to use colours. */
  readonly color: boolean;
  /** The working directory; host paths inside it are shown relative to it. */
  readonly cwd: string;
  /**
   * What became of the steps, where that is worth a table.
   *
   * @default {no table}
   */
  readonly steps?: StepTable | undefined;
}

/**
 * The closing report, for people.
 *
 * @param plan What was run.
 * @param finished Its last event.
 * @param options Colours and the working directory.
 * @returns Lines, the last one with a line feed.
 */
export function reportText(plan: Plan, finished: RunFinished, options: ReportOptions): string {
  const paint = styleFor(options.color);
  const parts: string[][] = [
    ...Object.entries(finished.outputs).map(([name, value]) => [
      paint.bold(name),
      ...printable(value.trim()).split("\n").map((line) => `  ${line}`),
    ]),
    stepLines(options.steps, paint),
    fileLines(plan, finished, options.cwd, paint),
    closingLines(plan, finished, paint),
  ];
  return parts.filter((lines) => lines.length > 0).map((lines) => `${lines.join("\n")}\n`)
    .join("\n");
}

function stepLines(steps: StepTable | undefined, paint: Style): string[] {
  if (steps === undefined || steps.isPlain) return [];
  const rows = steps.rows.map(({ id, status, detail }) => [id, status, detail]);
  return [paint.bold("Steps"), ...tableLines(rows, { paint: paint.dim })];
}

function fileLines(
  plan: Plan,
  { files, unseen = [], outcome }: RunFinished,
  cwd: string,
  paint: Style,
): string[] {
  if (files.length + unseen.length === 0) return [paint.bold("No files written")];
  const lines = [paint.bold("Files written")];
  for (const backend of plan.backends) {
    const own = files.filter((file) => file.backend === backend.name);
    const kept = Map.groupBy(own, ({ path }) => {
      const volume = volumeOf(plan, path);
      return volume === undefined
        ? keeping(backend, outcome)
        : `(in volume '${printable(volume)}', which stays)`;
    });
    for (const [keeping, group] of kept) {
      lines.push(`  ${paint.cyan(backend.name)} ${paint.dim(keeping)}`);
      const widest = Math.max(...group.map(({ path }) => textWidth(printable(path))));
      for (const file of group) {
        const path = printable(file.path);
        const gap = " ".repeat(widest - textWidth(path) + 1);
        const size = byteText(file.size).padStart(8);
        const place = backend.type === "local" ? `  ${hostPlace(plan, backend, file, cwd)}` : "";
        lines.push(`    ${path}${gap}${size}${paint.dim(place)}`);
      }
    }
  }
  if (unseen.length > 0) lines.push(`  ${paint.yellow("not looked at: the run ended first")}`);
  return [...lines, ...unseen.map((path) => `    ${printable(path)}`)];
}

function keeping(backend: PlanBackend, outcome: RunFinished["outcome"]): string {
  if (backend.type === "local") return "(saved to disk)";
  if (backend.type === "docker") return containerText(backend.box.name, outcome);
  return outcome === "waiting"
    ? "(in memory, kept with the run until it goes on)"
    : "(in memory, not saved: gone now that the run is over)";
}

function containerText(keptAs: string | undefined, outcome: RunFinished["outcome"]): string {
  if (keptAs !== undefined) return `(in a container, kept as '${printable(keptAs)}')`;
  return outcome === "waiting"
    ? "(in a container, kept with the run until it goes on)"
    : "(in a container, removed: gone now that the run is over)";
}

function hostPlace(
  plan: Plan,
  backend: Extract<PlanBackend, { type: "local" }>,
  file: WrittenFile,
  cwd: string,
): string {
  const route = routeOf(plan.routes, file.path);
  if (route === undefined) return "";
  const place = join(backend.root, pathInBackend(route, file.path));
  const near = relative(cwd, place);
  return printable(near.startsWith("..") ? place : near);
}

function closingLines(plan: Plan, finished: RunFinished, paint: Style): string[] {
  const took = takenText(finished);
  const steps = `${plan.steps.length} ${plan.steps.length === 1 ? "step" : "steps"}`;
  const lines = finished.outcome === "success"
    ? [paint.green(`Done: ${steps}, ${took}`)]
    : finished.outcome === "waiting"
    ? [
      `${paint.yellow("Not done yet (waiting)")}: ${printable(finished.error ?? "")}`,
      `${took}, exit code ${finished.exitCode}`,
      ...waysOn(plan, finished),
    ]
    : [
      `${paint.red(`Not done (${finished.outcome})`)}: ${printable(finished.error ?? "")}`,
      `${took}, exit code ${finished.exitCode}`,
    ];
  if (!finished.rehearsed) return lines;
  return [
    ...lines,
    paint.yellow(
      "Rehearsed: no model was called (a live run needs OPENAI_API_KEY, and --rehearse left out)",
    ),
  ];
}

/** How a run that waits is gone on with. */
function waysOn({ file }: Plan, { run }: RunFinished): string[] {
  const command = `deno task run ${shellWord(file)} --resume ${run}`;
  return [
    `Go on at a terminal:     ${command}`,
    `Go on and approve it:    ${command} --approve`,
    `Go on and refuse it:     ${command} --refuse "the reason"`,
  ];
}

function shellWord(word: string): string {
  const text = printable(word);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function byteText(size: number): string {
  if (size < 1024) return `${size} B`;
  if (size < 1024 * 1024) return `${(size / 1024).toFixed(1)} KiB`;
  return `${(size / 1024 / 1024).toFixed(1)} MiB`;
}
