/**
 * The contract on paths and names.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { LIMITS } from "../../backends/limits.ts";
import { TEMPORARY_NAME } from "../../backends/paths.ts";
import type { Backend } from "../../backends/protocol.ts";
import { type ContractCase, contractCase, shape, type Tree } from "./_tree.ts";

/** Names that are ordinary, however odd they look. */
const ORDINARY_NAMES: Readonly<Record<string, string>> = {
  "two dots inside": "notes..md",
  "a colon": "a:b.txt",
  "spaces": " two  words ",
  "an emoji": "🙂👩‍👩‍👧.txt",
  "a leading dash": "-rf",
  "a leading dot": ".env",
  "three dots": "...",
  "a backslash": "a\\b",
  "the characters of globs": "*?[a]{b,c}!(d)",
  "the characters of a shell": "$(x) `y` 'z' \"w\" ; & | < > #",
  "a new line": "a\nb",
  "a percent sign": "%2e%2e%2f",
  "a tilde": "~",
  "the name of an object's property": "__proto__",
  "a single character": "x",
  "255 bytes": "é".repeat(127) + "x",
};

/** Ways to write the path of `/a/b.txt`. */
const OTHER_FORMS: readonly string[] = [
  "//a/b.txt",
  "/a//b.txt",
  "/./a/./b.txt",
  "/a/b.txt/",
  "/a/b.txt/.",
  "/x/../a/b.txt",
  "/a/x/../b.txt",
  "/a/../a/./b.txt//",
];

type Operation = (backend: Backend, path: string, tree: Tree) => Promise<unknown>;

