/**
 * The contract on `glob`.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { LIMITS } from "../../backends/limits.ts";
import { type ContractCase, contractCase, shape } from "./_tree.ts";

/** The files that patterns are tried on; each holds its own path. */
const FILES: readonly string[] = [
  "/.env",
  "/.git/config",
  "/README.md",
  "/app/(group)/[id]/page.tsx",
  "/src-old.ts",
  "/src/a.ts",
  "/src/b.js",
  "/src/lib/a.test.ts",
  "/src/lib/deep/a.ts",
  "/src/Ü🙂.ts",
  "/{x,y}.txt",
];

/** Patterns, relative to the directory of all files, and what they match. */
const PATTERNS: readonly [string, readonly string[]][] = [
  ["**", FILES],
  ["*", ["/.env", "/README.md", "/src-old.ts", "/{x,y}.txt"]],
  ["**/*", FILES],
  ["*.ts", ["/src-old.ts"]],
  ["**/*.ts", [
    "/src-old.ts",
    "/src/a.ts",
    "/src/lib/a.test.ts",
    "/src/lib/deep/a.ts",
    "/src/Ü🙂.ts",
  ]],
  ["src/**", [
    "/src/a.ts",
    "/src/b.js",
    "/src/lib/a.test.ts",
    "/src/lib/deep/a.ts",
    "/src/Ü🙂.ts",
  ]],
  ["src/*", ["/src/a.ts", "/src/b.js", "/src/Ü🙂.ts"]],
  ["src/**/a.ts", ["/src/a.ts", "/src/lib/deep/a.ts"]],
  ["src/*/*.ts", ["/src/lib/a.test.ts"]],
  ["src/*.{js,ts}", ["/src/a.ts", "/src/b.js", "/src/Ü🙂.ts"]],
  ["{src/lib,.git}/**", ["/.git/config", "/src/lib/a.test.ts", "/src/lib/deep/a.ts"]],
  ["src/{a,lib/{deep/,}a{,.test}}.ts", ["/src/a.ts", "/src/lib/a.test.ts", "/src/lib/deep/a.ts"]],
  ["src/?.?s", ["/src/a.ts", "/src/b.js"]],
  ["src/??.ts", ["/src/Ü🙂.ts"]],
  ["src/[a-b].[jt]s", ["/src/a.ts", "/src/b.js"]],
  ["src/[!a].*", ["/src/b.js"]],
  ["src/[^a]?.*", ["/src/Ü🙂.ts"]],
  ["**/.*", ["/.env"]],
  [".*/**", ["/.git/config"]],
  ["src/a.ts", ["/src/a.ts"]],
  ["SRC/A.TS", []],
  ["src", []],
  ["src/", []],
  ["./src//lib/../a.ts", ["/src/a.ts"]],
  ["app/(group)/\\[id\\]/*.tsx", ["/app/(group)/[id]/page.tsx"]],
  ["app/**/page.tsx", ["/app/(group)/[id]/page.tsx"]],
  ["\\{x,y\\}.txt", ["/{x,y}.txt"]],
  ["{x,y}.txt", []],
  ["src/!(a).ts", []],
  ["missing/**", []],
  ["README.md/**", []],
];

const tree = Object.fromEntries(FILES.map((path) => [path, path]));

