import { assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { CompositeBackend } from "../../backends/composite.ts";
import { StateBackend } from "../../backends/state.ts";
import { hashFiles } from "../../runner/_hash_files.ts";
import { brokenBackend } from "../backends/_backends.ts";

const hash = (...contents: readonly (string | Uint8Array)[]) => {
  const all = createHash("sha256");
  for (const content of contents) all.update(createHash("sha256").update(content).digest());
  return all.digest("hex");
};

Deno.test("hashFiles() hashes the hashes of all files, in the order of their paths", async () => {
  const tree = new StateBackend({
    files: { "/src/b.py": "b\n", "/src/a.py": "a\n", "/x.txt": "x" },
  });
  assertEquals(await hashFiles(tree, ["/src/**"]), hash("a\n", "b\n"));
  assertEquals(await hashFiles(tree, ["/x.txt", "/src/*.py"]), hash("a\n", "b\n", "x"));
  assertEquals(await hashFiles(tree, ["/src/**", "/src/a.py", "/src/a.py"]), hash("a\n", "b\n"));
  // printf x | sha256sum | cut -d' ' -f1 | xxd -r -p | sha256sum
  assertEquals(
    await hashFiles(tree, ["/x.txt"]),
    "0a325ca303eb3014c43ae004970f343634db176fa1697bcc8c9efac94626488d",
  );
});

Deno.test("hashFiles() takes away what a glob with ! finds, of those before it alone", async () => {
  const tree = new StateBackend({ files: { "/a": "a", "/b": "b" } });
  assertEquals(await hashFiles(tree, ["/*", "!/b"]), hash("a"));
  assertEquals(await hashFiles(tree, ["!/b", "/*"]), hash("a", "b"));
  assertEquals(await hashFiles(tree, ["/*", "!/*"]), "");
});

Deno.test("hashFiles() is empty where there is no file", async () => {
  const tree = new StateBackend({ files: { "/a": "a" } });
  assertEquals(await hashFiles(tree, ["/none/**"]), "");
  assertEquals(await hashFiles(tree, []), "");
});

Deno.test("hashFiles() sees every byte of files that are larger than one read, and of none at all", async () => {
  const sizes = [0, 1, 4 * 1024 * 1024 - 1, 4 * 1024 * 1024, 4 * 1024 * 1024 + 1, 9 * 1024 * 1024];
  for (const size of sizes) {
    const bytes = new Uint8Array(size).fill(7);
    const tree = new StateBackend();
    await tree.write("/big", bytes);
    assertEquals([size, await hashFiles(tree, ["/big"])], [size, hash(bytes)]);
    if (size === 0) continue;
    bytes[size - 1] = 8;
    await tree.write("/big", bytes);
    assertEquals([size, await hashFiles(tree, ["/big"])], [size, hash(bytes)]);
  }
});

Deno.test("hashFiles() goes over all mounts, and is the same wherever files live", async () => {
  const files = { "/src/a": "a", "/src/b": "b" };
  const mounted = new CompositeBackend({
    default: new StateBackend({ files: { "/src/a": "a" } }),
    routes: { "/src/more/": new StateBackend({ files: { "/b": "b" } }) },
  });
  const one = new StateBackend({ files: { "/src/a": "a", "/src/more/b": "b" } });
  assertEquals(await hashFiles(mounted, ["/src/**"]), await hashFiles(one, ["/src/**"]));
  assertEquals(await hashFiles(one, ["/src/**"]), hash(...Object.values(files)));
});

Deno.test("hashFiles() fails where a part of the tree cannot be searched", async () => {
  const tree = new CompositeBackend({
    default: new StateBackend({ files: { "/a": "a" } }),
    routes: { "/gone/": brokenBackend(new StateBackend()) },
  });
  assertEquals(await hashFiles(tree, ["/a"]), hash("a"));
  await assertRejects(
    () => hashFiles(tree, ["/**"]),
    Error,
    "Cannot glob '/gone': the disk is gone",
  );
});
