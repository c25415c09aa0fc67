import { assertEquals } from "@std/assert";
import {
  basename,
  DELIMITER,
  dirname,
  extname,
  format,
  fromFileUrl,
  isAbsolute,
  join,
  normalize,
  parse,
  relative,
  resolve,
  SEPARATOR,
  SEPARATOR_PATTERN,
  toFileUrl,
} from "@std/path";
import { outcome } from "./_outcome.ts";

/** Checks a function of one path against a table of arguments and outcomes. */
function testTable(
  name: string,
  call: (...args: never[]) => unknown,
  table: readonly (readonly [string | readonly unknown[], unknown])[],
): void {
  Deno.test(`${name}() gives what its table says`, () => {
    for (const [args, expected] of table) {
      const list = typeof args === "string" ? [args] : [...args];
      assertEquals(
        outcome((): unknown => Reflect.apply(call, undefined, list)),
        expected,
        `${name}(${JSON.stringify(list)})`,
      );
    }
  });
}

testTable("basename", basename, [
  ["", ""],
  ["/", "/"],
  ["//", "/"],
  ["a", "a"],
  ["/a/b.txt", "b.txt"],
  ["/a/b//", "b"],
  ["a\\b", "a\\b"],
  ["/a/ ", " "],
  [["/a/b.txt", ".txt"], "b"],
  [["/a/b.txt/", ".txt"], "b"],
  [["/a/b.txt", "b.txt"], "b.txt"],
  [["/a/b.txt", "t"], "b.tx"],
  [["/a/b.txt", ".md"], "b.txt"],
  [["/a/.txt", ".txt"], ".txt"],
  [["/", "/"], "/"],
  [[null], 'TypeError: Path must be a string, received "null"'],
  [[5], 'TypeError: Path must be a string, received "5"'],
  [["a", 5], 'TypeError: Suffix must be a string, received "5"'],
]);

testTable("dirname", dirname, [
  ["", "."],
  ["a", "."],
  ["a/", "."],
  ["/", "/"],
  ["///", "/"],
  ["/a", "/"],
  ["//a", "/"],
  ["/a/b", "/a"],
  ["/a/b/", "/a"],
  ["/a//b", "/a"],
  ["a///b", "a"],
  ["./a", "."],
  ["../a", ".."],
  [[5], 'TypeError: Path must be a string, received "5"'],
]);

testTable("extname", extname, [
  ["", ""],
  ["a", ""],
  ["a.txt", ".txt"],
  ["a.tar.gz", ".gz"],
  [".env", ""],
  [".env.local", ".local"],
  ["a.", "."],
  ["a.b/c", ""],
  ["a.txt/", ".txt"],
  ["..", ""],
  ["...", "."],
  [[5], 'TypeError: Path must be a string, received "5"'],
]);

testTable("join", join, [
  ["", "."],
  [["", ""], "."],
  [["a", "b"], "a/b"],
  [["a", "", "b"], "a/b"],
  [["a", "/b"], "a/b"],
  [["/a/", "/b/"], "/a/b/"],
  [["a", "..", ".."], ".."],
  [["/a", "..", ".."], "/"],
  [["a", "./b/../c"], "a/c"],
  [["a", 5], 'TypeError: Path must be a string, received "5"'],
]);

testTable("normalize", normalize, [
  ["", "."],
  [".", "."],
  ["./", "./"],
  ["/", "/"],
  ["//a///b", "/a/b"],
  ["/a/./b/../c/", "/a/c/"],
  ["a/..", "."],
  ["a/../..", ".."],
  ["../../a/..", "../.."],
  ["/..", "/"],
  ["a\\..\\b", "a\\..\\b"],
  [[5], 'TypeError: Path must be a string, received "5"'],
]);

testTable("resolve", resolve, [
  ["/", "/"],
  ["/a/", "/a"],
  [["/a", "b", "../c"], "/a/c"],
  [["/a", "/b", "c"], "/b/c"],
  [["/a", ""], "/a"],
  [["/", "..", ".."], "/"],
  [["/a", 5], 'TypeError: Path must be a string, received "5"'],
  [[5, "/a"], "/a"],
  [[5, "a"], 'TypeError: Path must be a string, received "5"'],
]);

testTable("relative", relative, [
  [["/a/b", "/a/b"], ""],
  [["/a/b", "/a/b/"], ""],
  [["/a/b", "/a/b/c"], "c"],
  [["/a/b/c", "/a"], "../.."],
  [["/a/b", "/a/c/d"], "../c/d"],
  [["/a/b", "/a/bc"], "../bc"],
  [["/", "/a"], "a"],
  [["/a", "/"], ".."],
  [["a", "b"], "../b"],
  [[5, "/a"], 'TypeError: Path must be a string, received "5"'],
  [["/a", 5], 'TypeError: Path must be a string, received "5"'],
]);

