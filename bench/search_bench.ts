/**
 * Searches of a local root against the least that could be done: a bare walk, and bare reads.
 *
 * @module
 */

import { join } from "@std/path";
import { LocalBackend } from "../backends/local.ts";
import { StateBackend } from "../backends/state.ts";
import { fill, filledDirectory, NEEDLE, pathOf } from "./_files.ts";

const COUNT = 10_000;
const root = filledDirectory(COUNT);
const local = new LocalBackend({ rootDir: root });

async function walk(directory: string): Promise<number> {
  let found = 0;
  for await (const entry of Deno.readDir(directory)) {
    if (entry.isDirectory) found += await walk(join(directory, entry.name));
    else found++;
  }
  return found;
}

Deno.bench({
  name: "bare recursive Deno.readDir",
  group: "glob of 10,000 local files",
  baseline: true,
  async fn() {
    if (await walk(root) !== COUNT) throw new Error("The walk missed files");
  },
});

Deno.bench({
  name: "LocalBackend.glob",
  group: "glob of 10,000 local files",
  async fn() {
    const { files } = await local.glob("**/*.txt", { limit: COUNT });
    if (files.length !== COUNT) throw new Error("The glob missed files");
  },
});

Deno.bench({
  name: "Deno.readFile of each",
  group: "literal grep of 10,000 local files of 2 KB",
  baseline: true,
  async fn() {
    for (let index = 0; index < COUNT; index++) await Deno.readFile(join(root, pathOf(index)));
  },
});

Deno.bench({
  name: "LocalBackend.grep",
  group: "literal grep of 10,000 local files of 2 KB",
  async fn() {
    const { matches } = await local.grep(NEEDLE, { limit: COUNT });
    if (matches.length !== COUNT) throw new Error("The grep missed files");
  },
});

for (const count of [1_000, 100_000]) {
  const state = new StateBackend();
  await fill(state, count);
  for (const operation of ["ls", "glob"] as const) {
    Deno.bench({
      name: `${count} files`,
      group: `${operation} of one directory of a StateBackend`,
      baseline: count === 1_000,
      async fn() {
        if (operation === "ls") await state.ls("/d3");
        else await state.glob("/d3/*.txt");
      },
    });
  }
}
