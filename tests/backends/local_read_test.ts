import { assert, assertEquals, assertRejects } from "@std/assert";
import { BackendError } from "../../backends/errors.ts";
import { LocalBackend } from "../../backends/local.ts";
import { inTempDir } from "./_local_directory.ts";

const isLinux = Deno.build.os === "linux";

function run(command: string, ...args: readonly string[]): boolean {
  return new Deno.Command(command, { args: [...args], stderr: "null" }).outputSync().success;
}

async function runChild(name: string, args: readonly string[], before: readonly string[] = []) {
  const script = new URL(name, import.meta.url).pathname;
  const command = [...before, Deno.execPath(), "run", "--no-prompt", ...args.slice(0, -1), script];
  const [program = "", ...rest] = command;
  const output = await new Deno.Command(program, { args: [...rest, ...args.slice(-1)] }).output();
  assert(output.success, new TextDecoder().decode(output.stderr));
  return JSON.parse(new TextDecoder().decode(output.stdout));
}

Deno.test("LocalBackend refuses FIFOs, sockets and devices at once, without opening them", () =>
  inTempDir(async (root) => {
    // Opening a FIFO that nobody writes to waits for ever: this test ends because none is opened.
    assert(run("mkfifo", `${root}/special-fifo`));
    // In /tmp, since the path of a socket has to be short.
    using _listener = Deno.listen({ transport: "unix", path: `${root}/special-socket` });
    const hasDevice = run("mknod", `${root}/special-device`, "c", "1", "3");
    Deno.writeTextFileSync(`${root}/file.txt`, "text\n");
    Deno.symlinkSync("special-fifo", `${root}/link`);
    const backend = new LocalBackend({ rootDir: root });
    const names = [
      "special-fifo",
      "special-socket",
      "link",
      ...(hasDevice ? ["special-device"] : []),
    ];
    for (const name of names) {
      const path = `/${name}`;
      const edit = { oldText: "a", newText: "b" };
      for (
        const [verb, operation] of [
          ["read", () => backend.read(path)],
          ["read", () => backend.readBytes(path)],
          ["write", () => backend.write(path, "x")],
          ["edit", () => backend.edit(path, edit)],
          ["search", () => backend.grep("x", { path })],
        ] as const
      ) {
        const error = await assertRejects(operation, BackendError);
        const message = `Cannot ${verb} '${path}': it is not a regular file`;
        assertEquals([error.code, error.message], ["denied", message]);
      }
      assertEquals((await backend.stat(path)).type, "other");
    }
    const onto = () => backend.move("/file.txt", "/special-fifo", { overwrite: true });
    assertEquals((await assertRejects(onto, BackendError)).code, "denied");

    const listed = await backend.ls("/");
    assertEquals(listed.filter(({ type }) => type === "other").length, names.length);
    assertEquals((await backend.glob("**")).files.map(({ path }) => path), ["/file.txt"]);
    assertEquals((await backend.grep("t")).filesSearched, 1);
    await backend.move("/special-fifo", "/moved-fifo");
    await backend.delete("/moved-fifo");
  }, { dir: "/tmp" }));

Deno.test({
  name: "LocalBackend.read() of ten lines of a 1 GB file takes less than 32 MB",
  // The peak of a process's memory can be read and set back on Linux alone.
  ignore: !isLinux,
  fn: () =>
    inTempDir(async (root) => {
      const lines = Array.from({ length: 1_000_020 }, (_, index) => `line ${index}\n`);
      Deno.writeTextFileSync(`${root}/huge.txt`, lines.join(""));
      // The rest is a hole, which takes no room on the disk and is read as NULs.
      Deno.truncateSync(`${root}/huge.txt`, 1_000_000_000);
      Deno.writeTextFileSync(`${root}/small.txt`, "one\ntwo\n");
      const { slice, tail, rise } = await runChild("_local_memory_child.ts", ["--allow-all", root]);
      assertEquals(slice.text, lines.slice(1_000_000, 1_000_010).join(""));
      assertEquals(
        [slice.lines, slice.totalLines, slice.nextOffset, slice.size],
        [10, 1_000_021, 1_000_010, 1_000_000_000],
      );
      assertEquals(tail, [0, 0, 0, 0, 0]);
      assert(rise < 32 * 1024 * 1024, `Memory rose by ${rise} bytes`);
    }),
});

