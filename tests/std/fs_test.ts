import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  copy,
  emptyDir,
  ensureDir,
  ensureFile,
  exists,
  move,
  walk,
  type WalkOptions,
} from "@std/fs";
import { join, toFileUrl } from "@std/path";
import { asyncOutcome } from "./_outcome.ts";

/** Runs a test in a directory of its own. */
function test(name: string, body: (root: string) => Promise<void>): void {
  Deno.test(name, async () => {
    const root = await Deno.makeTempDir();
    try {
      await body(root);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  });
}

/** Creates files with their names as content; a name with `/` at its end is a directory, `a>b` a link. */
async function plant(root: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const [path = "", target] = name.split(">");
    if (target !== undefined) await Deno.symlink(target, join(root, path));
    else if (path.endsWith("/")) await Deno.mkdir(join(root, path), { recursive: true });
    else {
      await Deno.mkdir(join(root, path, ".."), { recursive: true });
      await Deno.writeTextFile(join(root, path), path);
    }
  }
}

/** All that is in a directory, in the way `plant` names it, with the content if it is another. */
async function list(root: string, inner = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(join(root, inner))) {
    const name = join(inner, entry.name);
    if (entry.isSymlink) found.push(`${name}>${await Deno.readLink(join(root, name))}`);
    else if (entry.isDirectory) found.push(`${name}/`, ...await list(root, name));
    else {
      const content = await Deno.readTextFile(join(root, name));
      found.push(content === name ? name : `${name}=${content}`);
    }
  }
  return found.sort();
}

test("ensureDir() creates a directory and those above it", async (root) => {
  await ensureDir(join(root, "a/b"));
  await ensureDir(toFileUrl(join(root, "c d")));
  assertEquals(await list(root), ["a/", "a/b/", "c d/"]);
});

test("ensureDir() leaves a directory, or a link to one, as it is", async (root) => {
  await plant(root, ["a/file", "link>a"]);
  await ensureDir(join(root, "a"));
  await ensureDir(join(root, "link"));
  assertEquals(await list(root), ["a/", "a/file", "link>a"]);
});

test("ensureDir() refuses a place where something else is", async (root) => {
  await plant(root, ["file", "gone>nothing"]);
  assertEquals(
    await asyncOutcome(() => ensureDir(join(root, "file"))),
    "Error: Failed to ensure directory exists: expected 'dir', got 'file'",
  );
  // A link to nothing is neither there nor can it be made a directory.
  assertEquals(
    String(await asyncOutcome(() => ensureDir(join(root, "gone")))).split(":")[0],
    "NotFound",
  );
  assertEquals(await list(root), ["file", "gone>nothing"]);
});

test("ensureFile() creates an empty file and the directories above it", async (root) => {
  await ensureFile(join(root, "a/b/file"));
  await ensureFile(toFileUrl(join(root, "c d")));
  assertEquals(await list(root), ["a/", "a/b/", "a/b/file=", "c d="]);
});

test("ensureFile() leaves a file as it is, and refuses anything else", async (root) => {
  await plant(root, ["file", "dir/", "link>file"]);
  await ensureFile(join(root, "file"));
  assertEquals(
    await asyncOutcome(() => ensureFile(join(root, "dir"))),
    "Error: Failed to ensure file exists: expected 'file', got 'dir'",
  );
  assertEquals(
    await asyncOutcome(() => ensureFile(join(root, "link"))),
    "Error: Failed to ensure file exists: expected 'file', got 'symlink'",
  );
  assertEquals(await list(root), ["dir/", "file", "link>file"]);
});

test("emptyDir() removes what is in a directory, or creates it", async (root) => {
  await plant(root, ["a/b/c", "a/link>../keep", "keep"]);
  await emptyDir(join(root, "a"));
  await emptyDir(toFileUrl(join(root, "new/dir")));
  assertEquals(await list(root), ["a/", "keep", "new/", "new/dir/"]);
});

test("emptyDir() refuses a file", async (root) => {
  await plant(root, ["file"]);
  const result = await asyncOutcome(() => emptyDir(join(root, "file")));
  assertEquals(String(result).split(":")[0], "NotADirectory");
  assertEquals(await list(root), ["file"]);
});

test("exists() says what is there, following links", async (root) => {
  await plant(root, ["file", "dir/", "toFile>file", "toDir>dir", "toNothing>gone"]);
  const table = [
    ["file", [true, true, false]],
    ["dir", [true, false, true]],
    ["toFile", [true, true, false]],
    ["toDir", [true, false, true]],
    ["toNothing", [false, false, false]],
    ["gone", [false, false, false]],
    ["gone/below", [false, false, false]],
  ] as const;
  for (const [name, expected] of table) {
    const path = join(root, name);
    const found = [
      await exists(path),
      await exists(path, { isFile: true }),
      await exists(path, { isDirectory: true }),
    ];
    assertEquals(found, [...expected], name);
  }
  assert(await exists(toFileUrl(join(root, "file"))));
  assert(await exists(join(root, "file"), { isDirectory: false, isFile: false }));
});

