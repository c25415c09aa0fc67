/**
 * The gate before each call: what a rule of `ask` is for runs only once somebody has approved it, and
 * then on files that grant exactly that.
 *
 * @module
 */

import { BackendError } from "../backends/errors.ts";
import { GuardedBackend } from "../backends/guard.ts";
import { canonicalPath } from "../backends/paths.ts";
import { type Policy, refusalReason, refusedCommand } from "../backends/policy.ts";
import type { Backend } from "../backends/protocol.ts";
import { abortable } from "./_abort.ts";
import { boundedLines } from "./_diff.ts";
import { sentence } from "./_failure.ts";
import type { ApprovalParams, ApprovalResult, ApprovalWish } from "./process.ts";
import type { PreparedCall } from "./tool.ts";

/** What somebody is asked. */
export type ApprovalQuestion = Omit<ApprovalParams, "step">;

/** Asks somebody who can approve a call. */
export type Approve = (
  question: ApprovalQuestion,
  signal: AbortSignal,
) => ApprovalResult | Promise<ApprovalResult>;

/** What the rules say of a call, before anybody is asked. */
export type Ruling =
  | { readonly type: "run" }
  | { readonly type: "denied"; readonly error: BackendError }
  | { readonly type: "ask"; readonly wishes: readonly ApprovalWish[] };

/** A call that somebody has to approve. */
export interface AskingCall {
  readonly id: string;
  /** The tool's name. */
  readonly tool: string;
  /** The arguments as the model wrote them, parsed. */
  readonly arguments: unknown;
  readonly call: PreparedCall;
  readonly wishes: readonly ApprovalWish[];
}

/** What became of the question. */
export type Answer =
  /** It runs, on these files. */
  | { readonly type: "granted"; readonly files: Backend }
  /** The model is told so. */
  | { readonly type: "refused"; readonly text: string }
  /** Nobody can answer now. */
  | { readonly type: "wait" };

/** Decides about calls. */
export class Gate {
  readonly #files: Backend;
  readonly #policies: readonly Policy[];
  readonly #approve: Approve | undefined;

  /**
   * @param files The files as the agent has them: the rules are those of a {@linkcode GuardedBackend},
   * and of one directly behind it.
   * @param approve Asks. Without it nothing is done that somebody would have to approve.
   */
  constructor(files: Backend, approve: Approve | undefined) {
    this.#files = files;
    this.#policies = files instanceof GuardedBackend ? files.policies : [];
    this.#approve = approve;
  }

  /**
   * What the rules say of a call. Of what it does beyond its effects the files themselves decide, and
   * they refuse what somebody would have to approve.
   */
  rule({ effects, command }: PreparedCall): Ruling {
    const wishes = new Map<string, ApprovalWish>();
    for (const policy of command === undefined ? [] : this.#policies) {
      const { script = "", env = {}, cwd = "/", stdin = "" } = command ?? {};
      const decision = policy.decideCommand(script, { env });
      const { verdict, rule = "" } = decision;
      if (verdict === "deny") return { type: "denied", error: refusedCommand(decision) };
      if (verdict !== "ask" || wishes.has("")) continue;
      wishes.set("", {
        ...{ verb: "execute", what: script, rule },
        ...cwd === "/" ? {} : { cwd },
        ...Object.keys(env).length === 0 ? {} : { env },
        ...stdin === "" ? {} : { stdin },
      });
    }
    let denial: BackendError | undefined;
    for (const [verb, paths] of [["read", effects?.reads], ["write", effects?.writes]] as const) {
      for (const path of paths ?? []) {
        const what = canonicalOrNone(path);
        // The files say best what is wrong with a path. Nobody is asked about a call that comes to
        // nothing.
        if (what === undefined) return { type: "run" };
        for (const policy of this.#policies) {
          const decision = policy.decide(verb, what);
          const { verdict, rule = "" } = decision;
          const key = `${verb} ${what}`;
          // One question is enough, by the rules that come first.
          if (verdict === "ask" && !wishes.has(key)) wishes.set(key, { verb, what, rule });
          const shown = verb === "read" && policy.leadsTo(what);
          if (verdict !== "deny" || shown) continue;
          const message = `Cannot ${verb} '${what}': ${refusalReason(decision)}`;
          denial ??= new BackendError("denied", what, message);
        }
      }
    }
    if (wishes.size === 0) return { type: "run" };
    return denial === undefined
      ? { type: "ask", wishes: [...wishes.values()] }
      : { type: "denied", error: denial };
  }

  /**
   * Asks about a call, right before it would run.
   *
   * @throws What the call's preview throws: then it would come to nothing.
   */
  async ask(asking: AskingCall, signal: AbortSignal): Promise<Answer> {
    const { id, tool, wishes } = asking;
    if (this.#approve === undefined || !(this.#files instanceof GuardedBackend)) {
      return { type: "refused", text: unasked(tool, wishes) };
    }
    let detail = await this.#detail(asking, signal);
    while (true) {
      const answer = Promise.resolve(this.#approve({ callId: id, tool, wishes, detail }, signal));
      const { verdict, reason } = await abortable(answer, signal);
      if (verdict === "wait") return { type: "wait" };
      if (verdict === "refused") return { type: "refused", text: refused(tool, reason) };
      // A person takes time, in which a file may change. Only what was shown is done.
      const now = await this.#detail(asking, signal);
      if (now === detail) return { type: "granted", files: this.#files.approve(wishes) };
      detail = now;
    }
  }

  async #detail({ call, arguments: args }: AskingCall, signal: AbortSignal): Promise<string> {
    const { command, preview } = call;
    if (preview !== undefined) {
      return await abortable(preview({ backend: this.#files, signal }), signal);
    }
    const named = typeof args === "object" && args !== null ? Object.entries(args) : [];
    const others = named.filter(([, value]) => value !== command?.script);
    return boundedLines([
      ...command === undefined ? [] : command.script.split("\n"),
      ...others.map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
    ]).join("\n");
  }
}

function canonicalOrNone(path: string): string | undefined {
  try {
    return canonicalPath(path);
  } catch (error) {
    if (error instanceof BackendError) return undefined;
    throw error;
  }
}

function refused(tool: string, reason: string | undefined): string {
  const why = reason === undefined || reason.trim() === "" ? "" : ` They say: ${sentence(reason)}`;
  return `Error: '${tool}' was not approved, and was not run.${why} Find another way, or say in ` +
    "your answer that it was refused.";
}

function unasked(tool: string, wishes: readonly ApprovalWish[]): string {
  const rules = [...new Set(wishes.map(({ rule }) => `'${rule}'`))].join(", ");
  return `Error: '${tool}' needs somebody's approval (${rules}), and there is nobody to ask: it ` +
    "was not run. Find another way, or say in your answer that it was refused.";
}
