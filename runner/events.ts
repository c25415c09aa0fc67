/**
 * What happens in a run, as data. The screen, `--json` and the report read the same events.
 *
 * @module
 */

import type { AgentEvent } from "../agent/events.ts";
import type { ApprovalWish } from "../agent/process.ts";
import type { Place, PlanConfinement } from "./plan.ts";

/** How a run or a step ended. */
export type Outcome =
  | "success"
  | "failure"
  | "denied"
  | "budget"
  | "mismatch"
  | "interrupted"
  | "waiting";

/** A check of a step, done on the files themselves. */
export interface CheckResult {
  /** `produces`, or the assertion's kind. */
  readonly check: string;
  /** The file that was looked at. */
  readonly path: string;
  /** Whether it holds. */
  readonly ok: boolean;
  /** One sentence: what was expected and what was found. */
  readonly message: string;
  /** Where the check stands in the workflow's file. */
  readonly place: Place;
}

/** A file that a run wrote and that is still there at its end. */
export interface WrittenFile {
  /** Its canonical path. */
  readonly path: string;
  /** The name of the backend that keeps it. */
  readonly backend: string;
  /** Whether it outlives the run. */
  readonly saved: boolean;
  /** Its size in bytes. */
  readonly size: number;
}

/** What each event of a run carries. */
export interface EventHeader {
  /** Counted from 1, without gaps. */
  readonly seq: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  /** The run's id. */
  readonly run: string;
}

/** What happened. */
export type RunEventBody =
  | {
    readonly type: "run.started";
    readonly workflow: string;
    readonly file: string;
    readonly fingerprint: string;
    readonly model: string;
    /** Whether scripted answers stand in for the model. */
    readonly rehearsed: boolean;
    readonly steps: readonly string[];
    /** Who confines the local files and the commands: see `PlanConfinement`. Absent without either. */
    readonly confinement?: PlanConfinement;
    /** The run that this one goes on with. */
    readonly resumes?: string;
  }
  | {
    readonly type: "step.started";
    readonly step: string;
    /** What people call the step. */
    readonly name: string;
    readonly attempt: number;
    /** What the model is asked; empty for a command. */
    readonly prompt: string;
    /** The command of a `run` step: a script, or a program with its arguments. */
    readonly command?: string | readonly string[];
  }
  | (AgentEvent & { readonly step: string })
  | {
    /** A call waits for somebody's word. */
    readonly type: "approval.requested";
    readonly step: string;
    readonly callId: string;
    readonly tool: string;
    readonly wishes: readonly ApprovalWish[];
    /** A unified diff of the change, or the command. */
    readonly detail: string;
  }
  | {
    readonly type: "approval.answered";
    readonly step: string;
    readonly callId: string;
    /** `wait` where nobody could answer. */
    readonly verdict: "granted" | "refused" | "wait";
    readonly reason?: string;
  }
  | {
    /** A command of a `run` step has ended; the step's output is its standard output. */
    readonly type: "command.finished";
    readonly step: string;
    readonly exitCode: number;
    readonly timedOut: boolean;
    readonly stderr: string;
    readonly notes: readonly string[];
  }
  | {
    readonly type: "step.checked";
    readonly step: string;
    readonly attempt: number;
    readonly results: readonly CheckResult[];
  }
  | {
    readonly type: "step.finished";
    readonly step: string;
    readonly attempt: number;
    readonly outcome: Outcome;
    /** Whether another attempt follows. */
    readonly retry: boolean;
    readonly output: string;
    readonly error?: string;
  }
  | {
    readonly type: "run.finished";
    readonly outcome: Outcome;
    readonly exitCode: number;
    readonly outputs: Readonly<Record<string, string>>;
    readonly files: readonly WrittenFile[];
    /** Paths that it wrote and that could not be looked at any more, if there are any. */
    readonly unseen?: readonly string[];
    readonly turns: number;
    /** Totals; `null` where any answer left its count unknown. */
    readonly inputTokens: number | null;
    readonly outputTokens: number | null;
    readonly rehearsed: boolean;
    readonly error?: string;
  };

/** An event of a run. */
export type RunEvent = EventHeader & RunEventBody;

/** Receives a run's events, in order. */
export type EventSink = (event: RunEvent) => void;
