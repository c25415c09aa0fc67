/**
 * The race that no check within a program survives: a command swaps a directory and a symbolic link,
 * as fast as the kernel does it, while the file tools work in that directory.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Host } from "./_host.ts";
import { needing } from "./_machine.ts";
import { attackWhileSwapped, prepareRace } from "./_race.ts";
import { World } from "./_world.ts";

/** How often a file is opened by a name on whose way the swapping is done. */
const TRIES = 100_000;

/** Exchanges two names with `renameat2(RENAME_EXCHANGE)` until it is told to stop. */
const RACER = String.raw`
my ($call) = (POSIX::uname())[4] eq "aarch64" ? 276 : 316;
my ($a, $b, $swaps) = ("/project/d", "/project/l", 0);
until (-e "/project/stop") { for (1 .. 200) { syscall($call, -100, $a, -100, $b, 2) == 0 or die "$!"; $swaps++ } }
print $swaps;
`;

Deno.test({
  ...needing(
    "100,000 tries of the file tools against a command that swaps a directory and a link: no " +
      "escape, since nothing outside is mounted",
    "linux",
    "bubblewrap",
    "perl",
  ),
  async fn() {
    await using world = await World.make();
    await prepareRace(world);
    await using host = await Host.start(world, {
      backends: { disk: { type: "local", root: "../ws" }, memory: { type: "state" } },
      default: "memory",
      routes: { "/project/": "disk" },
    });
    const files = host.files("disk");
    const racing = host.shell.execute(["perl", "-MPOSIX", "-e", RACER], { timeout: 300_000 });
    const tally = await attackWhileSwapped(files, TRIES);
    await Deno.writeTextFile(world.at("ws/stop"), "");
    const { stdout, stderr } = await racing;
    const summary = JSON.stringify({ ...tally, swaps: stdout.text });
    assertEquals([tally.escapes, stderr.text], [0, ""], summary);
    // Both states were met, again and again.
    assert(Number(stdout.text) > 1_000 && tally.done > 100 && tally.refused > 100, summary);
    world.assertUntouched();
  },
});
