import { assert, assertEquals, assertRejects } from "@std/assert";
import { BackendError, type BackendErrorCode } from "../../backends/errors.ts";
import { LocalBackend } from "../../backends/local.ts";
import { inTempDir } from "./_local_directory.ts";

async function assertFails(
  code: BackendErrorCode,
  directory: string,
  operation: () => Promise<unknown>,
): Promise<BackendError> {
  const error = await assertRejects(operation, BackendError);
  assertEquals(error.code, code, error.message);
  assert(!error.message.includes(directory), `A host path: ${error.message}`);
  return error;
}

function mode(host: string): number {
  return (Deno.lstatSync(host).mode ?? 0) & 0o7777;
}

/** Whether this process may mount a file system of its own, as root may. */
const canMount = (() => {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  const directory = Deno.makeTempDirSync();
  const mounted = mount(directory, "64k");
  if (mounted) unmount(directory);
  Deno.removeSync(directory);
  return mounted;
})();

function mount(directory: string, size: string): boolean {
  const args = ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", directory];
  return new Deno.Command("mount", { args, stderr: "null" }).outputSync().success;
}

function unmount(directory: string): void {
  const { success } = new Deno.Command("umount", { args: [directory] }).outputSync();
  assert(success, `Cannot unmount ${directory}`);
}

async function withMount(
  directory: string,
  size: string,
  work: () => Promise<void>,
): Promise<void> {
  assert(mount(directory, size));
  try {
    await work();
  } finally {
    unmount(directory);
  }
}

Deno.test("LocalBackend.write() keeps the permission bits of the file it replaces", () =>
  inTempDir(async (root) => {
    const backend = new LocalBackend({ rootDir: root });
    for (const bits of [0o600, 0o755, 0o444, 0o640, 0o666]) {
      Deno.writeTextFileSync(`${root}/file`, "old\n");
      Deno.chmodSync(`${root}/file`, bits);
      await backend.write("/file", "new\n");
      assertEquals([mode(`${root}/file`), Deno.readTextFileSync(`${root}/file`)], [bits, "new\n"]);
      await backend.edit("/file", { oldText: "new", newText: "edited" });
      assertEquals([mode(`${root}/file`), Deno.readTextFileSync(`${root}/file`)], [
        bits,
        "edited\n",
      ]);
      await backend.delete("/file");
    }
  }));

Deno.test("LocalBackend.write() lends a new content no setuid bit", () =>
  inTempDir(async (root) => {
    Deno.writeTextFileSync(`${root}/tool`, "old");
    Deno.chmodSync(`${root}/tool`, 0o4755);
    await new LocalBackend({ rootDir: root }).write("/tool", "new");
    assertEquals(mode(`${root}/tool`), 0o755);
  }));

Deno.test({
  name: "LocalBackend.write() keeps the owner of the file it replaces",
  // Only root may give files away.
  ignore: Deno.uid() !== 0,
  fn: () =>
    inTempDir(async (root) => {
      Deno.writeTextFileSync(`${root}/file`, "old");
      Deno.chownSync(`${root}/file`, 1234, 4321);
      await new LocalBackend({ rootDir: root }).write("/file", "new");
      const { uid, gid } = Deno.lstatSync(`${root}/file`);
      assertEquals([uid, gid], [1234, 4321]);
    }),
});

Deno.test("LocalBackend.write() replaces a name and leaves other hard links as they are", () =>
  inTempDir(async (directory) => {
    const root = `${directory}/root`;
    Deno.mkdirSync(root);
    Deno.writeTextFileSync(`${directory}/outside.txt`, "old\n");
    Deno.linkSync(`${directory}/outside.txt`, `${root}/inside.txt`);
    const before = Deno.lstatSync(`${directory}/outside.txt`);
    const backend = new LocalBackend({ rootDir: root });
    assertEquals((await backend.read("/inside.txt")).text, "old\n");
    await backend.edit("/inside.txt", { oldText: "old", newText: "new" });
    await backend.write("/inside.txt", "newer\n");
    assertEquals((await backend.read("/inside.txt")).text, "newer\n");
    assertEquals(Deno.readTextFileSync(`${directory}/outside.txt`), "old\n");
    assertEquals(Deno.lstatSync(`${directory}/outside.txt`).mtime, before.mtime);
  }));

