/**
 * The guard of a local root: turns a canonical path into a place on the host without ever asking
 * the host to follow a symbolic link. Deno's path permissions do follow them, out of the root too,
 * so that every component is looked at here, one by one, before anything is opened.
 *
 * Everything is synchronous on purpose. A caller that resolves a path and acts on it in the same
 * turn cannot be overtaken by another caller of this process.
 *
 * @module
 */

import { hostCode, localError, type Verb } from "./_local_errors.ts";
import { TEMPORARY_NAME } from "./paths.ts";

/** How many symbolic links one path may lead through; Linux has the same limit. */
const MOST_LINKS = 40;

/** One name on the way to a place, as the host has it. */
export interface Step {
  /** The host path, free of symbolic links but perhaps for the last name. */
  readonly host: string;
  /** What is there; `undefined` if nothing is. */
  readonly info: Deno.FileInfo | undefined;
}

/** Where a path leads. */
export interface Place extends Step {
  /** The directories to create before something can be there, outermost first. */
  readonly missing: readonly string[];
  /** Every name passed, links included, outermost first; the place itself is the last. */
  readonly trail: readonly Step[];
}

/**
 * Whether rules allow something, for places that a symbolic link leads to: rules speak of paths, and
 * whoever asks by the path of the link was judged by that one alone.
 */
export type LinkJudge = (verb: "read" | "write", path: string) => boolean;

/** What is done with a place itself; everything else reads. */
const CHANGES: ReadonlySet<Verb> = new Set(["delete", "edit", "move", "move to", "write"]);
/** What takes along all that is in a directory, of which nobody knows what the rules say. */
const WHOLE: ReadonlySet<Verb> = new Set(["delete", "move"]);

/** A place where something is. */
export type FoundPlace = Place & { readonly info: Deno.FileInfo };

/** The file system under a local root. */
export class LocalGuard {
  /** The root's real path on the host. */
  readonly root: string;
  readonly #prefixes: readonly string[];
  readonly #judge: LinkJudge | undefined;

  /**
   * @param root The root's real path on the host.
   * @param spelled The absolute path by which the user names the root: absolute links may use it.
   * @param judge Decides about places that links lead to; without it they are as good as any.
   */
  constructor(root: string, spelled?: string, judge?: LinkJudge) {
    this.root = root;
    this.#judge = judge;
    this.#prefixes = [root, ...(spelled === undefined || spelled === root ? [] : [spelled])];
  }

