/**
 * Files under a local root that stay as they are whatever is asked: the workflow file that is
 * being run, for example, when its root is the project that holds it.
 *
 * @module
 */

import { BackendError } from "./errors.ts";
import { localError, type Verb } from "./_local_errors.ts";
import type { LocalGuard, Place, Step } from "./_local_guard.ts";
import { isSameFile } from "./_local_info.ts";

/** Host paths that may not be changed. */
export class ProtectedPaths {
  readonly #guard: LocalGuard;
  readonly #paths: readonly string[];

  /**
   * @param guard The root's guard.
   * @param hosts Absolute host paths under the root.
   * @throws {TypeError} If one of them is not under the root.
   */
  constructor(guard: LocalGuard, hosts: readonly string[]) {
    this.#guard = guard;
    this.#paths = hosts.map((host) => {
      const below = guard.below(host);
      if (below !== undefined) return below;
      throw new TypeError("Every path of 'protect' must be inside 'rootDir'");
    });
  }

  /**
   * Refuses to change a place that is protected, that is inside a protected directory, or that a
   * protected path leads through: a parent directory or a symbolic link.
   *
   * Places are compared by their inode too, since some file systems take `A` for `a`.
   *
   * @param place The place whose name is about to be created, replaced or removed.
   * @param verb What is tried, for the message.
   * @param path The canonical path, for the message.
   * @throws {BackendError} `denied` if it is protected.
   */
  check(place: Place, verb: Verb, path: string): void {
    for (const each of this.#paths) {
      const through = this.#through(each, verb);
      const end = through.at(-1);
      const inside = end !== undefined && place.trail.some((step) => same(step, end));
      // The first step is the root itself, which nothing can change.
      if (inside || through.slice(1).some((step) => same(step, place))) {
        throw localError("denied", verb, path, "it is protected");
      }
    }
  }

  /** What a protected path leads through; a link out of the root ends it, as nothing follows. */
  #through(path: string, verb: Verb): readonly Step[] {
    const trail: Step[] = [];
    try {
      this.#guard.resolve(path, verb, true, trail);
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
    }
    return trail;
  }
}

function same(a: Step, b: Step): boolean {
  if (a.host === b.host) return true;
  return a.info !== undefined && isSameFile(a.info, b.info);
}
