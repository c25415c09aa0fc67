/**
 * Asks an engine who it is, and says in a sentence why that failed.
 *
 * @module
 */

import { type Engine, openEngine } from "./engine.ts";
import type { EngineAddress } from "./options.ts";

/** What an engine is. */
export interface EngineVersion {
  readonly name: "Docker" | "Podman";
  /** `27.3.1`, `5.2.0`. */
  readonly version: string;
}

/** The oldest versions that are supported. */
const OLDEST: Readonly<Record<EngineVersion["name"], string>> = { Docker: "20.10", Podman: "4.0" };

/**
 * Asks an engine who it is.
 *
 * @param engine The engine.
 * @returns Its name and version.
 */
export async function engineVersion(engine: Engine): Promise<EngineVersion> {
  const { Components: components = [], Version: version } = await engine.version();
  const podman = components.find(({ Name }) => Name.startsWith("Podman"));
  return podman === undefined
    ? { name: "Docker", version: String(version) }
    : { name: "Podman", version: podman.Version };
}

/**
 * Asks whether an engine is at an address, and a usable one.
 *
 * @param address The address.
 * @param milliseconds How long each answer may take.
 * @returns What is wrong; `undefined` if it can be used.
 */
export async function askEngine(
  address: EngineAddress,
  milliseconds: number,
): Promise<string | undefined> {
  const begun = performance.now();
  let isEngine = false;
  try {
    const engine = await openEngine(address, { milliseconds });
    isEngine = String(await engine.ping()).trim() === "OK";
    if (!isEngine) return "What answers there is no engine";
    return tooOld(await engineVersion(engine));
  } catch (error) {
    if (performance.now() - begun >= milliseconds) {
      return `It did not answer within ${milliseconds / 1_000} seconds`;
    }
    return failure(error, address);
  }
}

function tooOld({ name, version }: EngineVersion): string | undefined {
  const oldest = OLDEST[name];
  const [major = 0, minor = 0] = numbers(version);
  const [leastMajor = 0, leastMinor = 0] = numbers(oldest);
  // A version that was built by hand has no number.
  const isEnough = major === 0 || major > leastMajor ||
    (major === leastMajor && minor >= leastMinor);
  return isEnough ? undefined : `It is ${name} ${version}: ${oldest} or newer is needed`;
}

function numbers(version: string): readonly number[] {
  return (/^v?([0-9]+)\.([0-9]+)/.exec(version) ?? []).slice(1).map(Number);
}

function failure(error: unknown, address: EngineAddress): string {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && error.name === "NotCapable") {
    return `This program has no permission to connect to it (${message})`;
  }
  if (error instanceof Error && "statusCode" in error) {
    return `What answers there is no engine (HTTP status ${error.statusCode})`;
  }
  switch (error instanceof Error && "code" in error ? error.code : undefined) {
    case "ENOENT":
      return "It does not exist";
    case "ENOTDIR":
      return "It does not exist";
    case "EACCES":
    case "EPERM":
      return address.type === "unix" ? forbidden(address.path) : `Permission denied (${message})`;
    case "ECONNREFUSED":
      return "Nobody listens there: the connection was refused";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "Its host is not known";
    case "ECONNRESET":
    case "EPIPE":
      return "What is there closed the connection without an answer" +
        (address.type === "tcp" && address.tls === undefined
          ? ": it may be encrypted (DOCKER_TLS_VERIFY=1, DOCKER_CERT_PATH)"
          : "");
  }
  return /parse error|invalid http/i.test(message)
    ? `What answers there is no engine (${message})`
    : `It gives no answer (${message})`;
}

function forbidden(path: string): string {
  return path.includes("podman")
    ? "Permission denied: it is another user's, and one of your own is started with " +
      '"systemctl --user start podman.socket"'
    : "Permission denied: who may use the engine is often in the group 'docker' " +
      '("sudo usermod -aG docker $USER", then log in again)';
}
