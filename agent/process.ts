/**
 * What the runner and the agent process say to each other: the requests, their replies and the
 * notices, as types. `agent/main.ts` is the one side, `runner/supervise.ts` the other.
 *
 * The conversations with models live in the agent process, one for each step: it begins as that of
 * another step was, and goes on from attempt to attempt. Several steps are under way at a time, told
 * apart by their keys: a step's id, or `ID[0]` for an item of a step with `foreach`. Files of state backends live there too, and the runner reads them with the
 * requests of `serveBackends`; those of local backends live in the host process, and the agent
 * reaches them through the runner with the same requests, as it does those of containers.
 *
 * @module
 */

import type { ShellLimits, ShellType } from "../backends/shells/shell.ts";
import type { AgentEvent } from "./events.ts";
import type { AnswerFormat, Message, Usage } from "./model.ts";
import type { RehearsalTurn } from "./rehearsal.ts";

/** The names of the agent process's requests and of its notice. */
export const AGENT_PROCESS = {
  /** Request, once, first: {@linkcode StartParams}, answered with {@linkcode StartResult}. */
  start: "agent.start",
  /** Request: {@linkcode StepParams}, answered with {@linkcode StepResult}. Several at a time. */
  step: "agent.step",
  /** Request: {@linkcode StepEndParams}, answered with {@linkcode StepEndResult}. */
  stepEnd: "agent.step.end",
  /**
   * Request: {@linkcode CommandParams}, answered with an `ExecuteResult`. The runner's own commands,
   * those of `run` steps, go the way that the model's do.
   */
  execute: "agent.execute",
  /** Request: {@linkcode JudgeParams}, answered with {@linkcode JudgeResult}. */
  judge: "agent.judge",
  /**
   * Request: `{}`, answered with a {@linkcode Checkpoint} of what was said in all steps that have ended
   * by then; a waiting step's own is in its result.
   */
  checkpoint: "agent.checkpoint",
  /**
   * Request: a {@linkcode Checkpoint}, before the first step: what was said in the steps that had ended
   * is there to go on with. Those that wait follow, each with its `resume`.
   */
  restore: "agent.restore",
  /** Request from the agent: {@linkcode ApprovalParams}, answered with {@linkcode ApprovalResult}. */
  approve: "agent.approve",
  /** Notice from the agent: {@linkcode EventNotice}. All of a step's come before its reply. */
  event: "agent.event",
} as const;

/**
 * What the name of a backend begins with that is the whole tree, with the run's rules in front of
 * it: `lent:STEP`. The runner lends it to the workflow that the step uses; its changes are told as
 * `file.changed` of the step.
 */
export const LENT_TREE = "lent:";

/** The model that the agent process talks to; `none` where every step is a command. */
export type StartModel =
  | { readonly type: "none" }
  | {
    readonly type: "openai";
    /** `gpt-4.1`. */
    readonly name: string;
    /** `https://api.openai.com/v1`. */
    readonly baseUrl: string;
    /** The key. It goes into no event, no error and no environment. */
    readonly apiKey: string;
  }
  | {
    readonly type: "rehearsal";
    /** The model it stands in for: `openai:gpt-4.1`. */
    readonly name: string;
  };

/** A store of files, by the name that routes use. */
export interface StartBackend {
  readonly name: string;
  /** `state` is kept in the agent process, the others are reached through the runner. */
  readonly type: "state" | "local" | "docker";
}

/** A prefix of the tree and the files that stand there. */
export interface StartRoute {
  /** Canonical, with a slash at both ends; `/` is the default and comes last. */
  readonly prefix: string;
  /** A name of {@linkcode StartParams.backends}. */
  readonly backend: string;
  /** The canonical path inside the backend. */
  readonly path: string;
  readonly access: "read" | "read-write";
}

/** What the agent process is told first. */
export interface StartParams {
  readonly model: StartModel;
  readonly instructions: string;
  readonly backends: readonly StartBackend[];
  readonly routes: readonly StartRoute[];
  /** Rules such as `read **` + `/.env*`; empty for none. */
  readonly deny: readonly string[];
  /** Rules of what somebody has to approve each time; empty for none. */
  readonly ask: readonly string[];
  /** Rules of what is granted; without them everything is that the routes grant. */
  readonly allow?: readonly string[] | undefined;
  /** The shell of the run, if it has one. */
  readonly shell?: StartShell | undefined;
  /** Texts that are masked in all that the model, the events and the replies say. */
  readonly secrets?: readonly string[] | undefined;
  /** What all steps together may use up. */
  readonly budget?: StartBudget | undefined;
}

