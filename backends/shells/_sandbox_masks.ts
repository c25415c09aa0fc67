/**
 * Rules as mounts: what may not be read is covered, what may not be written is bound read-only, and the
 * directories above are kept from being renamed. What a command then makes all the same is removed.
 *
 * @module
 */

import { BackendError } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import { isWithin, joinPaths, parentPath, relativeTo } from "../paths.ts";
import type { Policy } from "../policy.ts";
import { joinBytes } from "../_bytes.ts";
import { PathRights } from "./_sandbox_rights.ts";
import type { Bind, MountPoints, SandboxPlaces } from "./_sandbox_root.ts";
import { list, type ListedEntry, type WatchedDirectory } from "./_sandbox_scan.ts";
import type { SandboxTools } from "./_sandbox_tools.ts";
import { type FoundEntry, MaskWalk } from "./_sandbox_walk.ts";

/** Things that may be mounted: for each, bubblewrap looks at all those before it. */
const MOUNTS = 1_000;

/** Removed names that are told one by one. */
const NAMES_TOLD = 10;

/** Options of {@linkcode SandboxMasks}. */
export interface SandboxMasksOptions {
  readonly policy: Policy;
  readonly points: MountPoints;
  readonly places: SandboxPlaces;
  readonly tools: SandboxTools;
}

/** What was there before a command, and how it is mounted. */
export interface MaskedTree {
  /** Everything that is to be mounted. */
  readonly binds: readonly Bind[];
  /**
   * What there is, by its path: it may stay, whatever the rules say of it. Empty for what a command
   * could not replace: where another one stands after it, somebody else has put it there.
   */
  readonly known: ReadonlyMap<string, string>;
}

/** Keeps rules by mounts. */
export class SandboxMasks {
  readonly #rights: PathRights;
  readonly #points: MountPoints;
  readonly #places: SandboxPlaces;
  readonly #tools: SandboxTools;

  /** @param options The rules, and what is mounted without them. */
  constructor(options: SandboxMasksOptions) {
    this.#rights = new PathRights(options.policy);
    this.#points = options.points;
    this.#places = options.places;
    this.#tools = options.tools;
  }

  /**
   * Walks all mounts and works out what has to be mounted.
   *
   * @throws {BackendError} `too_large` where there is more than can be looked at or mounted, and
   * `unsupported` for names that cannot be: what cannot be covered is not run.
   */
  async prepare(): Promise<MaskedTree> {
    const entries = await this.#entries();
    if (entries === undefined) {
      throw tooMany(`the directories of the host hold more than ${LIMITS.treeEntries} entries`);
    }
    const walk = new MaskWalk(this.#rights, this.#points, this.#places);
    for (const entry of entries) walk.visit(entry);
    walk.coverOtherNames(entries);
    const binds = walk.binds();
    if (binds.length > MOUNTS) {
      throw tooMany(`the rules of 'tools' are about more than ${MOUNTS} files: name directories`);
    }
    const known = entries.map((entry): [string, string] => [
      entry.path,
      entry.type === "file" || entry.type === "directory" ? "" : identityOf(entry),
    ]);
    return { binds, known: new Map(known) };
  }

  /**
   * Removes what a command has made or moved to where it may not write.
   *
   * @param before What was there before it.
   * @returns What there is to say about it.
   */
  async enforce(before: MaskedTree): Promise<readonly string[]> {
    const entries = await this.#entries();
    if (entries === undefined) {
      return [
        `The directories of the host hold more than ${LIMITS.treeEntries} entries now: what the ` +
        "command made there could not be held against the rules of 'tools'",
      ];
    }
    const forbidden = this.#forbidden(entries, before);
    await this.#tools.remove(forbidden.map(({ host }) => host));
    const notes = forbidden.map((entry) => this.#forbiddenNote(entry));
    const more = notes.length - NAMES_TOLD;
    if (more <= 0) return notes;
    return [...notes.slice(0, NAMES_TOLD), `${more} other files that the rules deny were removed`];
  }

  /** The topmost entries that a rule keeps from being there. */
  #forbidden(entries: readonly FoundEntry[], before: MaskedTree): readonly FoundEntry[] {
    const forbidden: FoundEntry[] = [];
    const going = new Set<string>();
    for (const entry of entries) {
      const { path } = entry;
      const known = before.known.get(path);
      if (known === "" || known === identityOf(entry)) continue;
      if (going.has(parentPath(path))) {
        going.add(path);
      } else if (
        this.#points.accessOf(path) === "read-write" &&
        this.#rights.decide("write", path).verdict !== "allow"
      ) {
        going.add(path);
        forbidden.push(entry);
      }
    }
    return forbidden;
  }

  /** Everything below the mounts, a directory before what is in it; `undefined` if it is too much. */
  async #entries(): Promise<readonly FoundEntry[] | undefined> {
    const mounts = this.#points.all;
    const directories = new Map<string, WatchedDirectory>();
    for (const { path, directory } of mounts) {
      // Two mounts may be of one directory: what is hidden in the one is seen in the other.
      const except = directories.has(directory) ? [] : mounts
        .filter((inner) => inner.path !== path && isWithin(inner.path, path))
        .map((inner) => joinPaths(directory, relativeTo(inner.path, path)));
      directories.set(directory, { directory, except });
    }
    const found: FoundEntry[] = [];
    await list(this.#tools, [...directories.values()], (entry) => {
      for (const mount of mounts) {
        if (mount.directory !== entry.directory) continue;
        const path = treePath(mount.path, entry);
        if (this.#points.mountOf(path) !== mount) continue;
        found.push({ ...entry, path, named: entry.path !== undefined, host: hostPath(entry) });
      }
      return found.length <= LIMITS.treeEntries;
    });
    return found.length > LIMITS.treeEntries ? undefined : found;
  }

  #forbiddenNote({ path }: FoundEntry): string {
    const { rule } = this.#rights.decide("write", path);
    const why = rule === undefined ? "no rule allows to write it" : `denied by the rule '${rule}'`;
    return `'${path}' was removed: ${why}`;
  }
}

/** The path of an entry in the tree, or what can be told of it. */
function treePath(mount: string, { path, bytes }: ListedEntry): string {
  return joinPaths(mount, `/${path ?? new TextDecoder().decode(bytes)}`);
}

function hostPath({ directory, bytes }: ListedEntry): Uint8Array {
  return joinBytes([new TextEncoder().encode(`${directory}/`), bytes]);
}

/** What tells an entry from another one at the same path. */
function identityOf({ type, identity }: FoundEntry): string {
  return `${type} ${identity}`;
}

function tooMany(what: string): BackendError {
  return new BackendError("too_large", "/", `The command was not run: ${what}`);
}
