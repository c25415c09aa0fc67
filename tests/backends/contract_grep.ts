/**
 * The contract on `grep`.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { LIMITS } from "../../backends/limits.ts";
import type { GrepOptions } from "../../backends/protocol.ts";
import { bytesOf, type ContractCase, contractCase, type Tree } from "./_tree.ts";

const FILES: Readonly<Record<string, string | Uint8Array>> = {
  "/.env": "KEY=secret.key\n",
  "/bin/data": new Uint8Array([107, 101, 121, 0, 10]),
  "/crlf.txt": "one key\r\ntwo\r\nthree KEY",
  "/empty": "",
  "/src/a.ts": "const key = map.get('key');\n\nreturn key?.[0] ?? (a+)+$;\n",
  "/src/b/c.ts": "\ufeffkey\nÜber Schlüssel\n",
};

/** Searches in the case's directory and expects `path:line:text` of every match. */
async function assertFinds(
  tree: Tree,
  query: string,
  options: GrepOptions,
  matches: readonly string[],
): Promise<void> {
  const prefix = tree.at("/");
  const result = await tree.backend.grep(query, { path: prefix, ...options });
  const found = result.matches.map(({ path, line, text, cut }) =>
    `${path.slice(prefix.length)}:${line}:${text}${cut ? "…" : ""}`
  );
  assertEquals(found, [...matches]);
  assertEquals([result.truncated, result.failures], [false, []]);
}

const CRLF = "/crlf.txt";
const A = "/src/a.ts";
const C = "/src/b/c.ts";

/** What is searched for, how, and what is found. */
const SEARCHES: readonly [string, GrepOptions, readonly string[]][] = [
  ["key", {}, [
    "/.env:1:KEY=secret.key",
    `${CRLF}:1:one key`,
    `${A}:1:const key = map.get('key');`,
    `${A}:3:return key?.[0] ?? (a+)+$;`,
    `${C}:1:key`,
  ]],
  ["KEY", {}, ["/.env:1:KEY=secret.key", `${CRLF}:3:three KEY`]],
  ["two", {}, [`${CRLF}:2:two`]],
  ["t.key", {}, ["/.env:1:KEY=secret.key"]],
  ["e.k", {}, []],
  ["(a+)+$", {}, [`${A}:3:return key?.[0] ?? (a+)+$;`]],
  ["?.[0]", {}, [`${A}:3:return key?.[0] ?? (a+)+$;`]],
  ["--", {}, []],
  ["-e", {}, []],
  ["$'", {}, []],
  ["\\", {}, []],
  ["Über", {}, [`${C}:2:Über Schlüssel`]],
  ["über", {}, []],
  ["über", { ignoreCase: true }, [`${C}:2:Über Schlüssel`]],
  ["SCHLÜSSEL", { ignoreCase: true }, [`${C}:2:Über Schlüssel`]],
  ["tWO", { ignoreCase: true }, [`${CRLF}:2:two`]],
  [".", { ignoreCase: true }, [
    "/.env:1:KEY=secret.key",
    `${A}:1:const key = map.get('key');`,
    `${A}:3:return key?.[0] ?? (a+)+$;`,
  ]],
  ["^key", { regex: true }, [`${C}:1:key`]],
  ["^KEY", { regex: true, ignoreCase: true }, ["/.env:1:KEY=secret.key", `${C}:1:key`]],
  ["(key|two)$", { regex: true }, [
    "/.env:1:KEY=secret.key",
    `${CRLF}:1:one key`,
    `${CRLF}:2:two`,
    `${C}:1:key`,
  ]],
  ["^$", { regex: true }, [`${A}:2:`]],
  ["\\bmap\\.\\w+\\(", { regex: true }, [`${A}:1:const key = map.get('key');`]],
  ["\\p{Lu}\\p{L}+r", { regex: true }, [`${C}:2:Über Schlüssel`]],
  ["KEY", { path: CRLF }, [`${CRLF}:3:three KEY`]],
  ["key", { path: "/src/b" }, [`${C}:1:key`]],
  ["key", { glob: "*" }, ["/.env:1:KEY=secret.key", `${CRLF}:1:one key`]],
  ["key", { glob: "**/*.{env,md,txt}" }, ["/.env:1:KEY=secret.key", `${CRLF}:1:one key`]],
  ["key", { path: "/src", glob: "*.ts" }, [
    `${A}:1:const key = map.get('key');`,
    `${A}:3:return key?.[0] ?? (a+)+$;`,
  ]],
  ["key", { path: "/src", glob: "/**/c.*" }, [`${C}:1:key`]],
  ["key", { glob: "missing/**" }, []],
  ["KEY", { path: CRLF, glob: "*.txt" }, [`${CRLF}:3:three KEY`]],
  ["KEY", { path: CRLF, glob: "*.md" }, []],
];