test("exists() refuses to look for a file that is a directory", async (root) => {
  const both = { isDirectory: true, isFile: true };
  assertEquals(
    await asyncOutcome(() => exists(root, both)),
    "TypeError: ExistsOptions.options.isDirectory and ExistsOptions.options.isFile must not be true together",
  );
  assertEquals(await exists(join(root, "gone"), both), false);
});

test("exists() goes by the mode where it has to be readable", async (root) => {
  await plant(root, ["file"]);
  const path = join(root, "file");
  await Deno.chmod(path, 0o200);
  assertEquals(await exists(path, { isReadable: true }), false);
  assertEquals(await exists(path), true);
  await Deno.chmod(path, 0o400);
  assertEquals(await exists(path, { isReadable: true, isFile: true }), true);
});

Deno.test({
  name: "exists() throws where the program may not read",
  permissions: { read: false },
  fn: async () => {
    const result = await asyncOutcome(() => exists("/"));
    assertEquals(String(result).split(":")[0], "NotCapable");
  },
});

const TREE = ["a/b/c.txt", "a/d.ts", "e.ts", "empty/", "toA>a", "toE>e.ts", "gone>nothing"];

/** What `walk` gives, the root written as `.`, sorted: each system lists in its own order. */
async function walked(root: string, options?: WalkOptions): Promise<string[]> {
  const entries = await Array.fromAsync(walk(root, options));
  return entries.map(({ path }) => path.replaceAll(root, ".")).sort();
}

test("walk() gives all that is in a tree, and no more of a link than its name", async (root) => {
  await plant(root, TREE);
  assertEquals(await walked(root), [
    ".",
    "./a",
    "./a/b",
    "./a/b/c.txt",
    "./a/d.ts",
    "./e.ts",
    "./empty",
    "./gone",
    "./toA",
    "./toE",
  ]);
});

test("walk() gives what its options ask for", async (directory) => {
  // Patterns see whole paths, so they name a part that comes after the temporary directory.
  const root = join(directory, "tree");
  await Deno.mkdir(root);
  await plant(root, TREE);
  const table: readonly (readonly [WalkOptions, readonly string[]])[] = [
    [{ maxDepth: -1 }, []],
    [{ maxDepth: 0 }, ["."]],
    [{ maxDepth: 1, includeSymlinks: false }, [".", "./a", "./e.ts", "./empty"]],
    [{ includeDirs: false, includeSymlinks: false }, ["./a/b/c.txt", "./a/d.ts", "./e.ts"]],
    [{ includeFiles: false, includeSymlinks: false }, [".", "./a", "./a/b", "./empty"]],
    [{ includeDirs: false, includeFiles: false }, ["./gone", "./toA", "./toE"]],
    [{ exts: ["ts"] }, ["./a/d.ts", "./e.ts"]],
    [{ exts: [".ts", "txt"] }, ["./a/b/c.txt", "./a/d.ts", "./e.ts"]],
    [{ exts: [] }, []],
    [{ match: [/tree.*\/b/, /tree\/e\./] }, ["./a/b", "./a/b/c.txt", "./e.ts"]],
    [{ skip: [/tree\/a$/, /tree\/to/] }, [".", "./e.ts", "./empty", "./gone"]],
    [{ skip: [/tree\/a$/], match: [/tree\/e/] }, ["./e.ts", "./empty"]],
    [{ skip: [/tree$/] }, []],
  ];
  for (const [options, expected] of table) {
    assertEquals(await walked(root, options), [...expected], Deno.inspect(options));
  }
});

test("walk() follows links by their real paths, or by their own", async (root) => {
  await plant(root, ["a/file", "link>a", "toFile>a/file"]);
  assertEquals(await walked(root, { followSymlinks: true }), [
    ".",
    "./a",
    "./a",
    "./a/file",
    "./a/file",
    "./a/file",
  ]);
  assertEquals(await walked(root, { followSymlinks: true, canonicalize: false }), [
    ".",
    "./a",
    "./a/file",
    "./link",
    "./link/file",
    "./toFile",
  ]);
});

test("walk() gives entries with their kind, the root as it was named", async (root) => {
  await plant(root, ["file", "link>file"]);
  const entries = await Array.fromAsync(walk(toFileUrl(join(root, "/./"))));
  const kinds = entries.map(({ name, isFile, isDirectory, isSymlink }) =>
    [name, isFile, isDirectory, isSymlink].join()
  );
  const name = root.split("/").at(-1);
  assertEquals(
    kinds.sort(),
    [
      "file,true,false,false",
      "link,false,false,true",
      `${name},false,true,false`,
    ].sort(),
  );
});

test("walk() fails for a root that is not there, and for a link to nothing", async (root) => {
  const missing = await asyncOutcome(() => walked(join(root, "gone")));
  assertEquals(String(missing).split(":")[0], "NotFound");
  await plant(root, ["link>nothing"]);
  const dangling = await asyncOutcome(() => walked(root, { followSymlinks: true }));
  assertEquals(String(dangling).split(":")[0], "NotFound");
});

