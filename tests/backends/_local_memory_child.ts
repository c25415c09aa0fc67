/**
 * Reads a few lines of a huge file and prints by how much memory rose, as JSON. The argument is the
 * root.
 *
 * @module
 */

import { LocalBackend } from "../../backends/local.ts";

function status(name: string): number {
  const text = Deno.readTextFileSync("/proc/self/status");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1]) * 1024;
}

const backend = new LocalBackend({ rootDir: Deno.args[0] ?? "", access: "read" });
await backend.read("/small.txt", { offset: 0, limit: 1 });
// Makes the host forget the peak so far.
Deno.writeTextFileSync("/proc/self/clear_refs", "5");
const before = status("VmRSS");
const slice = await backend.read("/huge.txt", { offset: 1_000_000, limit: 10 });
const tail = await backend.readBytes("/huge.txt", { offset: slice.size - 5, length: 100 });
const rise = status("VmHWM") - before;
console.log(JSON.stringify({ slice, tail: [...tail], rise }));
