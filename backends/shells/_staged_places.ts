/**
 * Which files of a tree a shell sees by itself, and which are brought to it.
 *
 * @module
 */

import { isWithin } from "../paths.ts";
import { isSystemPath } from "./_request.ts";

/** Prefixes of a tree, such as `/project/`. */
export interface Prefixes {
  /** What the shell sees by itself. */
  readonly mounts: readonly string[];
  /** What is brought to it. */
  readonly staged?: readonly string[] | undefined;
}

/** The places of files that are brought to a shell. */
export class StagedPlaces {
  /** The directories that the staged files are in, those above others before them. */
  readonly staged: readonly string[];
  /** What notes call the files. */
  readonly what: string;
  /** All prefixes, the longest first, and whether what is in them is staged. */
  readonly #prefixes: readonly (readonly [directory: string, isStaged: boolean])[];

  /** @param prefixes What the tree is divided into. */
  constructor({ mounts, staged }: Prefixes) {
    const native = mounts.map(directoryOf);
    const brought = (staged ?? (native.includes("/") ? [] : ["/"])).map(directoryOf);
    // What is outside of all prefixes is the shell's own, unless "/" is staged.
    this.staged = [...new Set(brought)].sort((a, b) => a.length - b.length);
    this.what = staged === undefined ? "files of memory" : "files that are kept elsewhere";
    this.#prefixes = [
      ...native.map((directory) => [directory, false] as const),
      ...this.staged.map((directory) => [directory, true] as const),
    ].sort(([a], [b]) => b.length - a.length);
  }

  /** @param path A canonical path of the tree. */
  isStaged(path: string): boolean {
    if (isSystemPath(path)) return false;
    return this.#prefixes.find(([directory]) => isWithin(path, directory))?.[1] ?? false;
  }

  /** @param directory A canonical path: whether it is staged with everything that may be in it. */
  areStaged(directory: string): boolean {
    return this.isStaged(directory) &&
      !this.#prefixes.some(([other, isStaged]) => !isStaged && isWithin(other, directory));
  }
}

function directoryOf(prefix: string): string {
  return prefix.replace(/(?<=.)\/$/, "");
}
