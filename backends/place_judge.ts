/**
 * Decides about the paths of one backend by the names that its files have in a tree of routes.
 *
 * @module
 */

import { compileGlob } from "./_glob.ts";
import type { Judge, Judgement } from "./judge.ts";
import { isWithin, joinPaths, relativeTo } from "./paths.ts";

/** A route of the tree. */
export interface PlaceRoute {
  /** Canonical, with a slash at both ends; `/` is the default and comes last. */
  readonly prefix: string;
  /** The backend's name. */
  readonly backend: string;
  /** The canonical path inside the backend that stands at the prefix. */
  readonly path: string;
  readonly access: "read" | "read-write";
}

/** What {@linkcode PlaceJudge} goes by. */
export interface PlaceJudgeOptions {
  /** The name of the backend. */
  readonly backend: string;
  /** All routes of the tree, in the order in which they are tried. */
  readonly routes: readonly PlaceRoute[];
  /** Decides about the paths of the tree. */
  readonly tree: Judge;
}

/** A name that a place has in the tree. */
interface Name {
  readonly path: string;
  readonly route: PlaceRoute;
}

/**
 * Decides about the paths of one backend.
 *
 * A place may have several names, and rules speak of names: what one of them grants can be had by
 * that name anyhow, so that the mildest judgement is the right one. A place without a name, one that
 * another route hides included, is nobody's.
 */
export class PlaceJudge implements Judge {
  readonly #backend: string;
  readonly #routes: readonly PlaceRoute[];
  readonly #tree: Judge;

  /** @param options The backend, the routes and who decides about the tree. */
  constructor({ backend, routes, tree }: PlaceJudgeOptions) {
    this.#backend = backend;
    this.#routes = routes;
    this.#tree = tree;
  }

  /** Whether every place below the routes has a name, and may be read and changed alike. */
  get isEven(): boolean {
    const own = this.#routes.filter(({ backend }) => backend === this.#backend);
    return new Set(own.map(({ access }) => access)).size <= 1 &&
      own.every((route) => !this.#routes.some((other) => hides(other, baseOf(route), route)));
  }

  /** See {@linkcode Judge.judge}. */
  judge(verb: "read" | "write", path: string): Judgement {
    let found: Judgement = { verdict: "deny", reason: "denied: no route leads there" };
    for (const { path: name, route } of this.#names(path)) {
      const judgement: Judgement = verb === "write" && route.access === "read"
        ? { verdict: "deny", reason: `denied: ${routeText(route)} grants reading alone` }
        : this.#tree.judge(verb, name);
      if (judgement.verdict === "allow") return judgement;
      if (found.verdict === "deny") found = judgement;
    }
    return found;
  }

  /** See {@linkcode Judge.leadsTo}. */
  leadsTo(directory: string): boolean {
    return this.#names(directory).some(({ path }) => this.#tree.leadsTo(path));
  }

  /** See {@linkcode Judge.unreadable}. */
  unreadable(directory: string): readonly string[] | undefined {
    const [name] = this.#names(directory);
    if (name === undefined) return undefined;
    const { path, route } = name;
    // What may not be read may not be by any name, this one included, unless another route hides it.
    if (this.#routes.some((other) => hides(other, path, route))) return undefined;
    return this.#tree.unreadable(path)?.flatMap((pattern) => {
      const below = compileGlob(pattern, "/").below(path);
      return below === null ? [] : [joinPaths(directory, `/${below}`)];
    });
  }

  #names(path: string): readonly Name[] {
    return this.#routes.flatMap((route) => {
      if (route.backend !== this.#backend || !isWithin(path, route.path)) return [];
      const name = joinPaths(baseOf(route), relativeTo(path, route.path));
      const first = this.#routes.find((other) => isWithin(name, baseOf(other)));
      return first === route ? [{ path: name, route }] : [];
    });
  }
}

/** Whether another route stands in a directory of a route. */
function hides(other: PlaceRoute, directory: string, route: PlaceRoute): boolean {
  return other !== route && isWithin(baseOf(other), directory);
}

function baseOf({ prefix }: PlaceRoute): string {
  return prefix === "/" ? "/" : prefix.slice(0, -1);
}

function routeText({ prefix }: PlaceRoute): string {
  return prefix === "/" ? "the default" : `the route '${prefix}'`;
}
