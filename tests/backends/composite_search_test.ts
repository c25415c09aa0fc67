import { assert, assertEquals, assertRejects } from "@std/assert";
import { CompositeBackend } from "../../backends/composite.ts";
import { BackendError } from "../../backends/errors.ts";
import { PolicyJudge } from "../../backends/judge.ts";
import { JudgedBackend } from "../../backends/judged.ts";
import { Policy } from "../../backends/policy.ts";
import { StateBackend } from "../../backends/state.ts";
import fc from "../support/fast_check.ts";
import { brokenBackend, spiedBackend } from "./_backends.ts";

function paths(entries: readonly { readonly path: string }[]): string[] {
  return entries.map((entry) => entry.path);
}

const FILES: Readonly<Record<string, string>> = {
  "/README.md": "needle",
  "/a-b/x.py": "needle",
  "/a/own.py": "needle",
  "/project/README.md": "a needle",
  "/project/src/app.py": "needle\nhay\nneedle",
  "/project/src/deep/mod.py": "hay",
  "/project/{odd}, [x]/f.py": "needle",
  "/a/b/c/data.py": "needle",
  "/a/b/c.txt": "needle",
  "/z.py": "needle",
};

/** The same files as one flat tree and behind routes, with paths inside and hidden junk around. */
function bothTrees(): { flat: StateBackend; composite: CompositeBackend } {
  const [rest, shared, deep] = [new StateBackend(), new StateBackend(), new StateBackend()];
  const flat = new StateBackend({ files: FILES });
  const composite = new CompositeBackend({
    default: rest,
    routes: {
      "/a/b/": { backend: shared, path: "/one/two" },
      "/project/src/": deep,
      "/project/": { backend: shared, path: "/{x}" },
    },
  });
  for (const junk of ["/project/hidden.py", "/project/src/hidden.py", "/a/b/hidden.py"]) {
    rest.write(junk, "needle");
  }
  shared.write("/{x}/src/hidden.py", "needle");
  shared.write("/outside.py", "needle");
  shared.write("/onetwo.py", "needle");
  return { flat, composite };
}

async function filled(): Promise<{ flat: StateBackend; composite: CompositeBackend }> {
  const trees = bothTrees();
  for (const [path, text] of Object.entries(FILES)) await trees.composite.write(path, text);
  return trees;
}

const PATTERNS: Readonly<Record<string, readonly string[]>> = {
  "/": [
    "**",
    "**/*.py",
    "*.py",
    "*",
    "/pro*/src/*.py",
    "pro*/**/app.py",
    "/project/**",
    "{/project,a}/**/*.py",
    "/a/b/**",
    "a/*/c/*",
    "**/{src,c}/**",
    "**/\\{odd\\}*/*",
    "[a-p]*/*",
    "/a/**/*.txt",
    "**/b/c*",
    "nothing/*",
  ],
  "/project": ["**", "*.md", "/project/*.md", "src/*.py", "/**/*.py", "**/*.py", "/a/**"],
  "/project/src": ["*", "/project/src/*.py", "/project/*/deep/*", "deep/../*.py", "/project/*"],
  "/a": ["**", "b/**", "/a/b/c/*", "*/c.txt", "own*", "/project/**"],
  "/a/b/c": ["*", "/a/**", "/a/b/c/d*", "/z*"],
};

Deno.test("CompositeBackend.glob() finds what one backend with the same files finds", async () => {
  const { flat, composite } = await filled();
  for (const [path, patterns] of Object.entries(PATTERNS)) {
    for (const pattern of patterns) {
      for (const limit of [1, 2, 3, 100]) {
        const expected = await flat.glob(pattern, { path, limit });
        const found = await composite.glob(pattern, { path, limit });
        assertEquals(
          { ...found, files: paths(found.files) },
          { ...expected, files: paths(expected.files) },
          `${pattern} in ${path}, ${limit}`,
        );
      }
    }
  }
});

