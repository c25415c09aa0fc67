/**
 * Whole runs whose commands are in a container: what rules keep from them, and what no run may change.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { ENGINES } from "../backends/_docker_subject.ts";
import { removeBoxes } from "../runner/_boxed.ts";
import { type TestEngine, testOn } from "../support/engine.ts";
import { CANARY, type Ran, type ScriptedCall, World, type WorldRunOptions } from "./_world.ts";

/** Runs a workflow with a container, whose commands are the model's. */
async function runIn(
  engine: TestEngine,
  world: World,
  flow: Readonly<Record<string, unknown>>,
  options: WorldRunOptions,
): Promise<Ran> {
  const name = `attack-${crypto.randomUUID()}`;
  const backends = {
    box: { type: "docker", image: engine.image },
    disk: { type: "local", root: "../ws" },
  };
  const findEngine = () => Promise.resolve({ engine: engine.address });
  try {
    return await world.run({ name, shell: "docker", backends, default: "box", ...flow }, {
      ...options,
      compile: { findEngine, ...options.compile },
    });
  } finally {
    await removeBoxes(engine, name);
  }
}

const execute = (command: string): readonly ScriptedCall[] => [["execute", { command }]];

for (const [name, engine] of Object.entries(ENGINES)) {
  testOn(
    engine,
    `no command in a container of ${name} reads what rules deny, nor keeps what they do not let it write`,
    async (on) => {
      await using world = await World.make();
      await world.file("ws/secret/key.txt", `${CANARY} key\n`);
      await world.file("ws/.env", `${CANARY} env\n`);
      await world.file("ws/asked.txt", `${CANARY} asked\n`);
      await world.file("ws/locked/fixed.txt", "fixed\n");
      await world.file("ws/open.txt", "open\n");
      const { result, calls, told } = await runIn(on, world, {
        routes: { "/project/": "disk" },
        tools: {
          deny: ["read /project/secret/**", "read /project/**/.env*", "write /project/locked/**"],
          ask: ["read /project/asked.txt"],
        },
        // What is asked for is not answered: nobody is there.
      }, {
        turns: [
          execute("cat /project/secret/key.txt /project/.env /project/asked.txt"),
          execute("grep -rs CANARY- / --include='*' 2>/dev/null | grep -v '^/proc'; find /project"),
          execute("ln -s secret/key.txt /project/l; cat /project/l; ln /project/.env /project/h"),
          execute("echo taken > /project/locked/fixed.txt; echo taken > /project/locked/new.txt"),
          execute(
            "mv /project/locked /project/moved; mkdir /project/locked; rm -rf /project/moved",
          ),
          execute("mv /project/open.txt /project/locked/fixed.txt"),
          execute("echo changed > /project/open.txt; cat /project/locked/fixed.txt"),
        ],
      });
      assertEquals([result.outcome, result.error], ["success", undefined]);
      assertEquals(calls.length, 7);
      assert(!told.includes(`${CANARY} `), told);
      assertMatch(calls[6]?.result ?? "", /fixed/);
      const text = (path: string) => Deno.readTextFileSync(world.at(path));
      assertEquals(text("ws/locked/fixed.txt"), "fixed\n");
      assertEquals(text("ws/open.txt"), "changed\n");
      assertEquals(text("ws/secret/key.txt"), `${CANARY} key\n`);
      assertEquals([...Deno.readDirSync(world.at("ws/locked"))].map(({ name }) => name), [
        "fixed.txt",
      ]);
      world.assertUntouched();
    },
  );

  for (const owner of [{ uid: 0, gid: 0 }, { uid: 1000, gid: 1000 }]) {
    testOn(
      engine,
      `no command in a container of ${name} changes or replaces its workflow (run by user ${owner.uid})`,
      async (on) => {
        await using world = await World.make();
        await world.file("ws/other.yaml", "taken\n");
        const flow = "/all/flow/attack.yaml";
        let files: Record<string, string> = {};
        const read = () =>
          Object.fromEntries(["attack.yaml", "attack.rehearsal.yaml"].map((name) => {
            return [name, Deno.readTextFileSync(world.at(`flow/${name}`))];
          }));
        const { result, calls } = await runIn(on, world, {
          backends: {
            box: { type: "docker", image: on.image },
            disk: { type: "local", root: ".." },
          },
          routes: { "/all/": "disk" },
        }, {
          turns: [
            execute(`echo taken >${flow}`),
            execute(`rm -rf ${flow}; rm -rf /all/flow; mkdir -p /all/flow; echo taken >${flow}`),
            execute(`mv /all/flow /all/moved; mkdir /all/flow; echo taken >${flow}`),
            execute(`ln -f /all/ws/other.yaml ${flow}; mv -f /all/ws/other.yaml ${flow}`),
            execute(`rm -f ${flow}; ln -s /all/ws/other.yaml ${flow}`),
            execute("mkdir /all/.routebook; echo taken >/all/.routebook/runs.db"),
            // Of a namespace of its own no mount point is one.
            execute(
              "cd /all/flow; unshare -Urm sh -c 'mkdir /tmp/n; mount -t tmpfs n /tmp/n; mkdir /tmp/n/o; " +
                "pivot_root /tmp/n /tmp/n/o; /o/bin/umount -l /o; /o/bin/rm -f attack.yaml; " +
                "echo taken > attack.yaml'; true",
            ),
            [["write_file", { path: flow, content: "taken" }]],
          ],
          onPlan: () => files = read(),
          compile: { owner },
        });
        assertEquals([result.outcome, result.error], ["success", undefined]);
        assertEquals(calls.length, 8);
        assertMatch(calls[7]?.result ?? "", /it is protected/);
        assertEquals(read(), files);
        const names = [...Deno.readDirSync(world.directory)].map(({ name }) => name);
        assert(!names.includes(".routebook"), "a journal was planted");
      },
    );
  }
}
