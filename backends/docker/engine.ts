/**
 * The way to an engine: the one module that knows its client library.
 *
 * @module
 */

// @ts-types="npm:@types/dockerode@4.0.2"
import type Docker from "dockerode";
import type { EngineAddress } from "./options.ts";

/** An engine's client. */
export type Engine = Docker;
/** A container of an engine. */
export type EngineContainer = Docker.Container;
/** What an engine is told of a container before it makes one. */
export type ContainerSettings = Docker.ContainerCreateOptions;

/** Options of {@linkcode openEngine}. */
export interface OpenEngineOptions {
  /**
   * Milliseconds in which the engine has to begin each answer.
   *
   * @default {as long as it takes}
   */
  readonly milliseconds?: number | undefined;
}

/**
 * Makes a client. Nothing is sent yet.
 *
 * The library takes a while to load: whoever has no sandbox does without it.
 *
 * @param address Where the engine is.
 * @param options How long it is waited for.
 * @returns Its client.
 */
export async function openEngine(
  address: EngineAddress,
  options: OpenEngineOptions = {},
): Promise<Engine> {
  // @ts-types="npm:@types/dockerode@4.0.2"
  const { default: Client } = await import("dockerode");
  const { milliseconds } = options;
  // What is not given the library takes from the environment: `DOCKER_HOST` would win.
  const none = { host: undefined, port: undefined, ca: undefined, cert: undefined, key: undefined };
  const waits = { connectionTimeout: milliseconds, timeout: milliseconds };
  if (address.type === "unix") {
    return new Client({ ...none, ...waits, protocol: "http", socketPath: address.path });
  }
  const { host, port, tls } = address;
  const protocol = tls === undefined ? "http" : "https";
  return new Client({ ...none, ...waits, host, port, protocol, ...tls });
}
