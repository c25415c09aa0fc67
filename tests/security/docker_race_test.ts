/**
 * The same race, run by a container in a directory that is mounted there, while the host is in
 * bubblewrap.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { boxOf, ENGINES } from "../backends/_docker_subject.ts";
import { DATASCIENCE_IMAGE, type TestEngine, testOn } from "../support/engine.ts";
import { Host } from "./_host.ts";
import { MACHINE } from "./_machine.ts";
import { attackWhileSwapped, prepareRace } from "./_race.ts";
import { World } from "./_world.ts";

/** How often a file is opened by a name on whose way the swapping is done. */
const TRIES = 30_000;

/** Exchanges two names with `renameat2(RENAME_EXCHANGE)` until it is told to stop. */
const EXCHANGE = `
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
swaps = 0
while not os.path.exists("/project/stop"):
    for _ in range(200):
        if libc.renameat2(-100, b"/project/d", -100, b"/project/l", 2) != 0:
            raise OSError(ctypes.get_errno(), "renameat2")
        swaps += 1
print(swaps)
`;

/** A shell has no such call: it swaps a link into the directory and one out. */
const RENAME = `
swaps=0
cd /project
out=$(readlink l)
until [ -e stop ]; do
  ln -s "$out" next && mv -fT next d && ln -s real next && mv -fT next d && swaps=$((swaps + 2))
done
echo $swaps
`;

/** Podman has the image of busybox alone. */
function racerOf({ name }: TestEngine) {
  return name === "Docker"
    ? {
      image: DATASCIENCE_IMAGE,
      before: "true",
      command: ["python3", "-c", EXCHANGE],
      least: 1_000,
    }
    : { before: "cd /project && mv d real && ln -s real d", command: RENAME, least: 50 };
}

for (const [name, engine] of Object.entries(ENGINES)) {
  testOn(
    MACHINE.bubblewrap ? engine : { ignore: "bubblewrap is not there" },
    `the file tools against a container of ${name} that swaps a directory and a link: no escape, ` +
      "since nothing outside is mounted for the host",
    async (on) => {
      await using world = await World.make();
      await prepareRace(world);
      for (const path of ["ws", "ws/d"]) await Deno.chmod(world.at(path), 0o777);
      await using host = await Host.start(world, {
        backends: { disk: { type: "local", root: "../ws" }, memory: { type: "state" } },
        default: "memory",
        routes: { "/project/": "disk" },
      });
      assertEquals(host.plan.confinement?.type, "bubblewrap");
      const { before, command, least, ...image } = racerOf(on);
      await using box = boxOf(on, {
        ...image,
        mounts: [{ prefix: "/project/", directory: world.at("ws"), access: "read-write" }],
      });
      assertEquals((await box.execute(before)).exitCode, 0);
      const racing = box.execute(command, { timeout: 200_000 });
      const tally = await attackWhileSwapped(host.files("disk"), TRIES);
      await Deno.writeTextFile(world.at("ws/stop"), "");
      const { stdout, stderr } = await racing;
      const summary = JSON.stringify({ ...tally, swaps: stdout.text });
      assertEquals([tally.escapes, stderr.text], [0, ""], summary);
      // Both states were met, again and again.
      assert(Number(stdout.text) > least && tally.done > 100 && tally.refused > 100, summary);
      world.assertUntouched();
    },
  );
}
