/**
 * Who decides about the paths of a {@linkcode JudgedBackend}: the policy, and what stands beside it.
 *
 * @module
 */

import { isWithin } from "./paths.ts";
import { type Policy, refusalReason, type Verdict } from "./policy.ts";

/** What is said of a path. */
export interface Judgement {
  /** What becomes of the wish. */
  readonly verdict: Verdict;
  /** Why it is not allowed: a clause that begins with `denied`, to stand after `Cannot read '/a': `. */
  readonly reason: string;
}

/** Decides about paths. */
export interface Judge {
  /** What is said of a canonical path. */
  judge(verb: "read" | "write", path: string): Judgement;
  /** Whether a directory that may not be read is shown, because something below it may be read. */
  leadsTo(directory: string): boolean;
  /**
   * Patterns of all files in a directory that may not be opened now, and perhaps of others; they may
   * stand in braces. `undefined` where they cannot be told.
   */
  unreadable(directory: string): readonly string[] | undefined;
}

/** What {@linkcode PolicyJudge} goes by. */
export interface PolicyJudgeOptions {
  /** The rules. */
  readonly policy: Policy;
  /**
   * Canonical directories that are no part of the tree, because a shell has its own there.
   *
   * @default {[]}
   */
  readonly reserved?: readonly string[] | undefined;
  /**
   * Whether somebody approved what a rule of `ask` is for.
   *
   * @default {nothing is}
   */
  readonly isGranted?: ((verb: "read" | "write", path: string) => boolean) | undefined;
}

const ALLOWED: Judgement = { verdict: "allow", reason: "" };

/** Decides by a policy. */
export class PolicyJudge implements Judge {
  readonly #policy: Policy;
  readonly #reserved: readonly string[];
  readonly #isGranted: (verb: "read" | "write", path: string) => boolean;

  /** @param options The policy, and what stands beside it. */
  constructor({ policy, reserved = [], isGranted = () => false }: PolicyJudgeOptions) {
    this.#policy = policy;
    this.#reserved = reserved;
    this.#isGranted = isGranted;
  }

  /** See {@linkcode Judge.judge}. */
  judge(verb: "read" | "write", path: string): Judgement {
    const reserved = this.#reservedFor(path);
    if (reserved !== undefined) {
      return {
        verdict: "deny",
        reason: `denied: '${reserved}' is one of the shell's own system directories`,
      };
    }
    const { verdict, rule } = this.#policy.decide(verb, path);
    if (verdict === "allow" || (verdict === "ask" && this.#isGranted(verb, path))) return ALLOWED;
    return { verdict, reason: refusalReason({ verdict, rule }) };
  }

  /** See {@linkcode Judge.leadsTo}. */
  leadsTo(directory: string): boolean {
    return this.#reservedFor(directory) === undefined && this.#policy.leadsTo(directory);
  }

  /** See {@linkcode Judge.unreadable}. */
  unreadable(directory: string): readonly string[] | undefined {
    const patterns = this.#policy.unreadable(directory);
    const reserved = this.#reserved.filter((each) => isWithin(each, directory))
      .flatMap((each) => [each, `${each}/**`]);
    return patterns === undefined ? undefined : [...patterns, ...reserved];
  }

  #reservedFor(path: string): string | undefined {
    return this.#reserved.find((directory) => isWithin(path, directory));
  }
}
