import { assert, assertEquals, assertThrows } from "@std/assert";
import { beginWrite, sweepRoot } from "../../backends/_local_temporary.ts";
import { BackendError } from "../../backends/errors.ts";
import { LocalBackend } from "../../backends/local.ts";
import { TEMPORARY_NAME } from "../../backends/paths.ts";
import { inTempDir } from "./_local_directory.ts";

const CHILD = new URL("_local_writer_child.ts", import.meta.url).pathname;
const SIZE = 4 * 1024 * 1024;
const ROUNDS = 21;

function spawnWriter(root: string, ...args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--ignore-env",
      "--cached-only",
      `--allow-read=${root}`,
      `--allow-write=${root}`,
      CHILD,
      root,
      ...args,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Waits for the child to say that its write of a number starts. */
async function started(child: Deno.ChildProcess, number: number): Promise<void> {
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!`\n${text}`.includes(`\n${number}\n`)) {
    const { value, done } = await reader.read();
    assert(!done, `The child ended after ${JSON.stringify(text)}`);
    text += value;
  }
  reader.releaseLock();
}

function names(directory: string): string[] {
  try {
    return Array.from(Deno.readDirSync(directory), ({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function size(host: string): number {
  try {
    return Deno.lstatSync(host).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return -1;
    throw error;
  }
}

/**
 * Looks at the host without a pause until the write has come as far as this round wants it, or has
 * passed that point unseen.
 */
function watch(root: string, round: number): void {
  const looks = 20_000;
  const wanted = (round / ROUNDS) * SIZE;
  const target = Deno.lstatSync(`${root}/file.bin`).ino;
  for (let look = 0; look < looks; look++) {
    const unfinished = names(`${root}/.routebook.tmp`);
    const [first] = unfinished;
    if (round % 3 === 1 && first !== undefined) {
      if (size(`${root}/.routebook.tmp/${first}`) >= wanted) return;
    }
    if (round % 3 === 2 && Deno.lstatSync(`${root}/file.bin`).ino !== target) return;
    if (round % 3 === 0 && look >= round) return;
  }
}

Deno.test("LocalBackend.write() killed at any moment leaves the old content or the new", () =>
  inTempDir(async (root) => {
    let leftovers = 0;
    for (let round = 0; round < ROUNDS; round++) {
      await new LocalBackend({ rootDir: root }).write("/file.bin", "A".repeat(SIZE));
      const child = spawnWriter(root, "1000000", "/file.bin", `${SIZE}`, "one");
      const errors = new Response(child.stderr).text();
      await started(child, round % 5);
      watch(root, round);
      child.kill("SIGKILL");
      const { signal } = await child.status;
      assertEquals([signal, await errors], ["SIGKILL", ""]);
      leftovers += names(`${root}/.routebook.tmp`).length;

      // One that may not write sweeps nothing, so that it meets what was left behind.
      const reader = new LocalBackend({ rootDir: root, access: "read" });
      const bytes = await reader.readBytes("/file.bin");
      const first = bytes[0] ?? 0;
      assertEquals(bytes.length, SIZE);
      assert(first === 65 || first === 66, `The file begins with ${first}`);
      assert(bytes.every((byte) => byte === first), "The file is a mix of two contents");
      assertEquals((await reader.ls("/")).map(({ path }) => path), ["/file.bin"]);
      assertEquals((await reader.glob("**")).files.map(({ path }) => path), ["/file.bin"]);
      assertEquals((await reader.grep("A")).filesSearched, 1);

      await new LocalBackend({ rootDir: root }).write("/swept.txt", "text");
      assertEquals(names(root).sort(), ["file.bin", "swept.txt"]);
      await Deno.remove(`${root}/swept.txt`);
    }
    assert(leftovers > 0, "No kill came in the middle of a write: the test shows nothing");
  }));

Deno.test("sweepRoot() bears with another process that removes the directory meanwhile", () =>
  inTempDir(async (root) => {
    const directory = `${root}/${TEMPORARY_NAME}`;
    await Deno.mkdir(directory);
    const readDirSync = Deno.readDirSync;
    // Between the look whether it is there and the look into it.
    Deno.readDirSync = (path) => {
      Deno.removeSync(directory);
      return readDirSync(path);
    };
    try {
      sweepRoot(root);
    } finally {
      Deno.readDirSync = readDirSync;
    }
    assertEquals(names(root), []);
  }));

Deno.test("LocalBackend.write() of two processes at once: neither sweeps what the other writes", () =>
  inTempDir(async (root) => {
    const children = ["a", "b"].map((name) =>
      spawnWriter(root, "60", `/${name}/#/file.txt`, "2000", "each")
    );
    for (const output of await Promise.all(children.map((child) => child.output()))) {
      assertEquals(new TextDecoder().decode(output.stderr), "");
      assert(output.success);
    }
    const backend = new LocalBackend({ rootDir: root });
    const { files } = await backend.glob("**");
    assertEquals(files.length, 120);
    assertEquals(new Set(files.map(({ size }) => size)), new Set([2000]));
    assertEquals(names(root).sort(), ["a", "b"]);
  }));

Deno.test("sweepRoot() removes what has no owner and nothing else", () =>
  inTempDir(async (root) => {
    const directory = `${root}/.routebook.tmp`;
    const begin = (id: string) =>
      beginWrite({ root, newId: () => id, old: undefined, verb: "write", path: "/a" });
    const living = begin("living");
    await living.fill(new TextEncoder().encode("text"), () => {});
    Deno.writeTextFileSync(`${directory}/dead`, "text");
    Deno.mkdirSync(`${directory}/directory`);
    Deno.symlinkSync(`${root}/kept.txt`, `${directory}/link`);
    Deno.writeTextFileSync(`${root}/kept.txt`, "text");
    assert(new Deno.Command("mkfifo", { args: [`${directory}/fifo`] }).outputSync().success);

    sweepRoot(root);
    assertEquals(names(directory).sort(), ["directory", "fifo", "link", "living"]);
    assertEquals(Deno.readTextFileSync(`${root}/kept.txt`), "text");

    living[Symbol.dispose]();
    assertEquals(names(directory).sort(), ["directory", "fifo", "link"]);
  }));

Deno.test("beginWrite() starts anew when a sweep was quicker, and gives up in the end", () =>
  inTempDir((root) => {
    const directory = `${root}/.routebook.tmp`;
    Deno.mkdirSync(directory);
    Deno.writeTextFileSync(`${directory}/taken`, "");
    const ids = ["taken", "too late", "free"];
    const newId = () => {
      // Another process sweeps between the making of the directory and the opening of the file.
      if (ids[0] === "too late") Deno.removeSync(directory, { recursive: true });
      return ids.shift() ?? "unexpected";
    };
    const options = { root, old: undefined, verb: "write", path: "/a" } as const;
    const unfinished = beginWrite({ ...options, newId });
    assertEquals([unfinished.host, names(directory)], [`${directory}/free`, ["free"]]);
    unfinished[Symbol.dispose]();
    assertEquals(names(root), []);

    const never = () => {
      Deno.removeSync(directory, { recursive: true });
      return "never";
    };
    const error = assertThrows(() => beginWrite({ ...options, newId: never }), BackendError);
    assertEquals(error.code, "io");
  }));