Deno.test("LocalBackend.write() gives each write another version and a later time", () =>
  inTempDir(async (root) => {
    const backend = new LocalBackend({ rootDir: root });
    const written = [];
    for (let index = 0; index < 30; index++) written.push(await backend.write("/a", "same"));
    assertEquals(new Set(written.map(({ version }) => version)).size, 30);
    for (const [index, { modified }] of written.entries()) {
      assert(index === 0 || modified > (written[index - 1]?.modified ?? Infinity));
    }
    const last = written.at(-1);
    assertEquals(await backend.stat("/a"), last);
    assertEquals((await backend.read("/a")).version, last?.version);
    assertEquals((await backend.ls("/"))[0], last);
    assertEquals((await backend.glob("a")).files[0], last);
  }));

Deno.test("LocalBackend.write() and edit() at the same time lose nothing", () =>
  inTempDir(async (root) => {
    // Two backends over one directory, and one over a part of it, as routes may have.
    const backends = [
      new LocalBackend({ rootDir: root }),
      new LocalBackend({ rootDir: root }),
    ];
    const inner = new LocalBackend({ rootDir: `${root}/sub` });
    await backends[0]?.write("/sub/list.txt", "end\n");
    const edits = Array.from({ length: 30 }, (_, index) => {
      const edit = { oldText: "end\n", newText: `${index}\nend\n` };
      const backend = backends[index % 3];
      return backend === undefined
        ? inner.edit("/list.txt", edit)
        : backend.edit("/sub/list.txt", edit);
    });
    await Promise.all(edits);
    const lines = Deno.readTextFileSync(`${root}/sub/list.txt`).trim().split("\n");
    const numbers = lines.slice(0, -1).map(Number).sort((a, b) => a - b);
    assertEquals(numbers, Array.from({ length: 30 }, (_, index) => index));
    const all = Array.from(
      { length: 20 },
      (_, index) => inner.write("/a", `${index}`.repeat(1000)),
    );
    await Promise.all(all);
    const { text } = await inner.read("/a");
    assertEquals(text, text.slice(0, text.length / 1000).repeat(1000));
    assertEquals(Array.from(Deno.readDirSync(root), ({ name }) => name), ["sub"]);
  }));

Deno.test("LocalBackend.write() with overwrite: false lets one of many writers win", () =>
  inTempDir(async (root) => {
    const backend = new LocalBackend({ rootDir: root });
    const results = await Promise.allSettled(
      Array.from(
        { length: 10 },
        (_, index) => backend.write("/d/a", `${index}`, { overwrite: false }),
      ),
    );
    const winners = results.filter(({ status }) => status === "fulfilled");
    assertEquals(winners.length, 1);
    for (const result of results) {
      if (result.status === "rejected") assertEquals(result.reason.code, "exists");
    }
  }));

Deno.test("LocalBackend.write() that is aborted leaves nothing behind", () =>
  inTempDir(async (root) => {
    Deno.writeTextFileSync(`${root}/a`, "old");
    const controller = new AbortController();
    const backend = new LocalBackend({ rootDir: root });
    const writing = backend.write("/a", new Uint8Array(3_000_000), { signal: controller.signal });
    controller.abort();
    await assertFails("aborted", root, () => writing);
    assertEquals(Array.from(Deno.readDirSync(root), ({ name }) => name), ["a"]);
    assertEquals(Deno.readTextFileSync(`${root}/a`), "old");
  }));

Deno.test({
  name: "LocalBackend.write() on a full disk keeps the old file and says so",
  // A file system of 256 KB takes root to mount.
  ignore: !canMount,
  fn: () =>
    inTempDir((root) =>
      withMount(root, "256k", async () => {
        const backend = new LocalBackend({ rootDir: root });
        await backend.write("/file.txt", "old\n");
        const tooMuch = "x".repeat(1_000_000);
        const error = await assertFails("io", root, () => backend.write("/file.txt", tooMuch));
        assertEquals(error.message, "Cannot write '/file.txt': the disk is full");
        await assertFails("io", root, () => backend.write("/new/file.txt", tooMuch));
        await assertFails(
          "io",
          root,
          () => backend.edit("/file.txt", { oldText: "old", newText: tooMuch }),
        );
        assertEquals((await backend.read("/file.txt")).text, "old\n");
        assertEquals(Array.from(Deno.readDirSync(root), ({ name }) => name), ["file.txt"]);
        await backend.write("/file.txt", "new\n");
        assertEquals((await backend.read("/file.txt")).text, "new\n");
      })
    ),
});

