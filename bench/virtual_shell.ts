/**
 * `grep -r` of the virtual shell against the grep of the backends, over 2,000 files of 2 KB: in the
 * memory of this process, and in a directory that a host process serves. The shell is in a process of
 * its own, as in a run. Prints the ratio of the medians.
 *
 * @module
 */

import { Channel } from "../backends/channel.ts";
import type { Backend } from "../backends/protocol.ts";
import { RemoteBackend, serveBackends } from "../backends/remote.ts";
import { RemoteShell } from "../backends/shells/remote_shell.ts";
import { StateBackend } from "../backends/state.ts";
import { fill, filledDirectory, NEEDLE } from "./_files.ts";

const COUNT = 2_000;
const ROUNDS = 9;

interface Process {
  readonly channel: Channel;
  end(): Promise<void>;
}

function start(module: string, ...grants: string[]): Process {
  const path = new URL(module, import.meta.url).pathname;
  const flags = ["--no-prompt", "--cached-only", "--no-remote", "--ignore-env"];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...flags, ...grants, path],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const channel = new Channel({ readable: child.stdout, writable: child.stdin });
  return {
    channel,
    async end() {
      await channel.close();
      await child.status;
    },
  };
}

async function median(work: () => Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const begin = performance.now();
    const found = await work();
    if (found !== COUNT) throw new Error(`Found ${found} of ${COUNT}`);
    // The first round fills caches.
    if (round > 0) times.push(performance.now() - begin);
  }
  return times.sort((a, b) => a - b)[ROUNDS >> 1] ?? NaN;
}

async function compare(name: string, backend: Backend): Promise<void> {
  const process = start("../runner/shell.ts");
  serveBackends(process.channel, (tree) => tree === "/" ? backend : undefined);
  const shell = new RemoteShell({ channel: process.channel, type: "virtual" });
  const native = await median(async () => {
    return (await backend.grep(NEEDLE, { path: "/", limit: COUNT })).matches.length;
  });
  const virtual = await median(async () => {
    const { stdout } = await shell.execute(`grep -r ${NEEDLE} /d[0-9]*`, {
      outputBytes: 1024 * 1024,
    });
    return stdout.text.trimEnd().split("\n").length;
  });
  console.log(
    `${name}: backend.grep ${native.toFixed(1)} ms, grep -r ${virtual.toFixed(1)} ms, ` +
      `ratio ${(virtual / native).toFixed(2)}`,
  );
  await process.end();
}

const memory = new StateBackend();
await fill(memory, COUNT);
await compare("StateBackend", memory);

const root = filledDirectory(COUNT);
const host = start("../runner/host.ts", `--allow-read=${root}`, `--allow-write=${root}`);
await host.channel.request("host.start", {
  roots: [{ backend: "disk", path: "/", directory: root, access: "read-write", protected: [] }],
});
await compare("LocalBackend of a host", new RemoteBackend({ channel: host.channel, name: "disk" }));
await host.end();