Deno.test("CompositeBackend.grep() finds what one backend with the same files finds", async () => {
  const { flat, composite } = await filled();
  for (const [path, patterns] of Object.entries(PATTERNS)) {
    for (const glob of [undefined, ...patterns]) {
      assertEquals(
        await composite.grep("needle", { path, glob }),
        await flat.grep("needle", { path, glob }),
        `${glob} in ${path}`,
      );
      for (const limit of [1, 2, 3]) {
        const expected = await flat.grep("needle", { path, glob, limit });
        const found = await composite.grep("needle", { path, glob, limit });
        assertEquals([found.matches, found.truncated], [expected.matches, expected.truncated]);
      }
    }
  }
});

Deno.test("CompositeBackend.grep() searches one file with patterns of any form", async () => {
  const { flat, composite } = await filled();
  for (const path of ["/project/src/app.py", "/a/b/c.txt", "/z.py"]) {
    for (const glob of [undefined, "*.py", "**/*.py", "/**/*.py", "/project/src/*", "/a/b/*.txt"]) {
      assertEquals(
        await composite.grep("needle", { path, glob }),
        await flat.grep("needle", { path, glob }),
        `${glob} at ${path}`,
      );
    }
  }
});

const name = fc.constantFrom("a", "b", "ab", "a-b", ".c", "d.py", "{e}", "f,g");
const filePath = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) =>
  `/${names.join("/")}`
);
const part = fc.oneof(
  name.map((text) => text.replace(/[{},]/g, "\\$&")),
  fc.constantFrom("*", "**", "?", "a*", "{a,b}", "[ab]", "{a/b,ab}", "*.py", "**"),
);
const pattern = fc.tuple(fc.boolean(), fc.array(part, { minLength: 1, maxLength: 4 }))
  .map(([absolute, parts]) => (absolute ? "/" : "") + parts.join("/"));

Deno.test("CompositeBackend searches like one backend, for any files, routes and patterns", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(filePath, { minLength: 1, maxLength: 12 }),
      fc.uniqueArray(fc.array(name, { minLength: 1, maxLength: 2 }), {
        maxLength: 4,
        selector: (names) => names.join("/"),
      }),
      pattern,
      fc.array(name, { maxLength: 2 }),
      fc.integer({ min: 1, max: 5 }),
      fc.array(filePath, { maxLength: 4 }),
      async (files, mounts, pattern, below, limit, junk) => {
        const flat = new StateBackend();
        const rest = new StateBackend();
        const shared = new StateBackend();
        // The longest prefix first, so that each can be reached.
        const prefixes = mounts.map((names) => `/${names.join("/")}/`)
          .sort((a, b) => b.length - a.length);
        const composite = new CompositeBackend({
          default: rest,
          routes: Object.fromEntries(
            prefixes.map((prefix, index) => [prefix, { backend: shared, path: `/r${index}` }]),
          ),
        });
        for (const file of files) {
          try {
            await composite.write(file, "needle");
          } catch (error) {
            assert(error instanceof BackendError, String(error));
            continue;
          }
          await flat.write(file, "needle");
        }
        // A mount is a directory in the flat tree too.
        for (const prefix of prefixes) {
          await flat.write(`${prefix}z`, "");
          await flat.delete(`${prefix}z`);
        }
        const hidden = junk.filter((path) => prefixes.some((prefix) => path.startsWith(prefix)));
        for (const path of hidden) {
          await rest.write(path, "needle").catch((error) => assert(error instanceof BackendError));
        }
        const path = `/${below.join("/")}`;
        const isThere = await flat.stat(path).then(
          (info) => info.type === "directory",
          () => false,
        );
        if (!isThere) return;
        const [found, expected] = [
          await composite.glob(pattern, { path, limit }),
          await flat.glob(pattern, { path, limit }),
        ];
        assertEquals(paths(found.files), paths(expected.files));
        assertEquals([found.truncated, found.failures], [expected.truncated, []]);
        const all = { path, glob: pattern, limit: 1000 };
        assertEquals(await composite.grep("needle", all), await flat.grep("needle", all));
      },
    ),
    { numRuns: 400 },
  );
});

