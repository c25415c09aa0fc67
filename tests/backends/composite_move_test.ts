import { assert, assertEquals, assertRejects } from "@std/assert";
import { CompositeBackend } from "../../backends/composite.ts";
import { BackendError, type BackendErrorCode } from "../../backends/errors.ts";
import { LIMITS } from "../../backends/limits.ts";
import type { Backend, FileInfo } from "../../backends/protocol.ts";
import { StateBackend } from "../../backends/state.ts";
import { EndlessBackend, everything, spiedBackend } from "./_backends.ts";

async function fails(
  code: BackendErrorCode,
  path: string,
  run: () => Promise<unknown>,
): Promise<BackendError> {
  const error = await assertRejects(run, BackendError);
  assertEquals([error.code, error.path], [code, path], error.message);
  assert(!error.message.includes("/in/"), error.message);
  return error;
}

/** Two backends at prefixes with paths of their own, so that a name that leaks shows. */
function twoMounts(
  left: Backend,
  right: Backend,
): CompositeBackend {
  return new CompositeBackend({
    routes: {
      "/left/": { backend: left, path: "/in/l" },
      "/right/": { backend: right, path: "/in/r" },
    },
  });
}

async function filled(): Promise<CompositeBackend> {
  const backend = twoMounts(new StateBackend(), new StateBackend());
  await fill(backend);
  return backend;
}

async function fill(backend: Backend): Promise<void> {
  await backend.write("/left/dir/a.txt", "a");
  await backend.write("/left/dir/deep/b.bin", new Uint8Array([0, 255]));
  await backend.write("/left/dir/empty/x", "");
  await backend.delete("/left/dir/empty/x");
  await backend.write("/left/file", "file");
  await backend.write("/right/file", "old");
}

Deno.test("CompositeBackend.move() carries a file to another backend", async () => {
  const backend = await filled();
  const info = await backend.move("/left/file", "/right/new/place");
  assertEquals(info, await backend.stat("/right/new/place"));
  assertEquals(info.path, "/right/new/place");
  assertEquals((await backend.read("/right/new/place")).text, "file");
  await fails("not_found", "/left/file", () => backend.stat("/left/file"));
});

Deno.test("CompositeBackend.move() carries a directory with all that is in it", async () => {
  const backend = await filled();
  const before = await everything(backend, "/left/dir");
  const info = await backend.move("/left/dir", "/right/moved");
  assertEquals([info.path, info.type], ["/right/moved", "directory"]);
  const renamed = Object.entries(before).map(([path, text]) => [
    path.replace("/left/dir", "/right/moved"),
    text,
  ]);
  assertEquals(await everything(backend, "/right/moved"), Object.fromEntries(renamed));
  assertEquals(Object.keys(await everything(backend, "/left")), ["/left/file"]);
});

Deno.test("CompositeBackend.move() keeps an empty directory between backends", async () => {
  const backend = await filled();
  await backend.move("/left/dir/empty", "/right/empty");
  assertEquals(await backend.ls("/right/empty"), []);
});

Deno.test("CompositeBackend.move() replaces between backends as within one", async () => {
  const backend = await filled();
  const before = await everything(backend);
  await fails("exists", "/right/file", () => backend.move("/left/file", "/right/file"));
  const overwrite = true;
  await fails(
    "exists",
    "/right/file",
    () => backend.move("/left/dir", "/right/file", { overwrite }),
  );
  await fails("exists", "/left/dir", () => backend.move("/right/file", "/left/dir", { overwrite }));
  await fails("not_directory", "/right/file/x", () => backend.move("/left/file", "/right/file/x"));
  await fails("not_found", "/left/no", () => backend.move("/left/no", "/right/no"));
  assertEquals(await everything(backend), before);
  await backend.move("/left/file", "/right/file", { overwrite });
  assertEquals((await backend.read("/right/file")).text, "file");
});

Deno.test("CompositeBackend.move() leaves everything as it was when any step fails", async () => {
  const cases = [
    ["/left/dir", "/right/a/b/moved"],
    ["/left/file", "/right/a/b/moved"],
    ["/left/file", "/right/file"],
    ["/left/dir/empty", "/right/empty"],
  ] as const;
  let failed = 0;
  for (const [from, to] of cases) {
    for (let step = 0, broken = ""; step === 0 || broken !== ""; step++) {
      broken = "";
      const [left, right] = [new StateBackend(), new StateBackend()];
      await fill(twoMounts(left, right));
      const before = await everything(twoMounts(left, right));
      let count = 0;
      const spy = (operation: string) => {
        if (count++ !== step) return;
        broken = operation;
        throw new BackendError("io", "/in/l", "Cannot go on with '/in/l': the disk is full");
      };
      const backend = twoMounts(spiedBackend(left, spy), spiedBackend(right, spy));
      const result = await backend.move(from, to, { overwrite: true })
        .catch((error: unknown) => error);
      if (broken === "") {
        assertEquals(result, await twoMounts(left, right).stat(to));
        continue;
      }
      failed++;
      assert(result instanceof BackendError, `step ${step}: ${broken} failed unnoticed`);
      assertEquals([result.code, result.message.includes("/in/")], ["io", false]);
      const after = await everything(twoMounts(left, right));
      assertEquals(after, before, `${from} to ${to}, step ${step}: ${broken}`);
    }
  }
  assert(failed > 40, `only ${failed} steps failed`);
});

