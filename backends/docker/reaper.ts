/**
 * Containers of Routebook in an engine: which there are, and the end of those that nobody has any more.
 *
 * @module
 */

import type { Engine } from "./engine.ts";
import { engineProblem, isStatus } from "./_engine_errors.ts";
import { IDLE_PREFIX, LABELS } from "./labels.ts";

/** What becomes of a container. */
export type SandboxState =
  /** It runs: somebody has it. */
  | "running"
  /** It is stopped and kept, or its owner has stopped it for a while. */
  | "stopped"
  /** Its owner was killed: the next start removes it. */
  | "orphaned";

/** A container of Routebook. */
export interface ListedSandbox {
  /** The engine's id. */
  readonly id: string;
  /** The engine's name for it. */
  readonly name: string;
  readonly image: string;
  readonly state: SandboxState;
  /** The name under which it is kept, if it is. */
  readonly keptAs?: string | undefined;
  /** What it was made for: a workflow's name. */
  readonly purpose?: string | undefined;
  /** When it was made. */
  readonly created: Date;
}

/** Milliseconds within which a container is started that was made. */
const START_MS = 60_000;

/**
 * Lists all containers of Routebook.
 *
 * @param engine The engine.
 * @returns The containers, the oldest first.
 * @throws {BackendError} `io` if the engine cannot say.
 */
export async function listSandboxes(engine: Engine): Promise<readonly ListedSandbox[]> {
  try {
    const found = await engine.listContainers({
      all: true,
      filters: { label: [`${LABELS.sandbox}=1`] },
    });
    return found.map(({ Id, Names, Image, State, Labels, Created }): ListedSandbox => {
      const [name = Id] = Names ?? [];
      const sandbox = {
        id: Id,
        name: name.replace(/^\//, ""),
        image: Image,
        keptAs: Labels?.[LABELS.keep],
        purpose: Labels?.[LABELS.purpose],
        created: new Date(Created * 1_000),
      };
      return { ...sandbox, state: stateOf(sandbox, State) };
    }).sort((a, b) => a.created.getTime() - b.created.getTime());
  } catch (error) {
    throw engineProblem("list the containers", error);
  }
}

function stateOf(
  { name, keptAs, created }: Omit<ListedSandbox, "state">,
  said: string,
): SandboxState {
  if (["running", "paused", "restarting"].includes(said)) return "running";
  if (keptAs !== undefined || name.startsWith(IDLE_PREFIX)) return "stopped";
  // Between its making and its start nobody else may remove it.
  const isYoung = Date.now() - created.getTime() < START_MS;
  const isNew = /^(?:created|configured|initialized)$/.test(said);
  return isNew && isYoung ? "running" : "orphaned";
}

/**
 * Removes a container with its files, whatever its state.
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
 * Removes the containers whose owners were killed.
 *
 * @param engine The engine.
 * @returns How many there were.
 * @throws {BackendError} `io` if the engine cannot.
 */
export async function reapSandboxes(engine: Engine): Promise<number> {
  const orphans = (await listSandboxes(engine)).filter(({ state }) => state === "orphaned");
  await Promise.all(orphans.map(({ id }) => removeSandbox(engine, id)));
  return orphans.length;
}
