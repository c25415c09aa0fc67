/**
 * The contract on several operations at the same time, and on the caller's signal.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Backend, OperationOptions } from "../../backends/protocol.ts";
import { type ContractCase, contractCase, type Tree } from "./_tree.ts";

/** What each operation is, with a signal. */
const OPERATIONS: Readonly<
  Record<string, (backend: Backend, tree: Tree, options: OperationOptions) => Promise<unknown>>
> = {
  ls: (backend, tree, options) => backend.ls(tree.at("/"), options),
  stat: (backend, tree, options) => backend.stat(tree.at("/"), options),
  read: (backend, tree, options) => backend.read(tree.at("/"), options),
  readBytes: (backend, tree, options) => backend.readBytes(tree.at("/"), options),
  write: (backend, tree, options) => backend.write(tree.at("/"), "new", options),
  edit: (backend, tree, options) =>
    backend.edit(tree.at("/"), { oldText: "a", newText: "b" }, options),
  delete: (backend, tree, options) => backend.delete(tree.at("/"), { recursive: true, ...options }),
  move: (backend, tree, options) => backend.move(tree.at("/"), tree.at("2"), options),
  glob: (backend, tree, options) => backend.glob("**", { path: tree.at("/"), ...options }),
  grep: (backend, tree, options) => backend.grep("a", { path: tree.at("/"), ...options }),
};

/** The contract on operations at the same time. */
export const TOGETHER_CASES: readonly ContractCase[] = [
  ...Object.entries(OPERATIONS).map(([name, run]) =>
    contractCase(`${name}() fails with aborted if the signal is`, async (tree) => {
      await tree.fill({ "/a": "a" });
      const signal = AbortSignal.abort(new Error("no longer wanted"));
      await tree.fails("aborted", "/", (backend) => run(backend, tree, { signal }));
    })
  ),
  ...["ls", "stat", "glob", "grep"].map((name) =>
    contractCase(`${name}() takes a signal that stays quiet`, async (tree) => {
      await tree.fill({ "/a": "a" });
      const { signal } = new AbortController();
      await OPERATIONS[name]?.(tree.backend, tree, { signal });
      assertEquals(await tree.paths(), ["/a"]);
    })
  ),
  contractCase("write() at the same time as others leaves one of them whole", async (tree) => {
    const texts = Array.from({ length: 20 }, (_, n) => `${n}`.repeat(20_000 + n));
    await Promise.all(texts.map((text) => tree.backend.write(tree.at("/a/b"), text)));
    assert(texts.includes(await tree.text("/a/b")));
    assertEquals(await tree.paths(), ["/a", "/a/b"]);
  }),
  contractCase("write() with overwrite off succeeds once of many times", async (tree) => {
    const written = await Promise.allSettled(
      Array.from(
        { length: 10 },
        (_, n) => tree.backend.write(tree.at("/a"), `${n}`, { overwrite: false }),
      ),
    );
    const done = written.flatMap(({ status }, n) => status === "fulfilled" ? [`${n}`] : []);
    assertEquals(done, [await tree.text("/a")]);
  }),
  contractCase("read() at the same time as write() sees a whole file", async (tree) => {
    const texts = ["a", "b", "c"].map((letter) => letter.repeat(300_000));
    await tree.fill({ "/a": texts[0] ?? "" });
    const seen = await Promise.all(texts.flatMap((text) => [
      tree.backend.write(tree.at("/a"), text).then(() => text),
      tree.text("/a"),
      tree.backend.read(tree.at("/a")).then((slice) => slice.text),
    ]));
    for (const text of seen) assert(texts.includes(text), `A mix of ${text.length} characters`);
  }),
  contractCase("edit() at the same time as others loses none of them", async (tree) => {
    const lines = Array.from({ length: 25 }, (_, n) => `line ${n};\n`);
    await tree.fill({ "/a": lines.join("") });
    await Promise.all(
      lines.map((_, n) =>
        tree.backend.edit(tree.at("/a"), { oldText: `line ${n};`, newText: `edited ${n};` })
      ),
    );
    assertEquals(await tree.text("/a"), lines.join("").replaceAll("line", "edited"));
  }),
  contractCase("edit() of one match at the same time succeeds once", async (tree) => {
    await tree.fill({ "/a": "old" });
    const edits = await Promise.allSettled(
      Array.from(
        { length: 10 },
        (_, n) => tree.backend.edit(tree.at("/a"), { oldText: "old", newText: `new ${n}` }),
      ),
    );
    const done = edits.flatMap(({ status }, n) => status === "fulfilled" ? [`new ${n}`] : []);
    assertEquals(done, [await tree.text("/a")]);
  }),
  contractCase("write() of many files at the same time makes all of them", async (tree) => {
    const paths = Array.from({ length: 60 }, (_, n) => `/d${n % 3}/e${n % 2}/f${n}`);
    await Promise.all(paths.map((path) => tree.backend.write(tree.at(path), path)));
    for (const path of paths) assertEquals(await tree.text(path), path);
  }),
  contractCase("move() of one file at the same time succeeds once", async (tree) => {
    await tree.fill({ "/a": "text" });
    const moves = await Promise.allSettled(
      Array.from({ length: 5 }, (_, n) => tree.backend.move(tree.at("/a"), tree.at(`/b${n}`))),
    );
    const done = moves.flatMap(({ status }, n) => status === "fulfilled" ? [`/b${n}`] : []);
    assertEquals(await tree.paths(), done);
    assertEquals(done.length, 1);
  }),
];