test("copy() copies files, links and trees", async (root) => {
  await plant(root, ["a/b/file", "a/link>b/file", "a/gone>nothing"]);
  await copy(join(root, "a/b/file"), join(root, "copy"));
  await copy(join(root, "a/link"), toFileUrl(join(root, "link")));
  await copy(toFileUrl(join(root, "a")), join(root, "x/y"));
  assertEquals(await list(root), [
    "a/",
    "a/b/",
    "a/b/file",
    "a/gone>nothing",
    "a/link>b/file",
    "copy=a/b/file",
    "link>b/file",
    "x/",
    "x/y/",
    "x/y/b/",
    "x/y/b/file=a/b/file",
    "x/y/gone>nothing",
    "x/y/link>b/file",
  ]);
});

test("copy() overwrites only if asked to", async (root) => {
  await plant(root, ["a/file", "a/other", "b/file", "b/kept"]);
  const [a, b] = [join(root, "a"), join(root, "b")];
  const refused = await asyncOutcome(() => copy(join(a, "file"), join(b, "file")));
  assertEquals(refused, `AlreadyExists: '${join(b, "file")}' already exists.`);
  assertEquals(await asyncOutcome(() => copy(a, b)), `AlreadyExists: '${b}' already exists.`);
  await copy(a, b, { overwrite: true });
  assertEquals(await list(b), ["file=a/file", "kept=b/kept", "other=a/other"]);
});

test("copy() refuses places that make no sense", async (root) => {
  await plant(root, ["a/file", "file"]);
  const [a, file] = [join(root, "a"), join(root, "file")];
  const table: readonly (readonly [string, string, string])[] = [
    [a, a, "Error: Source and destination cannot be the same"],
    [a, `${a}/`, "Error: Source and destination cannot be the same"],
    [a, join(a, "b"), `Error: Cannot copy '${a}' to a subdirectory of itself: '${join(a, "b")}'`],
    [a, file, `Error: Cannot overwrite non-directory '${file}' with directory '${a}'`],
  ];
  for (const [from, to, expected] of table) {
    assertEquals(await asyncOutcome(() => copy(from, to, { overwrite: true })), expected);
  }
  const missing = await asyncOutcome(() => copy(join(root, "gone"), join(root, "new")));
  assertEquals(String(missing).split(":")[0], "NotFound");
  assertEquals(await list(root), ["a/", "a/file", "file"]);
});

test("copy() keeps times if asked to", async (root) => {
  await plant(root, ["a/file"]);
  const past = new Date("2001-02-03T04:05:06Z");
  await Deno.utime(join(root, "a/file"), past, past);
  await copy(join(root, "a"), join(root, "kept"), { preserveTimestamps: true });
  await copy(join(root, "a"), join(root, "fresh"));
  const kept = await Deno.stat(join(root, "kept/file"));
  const fresh = await Deno.stat(join(root, "fresh/file"));
  assertEquals(kept.mtime, past);
  assert(fresh.mtime !== null && fresh.mtime > past);
});

test("move() renames files and directories", async (root) => {
  await plant(root, ["a/file", "b"]);
  await move(join(root, "a"), join(root, "c"));
  await move(toFileUrl(join(root, "b")), toFileUrl(join(root, "c/b")));
  assertEquals(await list(root), ["c/", "c/b=b", "c/file=a/file"]);
});

test("move() overwrites only if asked to", async (root) => {
  await plant(root, ["a/file", "b/kept", "c"]);
  const [a, b, c] = [join(root, "a"), join(root, "b"), join(root, "c")];
  assertEquals(await asyncOutcome(() => move(a, b)), "AlreadyExists: dest already exists.");
  assertEquals(await asyncOutcome(() => move(c, c)), "AlreadyExists: dest already exists.");
  await move(c, c, { overwrite: true });
  await move(a, b, { overwrite: true });
  await move(c, join(root, "new"), { overwrite: true });
  assertEquals(await list(root), ["b/", "b/file=a/file", "new=c"]);
});

test("move() refuses to put a directory into itself, and what is not there", async (root) => {
  await plant(root, ["a/file"]);
  const a = join(root, "a");
  for (const to of [a, join(a, "b")]) {
    assertEquals(
      await asyncOutcome(() => move(a, to, { overwrite: true })),
      `NotSupported: Cannot move '${a}' to a subdirectory of itself, '${to}'.`,
    );
  }
  const missing = await asyncOutcome(() => move(join(root, "gone"), join(root, "new")));
  assertEquals(String(missing).split(":")[0], "NotFound");
  assertEquals(await list(root), ["a/", "a/file"]);
});

test("errors of the file system are Deno's own classes", async (root) => {
  await plant(root, ["a", "b"]);
  const error = await copy(join(root, "a"), join(root, "b")).catch((reason: unknown) => reason);
  assertInstanceOf(error, Deno.errors.AlreadyExists);
});
