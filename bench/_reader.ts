/**
 * What bench/tool_call_bench.ts starts in the agent's place: it reads one file over and over through
 * the runner and the host, and tells how long a read took.
 *
 * @module
 */

import { Channel } from "../backends/channel.ts";
import { RemoteBackend } from "../backends/remote.ts";

const channel = new Channel({ readable: Deno.stdin.readable, writable: Deno.stdout.writable });
const backend = new RemoteBackend({ channel, name: "disk" });
channel.handle("read", async ({ params }) => {
  for (let index = 0; index < Number(params); index++) await backend.read("/d0/f0.txt");
  return {};
});
await channel.closed;
Deno.exit(0);