Deno.test({
  name: "LocalBackend writes atomically to another file system inside its root",
  // Another file system takes root to mount.
  ignore: !canMount,
  fn: () =>
    inTempDir(async (root) => {
      Deno.mkdirSync(`${root}/mounted`);
      await withMount(`${root}/mounted`, "1m", async () => {
        Deno.writeTextFileSync(`${root}/mounted/file.txt`, "old\n");
        Deno.chmodSync(`${root}/mounted/file.txt`, 0o640);
        Deno.writeTextFileSync(`${root}/mounted/.routebook.tmp-dead`, "left by a crash");
        const reader = new LocalBackend({ rootDir: root, access: "read" });
        assertEquals((await reader.ls("/mounted")).map(({ path }) => path), ["/mounted/file.txt"]);
        assertEquals((await reader.glob("**")).files.map(({ path }) => path), [
          "/mounted/file.txt",
        ]);
        assertEquals((await reader.grep("crash")).matches, []);

        const backend = new LocalBackend({ rootDir: root });
        await backend.edit("/mounted/file.txt", { oldText: "old", newText: "new" });
        assertEquals((await backend.read("/mounted/file.txt")).text, "new\n");
        assertEquals(mode(`${root}/mounted/file.txt`), 0o640);
        await backend.write("/mounted/new/file.txt", "text");
        assertEquals(Array.from(Deno.readDirSync(root), ({ name }) => name), ["mounted"]);
        assertEquals(
          Array.from(Deno.readDirSync(`${root}/mounted`), ({ name }) => name).sort(),
          ["file.txt", "new"],
        );

        Deno.writeTextFileSync(`${root}/mounted/.routebook.tmp-dead`, "left by a crash");
        assertEquals((await backend.ls("/mounted")).length, 2);
        assertEquals([...Deno.readDirSync(`${root}/mounted`)].length, 2);
        await assertFails(
          "unsupported",
          root,
          () => backend.move("/mounted/file.txt", "/file.txt"),
        );
        assertEquals((await backend.read("/mounted/file.txt")).text, "new\n");
        await assertFails("io", root, () => backend.delete("/mounted", { recursive: true }));
      });
    }),
});

Deno.test("LocalBackend.delete() takes a directory in which a crash has left something hidden", () =>
  inTempDir(async (root) => {
    const backend = new LocalBackend({ rootDir: root });
    await backend.ls("/");
    Deno.mkdirSync(`${root}/part/.routebook.tmp`, { recursive: true });
    Deno.writeTextFileSync(`${root}/part/.routebook.tmp/dead`, "left by a crash");
    Deno.writeTextFileSync(`${root}/part/.routebook.tmp-dead`, "left by a crash");
    await backend.delete("/part");
    assertEquals([...Deno.readDirSync(root)], []);
  }));

