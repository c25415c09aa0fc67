import { assertEquals, assertThrows } from "@std/assert";
import type { Backend } from "../../backends/protocol.ts";
import { CompositeBackend } from "../../backends/composite.ts";
import { DockerSandbox, type DockerSandboxOptions } from "../../backends/docker/sandbox.ts";
import { LocalBackend } from "../../backends/local.ts";
import { StagingShell } from "../../backends/shells/staging.ts";
import { StateBackend } from "../../backends/state.ts";
import { callEngine, type TestEngine, testOn } from "../support/engine.ts";
import { stateOf, until } from "./_docker_case.ts";
import { makeImage } from "./_docker_commit.ts";
import { boxOf, ENGINES } from "./_docker_subject.ts";

/** What is where in a tree: `box` for the container's own files, `memory` for what is brought. */
type Places = Readonly<Record<string, "box" | "memory">>;

/** A container with files of memory among its own, and the shell over both. */
function treeOf(
  engine: TestEngine,
  places: Places,
  options: Omit<DockerSandboxOptions, "engine"> = {},
  mounted: Readonly<Record<string, LocalBackend>> = {},
) {
  const prefixes = (what: string) => Object.keys(places).filter((path) => places[path] === what);
  const [native, staged] = [prefixes("box"), prefixes("memory")];
  const box = boxOf(engine, { ...options, native, staged });
  const at = (prefix: string): Backend => places[prefix] === "box" ? box : new StateBackend();
  const backend = new CompositeBackend({
    default: at("/"),
    routes: {
      ...mounted,
      ...Object.fromEntries(
        Object.keys(places).filter((prefix) => prefix !== "/").toReversed().map((prefix) => [
          prefix,
          places[prefix] === "box" ? { backend: box, path: prefix.slice(0, -1) } : at(prefix),
        ]),
      ),
    },
  });
  const mounts = [...native, ...Object.keys(mounted)];
  const shell = new StagingShell({ shell: box, stage: box.stage, backend, mounts, staged });
  const run = async (command: string) => {
    const { exitCode, stdout, stderr, notes } = await shell.execute(command);
    return [exitCode, stdout.text, stderr.text, ...notes];
  };
  return { backend, box, run, [Symbol.asyncDispose]: () => box.dispose() };
}

/** The names of the volumes of a container. */
async function volumesOf(engine: TestEngine, id: string | undefined): Promise<readonly string[]> {
  const { body } = await callEngine(engine, "GET", `/containers/${id}/json`);
  const { Mounts } = body as { readonly Mounts: readonly { Type: string; Name: string }[] };
  return Mounts.filter(({ Type }) => Type === "volume").map(({ Name }) => Name);
}

/** What an engine answers to a question about a volume: 200, or 404 where there is none. */
async function volumeState(engine: TestEngine, name: string): Promise<number> {
  return (await callEngine(engine, "GET", `/volumes/${name}`)).status;
}

