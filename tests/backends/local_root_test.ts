import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { BackendError, type BackendErrorCode } from "../../backends/errors.ts";
import { LocalBackend, type LocalBackendOptions } from "../../backends/local.ts";
import { inTempDir } from "./_local_directory.ts";

async function assertFails(
  code: BackendErrorCode,
  message: string,
  operation: () => Promise<unknown>,
): Promise<void> {
  const error = await assertRejects(operation, BackendError);
  assertEquals([error.code, error.message], [code, message]);
}

Deno.test("LocalBackend creates a missing root when it is first used, and not before", () =>
  inTempDir(async (directory) => {
    const backend = new LocalBackend({ rootDir: `${directory}/not/there/yet/` });
    assertEquals([...Deno.readDirSync(directory)], []);
    assertEquals(await backend.ls("/"), []);
    assert(Deno.statSync(`${directory}/not/there/yet`).isDirectory);
    await backend.write("/a.txt", "text");
    assertEquals(Deno.readTextFileSync(`${directory}/not/there/yet/a.txt`), "text");
  }));

Deno.test("LocalBackend with access 'read' asks for its root to be there, and looks again", () =>
  inTempDir(async (directory) => {
    const backend = new LocalBackend({ rootDir: `${directory}/root`, access: "read" });
    const reason = "the root directory of this route does not exist on the host: create it first";
    await assertFails("io", `Cannot list '/': ${reason}`, () => backend.ls("/"));
    await assertFails("io", `Cannot read '/a': ${reason}`, () => backend.read("/a"));
    assertEquals([...Deno.readDirSync(directory)], []);
    Deno.mkdirSync(`${directory}/root`);
    assertEquals(await backend.ls("/"), []);
  }));

Deno.test("LocalBackend refuses a root that is a file, or that is in one", () =>
  inTempDir(async (directory) => {
    Deno.writeTextFileSync(`${directory}/file`, "text");
    for (const access of ["read", "read-write"] as const) {
      const file = new LocalBackend({ rootDir: `${directory}/file`, access });
      await assertFails(
        "not_directory",
        "Cannot find '/': the root of this route is a file on the host, not a directory",
        () => file.stat("/"),
      );
      const inFile = new LocalBackend({ rootDir: `${directory}/file/root`, access });
      await assertFails(
        "io",
        "Cannot find '/': the root directory of this route does not exist on the host: " +
          "create it first",
        () => inFile.stat("/"),
      );
    }
    assertEquals(Deno.readTextFileSync(`${directory}/file`), "text");
  }));

Deno.test("LocalBackend notices that its root is gone or has become a link", () =>
  inTempDir(async (directory) => {
    Deno.mkdirSync(`${directory}/root`);
    Deno.mkdirSync(`${directory}/elsewhere`);
    Deno.writeTextFileSync(`${directory}/elsewhere/secret.txt`, "secret");
    const backend = new LocalBackend({ rootDir: `${directory}/root` });
    await backend.ls("/");
    Deno.removeSync(`${directory}/root`);
    const reason = "the root directory of this route is gone from the host";
    await assertFails("io", `Cannot list '/': ${reason}`, () => backend.ls("/"));
    await assertFails("io", `Cannot write '/a': ${reason}`, () => backend.write("/a", "x"));
    Deno.symlinkSync(`${directory}/elsewhere`, `${directory}/root`);
    await assertFails(
      "io",
      `Cannot read '/secret.txt': ${reason}`,
      () => backend.read("/secret.txt"),
    );
  }));

Deno.test("LocalBackend takes a URL, a relative path and a link for its root", () =>
  inTempDir(async (directory) => {
    Deno.mkdirSync(`${directory}/a b`);
    Deno.writeTextFileSync(`${directory}/a b/file.txt`, "text");
    Deno.symlinkSync(`${directory}/a b`, `${directory}/link`);
    Deno.symlinkSync(`${directory}/a b/file.txt`, `${directory}/a b/absolute`);
    const up = "../".repeat(Deno.cwd().split("/").length);
    const roots = [
      new URL(`file://${directory}/a%20b/`),
      `${directory}/link`,
      `${up}${directory}/a b`,
    ];
    for (const rootDir of roots) {
      const backend = new LocalBackend({ rootDir, access: "read" });
      assertEquals((await backend.read("/absolute")).text, "text");
    }
  }));

