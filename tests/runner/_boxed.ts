/**
 * Runs whose files and commands are in containers of a real engine.
 *
 * @module
 */

import { LABELS } from "../../backends/docker/labels.ts";
import { callEngine, listBoxes, type ListedContainer, type TestEngine } from "../support/engine.ts";
import { type Play, type Played, played } from "./_played.ts";

/** A run on an engine. */
export interface Boxed extends Played {
  /** Containers of the run that are there when it is over. */
  readonly left: readonly ListedContainer[];
}

/**
 * Runs a workflow to its end. It has a name of its own, by which its containers are known.
 *
 * @param engine The engine.
 * @param play What it does.
 * @returns How it ended, and what is left.
 */
export async function boxed(engine: TestEngine, play: Play): Promise<Boxed> {
  const name = `boxed-${crypto.randomUUID()}`;
  const findEngine = () => Promise.resolve({ engine: engine.address });
  try {
    const result = await played({
      ...play,
      flow: { ...play.flow, name },
      compile: { ...play.compile, findEngine },
    });
    return { ...result, left: await boxesOf(engine, name) };
  } finally {
    await removeBoxes(engine, name);
  }
}

/**
 * @param engine The engine.
 * @param name The name of a workflow.
 * @returns Its containers.
 */
export async function boxesOf(
  engine: TestEngine,
  name: string,
): Promise<readonly ListedContainer[]> {
  return await listBoxes(engine, `${LABELS.purpose}=${name}`);
}

/**
 * Removes what is left, so that a test that fails leaves nothing.
 *
 * @param engine The engine.
 * @param name The name of a workflow.
 */
export async function removeBoxes(engine: TestEngine, name: string): Promise<void> {
  for (const { id } of await boxesOf(engine, name)) {
    await callEngine(engine, "DELETE", `/containers/${id}?force=true&v=true`);
  }
}
