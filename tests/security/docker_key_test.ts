/**
 * Where the model's key is while a command runs in a container, and where it is not.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Clone } from "../support/cli.ts";
import { callEngine, DOCKER, type TestEngine, testOn } from "../support/engine.ts";
import { answer, stall } from "../support/openai_server.ts";
import { boxesOf, removeBoxes } from "../runner/_boxed.ts";
import { assertHasKey, assertKeyKept, liveRun } from "./_key.ts";
import { seen, unlessEnded } from "./_proc.ts";

/** The processes of a container, by their numbers on the machine. */
async function processesIn(engine: TestEngine, id: string): Promise<readonly number[]> {
  const { body } = await callEngine(engine, "GET", `/containers/${id}/top`);
  const { Titles, Processes } = body as {
    readonly Titles: readonly string[];
    readonly Processes: readonly (readonly string[])[];
  };
  const at = Titles.indexOf("PID");
  return Processes.map((words) => Number(words[at]));
}

testOn(
  DOCKER,
  "the key of a live run is in the agent's memory, and neither in the docker host nor in a container",
  async (engine) => {
    await using clone = await Clone.make();
    const name = `key-${crypto.randomUUID()}`;
    const flow = {
      ...{ name, model: "openai:m", shell: "docker" },
      backends: {
        box: { type: "docker", image: engine.image },
        disk: { type: "local", root: "./ws", access: "read" },
      },
      default: "box",
      routes: { "/project/": "disk" },
      steps: [{ id: "a", prompt: "Go" }],
    };
    await Deno.mkdir(`${clone.directory}/ws`);
    const command = "echo started; sleep 300";
    const calls = [{ name: "execute", arguments: JSON.stringify({ command }) }];
    const script = [answer({ calls }), stall({ text: "One moment" })];
    try {
      const env = { DOCKER_HOST: engine.host };
      await using live = await liveRun(clone, { flow, script, until: '"command.output"', env });
      const roles = assertKeyKept(live.run, live.server.key);
      assertEquals([roles.get("agent"), roles.get("docker"), roles.has("host")], [1, 1, true]);
      const [box] = await boxesOf(engine, name);
      assert(box !== undefined);
      const { body } = await callEngine(engine, "GET", `/containers/${box.id}/json`);
      assert(!JSON.stringify(body).includes(live.server.key), "the engine was told the key");
      const pids = await processesIn(engine, box.id);
      assert(pids.length > 2, `${pids}`);
      for (const pid of pids) {
        const process = unlessEnded(() => seen(pid));
        if (process === undefined) continue;
        assertHasKey(
          process,
          live.server.key,
          false,
          `'${process.command.join(" ").slice(0, 40)}'`,
        );
      }
    } finally {
      await removeBoxes(engine, name);
    }
  },
);
