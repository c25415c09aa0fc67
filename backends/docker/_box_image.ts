/**
 * The image that a container begins with: it is there, or it is pulled or built.
 *
 * @module
 */

import { BackendError } from "../errors.ts";
import type { Engine } from "./engine.ts";
import { engineProblem, isStatus } from "./_engine_errors.ts";
import { imageHere } from "./_here.ts";
import { resolveRuntime } from "./runtimes.ts";
import type { DockerSandboxOptions } from "./sandbox.ts";
import { WORKDIR } from "./_settings.ts";

/** What a container begins with. */
export interface BoxImage {
  /** The name under which the engine has it. */
  readonly image: string;
  readonly workdir: string;
  /** The variables that it and its runtime set for commands. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Sees to it that an engine has the image of a sandbox.
 *
 * @param engine The engine.
 * @param options What the sandbox is made of.
 * @param signal Ends the pull or the build.
 * @returns The image, and what comes with it.
 * @throws {BackendError} `io` if it cannot be had, `aborted`.
 */
export async function boxImage(
  engine: Engine,
  options: DockerSandboxOptions,
  signal: AbortSignal,
): Promise<BoxImage> {
  const { onProgress } = options;
  const spec = imageHere(options);
  const { image, runtime, packages = [], setup = [] } = spec;
  const { workdir, env } = runtime === undefined ? {} : resolveRuntime(runtime);
  // Most images are there: the code that pulls them need not be.
  const isThere = image !== undefined && spec.platform === undefined &&
    packages.length + setup.length === 0 &&
    await hasImage(engine, image);
  let name = image ?? "";
  if (!isThere) {
    const { ensureImage } = await import("./images.ts");
    try {
      name = await ensureImage(engine, spec, { onProgress, signal });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const cause = { cause: error };
      if (!signal.aborted) throw new BackendError("io", "/", error.message, cause);
      throw new BackendError("aborted", "/", "The start of the sandbox was aborted", cause);
    }
  }
  return {
    image: name,
    workdir: options.workdir ?? workdir ?? WORKDIR,
    variables: { ...await imageVariables(engine, name), ...env },
  };
}

/** The variables that an image sets. */
async function imageVariables(
  engine: Engine,
  image: string,
): Promise<Readonly<Record<string, string>>> {
  const { Config } = await engine.getImage(image).inspect();
  return Object.fromEntries((Config.Env ?? []).map((variable): [string, string] => {
    const at = variable.indexOf("=");
    return [variable.slice(0, at), variable.slice(at + 1)];
  }));
}

async function hasImage(engine: Engine, image: string): Promise<boolean> {
  try {
    await engine.getImage(image).inspect();
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw engineProblem("look for the image", error);
  }
}
