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
  | "timeout"
  | "waiting";

/** A check of a step, done on the files themselves. */
export interface CheckResult {
  /** `produces`, `output`, or the assertion's kind. */
  readonly check: string;
  /** The file that was looked at; empty where it is none. */
  readonly path: string;
  /** Whether it holds. */
  readonly ok: boolean;
  /** One sentence: what was expected and what was found. */
  readonly message: string;
  /** What was expected, of a check that failed; several lines where that helps. */
  readonly expected?: string;
  /** What was found, of a check that failed. */
  readonly found?: string;
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

/*
 * In events, `step` is the step's id; with `foreach` an item's is `ID[INDEX]`, and a step of a
 * workflow that is used has its caller before it: `CALLER/ID`. No id has these characters itself.
 */

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
    /** An image is pulled or built: what the engine says of it. */
    readonly type: "box.progress";
    /** The backend's name. */
    readonly box: string;
    readonly line: string;
  }
  | {
    /** A container is there. */
    readonly type: "box.started";
    /** The backend's name. */
    readonly box: string;
    /** In words: `Docker 20.10.24`. */
    readonly engine: string;
    /** What its image is, or is built from. */
    readonly image: string;
    readonly network: "none" | "bridge";
    /** The name under which it stays when the run is over. */
    readonly keptAs?: string;
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
    /** The file of a workflow that the step uses. */
    readonly uses?: string;
    /** The item of a step with `foreach`, as text. */
    readonly item?: string;
  }
  | {
    /** A step that is not run. */
    readonly type: "step.skipped";
    readonly step: string;
    readonly name: string;
    /** A sentence: its `if` is false, or a step failed that it needs. */
    readonly reason: string;
  }
  | {
    /** The model's answer is not of the form that `output` asks for. */
    readonly type: "output.refused";
    readonly step: string;
    readonly attempt: number;
    readonly errors: readonly string[];
  }
  | {
    /** A file was copied out to the host. */
    readonly type: "artifact.copied";
    readonly path: string;
    /** As in the workflow's file. */
    readonly to: string;
    readonly size: number;
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
    /**
     * A check begins that takes a command or a judge: until the step is checked, what is printed and
     * what is answered is theirs.
     */
    readonly type: "check.started";
    readonly step: string;
    readonly attempt: number;
    readonly check: "run" | "judge";
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
    /** Milliseconds until then. */
    readonly delay?: number;
    /** Whether the run goes on as if it had succeeded. */
    readonly continued?: boolean;
    /** How many items a step with `foreach` has, those that did not begin among them. */
    readonly items?: number;
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
    /** US dollars, where prices are known; `null` where a count was unknown. */
    readonly usd?: number | null;
    readonly rehearsed: boolean;
    readonly error?: string;
  };

/** An event of a run. */
export type RunEvent = EventHeader & RunEventBody;

/** Receives a run's events, in order. */
export type EventSink = (event: RunEvent) => void;
