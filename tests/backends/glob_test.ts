import { assertEquals, assertThrows } from "@std/assert";
import picomatch from "picomatch";
import { expandBraces } from "../../backends/_braces.ts";
import { compileGlob } from "../../backends/_glob.ts";
import { BackendError } from "../../backends/errors.ts";
import { LIMITS } from "../../backends/limits.ts";
import fc from "../support/fast_check.ts";

interface Case {
  readonly pattern: string;
  readonly path?: string;
  readonly yes: readonly string[];
  readonly no: readonly string[];
}

const CASES: readonly Case[] = [
  { pattern: "*.ts", yes: ["/a.ts", "/.ts", "/.hidden.ts"], no: ["/src/a.ts", "/a.tsx", "/a.TS"] },
  { pattern: "**/*.ts", yes: ["/a.ts", "/x/y/a.ts", "/.git/a.ts"], no: ["/a.js"] },
  { pattern: "**", yes: ["/a", "/x/y/.z"], no: ["/"] },
  { pattern: "src/**", yes: ["/src/a", "/src/x/y"], no: ["/src", "/srcs/a", "/a"] },
  { pattern: "src/**/**/a", yes: ["/src/a", "/src/x/y/a"], no: ["/a", "/src/x/y"] },
  { pattern: "**/a/**/b", yes: ["/a/b", "/x/a/y/a/z/b"], no: ["/b", "/x/b/a"] },
  { pattern: "a**b", yes: ["/ab", "/a-b"], no: ["/a/b"] },
  { pattern: "a?c", yes: ["/abc", "/a🙂c", "/aéc"], no: ["/ac", "/a/c", "/abbc"] },
  { pattern: "[a-c]x", yes: ["/ax", "/cx"], no: ["/dx", "/Ax", "/x"] },
  { pattern: "[!a-c]x", yes: ["/dx", "/🙂x"], no: ["/ax", "/x"] },
  { pattern: "*[!🙂]", yes: ["/🙂a"], no: ["/a🙂", "/🙂"] },
  { pattern: "[^a]", yes: ["/b"], no: ["/a"] },
  { pattern: "[]a]", yes: ["/]", "/a"], no: ["/b"] },
  { pattern: "[a-]", yes: ["/-", "/a"], no: ["/b"] },
  { pattern: "[\\]-a]", yes: ["/]", "/^", "/a"], no: ["/b", "/["] },
  { pattern: "[ab", yes: ["/[ab"], no: ["/a"] },
  { pattern: "*.{js,ts}", yes: ["/a.js", "/a.ts"], no: ["/a.jsx", "/a.{js,ts}"] },
  { pattern: "{src,lib/x}/{a,b{1,2}}", yes: ["/src/a", "/lib/x/b2"], no: ["/lib/a", "/src/b"] },
  { pattern: "a{,b}", yes: ["/a", "/ab"], no: ["/b"] },
  { pattern: "{a}", yes: ["/{a}"], no: ["/a"] },
  { pattern: "{a,b", yes: ["/{a,b"], no: ["/a"] },
  { pattern: "a}", yes: ["/a}"], no: ["/a"] },
  { pattern: "\\*\\{a,b\\}", yes: ["/*{a,b}"], no: ["/xa", "/*a"] },
  { pattern: "app/(group)/\\[id]/*", yes: ["/app/(group)/[id]/page.tsx"], no: ["/app/group/i/x"] },
  { pattern: "!(a|b)", yes: ["/!(a|b)"], no: ["/c"] },
  { pattern: "@(a)+x", yes: ["/@(a)+x"], no: ["/ax"] },
  { pattern: "/src/*.ts", yes: ["/src/a.ts"], no: ["/a.ts"] },
  { pattern: "*.ts", path: "/src", yes: ["/src/a.ts"], no: ["/a.ts", "/src/x/a.ts"] },
  { pattern: "/src/**", path: "/src/x", yes: ["/src/x/a"], no: ["/src/a", "/src/xy"] },
  { pattern: "/other/**", path: "/src", yes: [], no: ["/other/a", "/src/a"] },
  { pattern: "{/src,lib}/a", path: "/src", yes: ["/src/a", "/src/lib/a"], no: ["/lib/a"] },
  { pattern: "./x//y/../*.md/", yes: ["/x/a.md"], no: ["/x/y/a.md"] },
  { pattern: "a b/🙂:\\\\*", yes: ["/a b/🙂:\\c"], no: ["/a b/🙂:c"] },
  { pattern: "*", path: "/we[ir]d {d,e}*", yes: ["/we[ir]d {d,e}*/a"], no: ["/weid d/a"] },
];

