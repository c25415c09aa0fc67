/**
 * The shell of a workflow, and what its commands may use up.
 *
 * @module
 */

import { SHELL_LIMITS, type ShellLimits } from "../backends/shells/shell.ts";
import { chooseBox, type ShellTree, withBoxLimits } from "./_compile_shell_box.ts";
import type { PlanShell } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { WorkflowFile } from "./schema.ts";
import { placedSteps } from "./_step_parts.ts";
import type { Parts } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

/** Limits of commands, unless a file says otherwise. */
const DEFAULTS: ShellLimits = {
  cpuSeconds: SHELL_LIMITS.cpuSeconds,
  memoryBytes: SHELL_LIMITS.memoryBytes,
  processes: SHELL_LIMITS.processes,
  fileBytes: SHELL_LIMITS.fileBytes,
  outputBytes: SHELL_LIMITS.outputBytes,
};

/** A unit, and how many of the smallest it is; the last one is the largest. */
type Units = readonly (readonly [name: string, size: number])[];

const TIMES: Units = [["s", 1], ["m", 60], ["h", 3600]];
const SIZES: Units = [["kb", 1024], ["mb", 1024 ** 2], ["gb", 1024 ** 3]];

/** A limit that is written with a unit. */
interface Measure {
  readonly key: "cpu" | "memory" | "file_size" | "output";
  readonly limit: keyof ShellLimits;
  readonly units: Units;
  /** The least and the most, as they are written. */
  readonly range: readonly [least: string, most: string];
  readonly example: string;
}

const MEASURES: readonly Measure[] = [
  { key: "cpu", limit: "cpuSeconds", units: TIMES, range: ["1s", "1h"], example: "30s" },
  { key: "memory", limit: "memoryBytes", units: SIZES, range: ["16mb", "64gb"], example: "512mb" },
  { key: "file_size", limit: "fileBytes", units: SIZES, range: ["1kb", "64gb"], example: "64mb" },
  { key: "output", limit: "outputBytes", units: SIZES, range: ["1kb", "16mb"], example: "256kb" },
];

/** Memory of a container. */
const CONTAINER_MEMORY: Omit<Measure, "key" | "limit"> = {
  units: SIZES,
  range: ["16mb", "4096gb"],
  example: "2gb",
};

/** The keys of limits that only an operating system can keep. */
export const REAL_LIMITS: readonly string[] = ["cpu", "processes"];

/**
 * @param parts The file, without its faults.
 * @param tree Its backends and routes; a workflow that is used has no container among them.
 * @param reporter Told of what is wrong.
 * @returns The shell, if the file grants one or a step runs a command.
 */
export function compileShell(
  parts: Parts<WorkflowFile>,
  tree: ShellTree | undefined,
  reporter: Reporter,
): PlanShell | undefined {
  const limits = compileLimits(parts.limits, reporter);
  const { yaml } = reporter;
  const tool = yaml.has(["shell"]);
  const commands = placedSteps(parts).some(({ path, part }) =>
    yaml.has([...path, "run"]) ||
    (part?.assert ?? []).some((_, index) => yaml.has([...path, "assert", index, "run"]))
  );
  if (!tool && !commands) {
    if (yaml.has(["limits"])) {
      reporter.warning("unused-limits", "There is no shell that these limits are for", ["limits"], {
        hint: "Write shell: virtual, sandbox or docker, or leave them out",
        part: "key",
      });
    }
    return undefined;
  }
  const type = parts.shell ?? "virtual";
  for (const key of type === "virtual" ? REAL_LIMITS : []) {
    if (!yaml.has(["limits", key])) continue;
    reporter.warning(
      "unused-limits",
      `Limit "${key}" is for real programs, and a virtual shell starts none`,
      ["limits", key],
      { hint: "Its commands are bounded by their time, memory, file_size and output", part: "key" },
    );
  }
  if (type !== "docker" || tree === undefined) return { type, tool, limits };
  const box = chooseBox(parts, tree, reporter);
  const settled = withBoxLimits(limits, box, tree, reporter);
  return { type, tool, limits: settled, ...(box === undefined ? {} : { box }) };
}

function compileLimits(parts: Parts<WorkflowFile>["limits"], reporter: Reporter): ShellLimits {
  const limits = { ...DEFAULTS };
  if (parts?.processes !== undefined) limits.processes = parts.processes;
  for (const measure of MEASURES) {
    const written = parts?.[measure.key];
    if (written === undefined) continue;
    const value = compileMeasure(written, measure, ["limits", measure.key], reporter);
    if (value !== undefined) limits[measure.limit] = value;
  }
  return limits;
}

/**
 * @param written The memory that a file gives a container.
 * @param path Where it is in the file.
 * @param reporter Told of what is wrong.
 * @returns Its bytes, if it is sound.
 */
export function compileMemory(
  written: string,
  path: DataPath,
  reporter: Reporter,
): number | undefined {
  return compileMeasure(written, CONTAINER_MEMORY, path, reporter);
}

function compileMeasure(
  written: string,
  { units, range, example }: Omit<Measure, "key" | "limit">,
  path: DataPath,
  reporter: Reporter,
): number | undefined {
  const names = units.map(([name]) => name);
  const key = path.at(-1);
  const value = measureOf(written, units);
  if (value === undefined) {
    const last = names.at(-1);
    const meant = correction(written, units);
    reporter.error(
      "invalid-limit",
      `Expected a whole number and ${names.slice(0, -1).join(", ")} or ${last} for ` +
        `"${key}", found ${JSON.stringify(written)}`,
      path,
      { hint: meant === undefined ? `Write it like ${example}` : `Did you mean ${meant}?` },
    );
    return undefined;
  }
  const [least, most] = range;
  const isSmall = value < (measureOf(least, units) ?? 0);
  if (!isSmall && value <= (measureOf(most, units) ?? Infinity)) return value;
  reporter.error(
    "invalid-limit",
    `"${key}" must be at ${isSmall ? `least ${least}` : `most ${most}`}, found ${written}`,
    path,
  );
  return undefined;
}

function measureOf(written: string, units: Units): number | undefined {
  const [, digits = "", name] = /^(\d{1,15})([a-z]+)$/.exec(written) ?? [];
  const size = units.find(([unit]) => unit === name)?.[1];
  return size === undefined ? undefined : Number(digits) * size;
}

/** What was probably meant by a measure that other programs would take: `512M`, `1.5gb`, `2 min`. */
function correction(written: string, units: Units): string | undefined {
  const [, digits = "", rest = ""] =
    /^\s*(\d{1,9}(?:\.\d{1,3})?)\s*([A-Za-z]+)\s*$/.exec(written) ??
      [];
  const first = rest.toLowerCase().charAt(0);
  const at = units.findIndex(([unit]) => unit.charAt(0) === first);
  const unit = units[at];
  if (unit === undefined) return undefined;
  if (Number.isInteger(Number(digits))) return `${Number(digits)}${unit[0]}`;
  const smaller = units[at - 1];
  if (smaller === undefined) return undefined;
  const value = Number(digits) * unit[1] / smaller[1];
  return Number.isInteger(value) ? `${value}${smaller[0]}` : undefined;
}

/**
 * @param limit A limit.
 * @param value Its value.
 * @returns It as it is written in a file: `512mb`.
 */
export function limitText(limit: keyof ShellLimits, value: number): string {
  const units = MEASURES.find((measure) => measure.limit === limit)?.units;
  if (units === undefined) return `${value}`;
  const unit = units.findLast(([, size]) => value % size === 0);
  return unit === undefined ? `${value}` : `${value / unit[1]}${unit[0]}`;
}
