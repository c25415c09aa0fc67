/**
 * Makes the containers of a run, in the docker host.
 *
 * @module
 */

import { type Engine, openEngine } from "../backends/docker/engine.ts";
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
}

/**
 * Removes what runs that were killed have left, then makes and starts the containers.
 *
 * @param start What there is to be.
 * @param options Where they go, and who is told.
 * @returns What the engine is.
 * @throws {Error} If one of them does not come up: a sentence with its name.
 */
export async function openBoxes(
  { engine: address, purpose, boxes }: DockerStart,
  options: OpenBoxesOptions,
): Promise<DockerStarted> {
  const engine = await openEngine(address);
  const name = await engineName(engine);
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
  return { engine: name };
}

/** `Docker 20.10.24`, `Podman 4.3.1`. */
async function engineName(engine: Engine): Promise<string> {
  let version: Awaited<ReturnType<Engine["version"]>>;
  try {
    version = await engine.version();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`The engine does not answer: ${reason}`, { cause: error });
  }
  const isPodman = (version.Components ?? []).some(({ Name }) => /podman/i.test(Name));
  return `${isPodman ? "Podman" : "Docker"} ${version.Version}`;
}