Deno.test("LocalBackend.readBytes() reads ranges of a file that is too large to read whole", () =>
  inTempDir(async (root) => {
    Deno.writeTextFileSync(`${root}/large.bin`, "begin");
    Deno.truncateSync(`${root}/large.bin`, 70 * 1024 * 1024);
    const backend = new LocalBackend({ rootDir: root });
    const error = await assertRejects(() => backend.readBytes("/large.bin"), BackendError);
    assertEquals(error.code, "too_large");
    const bytes = await backend.readBytes("/large.bin", { offset: 2, length: 5 });
    assertEquals([...bytes], [103, 105, 110, 0, 0]);
    const rest = await backend.readBytes("/large.bin", { offset: 69 * 1024 * 1024 });
    assertEquals(rest.length, 1024 * 1024);
    const edit = { oldText: "begin", newText: "end" };
    const tooLarge = await assertRejects(() => backend.edit("/large.bin", edit), BackendError);
    assertEquals(tooLarge.code, "too_large");
    const found = await backend.grep("begin");
    // It has NULs at its beginning: it is no text.
    assertEquals([found.matches, found.filesSkipped], [[], 1]);
  }));

Deno.test("LocalBackend.grep() finds lines in large files and in small ones", () =>
  inTempDir(async (root) => {
    const line = "some text that does not matter\n";
    const large = line.repeat(100_000);
    Deno.writeTextFileSync(`${root}/b-large.txt`, `${large}the needle\n${large}`);
    Deno.writeTextFileSync(`${root}/a-small.txt`, "a needle\n");
    Deno.writeTextFileSync(`${root}/c-small.txt`, "no such thing\n");
    const backend = new LocalBackend({ rootDir: root, access: "read" });
    const { matches, filesSearched } = await backend.grep("needle");
    assertEquals(matches.map(({ path, line }) => [path, line]), [
      ["/a-small.txt", 1],
      ["/b-large.txt", 100_001],
    ]);
    assertEquals(filesSearched, 3);
  }));

Deno.test({
  name: "LocalBackend passes over names that are not UTF-8 and says so",
  // Other hosts do not accept such names.
  ignore: !isLinux,
  fn: () =>
    inTempDir(async (root) => {
      const script =
        `cd "$1" && mkdir "$(printf 'dir\\377')" && echo needle > "$(printf 'dir\\377')/a"
        echo needle > "$(printf 'latin-\\351')" && echo needle > "$(printf 'latin-\\350')"
        echo needle > "$(printf 'half-\\355\\240\\200')" && echo needle > good`;
      assert(run("sh", "-c", script, "sh", root));
      const backend = new LocalBackend({ rootDir: root });
      const unreadable = ["/dir\uFFFD", "/half-\uFFFD\uFFFD\uFFFD", "/latin-\uFFFD"];
      assertEquals((await backend.ls("/")).map(({ path }) => path), ["/good"]);
      const globbed = await backend.glob("**");
      assertEquals(globbed.files.map(({ path }) => path), ["/good"]);
      assertEquals(globbed.failures.map(({ path }) => path).sort(), unreadable);
      const grepped = await backend.grep("needle");
      assertEquals(grepped.matches.map(({ path }) => path), ["/good"]);
      assertEquals(grepped.failures.map(({ path }) => path), unreadable);
      assert(grepped.failures.every(({ message }) => message.endsWith("its name is not UTF-8")));
      // The name that stands for them is a good one all the same.
      await backend.write("/latin-\uFFFD", "text");
      assertEquals((await backend.read("/latin-\uFFFD")).text, "text");
      assertEquals((await backend.ls("/")).map(({ path }) => path), ["/good", "/latin-\uFFFD"]);
      await backend.move("/good", "/sub/good");
      await Deno.rename(`${root}/sub`, `${root}/sub2`);
      await backend.delete("/sub2", { recursive: true });
    }),
});

