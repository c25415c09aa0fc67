/**
 * The host process inside bubblewrap: in a namespace that holds the granted directories at the
 * prefixes of their routes, the operating system read-only, and nothing else of the machine; without
 * a network, a key, an environment or a capability.
 *
 * @module
 */

import { join } from "@std/path";
import {
  bindReadOnly,
  closeNamespace,
  findBubblewrap,
  infoOf,
  NAMESPACE,
  openNamespace,
  projectDirectory,
} from "./_bubblewrap_namespace.ts";
import { placeRoots, type RootPlace } from "./_bubblewrap_places.ts";
import { mountRoots } from "./_bubblewrap_roots.ts";
import { cacheDirectory, isInside } from "./_host_paths.ts";
import type { HostRoot, PlanConfinement, PlanRoute, PlanShell } from "./plan.ts";

/** What of this project the host's code needs, as far as it is there. */
const CODE = ["backends", "runner", "std", "deno.json"];

/** The package that the host loads, for regular expressions. */
const PACKAGE = "re2js";

/**
 * What Deno keeps of modules, without which the host would start three times as slowly: databases,
 * each with a log, which may hold most of it, and the locks of those who read it at the same time.
 */
const CACHES = ["dep_analysis_cache_v2", "node_analysis_cache_v2", "v8_code_cache_v2"]
  .flatMap((name) => [name, `${name}-wal`, `${name}-shm`]);

/** Characters of bubblewrap's standard error that are kept for a reason. */
const WORDS_KEPT = 4_096;

/** A namespace in a namespace, as a command of the sandbox shell has it. */
const INNER = [
  ..."--unshare-user --uid 1000 --gid 1000 --unshare-pid --unshare-ipc --unshare-net".split(" "),
  ..."--unshare-uts --ro-bind / / --proc /proc --ro-bind /proc/sys /proc/sys".split(" "),
  ..."--disable-userns --cap-drop ALL --die-with-parent --new-session --".split(" "),
];

/** Options of {@linkcode probeConfinement}. */
export interface ProbeOptions {
  /**
   * Whether namespaces are to be made inside the host's: the sandbox shell does.
   *
   * @default {false}
   */
  readonly nested?: boolean;
  /** Where bubblewrap is; without it, it is looked for where distributions put it. */
  readonly program?: string | undefined;
  /**
   * Milliseconds that a namespace may take to come up.
   *
   * @default {5_000}
   */
  readonly patience?: number;
}

/**
 * Makes such a namespace as the host lives in, with nothing granted, and runs a program there that
 * does nothing: whether this machine lets anyone do so stands in no file.
 *
 * @param options What is to be tried.
 * @returns Who can confine the host process on this machine.
 */
export async function probeConfinement(options: ProbeOptions = {}): Promise<PlanConfinement> {
  const { nested = false, program = findBubblewrap(), patience = 5_000 } = options;
  if (Deno.build.os !== "linux") return flags("Bubblewrap is there for Linux alone");
  if (program === undefined) {
    return flags("Bubblewrap is not installed: install the package 'bubblewrap'");
  }
  if (projectDirectory() === undefined) {
    return flags("Routebook's own code is not on a disk, from where it could be mounted");
  }
  const { state } = await Deno.permissions.query({ name: "run", command: program });
  if (state !== "granted") {
    return flags(`This process may not run bubblewrap: grant it --allow-run=${program}`);
  }
  const inner = nested ? [program, ...INNER] : [];
  const problem = await problemOf(program, nested, [...inner, "/bin/true"], patience);
  if (problem === undefined) return { type: "bubblewrap" };
  if (nested && await problemOf(program, nested, ["/bin/true"], patience) === undefined) {
    return flags(`Bubblewrap makes no namespace inside its own on this machine: ${problem}`);
  }
  return flags(`Bubblewrap makes no namespace on this machine: ${problem}`);
}

function flags(reason: string): PlanConfinement {
  return { type: "flags", reason };
}

