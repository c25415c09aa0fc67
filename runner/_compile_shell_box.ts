/**
 * The container that a docker shell runs its commands in.
 *
 * @module
 */

import type { ShellLimits } from "../backends/shells/shell.ts";
import type { CompiledBackends } from "./_compile_backends.ts";
import type { PlanRoute } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { WorkflowFile } from "./schema.ts";
import type { Parts } from "./_validate.ts";

/** The backends and the routes of a file. */
export interface ShellTree {
  readonly backends: CompiledBackends;
  readonly routes: readonly PlanRoute[];
}

/**
 * @param parts The file, without its faults.
 * @param tree Its backends and routes.
 * @param reporter Told where there is no container, or none that is clear.
 * @returns The backend's name.
 */
export function chooseBox(
  parts: Parts<WorkflowFile>,
  { routes }: ShellTree,
  reporter: Reporter,
): string | undefined {
  const names = Object.entries(parts.backends ?? {})
    .flatMap(([name, part]) => part?.type === "docker" ? [name] : []);
  const [only, another] = names;
  if (only === undefined) {
    reporter.error("no-box", 'There is no container for shell "docker"', ["shell"], {
      hint: "Write backends: { box: { type: docker, runtime: python-minimal } }, and default: box",
    });
    return undefined;
  }
  if (another === undefined) return only;
  const fallback = routes.find(({ prefix }) => prefix === "/")?.backend;
  if (fallback !== undefined && names.includes(fallback)) return fallback;
  const known = names.map((name) => JSON.stringify(name)).join(" and ");
  reporter.error("no-box", `Shell "docker" could be in ${known}`, ["shell"], {
    hint: `Make one of them the default: default: ${only}`,
  });
  return undefined;
}

const LIMITS = [["memory", "memoryBytes"], ["processes", "processes"]] as const;

/**
 * Memory and processes are those of the container, which are written once.
 *
 * @param limits The limits of the file.
 * @param name The backend that commands run in.
 * @param tree The backends.
 * @param reporter Told where the file says two different things.
 * @returns The limits that hold.
 */
export function withBoxLimits(
  limits: ShellLimits,
  name: string | undefined,
  { backends }: ShellTree,
  reporter: Reporter,
): ShellLimits {
  const backend = name === undefined ? undefined : backends.sound.get(name);
  if (backend?.type !== "docker") return limits;
  const settled = { ...limits };
  for (const [key, limit] of LIMITS) {
    const own = backend.box[limit];
    if (own === undefined) continue;
    if (reporter.yaml.has(["limits", key]) && limits[limit] !== own) {
      reporter.error(
        "box-limits",
        `"${key}" is one thing here and another one at backend "${backend.name}"`,
        ["limits", key],
        {
          hint: "Commands have what the container has: write it at the backend alone",
          part: "key",
        },
      );
    }
    settled[limit] = own;
  }
  return settled;
}