Deno.test("CompositeBackend finds what comes after many hidden files", async () => {
  const rest = new StateBackend({ files: { "/y": "needle", "/z": "needle" } });
  for (let number = 0; number < 100; number++) await rest.write(`/a/${number}`, "needle");
  const backend = new CompositeBackend({ default: rest, routes: { "/a/": new StateBackend() } });
  for (const [limit, expected] of [[1, ["/y"]], [2, ["/y", "/z"]]] as const) {
    const globbed = await backend.glob("**", { limit });
    assertEquals([paths(globbed.files), globbed.truncated], [[...expected], limit === 1]);
    const found = await backend.grep("needle", { limit });
    assertEquals([paths(found.matches), found.truncated], [[...expected], limit === 1]);
  }
});

Deno.test("CompositeBackend reports a failing mount beside the others' results", async () => {
  const backend = new CompositeBackend({
    default: new StateBackend({ files: { "/x": "needle" } }),
    routes: {
      "/bad/": { backend: brokenBackend(new StateBackend()), path: "/inner" },
      "/good/": new StateBackend({ files: { "/y": "needle" } }),
    },
  });
  const failures = (operation: string) => [
    { path: "/bad", message: `Cannot ${operation} '/bad': the disk is gone` },
  ];
  const globbed = await backend.glob("**");
  assertEquals([paths(globbed.files), globbed.failures], [["/good/y", "/x"], failures("glob")]);
  const found = await backend.grep("needle");
  assertEquals([paths(found.matches), found.failures], [["/good/y", "/x"], failures("grep")]);
  const error = await assertRejects(() => backend.glob("**", { path: "/bad" }), BackendError);
  assertEquals([error.code, error.path], ["io", "/bad"]);
  assertEquals((await backend.glob("/good/**")).failures, []);
  const broken = new CompositeBackend({
    default: brokenBackend(new StateBackend()),
    routes: { "/good/": new StateBackend({ files: { "/y": "needle" } }) },
  });
  const rest = await broken.glob("**");
  assertEquals([paths(rest.files), paths(rest.failures)], [["/good/y"], ["/"]]);
});

Deno.test("CompositeBackend passes on a mount's own failures under outer paths", async () => {
  const state = new StateBackend({ files: { "/in/f": "needle" } });
  const failures = [{
    path: "/in/locked",
    message: "Cannot search '/in/locked': the host refuses",
  }];
  const partial = spiedBackend(state, () => {});
  partial.glob = async (pattern, options) => ({ ...await state.glob(pattern, options), failures });
  partial.grep = async (query, options) => ({ ...await state.grep(query, options), failures });
  const backend = new CompositeBackend({ routes: { "/out/": { backend: partial, path: "/in" } } });
  const expected = [{
    path: "/out/locked",
    message: "Cannot search '/out/locked': the host refuses",
  }];
  for (const path of ["/", "/out"]) {
    assertEquals((await backend.glob("**", { path })).failures, expected);
    assertEquals((await backend.grep("needle", { path })).failures, expected);
  }
});

Deno.test("CompositeBackend throws for a search that nobody could make", async () => {
  const backend = new CompositeBackend({
    default: new StateBackend(),
    routes: { "/a/": new StateBackend() },
  });
  const searches: [() => Promise<unknown>, string][] = [
    [() => backend.glob(""), "invalid_pattern"],
    [() => backend.glob("../*"), "invalid_pattern"],
    [() => backend.grep(""), "invalid_pattern"],
    [() => backend.grep("(", { regex: true }), "invalid_pattern"],
    [() => backend.grep("", { glob: "/b/x" }), "invalid_pattern"],
    [() => backend.grep("x", { glob: "../*" }), "invalid_pattern"],
  ];
  for (const [run, code] of searches) {
    assertEquals((await assertRejects(run, BackendError)).code, code);
  }
  for (const limit of [0, -1, 1.5, NaN]) {
    await assertRejects(() => backend.glob("**", { limit }), RangeError);
    await assertRejects(() => backend.grep("x", { limit }), RangeError);
  }
});

