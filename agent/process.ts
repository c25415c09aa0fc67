/**
 * What the runner and the agent process say to each other: the requests, their replies and the
 * notices, as types. `agent/main.ts` is the one side, `runner/supervise.ts` the other.
 *
 * The conversation with the model lives in the agent process: it goes on from step to step and from
 * attempt to attempt. Files of state backends live there too, and the runner reads them with the
 * requests of `serveBackends`; those of local backends live in the host process, and the agent
 * reaches them through the runner with the same requests.
 *
 * @module
 */

import type { AgentEvent } from "./events.ts";
import type { Usage } from "./model.ts";
import type { RehearsalTurn } from "./rehearsal.ts";

/** The names of the agent process's requests and of its notice. */
export const AGENT_PROCESS = {
  /** Request, once, first: {@linkcode StartParams}, answered with {@linkcode StartResult}. */
  start: "agent.start",
  /** Request: {@linkcode StepParams}, answered with {@linkcode StepResult}. One at a time. */
  step: "agent.step",
  /** Request: {@linkcode StepEndParams}, answered with {@linkcode StepEndResult}. */
  stepEnd: "agent.step.end",
  /** Notice from the agent: {@linkcode EventNotice}. All of a step's come before its reply. */
  event: "agent.event",
} as const;

/** The model that the agent process talks to. */
export type StartModel =
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
  /** `state` is kept in the agent process, `local` is reached through the runner. */
  readonly type: "state" | "local";
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
   * one before it stopped. For a rehearsed model only.
   */
  readonly rehearsal?: readonly RehearsalTurn[] | undefined;
}

/** How an attempt ended, before anything is checked. */
export interface StepResult {
  /**
   * | outcome | meaning |
   * | --- | --- |
   * | `success` | the model says that it is done |
   * | `failure` | the model gave no answer, or declined |
   * | `denied` | the process was not granted the model's host |
   * | `budget` | `maxTurns` is used up |
   * | `mismatch` | the rehearsal does not match what happens |
   * | `interrupted` | the request was cancelled |
   */
  readonly outcome: "success" | "failure" | "denied" | "budget" | "mismatch" | "interrupted";
  /** The model's last text. */
  readonly output: string;
  /** How many requests of the model were made. */
  readonly turns: number;
  /** Their tokens; `null` where any answer left its count unknown. */
  readonly usage: Usage;
  /** Why it is no `success`: a sentence, or several lines for a mismatch. */
  readonly error?: string | undefined;
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
