/**
 * What a program that makes a sandbox finds around it: the engine, and what its environment says of
 * images. It looks as far as it may.
 *
 * @module
 */

import { BackendError } from "../errors.ts";
import type { ImageSpec } from "./image_plan.ts";
import { imageSources } from "./image_sources.ts";
import type { EngineAddress } from "./options.ts";

/**
 * Finds the engine that this program would use.
 *
 * @returns Where it is.
 * @throws {BackendError} `unsupported` if there is none; the message lists what was tried.
 */
export async function findEngineHere(): Promise<EngineAddress> {
  const { findEngine } = await import("./find_engine.ts");
  const unseen = new Set<string>();
  const env = (name: string) => variableHere(name, unseen);
  try {
    return await findEngine({ env, uid: userHere() });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const why = unseen.has("DOCKER_HOST")
      ? "\nDOCKER_HOST was not looked at: this program has no --allow-env=DOCKER_HOST"
      : "";
    throw new BackendError("unsupported", "/", error.message + why, { cause: error });
  }
}

/**
 * Completes what an image is made from with what the environment of this program says.
 *
 * @param spec What the options say, which wins.
 * @returns The same, with data alone.
 * @throws {UnknownRuntimeError} If no runtime has that name.
 */
export function imageHere(spec: ImageSpec): ImageSpec {
  return imageSources(spec, (name) => variableHere(name));
}

/** A variable, as far as this program may see it. */
function variableHere(name: string, unseen?: Set<string>): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    unseen?.add(name);
    return undefined;
  }
}

function userHere(): number | undefined {
  try {
    return Deno.uid() ?? undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}
