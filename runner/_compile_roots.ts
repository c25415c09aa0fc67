/**
 * The directories of the host that a run is granted: only the places that routes stand for, and
 * never this project's own code.
 *
 * @module
 */

import { join } from "@std/path";
import { isWithin } from "../backends/paths.ts";
import type { CompiledBackends } from "./_compile_backends.ts";
import { settleNested } from "./_compile_nested.ts";
import type { CompiledRoute } from "./_compile_routes.ts";
import {
  codePaths,
  flagProblem,
  isInside,
  isSystem,
  programPaths,
  realPlace,
  tooWide,
} from "./_host_paths.ts";
import type { Access, HostRoot } from "./plan.ts";
import type { ErrorCode } from "./diagnostic_codes.ts";
import type { Reporter } from "./_reporter.ts";
import type { DataPath } from "./_yaml_file.ts";

/** A granted directory, and where in the file it comes from. */
interface Grant {
  readonly root: HostRoot;
  readonly missing: boolean;
  readonly at: DataPath;
}

/** A directory of the host, and the part of the file that it is granted for. */
export interface CompiledRoot extends HostRoot {
  readonly at: DataPath;
}

/** What {@linkcode compileRoots} needs to know. */
export interface RootOptions {
  /** The working directory's absolute path. */
  readonly cwd: string;
  /** Absolute paths of files that no run may change: the workflow and its rehearsal. */
  readonly files: readonly string[];
}

/**
 * @param routes The routes.
 * @param backends The backends that they lead to.
 * @param options What is to be protected.
 * @param reporter Told of what is wrong.
 * @returns The roots that serve the places of local backends, deeper ones first.
 */
export async function compileRoots(
  routes: readonly CompiledRoute[],
  backends: CompiledBackends,
  options: RootOptions,
  reporter: Reporter,
): Promise<readonly CompiledRoot[]> {
  const runs = join(await realFile(options.cwd), ".routebook");
  const guarded = [...await Promise.all(options.files.map(realFile)), runs];
  const grants: Grant[] = [];
  for (const { route, access } of widestByPlace(routes)) {
    const grant = await grantOf(route, access, backends, guarded, reporter);
    if (grant !== undefined) grants.push(grant);
  }
  const code = await codePaths();
  const programs = await programPaths();
  const safe = grants.filter(({ root, at }) => {
    const problem = unsafeProblem(root, { code, programs, runs });
    if (problem === undefined) return true;
    reporter.error(problem.code, problem.message, at, { hint: problem.hint });
    return false;
  });
  checkMissing(safe, reporter);
  warnOfSharedFiles(safe, reporter);
  return settleNested(grants.map(({ root, at }) => ({ ...root, at })), routes)
    .toSorted((a, b) => depth(b.path) - depth(a.path));
}

/**
 * Protects files that are known only once the steps are: workflows that they use, rehearsals of those,
 * schemas.
 *
 * @param roots The roots.
 * @param files Absolute paths.
 * @param reporter Told of what cannot be protected.
 * @returns The roots, in which none of the files can be changed.
 */
export async function protectFiles(
  roots: readonly CompiledRoot[],
  files: readonly string[],
  reporter: Reporter,
): Promise<readonly CompiledRoot[]> {
  if (!roots.some(({ access }) => access === "read-write")) return roots;
  const real = await Promise.all(files.map(realFile));
  return roots.map((root) => {
    if (root.access === "read") return root;
    const inside = real.filter((path) => isInside(path, root.directory));
    const unsafe = inside.find((path) => flagProblem(path));
    if (unsafe !== undefined) cannotProtect(unsafe, root.at, reporter);
    return { ...root, protected: [...new Set([...root.protected, ...inside])] };
  });
}

function cannotProtect(path: string, at: DataPath, reporter: Reporter): void {
  reporter.error("unsafe-path", `"${path}" cannot be protected: ${flagProblem(path)}`, at);
}

/** One route for each place of a backend, with the widest access that any route to it has. */
function widestByPlace(routes: readonly CompiledRoute[]) {
  const places = new Map<string, { route: CompiledRoute; access: Access }>();
  for (const route of routes) {
    const key = JSON.stringify([route.backend, route.path]);
    const known = places.get(key);
    if (known === undefined) places.set(key, { route, access: route.access });
    else if (known.access === "read") places.set(key, { route, access: route.access });
  }
  return places.values();
}