for (const { pattern, path = "/", yes, no } of CASES) {
  Deno.test(`GlobMatcher.matches() knows ${JSON.stringify(pattern)} below ${path}`, () => {
    const matcher = compileGlob(pattern, path);
    const all = [...yes, ...no];
    assertEquals(all.filter((file) => matcher.matches(file)), [...yes]);
  });
}

Deno.test("GlobMatcher.base is where a walk starts", () => {
  const bases: [string, string, string][] = [
    ["**/*.ts", "/", "/"],
    ["src/app/*.ts", "/", "/src/app"],
    ["src/app.ts", "/", "/src"],
    ["src/{a,b}/*.ts", "/", "/src"],
    ["{src/a,lib}/x", "/", "/"],
    ["*.ts", "/src", "/src"],
    ["/src/**", "/src/deep", "/src/deep"],
    ["/other/x/*", "/src", "/src"],
    ["{/other/x/*,a/b/c}", "/src", "/src/a/b"],
    ["a\\*/b", "/", "/a*"],
  ];
  for (const [pattern, path, base] of bases) {
    assertEquals([pattern, compileGlob(pattern, path).base], [pattern, base]);
  }
});

Deno.test("GlobMatcher.mayContain() prunes what cannot match", () => {
  const matcher = compileGlob("src/*/test/**/*.ts", "/src");
  assertEquals(matcher.mayContain("/src/src/a"), true);
  assertEquals(matcher.mayContain("/src/src/a/test/deep/er"), true);
  assertEquals(matcher.mayContain("/"), true);
  assertEquals(matcher.mayContain("/src/lib"), false);
  assertEquals(matcher.mayContain("/src/src/a/lib"), false);
  assertEquals(matcher.mayContain("/other"), false);
  assertEquals(compileGlob("*.ts", "/").mayContain("/src"), false);
});

Deno.test("GlobMatcher.below() gives the pattern as a mount sees it", () => {
  const cases: [string, string, string | null][] = [
    ["**/*.ts", "/project", "**/*.ts"],
    ["project/**/*.ts", "/project", "**/*.ts"],
    ["**/src/*.ts", "/project/src", "{**/src/*.ts,*.ts}"],
    ["/project/{a,b}/\\{x,y\\}", "/project", "{a/\\{x\\,y\\},b/\\{x\\,y\\}}"],
    ["*.ts", "/project", null],
    ["other/**", "/project", null],
    ["p*/[!a-c]?x", "/project", "[!a-c]?x"],
  ];
  for (const [pattern, directory, below] of cases) {
    assertEquals([pattern, compileGlob(pattern, "/").below(directory)], [pattern, below]);
  }
});

Deno.test("compileGlob() says what it cannot understand", () => {
  const cases: [string, string, string][] = [
    ["", "/", "Pattern '' cannot be used: it is empty: use '**' for all files"],
    ["a\0", "/", "Pattern 'a\\0' cannot be used: it has a NUL character in it"],
    ["a\ud83d", "/", "Pattern 'a\ufffd' cannot be used: it has half a surrogate pair in it"],
    [
      "../**",
      "/",
      "Pattern '../**' cannot be used: " +
      "'..' leaves the directory that is searched: set its path instead",
    ],
    [
      "../src/**",
      "/src",
      "Pattern '../src/**' cannot be used: " +
      "'..' leaves the directory that is searched: set its path instead",
    ],
    [
      "/src/../../x",
      "/src",
      "Pattern '/src/../../x' cannot be used: " +
      "'..' leaves the directory that is searched: set its path instead",
    ],
    ["**/../x", "/", "Pattern '**/../x' cannot be used: '..' cannot follow '**'"],
    ["[z-a]", "/", "Pattern '[z-a]' cannot be used: the range '[z-a]' runs backwards"],
    [
      "[[:alpha:]]",
      "/",
      "Pattern '[[:alpha:]]' cannot be used: " +
      "classes such as '[:alpha:]' are not known: write a range such as 'a-z'",
    ],
    ["a\\", "/", "Pattern 'a\\' cannot be used: a backslash at the end quotes nothing"],
    [
      "a{1..3}",
      "/",
      "Pattern 'a{1..3}' cannot be used: ranges such as '{1..3}' are not known: write '{1,2,3}'",
    ],
  ];
  for (const [pattern, path, message] of cases) {
    const error = assertThrows(() => compileGlob(pattern, path), BackendError);
    assertEquals([error.code, error.path, error.message], ["invalid_pattern", path, message]);
  }
});

