import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CompositeBackend } from "../../backends/composite.ts";
import { BackendError, type BackendErrorCode } from "../../backends/errors.ts";
import type { Backend } from "../../backends/protocol.ts";
import { StateBackend } from "../../backends/state.ts";
import { spiedBackend } from "./_backends.ts";

async function fails(
  code: BackendErrorCode,
  message: string,
  run: () => Promise<unknown>,
): Promise<void> {
  const error = await assertRejects(run, BackendError);
  assertEquals([error.code, error.message], [code, message]);
}

function paths(entries: readonly { readonly path: string }[]): string[] {
  return entries.map((entry) => entry.path);
}

Deno.test("CompositeBackend matches a route at a path boundary alone", async () => {
  const memory = new StateBackend();
  const project = new StateBackend();
  const backend = new CompositeBackend({ default: memory, routes: { "/project/": project } });
  for (const path of ["/project/a", "/project/src/b", "//project/./c", "/x/../project/d"]) {
    await backend.write(path, path);
  }
  for (
    const path of [
      "/projectX",
      "/project-a/b",
      "/PROJECT/a",
      "/project/../e",
      "/proj",
      "/a/project/b",
    ]
  ) {
    await backend.write(path, path);
  }
  assertEquals([...project.files.keys()], ["/a", "/c", "/d", "/src/b"]);
  assertEquals([...memory.files.keys()].sort(), [
    "/PROJECT/a",
    "/a/project/b",
    "/e",
    "/proj",
    "/project-a/b",
    "/projectX",
  ]);
  assertEquals(await backend.ls("/project"), await backend.ls("/project/"));
  assertEquals((await backend.stat("/project/")).path, "/project");
});

Deno.test("CompositeBackend tries routes in the order written", async () => {
  const [inner, outer, rest] = [new StateBackend(), new StateBackend(), new StateBackend()];
  const backend = new CompositeBackend({
    default: rest,
    routes: { "/a/b/": inner, "/a/": outer },
  });
  await backend.write("/a/b/x", "inner");
  await backend.write("/a/c", "outer");
  await backend.write("/c", "rest");
  assertEquals([...inner.files.keys()], ["/x"]);
  assertEquals([...outer.files.keys()], ["/c"]);
  assertEquals([...rest.files.keys()], ["/c"]);
});

Deno.test("CompositeBackend refuses routes that are not well formed or never reached", () => {
  const state = new StateBackend();
  const cases: [Record<string, Backend>, string][] = [
    [{ "/project": state }, "Route '/project' must end with a slash: use '/project/'"],
    [{ "project/": state }, "Route 'project/' must begin with a slash: use '/project/'"],
    [{ "": state }, "Route '' must begin with a slash: use '/'"],
    [{ "/a//b/": state }, "Route '/a//b/' is not in its simplest form: use '/a/b/'"],
    [{ "/a/./": state }, "Route '/a/./' is not in its simplest form: use '/a/'"],
    [{ "/a/../b/": state }, "Route '/a/../b/' is not in its simplest form: use '/b/'"],
    [{ "/../": state }, "The route '/../' cannot be mounted: "],
    [{ "/a\0/": state }, "The route '/a\0/' cannot be mounted: "],
    [
      { "/a/": state, "/a/b/": state },
      "Route '/a/b/' can never be reached: '/a/', which is written before it, matches first. " +
      "Write '/a/b/' before '/a/'",
    ],
    [{ "/": state, "/a/": state }, "Route '/a/' can never be reached: '/', which is written"],
  ];
  for (const [routes, message] of cases) {
    assertThrows(() => new CompositeBackend({ routes }), TypeError, message);
  }
  assertThrows(
    () => new CompositeBackend({ default: state, routes: { "/": state } }),
    TypeError,
    "Route '/' and 'default' mean the same: give one of them",
  );
  const path = "outside/../..";
  assertThrows(
    () => new CompositeBackend({ default: { backend: state, path } }),
    TypeError,
    "The default cannot be mounted: ",
  );
});

