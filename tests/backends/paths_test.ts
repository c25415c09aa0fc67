import { assertEquals, assertThrows } from "@std/assert";
import { BackendError } from "../../backends/errors.ts";
import {
  canonicalPath,
  comparePaths,
  isWithin,
  joinPaths,
  nameOf,
  parentPath,
  relativeTo,
  walkKey,
} from "../../backends/paths.ts";

Deno.test("canonicalPath() folds what may be folded and keeps the rest", () => {
  const forms: [string, string][] = [
    ["/", "/"],
    ["//", "/"],
    ["/.", "/"],
    ["/a/..", "/"],
    ["/a/", "/a"],
    ["//a///b//", "/a/b"],
    ["/./a/./b/.", "/a/b"],
    ["/a/../b/../c", "/c"],
    ["/...", "/..."],
    ["/notes..md", "/notes..md"],
    ["/..a/b..", "/..a/b.."],
    ["/a\\..\\b", "/a\\..\\b"],
    ["/ a:b/-rf/🙂", "/ a:b/-rf/🙂"],
    ["/cafe\u0301", "/cafe\u0301"],
    ["/a.routebook.tmp", "/a.routebook.tmp"],
    ["/.routebook/x", "/.routebook/x"],
    [`/${"é".repeat(127)}x`, `/${"é".repeat(127)}x`],
    ["/.routebook.tmp/../a", "/a"],
  ];
  for (const [path, canonical] of forms) {
    assertEquals([path, canonicalPath(path)], [path, canonical]);
  }
});

Deno.test("canonicalPath() says why a path is none and what to write instead", () => {
  const refused: [string, string][] = [
    ["", "A path cannot be empty: use '/' for the root"],
    ["src/app.py", "Path 'src/app.py' is not absolute: use '/src/app.py'"],
    ["./a", "Path './a' is not absolute: use '/./a'"],
    ["/..", "Path '/..' leaves the root: there is nothing above '/'"],
    ["/../etc/passwd", "Path '/../etc/passwd' leaves the root: there is nothing above '/'"],
    ["/a/../../a", "Path '/a/../../a' leaves the root: there is nothing above '/'"],
    ["/a\0b", "Path '/a\\0b' has a NUL character in it"],
    ["/a\ud83d", "Path '/a\ufffd' has half a surrogate pair in it"],
    [
      "/a/.routebook.tmp-1",
      "Path '/a/.routebook.tmp-1' has a name that is reserved for unfinished writes: " +
      "use one that does not begin with '.routebook.tmp'",
    ],
    [
      `/${"x".repeat(256)}`,
      `Path '/${"x".repeat(256)}' has a name that is too long: at most 255 bytes are allowed ` +
      "between two slashes",
    ],
    [
      "/x".repeat(1_025),
      `Path '${"/x".repeat(50)}…' is too long: at most 2048 bytes are allowed`,
    ],
  ];
  for (const [path, message] of refused) {
    const error = assertThrows(() => canonicalPath(path), BackendError);
    assertEquals([error.code, error.path, error.message], ["invalid_path", path, message]);
  }
});

Deno.test("isWithin() knows the boundaries of names", () => {
  const within: [string, string, boolean][] = [
    ["/project", "/project", true],
    ["/project/x", "/project", true],
    ["/projectX", "/project", false],
    ["/proj", "/project", false],
    ["/", "/project", false],
    ["/project", "/", true],
    ["/", "/", true],
  ];
  for (const [path, directory, is] of within) {
    assertEquals([path, directory, isWithin(path, directory)], [path, directory, is]);
  }
});

Deno.test("joinPaths(), relativeTo(), parentPath() and nameOf() treat the root like the rest", () => {
  assertEquals(joinPaths("/", "/"), "/");
  assertEquals(joinPaths("/", "/a"), "/a");
  assertEquals(joinPaths("/a", "/"), "/a");
  assertEquals(joinPaths("/a", "/b/c"), "/a/b/c");
  assertEquals(relativeTo("/a/b", "/"), "/a/b");
  assertEquals(relativeTo("/a/b", "/a"), "/b");
  assertEquals(relativeTo("/a", "/a"), "/");
  assertThrows(() => relativeTo("/ab", "/a"), RangeError, "Path '/ab' is not within '/a'");
  assertEquals([parentPath("/"), parentPath("/a"), parentPath("/a/b")], ["/", "/", "/a"]);
  assertEquals([nameOf("/"), nameOf("/a"), nameOf("/a/b")], ["", "a", "b"]);
});

Deno.test("comparePaths() and walkKey() order a walk by whole paths", () => {
  const paths = ["/🙂", "/ﬀ", "/a/b", "/a-b", "/a.b", "/B", "/a0"];
  assertEquals(paths.sort(comparePaths), ["/B", "/a-b", "/a.b", "/a/b", "/a0", "/🙂", "/ﬀ"]);
  const keys = [walkKey("a", true), walkKey("a-b", false), walkKey("a0", true)];
  assertEquals(keys.sort(comparePaths), ["a-b", "a/", "a0/"]);
});