async function grantOf(
  route: CompiledRoute,
  access: Access,
  backends: CompiledBackends,
  guarded: readonly string[],
  reporter: Reporter,
): Promise<Grant | undefined> {
  const backend = backends.sound.get(route.backend);
  if (backend?.type !== "local") return undefined;
  const atRoot: DataPath = ["backends", route.backend, "root"];
  const at: DataPath = route.path === "/" ? atRoot : route.at;
  const wanted = join(backend.root, route.path);
  const place = await realPlace(wanted);
  if (place.type === "bad") {
    reporter.error("invalid-root", `Directory "${wanted}" cannot be used: ${place.problem}`, at);
    return undefined;
  }
  if (!isInside(place.path, backend.root)) {
    reporter.error(
      "outside-root",
      `Directory "${wanted}" is a link that leads out of the root, to "${place.path}"`,
      at,
      { hint: "Name the directory itself as the root of a backend" },
    );
    return undefined;
  }
  const problem = flagProblem(place.path);
  if (problem !== undefined) {
    reporter.error("unsafe-path", `Directory "${place.path}" cannot be granted: ${problem}`, at, {
      hint: "Use a directory with an ordinary name",
    });
    return undefined;
  }
  const inside = guarded.filter((path) => isInside(path, place.path) && path !== place.path);
  const unsafe = access === "read" ? undefined : inside.find((path) => flagProblem(path));
  if (unsafe !== undefined) {
    cannotProtect(unsafe, at, reporter);
    return undefined;
  }
  return {
    root: {
      backend: route.backend,
      path: route.path,
      directory: place.path,
      access,
      protected: access === "read" ? [] : [...new Set(inside)],
    },
    missing: place.type === "missing",
    at,
  };
}

/** Real paths that nothing may be written to. */
interface Kept {
  /** This project's own. */
  readonly code: readonly string[];
  /** What else is run. */
  readonly programs: readonly string[];
  /** Where runs are kept. */
  readonly runs: string;
}

/** Why a directory must not be granted. */
interface UnsafeProblem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

function unsafeProblem(
  { directory, access }: HostRoot,
  { code, programs, runs }: Kept,
): UnsafeProblem | undefined {
  if (isSystem(directory)) {
    return {
      code: "unsafe-root",
      message: `Root "${directory}" is a part of the operating system`,
      hint: "Not even to read: it shows other processes and their secrets",
    };
  }
  if (access === "read") return undefined;
  const wide = tooWide(directory);
  if (wide !== undefined) {
    return {
      code: "unsafe-root",
      message: `Root "${directory}" is ${wide}`,
      hint: "Use a directory of its own, or access: read",
    };
  }
  if (isInside(directory, runs)) {
    return {
      code: "unsafe-root",
      message: `Root "${directory}" is where runs are kept`,
      hint: "Use a directory of its own",
    };
  }
  const isHit = (path: string) => isInside(path, directory) || isInside(directory, path);
  const hit = code.find(isHit);
  if (hit === undefined) {
    if (!programs.some(isHit)) return undefined;
    return {
      code: "root-holds-code",
      message: `Root "${directory}" holds Deno, or packages that it runs`,
      hint: "Use a directory of its own, or access: read",
    };
  }
  return {
    code: "root-holds-code",
    message: isInside(directory, hit)
      ? `Root "${directory}" is inside Routebook's own code`
      : `Root "${directory}" holds Routebook's own code`,
    hint: 'Use a directory of its own, such as "../workspace", or access: read',
  };
}

/** A place that is read must be there, unless something writable can bring it into being. */
function checkMissing(grants: readonly Grant[], reporter: Reporter): void {
  for (const { root, missing, at } of grants) {
    if (!missing || root.access !== "read") continue;
    const { directory } = root;
    const made = grants.some(({ root }) =>
      root.access === "read-write" && isInside(directory, root.directory)
    );
    if (made) continue;
    reporter.error("missing-root", `Directory "${directory}" does not exist`, at, {
      hint: "Create it: only a read-write place is created by a run",
    });
  }
}

/** Two backends may share files as two routes may; within one backend the routes were compared. */
function warnOfSharedFiles(grants: readonly Grant[], reporter: Reporter): void {
  for (const [index, { root, at }] of grants.entries()) {
    const other = grants.slice(0, index).find((earlier) =>
      (isInside(root.directory, earlier.root.directory) ||
        isInside(earlier.root.directory, root.directory)) && !sameTree(root, earlier.root)
    );
    if (other === undefined) continue;
    reporter.warning(
      "overlapping-routes",
      `"${root.directory}" and "${other.root.directory}" share files`,
      at,
      { hint: "Give each backend a root of its own" },
    );
  }
}

/** Whether two places of one backend overlap by their own paths, not by links. */
function sameTree(a: HostRoot, b: HostRoot): boolean {
  return a.backend === b.backend && (isWithin(a.path, b.path) || isWithin(b.path, a.path));
}

function depth(path: string): number {
  return path === "/" ? 0 : path.split("/").length - 1;
}

/** A file's real path, where it or its directory exists. */
async function realFile(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) return path;
    const parent = path.slice(0, path.lastIndexOf("/"));
    return parent === "" ? path : join(await realFile(parent), path.slice(parent.length));
  }
}