Deno.test("LocalBackend never changes what is protected, nor what leads to it", () =>
  inTempDir(async (directory) => {
    const root = `${directory}/root`;
    Deno.mkdirSync(`${root}/a/b`, { recursive: true });
    Deno.mkdirSync(`${root}/safe`);
    Deno.mkdirSync(`${root}/store`);
    for (
      const name of ["a/b/flow.yaml", "a/b/other.txt", "safe/x.txt", "store/real.yaml", "free.txt"]
    ) {
      Deno.writeTextFileSync(`${root}/${name}`, "text\n");
    }
    Deno.symlinkSync("store/real.yaml", `${root}/linked.yaml`);
    Deno.symlinkSync("a/b/flow.yaml", `${root}/alias.yaml`);
    Deno.symlinkSync("../outside.yaml", `${root}/out.yaml`);
    Deno.writeTextFileSync(`${directory}/outside.yaml`, "text\n");
    const names = ["a/b/flow.yaml", "safe", "linked.yaml", "out.yaml", "not/yet.txt"];
    const backend = new LocalBackend({
      rootDir: root,
      protect: names.map((name) => `${root}/${name}`),
    });
    const edit = { oldText: "text", newText: "changed" };
    const recursive = { recursive: true };
    const overwrite = { overwrite: true };
    const refused: (() => Promise<unknown>)[] = [
      () => backend.write("/a/b/flow.yaml", "x"),
      () => backend.write("/a/./b//flow.yaml", "x"),
      () => backend.edit("/a/b/flow.yaml", edit),
      () => backend.edit("/a/b/flow.yaml", { oldText: "not in it", newText: "" }),
      () => backend.delete("/a/b/flow.yaml"),
      () => backend.delete("/a/b", recursive),
      () => backend.delete("/a", recursive),
      () => backend.move("/a/b/flow.yaml", "/elsewhere"),
      () => backend.move("/a", "/elsewhere"),
      () => backend.move("/a/b", "/elsewhere"),
      () => backend.move("/free.txt", "/a/b/flow.yaml", overwrite),
      // Through a link to it; the link itself is nobody's concern.
      () => backend.write("/alias.yaml", "x"),
      () => backend.edit("/alias.yaml", edit),
      // Everything in a protected directory.
      () => backend.write("/safe/x.txt", "x"),
      () => backend.write("/safe/new/file.txt", "x"),
      () => backend.delete("/safe/x.txt"),
      () => backend.move("/safe/x.txt", "/x.txt"),
      () => backend.move("/free.txt", "/safe/free.txt"),
      () => backend.delete("/safe", recursive),
      // A protected link, what it leads to, and what that is in.
      () => backend.write("/linked.yaml", "x"),
      () => backend.delete("/linked.yaml"),
      () => backend.move("/free.txt", "/linked.yaml", overwrite),
      () => backend.write("/store/real.yaml", "x"),
      () => backend.move("/store", "/elsewhere"),
      () => backend.delete("/out.yaml"),
      () => backend.write("/out.yaml", "x"),
      // What is protected before it exists.
      () => backend.write("/not/yet.txt", "x"),
      () => backend.move("/free.txt", "/not/yet.txt"),
      () => backend.move("/free.txt", "/not"),
    ];
    for (const operation of refused) {
      await assertFails("denied", directory, operation);
    }
    await backend.write("/a/b/other.txt", "changed");
    await backend.write("/a/b/new.txt", "new");
    await backend.write("/store/new.txt", "new");
    await backend.write("/not/this.txt", "new");
    await backend.write("/safer/x.txt", "new");
    await backend.delete("/alias.yaml");
    assertEquals((await backend.read("/a/b/flow.yaml")).text, "text\n");
    assertEquals((await backend.read("/safe/x.txt")).text, "text\n");
    assertEquals((await backend.read("/linked.yaml")).text, "text\n");
  }));

Deno.test("LocalBackend with access 'read' changes nothing and creates nothing", () =>
  inTempDir(async (root) => {
    Deno.writeTextFileSync(`${root}/a.txt`, "text\n");
    Deno.mkdirSync(`${root}/.routebook.tmp`);
    Deno.writeTextFileSync(`${root}/.routebook.tmp/dead`, "left by a crash");
    const backend = new LocalBackend({ rootDir: root, access: "read" });
    const edit = { oldText: "text", newText: "x" };
    for (
      const operation of [
        () => backend.write("/a.txt", "x"),
        () => backend.write("/new/a.txt", "x"),
        () => backend.edit("/a.txt", edit),
        () => backend.edit("/missing.txt", edit),
        () => backend.delete("/a.txt"),
        () => backend.delete("/"),
        () => backend.move("/a.txt", "/b.txt"),
      ]
    ) {
      const error = await assertFails("denied", root, operation);
      assert(error.message.endsWith("this route is read-only"), error.message);
    }
    assertEquals((await backend.read("/a.txt")).text, "text\n");
    assertEquals((await backend.ls("/")).map(({ path }) => path), ["/a.txt"]);
    assertEquals(Array.from(Deno.readDirSync(root), ({ name }) => name).sort(), [
      ".routebook.tmp",
      "a.txt",
    ]);
    assertEquals([...Deno.readDirSync(`${root}/.routebook.tmp`)].length, 1);
  }));
