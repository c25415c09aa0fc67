/**
 * What each process of a run may do, in Deno's own words, and the command that starts it so.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";
import { BUBBLEWRAP, findBubblewrap, NAMESPACE } from "./_bubblewrap_namespace.ts";
import { hostCommand, hostPlaces } from "./bubblewrap.ts";
import type { EngineAddress } from "../backends/docker/options.ts";
import { engineName } from "./_compile_engine.ts";
import { environment, isInside } from "./_host_paths.ts";
import { projectFlags } from "./_project_flags.ts";
import type {
  HostRoot,
  Permissions,
  PlanConfinement,
  PlanModel,
  PlanProcess,
  PlanRoute,
  PlanShell,
} from "./plan.ts";

/** Stands for everything of a kind: a flag without a list. It is never the name of a path. */
export const EVERYTHING = "*";

const MEBIBYTE = 1024 * 1024;

/** Mebibytes of memory that a virtual shell starts with, and the most that it is ever given. */
const LEAST_HEAP = 128;
const MOST_HEAP = 512;

/** The host's code. */
const HOST = "./host.ts";

const NOTHING: Permissions = { read: [], write: [], denyWrite: [], net: [], env: [], run: [] };

/** What the tasks of `deno.json` grant the runner; a test holds the two together. */
const RUNNER: Permissions = {
  ...NOTHING,
  read: [EVERYTHING],
  write: [EVERYTHING],
  // Which of them a file names is not known before it is read.
  env: [EVERYTHING],
  run: [EVERYTHING],
  // Files that commands in a container make belong to whoever runs the workflow.
  sys: ["uid", "gid"],
};

/** What {@linkcode planProcesses} needs to know. */
export interface ProcessOptions {
  /** The workflow file, as the user named it. */
  readonly file: string;
  readonly model: PlanModel;
  readonly roots: readonly HostRoot[];
  /** The routes that the roots serve. */
  readonly routes: readonly PlanRoute[];
  /** The shell of the run, if it has one. */
  readonly shell?: PlanShell | undefined;
  /** Who confines the host process; without it Deno's flags do. */
  readonly confinement?: PlanConfinement | undefined;
  /** Where containers are, if the run has any. */
  readonly engine?: EngineAddress | undefined;
}

/**
 * The processes of a run with the smallest set of permissions that serves it.
 *
 * @param options What the run needs.
 * @returns The runner, the agent and, where there are local roots or a sandbox shell, the host;
 * where there is a virtual shell, its own; where there are containers, the one that holds them.
 */
export function planProcesses(options: ProcessOptions): readonly PlanProcess[] {
  const { file, model, roots, shell } = options;
  const processes: PlanProcess[] = [
    {
      name: "runner",
      permissions: RUNNER,
      command: [
        Deno.execPath(),
        "run",
        "--no-prompt",
        ...flagsFor(RUNNER),
        entry("./main.ts"),
        "run",
        file,
      ],
    },
    agentProcess(model.type === "openai" ? model.netHost : undefined),
  ];
  // Without a local root or real programs there is nothing that a host process would do.
  if (roots.length > 0 || shell?.type === "sandbox") processes.push(hostProcess(options));
  if (shell?.type === "virtual") processes.push(shellProcess(shell));
  if (options.engine !== undefined) processes.push(dockerProcess(options.engine));
  return processes;
}

/**
 * The host process. What it is granted is told in the paths of this machine; inside bubblewrap its
 * flags name the same directories where they stand there.
 */
function hostProcess({ roots, routes, shell, confinement }: ProcessOptions): PlanProcess {
  const permissions = hostPermissions(roots);
  if (confinement?.type !== "bubblewrap") {
    return { name: "host", permissions, command: childCommand(permissions, HOST) };
  }
  const program = findBubblewrap() ?? BUBBLEWRAP;
  const real = shell?.type === "sandbox" ? shell : undefined;
  const run = real === undefined ? [] : [program];
  const places = hostPlaces(roots, routes);
  const inside = hostPermissions(places.map(({ inside }) => inside));
  const own = real === undefined ? inside : {
    ...inside,
    read: [...inside.read, NAMESPACE.stage, NAMESPACE.proc],
    write: [...inside.write, NAMESPACE.stage],
    run,
  };
  const [, ...args] = childCommand(own, HOST);
  return {
    name: "host",
    permissions: { ...permissions, run },
    command: hostCommand({ program, places, shell: real, args, audit: auditFile("host") }),
  };
}

