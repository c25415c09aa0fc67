import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Backend } from "../../backends/protocol.ts";
import type { Stage } from "../../backends/shells/stage.ts";
import { StagingShell } from "../../backends/shells/staging.ts";
import { StateBackend } from "../../backends/state.ts";
import {
  makeSubject,
  NO_SANDBOX,
  type SandboxSubject,
  type SubjectOptions,
} from "./_sandbox_subject.ts";
import { codeOf } from "./_shell_case.ts";

function test(
  name: string,
  run: (subject: SandboxSubject) => Promise<void>,
  options: SubjectOptions = {},
): void {
  const why = NO_SANDBOX === undefined ? "" : ` (ignored: ${NO_SANDBOX})`;
  Deno.test({
    name: `StagingShell.execute() ${name}${why}`,
    ignore: NO_SANDBOX !== undefined,
    fn: async () => {
      await using subject = await makeSubject(options);
      await run(subject);
    },
  });
}

/** The changes of a subject so far, as short texts. */
function told({ changes }: SandboxSubject): readonly string[] {
  return changes.map(({ operation, path }) => `${operation} ${path}`);
}

/** Everything in memory. */
function files({ memory }: SandboxSubject): Record<string, string> {
  return Object.fromEntries([...memory.files].map(([path, { text }]) => [path, text]));
}

/** A stage that counts what goes to it and comes from it. */
function counting(stage: Stage): { readonly stage: Stage; readonly calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    stage: {
      put: (entries, options) => {
        calls.push(...entries.map(({ path }) => `put ${path}`));
        return stage.put(entries, options);
      },
      delete: (paths, options) => {
        calls.push(...paths.map((path) => `delete ${path}`));
        return stage.delete(paths, options);
      },
      read: (paths, options) => {
        calls.push(...paths.map((path) => `read ${path}`));
        return stage.read(paths, options);
      },
      changes: (options) => stage.changes(options),
      reset: (options) => {
        calls.push("reset");
        return stage.reset(options);
      },
    },
  };
}

