/**
 * What rules leave of a path to a command. Nobody can be asked while it runs: what asks is denied.
 *
 * @module
 */

import { BackendError } from "../errors.ts";
import { TEMPORARY_NAME } from "../paths.ts";
import type { Decision, Policy } from "../policy.ts";

/** What a command may do at a path: nothing, see what is in it for its own sake, read, or write. */
export type Right = "closed" | "empty" | "read" | "write";

const RANKS: readonly Right[] = ["closed", "empty", "read", "write"];

/** Asks the rules about paths of the host, whose names need not be names of the tree. */
export class PathRights {
  readonly #policy: Policy;

  /** @param policy The rules. */
  constructor(policy: Policy) {
    this.#policy = policy;
  }

  /**
   * What may be done at a path.
   *
   * @param path The path.
   * @param access What its mount grants.
   * @param type What is there.
   */
  at(path: string, access: "read" | "read-write", type: "file" | "directory" = "file"): Right {
    if (this.decide("read", path).verdict !== "allow") {
      return type === "directory" && this.#policy.leadsTo(path) ? "empty" : "closed";
    }
    if (access === "read") return "read";
    return this.decide("write", path).verdict === "allow" ? "write" : "read";
  }

  /** What the rules say. */
  decide(verb: "read" | "write", path: string): Decision {
    // Unfinished writes of the file tools: they are no files of the tree yet.
    if (path.includes(`/${TEMPORARY_NAME}`)) return { verdict: "allow" };
    try {
      return this.#policy.decide(verb, path);
    } catch (error) {
      // The tree has no such path, and so no tool reaches it.
      if (error instanceof BackendError && error.code === "invalid_path") {
        return { verdict: "deny" };
      }
      throw error;
    }
  }
}

/** Whether one right is less than another. */
export function isLess(right: Right, other: Right): boolean {
  return RANKS.indexOf(right) < RANKS.indexOf(other);
}
