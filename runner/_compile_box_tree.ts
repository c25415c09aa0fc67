/**
 * What the tree has to do with the container that a shell runs its commands in: the routes to its own
 * files, the directories of the machine that are mounted in it, and what is brought before a command
 * and fetched after it.
 *
 * @module
 */

import type { BoxMount } from "../backends/docker/options.ts";
import { isWithin, joinPaths, relativeTo } from "../backends/paths.ts";
import { checkBoxRules } from "./_compile_box_rules.ts";
import type { CompiledRoute } from "./_compile_routes.ts";
import type { CompiledRules } from "./_compile_rules.ts";
import { isInside } from "./_host_paths.ts";
import type { Owner } from "./_owner.ts";
import type { HostRoot, PlanBackend, PlanBox, PlanShell } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";

/** What {@linkcode compileBoxTree} needs to know. */
export interface BoxTreeOptions {
  readonly shell: PlanShell;
  readonly routes: readonly CompiledRoute[];
  readonly backends: ReadonlyMap<string, PlanBackend>;
  readonly roots: readonly HostRoot[];
  readonly rules: CompiledRules;
  /** Who runs it, where that can be told. */
  readonly owner: Owner | undefined;
}

/** What became of it. */
export interface BoxTree {
  /** The backends, with what the shell's container has of the tree. */
  readonly backends: ReadonlyMap<string, PlanBackend>;
  /** The routes whose directories are mounted. */
  readonly bound: ReadonlySet<CompiledRoute>;
}

/** A directory that can be mounted, for its route. */
type Bound = Map<CompiledRoute, BoxMount>;

/**
 * @param options The shell, and the tree that it is to be for.
 * @param reporter Told of what the container cannot be given.
 * @returns The backends, and what is mounted.
 */
export async function compileBoxTree(
  options: BoxTreeOptions,
  reporter: Reporter,
): Promise<BoxTree> {
  const { shell, routes, backends, rules, owner } = options;
  const backend = shell.box === undefined ? undefined : backends.get(shell.box);
  if (backend?.type !== "docker") return { backends, bound: new Set() };
  const { name, box } = backend;
  checkOwnRoutes(name, routes, reporter);
  checkVolumes(name, box, routes, reporter);
  checkBoxRules({ box: name, routes, rules }, reporter);
  const bound = await boundRoutes(box, options);
  const mounts = [...bound.values()];
  const isWritten = mounts.some(({ access }) => access === "read-write");
  const staged = routes.filter((route) => route.backend !== name && !bound.has(route))
    .map(({ prefix }) => prefix);
  checkReadOnly(name, box, routes, staged, reporter);
  const settled: PlanBox = {
    ...box,
    // Whose files are changed there has to be who changes them.
    ...(isWritten && owner !== undefined ? { user: `${owner.uid}:${owner.gid}` } : {}),
    ...(mounts.length === 0 ? {} : { mounts }),
    ...(staged.length === 0 ? {} : { staged }),
    memoryBytes: shell.limits.memoryBytes,
    processes: shell.limits.processes,
    limits: shell.limits,
  };
  return {
    backends: new Map([...backends, [name, { ...backend, box: settled }]]),
    bound: new Set(bound.keys()),
  };
}

/** Commands have the paths of the container: those of the tree have to be the same. */
function checkOwnRoutes(
  name: string,
  routes: readonly CompiledRoute[],
  reporter: Reporter,
): void {
  for (const { prefix, backend, path, access, at } of routes) {
    if (backend !== name) continue;
    const right = prefix === "/" ? "/" : prefix.slice(0, -1);
    if (path !== right) {
      const written = prefix === "/" ? name : `{ backend: ${name}, path: ${right} }`;
      reporter.error(
        "box-path",
        prefix === "/"
          ? `The tree begins with "${path}" of "${name}", and commands see all of it`
          : `Route "${prefix}" shows "${path}" of "${name}", and commands find it at "${path}"`,
        at,
        { hint: `Write ${prefix === "/" ? "default" : prefix}: ${written}` },
      );
    }
    if (access === "read-write") continue;
    reporter.error(
      "docker-rule",
      `Nothing keeps commands from changing "${right}": it is in the container that they run in`,
      prefix === "/" || reporter.yaml.has([...at, "access"]) ? [...at, "access"] : at,
      { hint: "Keep what may only be read in a local backend, or leave access out" },
    );
  }
}