Deno.test("LocalBackend can have the host's root for its root", async () => {
  const backend = new LocalBackend({ rootDir: "/", access: "read" });
  const directory = await Deno.realPath(await Deno.makeTempDir());
  Deno.writeTextFileSync(`${directory}/file.txt`, "text\n");
  Deno.symlinkSync(`${directory}/file.txt`, `${directory}/link`);
  assertEquals((await backend.read(`${directory}/link`)).text, "text\n");
  assertEquals((await backend.glob("*.txt", { path: directory })).files.length, 1);
  assert((await backend.ls("/")).length > 0);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("LocalBackend over a part of another's root sees the same files", () =>
  inTempDir(async (directory) => {
    const whole = new LocalBackend({ rootDir: directory });
    const part = new LocalBackend({ rootDir: `${directory}/part` });
    await part.write("/a.txt", "one\n");
    await whole.edit("/part/a.txt", { oldText: "one", newText: "two" });
    assertEquals((await part.read("/a.txt")).text, "two\n");
    assertEquals((await part.stat("/a.txt")).version, (await whole.stat("/part/a.txt")).version);
    await whole.delete("/part", { recursive: true });
    assertEquals((await assertRejects(() => part.ls("/"), BackendError)).code, "io");
  }));

Deno.test("LocalBackend() refuses options that are not what they must be", () => {
  const wrong: LocalBackendOptions[] = [
    { rootDir: "" },
    { rootDir: "a\0b" },
    { rootDir: new URL("https://example.com/") },
    { rootDir: new URL("file://server/share") },
    { rootDir: "/tmp", protect: ["relative"] },
    { rootDir: "/tmp", protect: ["/tmp/../etc"] },
    { rootDir: "/tmp", protect: ["/tmp//a"] },
    { rootDir: "/tmp", protect: ["/tmp/a/"] },
    { rootDir: "/tmp", protect: ["/tmp/a\0"] },
  ];
  for (const options of wrong) {
    const error = assertThrows(() => new LocalBackend(options), TypeError);
    assert(/^(Option '\w+'|Every path of 'protect') must be /.test(error.message), error.message);
  }
  const untyped: unknown = JSON.parse('{ "rootDir": "/tmp", "access": "write" }');
  assertThrows(() => Reflect.construct(LocalBackend, [untyped]), TypeError, "not 'write'");
  assertThrows(() => Reflect.construct(LocalBackend, [{ rootDir: 1 }]), TypeError, "'rootDir'");
});

Deno.test("LocalBackend refuses to protect what is not in its root", () =>
  inTempDir(async (directory) => {
    const options = { rootDir: `${directory}/root`, protect: [`${directory}/root-file`] };
    await assertRejects(() => new LocalBackend(options).ls("/"), TypeError, "inside 'rootDir'");
  }));

for (const access of ["read", "read-write"] as const) {
  Deno.test(`LocalBackend with access '${access}' needs no right but to its root`, () =>
    inTempDir(async (directory) => {
      const root = `${directory}/root`;
      const url = new URL("../../backends/local.ts", import.meta.url);
      const script = `
        import { LocalBackend } from ${JSON.stringify(url)};
        const backend = new LocalBackend({ rootDir: Deno.args[0], access: "${access}" });
        const write = await backend.write("/file.txt", "x").catch((error) => error.code);
        const { text } = await backend.read("/file.txt");
        const { files } = await backend.glob("*");
        const { matches } = await backend.grep("x");
        console.log(JSON.stringify([write.path ?? write, text, files.length, matches.length]));`;
      Deno.writeTextFileSync(`${directory}/script.ts`, script);
      if (access === "read") {
        Deno.mkdirSync(root);
        Deno.writeTextFileSync(`${root}/file.txt`, "text");
      }
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--no-prompt",
          "--ignore-env",
          "--cached-only",
          "--no-check",
          `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
          `--allow-read=${root}`,
          ...(access === "read" ? [] : [`--allow-write=${root}`]),
          `${directory}/script.ts`,
          root,
        ],
      }).output();
      assertEquals(new TextDecoder().decode(stderr), "");
      assertEquals(
        JSON.parse(new TextDecoder().decode(stdout)),
        access === "read" ? ["denied", "text", 1, 1] : ["/file.txt", "x", 1, 1],
      );
    }));
}
