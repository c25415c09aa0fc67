/**
 * What a waiting run has in its processes: taken from them, and given to those of the run that goes on.
 *
 * @module
 */

import { AGENT_PROCESS, type Checkpoint } from "../agent/process.ts";
import { readCheckpoint } from "./_agent_words.ts";
import {
  boxFiles,
  type CheckpointFile,
  memoryFiles,
  restoreBoxFiles,
  restoreMemoryFiles,
  type ResumedRun,
} from "./checkpoint.ts";
import type { Plan } from "./plan.ts";
import type { Processes } from "./processes.ts";

/** What is kept, or why it cannot be: a clause. */
export type KeptRun =
  | {
    /** What was said in the steps that ended. */
    readonly agent: Checkpoint;
    readonly files: readonly CheckpointFile[];
    readonly problem?: undefined;
  }
  | { readonly problem: string };

/**
 * Takes all that is needed to go on later.
 *
 * @param processes The processes of the run.
 * @param plan Its plan.
 * @returns What there is. To go on without the files of a container would be to lose them.
 */
export async function takeRun(processes: Processes, plan: Plan): Promise<KeptRun> {
  const { agent, containers } = processes;
  const [said, memory, boxes] = await Promise.all([
    processes.ask(AGENT_PROCESS.checkpoint, {}).then(readCheckpoint),
    memoryFiles(agent.channel, plan),
    boxFiles(containers, plan).catch((error: Error) => error),
  ]);
  if (boxes instanceof Error) return { problem: boxes.message };
  return { agent: said, files: [...memory, ...boxes] };
}

/**
 * Gives new processes what those of the waiting run had.
 *
 * @param processes The processes of the run that goes on.
 * @param plan Its plan.
 * @param resumed The waiting run.
 */
export async function giveRun(
  { agent, containers }: Processes,
  plan: Plan,
  { checkpoint, files }: ResumedRun,
): Promise<void> {
  await restoreMemoryFiles(agent.channel, files, plan);
  await restoreBoxFiles(containers, files, plan);
  await agent.ask(AGENT_PROCESS.restore, checkpoint.agent);
}
