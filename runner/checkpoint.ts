/**
 * What a run leaves that waits for an approval, and what the run that goes on with it begins with.
 *
 * @module
 */

import type { ApprovalParams, Checkpoint } from "../agent/process.ts";
import type { Channel } from "../backends/channel.ts";
import { joinPaths } from "../backends/paths.ts";
import { RemoteBackend } from "../backends/remote.ts";
import type { Outcome } from "./events.ts";
import type { StepValues } from "./expressions/context.ts";
import type { Value } from "./expressions/expression.ts";
import type { Plan } from "./plan.ts";
import type { StepEnd } from "./_schedule.ts";
import type { SpentBefore } from "./spending.ts";

/** A step that waits, or an item of one. */
export interface WaitingStep {
  /** Its key: the step's id, `ID[0]` for an item. */
  readonly step: string;
  /** What waits: shown to whoever decides. */
  readonly pending: readonly ApprovalParams[];
  readonly attempt: number;
  /** What the model was asked in this attempt; empty for a command. */
  readonly prompt: string;
  /** The agent's part: its conversation, and how far its rehearsal is. A command has none. */
  readonly agent?: Checkpoint | undefined;
  /** What the step is to produce and has written or deleted already. */
  readonly changed: readonly string[];
}

/** A step that ended, or was skipped. */
export interface EndedStep {
  readonly end: StepEnd;
  /** What expressions know of it. */
  readonly values: StepValues;
}

/** How far a step with `foreach` has come. */
export interface KeptItems {
  readonly items: readonly Value[];
  /** What became of those that succeeded, by their numbers. */
  readonly ended: Readonly<Record<string, Pick<StepValues, "output" | "outputs">>>;
  /** Scripted turns that they have taken, of a rehearsal. */
  readonly played: number;
  /** How the first one failed that did: then only those go on that wait. */
  readonly failure?: StepFailure | undefined;
}

/** How the first step failed that did: how the run ends. */
export interface StepFailure {
  readonly outcome: Exclude<Outcome, "success">;
  /** In a sentence. */
  readonly message: string;
}

/** A waiting run, all but its memory files. */
export interface RunCheckpoint {
  /** The steps that wait, in the order in which they came to that. */
  readonly waiting: readonly WaitingStep[];
  /** What was said in the steps that ended. */
  readonly agent: Checkpoint;
  /** The steps that ended, by their ids. */
  readonly ended: Readonly<Record<string, EndedStep>>;
  /** The steps with `foreach` that have begun and not ended, by their ids. */
  readonly items: Readonly<Record<string, KeptItems>>;
  /** How the run will end, if a step failed already. */
  readonly failure?: StepFailure | undefined;
  /** Answers of judges that were taken from the rehearsal, by the ids of their steps. */
  readonly judged: Readonly<Record<string, number>>;
  /** What was used up so far. */
  readonly spent: SpentBefore;
  /** Paths that the run wrote. */
  readonly written: readonly string[];
}

/** A memory file of a waiting run, or a directory that nothing is in. */
export interface CheckpointFile {
  /** The state backend's name. */
  readonly backend: string;
  /** The canonical path inside the backend. */
  readonly path: string;
  /** `null` for an empty directory. */
  readonly bytes: Uint8Array | null;
}

/** A waiting run that another one goes on with. */
export interface ResumedRun {
  /** Its id. */
  readonly run: string;
  readonly checkpoint: RunCheckpoint;
  readonly files: readonly CheckpointFile[];
}

/**
 * All files of a run's state backends.
 *
 * @param agent The channel to the agent process, which keeps them.
 * @param plan The run's plan.
 * @returns The files, with empty directories.
 */
export async function memoryFiles(
  agent: Channel,
  plan: Pick<Plan, "backends">,
): Promise<readonly CheckpointFile[]> {
  const files: CheckpointFile[] = [];
  for (const { name, type } of plan.backends) {
    if (type !== "state") continue;
    const backend = new RemoteBackend({ channel: agent, name });
    const collect = async (directory: string) => {
      const entries = await backend.ls(directory);
      if (entries.length === 0 && directory !== "/") {
        files.push({ backend: name, path: directory, bytes: null });
      }
      for (const { path, type } of entries) {
        if (type === "directory") await collect(path);
        else files.push({ backend: name, path, bytes: await backend.readBytes(path) });
      }
    };
    await collect("/");
  }
  return files;
}

/**
 * Puts memory files into a new agent process.
 *
 * @param agent The channel to the agent process.
 * @param files What to put there.
 */
export async function restoreMemoryFiles(
  agent: Channel,
  files: readonly CheckpointFile[],
): Promise<void> {
  for (const { backend: name, path, bytes } of files) {
    const backend = new RemoteBackend({ channel: agent, name });
    if (bytes !== null) {
      await backend.write(path, bytes);
      continue;
    }
    // A directory comes into being with a file in it.
    const first = joinPaths(path, "/x");
    await backend.write(first, "");
    await backend.delete(first);
  }
}
