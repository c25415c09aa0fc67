/**
 * The symlink zoo from within commands: every kind of link, and what programs do with links, in
 * whole runs with each shell. One command does all of it with one root.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { buildZoo, describeOutside, LINKS, SECRET } from "../backends/_local_zoo.ts";
import { needing } from "./_machine.ts";
import { type ScriptedCall, World } from "./_world.ts";

/** What is done with the link `$L` of the directory `$Z`, in an order in which nothing spoils the next. */
const ATTACKS = [
  'cat "$L" "$L/secret.txt"',
  'cat <"$L"',
  'ls -la "$L/"; echo "$L"/*',
  'grep -rh SECRET "$L/"',
  'tar -cf $Z/all.tar "$L" "$L/.." && tar -xOf $Z/all.tar',
  'cp -rL "$L" $Z/copy && cat $Z/copy $Z/copy/*',
  'ln "$L" $Z/hard && cat $Z/hard',
  'cd "$L/.." && cat outside/secret.txt',
  'printf taken >>"$L"',
  'printf taken >"$L/secret.txt"',
  'mkdir -p "$L/made" && touch "$L/secret.txt"',
  'chmod 777 "$L" "$L/secret.txt"',
  'sed -i s/S/T/ "$L/secret.txt"',
  'mv "$L/secret.txt" $Z/stolen && cat $Z/stolen',
  'mv $Z/other.txt "$L/moved.txt"',
  // Deeper or higher a relative link leads elsewhere.
  'mkdir -p $Z/a/b; mv "$L" $Z/a/b/link; cat $Z/a/b/link $Z/a/b/link/secret.txt; mv $Z/a/b/link "$L"',
  'rm -rf "$L/secret.txt" "$L/made" "$L"',
];

/** Some links lead to the sandbox's own root, which is large, and some programs never end on a loop. */
function bounded(attack: string): string {
  return `timeout --signal=KILL 0.1 sh -c '${attack}'`;
}

for (const shell of ["virtual", "sandbox"]) {
  const needs = shell === "sandbox" ? ["linux", "bubblewrap"] as const : [];
  const by = shell === "sandbox" ? "nothing else is mounted" : "our guard refuses";
  const name = `no command of a ${shell} shell gets out through any kind of symbolic link: ${by}`;
  Deno.test({
    ...needing(name, ...needs),
    async fn(t) {
      await using world = await World.make();
      const zoos = LINKS.map((link, index) => {
        Deno.mkdirSync(world.at(`zoos/${index}`), { recursive: true });
        return buildZoo(world.at(`zoos/${index}`), link);
      });
      const before = zoos.map(describeOutside);
      const scripts = LINKS.map(({ name }, index): ScriptedCall => {
        const command = ATTACKS.map(shell === "sandbox" ? bounded : (attack) => attack).join("\n");
        const env = { Z: `/zoo${index}`, L: `/zoo${index}/${name}` };
        return ["execute", { command: `exec 2>&1\n${command}\necho over`, env, timeout: 60 }];
      });
      const { result, calls, told } = await world.run({
        shell,
        backends: Object.fromEntries(
          zoos.map(({ root }, index) => [`zoo${index}`, { type: "local", root }]),
        ),
        routes: Object.fromEntries(zoos.map((_, index) => [`/zoo${index}/`, `zoo${index}`])),
      }, { turns: [scripts] });
      assertEquals([result.outcome, result.error], ["success", undefined]);
      assert(!told.includes(SECRET), "a secret came out");
      for (const [index, link] of LINKS.entries()) {
        await t.step(`link to ${link.name}`, () => {
          const { ok, result = "" } = calls[index] ?? {};
          assertEquals([ok, result.trimEnd().endsWith("over")], [true, true], result.slice(-2_000));
          // It is the links that are refused, not the commands.
          const leadsIn = link.kind === "file" && !link.target.startsWith("ROOT");
          if (leadsIn) assertStringIncludes(result, "harmless");
        });
      }
      assertEquals(zoos.map(describeOutside), before);
      world.assertUntouched();
    },
  });
}
