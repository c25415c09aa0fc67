/**
 * The contract on looking: `ls`, `stat`, `read` and `readBytes`.
 *
 * @module
 */

import { assertEquals, assertNotEquals } from "@std/assert";
import { LIMITS } from "../../backends/limits.ts";
import type { ReadOptions } from "../../backends/protocol.ts";
import { bytesOf, type ContractCase, contractCase, shape, type Tree } from "./_tree.ts";

/** Texts and the lines that they have. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  "an empty file": [],
  "one line": ["a\n"],
  "no final newline": ["a\n", "b"],
  "a line without an ending alone": ["a"],
  "empty lines": ["\n", "\n", "a\n", "\n"],
  "CRLF": ["a\r\n", "b\r\n"],
  "CRLF and no final newline": ["a\r\n", "b"],
  "mixed line endings": ["a\r\n", "b\n", "c\rd\n", "\r\n", "e\r"],
  "a byte order mark": ["\ufeffa\n", "b\n"],
  "line separators of Unicode": ["a\u2028b\u0085c\u000bd\n", "e\n"],
  "characters of one to four bytes": ["aé€🙂\n", "🙂🙂\n", "é"],
};

/** Reads lines and expects the whole slice. */
async function assertSlice(tree: Tree, lines: readonly string[], options: ReadOptions) {
  const slice = await tree.backend.read(tree.at("/a.txt"), options);
  const { offset = 0, limit = Infinity } = options;
  const wanted = lines.slice(offset, offset + limit);
  assertEquals(slice, {
    path: tree.at("/a.txt"),
    text: wanted.join(""),
    offset,
    lines: wanted.length,
    totalLines: lines.length,
    nextOffset: offset + limit < lines.length ? offset + limit : null,
    size: bytesOf(lines.join("")).length,
    version: (await tree.backend.stat(tree.at("/a.txt"))).version,
  });
}

