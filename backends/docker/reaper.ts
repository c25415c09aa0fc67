/**
 * The containers of Routebook in an engine: listed, removed, and reaped where their owner is gone.
 *
 * @module
 */

import type { Engine } from "./engine.ts";
import { engineProblem, isStatus } from "./_engine_errors.ts";
import { LABELS, parseIdleName } from "./labels.ts";

/** Milliseconds for which nothing is taken for left behind that its owner may be about to start. */
const LEFT_MILLISECONDS = 10 * 60_000;

/**
 * How a container is: `running` for somebody, `stopped` and kept with its files, `idle` until its owner
 * uses it again, or `orphaned`: its owner is gone, and a later run removes it.
 */
export type SandboxState = "running" | "stopped" | "idle" | "orphaned";

/** A container of Routebook. */
export interface ListedSandbox {
  readonly id: string;
  /** What the engine calls it; of one that is idle what stays of that. */
  readonly name: string;
  readonly image: string;
  readonly state: SandboxState;
  /** The name under which it is kept, if it is. */
  readonly keptAs?: string | undefined;
  /** What it was made for, if that was said: a workflow's name. */
  readonly purpose?: string | undefined;
  /** When it was made. */
  readonly created: Date;
}

/** Options of {@linkcode reapSandboxes}. */
export interface ReapOptions {
  /**
   * The time, in milliseconds since the epoch.
   *
   * @default {Date.now()}
   */
  readonly now?: number | undefined;
  /**
   * What the containers were made for that are looked at.
   *
   * @default {whatever it was}
   */
  readonly purpose?: string | undefined;
}

/** What an engine says of a container. */
interface Summary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly State: string;
  /** `Exited (0) 3 seconds ago`. */
  readonly Status: string;
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly Labels: Readonly<Record<string, string>>;
}

/**
 * Lists the containers of Routebook, those that do not run included.
 *
 * @param engine The engine.
 * @returns The containers, the oldest first.
 * @throws {BackendError} `io` if the engine cannot say.
 */
export async function listSandboxes(engine: Engine): Promise<readonly ListedSandbox[]> {
  return (await summaries(engine)).map((summary): ListedSandbox => {
    const { Id, Image, Labels, Created } = summary;
    return {
      id: Id,
      name: nameOf(summary),
      image: Image,
      state: stateOf(summary),
      keptAs: Labels[LABELS.keep],
      purpose: Labels[LABELS.purpose],
      created: new Date(Created * 1_000),
    };
  });
}

/**
 * Removes a container with its files, whatever it does.
 *
 * @param engine The engine.
 * @param id Its id.
 * @throws {BackendError} `io` if the engine cannot.
 */
export async function removeSandbox(engine: Engine, id: string): Promise<void> {
  try {
    await engine.getContainer(id).remove({ force: true, v: true });
  } catch (error) {
    // Somebody else is doing it, or has.
    if (!isStatus(error, 404, 409)) throw engineProblem("remove the container", error);
  }
}

/**
 * Removes the containers whose owner is gone. Such a container has ended by itself, with exit code 0;
 * one that ended otherwise may be about to be started again, so that it is left for ten minutes. One that
 * its owner stopped since nobody used it is left until ten minutes after the last sign of that owner.
 *
 * @param engine The engine.
 * @param options When it is, and which are looked at.
 * @returns How many there were.
 * @throws {BackendError} `io` if the engine cannot say what there is.
 */
export async function reapSandboxes(
  engine: Engine,
  { now = Date.now(), purpose }: ReapOptions = {},
): Promise<number> {
  const left: Summary[] = [];
  for (const summary of await summaries(engine)) {
    const state = stateOf(summary);
    if (purpose !== undefined && summary.Labels[LABELS.purpose] !== purpose) continue;
    if (state === "running" || state === "stopped") continue;
    if (state === "orphaned" && /^Exited \(0\)/.test(summary.Status)) left.push(summary);
    else if (await isOld(engine, summary, now)) left.push(summary);
  }
  await Promise.all(left.map(({ Id }) => removeSandbox(engine, Id)));
  return left.length;
}

async function isOld(engine: Engine, summary: Summary, now: number): Promise<boolean> {
  const { Id, Created } = summary;
  const idle = parseIdleName(engineName(summary));
  if (idle !== undefined) return now - idle.seen > LEFT_MILLISECONDS;
  try {
    const { FinishedAt } = (await engine.getContainer(Id).inspect()).State;
    const finished = Date.parse(FinishedAt);
    // One that never ran says the year 1.
    const since = finished > 0 ? finished : Created * 1_000;
    return now - since > LEFT_MILLISECONDS;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw engineProblem("look at a container", error);
  }
}

async function summaries(engine: Engine): Promise<readonly Summary[]> {
  try {
    const filters = { label: [`${LABELS.sandbox}=1`] };
    const found = await engine.listContainers({ all: true, filters });
    return found.toSorted((a, b) => a.Created - b.Created);
  } catch (error) {
    throw engineProblem("list the containers", error);
  }
}

function stateOf(summary: Summary): SandboxState {
  if (["running", "paused", "restarting", "removing"].includes(summary.State)) return "running";
  if (summary.Labels[LABELS.keep] !== undefined) return "stopped";
  return parseIdleName(engineName(summary)) === undefined ? "orphaned" : "idle";
}

function nameOf(summary: Summary): string {
  const name = engineName(summary);
  return parseIdleName(name)?.name ?? name;
}

function engineName({ Names, Id }: Summary): string {
  return Names[0]?.replace(/^\//, "") ?? Id.slice(0, 12);
}