  /**
   * Finds the place of a path.
   *
   * @param path A canonical path.
   * @param verb What is tried, for the message.
   * @param follow Whether a symbolic link at the end is followed too.
   * @param trail Where to note every name passed, which is of use even if this throws.
   * @returns The place, which need not exist.
   * @throws {BackendError} `denied` if a link leads out of the root, never ends, or leads to what the
   * rules deny, `not_directory` if a name on the way is no directory.
   */
  resolve(path: string, verb: Verb, follow: boolean, trail: Step[] = []): Place {
    const pending = path.split("/").filter((name) => name !== "").reverse();
    const start = this.#rootStep(path, verb);
    trail.push(start);
    let stack: (Step & { readonly info: Deno.FileInfo })[] = [start];
    let links = 0;
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      const above = stack.at(-1) ?? start;
      if (!above.info.isDirectory) {
        throw localError("not_directory", verb, path, "a name on the way to it is not a directory");
      }
      if (name === "..") {
        if (stack.length === 1) throw this.#escape(path, verb);
        stack.pop();
        continue;
      }
      if (name.startsWith(TEMPORARY_NAME)) throw this.#escape(path, verb);
      const host = joinHost(above.host, name);
      const info = lstat(host);
      if (info === undefined) {
        return this.#judged(links, path, verb, this.#missing(path, verb, host, pending, trail));
      }
      trail.push({ host, info });
      if (!info.isSymlink || (!follow && pending.length === 0)) {
        stack.push({ host, info });
        continue;
      }
      if (++links > MOST_LINKS) {
        throw localError("denied", verb, path, "its symbolic links never end");
      }
      const target = Deno.readLinkSync(host);
      const inside = target.startsWith("/") ? this.below(target) : target;
      if (inside === undefined) throw this.#escape(path, verb);
      if (target.startsWith("/")) stack = [start];
      pending.push(...inside.split("/").filter((part) => part !== "" && part !== ".").reverse());
    }
    const { host, info } = stack.at(-1) ?? start;
    // A link to a directory above ends at a name that the trail has already passed.
    if (trail.at(-1)?.host !== host) trail.push({ host, info });
    return this.#judged(links, path, verb, { host, info, missing: [], trail });
  }

  /**
   * Whether an entry stands at another place than its path says, one that may not be read.
   *
   * @param path The canonical path.
   * @param host Where it is, found through a link above it or none.
   * @returns Whether to pass over it.
   */
  hides(path: string, host: string): boolean {
    if (this.#judge === undefined || host === joinHost(this.root, path.slice(1))) return false;
    return !this.#judge("read", `/${this.below(host)?.replace(/^\/+/, "") ?? ""}`);
  }

  /**
   * Finds the place of a path where something must be.
   *
   * @param path A canonical path.
   * @param verb What is tried, for the message.
   * @param follow Whether a symbolic link at the end is followed too.
   * @returns The place.
   * @throws {BackendError} As {@linkcode LocalGuard.resolve}, and `not_found`.
   */
  find(path: string, verb: Verb, follow: boolean): FoundPlace {
    const place = this.resolve(path, verb, follow);
    const { info } = place;
    if (info === undefined) throw localError("not_found", verb, path, "it does not exist");
    return { ...place, info };
  }

  /**
   * Where a host path is in this root, by its letters alone.
   *
   * @param host An absolute host path.
   * @returns The part below the root, or `undefined` if it is not below it.
   */
  below(host: string): string | undefined {
    for (const prefix of this.#prefixes) {
      if (prefix === "/") return host.slice(1);
      if (host === prefix || host.startsWith(`${prefix}/`)) return host.slice(prefix.length);
    }
    return undefined;
  }

  #judged(links: number, path: string, verb: Verb, place: Place): Place {
    if (links === 0 || this.#judge === undefined) return place;
    const real = `/${this.below(place.host)?.replace(/^\/+/, "") ?? ""}`;
    if (!this.#judge(CHANGES.has(verb) ? "write" : "read", real)) {
      throw localError("denied", verb, path, "its symbolic link leads to what the rules deny");
    }
    if (verb === "move to" || (WHOLE.has(verb) && place.info?.isDirectory === true)) {
      const reason =
        "a symbolic link leads there, and rules speak of paths: use the one it leads to";
      throw localError("denied", verb, path, reason);
    }
    return place;
  }

  #rootStep(path: string, verb: Verb): Step & { readonly info: Deno.FileInfo } {
    const info = lstat(this.root);
    if (info?.isDirectory) return { host: this.root, info };
    throw localError("io", verb, path, "the root directory of this route is gone from the host");
  }

  #missing(
    path: string,
    verb: Verb,
    host: string,
    pending: readonly string[],
    trail: Step[],
  ): Place {
    // What ".." means behind a name that is not there, nobody can say.
    if (pending.includes("..")) throw localError("not_found", verb, path, "it does not exist");
    const hosts = [host];
    for (const name of pending.toReversed()) {
      if (name.startsWith(TEMPORARY_NAME)) throw this.#escape(path, verb);
      hosts.push(joinHost(hosts.at(-1) ?? host, name));
    }
    for (const each of hosts) trail.push({ host: each, info: undefined });
    return { host: hosts.at(-1) ?? host, info: undefined, missing: hosts.slice(0, -1), trail };
  }

  #escape(path: string, verb: Verb): Error {
    return localError("denied", verb, path, "a symbolic link leads out of this route");
  }
}

/**
 * Joins a host directory and a name.
 *
 * @param directory The directory's host path.
 * @param name One name.
 * @returns The host path of the name.
 */
export function joinHost(directory: string, name: string): string {
  return directory === "/" ? `/${name}` : `${directory}/${name}`;
}

/**
 * Looks at a host path without following a link at its end.
 *
 * @param host The host path.
 * @returns What is there, or `undefined` if nothing is.
 */
export function lstat(host: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(host);
  } catch (error) {
    if (hostCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
