/**
 * The engine that a run has its containers from: this machine is asked once, and only where a file
 * has a docker backend.
 *
 * @module
 */

import type { LocatedEngine } from "../backends/docker/find_engine.ts";
import type { EngineAddress } from "../backends/docker/options.ts";
import type { CompiledBackends } from "./_compile_backends.ts";
import type { Environment } from "./_compile_env.ts";
import { flagProblem } from "./_host_paths.ts";
import { ownOwner } from "./_owner.ts";
import type { Plan } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";

/** An engine, or where none was found. */
export type FoundEngine =
  | {
    readonly engine: EngineAddress;
    /** What led to it, for people: `DOCKER_HOST=unix:///run/docker.sock`. */
    readonly engineBy?: string;
  }
  | { readonly engine?: undefined; readonly tried: readonly string[] };

/**
 * Says where the engine is. Nothing is sent to it.
 *
 * @param env The environment of whoever runs it.
 */
export type FindEngine = (env: Environment) => Promise<FoundEngine>;

/**
 * Begins to find out where the engine is.
 *
 * @param backends The backends of a file.
 * @param env The environment.
 * @param find Whoever is asked instead of this machine.
 * @returns The answer; none is asked for where no backend needs an engine.
 */
export function askEngine(
  backends: CompiledBackends,
  env: Environment,
  find: FindEngine = findOnThisMachine,
): Promise<FoundEngine> | undefined {
  const isNeeded = [...backends.sound.values()].some(({ type }) => type === "docker");
  return isNeeded ? find(env) : undefined;
}

/**
 * @param asked What {@linkcode askEngine} returned.
 * @param backends The backends of the file.
 * @param reporter Told where there is no engine.
 * @returns The engine and what led to it, if there is one.
 */
export async function compileEngine(
  asked: Promise<FoundEngine> | undefined,
  backends: CompiledBackends,
  reporter: Reporter,
): Promise<Pick<Plan, "engine" | "engineBy">> {
  const found = await asked;
  const box = [...backends.sound.values()].find(({ type }) => type === "docker");
  if (found === undefined || box === undefined) return {};
  const at = ["backends", box.name];
  const { engine } = found;
  if (engine === undefined) {
    reporter.error("no-engine", `There is no engine for the container of "${box.name}"`, at, {
      hint: `Start Docker or Podman, or say where it is with DOCKER_HOST. Tried: ${
        found.tried.join("; ")
      }`,
      part: "key",
    });
    return {};
  }
  const problem = engine.type === "unix" ? flagProblem(engine.path) : undefined;
  if (problem !== undefined && engine.type === "unix") {
    reporter.error("unsafe-path", `Socket "${engine.path}" cannot be granted: ${problem}`, at, {
      hint: "Let the engine listen at an ordinary path",
      part: "key",
    });
  }
  return found;
}

/**
 * @param engine An engine.
 * @returns How Deno's flags name it: `unix:/run/docker.sock`, `docker.example.org:2376`.
 */
export function engineName(engine: EngineAddress): string {
  if (engine.type === "unix") return `unix:${engine.path}`;
  const host = engine.host.includes(":") ? `[${engine.host}]` : engine.host;
  return `${host}:${engine.port}`;
}

/**
 * Looks for the engine of this machine.
 *
 * @param env The environment, which may name one.
 * @returns Where it is, or where none was found.
 */
export async function findOnThisMachine(env: Environment): Promise<FoundEngine> {
  const { locateEngine, NoEngineError } = await import("../backends/docker/find_engine.ts");
  try {
    const uid = ownOwner()?.uid;
    // Nothing is granted yet by which it could be asked.
    return await real(await locateEngine({ env: (name) => env.get(name), uid, ask: false }));
  } catch (error) {
    if (!(error instanceof NoEngineError)) throw error;
    return { tried: error.tried.map(({ place, problem }) => `${place}: ${problem}`) };
  }
}

/** A socket where it really is: what is granted is compared letter by letter. */
async function real({ address, place }: LocatedEngine): Promise<FoundEngine> {
  if (address.type !== "unix") return { engine: address, engineBy: place };
  try {
    return { engine: { ...address, path: await Deno.realPath(address.path) }, engineBy: place };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const problem = error instanceof Deno.errors.NotFound
      ? "It does not exist"
      : "It may not be read";
    return { tried: [`${place}: ${problem}`] };
  }
}
