/**
 * What the environment says about images, for a site that has no Docker Hub.
 *
 * @module
 */

import type { ImageSpec } from "./image_plan.ts";
import type { BoxOptions, Runtime } from "./options.ts";
import { resolveRuntime } from "./runtimes.ts";

/** A registry that stands in for Docker Hub. */
export const REGISTRY_VARIABLE = "ROUTEBOOK_DOCKER_REGISTRY";
/** The network that builds have. */
export const NETWORK_VARIABLE = "ROUTEBOOK_DOCKER_BUILD_NETWORK";

/** What an image is made from, and what a runtime says of commands where no build sets it. */
export type SourcedImage = ImageSpec & Pick<BoxOptions, "workdir" | "env">;

/** The variables that are about one runtime. */
export interface RuntimeVariables {
  /** Names another base image: `ROUTEBOOK_BASE_PYTHON_WEB`. */
  readonly base: string;
  /** Names an image that stands for the whole runtime: `ROUTEBOOK_RUNTIME_PYTHON_WEB`. */
  readonly image: string;
}

/**
 * Names the variables of the environment that are about a runtime.
 *
 * @param name The name of the runtime.
 * @returns The names of the variables.
 *
 * @example
 * ```ts
 * import { runtimeVariables } from "./image_sources.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(runtimeVariables("python-web").base, "ROUTEBOOK_BASE_PYTHON_WEB");
 * ```
 */
export function runtimeVariables(name: string): RuntimeVariables {
  const word = name.toUpperCase().replace(/[^A-Z0-9]/g, "_");
  return { base: `ROUTEBOOK_BASE_${word}`, image: `ROUTEBOOK_RUNTIME_${word}` };
}

/**
 * Completes what an image is made from with what the environment says. What the spec says itself
 * wins. Its runtime becomes data; one that a ready image stands for is gone, and that image is used
 * as it is, or is what its packages and setup commands are added to. It stands for all of a runtime
 * that ships; a custom one still says what its variables and the directory of the work are.
 *
 * @param spec What the image is made from; variables of a runtime count where it has a name.
 * @param env Reads a variable of the environment.
 * @param custom Runtimes besides those that are known.
 * @returns The same, with data alone.
 * @throws {UnknownRuntimeError} If no runtime has that name.
 */
export function imageSources(
  spec: ImageSpec,
  env: (name: string) => string | undefined,
  custom: Readonly<Record<string, Runtime>> = {},
): SourcedImage {
  const read = (name: string) => env(name) || undefined;
  const { sources = {}, packages = [], setup = [] } = spec;
  const variables = typeof spec.runtime === "string" ? runtimeVariables(spec.runtime) : undefined;
  const runtime = spec.runtime === undefined ? undefined : resolveRuntime(spec.runtime, custom);
  const registry = sources.registry ?? read(REGISTRY_VARIABLE);
  const network = sources.network ?? read(NETWORK_VARIABLE);
  const ways = {
    ...registry === undefined ? {} : { registry },
    ...network === undefined ? {} : { network },
  };
  const ready = variables === undefined || sources.base !== undefined
    ? undefined
    : read(variables.image);
  if (ready !== undefined && runtime !== undefined) {
    const isPlain = packages.length === 0 && setup.length === 0;
    const isCustom = typeof spec.runtime === "string" && Object.hasOwn(custom, spec.runtime);
    const { manager, workdir } = runtime;
    const env = isCustom && runtime.env !== undefined ? { env: runtime.env } : {};
    if (!isPlain) {
      return { ...spec, sources: ways, runtime: { base: ready, manager, workdir, ...env } };
    }
    const place = isCustom && workdir !== undefined ? { workdir } : {};
    return { ...spec, ...place, ...env, sources: ways, runtime: undefined, image: ready };
  }
  const base = sources.base ?? (variables === undefined ? undefined : read(variables.base));
  const all = { ...ways, ...base === undefined ? {} : { base } };
  return { ...spec, sources: all, ...runtime === undefined ? {} : { runtime } };
}