Deno.test("CompositeBackend takes '/' for its default where none is given", async () => {
  const [state, rest] = [new StateBackend(), new StateBackend()];
  const backend = new CompositeBackend({ routes: { "/a/": state, "/": rest } });
  await backend.write("/a/x", "");
  await backend.write("/b/x", "");
  assertEquals([[...state.files.keys()], [...rest.files.keys()]], [["/x"], ["/b/x"]]);
});

Deno.test("CompositeBackend.ls() shows each mount once, merged and sorted", async () => {
  const rest = new StateBackend({
    files: { "/zoo": "", "/b/own": "", "/a-b": "", "/m/hidden": "", "/b/c/hidden": "" },
  });
  const backend = new CompositeBackend({
    default: rest,
    routes: {
      "/b/c/d/": new StateBackend({ files: { "/deep": "" } }),
      "/b/c/": new StateBackend({ files: { "/x": "" } }),
      "/m/": new StateBackend(),
      "/v/w/": new StateBackend({ files: { "/y": "" } }),
    },
  });
  assertEquals(paths(await backend.ls("/")), ["/a-b", "/b", "/m", "/v", "/zoo"]);
  assertEquals(paths(await backend.ls("/b")), ["/b/c", "/b/own"]);
  assertEquals(paths(await backend.ls("/b/c/")), ["/b/c/d", "/b/c/x"]);
  assertEquals(paths(await backend.ls("/b/c/d")), ["/b/c/d/deep"]);
  assertEquals(paths(await backend.ls("/m")), []);
  assertEquals(paths(await backend.ls("/v")), ["/v/w"]);
  assertEquals(paths(await backend.ls("/v/w")), ["/v/w/y"]);
  for (const directory of ["/", "/b", "/b/c", "/v"]) {
    for (const entry of await backend.ls(directory)) {
      assertEquals(await backend.stat(entry.path), entry);
    }
  }
  await fails("not_found", "Cannot list '/v/x': it does not exist", () => backend.ls("/v/x"));
});

Deno.test("CompositeBackend hides what a route shadows from every operation", async () => {
  const rest = new StateBackend({
    files: { "/p/old.txt": "needle", "/a": "needle, a file", "/seen.txt": "needle" },
  });
  const backend = new CompositeBackend({
    default: rest,
    routes: {
      "/p/": new StateBackend({ files: { "/new.txt": "needle" } }),
      "/a/b/": new StateBackend(),
    },
  });
  assertEquals(paths(await backend.ls("/p")), ["/p/new.txt"]);
  assertEquals((await backend.stat("/a")).type, "directory");
  assertEquals((await backend.ls("/")).map((entry) => [entry.path, entry.type]), [
    ["/a", "directory"],
    ["/p", "directory"],
    ["/seen.txt", "file"],
  ]);
  assertEquals(paths(await backend.ls("/a")), ["/a/b"]);
  for (const operation of ["read", "readBytes", "stat"] as const) {
    await assertRejects(() => backend[operation]("/p/old.txt"), BackendError, "'/p/old.txt'");
  }
  await fails("is_directory", "Cannot read '/a': it is a directory", () => backend.read("/a"));
  await fails("is_directory", "Cannot read '/a': it is a directory", () => backend.readBytes("/a"));
  assertEquals(paths((await backend.glob("**")).files), ["/p/new.txt", "/seen.txt"]);
  assertEquals(paths((await backend.glob("/a")).files), []);
  const nothing = { truncated: false, failures: [] };
  assertEquals(await backend.glob("**", { path: "/a" }), { files: [], ...nothing });
  assertEquals((await backend.grep("needle", { path: "/a" })).failures, []);
  const found = await backend.grep("needle");
  assertEquals([paths(found.matches), found.filesSearched], [["/p/new.txt", "/seen.txt"], 2]);
  assertEquals((await backend.grep("needle", { glob: "*" })).filesSearched, 1);
  // What is hidden does not use up the limit, and is not told of by `truncated`.
  assertEquals(await backend.glob("**", { limit: 2 }), await backend.glob("**"));
  assertEquals(await backend.grep("needle", { limit: 2 }), found);
  assertEquals((await backend.glob("**", { limit: 1 })).truncated, true);
  assertEquals((await backend.grep("needle", { limit: 1 })).truncated, true);
});