test("sends each file once and then only what changed", async ({ sandbox, memory }) => {
  const { stage, calls } = counting(sandbox.stage);
  const read: string[] = [];
  const backend: Backend = new Proxy<Backend>(memory, {
    get: (target, key) => {
      if (key === "readBytes") {
        return (path: string) => (read.push(path), target.readBytes(path));
      }
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const shell = new StagingShell({ shell: sandbox, stage, backend, mounts: ["/project/"] });
  for (let index = 0; index < 30; index++) await memory.write(`/d/f${index}`, `${index}`);
  assertEquals((await shell.execute("cat /d/f1 /d/f29")).stdout.text, "129");
  assertEquals([calls.length, read.length], [31, 30]);
  calls.length = read.length = 0;
  assertEquals((await shell.execute("cat /d/f1 /d/f29; ls /d | wc -l")).stdout.text, "12930\n");
  assertEquals([calls, read], [[], []]);
  await memory.write("/d/f1", "one");
  await memory.delete("/d/f2");
  assertEquals((await shell.execute("cat /d/f1; cat /d/f2 2>/dev/null")).stdout.text, "one");
  assertEquals([calls, read], [["delete /d/f2", "put /d/f1"], ["/d/f1"]]);
  calls.length = read.length = 0;
  await shell.execute("echo two > /d/f2; rm /d/f3");
  assertEquals(calls, ["read /d/f2"]);
  calls.length = 0;
  assertEquals((await shell.execute("cat /d/f2")).stdout.text, "two\n");
  assertEquals([calls, read], [[], []]);
});

test("tells observers of each change and of nothing else", async (subject) => {
  const { shell, memory } = subject;
  await memory.write("/keep", "keep");
  await memory.write("/old", "old");
  await memory.write("/dir/x", "x");
  await shell.execute("cat /keep; ls -la /dir; grep -r x /dir");
  assertEquals(told(subject), []);
  await shell.execute("echo new > /new; echo more >> /old; rm -r /dir; chmod 700 /keep");
  assertEquals(told(subject), ["delete /dir/x", "delete /dir", "write /new", "write /old"]);
  assertEquals(files(subject), { "/keep": "keep", "/new": "new\n", "/old": "oldmore\n" });
});

test("tells of a file that is written with what it has already", async (subject) => {
  await subject.memory.write("/a", "same\n");
  await subject.shell.execute("echo same > /a");
  assertEquals(told(subject), ["write /a"]);
});

test("sees what tools change between two commands", async (subject) => {
  const { shell, backend, memory } = subject;
  await shell.execute("mkdir /d; echo 1 > /d/a; echo 2 > /b");
  await backend.edit("/d/a", { oldText: "1", newText: "one" });
  await backend.move("/b", "/d/c");
  await backend.write("/project/local", "disk");
  const { stdout } = await shell.execute("cat /d/a /d/c /project/local; ls -A /");
  assertStringIncludes(stdout.text, "one\n2\ndisk");
  assert(!stdout.text.split("\n").includes("b"));
  await memory.delete("/d", { recursive: true });
  await memory.write("/d", "now a file");
  assertEquals((await shell.execute("cat /d")).stdout.text, "now a file");
  await memory.delete("/d");
  await memory.write("/d/a/b", "now directories");
  assertEquals((await shell.execute("cat /d/a/b")).stdout.text, "now directories");
});

test("keeps what a command wrote that failed, was killed or was aborted", async (subject) => {
  const { shell } = subject;
  assertEquals((await shell.execute("echo 1 > /a; exit 3")).exitCode, 3);
  assertEquals((await shell.execute("echo 2 > /b; sleep 60", { timeout: 5_000 })).timedOut, true);
  const controller = new AbortController();
  const onOutput = () => controller.abort();
  const call = shell.execute("echo 3 > /c; echo ready; sleep 60", {
    signal: controller.signal,
    onOutput,
  });
  assertEquals(await codeOf(call), "aborted");
  assertEquals(files(subject), { "/a": "1\n", "/b": "2\n", "/c": "3\n" });
  assertEquals((await shell.execute("cat /a /b /c")).stdout.text, "1\n2\n3\n");
});

test("follows renames of files and directories, and two that change places", async (subject) => {
  const { shell, memory } = subject;
  await memory.write("/a/x", "ax");
  await memory.write("/b/x", "bx");
  await memory.write("/f", "f");
  await shell.execute("mv /a /t; mv /b /a; mv /t /b; mv /f /g");
  assertEquals(files(subject), { "/a/x": "bx", "/b/x": "ax", "/g": "f" });
  await shell.execute("mv /a /b/a; mv /b /deep");
  assertEquals(files(subject), { "/deep/a/x": "bx", "/deep/x": "ax", "/g": "f" });
  assertEquals((await memory.ls("/")).map(({ path }) => path), ["/deep", "/g"]);
});

test("sees a change of the same size whose time was set back", async (subject) => {
  const { shell, memory } = subject;
  for (let round = 0; round < 5; round++) {
    await memory.write("/f", `before ${round}`);
    // In place: the same inode, the same size, and in the end the same time.
    const script = 'cp -p /f /run/ref; printf "after. %s" ' + round +
      " | dd of=/f conv=notrunc status=none; touch -r /run/ref /f";
    assertEquals((await shell.execute(script)).stderr.text, "");
    assertEquals(files(subject)["/f"], `after. ${round}`);
  }
});

test("takes files that their owner may not read, and opens closed directories", async (subject) => {
  const { shell } = subject;
  const script =
    "mkdir -p /d/e; echo x > /d/e/f; echo y > /g; chmod 000 /g /d/e/f /d/e /d; chmod 0 /";
  assertEquals((await shell.execute(script)).notes, []);
  assertEquals(files(subject), { "/d/e/f": "x\n", "/g": "y\n" });
  await shell.execute("echo z > /d/e/z");
  assertEquals(files(subject), { "/d/e/f": "x\n", "/d/e/z": "z\n", "/g": "y\n" });
});

test("keeps no link, pipe, socket or device, says so and never follows one", async (subject) => {
  const { shell, memory, directory } = subject;
  await Deno.writeTextFile(`${directory}/outside`, "outside");
  await memory.write("/was", "was");
  const script =
    `ln -s ${directory}/outside /link; ln -s / /root; ln -s self /self; mkfifo /pipe; ` +
    `rm /was; ln -s ${directory}/outside /was; mkdir /d; ln -s ../link /d/l; ` +
    `perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0); bind(S, pack_sockaddr_un("/sock"))'`;
  const { notes, exitCode } = await shell.execute(script);
  assertEquals([exitCode, notes.length], [0, 1]);
  assertStringIncludes(notes[0] ?? "", "neither a file nor a directory");
  assertEquals(files(subject), {});
  assertEquals((await shell.execute("ls -A /d /pipe /link /was 2>/dev/null")).stdout.text, "/d:\n");
  // A tool's file of the same name goes where it belongs.
  await shell.execute(`ln -s ${directory}/outside /link`);
  await memory.write("/link", "mine");
  assertEquals(
    (await shell.execute("cat /link; [ -L /link ] || echo file")).stdout.text,
    "minefile\n",
  );
  assertEquals(await Deno.readTextFile(`${directory}/outside`), "outside");
});

test("takes hard links for copies", async (subject) => {
  const { shell, memory } = subject;
  await shell.execute("echo one > /a; ln /a /b; ln /a /project/a 2>/dev/null");
  assertEquals(files(subject), { "/a": "one\n", "/b": "one\n" });
  await shell.execute("echo two >> /a");
  assertEquals(files(subject), { "/a": "one\ntwo\n", "/b": "one\ntwo\n" });
  await memory.write("/a", "tool");
  assertEquals((await shell.execute("cat /a /b")).stdout.text, "toolone\ntwo\n");
  assertEquals(files(subject), { "/a": "tool", "/b": "one\ntwo\n" });
});

test("does not read a file that is larger than the tree takes", async (subject) => {
  const { shell, memory } = subject;
  await memory.write("/was", "was");
  const { notes } = await shell.execute("truncate -s 10G /sparse; truncate -s 65M /was");
  assertEquals(notes.length, 1);
  assertStringIncludes(notes[0] ?? "", "is larger than 67108864 bytes");
  assertEquals(files(subject), { "/was": "was" });
  assertEquals((await shell.execute("cat /was; ls -A / | grep -c sparse")).stdout.text, "was0\n");
}, { limits: { fileBytes: 20 * 1024 ** 3, memoryBytes: 20 * 1024 ** 3 } });

test("takes nothing of a command that left too much, and says so", async (subject) => {
  const { shell, memory } = subject;
  await memory.write("/keep", "keep");
  await memory.write("/gone", "gone");
  for (
    const [script, reason] of [
      ["mkdir /m; cd /m; seq 1 20000 | xargs touch", "more than 10000 files"],
      ["for i in 1 2 3 4 5; do truncate -s 60M /sp$i; done", "more than 268435456 bytes"],
    ] as const
  ) {
    const { exitCode, notes } = await shell.execute(`rm /gone; echo x > /keep; ${script}`);
    assertEquals([exitCode, notes.length], [1, 1]);
    assertStringIncludes(notes[0] ?? "", reason);
    assertEquals(files(subject), { "/gone": "gone", "/keep": "keep" });
    assertEquals(
      (await shell.execute("cat /keep /gone; ls -d /m /sp* 2>&1 | wc -l")).stdout.text,
      "keepgone2\n",
    );
  }
  assertEquals(
    (await shell.execute(`touch /m; seq 20000 | xargs touch; exit 7`, { cwd: "/" })).exitCode,
    7,
  );
}, { limits: { memoryBytes: 256 * 1024 ** 2 } });

test("takes names as they are, and says which the tree cannot have", async (subject) => {
  const { shell } = subject;
  const names = [
    "new\nline",
    " space ",
    "-dash",
    "ünï→😀",
    "a'b\"c",
    "back\\slash",
    "tab\t",
    "*?[x]",
  ];
  for (const name of names) {
    assertEquals((await shell.execute(["sh", "-c", 'echo "$1" > "/$1"', "sh", name])).exitCode, 0);
  }
  assertEquals(
    files(subject),
    Object.fromEntries(names.map((name) => [`/${name}`, `${name}\n`]).sort()),
  );
  const script =
    "mkdir $(printf '/bad\\377'); echo x > $(printf '/bad\\377/in'); echo y > $(printf '/\\376')";
  const { notes } = await shell.execute(script);
  assertEquals(notes.length, 1);
  assertStringIncludes(notes[0] ?? "", "has a name that the tree cannot have");
  assertEquals((await shell.execute("ls -A / | grep -c bad")).stdout.text, "0\n");
  const reserved = await shell.execute("echo x > /.routebook.tmp.1");
  assertStringIncludes(reserved.notes[0] ?? "", "'/.routebook.tmp.1' was not kept");
  for (const name of names) {
    assertEquals((await shell.execute(["rm", "--", `/${name}`])).exitCode, 0);
  }
  assertEquals(files(subject), {});
});

test("gets rid of directories of any depth", async (subject) => {
  const script = `echo keep > /keep; perl -e 'for (1..3000) { mkdir "dddddddd"; ` +
    `chdir "dddddddd" or die } open(F, ">", "x") or die; print F "x"'`;
  const { notes, exitCode } = await subject.shell.execute(script);
  assertEquals([exitCode, notes.length], [0, 2]);
  assertStringIncludes(notes[0] ?? "", "has a name that the tree cannot have");
  // The last directory that the stage could keep is empty, and no file would have room in it.
  assertStringIncludes(notes[1] ?? "", "is too long: at most 2048 bytes are allowed");
  const left = await subject.shell.execute(
    "cat /keep; find /dddddddd -name x",
  );
  assertEquals(left.stdout.text, "keep\n");
});

test("undoes in the stage what the tree refuses", async (subject) => {
  const { shell, memory } = subject;
  await memory.write("/fixed/a", "a");
  await memory.write("/secret/key", "key");
  const { notes } = await shell.execute(
    "cat /secret/key; echo b > /fixed/a; echo c > /fixed/c; mkdir -p /secret; echo mine > /secret/key; echo ok > /ok",
  );
  assertEquals(notes.length, 4, notes.join("\n"));
  assert(notes.every((note) => note.startsWith("Not kept: ")), notes.join("\n"));
  assertEquals(files(subject), { "/fixed/a": "a", "/ok": "ok\n", "/secret/key": "key" });
  const { stdout } = await shell.execute("cat /fixed/a; ls /fixed; ls -d /secret 2>/dev/null");
  assertEquals(stdout.text, "aa\n");
  assertStringIncludes((await shell.execute("rm -r /fixed")).notes[0] ?? "", "'/fixed/a'");
  assertEquals((await shell.execute("cat /fixed/a")).stdout.text, "a");
}, { rules: { deny: ["write /fixed/**", "read /secret/**"] } });

test("leaves out what somebody would have to be asked about", async ({ shell, memory }) => {
  await memory.write("/asked", "asked");
  await memory.write("/free", "free");
  const { stdout } = await shell.execute("cat /free /asked 2>&1");
  assertEquals(stdout.text, "freecat: /asked: No such file or directory\n");
  assertEquals(memory.files.get("/asked")?.text, "asked");
}, { rules: { ask: ["read /asked"] } });

test("tells of each file of the host that a command changed", async (subject) => {
  const { shell, project, local } = subject;
  await Deno.mkdir(`${project}/src`);
  for (const name of ["kept", "edited", "renamed", "src/touched"]) {
    await Deno.writeTextFile(`${project}/${name}`, name);
  }
  await shell.execute("cat /project/* 2>/dev/null; ls -R /project");
  assertEquals(local, []);
  const script =
    "cd /project; echo x >> edited; mv renamed moved; touch -d 2001-01-01 src/touched; " +
    "mkdir new; touch -d 2001-01-01 new/old; ln -s kept link; echo m > /memory; echo r > /run/r";
  assertEquals((await shell.execute(script)).exitCode, 0);
  assertEquals([...local].sort(), [
    "/project/edited",
    "/project/moved",
    "/project/new/old",
    "/project/src/touched",
  ]);
});

test("stages no file that a mount hides", async ({ shell, memory }) => {
  await memory.write("/project/hidden", "hidden");
  await memory.write("/projects/seen", "seen");
  assertEquals(
    (await shell.execute("ls -A /project /projects")).stdout.text,
    "/project:\n\n/projects:\nseen\n",
  );
});

test("knows what the stage holds after a shell that could not be reached", async (subject) => {
  const { sandbox, memory } = subject;
  await memory.write("/a", "a");
  let broken = true;
  const { stage, calls } = counting({
    ...sandbox.stage,
    changes: (options) => {
      if (!broken) return sandbox.stage.changes(options);
      broken = false;
      return Promise.reject(new TypeError("no connection"));
    },
  });
  const shell = new StagingShell({ shell: sandbox, stage, backend: memory, mounts: ["/project/"] });
  let message = "";
  await shell.execute("echo lost > /a; echo lost > /b").catch((error) => message = String(error));
  assertEquals(message, "TypeError: no connection");
  assertEquals((await shell.execute("cat /a; ls /b")).stdout.text, "a");
  assertEquals(calls.filter((call) => call === "reset").length, 1);
  assertEquals(memory.files.size, 1);
});

Deno.test("StagingShell.execute() refuses a tree that is too large", async () => {
  const memory = new StateBackend();
  const entries = Array.from({ length: 100_001 }, (_, index) => ({
    path: `/f${index}`,
    type: "file" as const,
    size: 0,
    modified: 0,
    version: "",
  }));
  memory.ls = () => Promise.resolve(entries);
  const never = () => Promise.reject(new Error("Nothing is to be run"));
  const shell = new StagingShell({
    shell: { type: "sandbox", execute: never },
    stage: { put: never, delete: never, changes: never, read: never, reset: never },
    backend: memory,
    mounts: [],
  });
  assertEquals(await codeOf(shell.execute("true")), "too_large");
});

Deno.test("StagingShell.execute() says which files are too large to be brought", async () => {
  const memory = new StateBackend({ files: { "/small": "s" } });
  const list = memory.ls.bind(memory);
  const large = {
    path: "/large",
    type: "file",
    size: 70_000_000,
    modified: 0,
    version: "1",
  } as const;
  memory.ls = async (path) => [...await list(path), large];
  const put: string[] = [];
  const nothing = { files: [], directories: [], deleted: [], lost: [], local: [], notes: [] };
  const stream = { text: "", bytes: 0, omitted: 0 };
  const ended = { exitCode: 0, stdout: stream, stderr: stream, timedOut: false, notes: [] };
  const shell = new StagingShell({
    shell: { type: "docker", execute: () => Promise.resolve(ended) },
    stage: {
      put: (entries) => Promise.resolve(void put.push(...entries.map(({ path }) => path))),
      delete: () => Promise.resolve(),
      changes: () => Promise.resolve(nothing),
      read: () => Promise.resolve([]),
      reset: () => Promise.resolve(),
    },
    backend: memory,
    mounts: [],
  });
  const note = "'/large' is not there for commands: it has more than 67108864 bytes";
  assertEquals((await shell.execute("true")).notes, [note]);
  assertEquals((await shell.execute("true")).notes, [note]);
  assertEquals(put, ["/small"]);
});