/** What a model costs: US dollars for a million tokens. */
export interface ModelPrice {
  /** Of requests. */
  readonly input: number;
  /** Of answers. */
  readonly output: number;
  /** What long requests and their answers cost instead, where that is more. */
  readonly long?: {
    /** A request with more tokens is a long one. */
    readonly above: number;
    readonly input: number;
    readonly output: number;
  } | undefined;
}

/** What may be used up; what is not named is not limited. */
export interface StartBudget {
  /** Requests of models. */
  readonly turns?: number | undefined;
  /** Tokens of requests and answers together. */
  readonly tokens?: number | undefined;
  /** US dollars. */
  readonly usd?: number | undefined;
  /** US dollars that the day has left: those of `usd_per_day` without those of other runs. */
  readonly usdToday?: number | undefined;
  /** What was used up before, by a run that this one goes on with or by attempts before this one. */
  readonly used?:
    | { readonly turns: number; readonly tokens: number | null; readonly usd: number | null }
    | undefined;
  /**
   * What each model costs, by its whole name, `openai:gpt-4.1`; for `usd` and `usdToday`.
   */
  readonly prices?: Readonly<Record<string, ModelPrice>> | undefined;
}

/** The shell of a run, as the agent process needs to know it. */
export interface StartShell {
  readonly type: ShellType;
  /** Whether the model is offered `execute`; otherwise the shell is for `run` steps alone. */
  readonly tool: boolean;
  readonly limits: ShellLimits;
  /**
   * Which files the commands of a `docker` shell have in their container, and which are brought there.
   * Those of a `sandbox` have the files of local backends.
   */
  readonly places?: StartPlaces | undefined;
  /**
   * Whether commands reach a network.
   *
   * @default {false}
   */
  readonly network?: boolean | undefined;
}

/** Prefixes of the tree; of all that a path is in the longest decides. */
export interface StartPlaces {
  /** Files that commands have by themselves, whatever the rules of one step say. */
  readonly native: readonly string[];
  /** Files that are brought to commands, as far as rules allow. */
  readonly staged: readonly string[];
}

/** A command of the runner's, for {@linkcode AGENT_PROCESS}`.execute`. */
export interface CommandParams {
  /** The step's id. Its events carry it. */
  readonly step: string;
  /** A script for `sh`, or a program with its arguments. */
  readonly command: string | readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds; the shell's own limit without it. */
  readonly timeout?: number | undefined;
}

/** A call that a rule of `ask` is for, before anything of it is done. */
export interface ApprovalParams {
  /** The step's id. */
  readonly step: string;
  /** The call's id. */
  readonly callId: string;
  /** The tool's name. */
  readonly tool: string;
  /** What is to be approved. */
  readonly wishes: readonly ApprovalWish[];
  /** What a person decides by: a unified diff of the change, or the command; several lines. */
  readonly detail: string;
}

/** One thing that a call wants and a rule asks about. */
export interface ApprovalWish {
  /** What it wants to do. */
  readonly verb: "read" | "write" | "execute";
  /** A canonical path; for `execute` the command. */
  readonly what: string;
  /** The rule, as it was written: one of the run, or of the step where the run has none for it. */
  readonly rule: string;
  /** For `execute`, the directory; the root without it. */
  readonly cwd?: string | undefined;
  /** For `execute`, the variables; none without them. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** For `execute`, the standard input; nothing without it. */
  readonly stdin?: string | undefined;
}

/** The reply to {@linkcode ApprovalParams}. */
export interface ApprovalResult {
  /**
   * | verdict | meaning |
   * | --- | --- |
   * | `granted` | do it, this once |
   * | `refused` | tell the model that it was refused |
   * | `wait` | nobody can answer now: end the step with outcome `waiting` and a checkpoint |
   */
  readonly verdict: "granted" | "refused" | "wait";
  /** What the person said with a refusal, for the model. */
  readonly reason?: string | undefined;
}

/** The reply to {@linkcode StartParams}. */
export interface StartResult {
  /** The names of the tools that the model is offered. */
  readonly tools: readonly string[];
}

