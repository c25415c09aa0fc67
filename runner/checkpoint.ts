/**
 * What a run leaves that waits for an approval, and what the run that goes on with it begins with.
 *
 * @module
 */

import type { ApprovalParams, Checkpoint } from "../agent/process.ts";
import type { Channel } from "../backends/channel.ts";
import { joinPaths } from "../backends/paths.ts";
import { RemoteBackend } from "../backends/remote.ts";
import type { Plan } from "./plan.ts";

/** A waiting run, all but its memory files. */
export interface RunCheckpoint {
  /** What waits: shown to whoever decides. */
  readonly pending: ApprovalParams;
  /** The step that waits. Those before it are finished. */
  readonly step: string;
  readonly attempt: number;
  /** What the model was asked in this attempt; empty for a command. */
  readonly prompt: string;
  /** The agent's part: its conversation, and how far its rehearsal is. */
  readonly agent: Checkpoint;
  /** The outputs of the finished steps. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Requests of the model so far. */
  readonly turns: number;
  /** Tokens so far; `null` where any answer left its count unknown. */
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  /** What the step is to produce and has written or deleted already. */
  readonly changed: readonly string[];
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