Deno.test("CompositeBackend asks no mount that cannot have what is searched for", async () => {
  const asked: string[] = [];
  const spied = (label: string) =>
    spiedBackend(new StateBackend(), (operation) => void asked.push(`${label} ${operation}`));
  const backend = new CompositeBackend({
    default: spied("rest"),
    routes: { "/a/": spied("a"), "/b/": spied("b") },
  });
  const cases: [() => Promise<unknown>, string[]][] = [
    [() => backend.glob("/a/*.py"), ["a glob"]],
    [() => backend.glob("b/*.py"), ["b glob"]],
    [() => backend.glob("*.py"), ["rest glob"]],
    [() => backend.glob("**", { path: "/a" }), ["a glob"]],
    [() => backend.grep("x", { path: "/b" }), ["b grep"]],
    [() => backend.grep("x", { glob: "/b/**/*.py" }), ["b grep"]],
  ];
  for (const [run, expected] of cases) {
    asked.length = 0;
    await run();
    assertEquals([...asked].sort(), expected);
  }
});

Deno.test("CompositeBackend.grep() asks nothing of a backend that refuses what another route hides", async () => {
  const disk = new StateBackend({ files: { "/cache/a": "needle", "/b": "needle" } });
  const judge = new PolicyJudge({ policy: new Policy({ deny: ["read /cache/**"] }) });
  const backend = new CompositeBackend({
    default: new StateBackend(),
    routes: {
      "/p/cache/": new StateBackend({ files: { "/c": "needle" } }),
      "/p/": new JudgedBackend(disk, judge),
    },
  });
  const found = await backend.grep("needle");
  assertEquals(paths(found.matches), ["/p/b", "/p/cache/c"]);
  assertEquals([found.filesSearched, found.failures], [2, []]);
});

Deno.test("CompositeBackend finds a file of two names once, under the route written first", async () => {
  const disk = new StateBackend({ files: { "/src/app.py": "needle", "/notes.md": "needle" } });
  const same = new CompositeBackend({
    default: new StateBackend(),
    routes: { "/project/": disk, "/workspace/": disk },
  });
  const first = ["/project/notes.md", "/project/src/app.py"];
  const second = ["/workspace/notes.md", "/workspace/src/app.py"];
  assertEquals(paths((await same.glob("**")).files), first);
  const found = await same.grep("needle");
  assertEquals([paths(found.matches), found.filesSearched], [first, 2]);
  assertEquals(await same.grep("needle", { limit: 2 }), found);
  assertEquals(paths((await same.glob("**", { path: "/workspace" })).files), second);
  assertEquals(paths((await same.grep("needle", { path: "/workspace" })).matches), second);
  assertEquals(paths((await same.glob("/workspace/**")).files), second);
  assertEquals(paths((await same.glob("{/workspace/*,/project/src/*}")).files), [
    "/project/src/app.py",
    "/workspace/notes.md",
  ]);
  await same.write("/workspace/new", "needle");
  assertEquals((await same.read("/project/new")).text, "needle");
});

Deno.test("CompositeBackend finds files of nested places once", async () => {
  const disk = new StateBackend({
    files: { "/p/src/app.py": "needle", "/p/top": "needle", "/other": "needle" },
  });
  const inside = new CompositeBackend({
    routes: { "/src/": { backend: disk, path: "/p/src" }, "/all/": disk },
  });
  const once = ["/all/other", "/all/p/top", "/src/app.py"];
  assertEquals(paths((await inside.glob("**")).files), once);
  const found = await inside.grep("needle");
  assertEquals([paths(found.matches), found.filesSearched], [once, 3]);
  const around = new CompositeBackend({
    routes: { "/all/": disk, "/src/": { backend: disk, path: "/p/src" } },
  });
  const all = ["/all/other", "/all/p/src/app.py", "/all/p/top"];
  assertEquals(paths((await around.glob("**")).files), all);
  assertEquals((await around.grep("needle")).filesSearched, 3);
  assertEquals(paths((await around.glob("**", { path: "/src" })).files), ["/src/app.py"]);
});

Deno.test("CompositeBackend finds under a second name what the first one hides", async () => {
  const disk = new StateBackend({ files: { "/x/f": "needle", "/g": "needle" } });
  const other = new StateBackend({ files: { "/h": "needle" } });
  const backend = new CompositeBackend({
    routes: { "/a/x/": other, "/a/": disk, "/b/": disk },
  });
  const expected = ["/a/g", "/a/x/h", "/b/x/f"];
  assertEquals(paths((await backend.glob("**")).files), expected);
  assertEquals(paths((await backend.grep("needle")).matches), expected);
});