testTable("isAbsolute", isAbsolute, [
  ["", false],
  ["a", false],
  ["./a", false],
  ["/", true],
  ["//a", true],
  ["C:\\a", false],
  [[5], 'TypeError: Path must be a string, received "5"'],
]);

testTable("parse", parse, [
  ["", { root: "", dir: "", base: "", ext: "", name: "" }],
  ["/", { root: "/", dir: "/", base: "/", ext: "", name: "" }],
  ["/a", { root: "/", dir: "/", base: "a", ext: "", name: "a" }],
  ["/a/b.c.txt", { root: "/", dir: "/a", base: "b.c.txt", ext: ".txt", name: "b.c" }],
  ["a//b", { root: "", dir: "a", base: "b", ext: "", name: "b" }],
  ["a/b/", { root: "", dir: "a", base: "b", ext: "", name: "b" }],
  ["./.env", { root: "", dir: ".", base: ".env", ext: "", name: ".env" }],
  ["..", { root: "", dir: "", base: "..", ext: "", name: ".." }],
  [[5], 'TypeError: Path must be a string, received "5"'],
]);

Deno.test("format() puts parts together", () => {
  const table = [
    [{}, ""],
    [{ base: "a.txt" }, "a.txt"],
    [{ name: "a", ext: ".txt" }, "a.txt"],
    [{ name: "a", ext: "txt" }, "atxt"],
    [{ base: "a", name: "b", ext: ".c" }, "a"],
    [{ dir: "/x", base: "a" }, "/x/a"],
    [{ root: "/", base: "a" }, "/a"],
    [{ root: "/", dir: "/", base: "a" }, "/a"],
    [{ root: "/", dir: "/x", base: "a" }, "/x/a"],
    [{ root: "/", dir: "/", base: "/" }, "/"],
  ] as const;
  for (const [parts, expected] of table) assertEquals(format(parts), expected);
});

Deno.test("format() undoes parse()", () => {
  for (const path of ["/", "/a", "/a/b.txt", "a/b", ".env", "../a"]) {
    assertEquals(format(parse(path)), path);
  }
});

testTable("fromFileUrl", fromFileUrl, [
  ["file:///", "/"],
  ["file:///a/b%20c.txt", "/a/b c.txt"],
  ["file:///a%2525", "/a%25"],
  ["file:///%C3%A9", "/é"],
  ["file:///100%", "/100%"],
  ["file:///a?query#hash", "/a"],
  ["file:///a/../b", "/b"],
  ["https://example.com/a", 'TypeError: URL must be a file URL: received "https:"'],
  ["a", "TypeError: Invalid URL: 'a'"],
  ["file:///%FF", "URIError: URI malformed"],
]);

testTable("toFileUrl", (path: string) => toFileUrl(path).href, [
  ["/", "file:///"],
  ["/a b\tc\nd", "file:///a%20b%09c%0Ad"],
  ["/100%", "file:///100%25"],
  ["/a\\b", "file:///a%5Cb"],
  ["/a?b#c", "file:///a%3Fb%23c"],
  ["/é", "file:///%C3%A9"],
  ["//host/a", "file:///host/a"],
  ["a", 'TypeError: Path must be absolute: received "a"'],
  ["", 'TypeError: Path must be absolute: received ""'],
  [[5], 'TypeError: Path must be a string, received "5"'],
]);

Deno.test("toFileUrl() is undone by fromFileUrl()", () => {
  for (const path of ["/a b", "/100%41", "/a\\b", "/é…\n", "/?#&=", "/~/.x"]) {
    assertEquals(fromFileUrl(toFileUrl(path)), path);
  }
});

Deno.test("functions of one path take a file URL, and no other URL", () => {
  const url = new URL("file:///a%20b/c.txt");
  assertEquals(basename(url), "c.txt");
  assertEquals(basename(url, ".txt"), "c");
  assertEquals(dirname(url), "/a b");
  assertEquals(extname(url), ".txt");
  assertEquals(normalize(url), "/a b/c.txt");
  assertEquals(join(url, "..", "d"), "/a b/d");
  for (const call of [basename, dirname, extname, normalize, join]) {
    assertEquals(
      outcome(() => call(new URL("http://localhost/a"))),
      'TypeError: URL must be a file URL: received "http:"',
    );
  }
});

Deno.test("resolve() and relative() start from the working directory", () => {
  const cwd = Deno.cwd();
  assertEquals(resolve(), cwd);
  assertEquals(resolve("a", "b/"), `${cwd}/a/b`);
  assertEquals(relative(cwd, "a"), "a");
  assertEquals(relative("", "a"), "a");
});

Deno.test("SEPARATOR, SEPARATOR_PATTERN and DELIMITER are those of the system", () => {
  assertEquals([SEPARATOR, DELIMITER], ["/", ":"]);
  assertEquals("/a//b".split(SEPARATOR_PATTERN), ["", "a", "b"]);
});
