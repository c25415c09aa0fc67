/**
 * The guard: rules that hide files from whoever works on a backend, keep them from being changed, or
 * have somebody approve it first.
 *
 * @module
 */

import { PolicyJudge } from "./judge.ts";
import { JudgedBackend } from "./judged.ts";
import { type ApprovedWish, isApproved, Policy, type Rules } from "./policy.ts";
import type { Backend } from "./protocol.ts";

export { parseRule, type Rule } from "./policy.ts";

/** Options of {@linkcode GuardedBackend}. */
export interface GuardedBackendOptions extends Rules {
  /** The files to guard. */
  readonly backend: Backend;
  /**
   * Canonical directories that are no part of the tree because a shell has its own there, such as
   * those of `SYSTEM_DIRECTORIES`: they are hidden, and refused with a sentence that says so.
   *
   * @default {[]}
   */
  readonly reserved?: readonly string[] | undefined;
}

/**
 * A backend on which rules are enforced.
 *
 * `deny` comes before `ask`, and `ask` before `allow`. Without `allow` everything is allowed that
 * neither of the others covers; with it, what no rule of `allow` or `ask` covers is denied, and a
 * directory above what is allowed shows the way there alone.
 *
 * `read` in `deny` hides what matches: listings and searches do not show it, and every operation on
 * it is `denied`, changes too. `write` denies changes alone. What `ask` covers is `denied` as well
 * until {@linkcode GuardedBackend.approve} lifts it; a listing shows it, and a search names it as not
 * searched. `write` in `allow` grants reading too. A directory is deleted or moved only if that is
 * allowed for everything in it, at both ends. A rule for a directory is one for everything in it:
 * `read /secrets`, `read /secrets/` and `read /secrets/**` mean the same.
 *
 * Rules speak of paths, letter by letter. A file that has two of them, through a second route to the
 * same backend, a symbolic link that was there before or a file system that takes `A` for `a`, needs
 * a rule for each. Rules of `execute` are for shells: see {@linkcode Policy.decideCommand}.
 *
 * @example
 * ```ts
 * import { GuardedBackend } from "./guard.ts";
 * import { StateBackend } from "./state.ts";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const memory = new StateBackend();
 * await memory.write("/secrets/key", "123");
 * await memory.write("/app.py", "pass");
 * const backend = new GuardedBackend({
 *   backend: memory,
 *   deny: ["read /secrets/**"],
 *   ask: ["write *.py"],
 * });
 * assertEquals((await backend.ls("/")).map((entry) => entry.path), ["/app.py"]);
 * await assertRejects(() => backend.read("/x/../secrets/key"), Error, "denied by the rule");
 *
 * await assertRejects(() => backend.write("/app.py", ""), Error, "until somebody approves it");
 * await backend.approve([{ verb: "write", what: "/app.py" }]).write("/app.py", "");
 * ```
 */
export class GuardedBackend extends JudgedBackend {
  /** The rules, compiled. */
  readonly policy: Policy;
  readonly #backend: Backend;
  readonly #reserved: readonly string[] | undefined;

  /**
   * Makes a backend.
   *
   * @param options The backend and the rules.
   * @throws {SyntaxError} If a rule cannot be understood.
   */
  constructor(options: GuardedBackendOptions) {
    const { backend, reserved } = options;
    const policy = new Policy(options);
    super(backend, new PolicyJudge({ policy, reserved }));
    this.policy = policy;
    this.#backend = backend;
    this.#reserved = reserved;
  }

  /** All rules that hold here: those of guards directly behind this one come first. */
  get policies(): readonly Policy[] {
    const behind = this.#backend instanceof GuardedBackend ? this.#backend.policies : [];
    return [...behind, this.policy];
  }

  /**
   * The same files for one call that somebody approved. What `deny` covers stays denied.
   *
   * @param wishes What was approved: canonical paths, each with all that is in it as far as the same
   * rule asks about it. Who may write may read. Wishes of `execute` make no difference here.
   * @returns The files on which that is allowed, by a guard directly behind this one too.
   */
  approve(wishes: readonly ApprovedWish[]): Backend {
    const backend = this.#backend instanceof GuardedBackend
      ? this.#backend.approve(wishes)
      : this.#backend;
    const judge = new PolicyJudge({
      policy: this.policy,
      reserved: this.#reserved,
      isGranted: (verb, path) => isApproved(this.policy, wishes, verb, path),
    });
    return new JudgedBackend(backend, judge);
  }
}
