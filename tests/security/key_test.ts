/**
 * Where the model's key is while a live run is under way, and where it is not.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Clone, startCli } from "../support/cli.ts";
import { answer, type Reply, stall, startOpenAiServer } from "../support/openai_server.ts";
import { needing } from "./_machine.ts";
import { descendantsOf, memoryHolds, type SeenProcess } from "./_proc.ts";

/** The process of a plan that runs a command line. */
function roleOf({ command }: SeenProcess): string {
  const words = command.join(" ");
  if (words.includes("agent/main.ts")) return "agent";
  if (words.includes("runner/shell.ts")) return "shell";
  return words.includes("runner/host.ts") ? "host" : "command";
}

/** A live run that stands still in the middle of its last reply, or of a command. */
async function liveRun(clone: Clone, flow: object, script: readonly Reply[], until: string) {
  await Deno.writeTextFile(`${clone.directory}/flow.yaml`, JSON.stringify(flow));
  const server = startOpenAiServer({ script });
  const run = startCli("run", ["--json", "--live", "flow.yaml"], {
    cwd: clone.directory,
    env: { OPENAI_API_KEY: server.key, OPENAI_BASE_URL: server.baseUrl },
  });
  const lines = run.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes(until)) {
    const { value, done } = await lines.read();
    if (done) {
      throw new Error(`The run ended early: ${text}${await new Response(run.stderr).text()}`);
    }
    text += value;
  }
  return {
    server,
    run,
    async [Symbol.asyncDispose]() {
      run.kill("SIGTERM");
      const drained = (async () => {
        while (!(await lines.read()).done);
      })();
      await Promise.all([run.status, drained, run.stderr.cancel()]);
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Fails where a process but the agent knows the key, or the agent shows it. */
function assertKeyKept(run: Deno.ChildProcess, key: string): ReadonlyMap<string, number> {
  const roles = new Map<string, number>();
  for (const process of descendantsOf(run.pid)) {
    const role = roleOf(process);
    roles.set(role, (roles.get(role) ?? 0) + 1);
    const shown = [...process.command, ...process.environment].join("\n");
    assert(!shown.includes(key), `${role} shows the key in /proc`);
    assert(!shown.includes("OPENAI_"), `${role} has a variable of the runner's`);
    const { found, bytes } = memoryHolds(process.pid, key);
    assert(bytes > 0, `nothing of the memory of ${role} was read`);
    // The search that finds it in the one process would find it in another.
    assertEquals(found, role === "agent", `the key in the memory of ${role}`);
  }
  return roles;
}

Deno.test({
  ...needing(
    "the key of a live run is in the agent's memory, and in no environment, command or other memory",
    "linux",
  ),
  async fn() {
    await using clone = await Clone.make();
    const flow = {
      name: "key",
      model: "openai:m",
      backends: { disk: { type: "local", root: "./ws" } },
      routes: { "/project/": "disk" },
      steps: [{ id: "a", prompt: "Go" }],
    };
    const write = { path: "/project/a.txt", content: "a" };
    const calls = [{ name: "write_file", arguments: JSON.stringify(write) }];
    const script = [answer({ calls }), stall({ text: "One moment" })];
    await using live = await liveRun(clone, flow, script, '"model.text"');
    const roles = assertKeyKept(live.run, live.server.key);
    assertEquals(roles.get("agent"), 1);
    assert((roles.get("host") ?? 0) > 0, "there is no host");
  },
});