/** Why a command cannot be run in a namespace, or `undefined`. */
async function problemOf(
  program: string,
  nested: boolean,
  command: readonly string[],
  patience: number,
): Promise<string | undefined> {
  const late = new AbortController();
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, {
      args: [...openNamespace(nested), ...closeNamespace(nested), ...command],
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      signal: late.signal,
    }).spawn();
  } catch (error) {
    if (error instanceof Error) return error.message;
    throw error;
  }
  const timer = setTimeout(() => late.abort(), patience);
  const words = lastWords(child.stderr, late.signal);
  const { success, code, signal } = await child.status;
  clearTimeout(timer);
  if (late.signal.aborted) return `it took longer than ${patience / 1_000} seconds`;
  if (success) return undefined;
  const [said] = (await words).trim().split("\n");
  return said || (signal === null ? `it ended with exit code ${code}` : `${signal} ended it`);
}

/** What a program says on its standard error, as long as anybody waits for it. */
async function lastWords(stream: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  const sink = new WritableStream<Uint8Array>({
    write(bytes) {
      text = (text + decoder.decode(bytes, { stream: true })).slice(0, WORDS_KEPT);
    },
  });
  try {
    await stream.pipeTo(sink, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return text;
}

/**
 * @param roots The granted directories.
 * @param routes The routes that they serve.
 * @returns Where each of them stands in the namespace, in the same order.
 */
export function hostPlaces(
  roots: readonly HostRoot[],
  routes: readonly PlanRoute[],
): readonly RootPlace[] {
  return placeRoots(roots, routes, [projectDirectory() ?? "/"]);
}

/** What {@linkcode hostCommand} needs to know. */
export interface HostCommandOptions {
  /** Where bubblewrap is. */
  readonly program: string;
  /** The granted directories, and where they stand. */
  readonly places: readonly RootPlace[];
  /** The shell, if it is one that runs programs in namespaces of their own. */
  readonly shell: PlanShell | undefined;
  /** Deno's arguments, in the paths of the namespace. */
  readonly args: readonly string[];
  /** A file of the machine where Deno logs the permissions that it uses, if it is to. */
  readonly audit: string | undefined;
}

/**
 * The whole command of a host process inside bubblewrap.
 *
 * @param options What is mounted, and what is started.
 * @returns The program and its arguments.
 */
export function hostCommand(options: HostCommandOptions): readonly string[] {
  const { program, places, shell, args, audit } = options;
  const nested = shell !== undefined;
  return [
    program,
    ...openNamespace(nested),
    ...mountDeno(audit),
    ...(nested ? ["--size", `${shell.limits.memoryBytes}`, "--tmpfs", NAMESPACE.stage] : []),
    ...mountRoots(places),
    ...closeNamespace(nested, shell?.limits.processes),
    NAMESPACE.deno,
    ...args,
  ];
}

/** Deno, the project's code at its own paths, since caches go by them, and what is cached of it. */
function mountDeno(audit: string | undefined): readonly string[] {
  const project = projectDirectory();
  if (project === undefined) throw new TypeError("This code was not loaded from a disk");
  const code = CODE.map((name) => join(project, name));
  return [
    ...["--ro-bind", Deno.execPath(), NAMESPACE.deno],
    ...code.filter((path) => !isInside(path, "/usr") && infoOf(path) !== undefined).flatMap(
      bindReadOnly,
    ),
    // A database without a log gets one here.
    ...["--size", "1048576", "--tmpfs", NAMESPACE.cache],
    ...mountCache(project),
    ...["--setenv", "DENO_DIR", NAMESPACE.cache],
    ...["--setenv", "NO_COLOR", "1", "--setenv", "DENO_NO_UPDATE_CHECK", "1"],
    ...(audit === undefined ? [] : [
      ...["--bind-try", audit, NAMESPACE.audit],
      ...["--setenv", "DENO_AUDIT_PERMISSIONS", NAMESPACE.audit],
    ]),
  ];
}

function mountCache(project: string): readonly string[] {
  const cache = cacheDirectory();
  if (cache === undefined) return [];
  const names = [
    `gen/file${project}`,
    ...CACHES,
    ...registries(join(cache, "npm")).map((registry) => `npm/${registry}/${PACKAGE}`),
  ];
  return names.flatMap((
    name,
  ) => ["--ro-bind-try", join(cache, name), `${NAMESPACE.cache}/${name}`]);
}

function registries(directory: string): readonly string[] {
  if (infoOf(directory)?.isDirectory !== true) return [];
  return [...Deno.readDirSync(directory)].flatMap((entry) => entry.isDirectory ? entry.name : []);
}
