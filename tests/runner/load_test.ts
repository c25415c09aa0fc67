import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { formatDiagnostics } from "../../runner/diagnostics.ts";
import { loadYaml } from "../../runner/load.ts";
import { loaded } from "./_loaded.ts";

/** Loads what is at a path and prints its diagnostics, with the directory as `<dir>`. */
async function printedFor(dir: string, name: string): Promise<string> {
  const path = join(dir, name);
  const { diagnostics } = await loadYaml(path, path);
  return formatDiagnostics(diagnostics, new Map()).replaceAll(dir, "<dir>");
}

async function withDirectory(test: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "routebook-load-" });
  try {
    await test(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Plain data from maps that have no prototype. */
function plain(data: unknown): unknown {
  return JSON.parse(JSON.stringify(data));
}

Deno.test("loadYaml() reads YAML 1.2, in which yes, on, dates and 60_000 are texts", async () => {
  const { yaml, printed } = await loaded(
    "a: yes\nb: on\nc: 60_000\nd: 2026-01-01\ne: 08\nf: 1e3\ng: 0x10\nh: true\ni: ~\nj: 1.10\n",
  );
  assertEquals(printed, "");
  assertEquals(plain(yaml?.data), {
    a: "yes",
    b: "on",
    c: "60_000",
    d: "2026-01-01",
    e: 8,
    f: 1000,
    g: 16,
    h: true,
    i: null,
    j: 1.1,
  });
});

Deno.test("loadYaml() accepts a byte order mark, CRLF, a document marker and anchors", async () => {
  const { yaml, printed } = await loaded("\ufeff---\r\na: &x { b: 1 }\r\nc: *x\r\n...\r\n");
  assertEquals(printed, "");
  assertEquals(plain(yaml?.data), { a: { b: 1 }, c: { b: 1 } });
});

Deno.test("loadYaml() refuses __proto__ as a key, and gives no other key any power", async () => {
  const { yaml, printed } = await loaded("constructor: 1\na: { __proto__: { polluted: true } }\n");
  assertEquals(
    printed,
    `\
error[invalid-key]: A key cannot be "__proto__"
 --> file.yaml:2:6
  |
2 | a: { __proto__: { polluted: true } }
  |      ^^^^^^^^^
  = hint: Use a text of letters, digits and _ as the key
`,
  );
  assertEquals(JSON.stringify(yaml?.data), '{"constructor":1,"a":{}}');
  assertEquals("polluted" in {}, false);
});

Deno.test("loadYaml() takes the fingerprint of the bytes", async () => {
  const { yaml } = await loaded("a: 1\n");
  assertEquals(
    yaml?.fingerprint,
    "37b128c59f1f5097f73f82691cb519f1f568667faab5ced1b4ab979d36837eae",
  );
});

Deno.test("loadYaml() says where each key and value is", async () => {
  const { yaml } = await loaded("a: 1\nb:\n  - c: 'two words'\n    d: |\n      block\n  - e\n");
  const file = "file.yaml";
  const spot = (line: number, column: number, length: number) => ({
    place: { file, line, column },
    length,
  });
  assertEquals(yaml?.valueLocation(["b", 0, "c"]), spot(3, 8, 11));
  assertEquals(yaml?.keyLocation(["b", 0, "c"]), spot(3, 5, 1));
  assertEquals(yaml?.valueLocation(["b", 0, "d"]), spot(4, 8, 1));
  assertEquals(yaml?.keyLocation(["b", 1]), spot(6, 5, 1));
  assertEquals(yaml?.valueLocation(["b", 0, "missing"]), spot(3, 5, 14));
  assertEquals([yaml?.has(["b", 1]), yaml?.has(["b", 2]), yaml?.has(["a", "x"])], [
    true,
    false,
    false,
  ]);
});

Deno.test("loadYaml() says what is at a path that is no file", async () => {
  await withDirectory(async (dir) => {
    await Deno.writeTextFile(join(dir, "flask.yaml"), "a: 1");
    assertEquals(
      await printedFor(dir, "flsk.yaml"),
      `\
error[no-file]: "<dir>/flsk.yaml" does not exist
 = hint: Did you mean "<dir>/flask.yaml"?
`,
    );
    await Deno.symlink("gone.yaml", join(dir, "link.yaml"));
    assertEquals(
      await printedFor(dir, "link.yaml"),
      `\
error[no-file]: "<dir>/link.yaml" does not exist
 = hint: It is a link to something that is not there
`,
    );
    assertEquals(
      await printedFor(dir, "none/flask.yaml"),
      `\
error[no-file]: "<dir>/none/flask.yaml" does not exist
 = hint: The directory "<dir>/none" does not exist either
`,
    );
    assertEquals(
      await printedFor(dir, "flask.yaml/x"),
      `\
error[no-file]: "<dir>/flask.yaml/x" does not exist: a part of its path is a file
 = hint: Check the name and the directory that it is relative to
`,
    );
    assertEquals(
      await printedFor(dir, "."),
      `\
error[is-directory]: "<dir>" is a directory
 = hint: Name the YAML file in it
`,
    );
    assertEquals(
      await printedFor("/dev", "zero"),
      `\
error[not-a-file]: "<dir>/zero" is not a regular file
 = hint: Name a regular file
`,
    );
    assertEquals(
      await printedFor(dir, "a\0b"),
      `\
error[unreadable-file]: "<dir>/a␀b" cannot be read: file name contained an unexpected NUL byte
 = hint: Change the file's mode, or what its links lead to
`,
    );
  });
});

Deno.test("loadYaml() does not open a pipe, which nobody may ever write to", async () => {
  await withDirectory(async (dir) => {
    const { success } = await new Deno.Command("mkfifo", { args: [join(dir, "pipe")] }).output();
    assertEquals(success, true);
    assertEquals(
      await printedFor(dir, "pipe"),
      `\
error[not-a-file]: "<dir>/pipe" is not a regular file
 = hint: Name a regular file
`,
    );
  });
});

Deno.test("loadYaml() does not read a file that is far too large", async () => {
  await withDirectory(async (dir) => {
    // More than memory: reading it would fail.
    await Deno.writeFile(join(dir, "huge.yaml"), new Uint8Array());
    await Deno.truncate(join(dir, "huge.yaml"), 100 * 1024 ** 3);
    assertEquals(
      await printedFor(dir, "huge.yaml"),
      `\
error[too-large]: "<dir>/huge.yaml" has 107374182400 bytes, more than the 1048576 allowed
 = hint: A workflow describes work: keep data in files of their own
`,
    );
  });
});