/** The contract on `grep`. */
export const GREP_CASES: readonly ContractCase[] = [
  ...SEARCHES.map(([query, options, matches]) =>
    contractCase(`grep() finds '${query}' with ${JSON.stringify(options)}`, async (tree) => {
      await tree.fill(FILES);
      const { path, ...others } = options;
      const where = path === undefined ? others : { ...others, path: tree.at(path) };
      await assertFinds(tree, query, where, matches);
    })
  ),
  contractCase(
    "grep() counts the files that it searched and those it passed over",
    async (tree) => {
      await tree.fill(FILES);
      assertEquals(await tree.backend.grep("nowhere", { path: tree.at("/") }), {
        matches: [],
        truncated: false,
        filesSearched: 5,
        filesSkipped: 1,
        failures: [],
      });
      const { filesSearched, filesSkipped } = await tree.backend.grep("key", {
        path: tree.at("/bin/data"),
      });
      assertEquals([filesSearched, filesSkipped], [0, 1]);
    },
  ),
  contractCase("grep() passes over a file with a NUL in its first 8,000 bytes", async (tree) => {
    const text = "key\n".repeat(2_500);
    const nulAt = (index: number) => bytesOf(`${text.slice(0, index)}\0${text.slice(index + 1)}`);
    await tree.fill({ "/early": nulAt(7_999), "/late": nulAt(8_000) });
    const result = await tree.backend.grep("key", { path: tree.at("/"), limit: Infinity });
    assertEquals([result.filesSearched, result.filesSkipped], [1, 1]);
    assertEquals(new Set(result.matches.map((match) => match.path)), new Set([tree.at("/late")]));
    assertEquals(result.matches.length, 2_499);
  }),
  contractCase("grep() finds text beside bytes that are not UTF-8", async (tree) => {
    await tree.fill({ "/latin1": new Uint8Array([0xe9, 107, 101, 121, 10]) });
    await assertFinds(tree, "key", {}, ["/latin1:1:\ufffdkey"]);
    await assertFinds(tree, "k.y$", { regex: true }, ["/latin1:1:\ufffdkey"]);
  }),
  contractCase("grep() refuses a query that cannot be searched for", async (tree) => {
    await tree.fill({ "/a": "a\nb" });
    const queries: [string, boolean][] = [
      ["", false],
      ["", true],
      ["a\nb", false],
      ["\ud83d", false],
      ["x".repeat(LIMITS.queryCharacters + 1), false],
      ["(", true],
      ["[z-a]", true],
      ["a**", true],
      ["(?=a)", true],
      ["(a)\\1", true],
      ["a{1001}", true],
      ["(".repeat(4_000), true],
    ];
    for (const [query, regex] of queries) {
      await tree.fails(
        "invalid_pattern",
        "/",
        (backend) => backend.grep(query, { path: tree.at("/"), regex }),
      );
    }
    await tree.fails(
      "invalid_pattern",
      "/",
      (backend) => backend.grep("a", { path: tree.at("/"), glob: "../**" }),
    );
  }),
  contractCase("grep() cuts a long line around the match and says so", async (tree) => {
    const most = LIMITS.grepLineCharacters;
    const far = `${"é🙂".repeat(10_000)}`;
    await tree.fill({
      "/a": [
        `key${"x".repeat(most - 3)}`,
        `key${"x".repeat(most - 2)}`,
        `${"x".repeat(most)}key`,
        `${far}key${far}`,
      ].join("\r\n"),
    });
    await assertFinds(tree, "key", {}, [
      `/a:1:key${"x".repeat(most - 3)}`,
      `/a:2:key${"x".repeat(most - 3)}…`,
      `/a:3:${"x".repeat(100)}key…`,
      `/a:4:${far.slice(-99)}key${far.slice(0, most - 103)}…`,
    ]);
    await assertFinds(tree, "k[e]y", { regex: true, limit: 4 }, [
      `/a:1:key${"x".repeat(most - 3)}`,
      `/a:2:key${"x".repeat(most - 3)}…`,
      `/a:3:${"x".repeat(100)}key…`,
      `/a:4:${far.slice(-99)}key${far.slice(0, most - 103)}…`,
    ]);
  }),
  contractCase("grep() finds a text anywhere in a line of 5 MB", async (tree) => {
    const line = "abcde".repeat(1_000_000);
    await tree.fill({ "/a": `first\n${line}key${line}\nlast key` });
    const around = `${line.slice(-100)}key${line.slice(0, LIMITS.grepLineCharacters - 103)}`;
    await assertFinds(tree, "key", {}, [`/a:2:${around}…`, "/a:3:last key"]);
    await assertFinds(tree, "EKEY", { ignoreCase: true }, [
      `/a:2:${line.slice(-101, -1)}ekey${line.slice(0, LIMITS.grepLineCharacters - 104)}…`,
    ]);
  }),
  contractCase(
    "grep() matches an expression with the start of a long line, and says so",
    async (tree) => {
      await tree.fill({ "/a": `key ${"x".repeat(LIMITS.grepLineBytes + 200_000)} end\nkey end` });
      const result = await tree.backend.grep("end", { path: tree.at("/"), regex: true });
      assertEquals(result.matches, [{ path: tree.at("/a"), line: 2, text: "key end", cut: false }]);
      assertEquals(result.failures, [{
        path: tree.at("/a"),
        message: `Line 1 is over ${LIMITS.grepLineBytes} bytes: ` +
          "a regular expression is matched against its beginning only",
      }]);
    },
  ),
  contractCase("grep() ends an expression that takes forever elsewhere", async (tree) => {
    await tree.fill({ "/a": `${"a".repeat(300_000)}!` });
    for (const query of ["(a+)+$", "^(a|aa)+$", "(.*)*b", "(a?){50}b"]) {
      await assertFinds(tree, query, { regex: true }, []);
    }
  }),
  contractCase("grep() stops at the limit and says so only if there is more", async (tree) => {
    await tree.fill({ "/a": "x\n".repeat(3), "/b": "x\n".repeat(3), "/c": "y" });
    const find = (limit: number) => tree.backend.grep("x", { path: tree.at("/"), limit });
    const all = ["/a", "/b"].flatMap((path) =>
      [1, 2, 3].map((line) => ({ path: tree.at(path), line, text: "x", cut: false }))
    );
    for (const limit of [1, 2, 3, 4, 5, 6, 7, Infinity]) {
      const { matches, truncated } = await find(limit);
      assertEquals([matches, truncated], [all.slice(0, limit), limit < 6]);
    }
    for (const limit of [0, -1, 1.5, NaN]) {
      await tree.refuses((backend) => backend.grep("x", { path: tree.at("/"), limit }));
    }
  }),
  contractCase("grep() gives 200 matches unless told otherwise", async (tree) => {
    await tree.fill({ "/a": "x\n".repeat(LIMITS.grepMatches + 1) });
    const { matches, truncated } = await tree.backend.grep("x", { path: tree.at("/") });
    assertEquals([matches.length, truncated], [LIMITS.grepMatches, true]);
    assertEquals(matches.at(-1)?.line, LIMITS.grepMatches);
  }),
  contractCase("grep() sorts matches by the whole path", async (tree) => {
    const paths = ["/a-b", "/a.b", "/a/b", "/a/b.c", "/a0"];
    await tree.fill(Object.fromEntries([...paths].reverse().map((path) => [path, "x"])));
    await assertFinds(tree, "x", {}, [...paths].sort().map((path) => `${path}:1:x`));
  }),
];