/** The contract on `glob`. */
export const GLOB_CASES: readonly ContractCase[] = [
  ...PATTERNS.map(([pattern, matches]) =>
    contractCase(`glob() knows '${pattern}', relative and absolute`, async (t) => {
      await t.fill(tree);
      const result = await t.backend.glob(pattern, { path: t.at("/") });
      assertEquals({ ...result, files: result.files.map(shape) }, {
        files: matches.map((path) => t.file(path, new TextEncoder().encode(path).length)),
        truncated: false,
        failures: [],
      });
      // Without `path` all of the tree is searched, with it only what is below.
      for (const options of [{}, { path: t.base }, { path: t.at("/") }]) {
        const absolute = await t.backend.glob(`${t.pattern("/")}/${pattern}`, options);
        assertEquals(absolute, result);
      }
    })
  ),
  contractCase("glob() confines an absolute pattern to its path", async (t) => {
    await t.fill(tree);
    const find = async (pattern: string, path: string) =>
      (await t.backend.glob(pattern, { path: t.at(path) })).files.map((file) => file.path);
    assertEquals(await find(`${t.pattern("/")}/**/a.ts`, "/src/lib"), [t.at("/src/lib/deep/a.ts")]);
    assertEquals(await find(`${t.pattern("/src")}/*`, "/src/lib"), []);
    assertEquals(await find(`${t.pattern("/.git")}/**`, "/src"), []);
    assertEquals(await find("/**", "/.git"), [t.at("/.git/config")]);
  }),
  contractCase("glob() looks below its path only", async (t) => {
    await t.fill(tree);
    const result = await t.backend.glob("*a*.ts", { path: t.at("/src/lib") });
    assertEquals(result.files.map((file) => file.path), [t.at("/src/lib/a.test.ts")]);
  }),
  contractCase("glob() refuses patterns that it cannot understand", async (t) => {
    await t.fill({ "/src/a.ts": "" });
    const patterns = [
      "",
      "../**",
      "../src/**",
      "a/../../**",
      "/../**",
      "**/../a",
      "a\0b",
      "\ud83d",
      "[z-a]",
      "a\\",
      "{a,b}".repeat(10),
      "{a,b}".repeat(100),
      "x".repeat(LIMITS.globCharacters + 1),
    ];
    for (const pattern of patterns) {
      await t.fails(
        "invalid_pattern",
        "/src",
        (backend) => backend.glob(pattern, { path: t.at("/src") }),
      );
    }
  }),
  contractCase("glob() refuses a file for its path", async (t) => {
    await t.fill({ "/a.ts": "" });
    await t.fails(
      "not_directory",
      "/a.ts",
      (backend) => backend.glob("*", { path: t.at("/a.ts") }),
    );
  }),
  contractCase("glob() stops at the limit and says so only if there is more", async (t) => {
    await t.fill(tree);
    const find = (limit: number) => t.backend.glob("**", { path: t.at("/"), limit });
    for (const limit of [1, 5, FILES.length - 1, FILES.length, FILES.length + 1, Infinity]) {
      const { files, truncated } = await find(limit);
      const wanted = FILES.slice(0, limit).map((path) => t.at(path));
      assertEquals([files.map((file) => file.path), truncated], [wanted, limit < FILES.length]);
    }
    for (const limit of [0, -1, 1.5, NaN]) {
      await t.refuses((backend) => backend.glob("**", { path: t.at("/"), limit }));
    }
  }),
  contractCase("glob() gives a thousand files unless told otherwise", async (t) => {
    const names = Array.from({ length: LIMITS.globFiles + 1 }, (_, n) => `/${n}`);
    await Promise.all(names.map((name) => t.backend.write(t.at(name), "")));
    const { files, truncated } = await t.backend.glob("*", { path: t.at("/") });
    assertEquals([files.length, truncated], [LIMITS.globFiles, true]);
    assertEquals(
      files.map((file) => file.path),
      names.sort().slice(0, -1).map((name) => t.at(name)),
    );
  }),
  contractCase("glob() sorts by the whole path, not by directory", async (t) => {
    const paths = ["/a-b", "/a.b", "/a/b", "/a/b-c", "/a/b.c", "/a/c/d", "/a0", "/ab/c"];
    await t.fill(Object.fromEntries([...paths].reverse().map((path) => [path, ""])));
    const { files } = await t.backend.glob("**", { path: t.at("/") });
    assertEquals(files.map((file) => file.path), [...paths].sort().map((path) => t.at(path)));
  }),
  contractCase("glob() answers at once, however many stars a pattern has", async (t) => {
    await t.fill({ [`/${"a".repeat(250)}`]: "", ["/a".repeat(100)]: "" });
    for (const pattern of [`${"*a".repeat(100)}b`, `${"**/a/".repeat(60)}b`]) {
      assertEquals((await t.backend.glob(pattern, { path: t.at("/") })).files, []);
    }
  }),
];