/** The contract on looking. */
export const READ_CASES: readonly ContractCase[] = [
  ...Object.entries(TEXTS).map(([what, lines]) =>
    contractCase(`read() gives the lines of ${what} as they are`, async (tree) => {
      await tree.fill({ "/a.txt": lines.join("") });
      await assertSlice(tree, lines, {});
      for (let offset = 0; offset <= lines.length + 1; offset++) {
        for (const limit of [1, 2, lines.length, Infinity].filter((limit) => limit > 0)) {
          await assertSlice(tree, lines, { offset, limit });
        }
      }
    })
  ),
  contractCase("read() gives no lines far past the end", async (tree) => {
    await tree.fill({ "/a.txt": "a\n" });
    await assertSlice(tree, ["a\n"], { offset: 1_000_000_000, limit: 10 });
    await assertSlice(tree, ["a\n"], { offset: Number.MAX_SAFE_INTEGER });
  }),
  contractCase("read() refuses an offset or a limit that is no number of lines", async (tree) => {
    await tree.fill({ "/a.txt": "a\n" });
    for (const offset of [-1, -0.5, 0.5, NaN, Infinity, -Infinity, 2 ** 53]) {
      await tree.refuses((backend) => backend.read(tree.at("/a.txt"), { offset }));
    }
    for (const limit of [0, -1, 0.5, 1.5, NaN, -Infinity]) {
      await tree.refuses((backend) => backend.read(tree.at("/a.txt"), { limit }));
    }
  }),
  contractCase("read() takes options that are undefined for missing", async (tree) => {
    await tree.fill({ "/a.txt": "a\nb\n" });
    const options = { offset: undefined, limit: undefined, signal: undefined };
    assertEquals((await tree.backend.read(tree.at("/a.txt"), options)).text, "a\nb\n");
  }),
  contractCase("read() gives a line of 5 MB and the lines around it", async (tree) => {
    const lines = ["first\n", `${"é".repeat(2_500_000)}\n`, "last"];
    await tree.fill({ "/a.txt": lines.join("") });
    await assertSlice(tree, lines, { offset: 1, limit: 1 });
    await assertSlice(tree, lines, { offset: 2, limit: 1 });
    await assertSlice(tree, lines, {});
  }),
  contractCase("read() gives lines from deep inside a file of many", async (tree) => {
    const lines = Array.from({ length: 200_000 }, (_, n) => `line ${n}\n`);
    await tree.fill({ "/a.txt": lines.join("") });
    await assertSlice(tree, lines, { offset: 123_456, limit: 3 });
    await assertSlice(tree, lines, { offset: 199_999, limit: 3 });
  }),
  contractCase("read() refuses more text than the limit and gives it in parts", async (tree) => {
    const half = "x".repeat(LIMITS.textBytes / 2 - 1) + "\n";
    await tree.fill({ "/a.txt": `${half}${half}y` });
    await tree.fails("too_large", "/a.txt", (backend) => backend.read(tree.at("/a.txt")));
    const { lines, totalLines, nextOffset } = await tree.backend.read(tree.at("/a.txt"), {
      limit: 2,
    });
    assertEquals([lines, totalLines, nextOffset], [2, 3, 2]);
  }),
  ...Object.entries({
    "Latin-1": new Uint8Array([0x63, 0x61, 0x66, 0xe9, 10]),
    "a NUL": bytesOf("a\0b\n"),
    "half a character": new Uint8Array([0x61, 0xf0, 0x9f, 0x99]),
    "a surrogate in UTF-8": new Uint8Array([0xed, 0xa0, 0x80]),
    "an overlong slash": new Uint8Array([0xc0, 0xaf]),
    "UTF-16": new Uint8Array([0xff, 0xfe, 0x61, 0, 10, 0]),
  }).map(([what, bytes]) =>
    contractCase(`read() refuses ${what}, and readBytes() gives it`, async (tree) => {
      await tree.fill({ "/a.bin": bytes });
      await tree.fails("not_text", "/a.bin", (backend) => backend.read(tree.at("/a.bin")));
      assertEquals(await tree.backend.readBytes(tree.at("/a.bin")), bytes);
    })
  ),
  contractCase("read() gives the lines of text that a binary file begins with", async (tree) => {
    await tree.fill({ "/a.bin": bytesOf("title\n\0\xff\nend\n") });
    const { text, totalLines } = await tree.backend.read(tree.at("/a.bin"), { limit: 1 });
    assertEquals([text, totalLines], ["title\n", 3]);
  }),
  contractCase("read() refuses a directory", async (tree) => {
    await tree.fill({ "/a/b": "" });
    await tree.fails("is_directory", "/a", (backend) => backend.read(tree.at("/a")));
    await tree.failsAt("is_directory", tree.base, (backend) => backend.read(tree.base));
  }),
  contractCase("readBytes() gives every byte back", async (tree) => {
    const bytes = Uint8Array.from({ length: 256 * 3 }, (_, n) => n % 256);
    await tree.fill({ "/a.bin": bytes, "/empty": new Uint8Array(0) });
    assertEquals(await tree.backend.readBytes(tree.at("/a.bin")), bytes);
    assertEquals(await tree.backend.readBytes(tree.at("/empty")), new Uint8Array(0));
  }),
  contractCase("readBytes() gives ranges, and nothing past the end", async (tree) => {
    const bytes = Uint8Array.from({ length: 200_000 }, (_, n) => n % 251);
    await tree.fill({ "/a.bin": bytes });
    const ranges: [number, number][] = [
      [0, 1],
      [0, 0],
      [5, 10],
      [65_530, 12],
      [199_999, 1],
      [199_990, 100],
      [200_000, 1],
      [1_000_000_000_000, 5],
      [10, Infinity],
    ];
    for (const [offset, length] of ranges) {
      const part = await tree.backend.readBytes(tree.at("/a.bin"), { offset, length });
      assertEquals(part, bytes.slice(offset, offset + length));
    }
    assertEquals((await tree.backend.readBytes(tree.at("/a.bin"), { offset: 7 })).length, 199_993);
  }),
  contractCase("readBytes() refuses an offset or a length that is no number", async (tree) => {
    await tree.fill({ "/a.bin": "abc" });
    for (const offset of [-1, 0.5, NaN, Infinity]) {
      await tree.refuses((backend) => backend.readBytes(tree.at("/a.bin"), { offset }));
    }
    for (const length of [-1, 0.5, NaN, -Infinity]) {
      await tree.refuses((backend) => backend.readBytes(tree.at("/a.bin"), { length }));
    }
  }),
  contractCase("readBytes() refuses a directory", async (tree) => {
    await tree.fill({ "/a/b": "" });
    await tree.fails("is_directory", "/a", (backend) => backend.readBytes(tree.at("/a")));
  }),
  contractCase("readBytes() gives bytes that nobody else holds", async (tree) => {
    const bytes = bytesOf("abc");
    await tree.fill({ "/a.bin": bytes });
    bytes.fill(0);
    (await tree.backend.readBytes(tree.at("/a.bin"))).fill(0);
    assertEquals(await tree.text("/a.bin"), "abc");
  }),
  contractCase("stat() tells files from directories", async (tree) => {
    await tree.fill({ "/a/b.txt": "é\n", "/a/c/d": "" });
    assertEquals(shape(await tree.backend.stat(tree.at("/a/b.txt"))), tree.file("/a/b.txt", 3));
    assertEquals(shape(await tree.backend.stat(tree.at("/a/c/d"))), tree.file("/a/c/d", 0));
    assertEquals(shape(await tree.backend.stat(tree.at("/a"))), tree.directory("/a"));
    const base = { path: tree.base, type: "directory", size: 0 };
    assertEquals(shape(await tree.backend.stat(tree.base)), base);
  }),
  contractCase("stat() tells the same as ls(), write(), glob() and read()", async (tree) => {
    const path = tree.at("/a.txt");
    const written = await tree.backend.write(path, "text");
    assertEquals(await tree.backend.stat(path), written);
    assertEquals(await tree.backend.ls(tree.at("/")), [written]);
    assertEquals((await tree.backend.glob("*", { path: tree.at("/") })).files, [written]);
    assertEquals((await tree.backend.read(path)).version, written.version);
  }),
  contractCase("stat() tells a new version after each change", async (tree) => {
    const path = tree.at("/a.txt");
    const versions = new Set<string>();
    for (const text of ["same", "same", "size", "other size", "", "same", "x"]) {
      versions.add((await tree.backend.write(path, text)).version);
      await tree.tick();
    }
    versions.add((await tree.backend.edit(path, { oldText: "x", newText: "y" })).file.version);
    assertEquals(versions.size, 8);
    assertEquals((await tree.backend.stat(path)).version, [...versions].at(-1));
  }),
  contractCase("stat() tells another version for a file written anew", async (tree) => {
    const path = tree.at("/a.txt");
    const { version } = await tree.backend.write(path, "same");
    await tree.backend.delete(path);
    await tree.tick();
    assertNotEquals((await tree.backend.write(path, "same")).version, version);
    await tree.tick();
    await tree.backend.write(tree.at("/b.txt"), "same");
    const before = (await tree.backend.stat(path)).version;
    const moved = await tree.backend.move(tree.at("/b.txt"), path, { overwrite: true });
    assertNotEquals(moved.version, before);
  }),
  contractCase("stat() and reading change no version", async (tree) => {
    const path = tree.at("/a.txt");
    const { version } = await tree.backend.write(path, "text");
    await tree.backend.read(path);
    await tree.backend.readBytes(path);
    await tree.backend.grep("text", { path: tree.at("/") });
    await tree.backend.write(tree.at("/b.txt"), "beside");
    assertEquals((await tree.backend.stat(path)).version, version);
  }),
  contractCase("ls() lists files and directories, sorted by code unit", async (tree) => {
    await tree.fill({
      "/b": "1",
      "/a/x": "",
      "/a-b": "12",
      "/B": "",
      "/.c": "",
      "/é": "",
      "/🙂": "",
      "/ﬀ": "",
    });
    assertEquals((await tree.backend.ls(tree.at("/"))).map(shape), [
      tree.file("/.c", 0),
      tree.file("/B", 0),
      tree.directory("/a"),
      tree.file("/a-b", 2),
      tree.file("/b", 1),
      tree.file("/é", 0),
      tree.file("/🙂", 0),
      tree.file("/ﬀ", 0),
    ]);
    assertEquals((await tree.backend.ls(tree.at("/a"))).map(shape), [tree.file("/a/x", 0)]);
  }),
  contractCase("ls() lists a directory that lost its last file as empty", async (tree) => {
    await tree.fill({ "/a/b": "" });
    await tree.backend.delete(tree.at("/a/b"));
    assertEquals(await tree.backend.ls(tree.at("/a")), []);
  }),
  contractCase("ls() refuses a file", async (tree) => {
    await tree.fill({ "/a": "" });
    await tree.fails("not_directory", "/a", (backend) => backend.ls(tree.at("/a")));
  }),
  contractCase("ls() lists what is at the base", async (tree) => {
    await tree.fill({ "/a": "" });
    const listed = (await tree.backend.ls(tree.base)).map(shape);
    assertEquals(listed.filter(({ path }) => path === tree.at("/")), [tree.directory("/")]);
  }),
];
