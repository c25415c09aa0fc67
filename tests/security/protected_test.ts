/**
 * The workflow, its rehearsal and the journal in the middle of a directory that a run may write.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { needing } from "./_machine.ts";
import { type ScriptedCall, World } from "./_world.ts";

const FLOW = "/all/flow/attack.yaml";

const ATTACKS: readonly ScriptedCall[] = [
  ["write_file", { path: FLOW, content: "taken" }],
  ["edit_file", { path: FLOW, old_text: "attack", new_text: "taken" }],
  ["delete_file", { path: "/all/flow", recursive: true }],
  ["move_file", { from: "/all/flow", to: "/all/moved" }],
  ["move_file", { from: FLOW, to: "/all/moved.yaml" }],
  ["write_file", { path: "/all/.routebook/runs.db", content: "taken" }],
  ...[
    `echo taken >${FLOW}`,
    `echo taken | tee ${FLOW}`,
    `sed -i s/attack/taken/ ${FLOW}`,
    `rm -rf ${FLOW}; rm -rf /all/flow`,
    `mv ${FLOW} /all/moved.yaml; mv /all/flow /all/moved; mkdir /all/flow; echo taken >${FLOW}`,
    `ln -f /all/ws/other.yaml ${FLOW}; cp /all/ws/other.yaml ${FLOW}`,
    "mkdir /all/.routebook; echo taken >/all/.routebook/runs.db",
    "echo taken >/all/planted; mv /all/planted /all/.routebook",
  ].map((command): ScriptedCall => ["execute", { command }]),
];

for (const shell of ["virtual", "sandbox"]) {
  const by = shell === "sandbox" ? "mounts that are read-only" : "our guard";
  Deno.test({
    ...needing(
      `a run with a ${shell} shell changes neither its workflow nor the journal: ${by}`,
      "linux",
      ...(shell === "sandbox" ? ["bubblewrap"] as const : []),
    ),
    async fn() {
      await using world = await World.make();
      await world.file("ws/other.yaml", "taken\n");
      let files: Record<string, string> = {};
      const read = () =>
        Object.fromEntries(["attack.yaml", "attack.rehearsal.yaml"].map((name) => {
          return [name, Deno.readTextFileSync(world.at(`flow/${name}`))];
        }));
      const { result, calls } = await world.run({
        shell,
        backends: { disk: { type: "local", root: ".." }, memory: { type: "state" } },
        default: "memory",
        routes: { "/all/": "disk" },
      }, { turns: ATTACKS.map((call) => [call]), onPlan: () => files = read() });
      assertEquals(result.outcome, "success");
      assertEquals(calls.length, ATTACKS.length);
      for (const { tool, result } of calls.slice(0, 6)) {
        assertMatch(result, /^Error: Cannot [^\n]* it is protected/, tool);
      }
      assertEquals(read(), files);
      const names = [...Deno.readDirSync(world.directory)].map(({ name }) => name);
      assert(!names.includes(".routebook"), "a journal was planted");
    },
  });
}
