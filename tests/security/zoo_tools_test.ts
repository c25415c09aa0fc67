/**
 * The symlink zoo through a whole run: every kind of link, each operation of the agent's tools, the
 * real agent, runner and host processes.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  buildZoo,
  describeOutside,
  EXPECTED,
  type Kind,
  LINKS,
  SECRET,
  type Zoo,
  type ZooLink,
} from "../backends/_local_zoo.ts";
import { type Ran, type ScriptedCall, World } from "./_world.ts";

/** What is done with the link at a path: the operation's name in `EXPECTED`, and the call. */
function attacks(prefix: string, name: string): readonly (readonly [string, ScriptedCall])[] {
  const link = `${prefix}${name}`;
  const edit = { old_text: "harmless", new_text: "harmless, edited" };
  return [
    ["ls", ["ls", { path: link }]],
    ["read", ["read_file", { path: link }]],
    ["glob", ["glob", { pattern: "**", path: link }]],
    ["grep", ["grep", { query: "S", path: link, ignore_case: true }]],
    ["edit", ["edit_file", { path: link, ...edit }]],
    ["write", ["write_file", { path: link, content: "harmless, written\n" }]],
    ["read below", ["read_file", { path: `${link}/secret.txt` }]],
    ["edit below", ["edit_file", { path: `${link}/secret.txt`, ...edit }]],
    ["write below", ["write_file", { path: `${link}/a/new.txt`, content: "new" }]],
    ["delete below", ["delete_file", { path: `${link}/secret.txt` }]],
    ["move from below", ["move_file", { from: `${link}/file.txt`, to: `${prefix}taken.txt` }]],
    ["move to below", ["move_file", { from: `${prefix}other.txt`, to: `${link}/b/moved.txt` }]],
    ["move", ["move_file", { from: link, to: `${prefix}moved-link` }]],
    ["stat moved", ["ls", { path: `${prefix}moved-link` }]],
    ["move back", ["move_file", { from: `${prefix}moved-link`, to: link }]],
    ["move onto", ["move_file", { from: `${prefix}plain.txt`, to: link }]],
    ["replace", ["move_file", { from: `${prefix}plain.txt`, to: link, overwrite: true }]],
    ["delete", ["delete_file", { path: link }]],
  ];
}

const OPERATIONS = attacks("/", "").map(([operation]) => operation);

/** In bubblewrap no host path exists, so that what leads in by one leads out. */
function kindOf(link: ZooLink, confined: boolean): Kind {
  return confined && link.target.startsWith("ROOT/") ? "out" : link.kind;
}

function expectedCode(kind: Kind, operation: string): string {
  const code = EXPECTED[kind][operation] ?? "ok";
  // Looked at with `ls` here, which a file that is there answers so.
  const isFile = kind === "file" || kind === "nothing";
  return operation === "stat moved" && code === "ok" && isFile ? "not_directory" : code;
}

/** Runs all attacks on all links, one root for each, in one run. */
async function attackAll(world: World, zoos: readonly Zoo[]): Promise<Ran & { confined: boolean }> {
  const backends = zoos.map(({ root }, index) => [`zoo${index}`, { type: "local", root }]);
  const routes = zoos.map((_, index) => [`/zoo${index}/`, `zoo${index}`]);
  const scripts = LINKS.map(({ name }, index) => attacks(`/zoo${index}/`, name));
  const turns = OPERATIONS.map((_, turn) =>
    scripts.flatMap((script) => script[turn] === undefined ? [] : [script[turn][1]])
  );
  let confined = false;
  const ran = await world.run({
    backends: Object.fromEntries(backends),
    routes: Object.fromEntries(routes),
  }, { turns, onPlan: (plan) => confined = plan.confinement?.type === "bubblewrap" });
  return { ...ran, confined };
}

Deno.test("no tool of a run follows any kind of symbolic link out of its root: our guard refuses", async (t) => {
  await using world = await World.make();
  const zoos = LINKS.map((link, index) => {
    Deno.mkdirSync(world.at(`zoos/${index}`), { recursive: true });
    return buildZoo(world.at(`zoos/${index}`), link);
  });
  const before = zoos.map(describeOutside);
  const { result, calls, told, confined } = await attackAll(world, zoos);
  assertEquals([result.outcome, result.error], ["success", undefined]);
  assertEquals(calls.length, LINKS.length * OPERATIONS.length);
  assert(!told.includes(SECRET), "a secret came out");
  assert(!told.includes(world.directory), "a path of the host came out");
  for (const [index, link] of LINKS.entries()) {
    await t.step(`link to ${link.name}`, () => {
      const kind = kindOf(link, confined);
      for (const [turn, operation] of OPERATIONS.entries()) {
        const call = calls[turn * LINKS.length + index];
        const code = expectedCode(kind, operation);
        const message = `${operation}: ${call?.result}`;
        assertEquals(call?.ok === true ? "ok" : call?.code, code, message);
        // Whoever reads the log shall see what it was.
        if (kind === "out" && code === "denied") {
          assert(/symbolic link/.test(call?.result ?? ""), message);
        }
      }
    });
  }
  assertEquals(zoos.map(describeOutside), before);
});