Deno.test("compileGlob() refuses braces that explode, before expanding them", () => {
  const many = [
    "{a,b}".repeat(10),
    "{a,b}".repeat(1_000),
    `{${Array.from({ length: LIMITS.globAlternatives + 1 }, (_, n) => n).join(",")}}`,
    "{a,".repeat(3_000) + "}".repeat(3_000),
    "{a,b}" + "x".repeat(LIMITS.globCharacters - 5),
    "x".repeat(LIMITS.globCharacters + 1),
  ];
  for (const pattern of many) {
    const error = assertThrows(() => compileGlob(pattern, "/"), BackendError);
    assertEquals(error.code, "invalid_pattern");
  }
  assertEquals(compileGlob("{a,b}".repeat(9), "/").matches("/abababbaa"), true);
  assertEquals(compileGlob("{".repeat(5_000), "/").matches("/{"), false);
});

Deno.test("GlobMatcher.matches() takes no time that grows with the number of stars", () => {
  const name = `/${"a".repeat(254)}c`;
  assertEquals(compileGlob(`${"*a".repeat(120)}b`, "/").matches(name), false);
  const deep = "/a".repeat(1_000);
  assertEquals(compileGlob(`${"**/a/".repeat(100)}b`, "/").matches(deep), false);
});

Deno.test("expandBraces() expands as a shell does", () => {
  const limits = { patterns: 100, characters: 1_000 };
  assertEquals(expandBraces("a{b,c{d,e}f,}g", limits), ["abg", "acdfg", "acefg", "ag"]);
  assertEquals(expandBraces("{{a,b}", limits), ["{a", "{b"]);
  assertEquals(expandBraces("{a,{b}", limits), ["{a,{b}"]);
  assertEquals(expandBraces("\\{a,b}", limits), ["\\{a,b}"]);
});

const NAME = fc.string({ unit: fc.constantFrom("a", "b", ".", "-", "[", "é"), minLength: 1 })
  .filter((name) => name !== "." && name !== "..");
const PATHS = fc.array(
  fc.array(NAME, { minLength: 1, maxLength: 4 }).map((names) => `/${names.join("/")}`),
  { minLength: 1, maxLength: 10 },
);
const PLAIN = fc.constantFrom("a", "b", "ab", ".", "-", "*", "?", "[ab]", "[!a]", "{a,b}", "{,-}");
const COMPONENT = fc.oneof(
  fc.constant("**"),
  fc.array(PLAIN, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("")),
);
const PATTERN = fc.array(COMPONENT, { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join("/"))
  // `..` is folded here and matched there; a run of stars is a globstar there.
  .filter((pattern) => !/(^|\/)[.{},-]*(\/|$)|\*\*[^/]|[^/]\*\*/.test(pattern));

Deno.test("GlobMatcher.matches() agrees with picomatch where the dialects overlap", () => {
  fc.assert(
    fc.property(PATTERN, PATHS, (pattern, paths) => {
      const matcher = compileGlob(pattern, "/");
      const oracle = picomatch(pattern, {
        dot: true,
        noextglob: true,
        strictSlashes: true,
        posix: true,
      });
      for (const path of paths) {
        // picomatch lets a last `**` match no component at all; here it stands for what is below.
        const relative = path.slice(1);
        const wanted = oracle(relative) && (!pattern.endsWith("/**") || oracle(`${relative}/x`));
        assertEquals([pattern, path, matcher.matches(path)], [pattern, path, wanted]);
      }
    }),
    { seed: 20_240_601, numRuns: 2_000 },
  );
});

Deno.test("GlobMatcher.mayContain() and below() never lose a file that matches", () => {
  fc.assert(
    fc.property(PATTERN, PATHS, (pattern, paths) => {
      const matcher = compileGlob(pattern, "/");
      for (const path of paths) {
        const names = path.slice(1).split("/");
        for (let depth = 1; depth < names.length; depth++) {
          const directory = `/${names.slice(0, depth).join("/")}`;
          const rest = `/${names.slice(depth).join("/")}`;
          const below = matcher.below(directory);
          const matched = below !== null && compileGlob(below, "/").matches(rest);
          assertEquals([path, directory, matched], [path, directory, matcher.matches(path)]);
          if (matched) assertEquals(matcher.mayContain(directory), true);
        }
      }
    }),
    { seed: 20_240_602, numRuns: 2_000 },
  );
});
