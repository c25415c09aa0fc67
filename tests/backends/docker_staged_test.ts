import { assertEquals } from "@std/assert";
import type { Backend } from "../../backends/protocol.ts";
import { CompositeBackend } from "../../backends/composite.ts";
import type { DockerSandboxOptions } from "../../backends/docker/sandbox.ts";
import { StagingShell } from "../../backends/shells/staging.ts";
import { StateBackend } from "../../backends/state.ts";
import { type TestEngine, testOn } from "../support/engine.ts";
import { boxOf, ENGINES } from "./_docker_subject.ts";

/** What is where in a tree: `box` for the container's own files, `memory` for what is brought. */
type Places = Readonly<Record<string, "box" | "memory">>;

/** A container with files of memory among its own, and the shell over both. */
function treeOf(
  engine: TestEngine,
  places: Places,
  options: Omit<DockerSandboxOptions, "engine"> = {},
) {
  const prefixes = (what: string) => Object.keys(places).filter((path) => places[path] === what);
  const [native, staged] = [prefixes("box"), prefixes("memory")];
  const box = boxOf(engine, { ...options, native, staged });
  const at = (prefix: string): Backend => places[prefix] === "box" ? box : new StateBackend();
  const backend = new CompositeBackend({
    default: at("/"),
    routes: Object.fromEntries(
      Object.keys(places).filter((prefix) => prefix !== "/").toReversed().map((prefix) => [
        prefix,
        places[prefix] === "box" ? { backend: box, path: prefix.slice(0, -1) } : at(prefix),
      ]),
    ),
  });
  const shell = new StagingShell({ shell: box, stage: box.stage, backend, mounts: native, staged });
  const run = async (command: string) => {
    const { exitCode, stdout, stderr, notes } = await shell.execute(command);
    return [exitCode, stdout.text, stderr.text, ...notes];
  };
  return { backend, box, run, [Symbol.asyncDispose]: () => box.dispose() };
}

/** All files below a directory of a tree, with what is in them. */
async function filesOf(backend: Backend, path = "/"): Promise<Readonly<Record<string, string>>> {
  const { files } = await backend.glob("**", { path });
  const contents = files.map(async ({ path }) => [path, (await backend.read(path)).text] as const);
  return Object.fromEntries(await Promise.all(contents));
}

for (const [name, engine] of Object.entries(ENGINES)) {
  for (
    const [where, places] of Object.entries<Places>({
      "the container's own tree": { "/": "box", "/a/mem/": "memory" },
      "a directory of the container's in memory": {
        "/": "memory",
        "/a/": "box",
        "/a/mem/": "memory",
      },
    })
  ) {
    testOn(engine, `${name} has files of memory inside of ${where}`, async (on) => {
      await using tree = treeOf(on, places);
      const { backend, run } = tree;
      await backend.write("/a/mem/notes.txt", "notes");
      const first = "cat /a/mem/notes.txt; echo new > /a/mem/d/new.txt; echo own > /a/own.txt";
      assertEquals(await run(`mkdir /a/mem/d; ${first}`), [0, "notes", ""]);
      assertEquals(await run("cat /a/own.txt /a/mem/*.txt; rm /a/mem/notes.txt"), [
        0,
        "own\nnotes",
        "",
      ]);
      assertEquals(await run("cat /a/*.txt /a/mem/d/*; ls /a/mem"), [0, "own\nnew\nd\n", ""]);
      assertEquals(await filesOf(backend, "/a"), {
        "/a/mem/d/new.txt": "new\n",
        "/a/own.txt": "own\n",
      });
    });
  }

  testOn(
    engine,
    `${name} empties its stage and nothing that is the container's own`,
    async (on) => {
      await using tree = treeOf(on, {
        "/": "memory",
        "/a/b/own/": "box",
        "/a/b/own/mem/": "memory",
      });
      const { backend, box, run } = tree;
      await backend.write("/a/b/own/kept.txt", "kept");
      await backend.write("/a/b/memory.txt", "memory");
      await backend.write("/a/b/own/mem/memory.txt", "memory");
      assertEquals(await run("find /a -type f | sort"), [
        0,
        "/a/b/memory.txt\n/a/b/own/kept.txt\n/a/b/own/mem/memory.txt\n",
        "",
      ]);
      await box.stage.reset();
      const { stdout } = await box.execute("find /a -type f");
      assertEquals(stdout.text, "/a/b/own/kept.txt\n");
    },
  );

  testOn(engine, `${name} tells of what is in two of its staged places once`, async (on) => {
    await using tree = treeOf(on, { "/": "memory", "/notes/": "memory" });
    await tree.backend.write("/notes/a.txt", "a");
    await tree.run("true");
    await tree.box.execute("echo b > /notes/b.txt; echo c > /c.txt");
    const { files, deleted, directories } = await tree.box.stage.changes();
    assertEquals(files.map(({ path }) => path).toSorted(), ["/c.txt", "/notes/b.txt"]);
    assertEquals([deleted, directories], [[], []]);
  });
}
