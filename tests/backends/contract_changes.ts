/**
 * The contract on changing whole files and directories: `write`, `delete` and `move`.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { LIMITS } from "../../backends/limits.ts";
import { bytesOf, type ContractCase, contractCase, shape } from "./_tree.ts";

const WRITE_CASES: readonly ContractCase[] = [
  contractCase("write() makes a file and the directories above it", async (tree) => {
    const info = await tree.backend.write(tree.at("/a/b/c.txt"), "é🙂");
    assertEquals(shape(info), tree.file("/a/b/c.txt", 6));
    assertEquals(await tree.paths(), ["/a", "/a/b", "/a/b/c.txt"]);
    assertEquals(await tree.text("/a/b/c.txt"), "é🙂");
  }),
  contractCase("write() replaces a whole file, by a shorter one too", async (tree) => {
    await tree.fill({ "/a": "a long text" });
    assertEquals(shape(await tree.backend.write(tree.at("/a"), "short")), tree.file("/a", 5));
    assertEquals(await tree.text("/a"), "short");
    assertEquals(shape(await tree.backend.write(tree.at("/a"), "")), tree.file("/a", 0));
    assertEquals(await tree.text("/a"), "");
  }),
  contractCase("write() keeps text byte for byte", async (tree) => {
    for (const text of ["\ufeffa\r\nb", "a\n\n", "\r", "a\0b", "\u2028", "\ufffd"]) {
      await tree.fill({ "/a": text });
      assertEquals(await tree.backend.readBytes(tree.at("/a")), bytesOf(text));
    }
  }),
  contractCase("write() takes a part of a buffer for what it is", async (tree) => {
    const bytes = bytesOf("before[inside]after").subarray(6, 14);
    await tree.fill({ "/a": bytes });
    assertEquals(await tree.text("/a"), "[inside]");
  }),
  contractCase("write() takes several megabytes", async (tree) => {
    const bytes = new Uint8Array(5_000_000).map((_, n) => n % 253);
    await tree.fill({ "/a": bytes });
    const part = await tree.backend.readBytes(tree.at("/a"), { offset: 4_999_990 });
    assertEquals(part, bytes.subarray(4_999_990));
    assertEquals((await tree.backend.stat(tree.at("/a"))).size, 5_000_000);
  }),
  contractCase("write() refuses content over the limit", async (tree) => {
    await tree.fill({ "/a": "old" });
    const large = new Uint8Array(LIMITS.contentBytes + 1);
    await tree.fails("too_large", "/a", (backend) => backend.write(tree.at("/a"), large));
    await tree.fails("too_large", "/b", (backend) => backend.write(tree.at("/b"), large));
  }),
  contractCase("write() refuses half a surrogate pair", async (tree) => {
    await tree.fill({ "/a": "old" });
    await tree.fails("not_text", "/a", (backend) => backend.write(tree.at("/a"), "x\udc00"));
    await tree.fails("not_text", "/b/c", (backend) => backend.write(tree.at("/b/c"), "\ud83d"));
  }),
  contractCase("write() replaces nothing without overwrite", async (tree) => {
    await tree.fill({ "/a": "old" });
    const options = { overwrite: false };
    await tree.fails("exists", "/a", (backend) => backend.write(tree.at("/a"), "new", options));
    await tree.backend.write(tree.at("/b/c"), "new", options);
    assertEquals(await tree.text("/b/c"), "new");
    await tree.backend.write(tree.at("/a"), "new", { overwrite: undefined });
    assertEquals(await tree.text("/a"), "new");
  }),
  contractCase("write() refuses a directory", async (tree) => {
    await tree.fill({ "/a/b": "" });
    await tree.fails("is_directory", "/a", (backend) => backend.write(tree.at("/a"), "x"));
    await tree.failsAt("is_directory", tree.base, (backend) => backend.write(tree.base, "x"));
  }),
  contractCase("write() makes a file where a directory was deleted", async (tree) => {
    await tree.fill({ "/a/b": "" });
    await tree.backend.delete(tree.at("/a"), { recursive: true });
    await tree.backend.write(tree.at("/a"), "file");
    await tree.backend.delete(tree.at("/a"));
    await tree.fill({ "/a/b/c": "again" });
    assertEquals(await tree.paths(), ["/a", "/a/b", "/a/b/c"]);
  }),
];

const DELETE_CASES: readonly ContractCase[] = [
  contractCase("delete() removes a file and keeps its directory", async (tree) => {
    await tree.fill({ "/a/b": "1", "/a/bc": "2" });
    assertEquals(await tree.backend.delete(tree.at("/a/b")), undefined);
    assertEquals(await tree.paths(), ["/a", "/a/bc"]);
    await tree.backend.delete(tree.at("/a/bc"));
    assertEquals(await tree.paths(), ["/a"]);
  }),
  contractCase("delete() removes an empty directory", async (tree) => {
    await tree.fill({ "/a/b": "" });
    await tree.backend.delete(tree.at("/a/b"));
    await tree.backend.delete(tree.at("/a"));
    assertEquals(await tree.paths(), []);
  }),
  contractCase("delete() removes a full directory only if told to", async (tree) => {
    await tree.fill({ "/a/b/c": "", "/a/d": "", "/ab": "" });
    await tree.fails("is_directory", "/a", (backend) => backend.delete(tree.at("/a")));
    const options = { recursive: false };
    await tree.fails("is_directory", "/a", (backend) => backend.delete(tree.at("/a"), options));
    await tree.backend.delete(tree.at("/a"), { recursive: true });
    assertEquals(await tree.paths(), ["/ab"]);
  }),
  contractCase("delete() takes recursive for a file too", async (tree) => {
    await tree.fill({ "/a": "", "/b": "" });
    await tree.backend.delete(tree.at("/a"), { recursive: true });
    assertEquals(await tree.paths(), ["/b"]);
  }),
  contractCase("delete() refuses the root", async (tree) => {
    await tree.fill({ "/a": "" });
    for (const recursive of [true, false]) {
      await tree.failsAt(
        "denied",
        tree.base,
        (backend) => backend.delete(tree.base, { recursive }),
      );
    }
  }),
  contractCase("delete() fails the second time", async (tree) => {
    await tree.fill({ "/a": "" });
    await tree.backend.delete(tree.at("/a"));
    await tree.fails("not_found", "/a", (backend) => backend.delete(tree.at("/a")));
  }),
];

const MOVE_CASES: readonly ContractCase[] = [
  contractCase("move() renames a file and makes the directories above it", async (tree) => {
    await tree.fill({ "/a/b": "text" });
    const info = await tree.backend.move(tree.at("/a/b"), tree.at("/x/y/z"));
    assertEquals(shape(info), tree.file("/x/y/z", 4));
    assertEquals(await tree.backend.stat(tree.at("/x/y/z")), info);
    assertEquals(await tree.paths(), ["/a", "/x", "/x/y", "/x/y/z"]);
    assertEquals(await tree.text("/x/y/z"), "text");
  }),
  contractCase("move() renames a directory with all that is in it", async (tree) => {
    const bytes = new Uint8Array([0, 255, 10]);
    await tree.fill({ "/a/b/c": bytes, "/a/d": "2", "/ab": "3" });
    const info = await tree.backend.move(tree.at("/a"), tree.at("/x/y"));
    assertEquals(shape(info), tree.directory("/x/y"));
    assertEquals(await tree.paths(), ["/ab", "/x", "/x/y", "/x/y/b", "/x/y/b/c", "/x/y/d"]);
    assertEquals(await tree.backend.readBytes(tree.at("/x/y/b/c")), bytes);
    await tree.fails("not_found", "/a/d", (backend) => backend.read(tree.at("/a/d")));
    await tree.fill({ "/x/y/b/e": "" });
  }),
  contractCase("move() renames an empty directory", async (tree) => {
    await tree.fill({ "/a/b": "" });
    await tree.backend.delete(tree.at("/a/b"));
    await tree.backend.move(tree.at("/a"), tree.at("/c"));
    assertEquals(await tree.paths(), ["/c"]);
  }),
  contractCase("move() replaces a file by a file only if told to", async (tree) => {
    await tree.fill({ "/a": "new", "/b": "old" });
    await tree.fails("exists", "/b", (backend) => backend.move(tree.at("/a"), tree.at("/b")));
    await tree.backend.move(tree.at("/a"), tree.at("/b"), { overwrite: true });
    assertEquals(await tree.paths(), ["/b"]);
    assertEquals(await tree.text("/b"), "new");
  }),
  contractCase("move() never replaces a directory, nor a file by one", async (tree) => {
    await tree.fill({ "/file": "", "/full/x": "", "/gone/x": "", "/source/x": "" });
    await tree.backend.delete(tree.at("/gone/x"));
    for (const overwrite of [true, false]) {
      for (
        const [from, to] of [
          ["/file", "/full"],
          ["/file", "/gone"],
          ["/source", "/full"],
          ["/source", "/gone"],
          ["/source", "/file"],
        ] as const
      ) {
        await tree.fails(
          "exists",
          to,
          (backend) => backend.move(tree.at(from), tree.at(to), { overwrite }),
        );
      }
    }
  }),
  contractCase("move() refuses to put a directory into itself", async (tree) => {
    await tree.fill({ "/a/b/c": "" });
    for (const to of ["/a/x", "/a/b/x", "/a/x/y/z", "/a/b"]) {
      await tree.fails("invalid_path", to, (backend) => backend.move(tree.at("/a"), tree.at(to)));
    }
  }),
  contractCase("move() refuses a target below a file, the moved one included", async (tree) => {
    await tree.fill({ "/a": "", "/b": "" });
    for (const to of ["/b/x", "/b/x/y", "/a/x"]) {
      await tree.fails("not_directory", to, (backend) => backend.move(tree.at("/a"), tree.at(to)));
    }
  }),
  contractCase("move() to the same path changes nothing", async (tree) => {
    await tree.fill({ "/a/b": "text" });
    const before = await tree.everything();
    const file = await tree.backend.stat(tree.at("/a/b"));
    assertEquals(await tree.backend.move(tree.at("/a/b"), tree.at("/a//b")), file);
    assertEquals(
      shape(await tree.backend.move(tree.at("/a"), tree.at("/a/"))),
      tree.directory("/a"),
    );
    assertEquals(await tree.everything(), before);
    await tree.fails("not_found", "/x", (backend) => backend.move(tree.at("/x"), tree.at("/x")));
  }),
  contractCase("move() to a name that begins with its own", async (tree) => {
    await tree.fill({ "/a/b": "1" });
    await tree.backend.move(tree.at("/a"), tree.at("/ab"));
    assertEquals(await tree.paths(), ["/ab", "/ab/b"]);
  }),
  contractCase("move() out of a directory and onto its name", async (tree) => {
    await tree.fill({ "/a/a": "1" });
    await tree.fails(
      "exists",
      "/a",
      (backend) => backend.move(tree.at("/a/a"), tree.at("/a"), { overwrite: true }),
    );
    await tree.backend.move(tree.at("/a/a"), tree.at("/b"));
    await tree.backend.delete(tree.at("/a"));
    await tree.backend.move(tree.at("/b"), tree.at("/a"));
    assertEquals(await tree.paths(), ["/a"]);
  }),
  contractCase("move() refuses the root", async (tree) => {
    await tree.fill({ "/a": "" });
    await tree.failsAt("denied", tree.base, (backend) => backend.move(tree.base, tree.at("/b")));
  }),
  contractCase("move() of what is missing makes no directories", async (tree) => {
    await tree.fill({ "/a": "" });
    await tree.fails("not_found", "/x", (backend) => backend.move(tree.at("/x"), tree.at("/y/z")));
  }),
];

/** The contract on changing whole files and directories. */
export const CHANGE_CASES: readonly ContractCase[] = [
  ...WRITE_CASES,
  ...DELETE_CASES,
  ...MOVE_CASES,
];
