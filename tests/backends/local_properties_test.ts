import { assert, assertEquals } from "@std/assert";
import { BackendError } from "../../backends/errors.ts";
import { LocalBackend } from "../../backends/local.ts";
import type { Backend } from "../../backends/protocol.ts";
import fc from "../support/fast_check.ts";
import { inTempDir, QUICK } from "./_local_directory.ts";
import { describeOutside, LINKS, SECRET, type Zoo } from "./_local_zoo.ts";
import { checkAgainstModel, PATH_STRINGS } from "./model.ts";

Deno.test("LocalBackend agrees with a plain model in any sequence of operations", async () => {
  await checkAgainstModel(async () => {
    const rootDir = await Deno.makeTempDir(QUICK);
    return {
      backend: new LocalBackend({ rootDir }),
      [Symbol.asyncDispose]: () => Deno.remove(rootDir, { recursive: true }),
    };
  });
});

/** Links from everywhere to everywhere: into the root, out of it, and into one another. */
function buildMaze(directory: string): Zoo {
  const root = `${directory}/root`;
  const outside = `${directory}/outside`;
  for (const place of [`${root}/inside`, `${root}/d`, outside, `${root}-sibling`]) {
    Deno.mkdirSync(place, { recursive: true });
  }
  for (const place of [outside, `${root}-sibling`]) {
    Deno.writeTextFileSync(`${place}/secret.txt`, `${SECRET}\n`);
    Deno.utimeSync(`${place}/secret.txt`, 1_000, new Date());
  }
  for (const name of ["inside/file.txt", "inside/secret.txt", "d/secret.txt", "a"]) {
    Deno.writeTextFileSync(`${root}/${name}`, "harmless\n");
  }
  for (const place of [root, `${root}/d`]) {
    for (const [index, link] of LINKS.entries()) {
      const target = link.target.replace("ROOT", root).replace("OUTSIDE", outside);
      Deno.symlinkSync(target, `${place}/l${index}`);
    }
    Deno.symlinkSync(`${outside}/secret.txt`, `${place}/chain-out`);
    Deno.symlinkSync(outside, `${place}/directory-out`);
  }
  return { root, outside };
}

const NAMES = [
  ...LINKS.map((_, index) => `l${index}`),
  "directory-out",
  "chain-out",
  "secret.txt",
  "inside",
  "d",
  "a",
  "..",
  ".",
  "",
  "outside",
  "root-sibling",
  "new",
];

/** Mostly paths through the maze, and now and then anything at all. */
const MAZE_PATH = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 4 })
      .map((names) => `/${names.join("/")}`),
  },
  PATH_STRINGS,
);

const OPERATIONS: readonly ((backend: Backend, path: string, to: string) => Promise<unknown>)[] = [
  (backend, path) => backend.ls(path),
  (backend, path) => backend.stat(path),
  (backend, path) => backend.read(path),
  async (backend, path) => new TextDecoder().decode(await backend.readBytes(path)),
  (backend, path) => backend.write(path, "written\n"),
  (backend, path) => backend.edit(path, { oldText: "harmless", newText: "edited" }),
  (backend, path) => backend.edit(path, { oldText: SECRET, newText: "edited" }),
  (backend, path) => backend.delete(path, { recursive: true }),
  (backend, path, to) => backend.move(path, to, { overwrite: true }),
  (backend, path) => backend.glob("**", { path }),
  (backend, path, to) => backend.glob(to.slice(1), { path }),
  (backend, path) => backend.grep("S", { path }),
  (backend, path) => backend.grep(".", { path, regex: true, limit: 1_000 }),
];

Deno.test("LocalBackend touches nothing outside its root, whatever the paths and links", async () => {
  const step = fc.record({
    operation: fc.constantFrom(...OPERATIONS),
    path: MAZE_PATH,
    to: MAZE_PATH,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async (steps) => {
      await inTempDir(async (directory) => {
        const zoo = buildMaze(directory);
        const before = describeOutside(zoo);
        const backend = new LocalBackend({ rootDir: zoo.root });
        for (const { operation, path, to } of steps) {
          let shown: string;
          try {
            shown = JSON.stringify(await operation(backend, path, to)) ?? "";
          } catch (error) {
            assert(error instanceof BackendError, `${error}`);
            shown = error.message;
          }
          // A path that was asked for may be said again; the secret is not one of those.
          assert(!shown.includes(SECRET), `A secret came out for ${path}`);
          assert(!shown.includes(zoo.outside), `A host path came out for ${path}`);
          assertEquals(describeOutside(zoo), before);
        }
      }, QUICK);
    }),
    { seed: 21, numRuns: 300 },
  );
});
