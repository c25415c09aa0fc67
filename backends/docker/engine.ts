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

/**
 * Makes a client. Nothing is sent yet.
 *
 * The library takes a while to load: whoever has no sandbox does without it.
 *
 * @param address Where the engine is.
 * @returns Its client.
 */
export async function openEngine(address: EngineAddress): Promise<Engine> {
  // @ts-types="npm:@types/dockerode@4.0.2"
  const { default: Client } = await import("dockerode");
  if (address.type === "unix") return new Client({ socketPath: address.path });
  const { host, port, tls } = address;
  return new Client({ host, port, protocol: tls === undefined ? "http" : "https", ...tls });
}