/** One attempt of one step. */
export interface StepParams {
  /** The step's id. */
  readonly step: string;
  /** Counted from 1. */
  readonly attempt: number;
  /** What the model is asked: the step's prompt, or what failed in the attempt before. */
  readonly prompt: string;
  /** How many requests of the model this attempt may make. */
  readonly maxTurns: number;
  /**
   * All scripted turns of the step, the same for each of its attempts: an attempt goes on where the
   * one before it stopped. Those of an item, `ID[0]`, are the turns of `ID`, the same for all items:
   * each takes from where the one before it stopped, and the end of `ID` tells whether some are left,
   * that of an item does not. For a rehearsed model only.
   */
  readonly rehearsal?: readonly RehearsalTurn[] | undefined;
  /** Goes on where an attempt waited for approval; `prompt` is in the conversation already. */
  readonly resume?: Checkpoint | undefined;
  /**
   * The step whose conversation the first attempt goes on with, as it was when that step ended; a
   * new conversation without it, or if that step never asked its model. Further attempts, and other
   * requests of the same step, go on with this step's own. The conversation of an item is gone with
   * the end of the item.
   */
  readonly continues?: string | undefined;
  /** Another model than the run's. */
  readonly model?: string | undefined;
  /** What the model is told in the place of the run's instructions. */
  readonly instructions?: string | undefined;
  /**
   * Rules of this step, besides those of the run: what one of them denies is denied. Real programs have
   * the files of local backends as the run has them, so that with rules about those the step has no
   * commands in a `sandbox`; nor in a `docker` shell with rules about files of its container.
   */
  readonly rules?: StepRules | undefined;
  /**
   * What the step may use up, besides the run's budget: all its attempts and items, and its judges,
   * together. What was `used` before counts with the first of them.
   */
  readonly budget?: StartBudget | undefined;
  /** The form that the last answer must have. It is asked for, and checked by the runner. */
  readonly format?: AnswerFormat | undefined;
}

/** Rules of one step. */
export interface StepRules {
  readonly deny: readonly string[];
  readonly ask: readonly string[];
  readonly allow?: readonly string[] | undefined;
}

/** Asks a model whether something holds. No tools, and no conversation. */
export interface JudgeParams {
  /** The step's id. Its events carry it. */
  readonly step: string;
  /** What must hold. */
  readonly rubric: string;
  /** What is judged: a file's name, or words such as "the step's output". */
  readonly label: string;
  readonly text: string;
  readonly model?: string | undefined;
  readonly budget?: StartBudget | undefined;
  /** The scripted turn that answers; for a rehearsed model only. */
  readonly rehearsal?: readonly RehearsalTurn[] | undefined;
}

/** The reply to {@linkcode JudgeParams}. */
export interface JudgeResult {
  /** As in {@linkcode StepResult}; `failure` too where the answer is of no use. */
  readonly outcome: StepResult["outcome"];
  /** Whether the rubric holds; `false` unless the outcome is `success`. */
  readonly pass: boolean;
  /** What the model gave as its reason; or why there is no verdict. */
  readonly reason: string;
  readonly turns: number;
  readonly usage: Usage;
}

/** All that an attempt needs to go on later, in another process: see {@linkcode StepParams.resume}. */
export interface Checkpoint {
  /**
   * The conversations of the steps that ended, by their ids, for the steps that go on with them. No
   * conversation has a system message.
   */
  readonly ended?: Readonly<Record<string, readonly Message[]>> | undefined;
  /**
   * The whole conversation of the step that waits; none in the reply to `agent.checkpoint`. Its last
   * answer has calls without results: they are checked and asked about anew, then run.
   */
  readonly conversation: readonly Message[];
  /** Answers that this step has taken from its model, all attempts and items together. */
  readonly answers: number;
  /** The ids that were given to calls so far, all steps together. */
  readonly ids: number;
}

/** How an attempt ended, before anything is checked. */
export interface StepResult {
  /**
   * | outcome | meaning |
   * | --- | --- |
   * | `success` | the model says that it is done |
   * | `failure` | the model gave no answer, or declined |
   * | `denied` | the process was not granted the model's host |
   * | `budget` | `maxTurns`, or another budget, is used up; or cannot be kept, as a count of tokens is missing |
   * | `mismatch` | the rehearsal does not match what happens |
   * | `interrupted` | the request was cancelled |
   * | `waiting` | a call needs an approval that nobody could give; `checkpoint` is set |
   */
  readonly outcome:
    | "success"
    | "failure"
    | "denied"
    | "budget"
    | "mismatch"
    | "interrupted"
    | "waiting";
  /** The model's last text. */
  readonly output: string;
  /** How many requests of the model were made. */
  readonly turns: number;
  /** Their tokens; `null` where any answer left its count unknown. */
  readonly usage: Usage;
  /** Why it is no `success`: a sentence, or several lines for a mismatch. */
  readonly error?: string | undefined;
  /** Where to go on once it is approved. */
  readonly checkpoint?: Checkpoint | undefined;
}

/** Says that a step has no more attempts. */
export interface StepEndParams {
  readonly step: string;
}

/** The reply to {@linkcode StepEndParams}. */
export interface StepEndResult {
  /** Set where scripted turns are left that were never asked for: a mismatch. */
  readonly error?: string | undefined;
}

/** Something that happened in a step. */
export interface EventNotice {
  readonly step: string;
  readonly event: AgentEvent;
}
