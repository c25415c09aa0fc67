import { assertEquals, assertStringIncludes } from "@std/assert";
import { CompositeBackend } from "../../backends/composite.ts";
import { LocalBackend } from "../../backends/local.ts";
import type { Backend } from "../../backends/protocol.ts";
import { StagedPlaces } from "../../backends/shells/_staged_places.ts";
import { SandboxShell } from "../../backends/shells/sandbox.ts";
import type { Shell } from "../../backends/shells/shell.ts";
import { StagingShell } from "../../backends/shells/staging.ts";
import { StateBackend } from "../../backends/state.ts";
import { NO_SANDBOX } from "./_sandbox_subject.ts";

/** A shell whose own files are at `/`, beside staged ones of memory and of the machine. */
interface Subject extends AsyncDisposable {
  readonly shell: Shell;
  /** What stands at `/`. */
  readonly native: StateBackend;
  /** What stands at `/out/`. */
  readonly memory: StateBackend;
  /** The directory of the machine that stands at `/local/`. */
  readonly local: string;
  /** Directories that were listed. */
  readonly listed: string[];
}

async function makeSubject(): Promise<Subject> {
  const directory = await Deno.makeTempDir();
  const [stage, local] = [`${directory}/stage`, `${directory}/local`];
  for (const path of [stage, local]) await Deno.mkdir(path);
  const [native, memory] = [new StateBackend(), new StateBackend()];
  const listed: string[] = [];
  const tree = new CompositeBackend({
    default: native,
    routes: {
      "/out/own/": { backend: native, path: "/own" },
      "/out/": memory,
      "/local/": new LocalBackend({ rootDir: local }),
    },
  });
  const backend: Backend = new Proxy<Backend>(tree, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key);
      if (key === "ls") return (path: string) => (listed.push(path), target.ls(path));
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const sandbox = new SandboxShell({ stage, mounts: [] });
  const shell = new StagingShell({
    shell: sandbox,
    stage: sandbox.stage,
    backend,
    mounts: ["/", "/out/own/"],
    staged: ["/out/", "/local/"],
  });
  return {
    ...{ shell, native, memory, local, listed },
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

function test(name: string, fn: (subject: Subject) => Promise<void>): void {
  const why = NO_SANDBOX === undefined ? "" : ` (ignored: ${NO_SANDBOX})`;
  Deno.test({
    name: `StagingShell.execute() ${name}${why}`,
    ignore: NO_SANDBOX !== undefined,
    async fn() {
      await using subject = await makeSubject();
      await fn(subject);
    },
  });
}

test("stages what it is told to and lists nothing else", async ({ shell, ...subject }) => {
  await subject.native.write("/own/x", "own");
  await subject.native.write("/data/y", "data");
  await subject.memory.write("/deep/note", "note\n");
  await subject.memory.write("/own/hidden", "hidden");
  await Deno.writeTextFile(`${subject.local}/sales.csv`, "1,2\n");
  const { stdout } = await shell.execute(
    "cat /out/deep/note /local/sales.csv; ls -A /out; ls -d /data /out/own 2>/dev/null",
  );
  assertEquals(stdout.text, "note\n1,2\ndeep\n");
  assertEquals(subject.listed, ["/out", "/local", "/out/deep"]);
});

test("shows staged directories that are empty, and keeps them", async ({ shell, memory }) => {
  const { stdout } = await shell.execute("ls -A /out /local; echo x > /out/first");
  assertEquals(stdout.text, "/local:\n\n/out:\n");
  assertEquals([...memory.files.keys()], ["/first"]);
  const { notes } = await shell.execute("rm -r /out");
  assertEquals(memory.files.size, 0);
  assertStringIncludes(notes.join("\n"), "Not kept: Cannot delete '/out'");
  assertEquals((await shell.execute("ls -d /out")).stdout.text, "/out\n");
});

test("brings files of the machine and puts back what commands change", async (subject) => {
  const { shell, local } = subject;
  await Deno.writeTextFile(`${local}/kept`, "kept");
  await Deno.writeTextFile(`${local}/gone`, "gone");
  await Deno.writeFile(`${local}/bytes`, new Uint8Array([0, 255, 13, 10]));
  await Deno.symlink("/etc/hostname", `${local}/link`);
  await Deno.symlink("nowhere", `${local}/dangling`);
  const script =
    "ls -A /local; rm /local/gone; mkdir /local/d; cp /local/bytes /local/d/copy; echo more >> /local/kept";
  const { stdout, notes, exitCode } = await shell.execute(script);
  assertEquals([stdout.text, notes, exitCode], ["bytes\ngone\nkept\n", [], 0]);
  assertEquals(await Deno.readTextFile(`${local}/kept`), "keptmore\n");
  assertEquals([...await Deno.readFile(`${local}/d/copy`)], [0, 255, 13, 10]);
  const names = (await Array.fromAsync(Deno.readDir(local))).map(({ name }) => name);
  assertEquals(names.sort(), ["bytes", "d", "dangling", "kept", "link"]);
  // A name that a link has already is not written through.
  const link = await shell.execute("echo mine > /local/link");
  assertStringIncludes(link.notes.join("\n"), "Not kept: ");
  assertEquals(await Deno.readLink(`${local}/link`), "/etc/hostname");
});

Deno.test("StagedPlaces.isStaged() goes by the longest prefix", () => {
  const places = new StagedPlaces({ mounts: ["/", "/a/b/"], staged: ["/a/", "/a/b/c/"] });
  assertEquals(places.staged, ["/a", "/a/b/c"]);
  const paths = ["/x", "/a", "/a/x", "/ab", "/a/b", "/a/b/x", "/a/b/c", "/a/b/c/x", "/a/b/cc"];
  assertEquals(paths.filter((path) => places.isStaged(path)), [
    "/a",
    "/a/x",
    "/a/b/c",
    "/a/b/c/x",
  ]);
});

Deno.test("StagedPlaces stages all but the mounts unless it is told what", () => {
  const places = new StagedPlaces({ mounts: ["/project/"] });
  assertEquals(places.staged, ["/"]);
  const paths = ["/x", "/project", "/project/x", "/projects", "/usr/bin", "/proc"];
  assertEquals(paths.filter((path) => places.isStaged(path)), ["/x", "/projects"]);
  assertEquals(new StagedPlaces({ mounts: ["/"] }).staged, []);
});
