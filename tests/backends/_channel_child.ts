/**
 * The other process of the channel tests.
 *
 * @module
 */

import { Channel } from "../../backends/channel.ts";
import { BackendError } from "../../backends/errors.ts";

const channel = new Channel({ readable: Deno.stdin.readable, writable: Deno.stdout.writable });
channel.handle("echo", (call) => ({ value: call.params, bytes: call.bytes }));
channel.handle("fail", () => {
  throw new BackendError("not_found", "/a.txt", "Cannot read '/a.txt': it does not exist");
});
channel.handle("hang", () => new Promise(() => {}));
channel.handle("tell", (call) => {
  for (let number = 0; number < 100; number++) channel.notify("number", number);
  return { value: call.params };
});
await channel.closed;
