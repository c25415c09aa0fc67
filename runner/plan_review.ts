/**
 * What of a plan a reviewer decides about: all that a run may do, without a path of the machine it
 * was made on. Two of them can be compared, wherever they were made.
 *
 * @module
 */

import { relative } from "@std/path";
import { Policy } from "../backends/policy.ts";
import { joinPaths, relativeTo } from "../backends/paths.ts";
import type { ShellLimits } from "../backends/shells/shell.ts";
import { templateText } from "./expressions/template.ts";
import type { Access, Permissions, Plan, PlanProcess } from "./plan.ts";
import { type ReviewBox, reviewBoxes } from "./_review_boxes.ts";
import {
  type ReviewCommand,
  reviewCommands,
  type ReviewStep,
  reviewSteps,
} from "./_review_steps.ts";
import type { DataPath, YamlFile } from "./_yaml_file.ts";

export type { ReviewBox } from "./_review_boxes.ts";
export type { ReviewBudget, ReviewCommand, ReviewStep } from "./_review_steps.ts";

/** What a run may do. Host paths are relative to the workflow file's directory where that is near. */
export interface PlanReview {
  /** The version of this form. */
  readonly review: 1;
  readonly workflow: string;
  /** What the agent may reach: `api.openai.com:443`. */
  readonly net: readonly string[];
  /** Kinds of calls that some tool of the model's may make: `read`, `write`, `execute`. */
  readonly tools: readonly string[];
  readonly routes: readonly ReviewRoute[];
  readonly roots: readonly ReviewRoot[];
  readonly deny: readonly string[];
  readonly ask: readonly string[];
  /** `null` where everything is allowed that routes grant. */
  readonly allow: readonly string[] | null;
  readonly shell: {
    readonly type: string;
    /** Whether the model is offered it. */
    readonly tool: boolean;
    readonly limits: ShellLimits;
  } | null;
  /** Who confines the host process; `null` where there is none. */
  readonly confinement: "bubblewrap" | "flags" | null;
  /** Whether there is no run without bubblewrap. */
  readonly required: boolean;
  readonly commands: readonly ReviewCommand[];
  /** Model requests that the whole run may make. */
  readonly turns: number;
  /** What it may use up besides; `null` for what is not limited. */
  readonly budget: {
    readonly tokens: number | null;
    readonly usd: number | null;
    readonly usdPerDay: number | null;
  };
  /** Milliseconds for the whole run; `null` where it is not limited. */
  readonly timeout: number | null;
  readonly steps: readonly ReviewStep[];
  /** Names of variables that are taken from the environment. */
  readonly env: readonly string[];
  /** Variables of all commands whose value the file says, as it is written. */
  readonly variables: Readonly<Record<string, string>>;
  /** Names of secrets that are taken from the environment. */
  readonly secrets: readonly string[];
  readonly artifacts: readonly ReviewArtifact[];
  readonly boxes: readonly ReviewBox[];
  /** What the agent and the shell are granted besides: nothing, as it is. */
  readonly permissions: readonly string[];
}

/** A prefix of the tree. */
export interface ReviewRoute {
  readonly prefix: string;
  /** The directory of the host that stands there; `null` for files in memory or in a container. */
  readonly directory: string | null;
  readonly access: Access;
}

/** A directory of the host that is served. */
export interface ReviewRoot {
  readonly directory: string;
  readonly access: Access;
  /** What in it may never be changed. */
  readonly protected: readonly string[];
}

/** Files that are copied out to the host. */
export interface ReviewArtifact {
  /** The path or glob of the tree, as it is written. */
  readonly path: string;
  /** The place on the host; a directory where it ends with a slash. */
  readonly to: string;
}

/** What of a workflow file a plan does not tell. */
export interface ReviewOptions {
  /** The real path of the directory that the file is in. */
  readonly directory: string;
  /** Whether it says `permissions: { require: sandbox }`. */
  readonly required: boolean;
  /** What it says of the environment: see {@linkcode environmentOf}. */
  readonly environment: FileEnvironment;
}

