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

function isThere(run: Deno.ChildProcess, role: string): boolean {
  return descendantsOf(run.pid).some((process) => roleOf(process) === role);
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

const NAME =
  "the key of a live run is in the agent's memory, and in no environment, command or other " +
  "memory";

for (const shell of [undefined, "virtual", "sandbox"] as const) {
  Deno.test({
    ...needing(
      shell === undefined ? NAME : `${NAME}, while a ${shell} command runs`,
      "linux",
      ...(shell === "sandbox" ? ["bubblewrap"] as const : []),
    ),
    async fn() {
      await using clone = await Clone.make();
      const flow = {
        name: "key",
        model: "openai:m",
        ...(shell === undefined ? {} : { shell }),
        backends: { disk: { type: "local", root: "./ws" }, memory: { type: "state" } },
        default: "memory",
        routes: { "/project/": "disk" },
        steps: [{ id: "a", prompt: "Go" }],
      };
      // What a command prints in the virtual shell is told when it is over.
      const [name, args, until] = shell === undefined
        ? ["write_file", { path: "/project/a.txt", content: "a" }, '"model.text"']
        : [
          "execute",
          { command: "echo started; sleep 300" },
          shell === "virtual" ? '"tool.called"' : '"command.output"',
        ];
      const calls = [{ name, arguments: JSON.stringify(args) }];
      const script = [answer({ calls }), stall({ text: "One moment" })];
      await using live = await liveRun(clone, flow, script, until);
      while (shell === "virtual" && !isThere(live.run, "shell")) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      const roles = assertKeyKept(live.run, live.server.key);
      assertEquals([roles.has("host"), roles.has("shell")], [true, shell === "virtual"]);
      assertEquals([roles.get("agent"), roles.has("command")], [1, shell === "sandbox"]);
    },
  });
}
