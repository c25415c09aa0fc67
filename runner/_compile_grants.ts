/**
 * Why each process is granted what it is granted: for every permission the line of the file that
 * caused it.
 *
 * @module
 */

import type { CompiledRoot } from "./_compile_roots.ts";
import { EVERYTHING } from "./permissions.ts";
import type { Permissions, PlanBackend, PlanGrant, PlanProcess, PlanRoute } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { DataPath } from "./_yaml_file.ts";

/** What {@linkcode explainGrants} needs to know. */
export interface GrantOptions {
  readonly processes: readonly PlanProcess[];
  readonly routes: readonly PlanRoute[];
  readonly roots: readonly CompiledRoot[];
  /** What says where the model is; `undefined` where it is not the file. */
  readonly modelAt: DataPath | undefined;
  readonly backends: ReadonlyMap<string, PlanBackend>;
}

/** The kinds of permissions, in the order in which they are told. */
const KINDS = ["read", "write", "denyWrite", "net", "env", "run", "sys"] as const;

/** A reason, and the part of the file behind it. */
interface Cause {
  readonly reason: string;
  readonly at?: DataPath | undefined;
}

/**
 * @param options The processes, and what they were derived from.
 * @param reporter The file.
 * @returns A reason for each permission of each process.
 */
export function explainGrants(options: GrantOptions, reporter: Reporter): readonly PlanGrant[] {
  return options.processes.flatMap(({ name, permissions }) =>
    KINDS.flatMap((kind) =>
      (permissions[kind] ?? []).map((value): PlanGrant => {
        const { reason, at } = causeOf(name, kind, value, options);
        const place = at === undefined ? {} : { place: reporter.placeOf(at) };
        return { process: name, kind, value, reason, ...place };
      })
    )
  );
}

function causeOf(
  process: PlanProcess["name"],
  kind: keyof Permissions,
  value: string,
  options: GrantOptions,
): Cause {
  if (process === "runner") return { reason: runnerReason(kind, value) };
  if (process === "agent" && kind === "net") {
    return {
      reason: options.modelAt === undefined
        ? "The model is there, says the command line or OPENAI_BASE_URL"
        : "The model is there",
      at: options.modelAt,
    };
  }
  if (process === "docker") {
    const name = [...options.backends.values()].find(({ type }) => type === "docker")?.name;
    return {
      reason: kind === "net" && !value.startsWith("unix:")
        ? "The engine is there, which has the containers"
        : "It is the engine's socket: containers are made and used through it",
      at: name === undefined ? undefined : ["backends", name],
    };
  }
  if (kind === "run") {
    return { reason: "It confines each command of the shell once more", at: ["shell"] };
  }
  if (kind === "denyWrite") return protectedCause(value, options.roots);
  const root = options.roots.find(({ directory, access }) =>
    directory === value && (kind === "read" || access === "read-write")
  );
  if (root === undefined) return { reason: "Every run has it" };
  return { reason: rootReason(root, kind, options.routes), at: root.at };
}

function rootReason(
  { backend, path }: CompiledRoot,
  kind: keyof Permissions,
  routes: readonly PlanRoute[],
): string {
  const prefixes = routes.filter((route) => route.backend === backend && route.path === path)
    .map(({ prefix }) => `"${prefix}"`);
  const verb = kind === "read" ? "reads" : "writes";
  return `Route ${prefixes.join(" and ")} ${verb} files of backend "${backend}" there`;
}

function protectedCause(value: string, roots: readonly CompiledRoot[]): Cause {
  const inner = roots.find(({ directory, access }) => directory === value && access === "read");
  if (inner !== undefined) {
    return { reason: "It may only be read, though what is around it may be changed", at: inner.at };
  }
  return {
    reason: value.endsWith("/.routebook")
      ? "No run changes what is kept of runs"
      : "No run changes its own workflow or rehearsal",
  };
}

function runnerReason(kind: keyof Permissions, value: string): string {
  if (kind === "sys") return "It lets files that a container makes belong to whoever runs it";
  if (value !== EVERYTHING) return "Every run has it";
  const reasons: Readonly<Record<string, string>> = {
    read: "It reads the workflow, and finds out where links lead",
    write: "It keeps the journal, and makes the directories of writable backends",
    env: "It takes inputs, variables, secrets and the model's key, and finds Deno's cache",
    run: "It starts the other processes",
  };
  return reasons[kind] ?? "Every run has it";
}