/** What a file says of variables, without a value of this machine. */
export interface FileEnvironment {
  /** Names that are taken from the environment. */
  readonly env: readonly string[];
  /** Those whose value it says, as it is written. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * @param plan A plan; a live one, so that the model's host is in it.
 * @param options What the plan does not tell.
 * @returns What it may do.
 */
export function reviewOf(plan: Plan, options: ReviewOptions): PlanReview {
  const { directory } = options;
  const near = (path: string) => portablePath(path, directory);
  const { shell, confinement, allow } = plan;
  // A real shell is refused without it anyway.
  const required = options.required || shell?.type === "sandbox";
  return {
    review: 1,
    workflow: plan.name,
    net: permissionsOf(plan, "agent")?.net.toSorted() ?? [],
    tools: toolsOf(plan),
    routes: plan.routes.map(({ prefix, backend, path, access }) => {
      const real = hostDirectory(plan, backend, path);
      return { prefix, directory: real === undefined ? null : near(real), access };
    }),
    roots: plan.roots.map((root) => ({
      directory: near(root.directory),
      access: root.access,
      // Where runs are kept goes by the working directory, not by the file.
      protected: root.protected.filter((path) => !path.endsWith("/.routebook")).map(near)
        .toSorted(),
    })).toSorted((a, b) => order(a.directory, b.directory) || order(a.access, b.access)),
    deny: plan.deny.toSorted(),
    ask: plan.ask.toSorted(),
    allow: allow?.toSorted() ?? null,
    shell: shell === undefined ? null : {
      type: shell.type,
      tool: shell.tool,
      limits: {
        cpuSeconds: shell.limits.cpuSeconds,
        memoryBytes: shell.limits.memoryBytes,
        processes: shell.limits.processes,
        fileBytes: shell.limits.fileBytes,
        outputBytes: shell.limits.outputBytes,
      },
    },
    confinement: confinement?.type ?? null,
    required,
    commands: reviewCommands(plan),
    turns: plan.budget.turns,
    budget: {
      tokens: plan.budget.tokens ?? null,
      usd: plan.budget.usd ?? null,
      usdPerDay: plan.budget.usdPerDay ?? null,
    },
    timeout: plan.timeout ?? null,
    steps: reviewSteps(plan),
    env: options.environment.env.toSorted(),
    variables: options.environment.variables,
    secrets: plan.secrets?.toSorted() ?? [],
    artifacts: (plan.artifacts ?? []).map(({ path, to }) => ({
      path: templateText(path),
      to: to.endsWith("/") ? `${near(to)}/` : near(to),
    })),
    boxes: reviewBoxes(plan),
    permissions: [
      ...extraGrants(plan, "agent", ["net"]),
      ...extraGrants(plan, "shell", []),
      // Where the engine is goes by the machine: that there is one is told with its containers.
      ...extraGrants(plan, "docker", ["read", "write", "net"]),
    ].toSorted(),
  };
}

/** Whether a workflow file says `permissions: { require: sandbox }`. */
export function requiresSandbox(document: YamlFile): boolean {
  return document.sourceOf(["permissions", "require"]) === "sandbox";
}

/** What a workflow file says of the variables of its commands. */
export function environmentOf(document: YamlFile): FileEnvironment {
  const names = document.keysOf(["env"]);
  const texts = names.flatMap((name) => {
    const text = textAt(document.data, ["env", name]);
    return text === undefined ? [] : [[name, text] as const];
  });
  const variables = Object.fromEntries(texts.toSorted(([a], [b]) => order(a, b)));
  const listed: string[] = [];
  for (let index = 0;; index++) {
    const name = textAt(document.data, ["env", index]);
    if (name === undefined) break;
    listed.push(name);
  }
  return {
    env: [...listed, ...names.filter((name) => !Object.hasOwn(variables, name))],
    variables,
  };
}

function textAt(data: unknown, path: DataPath): string | undefined {
  let value = data;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) {
      return undefined;
    }
    value = Reflect.get(value, part);
  }
  return typeof value === "string" ? value : undefined;
}

/** The kinds of calls that some tool may make: one that can never be allowed is not offered. */
export function toolsOf(plan: Pick<Plan, "deny" | "ask" | "allow" | "shell">): readonly string[] {
  const policy = new Policy(plan);
  return (["read", "write", "execute"] as const).filter((verb) =>
    (verb !== "execute" || plan.shell?.tool === true) && policy.couldEver(verb)
  );
}

/**
 * A path as it is on every machine: relative to the workflow's directory, unless all that they share
 * is the root of the filesystem.
 */
function portablePath(path: string, directory: string): string {
  const [, first] = path.split("/");
  const [, other] = directory.split("/");
  if (first !== other || first === "") return path;
  return relative(directory, path) || ".";
}

function hostDirectory(plan: Plan, name: string, path: string): string | undefined {
  const backend = plan.backends.find((each) => each.name === name);
  if (backend?.type !== "local") return undefined;
  // The root tells where links lead.
  const root = plan.roots.find((each) => each.backend === name && each.path === path);
  return root?.directory ?? joinPaths(backend.root, relativeTo(path, "/"));
}

function permissionsOf(plan: Plan, name: PlanProcess["name"]): Permissions | undefined {
  return plan.processes.find((process) => process.name === name)?.permissions;
}

/** What a process is granted that no other part of a review tells. */
function extraGrants(
  plan: Plan,
  name: PlanProcess["name"],
  told: readonly (keyof Permissions)[],
): readonly string[] {
  const permissions = permissionsOf(plan, name);
  if (permissions === undefined) return [];
  const kinds = (["read", "write", "net", "env", "run"] as const)
    .filter((kind) => !told.includes(kind));
  return kinds.flatMap((kind) => permissions[kind].map((value) => `${name} ${kind} ${value}`));
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