/** What each operation is, given one path. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  ls: (backend, path) => backend.ls(path),
  stat: (backend, path) => backend.stat(path),
  read: (backend, path) => backend.read(path),
  readBytes: (backend, path) => backend.readBytes(path),
  write: (backend, path) => backend.write(path, "new"),
  edit: (backend, path) => backend.edit(path, { oldText: "a", newText: "b" }),
  delete: (backend, path) => backend.delete(path, { recursive: true }),
  move: (backend, path, tree) => backend.move(path, tree.at("/elsewhere")),
  glob: (backend, path) => backend.glob("**", { path }),
  grep: (backend, path) => backend.grep("a", { path }),
};

function unusable(tree: Tree): Record<string, string> {
  return {
    "a relative path": "tree/a.txt",
    "an empty path": "",
    "a path above the root": "/../etc/passwd",
    "a path that goes above the root and back": `/a/../../${tree.base}/a`,
    "a NUL": tree.at("/a\0.txt"),
    "half a surrogate pair": tree.at("/a\ud83d.txt"),
    "a name of 256 bytes": tree.at(`/${"é".repeat(128)}`),
    "a path over the limit": tree.at("/x".repeat(LIMITS.pathBytes / 2)),
    "the name of an unfinished write": tree.at(`/${TEMPORARY_NAME}-1`),
  };
}

/** The contract on paths and names. */
export const PATH_CASES: readonly ContractCase[] = [
  ...Object.entries(ORDINARY_NAMES).map(([what, name]) =>
    contractCase(`write() takes a name with ${what}`, async (tree) => {
      const { backend } = tree;
      const path = tree.at(`/${name}`);
      assertEquals(shape(await backend.write(path, "one\n")), tree.file(`/${name}`, 4));
      assertEquals((await backend.ls(tree.at("/"))).map(shape), [tree.file(`/${name}`, 4)]);
      assertEquals(shape(await backend.stat(path)), tree.file(`/${name}`, 4));
      assertEquals((await backend.read(path)).path, path);
      assertEquals((await backend.edit(path, { oldText: "one", newText: "two" })).file.path, path);
      assertEquals((await backend.glob("**", { path: tree.at("/") })).files.map(shape), [
        tree.file(`/${name}`, 4),
      ]);
      assertEquals((await backend.grep("two", { path: tree.at("/") })).matches, [
        { path, line: 1, text: "two", cut: false },
      ]);
      const below = tree.at(`/deep/${name}/${name}`);
      assertEquals((await backend.move(path, below)).path, below);
      assertEquals(await tree.text(`/deep/${name}/${name}`), "two\n");
      await backend.delete(below);
      assertEquals(await tree.paths(), ["/deep", `/deep/${name}`]);
    })
  ),
  ...OTHER_FORMS.map((form) =>
    contractCase(`read() and the others take '${form}' for '/a/b.txt'`, async (tree) => {
      const { backend } = tree;
      const path = tree.at("/a/b.txt");
      const written = `${tree.at("/")}${form}`;
      assertEquals((await backend.write(written, "text")).path, path);
      assertEquals((await backend.stat(written)).path, path);
      assertEquals((await backend.read(written)).path, path);
      assertEquals(await backend.readBytes(written), await backend.readBytes(path));
      assertEquals(
        (await backend.edit(written, { oldText: "t", newText: "u", replaceAll: true }))
          .file.path,
        path,
      );
      assertEquals((await backend.grep("u", { path: written })).matches, [
        { path, line: 1, text: "uexu", cut: false },
      ]);
      assertEquals(
        (await backend.move(tree.at("/a/b.txt"), `${tree.at("/")}/m${form}`)).path,
        tree.at("/m/a/b.txt"),
      );
      await backend.delete(`${tree.at("/")}/m${form}`);
      assertEquals(await tree.paths(), ["/a", "/m", "/m/a"]);
    })
  ),
  contractCase("ls() and the others take a directory's path in any form", async (tree) => {
    await tree.fill({ "/a/b.txt": "x" });
    for (const form of ["//a", "/a/", "/a/.", "/./a//", "/a/../a", "/b/../a/"]) {
      const written = `${tree.at("/")}${form}`;
      assertEquals((await tree.backend.ls(written)).map(shape), [tree.file("/a/b.txt", 1)]);
      assertEquals(shape(await tree.backend.stat(written)), tree.directory("/a"));
      const glob = await tree.backend.glob("*", { path: written });
      assertEquals(glob.files.map(shape), [tree.file("/a/b.txt", 1)]);
    }
  }),
  contractCase("write() keeps apart names that differ in case or in Unicode form", async (tree) => {
    // Not a case of a case-insensitive or normalising file system: macOS would need its own.
    const names = ["/cafe\u0301", "/caf\u00e9", "/A", "/a"].sort();
    await tree.fill(Object.fromEntries(names.map((name) => [name, name])));
    assertEquals(await tree.paths(), names);
    for (const name of names) assertEquals(await tree.text(name), name);
  }),
  ...Object.keys(OPERATIONS).map((operation) =>
    contractCase(`${operation}() refuses a path that is none`, async (tree) => {
      await tree.fill({ "/a.txt": "a" });
      const run = OPERATIONS[operation] ?? (() => Promise.resolve());
      for (const path of Object.values(unusable(tree))) {
        await tree.failsAt("invalid_path", path, (backend) => run(backend, path, tree));
      }
    })
  ),
  contractCase("move() refuses a target that is no path", async (tree) => {
    await tree.fill({ "/a.txt": "a" });
    for (const path of Object.values(unusable(tree))) {
      await tree.failsAt("invalid_path", path, (backend) => backend.move(tree.at("/a.txt"), path));
    }
  }),
  ...["ls", "stat", "read", "readBytes", "edit", "delete", "move", "glob", "grep"].map(
    (operation) =>
      contractCase(`${operation}() fails with not_found where nothing is`, async (tree) => {
        await tree.fill({ "/a/b.txt": "a" });
        const run = OPERATIONS[operation] ?? (() => Promise.resolve());
        for (const path of ["/missing", "/a/missing", "/missing/too", "/a/b.tx", "/A"]) {
          await tree.fails("not_found", path, (backend) => run(backend, tree.at(path), tree));
        }
      }),
  ),
  ...Object.keys(OPERATIONS).map((operation) =>
    contractCase(`${operation}() fails with not_directory below a file`, async (tree) => {
      await tree.fill({ "/a.txt": "a" });
      const run = OPERATIONS[operation] ?? (() => Promise.resolve());
      for (const path of ["/a.txt/b", "/a.txt/b/c"]) {
        await tree.fails("not_directory", path, (backend) => run(backend, tree.at(path), tree));
      }
    })
  ),
  contractCase("stat() and the others know a path as long as the limit allows", async (tree) => {
    // A mount may add a prefix of its own, so that the limit itself is not for every backend.
    const room = Math.floor((LIMITS.pathBytes - tree.at("/").length - 300) / 20);
    const path = "/nineteen characters".repeat(room);
    await tree.fill({ [path]: "deep" });
    assertEquals(shape(await tree.backend.stat(tree.at(path))), tree.file(path, 4));
    const found = await tree.backend.glob("**", { path: tree.at("/") });
    assertEquals(found.files.map(shape), [tree.file(path, 4)]);
    await tree.backend.delete(tree.at("/nineteen characters"), { recursive: true });
    assertEquals(await tree.paths(), []);
  }),
];