Deno.test("LocalBackend takes any name that the host takes", () =>
  inTempDir(async (root) => {
    const backend = new LocalBackend({ rootDir: root });
    const names = [
      "x".repeat(255),
      "é".repeat(127),
      "-rf",
      "--",
      " leading and trailing ",
      "two\nlines",
      "\t\r\x1b[31m",
      "a:b.txt",
      "notes..md",
      "...",
      "back\\slash",
      "*?[a]{b,c}",
      "🧑‍💻.txt",
      "e\u0301",
      "%2e%2e",
      "~",
      "$HOME",
      "CON",
    ];
    for (const name of names) await backend.write(`/d/${name}`, name);
    assertEquals(
      (await backend.ls("/d")).map(({ path }) => path),
      names.map((name) => `/d/${name}`).sort(),
    );
    for (const name of names) {
      assertEquals((await backend.read(`/d/${name}`)).text, name);
      assertEquals(Deno.readTextFileSync(`${root}/d/${name}`), name);
      await backend.move(`/d/${name}`, `/e/${name}`);
      await backend.delete(`/e/${name}`);
    }
  }));

Deno.test({
  name: "LocalBackend goes on where the host does not permit something, and says where",
  // Root reads everything unless the rights to do so are taken from it.
  ignore: Deno.uid() === 0 && !(isLinux && run("setpriv", "--version")),
  fn: () =>
    inTempDir(async (root) => {
      for (const name of ["closed", "fixed", "listed", "open"]) {
        Deno.mkdirSync(`${root}/${name}`);
        Deno.writeTextFileSync(`${root}/${name}/file.txt`, "needle\n");
      }
      Deno.writeTextFileSync(`${root}/unreadable.txt`, "needle\n");
      const modes = { "closed": 0o000, "fixed": 0o555, "listed": 0o444, "unreadable.txt": 0o000 };
      for (const [name, mode] of Object.entries(modes)) Deno.chmodSync(`${root}/${name}`, mode);
      const drop = Deno.uid() === 0
        ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
        : [];
      const args = [`--allow-read=${root}`, `--allow-write=${root}`, root];
      const said = await runChild("_local_closed_child.ts", args, drop);
      for (const name of Object.keys(modes)) Deno.chmodSync(`${root}/${name}`, 0o755);

      const [glob, globClosed, grep, ls, lsListed, ...errors] = said;
      const refusal = (path: string) => ({
        path,
        message: `Cannot search '${path}': the host does not permit it`,
      });
      const path = (file: { path: string }) => file.path;
      assertEquals(glob.files.map(path), ["/fixed/file.txt", "/open/file.txt", "/unreadable.txt"]);
      assertEquals(glob.failures, [refusal("/closed"), refusal("/listed/file.txt")]);
      assertEquals(globClosed, { files: [], truncated: false, failures: [refusal("/closed")] });
      assertEquals(grep.matches.map(path), ["/fixed/file.txt", "/open/file.txt"]);
      assertEquals(grep.failures, ["/closed", "/listed/file.txt", "/unreadable.txt"].map(refusal));
      assertEquals(ls.map(path), ["/closed", "/fixed", "/listed", "/open", "/unreadable.txt"]);
      assertEquals(lsListed.map(path), ["/listed/file.txt"]);
      const reason = "the host does not permit it";
      assertEquals(errors, [
        `denied: Cannot list '/closed': ${reason}`,
        `denied: Cannot read '/closed/file.txt': ${reason}`,
        `denied: Cannot read '/unreadable.txt': ${reason}`,
        `denied: Cannot write '/closed/file.txt': ${reason}`,
        `denied: Cannot write '/fixed/new.txt': ${reason}`,
        `denied: Cannot delete '/fixed/file.txt': ${reason}`,
        `denied: Cannot move '/fixed/file.txt': ${reason}`,
      ]);
    }),
});
