/**
 * The agent process. The runner starts it with no permission but the network of the model's host,
 * and talks to it over stdio as `agent/process.ts` describes. Standard output carries only frames of
 * that conversation. It ends with its standard input, whatever it is doing.
 *
 * @module
 */

import { Channel } from "../backends/channel.ts";
import { serveAgent } from "./_serve.ts";

// A library that logs would otherwise write into the frames.
console.log = console.info = console.debug = console.error;

// Ctrl-C in a terminal reaches every process of its group. The runner decides what becomes of it.
if (Deno.build.os !== "windows") Deno.addSignalListener("SIGINT", () => {});

const channel = new Channel({ readable: Deno.stdin.readable, writable: Deno.stdout.writable });
const hideKey = serveAgent(channel);

function fail(error: unknown): never {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  console.error(`The agent process failed: ${hideKey(reason).replaceAll(/\s+/g, " ")}`);
  Deno.exit(1);
}
globalThis.addEventListener("error", (event) => fail(event.error));
globalThis.addEventListener("unhandledrejection", (event) => fail(event.reason));

await channel.closed;
if (channel.failure !== undefined) fail(channel.failure);
Deno.exit(0);
