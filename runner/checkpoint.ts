/**
 * What a run leaves that waits for an approval, and what the run that goes on with it begins with.
 *
 * @module
 */

import type { ApprovalParams, Checkpoint } from "../agent/process.ts";
import type { Channel } from "../backends/channel.ts";
import { joinPaths } from "../backends/paths.ts";
import { RemoteBackend } from "../backends/remote.ts";
import type { Containers } from "./_containers.ts";
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

/** A waiting run, all but its files. */
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

/**
 * A memory file of a waiting run, or a directory that nothing is in; or an archive of all files of a
 * container, whose path is the root.
 */
export interface CheckpointFile {
  /** The name of the state backend, or of the docker backend. */
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
 * The files of a run's containers, but for containers that are kept anyway.
 *
 * @param containers The containers, if the run has some.
 * @param plan The run's plan.
 * @returns An archive of each.
 * @throws {Error} If the files of one are too large: a clause that says so.
 */
export async function boxFiles(
  containers: Pick<Containers, "snapshot"> | undefined,
  plan: Pick<Plan, "backends">,
): Promise<readonly CheckpointFile[]> {
  const files: CheckpointFile[] = [];
  for (const backend of plan.backends) {
    if (backend.type !== "docker" || backend.box.name !== undefined) continue;
    const bytes = await containers?.snapshot(backend.name);
    if (bytes !== undefined) files.push({ backend: backend.name, path: "/", bytes });
  }
  return files;
}

/**
 * Puts files into new containers.
 *
 * @param containers The containers, if the run has some.
 * @param files What to put there, and files of memory, which are none of theirs.
 * @param plan The run's plan.
 */
export async function restoreBoxFiles(
  containers: Pick<Containers, "restore"> | undefined,
  files: readonly CheckpointFile[],
  plan: Pick<Plan, "backends">,
): Promise<void> {
  for (const { backend, bytes } of files) {
    if (bytes !== null && isBox(plan, backend)) await containers?.restore(backend, bytes);
  }
}

function isBox({ backends }: Pick<Plan, "backends">, name: string): boolean {
  return backends.some((backend) => backend.name === name && backend.type === "docker");
}

/**
 * Puts memory files into a new agent process.
 *
 * @param agent The channel to the agent process.
 * @param files What to put there, and files of containers, which are none of its own.
 * @param plan The run's plan.
 */
export async function restoreMemoryFiles(
  agent: Channel,
  files: readonly CheckpointFile[],
  plan: Pick<Plan, "backends">,
): Promise<void> {
  for (const { backend: name, path, bytes } of files) {
    if (isBox(plan, name)) continue;
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
