/**
 * Makes the containers of a run, in the docker host.
 *
 * @module
 */

import { askEngine, engineVersion } from "../backends/docker/_engine_ask.ts";
import { engineWords } from "../backends/docker/_engine_words.ts";
import { openEngine } from "../backends/docker/engine.ts";
import { reapSandboxes } from "../backends/docker/reaper.ts";
import { DockerSandbox } from "../backends/docker/sandbox.ts";
import type { DockerProgress, DockerStart, DockerStarted } from "./docker_host.ts";

/** Options of {@linkcode openBoxes}. */
export interface OpenBoxesOptions {
  /** Where they go, by their names, before they are started: whoever ends the process ends them. */
  readonly boxes: Map<string, DockerSandbox>;
  /** Told of images that are pulled or built. */
  readonly onProgress: (notice: DockerProgress) => void;
  /** Ends it. */
  readonly signal: AbortSignal;
  /**
   * Milliseconds in which the engine has to say who it is.
   *
   * @default {15_000}
   */
  readonly milliseconds?: number | undefined;
}

/** One that a connection starts takes its time. */
const MILLISECONDS = 15_000;

/**
 * Removes what runs that were killed have left, then makes and starts the containers.
 *
 * @param start What there is to be.
 * @param options Where they go, and who is told.
 * @returns What the engine is.
 * @throws {Error} If the engine cannot be used, or one of them does not come up: a sentence with
 * its name.
 */
export async function openBoxes(
  { engine: address, engineBy, purpose, boxes }: DockerStart,
  options: OpenBoxesOptions,
): Promise<DockerStarted> {
  const problem = await askEngine(address, options.milliseconds ?? MILLISECONDS);
  if (problem !== undefined) {
    throw new Error(
      `The engine of ${engineBy ?? engineWords(address)} cannot be used: ${problem}. ` +
        `Start it, or name another one with DOCKER_HOST`,
    );
  }
  const engine = await openEngine(address);
  const { name, version } = await engineVersion(engine);
  await reapSandboxes(engine);
  await Promise.all(boxes.map(async ({ name, box }) => {
    const onProgress = (line: string) => options.onProgress({ box: name, line });
    const sandbox = new DockerSandbox({ ...box, engine: address, purpose, onProgress });
    options.boxes.set(name, sandbox);
    try {
      await sandbox.start(options.signal);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`Container '${name}': ${reason}`, { cause: error });
    }
  }));
  return { engine: `${name} ${version}` };
}
