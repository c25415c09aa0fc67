/**
 * Engines that run without root: their users are others than those of the machine.
 *
 * @module
 */

import { BackendError } from "../errors.ts";
import { engineVersion } from "./_engine_ask.ts";
import { engineProblem } from "./_engine_errors.ts";
import type { Engine } from "./engine.ts";

/**
 * The namespace of users in which a user of the container is the same as on the machine, so that files
 * which commands make in a mounted directory belong to whoever runs them.
 *
 * @param engine The engine.
 * @returns Its name in the engine's words; `undefined` where users are the same anyway.
 * @throws {BackendError} `unsupported` where the engine has no such namespace.
 */
export async function userNamespace(engine: Engine): Promise<"keep-id" | undefined> {
  let info: unknown;
  try {
    info = await engine.info();
  } catch (error) {
    throw engineProblem("ask what the engine is", error);
  }
  if (!isRootless(info)) return undefined;
  const { name } = await engineVersion(engine);
  if (name === "Podman") return "keep-id";
  throw new BackendError(
    "unsupported",
    "/",
    "An engine that runs without root cannot mount a directory for files of yours to be made in: " +
      "use Podman, an engine that runs as root, or a route with access: read",
  );
}

/** Podman says so itself, Docker among its options of security. */
function isRootless(info: unknown): boolean {
  if (typeof info !== "object" || info === null) return false;
  if ("Rootless" in info && info.Rootless === true) return true;
  const options: unknown = "SecurityOptions" in info ? info.SecurityOptions : [];
  return Array.isArray(options) && options.some((option) => `${option}`.includes("name=rootless"));
}
