/**
 * The race that no check within a program survives: a command swaps a directory and a symbolic link,
 * as fast as the kernel does it, while the file tools work in that directory.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { BackendError } from "../../backends/errors.ts";
import type { Backend } from "../../backends/protocol.ts";
import { Host } from "./_host.ts";
import { needing } from "./_machine.ts";
import { CANARY, World } from "./_world.ts";

/** How often a file is opened by a name on whose way the swapping is done. */
const TRIES = 100_000;
/** Files of the directory, so that one search opens many. */
const FILES = 1_000;
/** How many of them have a namesake where the link leads. */
const CANARIES = 10;
/** Calls under way at once. */
const ABREAST = 32;

/** Exchanges two names with `renameat2(RENAME_EXCHANGE)` until it is told to stop. */
const RACER = String.raw`
my ($call) = (POSIX::uname())[4] eq "aarch64" ? 276 : 316;
my ($a, $b, $swaps) = ("/project/d", "/project/l", 0);
until (-e "/project/stop") { for (1 .. 200) { syscall($call, -100, $a, -100, $b, 2) == 0 or die "$!"; $swaps++ } }
print $swaps;
`;

/** What came of the tries. */
interface Tally {
  tries: number;
  done: number;
  refused: number;
  escapes: number;
}

async function attempt(tally: Tally, work: () => Promise<{ tries: number; text: string }>) {
  try {
    const { tries, text } = await work();
    tally.tries += tries;
    tally.done++;
    if (text.includes(CANARY)) tally.escapes++;
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    tally.tries++;
    tally.refused++;
    if (error.message.includes(CANARY)) tally.escapes++;
  }
}

/** One call of each kind, over and over; those that wait for the disk less often. */
function attack(files: Backend, tally: Tally, index: number): Promise<void> {
  const path = `/d/x${index % CANARIES}`;
  switch (index % 17) {
    case 0:
      return attempt(tally, async () => {
        const { matches, filesSearched } = await files.grep(CANARY, { path: "/d" });
        return { tries: filesSearched, text: JSON.stringify(matches) };
      });
    case 1:
      return attempt(tally, async () => {
        const { files: found } = await files.glob("**", { path: "/d" });
        return { tries: found.length, text: "" };
      });
    case 2:
      return attempt(tally, async () => {
        await files.write(`/d/new${index % 10}`, "new");
        return { tries: 1, text: "" };
      });
    case 3:
      return attempt(tally, async () => {
        await files.edit(path, { oldText: "x", newText: "x" });
        return { tries: 1, text: "" };
      });
    case 4:
      return attempt(tally, async () => {
        await files.move(`/d/new${index % 10}`, `/d/moved${index % 10}`, { overwrite: true });
        return { tries: 1, text: "" };
      });
    case 5:
      return attempt(tally, async () => {
        await files.delete(`/d/moved${index % 10}`);
        return { tries: 1, text: "" };
      });
    default:
      return attempt(tally, async () => ({ tries: 1, text: (await files.read(path)).text }));
  }
}

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
    for (let index = 0; index < FILES; index++) {
      await world.file(`ws/d/x${index}`, `x ${index}\n`);
    }
    await Promise.all(
      Array.from({ length: FILES }, (_, index) => world.file(`ws/d/x${index}`, `x ${index}\n`)),
    );
    await world.canary(...Array.from({ length: CANARIES }, (_, index) => `outside/x${index}`));
    await Deno.symlink(world.at("outside"), world.at("ws/l"));
    await using host = await Host.start(world, {
      backends: { disk: { type: "local", root: "../ws" }, memory: { type: "state" } },
      default: "memory",
      routes: { "/project/": "disk" },
    });
    const files = host.files("disk");
    const racing = host.shell.execute(["perl", "-MPOSIX", "-e", RACER], { timeout: 300_000 });
    const tally: Tally = { tries: 0, done: 0, refused: 0, escapes: 0 };
    let index = 0;
    await Promise.all(Array.from({ length: ABREAST }, async () => {
      while (tally.tries < TRIES) await attack(files, tally, index++);
    }));
    await Deno.writeTextFile(world.at("ws/stop"), "");
    const { stdout, stderr } = await racing;
    const summary = JSON.stringify({ ...tally, swaps: stdout.text });
    assertEquals([tally.escapes, stderr.text], [0, ""], summary);
    // Both states were met, again and again.
    assert(Number(stdout.text) > 1_000 && tally.done > 100 && tally.refused > 100, summary);
    world.assertUntouched();
  },
});
