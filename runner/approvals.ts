/**
 * Approvals: who is asked about a call that a rule of `ask` is for, and what is granted at the moment.
 *
 * The agent process asks, and is not trusted: what it may ask about the rules decide here again, and
 * what it may do the relay does, which goes by {@linkcode Approvals.isGranted} and
 * {@linkcode Approvals.takeCommand}. A command is shown as it will run; the description of any other
 * change is the agent's own.
 *
 * @module
 */

import type { AgentEvent } from "../agent/events.ts";
import type {
  ApprovalParams,
  ApprovalResult,
  ApprovalWish,
  CommandParams,
} from "../agent/process.ts";
import { maskedMessage } from "../agent/masked_message.ts";
import { SecretMask } from "../agent/secrets.ts";
import { isApproved, Policy, type Rules } from "../backends/policy.ts";
import { readApproval } from "./_agent_words.ts";
import type { RunEventBody } from "./events.ts";
import type { Plan } from "./plan.ts";
import { unless } from "./_interruption.ts";
import type { ApprovedOptions } from "./relay.ts";
import { commandText } from "./_screen_commands.ts";

/** Characters of a command's standard input that are shown. */
const INPUT_CHARACTERS = 10_000;

/** Asks somebody; `wait` where nobody can answer now. */
export type Approver = (question: ApprovalParams, signal: AbortSignal) => Promise<ApprovalResult>;

/** Nobody who could answer: what is asked about waits. */
export const NOBODY: Approver = () => Promise.resolve({ verdict: "wait" });

/** Options of {@linkcode Approvals}. */
export interface ApprovalsOptions {
  /** The run's plan, for its rules. */
  readonly plan: Pick<Plan, "allow" | "ask" | "deny">;
  /** Takes down what is asked and answered, before the answer counts. */
  readonly emit: (event: RunEventBody) => void;
  /**
   * Who is asked.
   *
   * @default {nobody: every question waits}
   */
  readonly approver?: Approver | undefined;
  /**
   * Masks what whoever is asked sees, and what is kept of a question.
   *
   * @default {nothing is masked}
   */
  readonly mask?: SecretMask | undefined;
  /**
   * The questions of a run that this one is a part of: nobody is asked two at a time.
   *
   * @default {those of this run alone}
   */
  readonly questions?: Questions | undefined;
}

/** The questions of a run, and of those inside it. */
export interface Questions {
  /** The one that is being answered, or the last one. */
  last: Promise<unknown>;
}

/** An attempt of a step that is under way. */
interface Attempt {
  /** The step's own rules, if it has any. */
  readonly policy: Policy | undefined;
  /** The calls under way, by their ids, with their tools. */
  readonly calls: Map<string, string>;
  /** What was approved, by the calls' ids. */
  readonly granted: Map<string, readonly ApprovalWish[]>;
  /** What nobody could answer. */
  readonly waiting: ApprovalParams[];
  /** Ends its questions. */
  readonly over: AbortController;
}

/** The approvals of a run: those of all steps that are under way. */
export class Approvals {
  readonly #policy: Policy;
  readonly #emit: (event: RunEventBody) => void;
  readonly #approver: Approver;
  readonly #mask: SecretMask;
  /** The attempts under way, by the keys of their steps. */
  readonly #attempts = new Map<string, Attempt>();
  /** A person is asked one at a time. */
  readonly questions: Questions;

  /** @param options The rules, and who is asked and told. */
  constructor({ plan, emit, approver, mask, questions }: ApprovalsOptions) {
    this.#policy = new Policy(plan);
    this.#emit = emit;
    this.#mask = mask ?? new SecretMask([]);
    this.#approver = approver ?? NOBODY;
    this.questions = questions ?? { last: Promise.resolve() };
  }

  /**
   * What nobody could answer in the attempt of a step that is under way.
   *
   * @param step The step's key.
   * @returns The questions, in the order in which they were asked.
   */
  waiting(step: string): readonly ApprovalParams[] {
    return this.#attempts.get(step)?.waiting ?? [];
  }

  /**
   * Begins an attempt of a step: nothing is granted to it.
   *
   * @param step The step's key.
   * @param rules The step's own rules, besides those of the run.
   */
  begin(step: string, rules?: Rules): void {
    const over = new AbortController();
    const policy = rules && new Policy(rules);
    this.#attempts.set(step, { policy, calls: new Map(), granted: new Map(), waiting: [], over });
  }

  /** Ends the attempt of a step: its grants end with it, and its questions. */
  end(step: string): void {
    this.#attempts.get(step)?.over.abort();
    this.#attempts.delete(step);
  }

  /** Takes note of what the agent does: a call's grant ends with the call. */
  note(step: string, event: AgentEvent): void {
    const attempt = this.#attempts.get(step);
    if (event.type === "tool.called") attempt?.calls.set(event.callId, event.tool);
    if (event.type !== "tool.finished") return;
    attempt?.calls.delete(event.callId);
    attempt?.granted.delete(event.callId);
  }

