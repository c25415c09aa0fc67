/**
 * The race that no check within a program survives: something swaps a directory and a symbolic link, as
 * fast as the kernel does it, while the file tools work in that directory.
 *
 * @module
 */

import { BackendError } from "../../backends/errors.ts";
import type { Backend } from "../../backends/protocol.ts";
import { CANARY, type World } from "./_world.ts";

/** Files of the directory, so that one search opens many. */
const FILES = 1_000;
/** How many of them have a namesake where the link leads. */
const CANARIES = 10;
/** Calls under way at once. */
const ABREAST = 32;

/** What came of the tries. */
export interface Tally {
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

/**
 * Makes the directory that is swapped, `ws/d`, the link, `ws/l`, and where it leads.
 *
 * @param world Where.
 */
export async function prepareRace(world: World): Promise<void> {
  await Promise.all(
    Array.from({ length: FILES }, (_, index) => world.file(`ws/d/x${index}`, `x ${index}\n`)),
  );
  await world.canary(...Array.from({ length: CANARIES }, (_, index) => `outside/x${index}`));
  await Deno.symlink(world.at("outside"), world.at("ws/l"));
}

/**
 * Uses all operations on the directory meanwhile.
 *
 * @param files The files, of which the directory is `/d`.
 * @param tries How often a file is opened by a name on whose way the swapping is done.
 * @returns What came of it.
 */
export async function attackWhileSwapped(files: Backend, tries: number): Promise<Tally> {
  const tally: Tally = { tries: 0, done: 0, refused: 0, escapes: 0 };
  let index = 0;
  await Promise.all(Array.from({ length: ABREAST }, async () => {
    while (tally.tries < tries) await attack(files, tally, index++);
  }));
  return tally;
}
