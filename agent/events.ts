/**
 * What an agent tells while it works. The runner adds the run's own events to these.
 *
 * @module
 */

import type { BackendErrorCode } from "../backends/errors.ts";
import type { FinishReason, ModelRetry, Usage } from "./model.ts";

/** A change of a file, as the agent's backend saw it succeed. */
export interface FileChange {
  /** What was done. */
  readonly operation: "write" | "edit" | "delete" | "move";
  /** The canonical path that changed; for a move, the new one. */
  readonly path: string;
  /** Where a moved file was before. */
  readonly from?: string;
}

/** Something an agent did. All fields are plain data. */
export type AgentEvent =
  | { readonly type: "model.asked"; readonly turn: number }
  | { readonly type: "model.text"; readonly turn: number; readonly text: string }
  | ({ readonly type: "model.retried"; readonly turn: number } & ModelRetry)
  | {
    readonly type: "model.answered";
    readonly turn: number;
    readonly text: string;
    readonly toolCalls: number;
    readonly finish: FinishReason;
    readonly usage: Usage;
  }
  | {
    readonly type: "tool.called";
    readonly turn: number;
    readonly callId: string;
    readonly tool: string;
    /** The arguments, parsed; the raw text where they are not JSON. */
    readonly arguments: unknown;
  }
  | {
    readonly type: "tool.finished";
    readonly turn: number;
    readonly callId: string;
    readonly tool: string;
    readonly ok: boolean;
    /** Why the backend refused or failed, where that is what went wrong: `denied`. */
    readonly code?: BackendErrorCode;
    /** The exit code of the command that it ran, if it ran one. */
    readonly exitCode?: number;
    /** What the model is told. */
    readonly result: string;
  }
  | {
    /** What a command prints, as it comes; as far as it is kept from the start. */
    readonly type: "command.output";
    /** The call's id; empty for a command of a `run` step. */
    readonly callId: string;
    readonly stream: "stdout" | "stderr";
    readonly text: string;
  }
  | ({ readonly type: "file.changed" } & FileChange);