function hostPermissions(roots: readonly HostRoot[]): Permissions {
  return {
    ...NOTHING,
    read: unique(roots.map(({ directory }) => directory)),
    write: unique(
      roots.flatMap(({ access, directory }) => access === "read-write" ? [directory] : []),
    ),
    // A flag that denies a directory denies what is granted in it too: that is left to the guard.
    denyWrite: unique(roots.flatMap((root) => root.protected)).filter((path) =>
      !roots.some(({ access, directory }) => access === "read-write" && isInside(directory, path))
    ),
  };
}

/**
 * The process that interprets the commands of a virtual shell: it may do nothing at all, and what
 * it takes is bounded, since nobody else bounds it.
 */
function shellProcess({ limits }: PlanShell): PlanProcess {
  const heap = Math.min(Math.max(Math.floor(limits.memoryBytes / MEBIBYTE), LEAST_HEAP), MOST_HEAP);
  const [program = "", command = "", ...args] = childCommand(NOTHING, "./shell.ts");
  return {
    name: "shell",
    permissions: NOTHING,
    command: [program, command, `--v8-flags=--max-old-space-size=${heap}`, ...args],
  };
}

/**
 * The process that holds the containers of a run. Whoever talks with an engine can have everything
 * of its machine: so it does nothing else, and nobody's words are code there.
 */
function dockerProcess(engine: EngineAddress): PlanProcess {
  const files = engine.type === "unix" ? [engine.path] : [];
  const permissions = { ...NOTHING, read: files, write: files, net: [engineName(engine)] };
  return { name: "docker", permissions, command: childCommand(permissions, "./docker_host.ts") };
}

/**
 * The agent process, which may reach one host or none, and nothing else.
 *
 * @param netHost The model's host and port; a rehearsed agent has none.
 * @returns What the plan says of it.
 */
export function agentProcess(netHost?: string): PlanProcess {
  const permissions: Permissions = { ...NOTHING, net: netHost === undefined ? [] : [netHost] };
  return { name: "agent", permissions, command: childCommand(permissions, "../agent/main.ts") };
}

/**
 * @param process A planned process.
 * @returns Its command, as `Deno.Command` takes it.
 * @throws {RangeError} If the plan has no command for it.
 */
export function commandFor(
  process: PlanProcess,
): { readonly program: string; readonly args: readonly string[] } {
  const [program, ...args] = process.command;
  if (program === undefined) throw new RangeError(`Process '${process.name}' has no command`);
  return { program, args };
}

/**
 * @param name A child's name.
 * @returns Where Deno logs the permissions that it uses, if it does: one file a process, so that a
 * test can tell them apart.
 */
export function auditFile(name: PlanProcess["name"]): string | undefined {
  const audit = environment("DENO_AUDIT_PERMISSIONS");
  return audit && `${audit}.${name}`;
}

/** Children ask nobody, fetch nothing, and see no environment. */
function childCommand(permissions: Permissions, module: string): readonly string[] {
  return [
    Deno.execPath(),
    "run",
    "--no-prompt",
    "--cached-only",
    "--no-remote",
    ...lockFlags(module),
    "--ignore-env",
    ...flagsFor(permissions),
    entry(module),
  ];
}

/**
 * A host in a namespace has none of the packages which other processes load: under a lock file that names
 * them it would not start.
 */
function lockFlags(module: string): readonly string[] {
  if (module === HOST) return ["--no-lock"];
  return projectFlags(Deno.mainModule, import.meta.resolve("../"));
}

function flagsFor(permissions: Permissions): readonly string[] {
  return [
    ...flag("--allow-env", permissions.env),
    ...flag("--allow-read", permissions.read),
    ...flag("--allow-write", permissions.write),
    ...flag("--deny-write", permissions.denyWrite),
    ...flag("--allow-net", permissions.net),
    ...flag("--allow-run", permissions.run),
    ...flag("--allow-sys", permissions.sys ?? []),
  ];
}

function flag(name: string, values: readonly string[]): readonly string[] {
  if (values.length === 0) return [];
  return [values.includes(EVERYTHING) ? name : `${name}=${values.join(",")}`];
}

function entry(module: string): string {
  const url = import.meta.resolve(module);
  return url.startsWith("file:") ? fromFileUrl(url) : url;
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
