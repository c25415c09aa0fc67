/**
 * What a reviewer decides about the containers of a run. What is mounted in them is told by the routes,
 * and who runs commands goes by the machine.
 *
 * @module
 */

import { BOX_DEFAULTS } from "./_box_defaults.ts";
import type { Plan, PlanBox } from "./plan.ts";

/** A container. */
export interface ReviewBox {
  readonly backend: string;
  /** All that decides about its image, in a line. */
  readonly made: string;
  readonly network: "none" | "bridge";
  readonly env: Readonly<Record<string, string>>;
  /** Volumes by their prefixes. */
  readonly volumes: Readonly<Record<string, string>>;
  /** Whether commands may change `workdir`, `/tmp` and what is mounted alone; plans of old do not say. */
  readonly readOnly?: boolean | undefined;
  /** The name that it is kept under; `null` where it is removed. */
  readonly name: string | null;
  readonly memoryBytes: number;
  /** `null` where it may keep all processors busy. */
  readonly cpus: number | null;
  readonly processes: number;
  /** How long it may live; `null` where that is not limited. */
  readonly hardMilliseconds: number | null;
}

/**
 * @param plan A plan.
 * @returns Its containers.
 */
export function reviewBoxes(plan: Pick<Plan, "backends">): readonly ReviewBox[] {
  return plan.backends.flatMap((backend): readonly ReviewBox[] => {
    if (backend.type !== "docker") return [];
    const { name, box } = backend;
    return [{
      backend: name,
      made: madeOf(box),
      network: box.network ?? "none",
      env: sorted(box.env ?? {}),
      volumes: sorted(box.volumes ?? {}),
      readOnly: box.readOnly ?? false,
      name: box.name ?? null,
      memoryBytes: box.memoryBytes ?? BOX_DEFAULTS.memoryBytes,
      cpus: box.cpus ?? null,
      processes: box.processes ?? BOX_DEFAULTS.processes,
      hardMilliseconds: box.hardMilliseconds ?? null,
    }];
  }).toSorted((a, b) => a.backend < b.backend ? -1 : 1);
}

/** The image, or all that it is built from. */
function madeOf({ image, runtime, packages, setup, sources, platform }: PlanBox): string {
  const parts = {
    image,
    base: sources?.base ?? runtime?.base,
    registry: sources?.registry,
    network: sources?.network,
    manager: runtime?.manager,
    packages: list(runtime?.packages, packages),
    setup: list(runtime?.setup, setup),
    env: runtime?.env && sorted(runtime.env),
    platform,
  };
  return Object.entries(parts).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [`${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`]
  ).join(", ");
}

function list(...lists: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  const all = lists.flatMap((each) => each ?? []);
  return all.length === 0 ? undefined : all;
}

function sorted(values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).toSorted(([a], [b]) => a < b ? -1 : 1));
}
