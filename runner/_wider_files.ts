/**
 * What of the host two plans let a run reach: route by route, as the tree shows it, and root by
 * root, as the operating system sees it.
 *
 * @module
 */

import { join } from "@std/path";
import { parseRule } from "../backends/policy.ts";
import { isInside } from "./_host_paths.ts";
import type { Access } from "./plan.ts";
import type { PlanReview, ReviewRoot, ReviewRoute } from "./plan_review.ts";
import type { Widening } from "./_widenings.ts";
import type { DataPath } from "./_yaml_file.ts";

/** A widening, and the directory of the host that it is about. */
export interface WiderRoute {
  readonly widening: Widening;
  readonly directory: string;
}

/** What stands at a prefix. */
interface Target {
  readonly directory: string | null;
  readonly access: Access;
  /** The route that it is reached through. */
  readonly through: string;
}

/**
 * Compares what stands at each prefix of either plan: between two prefixes nothing changes.
 *
 * @param stored What was agreed to.
 * @param now What is to be run.
 * @returns Where more of the host is reached, or may be changed.
 */
export function widerRoutes(stored: PlanReview, now: PlanReview): readonly WiderRoute[] {
  const prefixes = new Set([...now.routes, ...stored.routes].map(({ prefix }) => prefix));
  // A rule is for paths of the tree: where files move in it, other rules hold for them.
  const ruled = [stored, now].some(hasPathRules);
  return [...prefixes].flatMap((prefix) => {
    const [before, after] = [targetOf(prefix, stored.routes), targetOf(prefix, now.routes)];
    if (after === undefined || after.directory === null) return [];
    const { directory, access } = after;
    const at: DataPath = after.through === "/" ? ["default"] : ["routes", after.through];
    const tell = (message: string, hint: string): WiderRoute[] => [{
      directory,
      widening: { code: "wider-route", message, hint, at, part: "key" },
    }];
    if (before === undefined || before.directory === null) {
      return tell(
        `"${prefix}" is now "${directory}" of the host`,
        `In the stored plan it is in memory${
          stored.boxes.length === 0 ? "" : ", or in a container"
        }`,
      );
    }
    const isNarrower = !ruled && isWithinDirectory(directory, before.directory);
    if (directory !== before.directory && !isNarrower) {
      return tell(
        `"${prefix}" is now "${directory}" of the host`,
        `In the stored plan it is "${before.directory}"`,
      );
    }
    if (access === "read" || before.access === "read-write") return [];
    return tell(`"${prefix}" may now be written to`, "In the stored plan it may only be read");
  });
}

function targetOf(prefix: string, routes: readonly ReviewRoute[]): Target | undefined {
  const route = routes.filter((each) => prefix.startsWith(each.prefix))
    .toSorted((a, b) => b.prefix.length - a.prefix.length)[0];
  if (route === undefined) return undefined;
  const { directory, access } = route;
  const below = prefix.slice(route.prefix.length);
  return {
    directory: directory === null ? null : join(directory, below).replace(/(?<=.)\/$/, ""),
    access,
    through: route.prefix,
  };
}

function hasPathRules({ deny, ask, allow }: PlanReview): boolean {
  return [...deny, ...ask, ...allow ?? []].some((rule) => parseRule(rule).verb !== "execute");
}

/**
 * @param stored What was agreed to.
 * @param now What is to be run.
 * @param told Directories that were told of already.
 * @returns The directories of the host that are served now and were not, or not so widely.
 */
export function widerRoots(
  stored: PlanReview,
  now: PlanReview,
  told: readonly string[],
): readonly Widening[] {
  const isTold = (path: string) => told.some((directory) => isWithinDirectory(path, directory));
  return now.roots.flatMap((root): readonly Widening[] => {
    if (isTold(root.directory)) return [];
    const at = placeOf(root, now.routes);
    const around = stored.roots.filter(({ directory, access }) =>
      isWithinDirectory(root.directory, directory) &&
      (root.access === "read" || access === "read-write")
    );
    if (around.length === 0) {
      const verb = root.access === "read" ? "read" : "written to";
      const message = `"${root.directory}" of the host may now be ${verb}`;
      return [{ code: "wider-root", message, at, part: "key" }];
    }
    if (root.access === "read") return [];
    // Of several, the one that protects least is what could be done before.
    const lost = around.map((outer) => unprotected(outer, root))
      .toSorted((a, b) => a.length - b.length)[0] ?? [];
    return lost.filter((path) => !isTold(path)).map((path) => ({
      code: "wider-root",
      message: `"${path}" of the host may now be changed`,
      hint: "In the stored plan it is kept from every change",
      at,
      part: "key",
    }));
  });
}

/** What one root keeps from changes and another one does not. */
function unprotected(before: ReviewRoot, now: ReviewRoot): readonly string[] {
  return before.protected.filter((path) => {
    if (isWithinDirectory(now.directory, path)) return true;
    return isWithinDirectory(path, now.directory) &&
      !now.protected.some((kept) => isWithinDirectory(path, kept));
  });
}

function placeOf({ directory }: ReviewRoot, routes: readonly ReviewRoute[]): DataPath {
  const route = routes.find((each) => each.directory === directory);
  if (route === undefined) return ["backends"];
  return route.prefix === "/" ? ["default"] : ["routes", route.prefix];
}

/** A directory so deep that no relative path of a plan leaves it for the root. */
const DEEP = "/:".repeat(256);

/** Whether one portable path is another one or below it. */
function isWithinDirectory(path: string, directory: string): boolean {
  return isInside(absolute(path), absolute(directory));
}

function absolute(path: string): string {
  return path.startsWith("/") ? path : join(DEEP, path).replace(/(?<=.)\/$/, "");
}