Deno.test("CompositeBackend.move() keeps the copy if the source was deleted in part", async () => {
  const [left, right] = [new StateBackend(), new StateBackend()];
  const half = spiedBackend(left, () => {});
  half.delete = async () => {
    await left.delete("/in/l/dir/a");
    throw new BackendError("io", "/in/l/dir/b", "Cannot delete '/in/l/dir/b': the disk is gone");
  };
  const backend = twoMounts(half, right);
  await backend.write("/left/dir/a", "a");
  await backend.write("/left/dir/b", "b");
  const error = await fails("io", "/left/dir", () => backend.move("/left/dir", "/right/dir"));
  assertEquals(
    error.message,
    "Cannot move '/left/dir' to '/right/dir': " +
      "the copy is complete, but the original is deleted in part",
  );
  assertEquals((await backend.read("/right/dir/a")).text, "a");
  assertEquals((await backend.read("/right/dir/b")).text, "b");
});

Deno.test("CompositeBackend.move() deletes nothing that changed meanwhile", async () => {
  const [left, right] = [new StateBackend(), new StateBackend()];
  const backend = twoMounts(
    left,
    spiedBackend(right, (operation) => {
      if (operation === "write") left.write("/in/l/file", "newer");
    }),
  );
  await twoMounts(left, right).write("/left/file", "old");
  const error = await fails("io", "/left/file", () => backend.move("/left/file", "/right/file"));
  assert(error.message.endsWith("it was changed meanwhile"), error.message);
  assertEquals((await backend.read("/left/file")).text, "newer");
  await fails("not_found", "/right/file", () => backend.stat("/right/file"));
});

Deno.test("CompositeBackend.move() between backends ends with the signal, and takes back", async () => {
  const controller = new AbortController();
  const [left, right] = [new StateBackend(), new StateBackend()];
  const backend = twoMounts(
    left,
    spiedBackend(right, (operation) => {
      if (operation === "write") controller.abort();
    }),
  );
  await twoMounts(left, right).write("/left/dir/a", "a");
  await twoMounts(left, right).write("/left/dir/b", "b");
  const before = await everything(backend);
  const { signal } = controller;
  await assertRejects(() => backend.move("/left/dir", "/right/dir", { signal }), BackendError);
  assertEquals(await everything(backend), before);
});

Deno.test("CompositeBackend.move() refuses what cannot cross, before it copies anything", async () => {
  const [left, right] = [new StateBackend(), new StateBackend()];
  await left.write("/in/l/dir/a", "a");
  await left.write("/in/l/dir/odd", "x");
  const change = (info: FileInfo, change: Partial<FileInfo>): FileInfo =>
    info.path.endsWith("/odd") ? { ...info, ...change } : info;
  for (
    const [code, changed] of [
      ["unsupported", { type: "other" }],
      ["too_large", { size: LIMITS.contentBytes + 1 }],
    ] as const
  ) {
    const odd = spiedBackend(left, () => {});
    odd.ls = async (path) => (await left.ls(path)).map((info) => change(info, changed));
    const backend = twoMounts(odd, right);
    const error = await fails(code, "/left/dir", () => backend.move("/left/dir", "/right/dir"));
    assert(error.message.includes("'/left/dir/odd'"), error.message);
    assertEquals(right.files.size, 0);
  }
});

Deno.test("CompositeBackend.move() between two names of one backend is that backend's own", async () => {
  const asked: string[] = [];
  const disk = new StateBackend({ files: { "/one/a": "a", "/one/d/b": "b" } });
  const spied = spiedBackend(disk, (operation, paths) => {
    asked.push(`${operation} ${paths.join(" ")}`);
  });
  const backend = new CompositeBackend({
    routes: { "/p/": { backend: spied, path: "/one" }, "/q/": { backend: spied, path: "/two" } },
  });
  assertEquals((await backend.move("/p/a", "/q/x/a")).path, "/q/x/a");
  assertEquals((await backend.move("/p/d", "/q/d")).path, "/q/d");
  assertEquals(asked, ["move /one/a /two/x/a", "move /one/d /two/d"]);
  const error = await fails("exists", "/q/d/b", () => backend.move("/q/x/a", "/q/d/b"));
  assert(!error.message.includes("/two"), error.message);
});

Deno.test("CompositeBackend.move() gives up on a directory without end", async () => {
  const memory = new StateBackend();
  const backend = new CompositeBackend({
    default: memory,
    routes: { "/p/": new EndlessBackend() },
  });
  const error = await assertRejects(() => backend.move("/p/x", "/x"), BackendError);
  assertEquals([error.code, error.path], ["too_large", "/p/x"]);
  assertEquals(memory.files.size, 0);
});