  /**
   * Answers the agent process.
   *
   * @param params What it asks; not checked.
   * @param signal Ends the question.
   * @returns The answer.
   * @throws {TypeError} If it is no question about a call under way that the rules want to be asked.
   */
  async answer(params: unknown, signal: AbortSignal): Promise<ApprovalResult> {
    const question = readApproval(params);
    const { step, callId, tool, wishes } = question;
    const attempt = this.#attempts.get(step);
    if (attempt?.calls.get(callId) !== tool) {
      throw new TypeError(`There is no call '${callId}' of '${tool}' under way to approve`);
    }
    // Whatever was granted to this call before, it asks anew.
    attempt.granted.delete(callId);
    const asked = wishes.map((wish) => this.#checked(wish, attempt.policy));
    const detail = shownDetail(maskedMessage(this.#mask, question));
    return await this.ask({ ...question, wishes: asked, detail }, signal);
  }

  /**
   * Asks about something.
   *
   * @param question What is to be approved.
   * @param signal Ends the question.
   * @returns The answer. A grant holds until the call is finished, or the attempt.
   */
  async ask(question: ApprovalParams, signal: AbortSignal): Promise<ApprovalResult> {
    const before = this.questions.last;
    const { promise: answered, resolve } = Promise.withResolvers<void>();
    this.questions.last = before.then(() => answered);
    const over = this.#attempts.get(question.step)?.over.signal;
    const ended = over === undefined ? signal : AbortSignal.any([signal, over]);
    try {
      await unless(ended, before);
      return await this.#ask(question, ended);
    } finally {
      resolve();
    }
  }

  async #ask(question: ApprovalParams, signal: AbortSignal): Promise<ApprovalResult> {
    const { step, callId } = question;
    const attempt = this.#attempts.get(step);
    // A grant is for what was asked; nobody else needs to see the secrets in it.
    const shown: ApprovalParams = { ...maskedMessage(this.#mask, question), step, callId };
    this.#emit({ type: "approval.requested", ...shown });
    const { verdict, reason } = await this.#approver(shown, signal);
    signal.throwIfAborted();
    const answer = { verdict, ...reason === undefined ? {} : { reason } };
    this.#emit({ type: "approval.answered", step, callId, ...answer });
    if (verdict === "granted") attempt?.granted.set(callId, question.wishes);
    if (verdict === "wait") attempt?.waiting.push(shown);
    return answer;
  }

  /**
   * Asks about the command of a `run` step, if a rule wants that.
   *
   * @param params The command.
   * @param signal Ends the question.
   * @returns The answer. A grant holds for the attempt.
   */
  async askCommand(params: CommandParams, signal: AbortSignal): Promise<ApprovalResult> {
    const { step, command, cwd, env } = params;
    const { verdict, rule = "" } = await this.#policy.decideCommand(command, { env });
    if (verdict !== "ask") return { verdict: "granted" };
    const wish = { verb: "execute", what: commandText(command), rule, cwd, env } as const;
    const detail = commandDetail(maskedMessage(this.#mask, wish));
    return await this.ask({ step, callId: "", tool: "run", wishes: [wish], detail }, signal);
  }

  /**
   * Whether something was approved, and its call is still under way.
   *
   * @param verb What is wanted.
   * @param path A canonical path.
   * @returns Whether it is granted.
   */
  isGranted(verb: "read" | "write", path: string): boolean {
    for (const { granted } of this.#attempts.values()) {
      for (const wishes of granted.values()) {
        if (isApproved(this.#policy, wishes, verb, path)) return true;
      }
    }
    return false;
  }

  /**
   * Whether a command was approved, to run like this, and its call is still under way. The approval is
   * used up.
   *
   * @param command The command.
   * @param options Where and how it is to run.
   * @returns Whether it is granted.
   */
  takeCommand(command: string, options: ApprovedOptions): boolean {
    const key = commandKey(command, options);
    for (const { granted } of this.#attempts.values()) {
      for (const [callId, wishes] of granted) {
        const taken = wishes.find((wish) =>
          wish.verb === "execute" && commandKey(wish.what, wish) === key
        );
        if (taken === undefined) continue;
        granted.set(callId, wishes.filter((wish) => wish !== taken));
        return true;
      }
    }
    return false;
  }

  /** The wish with the rule that is for it: that of the run, or else of the step. */
  #checked(wish: ApprovalWish, own: Policy | undefined): ApprovalWish {
    const { verb, what, env } = wish;
    const decisions = [this.#policy, ...own === undefined ? [] : [own]].map((policy) =>
      verb === "execute" ? policy.decideCommand(what, { env }) : policy.decide(verb, what)
    );
    const asking = decisions.find(({ verdict }) => verdict === "ask");
    if (asking !== undefined && decisions.every(({ verdict }) => verdict !== "deny")) {
      return { ...wish, rule: asking.rule ?? "" };
    }
    throw new TypeError(`No rule asks about '${verb} ${what}'`);
  }
}

/** What somebody is shown. Of a command it is what will run, whatever the agent says of it. */
function shownDetail({ wishes, detail }: ApprovalParams): string {
  const commands = wishes.filter(({ verb }) => verb === "execute");
  const others = commands.length < wishes.length ? [detail] : [];
  return [...commands.map(commandDetail), ...others].join("\n");
}

function commandDetail({ what, cwd = "/", env = {}, stdin = "" }: ApprovalWish): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${commandText([value])}`);
  const left = stdin.length - INPUT_CHARACTERS;
  const more = left > 0 ? ` (and ${left} more characters)` : "";
  const input = `(standard input: ${JSON.stringify(stdin.slice(0, INPUT_CHARACTERS))}${more})`;
  return [what.trimEnd(), `(in ${cwd})`, ...variables, ...stdin === "" ? [] : [input]].join("\n");
}

function commandKey(what: string, { cwd = "/", env = {}, stdin = "" }: ApprovedOptions): string {
  const variables = Object.entries(env).sort(([a], [b]) => a < b ? -1 : 1);
  return JSON.stringify([what, cwd, variables, stdin]);
}
