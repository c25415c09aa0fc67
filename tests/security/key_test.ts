/**
 * Where the model's key is while a live run is under way, and where it is not.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Clone } from "../support/cli.ts";
import { answer, stall } from "../support/openai_server.ts";
import { assertKeyKept, isThere, liveRun } from "./_key.ts";
import { needing } from "./_machine.ts";

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
      await using live = await liveRun(clone, { flow, script, until });
      while (shell === "virtual" && !isThere(live.run, "shell")) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      const roles = assertKeyKept(live.run, live.server.key);
      assertEquals([roles.has("host"), roles.has("shell")], [true, shell === "virtual"]);
      assertEquals([roles.get("agent"), roles.has("command")], [1, shell === "sandbox"]);
    },
  });
}
