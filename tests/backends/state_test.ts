import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DirectoryNode } from "../../backends/_state_tree.ts";
import { BackendError } from "../../backends/errors.ts";
import { StateBackend } from "../../backends/state.ts";

Deno.test("StateBackend() begins with the files it is given", async () => {
  const bytes = new Uint8Array([1, 2]);
  const backend = new StateBackend({ files: { "/a//b.txt": "é", "/c.bin": bytes } });
  bytes.fill(9);
  assertEquals([...backend.files.keys()], ["/a/b.txt", "/c.bin"]);
  assertEquals(await backend.readBytes("/c.bin"), new Uint8Array([1, 2]));
  for (const files of [{ "relative": "" }, { "/a": "", "/a/b": "" }, { "/": "" }]) {
    assertThrows(() => new StateBackend({ files }), BackendError);
  }
});

Deno.test("StateBackend.files is a live map, sorted by path", async () => {
  const backend = new StateBackend({ now: () => 42 });
  const { files } = backend;
  assertEquals([files.size, [...files]], [0, []]);
  await backend.write("/b", "2");
  await backend.write("/a/x", "1");
  await backend.write("/a-", "3");
  assertEquals([...files.keys()], ["/a-", "/a/x", "/b"]);
  assertEquals([...files.values()].map((file) => file.text), ["3", "1", "2"]);
  assertEquals([...files].map(([path, { text }]) => `${path}=${text}`), [
    "/a-=3",
    "/a/x=1",
    "/b=2",
  ]);
  const seen: string[] = [];
  files.forEach((file, path, map) => seen.push(`${path}${file.text}${map === files}`));
  assertEquals(seen, ["/a-3true", "/a/x1true", "/b2true"]);
  assertEquals([files.has("/a"), files.has("/a/x"), files.has("a/x"), files.get("/no")], [
    false,
    true,
    false,
    undefined,
  ]);
  await backend.delete("/a", { recursive: true });
  assertEquals([files.size, [...files.keys()]], [2, ["/a-", "/b"]]);
});

Deno.test("StateBackend.files gives files that later changes leave alone", async () => {
  const backend = new StateBackend({ now: () => 42, files: { "/a": "old", "/b": "\ufeffx" } });
  const file = backend.files.get("/a");
  await backend.write("/a", "new");
  assertEquals([file?.text, file?.modified, file?.version], ["old", 42, "1"]);
  file?.bytes.fill(0);
  assertEquals([file?.text, backend.files.get("/a")?.text], ["old", "new"]);
  assertEquals(backend.files.get("/b")?.text, "\ufeffx");
});

Deno.test("StateBackend.files refuses to give bytes as text", () => {
  const backend = new StateBackend({ files: { "/a": new Uint8Array([0xe9]) } });
  const error = assertThrows(() => backend.files.get("/a")?.text, BackendError);
  assertEquals([error.code, error.path, error.message], [
    "not_text",
    "/a",
    "Cannot read '/a' as text: it is not UTF-8",
  ]);
});

Deno.test("StateBackend.stat() tells the time of the last change", async () => {
  let time = 0;
  const backend = new StateBackend({ now: () => ++time });
  const written = await backend.write("/a", "x");
  const edited = await backend.edit("/a", { oldText: "x", newText: "y" });
  assertEquals([written.modified < edited.file.modified, edited.file.modified], [true, time]);
  assertEquals((await backend.stat("/a")).modified, time);
});

Deno.test("StateBackend says what to do about a failure", async () => {
  const backend = new StateBackend({ files: { "/a/b": "x" } });
  const messages = async (...operations: (() => Promise<unknown>)[]) => {
    const errors = await Promise.all(operations.map((run) => assertRejects(run, BackendError)));
    return errors.map((error) => error.message);
  };
  assertEquals(
    await messages(
      () => backend.read("/c"),
      () => backend.read("/a"),
      () => backend.ls("/a/b"),
      () => backend.write("/a/b/c", ""),
      () => backend.write("/a/b", "", { overwrite: false }),
      () => backend.delete("/a"),
      () => backend.delete("/"),
      () => backend.move("/a", "/a/c"),
      () => backend.move("/a/b", "/a"),
    ),
    [
      "Cannot read '/c': it does not exist",
      "Cannot read '/a': it is a directory",
      "Cannot list '/a/b': it is not a directory",
      "Cannot write '/a/b/c': a directory above it is a file",
      "Cannot write '/a/b': it exists already: set overwrite, or edit it",
      "Cannot delete '/a': it is a directory with entries: set recursive to delete them too",
      "Cannot delete '/': it is the root",
      "Cannot move to '/a/c': it is inside what is to be moved",
      "Cannot move to '/a': a directory is there already, and none is ever replaced",
    ],
  );
});

/** Runs something and counts the directories that it walks or lists. */
async function countDirectories(run: () => Promise<unknown>): Promise<number> {
  const seen = new Set<unknown>();
  const properties = ["names", "walkNames"].map((name) => {
    const descriptor = Object.getOwnPropertyDescriptor(DirectoryNode.prototype, name);
    if (descriptor?.get === undefined) throw new TypeError(`No getter '${name}'`);
    const { get } = descriptor;
    Object.defineProperty(DirectoryNode.prototype, name, {
      ...descriptor,
      get(this: unknown) {
        seen.add(this);
        return get.call(this);
      },
    });
    return [name, descriptor] as const;
  });
  try {
    await run();
  } finally {
    for (const [name, descriptor] of properties) {
      Object.defineProperty(DirectoryNode.prototype, name, descriptor);
    }
  }
  return seen.size;
}

Deno.test("StateBackend.ls() and glob() of one directory look into no other", async () => {
  const backend = new StateBackend();
  for (let n = 0; n < 10_000; n++) await backend.write(`/d${n % 100}/e${n % 7}/f${n}`, "");
  assertEquals(await countDirectories(() => backend.ls("/d5")), 1);
  assertEquals(await countDirectories(() => backend.glob("*", { path: "/d5/e1" })), 1);
  assertEquals(await countDirectories(() => backend.glob("d5/e1/*")), 1);
  assertEquals(await countDirectories(() => backend.glob("**", { path: "/d5" })), 8);
  assertEquals(await countDirectories(() => backend.glob("d*/e1/*", { limit: Infinity })), 201);
  assertEquals(await countDirectories(() => backend.grep("x", { glob: "d5/e1/*" })), 1);
  assertEquals(await countDirectories(() => backend.glob("**", { limit: 5 })), 3);
});

Deno.test("StateBackend.grep() and glob() let a signal end them while they work", async () => {
  const backend = new StateBackend();
  for (let n = 0; n < 20_000; n++) await backend.write(`/d${n % 100}/f${n}`, "a".repeat(2_000));
  for (const search of ["glob", "grep"] as const) {
    const controller = new AbortController();
    const { signal } = controller;
    const running = search === "glob"
      // Slow on purpose: the search must give the signal its turn.
      ? backend.glob(`**/{${Array.from({ length: 900 }, (_, n) => `*${n}x`).join(",")}}`, {
        signal,
      })
      : backend.grep("(a|b)+c", { regex: true, signal });
    setTimeout(() => controller.abort(), 0);
    const error = await assertRejects(() => running, BackendError);
    assertEquals([error.code, error.path], ["aborted", "/"]);
  }
});