/** A volume is part of the container: other routes cannot stand there. */
function checkVolumes(
  name: string,
  { volumes = {} }: PlanBox,
  routes: readonly CompiledRoute[],
  reporter: Reporter,
): void {
  for (const volume of Object.keys(volumes)) {
    const serving = routes.find(({ prefix }) => volume.startsWith(prefix));
    const other = serving?.backend === name
      ? routes.find(({ prefix, backend }) => backend !== name && prefix.startsWith(volume))
      : serving;
    if (other === undefined) continue;
    const { prefix, backend } = other;
    const where = prefix === "/" ? "where the default is" : `where route "${prefix}" is for`;
    reporter.error(
      "box-path",
      `Volume "${volume}" stands ${where} "${backend}", not "${name}"`,
      ["backends", name, "volumes", volume],
      {
        hint: prefix.startsWith(volume) && prefix !== volume
          ? `Give that route, or the volume, a prefix outside of the other`
          : `Write a route: ${volume}: { backend: ${name}, path: ${volume.slice(0, -1)} }`,
        part: "key",
      },
    );
  }
}

/** What is brought has to be put somewhere, and the root is no place that could be another's. */
function checkReadOnly(
  name: string,
  { readOnly }: PlanBox,
  routes: readonly CompiledRoute[],
  staged: readonly string[],
  reporter: Reporter,
): void {
  if (readOnly !== true || !staged.includes("/")) return;
  const other = routes.find(({ prefix }) => prefix === "/")?.backend;
  reporter.error(
    "box-read-only",
    `Nothing can be changed at the root of "${name}", where the files of "${other}" would be brought`,
    ["backends", name, "read_only"],
    { hint: `Leave it out, or write default: ${name}, and a route to "${other}"` },
  );
}

/** The routes whose directories commands see as they are: rules are held by nobody there. */
async function boundRoutes(box: PlanBox, options: BoxTreeOptions): Promise<Bound> {
  const { routes, rules } = options;
  const bound: Bound = new Map();
  const { deny, ask, allow } = rules.plan;
  const isFree = allow === undefined &&
    [...deny, ...ask].every((rule) => rule.startsWith("execute "));
  if (!isFree) return bound;
  for (const route of routes) {
    const mount = await mountOf(route, box, options);
    if (mount !== undefined) bound.set(route, mount);
  }
  // Where commands may change what leads to a place, they would say where the next start mounts it.
  for (const inner of [...bound.keys()]) {
    const isMovable = [...bound].some(([outer, { access }]) =>
      outer !== inner && access === "read-write" && inner.prefix.startsWith(outer.prefix)
    );
    if (isMovable) bound.delete(inner);
  }
  // What is inside of a directory that is mounted has to be mounted too, or stand in no directory.
  for (let before = -1; before !== bound.size;) {
    before = bound.size;
    for (const outer of bound.keys()) {
      const isBroken = routes.some((inner) =>
        inner !== outer && inner.prefix.startsWith(outer.prefix) && !bound.has(inner) &&
        options.backends.get(inner.backend)?.type === "local"
      );
      if (isBroken) bound.delete(outer);
    }
  }
  return bound;
}

async function mountOf(
  { prefix, backend, path, access }: CompiledRoute,
  { user }: PlanBox,
  { roots, owner }: BoxTreeOptions,
): Promise<BoxMount | undefined> {
  if (prefix === "/") return undefined;
  const root = roots.find((each) => each.backend === backend && isWithin(path, each.path));
  if (root === undefined) return undefined;
  const directory = joinPaths(root.directory, relativeTo(path, root.path));
  const isMade = directory === root.directory && root.access === "read-write";
  if (!isMade && !await isDirectory(directory)) return undefined;
  // An engine looks for it at each start anew: it would follow a link that a command put in its place.
  const isMovable = roots.some((outer) =>
    outer.access === "read-write" && isInside(directory, outer.directory) &&
    (access === "read" || directory !== outer.directory)
  );
  if (isMovable) return undefined;
  if (access === "read") return { prefix, directory, access };
  // Nobody but who runs it may leave files there.
  if (owner === undefined || owner.uid === 0 || owner.gid === 0) return undefined;
  if (user !== undefined && user !== `${owner.uid}:${owner.gid}`) return undefined;
  // What is mounted over a file keeps it only from those who make no namespace: some engines let them.
  if (root.protected.some((each) => isInside(each, directory))) return undefined;
  return { prefix, directory, access };
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).isDirectory && await Deno.realPath(path) === path;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}
