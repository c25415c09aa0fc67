/**
 * What a shell asks of the tree: its own directories to itself, and a place to mount each route at.
 *
 * @module
 */

import { isWithin, joinPaths, relativeTo } from "../backends/paths.ts";
import { systemDirectory } from "./_compile_command.ts";
import type { CompiledRoute } from "./_compile_routes.ts";
import type { CompiledRules } from "./_compile_rules.ts";
import { type Owner, ownOwner } from "./_owner.ts";
import type { HostRoot, PlanBackend, PlanShell } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { PlacedStep } from "./_step_parts.ts";

/** What {@linkcode compileTree} needs to know. */
export interface TreeOptions {
  readonly routes: readonly CompiledRoute[];
  readonly backends: ReadonlyMap<string, PlanBackend>;
  readonly roots: readonly HostRoot[];
  readonly rules: CompiledRules;
  readonly steps: readonly PlacedStep[];
  /** Who runs it, where that is not whoever runs this program. */
  readonly owner: Owner | undefined;
}

/** A tree, and the shell that it is for. */
interface ShellTree extends Pick<TreeOptions, "routes" | "backends" | "roots" | "steps"> {
  readonly shell: PlanShell;
  /** The routes whose directories stand in the container of a docker shell. */
  readonly bound: ReadonlySet<CompiledRoute>;
}

/**
 * @param shell The shell, if there is one.
 * @param options The tree that it is to be for.
 * @param reporter Told of what no shell, or not this one, can be given.
 * @returns The backends, with what the container of the shell has of the tree.
 */
export async function compileTree(
  shell: PlanShell | undefined,
  options: TreeOptions,
  reporter: Reporter,
): Promise<ReadonlyMap<string, PlanBackend>> {
  if (shell === undefined) return options.backends;
  if (shell.box === undefined) {
    await checkTree({ ...options, shell, bound: new Set() }, reporter);
    return options.backends;
  }
  // Loaded where commands run in a container.
  const { compileBoxTree } = await import("./_compile_box_tree.ts");
  const owner = options.owner ?? ownOwner();
  const { backends, bound } = await compileBoxTree({ ...options, shell, owner }, reporter);
  await checkTree({ ...options, shell, bound }, reporter);
  return backends;
}

async function checkTree(options: ShellTree, reporter: Reporter): Promise<void> {
  const { shell, routes, backends } = options;
  for (const { prefix, at } of routes) {
    const system = systemDirectory(prefix.replace(/(?<=.)\/$/, ""));
    if (system === undefined) continue;
    reporter.error(
      "reserved-route",
      prefix === `${system}/`
        ? `Route "${prefix}" is the shell's own directory`
        : `Route "${prefix}" is inside "${system}", the shell's own directory`,
      at,
      { hint: 'Use another prefix, such as "/project/"', part: "key" },
    );
  }
  checkProduced(options.steps, reporter);
  if (shell.type === "virtual") return;
  const fallback = routes.find(({ prefix }) => prefix === "/");
  const isLocal = fallback !== undefined && backends.get(fallback.backend)?.type === "local";
  if (shell.type === "sandbox" && isLocal) {
    reporter.error(
      "sandbox-default",
      `The root of a sandbox cannot be the directory of "${fallback.backend}"`,
      fallback.at,
      {
        hint: `Give it a prefix, routes: { /project/: ${fallback.backend} }, and let memory be ` +
          "the default",
      },
    );
    return;
  }
  for (const route of routes) await checkMountPoint(route, options, reporter);
}

/** What stands in the shell's own directories is in no tree, so that no step can produce it. */
function checkProduced(steps: ShellTree["steps"], reporter: Reporter): void {
  for (const { path, part } of steps) {
    for (const [item, file] of (part?.produces ?? []).entries()) {
      const system = file?.startsWith("/") ? systemDirectory(file) : undefined;
      if (system === undefined) continue;
      reporter.error(
        "reserved-path",
        `"${system}" is the shell's own, not part of the tree`,
        [...path, "produces", item],
        { hint: "Write a file of the tree, such as /project/report.md" },
      );
    }
  }
}

/** A route inside a local one is mounted over a directory of it, which has to be there. */
async function checkMountPoint(
  route: CompiledRoute,
  { shell, routes, roots, backends, bound }: ShellTree,
  reporter: Reporter,
): Promise<void> {
  const isBox = shell.type === "docker";
  const inner = route.prefix.slice(0, -1);
  // Inner routes stand before outer ones, which would hide them otherwise.
  const around = routes.find((other) =>
    other.prefix !== "/" && other !== route && inner.startsWith(other.prefix)
  );
  // What is brought into a container stands in directories of its own.
  if (around === undefined || (isBox && !bound.has(around))) return;
  const root = roots.find(({ backend, path }) =>
    backend === around.backend && isWithin(around.path, path)
  );
  if (root === undefined) return;
  if (backends.get(route.backend)?.type !== "local") {
    // What is mounted there is the directory of the host: commands would see that in its place.
    reporter.error(
      "memory-inside-local",
      `Route "${route.prefix}" is inside "${around.prefix}", where a ${
        isBox ? "container" : "sandbox"
      } has no place for the files of "${route.backend}"`,
      route.at,
      { hint: `Give the route a prefix outside of "${around.prefix}"`, part: "key" },
    );
    return;
  }
  const inside = joinPaths(around.path, relativeTo(inner, around.prefix.slice(0, -1)));
  const directory = joinPaths(root.directory, relativeTo(inside, root.path));
  const problem = await problemOf(directory);
  if (problem === undefined) return;
  reporter.error(
    "missing-mount-point",
    `Route "${route.prefix}" is inside "${around.prefix}", where "${directory}" ${problem}`,
    route.at,
    {
      hint: "Create that directory, or give the route a prefix outside of " +
        `"${around.prefix}"`,
      part: "key",
    },
  );
}

async function problemOf(directory: string): Promise<string | undefined> {
  try {
    const { isDirectory, isSymlink } = await Deno.lstat(directory);
    if (isSymlink) return "is a link";
    if (!isDirectory) return "is no directory";
    return await Deno.realPath(directory) === directory ? undefined : "is behind a link";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "does not exist";
    if (error instanceof Deno.errors.NotADirectory) return "is no directory";
    return "may not be read";
  }
}