/** A directory of the machine that every user may look at. */
function temporaryDirectory() {
  const path = Deno.makeTempDirSync();
  Deno.chmodSync(path, 0o755);
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
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

  testOn(engine, `${name} has its staged places whatever commands do to them`, async (on) => {
    await using tree = treeOf(on, { "/": "box", "/mem/": "memory", "/a/b/mem/": "memory" });
    const { backend, run } = tree;
    await backend.write("/mem/notes.txt", "notes");
    assertEquals((await run("cat /mem/*; rm -rf /mem; mv /a /moved"))[1], "notes");
    assertEquals(await run("ls /mem /a/b/mem; echo new > /mem/new.txt"), [
      0,
      "/a/b/mem:\n\n/mem:\n",
      "",
    ]);
    await run("rm -rf /mem; ln -s /moved /mem");
    assertEquals(await run("echo last > /mem/last.txt; ls /moved"), [0, "b\n", ""]);
    assertEquals(await filesOf(backend), { "/mem/last.txt": "last\n" });
  });

  testOn(
    engine,
    `${name} empties what came with its image where that leaves memory`,
    async (on) => {
      await using made = await makeImage(on, "mkdir -p /opt/tool; echo 1 > /opt/tool/of-image");
      await using tree = treeOf(on, { "/": "memory" }, { image: made.image });
      const { backend, run } = tree;
      for (const path of ["/tmp/a/b", "/opt/a/b"]) await backend.write(path, "b");
      assertEquals(await run("cat /tmp/a/b /opt/a/b; chmod 0 /opt/a"), [0, "bb", ""]);
      for (const path of ["/tmp", "/opt"]) await backend.delete(path, { recursive: true });
      assertEquals(await run("ls /tmp /opt"), [0, "/opt:\ntool\n\n/tmp:\n", ""]);
      assertEquals(await backend.ls("/"), []);
    },
  );

  testOn(engine, `${name} has other files beside what is mounted in a directory`, async (on) => {
    using directory = temporaryDirectory();
    const mounts = [{ prefix: "/a/b/disk/", directory: directory.path, access: "read" as const }];
    const disk = new LocalBackend({ rootDir: directory.path, access: "read" });
    for (const at of ["memory", "box"] as const) {
      const options = { mounts, workdir: "/w/x" };
      await using tree = treeOf(on, { "/": at }, options, { "/a/b/disk/": disk });
      const { backend, run } = tree;
      const paths = ["/a/notes.txt", "/a/b/notes.txt", "/w/notes.txt"];
      for (const path of paths) await backend.write(path, "notes\n");
      const all = paths.join(" ");
      assertEquals(await run(`cat ${all}; ls /a/b; rm ${all}; echo new > /a/b/new.txt`), [
        0,
        "notes\nnotes\nnotes\ndisk\nnotes.txt\n",
        "",
      ]);
      assertEquals(await filesOf(backend), { "/a/b/new.txt": "new\n" });
      // What leads to a mount stays all the same.
      assertEquals((await run("mv /a/b/disk /a/b/c || mv /a/b /a/c || mv /a /b"))[0], 1);
    }
  });

  testOn(engine, `${name} tells of what is in two of its staged places once`, async (on) => {
    await using tree = treeOf(on, { "/": "memory", "/notes/": "memory" });
    await tree.backend.write("/notes/a.txt", "a");
    await tree.run("true");
    await tree.box.execute("echo b > /notes/b.txt; echo c > /c.txt");
    const { files, deleted, directories } = await tree.box.stage.changes();
    assertEquals(files.map(({ path }) => path).toSorted(), ["/c.txt", "/notes/b.txt"]);
    assertEquals([deleted, directories], [[], []]);
  });

  testOn(engine, `${name} that may only be read has a place for what is brought`, async (on) => {
    using directory = temporaryDirectory();
    const places = { "/": "box", "/mem/": "memory", "/srv/a/b/": "memory" } as const;
    await using tree = treeOf(on, places, {
      readOnly: true,
      mounts: [{ prefix: "/mem/disk/", directory: directory.path, access: "read" }],
    });
    const { backend, run } = tree;
    await backend.write("/mem/notes.txt", "notes");
    await backend.write("/srv/a/b/c/notes.txt", "more");
    assertEquals(await run("cat /mem/notes.txt /srv/a/b/c/*; echo new > /mem/new.txt"), [
      0,
      "notesmore",
      "",
    ]);
    assertEquals((await run("echo x > /x"))[0], 1);
    assertEquals(await run("rm /mem/notes.txt; ls /mem"), [0, "disk\nnew.txt\n", ""]);
    assertEquals((await backend.ls("/mem")).map(({ path }) => path), ["/mem/new.txt"]);
  });

  testOn(
    engine,
    `${name} that may only be read keeps its files while it is stopped`,
    async (on) => {
      const places = { "/": "box", "/tmp/mem/": "memory", "/mem/": "memory" } as const;
      await using tree = treeOf(on, places, { readOnly: true, idleMilliseconds: 1 });
      const { backend, box, run } = tree;
      await backend.write("/tmp/mem/notes.txt", "notes");
      await backend.write("/mem/notes.txt", "more");
      const own = "echo own | tee /tmp/own.txt > /workspace/own.txt";
      assertEquals(await run(`cat /tmp/mem/* /mem/*; ${own}`), [0, "notesmore", ""]);
      await box.write("/tmp/tool.txt", "tool");
      await until("its end", async () => await stateOf(on, box.id) === "exited");
      const all = "/tmp/mem/notes.txt /mem/notes.txt /tmp/own.txt /tmp/tool.txt /workspace/own.txt";
      assertEquals(await run(`cat ${all}`), [0, "notesmoreown\ntoolown\n", ""]);
      assertEquals(await filesOf(backend), {
        "/mem/notes.txt": "more",
        "/tmp/mem/notes.txt": "notes",
        "/tmp/own.txt": "own\n",
        "/tmp/tool.txt": "tool",
        "/workspace/own.txt": "own\n",
      });
      // Everybody may use it, and what it is in goes with the container.
      assertEquals(await run("stat -c %a /tmp"), [0, "1777\n", ""]);
      const volumes = await volumesOf(on, box.id);
      assertEquals(volumes.length, 3);
      await box.dispose();
      assertEquals(await Promise.all(volumes.map((name) => volumeState(on, name))), [
        404,
        404,
        404,
      ]);
    },
  );
}

Deno.test("DockerSandbox that may only be read has no place for everything", () => {
  const options = { image: "busybox", readOnly: true, staged: ["/"], native: ["/work/"] };
  assertThrows(() => new DockerSandbox(options), TypeError, "no place for files that are staged");
});
