/**
 * What the three processes cost: one read of a 2 KB file by the agent's process, through the runner
 * and the host and back, against the same read in one process.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";
import { LocalBackend } from "../backends/local.ts";
import { serveBackends } from "../backends/remote.ts";
import { Child } from "../runner/child.ts";
import type { PlanProcess, PlanRoute } from "../runner/plan.ts";
import { relayOf } from "../runner/relay.ts";
import { filledDirectory } from "./_files.ts";

const READS = 200;
const root = Deno.realPathSync(filledDirectory(100));
const flags = ["run", "--no-prompt", "--cached-only", "--no-remote", "--ignore-env"];
const none = { read: [], write: [], denyWrite: [], net: [], env: [], run: [] };

function child(name: PlanProcess["name"], entry: string, ...grants: string[]): Child {
  const file = fromFileUrl(new URL(entry, import.meta.url));
  return new Child({
    name,
    permissions: none,
    command: [Deno.execPath(), ...flags, ...grants, file],
  });
}

const host = child("host", "../runner/host.ts", `--allow-read=${root}`);
await host.channel.request("host.start", {
  roots: [{ backend: "disk", path: "/", directory: root, access: "read", protected: [] }],
});
const routes: readonly PlanRoute[] = [
  { prefix: "/project/", backend: "disk", path: "/", access: "read" },
];
const agents = {
  "through agent, runner and host": readerOver([]),
  "the same, with a rule that the runner applies": readerOver(["read **/.env"]),
};

/** A process in the agent's place that reaches the host as an agent does. */
function readerOver(deny: readonly string[]): Child {
  const agent = child("agent", "./_reader.ts");
  const relay = relayOf({ routes, deny }, "disk", host.channel);
  serveBackends(agent.channel, (name) => name === "disk" ? relay : undefined);
  return agent;
}
const local = new LocalBackend({ rootDir: root, access: "read" });

Deno.bench({
  name: "in one process",
  group: `${READS} reads, one after the other`,
  baseline: true,
  async fn() {
    for (let index = 0; index < READS; index++) await local.read("/d0/f0.txt");
  },
});

for (const [name, agent] of Object.entries(agents)) {
  Deno.bench({
    name,
    group: `${READS} reads, one after the other`,
    async fn() {
      await agent.channel.request("read", READS);
    },
  });
}
