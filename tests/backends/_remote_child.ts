/**
 * A process that serves an empty backend, for the tests of remote backends.
 *
 * @module
 */

import { Channel } from "../../backends/channel.ts";
import { serveBackends } from "../../backends/remote.ts";
import { StateBackend } from "../../backends/state.ts";

const channel = new Channel({ readable: Deno.stdin.readable, writable: Deno.stdout.writable });
const backends = new Map<string, StateBackend>();
// A new backend for each name, so that one process serves all cases of the contract.
serveBackends(channel, (name) => {
  const backend = backends.get(name) ?? new StateBackend();
  backends.set(name, backend);
  return backend;
});
await channel.closed;