Deno.test("CompositeBackend puts outer paths into every result and inner ones into no error", async () => {
  const state = new StateBackend({
    files: { "/in/ner/f.txt": "one\ntwo\n", "/in/ner/d/g": "two" },
  });
  const backend = new CompositeBackend({
    routes: { "/out/er/": { backend: state, path: "/in/ner" } },
  });
  const results = [
    await backend.ls("/out/er"),
    await backend.stat("/out/er/f.txt"),
    await backend.read("/out/er/f.txt"),
    await backend.write("/out/er/new", "x"),
    await backend.edit("/out/er/new", { oldText: "x", newText: "y" }),
    await backend.move("/out/er/new", "/out/er/d/newer"),
    await backend.glob("**"),
    await backend.glob("/out/er/**", { path: "/out/er/d" }),
    await backend.grep("two"),
    await backend.grep("two", { path: "/out/er/f.txt" }),
  ];
  const text = JSON.stringify(results);
  assert(!text.includes("/in/ner"), text);
  assertEquals(text.match(/"path":"(?!\/out\/er\/)/g), null);
  assertEquals([...state.files.keys()], ["/in/ner/d/g", "/in/ner/d/newer", "/in/ner/f.txt"]);
  const errors: [BackendErrorCode, string, (backend: Backend) => Promise<unknown>][] = [
    ["not_found", "/out/er/x", (backend) => backend.ls("/out/er/x")],
    ["not_found", "/out/er/x", (backend) => backend.stat("/out/er/x")],
    ["not_found", "/out/er/x", (backend) => backend.read("/out/er/x")],
    ["is_directory", "/out/er/d", (backend) => backend.readBytes("/out/er/d")],
    ["is_directory", "/out/er/d", (backend) => backend.write("/out/er/d", "")],
    ["not_directory", "/out/er/f.txt/x", (backend) => backend.write("/out/er/f.txt/x", "")],
    ["not_text", "/out/er/f.txt", (backend) => backend.write("/out/er/f.txt", "\ud800")],
    [
      "no_match",
      "/out/er/f.txt",
      (backend) => backend.edit("/out/er/f.txt", { oldText: "three", newText: "" }),
    ],
    ["is_directory", "/out/er/d", (backend) => backend.delete("/out/er/d")],
    ["exists", "/out/er/f.txt", (backend) => backend.move("/out/er/d/g", "/out/er/f.txt")],
    ["invalid_path", "/out/er/d/x", (backend) => backend.move("/out/er/d", "/out/er/d/x")],
    ["not_found", "/out/er/x", (backend) => backend.glob("**", { path: "/out/er/x" })],
    ["not_found", "/out/er/x", (backend) => backend.grep("x", { path: "/out/er/x" })],
    ["invalid_pattern", "/out/er/d", (backend) => backend.glob("../..", { path: "/out/er/d" })],
    ["invalid_pattern", "/out/er/d", (backend) => backend.grep("", { path: "/out/er/d" })],
    ["not_found", "/out/er/x", (backend) => backend.glob("/out/**", { path: "/out/er/x" })],
    ["not_found", "/out/er/x", (backend) => backend.grep("x", { path: "/out/er/x", glob: "/a" })],
    ["not_directory", "/out/er/f.txt", (backend) => backend.glob("/a", { path: "/out/er/f.txt" })],
  ];
  for (const [code, path, run] of errors) {
    const error = await assertRejects(() => run(backend), BackendError);
    assertEquals([error.code, error.path], [code, path], error.message);
    assert(!error.message.includes("/in/ner"), error.message);
  }
});

Deno.test("CompositeBackend renames both paths of a failed move, whatever they look like", async () => {
  // Outer and inner names that read alike, so that renaming twice would show.
  const sentence = (from: string, to: string) => `Cannot move '${from}' to '${to}': '${to}' is odd`;
  const odd = spiedBackend(new StateBackend(), (operation, [from = "", to = ""]) => {
    if (operation === "move") throw new BackendError("io", to, sentence(from, to));
  });
  const backend = new CompositeBackend({ routes: { "/b/": { backend: odd, path: "/" } } });
  const error = await assertRejects(() => backend.move("/b/x", "/b/b"), BackendError);
  assertEquals([error.path, error.message], ["/b/b", sentence("/b/x", "/b/b")]);
  const nested = new CompositeBackend({ routes: { "/a/": backend } });
  const outer = await assertRejects(() => nested.move("/a/b/b/b", "/a/b/b"), BackendError);
  assertEquals([outer.path, outer.message], ["/a/b/b", sentence("/a/b/b/b", "/a/b/b")]);
});

Deno.test("CompositeBackend keeps mounts and what is above them", async () => {
  const rest = new StateBackend({ files: { "/a/own": "", "/x": "" } });
  const backend = new CompositeBackend({
    default: rest,
    routes: { "/a/b/": new StateBackend({ files: { "/f": "" } }) },
  });
  const there = "the route '/a/b/' is mounted there";
  const below = "the route '/a/b/' is mounted below it";
  const recursive = true;
  await fails(
    "denied",
    `Cannot delete '/a/b': ${there}`,
    () => backend.delete("/a/b", { recursive }),
  );
  await fails("denied", `Cannot delete '/a': ${below}`, () => backend.delete("/a/", { recursive }));
  await fails(
    "denied",
    "Cannot delete '/': it is the root",
    () => backend.delete("/", { recursive }),
  );
  await fails("denied", `Cannot move '/a/b': ${there}`, () => backend.move("/a/b", "/c"));
  await fails("denied", `Cannot move '/a': ${below}`, () => backend.move("/a", "/c"));
  await fails("exists", `Cannot move '/x' to '/a/b': ${there}`, () => backend.move("/x", "/a/b"));
  await fails(
    "exists",
    `Cannot move '/x' to '/a': ${below}`,
    () => backend.move("/x", "/a", { overwrite: true }),
  );
  await fails("is_directory", `Cannot write '/a/b': ${there}`, () => backend.write("/a/b", ""));
  await fails("is_directory", `Cannot write '/a': ${below}`, () => backend.write("/a", ""));
  await fails(
    "is_directory",
    `Cannot edit '/a': ${below}`,
    () => backend.edit("/a", { oldText: "a", newText: "b" }),
  );
  await fails("is_directory", "Cannot write '/': it is the root", () => backend.write("/", ""));
  assertEquals([...rest.files.keys()], ["/a/own", "/x"]);
});

Deno.test("CompositeBackend with read access refuses every change", async () => {
  const state = new StateBackend({ files: { "/a": "text" } });
  const backend = new CompositeBackend({
    default: { backend: state, access: "read" },
    routes: {
      "/src/": { backend: state, access: "read" },
      "/work/": new StateBackend({ files: { "/f": "" } }),
    },
  });
  const why = "the route '/src/' grants reading alone";
  const edit = { oldText: "text", newText: "" };
  await fails("denied", `Cannot write '/src/a': ${why}`, () => backend.write("/src/a", ""));
  await fails("denied", `Cannot edit '/src/a': ${why}`, () => backend.edit("/src/a", edit));
  await fails("denied", `Cannot delete '/src/a': ${why}`, () => backend.delete("/src/a"));
  await fails("denied", `Cannot move '/src/a': ${why}`, () => backend.move("/src/a", "/work/a"));
  await fails(
    "denied",
    `Cannot move '/work/f' to '/src/f': ${why}`,
    () => backend.move("/work/f", "/src/f"),
  );
  await fails(
    "denied",
    "Cannot write '/b': the default grants reading alone",
    () => backend.write("/b", ""),
  );
  assertEquals((await backend.read("/src/a")).text, "text");
  assertEquals(state.files.get("/a")?.text, "text");
});

Deno.test("CompositeBackend without default is an empty tree around its routes", async () => {
  const backend = new CompositeBackend({
    routes: { "/a/b/": new StateBackend({ files: { "/x": "x" } }) },
  });
  assertEquals(paths(await backend.ls("/")), ["/a"]);
  assertEquals(paths(await backend.ls("/a")), ["/a/b"]);
  assertEquals((await backend.stat("/")).type, "directory");
  assertEquals(paths((await backend.glob("**")).files), ["/a/b/x"]);
  assertEquals(paths((await backend.grep("x")).matches), ["/a/b/x"]);
  const why = "no route leads there, only to '/a/b/'";
  await fails("denied", `Cannot write '/a/x': ${why}`, () => backend.write("/a/x", ""));
  await fails("denied", `Cannot move '/a/b/x' to '/x': ${why}`, () => backend.move("/a/b/x", "/x"));
  await fails("not_found", "Cannot read '/x': it does not exist", () => backend.read("/x"));
  await fails(
    "not_found",
    "Cannot search '/x': it does not exist",
    () => backend.glob("*", { path: "/x" }),
  );
  await fails("is_directory", "Cannot read '/': it is a directory", () => backend.read("/"));
  const empty = new CompositeBackend({});
  assertEquals(await empty.ls("/"), []);
  await fails("denied", "Cannot write '/x': no route leads there", () => empty.write("/x", ""));
});

Deno.test("CompositeBackend shows a mount whose directory is not there yet as empty", async () => {
  const state = new StateBackend();
  const backend = new CompositeBackend({
    default: { backend: state, path: "/rest" },
    routes: { "/p/": { backend: state, path: "/work/p" } },
  });
  assertEquals(paths(await backend.ls("/")), ["/p"]);
  assertEquals((await backend.stat("/")).type, "directory");
  for (const path of ["/p", "/p/"]) {
    assertEquals(await backend.ls(path), []);
    assertEquals((await backend.stat(path)).type, "directory");
    const nothing = { truncated: false, failures: [] };
    assertEquals(await backend.glob("**", { path }), { files: [], ...nothing });
    assertEquals(await backend.glob("/p/**", { path }), { files: [], ...nothing });
    assertEquals((await backend.grep("x", { path })).matches, []);
  }
  assertEquals((await backend.glob("**")).failures, []);
  await fails("is_directory", "Cannot read '/p': it is a directory", () => backend.read("/p"));
  await fails("not_found", "Cannot list '/p/x': it does not exist", () => backend.ls("/p/x"));
  await backend.write("/p/a", "");
  await backend.write("/b", "");
  assertEquals([...state.files.keys()], ["/rest/b", "/work/p/a"]);
});

Deno.test("CompositeBackend forwards the signal and ends with aborted", async () => {
  const backend = new CompositeBackend({
    default: new StateBackend({ files: { "/x": "" } }),
    routes: { "/a/": new StateBackend({ files: { "/f": "x" } }) },
  });
  const signal = AbortSignal.abort();
  const operations: (() => Promise<unknown>)[] = [
    () => backend.ls("/", { signal }),
    () => backend.stat("/a", { signal }),
    () => backend.read("/a/f", { signal }),
    () => backend.move("/a/f", "/f", { signal }),
    () => backend.glob("**", { signal }),
    () => backend.glob("/nowhere/*", { signal }),
    () => backend.grep("x", { signal }),
    () => backend.delete("/a/f", { signal }),
  ];
  for (const run of operations) {
    assertEquals((await assertRejects(run, BackendError)).code, "aborted");
  }
  assertEquals((await backend.read("/a/f")).text, "x");
});
