import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { SandboxShell, type SandboxShellOptions } from "../../backends/shells/sandbox.ts";
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
    name: `SandboxShell.execute() ${name}${why}`,
    ignore: NO_SANDBOX !== undefined,
    fn: async () => {
      await using subject = await makeSubject(options);
      await run(subject);
    },
  });
}

/** The processes of the machine that have a word among their arguments. */
function processesWith(word: string): readonly string[] {
  const found: string[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    try {
      const words = Deno.readTextFileSync(`/proc/${name}/cmdline`).split("\0");
      if (words.includes(word)) found.push(words.join(" "));
    } catch (error) {
      const gone = error instanceof Deno.errors.NotFound || /os error 3\b/.test(String(error));
      if (!gone) throw error;
    }
  }
  return found;
}

let sleeps = 10_000;

/** A number of seconds to sleep that no other process of the machine sleeps. */
function seconds(): string {
  return `${sleeps++}.${Deno.pid}`;
}

test("leaves no process, however it hides and however it is ended", async ({ shell }) => {
  const time = seconds();
  const daemons = [
    `sleep ${time} &`,
    `setsid sleep ${time} > /dev/null 2>&1 < /dev/null &`,
    `(setsid sh -c 'sleep ${time} & exec sleep ${time}' > /dev/null 2>&1 &)`,
    `nohup sleep ${time} > /dev/null 2>&1 &`,
    `perl -e 'fork and exit; use POSIX; setsid(); fork and exit; close STDOUT; close STDERR; exec "sleep", "${time}"'`,
    `perl -e '$SIG{$_} = "IGNORE" for keys %SIG; fork and exit; sleep ${time}'; sleep ${time} &`,
  ];
  for (const daemon of daemons) {
    const result = await shell.execute(`${daemon}\necho done`);
    assertEquals([result.exitCode, result.stdout.text], [0, "done\n"], daemon);
    assertEquals(processesWith(time), [], daemon);
    const late = await shell.execute(`${daemon}\necho done; sleep ${time}`, { timeout: 1_000 });
    assertEquals([late.exitCode, late.timedOut], [124, true], daemon);
    assertEquals(processesWith(time), [], daemon);
  }
});

test("ends what ignores signals, closes its output, or stops itself", async ({ shell }) => {
  for (
    const script of [
      "trap '' TERM INT HUP QUIT; while :; do sleep 1; done",
      "exec > /dev/null 2>&1; sleep infinity",
      "exec >&- 2>&-; sleep infinity",
      "kill -STOP $$",
      "kill -STOP -1; sleep infinity",
      "cat; sleep infinity",
    ]
  ) {
    const { exitCode, timedOut } = await shell.execute(script, { timeout: 500 });
    assertEquals([exitCode, timedOut], [124, true], script);
  }
});

test("does not wait for a child that keeps the output open", async ({ shell }) => {
  const time = seconds();
  const { exitCode, stdout } = await shell.execute(`sleep ${time} & echo done; exit 5`);
  assertEquals([exitCode, stdout.text, processesWith(time)], [5, "done\n", []]);
});

test("outlives a command that kills everything it can", async ({ shell }) => {
  const { exitCode, stdout } = await shell.execute(
    "echo before; sleep 60 & sh -c 'kill -9 1; kill -9 -1'; kill -9 $PPID; echo after",
  );
  assertEquals([exitCode, stdout.text], [137, "before\n"]);
  assertEquals((await shell.execute("echo next")).stdout.text, "next\n");
});

test("says 128 and the number of the signal that ended the command", async ({ shell }) => {
  for (
    const [name, number] of [["KILL", 9], ["TERM", 15], ["SEGV", 11], ["INT", 2], ["PIPE", 13]]
  ) {
    const { exitCode, stderr, notes } = await shell.execute(["sh", "-c", `kill -${name} $$`]);
    assertEquals([exitCode, stderr.text, notes], [128 + Number(number), "", []], `${name}`);
  }
});

test("reaps what its commands leave", async ({ shell }) => {
  const script =
    "for i in $(seq 20); do (sleep 0.01 &); done; while ps -o comm= -e | grep -q sleep; do :; done; echo none";
  assertEquals((await shell.execute(script)).stdout.text, "none\n");
});

test("lets signals reach a command that waits for them", async ({ shell }) => {
  const script = "trap 'echo caught; exit 3' INT TERM; kill -INT $$; sleep 1; echo no";
  const { exitCode, stdout } = await shell.execute(script);
  assertEquals([exitCode, stdout.text], [3, "caught\n"]);
});

test("ends a command that starts too many processes", async ({ shell }) => {
  const time = seconds();
  // As many as a machine bears: nobody but the watcher stops them where the superuser runs it.
  const script = `for (1 .. 400) { my $p = fork; exit 9 unless defined $p; ` +
    `exec "sleep", "${time}" unless $p } sleep ${time}`;
  const { exitCode, notes } = await shell.execute(["perl", "-e", script], { timeout: 60_000 });
  const killed = [137, ["The command was killed: it had more than 50 processes"]];
  // For everybody else the kernel counts, and a process that cannot be is no reason to kill others.
  assertEquals([exitCode, notes], Deno.uid() === 0 ? killed : [9, []]);
  assertEquals(processesWith(time), []);
  assertEquals((await shell.execute("echo next")).stdout.text, "next\n");
}, { limits: { processes: 50 } });

test("kills a command whose processes together take too much memory", async ({ shell }) => {
  const perl = `perl -e 'my $x = "x" x (48 << 20); sleep 60'`;
  const { exitCode, notes } = await shell.execute(`for i in 1 2 3 4 5 6; do ${perl} & done; wait`, {
    timeout: 60_000,
  });
  assertEquals([exitCode, notes], [
    137,
    ["The command was killed: it took more than 134217728 bytes of memory"],
  ]);
  // Each alone may take that much.
  assertEquals(
    (await shell.execute(`perl -e 'my $x = "x" x (48 << 20); print length $x'`)).exitCode,
    0,
  );
}, { limits: { memoryBytes: 128 * 1024 ** 2 } });

test("counts memory that processes share once", async ({ shell }) => {
  const script =
    `my $x = "x" x (64 << 20); fork for 1..3; select undef, undef, undef, 0.5; print "ok "`;
  const { exitCode, stdout, notes } = await shell.execute(["perl", "-e", script]);
  assertEquals([exitCode, stdout.text.startsWith("ok"), notes], [0, true, []]);
}, { limits: { memoryBytes: 192 * 1024 ** 2 } });

test("kills a command that fills memory by files without a name", async ({ shell }) => {
  // memfd_create: 319 on x86_64, 279 on aarch64.
  const call = Deno.build.arch === "aarch64" ? 279 : 319;
  const script = `my $n = "m"; my @k; for (1 .. 100) { my $d = syscall(${call}, $n, 0); ` +
    `open(my $h, ">&=", $d) or die; for (1 .. 16) { syswrite($h, "x" x (1 << 20)) or die } push @k, $h } sleep 60`;
  const { exitCode, notes } = await shell.execute(["perl", "-e", script], { timeout: 60_000 });
  assertEquals([exitCode, notes.length], [137, 1]);
  assertStringIncludes(notes[0] ?? "", "bytes of memory");
}, { limits: { memoryBytes: 128 * 1024 ** 2 }, othersBytes: 0 });

test("refuses a process more memory than the command may have", async ({ shell }) => {
  const { exitCode, stderr } = await shell.execute(["perl", "-e", 'my $x = "x" x (1 << 30)']);
  assert(exitCode !== 0);
  assertStringIncludes(stderr.text, "Out of memory");
}, { limits: { memoryBytes: 128 * 1024 ** 2 } });

test(
  "bounds files, processor time and open files, and leaves no core",
  async ({ shell, project }) => {
    const large = await shell.execute(["head", "-c", "2000000", "/dev/zero"]);
    assertEquals(large.exitCode, 0);
    const file = await shell.execute(["dd", "if=/dev/zero", "of=/project/f", "bs=1M", "count=2"]);
    assertEquals([file.exitCode, file.notes], [
      128 + 25,
      ["A process was ended: it wrote a file of more than 1000000 bytes"],
    ]);
    assertEquals((await Deno.stat(`${project}/f`)).size, 1_000_000);
    const busy = await shell.execute(["perl", "-e", "1 while 1"]);
    assertEquals([busy.exitCode, busy.notes], [
      128 + 24,
      ["A process was ended: it took over 1 seconds of processor time"],
    ]);
    const bounds = await shell.execute("ulimit -n; ulimit -c; ulimit -Hc; ulimit -p");
    assertEquals(bounds.stdout.text, "1024\n0\n0\n50\n");
  },
  { limits: { fileBytes: 1_000_000, cpuSeconds: 1, processes: 50 } },
);

test("keeps a flood of output within its bound", async ({ shell }) => {
  const script = "yes | head -c 20000000 >&2 & yes | head -c 20000000; wait";
  const { exitCode, stdout, stderr } = await shell.execute(script, { outputBytes: 10_000 });
  assertEquals([exitCode, stdout.bytes, stderr.bytes], [0, 20_000_000, 20_000_000]);
  assertEquals([stdout.bytes - stdout.omitted, stderr.bytes - stderr.omitted], [10_000, 10_000]);
  assert(stdout.text.length < 10_100 && stderr.text.length < 10_100);
});

test("has an ordinary user, no network and no way into other namespaces", async ({ shell }) => {
  const { stdout } = await shell.execute(
    "id -u; id -un; id -g; hostname; grep -h '^Cap' /proc/self/status | sort -u | grep -vc 0000000000000000; " +
      "ip -o addr 2>/dev/null | grep -v ' lo ' | wc -l; cat /proc/net/dev | tail -n +3 | grep -vc lo:; " +
      "unshare -U true 2>/dev/null || echo no; cat /proc/1/environ 2>/dev/null || echo closed",
  );
  assertEquals(stdout.text, "1000\nuser\n1000\nsandbox\n0\n0\n0\nno\nclosed\n");
  const connect =
    `use Socket; socket(S, PF_INET, SOCK_STREAM, 0); connect(S, pack_sockaddr_in(PORT, inet_aton("127.0.0.1"))) or die $!; print "reached"`;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const script = connect.replace("PORT", `${listener.addr.port}`);
  const { exitCode, stderr } = await shell.execute(["perl", "-e", script]);
  listener.close();
  assert(exitCode !== 0);
  assertStringIncludes(stderr.text, "refused");
});

test("sees its own processes and none of the machine", async ({ shell }) => {
  const { stdout } = await shell.execute(
    "ls /proc | grep -c '^[0-9]'; ls /proc | grep '^[0-9]' | head -1",
  );
  const [count, first] = stdout.text.split("\n");
  assert(Number(count) < 12, stdout.text);
  assertEquals(first, "1");
});

test("has nothing of this program's surroundings", async ({ shell, directory }) => {
  Deno.env.set("ROUTEBOOK_TEST_SECRET", "SECRET-7");
  try {
    const { stdout } = await shell.execute(
      `env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'; ls ${directory} 2>&1; ls /root /home /work 2>&1`,
      { env: { OWN: "1" } },
    );
    assert(!stdout.text.includes("SECRET-7"));
    assert(!stdout.text.includes("stage"), stdout.text);
    assertStringIncludes(stdout.text, "OWN=1");
    const own = (await shell.execute(["env"], { env: { OWN: "1" } })).stdout.text;
    assertEquals(own.trim().split("\n").sort(), [
      "HOME=/run/home",
      "LANG=C.UTF-8",
      "OWN=1",
      "PATH=/usr/local/bin:/usr/bin:/bin",
      "PWD=/",
    ]);
  } finally {
    Deno.env.delete("ROUTEBOOK_TEST_SECRET");
  }
});

test("cannot be led astray by variables of the call", async ({ shell }) => {
  // What would change the programs that set the command up.
  const env = {
    LD_PRELOAD: "/project/evil.so",
    LD_LIBRARY_PATH: "/project",
    ENV: "/project/evil.sh",
    BASH_ENV: "/project/evil.sh",
    PATH: "/project:/usr/bin:/bin",
    HOME: "/project",
  };
  await shell.execute("echo 'echo evil' > /project/evil.sh; echo x > /project/evil.so");
  await shell.execute(
    "printf '#!/bin/sh\\necho mine' > /project/prlimit; chmod +x /project/prlimit",
  );
  const { stdout } = await shell.execute("ulimit -n; echo $HOME; prlimit", { env });
  assertEquals(stdout.text, "1024\n/project\nmine\n");
});

test("runs the usual programs", async ({ shell, project }) => {
  const { exitCode, stdout, stderr } = await shell.execute(
    `set -e; cd /project; git init -q .; git config user.email a@b.c; git config user.name n
echo 1 > a; git add a; git commit -qm one; git log --format=%s; tar -cf /t.tar a; mkdir /x; tar -xf /t.tar -C /x; cat /x/a
find / -maxdepth 1 -name x; awk 'BEGIN { print 6 * 7 }'; printf 'a b\\n' | sed s/b/c/ | tr a-z A-Z
[ ! -x /usr/bin/python3 ] || python3 -c 'import os, json; print(json.dumps(os.getcwd()))' > py; sort -R a > /dev/null`,
  );
  assertEquals([exitCode, stderr.text, stdout.text], [0, "", "one\n1\n/x\n42\nA C\n"]);
  assertEquals(await Deno.readTextFile(`${project}/a`), "1\n");
});

test("takes scripts as long as any may be, and says which arguments are too long", async ({ shell }) => {
  const script = `echo "$0 $#"; : ${"é".repeat(100_000)}`;
  assertEquals((await shell.execute(script)).stdout.text, "sh 0\n");
  assertEquals((await shell.execute(`${script}\nexit 7`)).exitCode, 7);
  assertEquals(await codeOf(shell.execute(["echo", "é".repeat(70_000)])), "too_large");
  assertEquals(
    (await shell.execute(["sh", "-c", "echo ${#1}", "sh", "x".repeat(130_000)])).stdout.text,
    "130000\n",
  );
});

test("gives its programs their input, whether they read it or not", async ({ shell }) => {
  const stdin = "0123456789abcdef".repeat(500_000);
  assertEquals((await shell.execute("wc -c", { stdin })).stdout.text, "8000000\n");
  assertEquals((await shell.execute("head -c 4", { stdin })).stdout.text, "0123");
  assertEquals((await shell.execute("true", { stdin })).exitCode, 0);
  assertEquals(
    (await shell.execute("exec <&-; sleep 0.1; echo ok", { stdin })).stdout.text,
    "ok\n",
  );
  assertEquals((await shell.execute("cat")).stdout.text, "");
});

test("makes its places anew, whatever a command did to them", async ({ shell, sandbox }) => {
  for (
    const script of [
      "rmdir /project; rm -rf /usr /bin; mv /project /p; ln -s /etc /project",
      "chmod 000 /; chmod 000 /tmp",
      "rm -rf /project /run /tmp /etc 2>/dev/null; rmdir /usr /bin /proc /sys /dev; mkdir -p /lib32/x /sys/x",
    ]
  ) {
    await sandbox.execute(script);
    const { exitCode, stdout } = await shell.execute(
      "ls -d /project /usr/bin /etc/passwd; ls /readonly",
    );
    assertEquals([exitCode, stdout.text], [
      0,
      "/etc/passwd\n/project\n/usr/bin\nfixed.txt\ninner\n",
    ], script);
  }
});

Deno.test("SandboxShell refuses prefixes that nothing can be mounted on", () => {
  const make = (prefix: string) => () =>
    new SandboxShell({ stage: "/s", mounts: [{ prefix, directory: "/d", access: "read" }] });
  for (
    const [prefix, reason] of [
      ["/", "it is the root"],
      ["/project", "it must begin and end with a slash"],
      ["project/", "it must begin and end with a slash"],
      ["/a//b/", "it must begin and end with a slash"],
      ["/usr/", "it is a directory of the system"],
      ["/etc/x/", "it is a directory of the system"],
      ["/a/../etc/", "it has a name that no directory has"],
    ] as const
  ) {
    assertThrows(make(prefix), TypeError, `Cannot mount anything at '${prefix}': ${reason}`);
  }
  make("/usr2/")();
});

/** A shell over directories of which some are not there. */
async function withShell(
  options: (directory: string) => Partial<SandboxShellOptions>,
  run: (shell: SandboxShell, directory: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${directory}/stage`);
    const mounts: SandboxShellOptions["mounts"] = [];
    await run(
      new SandboxShell({ stage: `${directory}/stage`, mounts, ...options(directory) }),
      directory,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test({
  name: "SandboxShell.execute() says what of the host is missing, without naming its places",
  ignore: NO_SANDBOX !== undefined,
  fn: async () => {
    const mount = (prefix: string, directory: string) => ({
      prefix,
      directory,
      access: "read-write" as const,
    });
    const cases: readonly ((directory: string) => Partial<SandboxShellOptions>)[] = [
      (directory) => ({ mounts: [mount("/project/", `${directory}/missing`)] }),
      (directory) => ({
        mounts: [mount("/project/", directory), mount("/project/cache/", directory)],
      }),
      () => ({ bubblewrap: "/usr/bin/false" }),
      () => ({ bubblewrap: "/nowhere/bwrap" }),
    ];
    for (const options of cases) {
      await withShell(options, async (shell, directory) => {
        let failure: unknown;
        await shell.execute("true").catch((error) => failure = error);
        assert(failure instanceof Error && "code" in failure, String(failure));
        assertEquals(failure.code, "io");
        assert(!failure.message.includes(directory) && !failure.message.includes("nowhere"));
      });
    }
    await withShell(() => ({ proc: "/nowhere" }), async (shell) => {
      assertEquals(await codeOf(shell.execute("true")), "unsupported");
    });
  },
});

Deno.test({
  name: "SandboxShell.execute() follows no link that a command puts above what is mounted",
  ignore: NO_SANDBOX !== undefined,
  fn: async () => {
    await withShell((directory) => {
      for (const path of ["disk/sub/deep", "secret/deep"]) {
        Deno.mkdirSync(`${directory}/${path}`, { recursive: true });
      }
      Deno.writeTextFileSync(`${directory}/secret/deep/key`, "secret");
      return {
        mounts: [
          { prefix: "/a/", directory: `${directory}/disk`, access: "read-write" },
          { prefix: "/b/", directory: `${directory}/disk/sub/deep`, access: "read" },
        ],
      };
    }, async (shell, directory) => {
      await shell.execute(`cd /a; mv sub old; ln -s ${directory}/secret sub`);
      assertEquals(await codeOf(shell.execute("cat /b/key")), "io");
      await Deno.remove(`${directory}/disk/sub`);
      await Deno.rename(`${directory}/disk/old`, `${directory}/disk/sub`);
      assertEquals((await shell.execute("ls /b")).exitCode, 0);
    });
  },
});

Deno.test({
  name: "SandboxShell.execute() mounts directories inside one another, and keeps both in place",
  ignore: NO_SANDBOX !== undefined,
  fn: async () => {
    await withShell((directory) => {
      for (const path of ["outer/a/cache", "outer/a/b", "inner"]) {
        Deno.mkdirSync(`${directory}/${path}`, { recursive: true });
      }
      Deno.writeTextFileSync(`${directory}/outer/a/cache/hidden`, "");
      return {
        mounts: [
          {
            prefix: "/deep/project/a/cache/",
            directory: `${directory}/inner`,
            access: "read-write",
          },
          { prefix: "/deep/project/", directory: `${directory}/outer`, access: "read-write" },
        ],
      };
    }, async (shell, directory) => {
      const { exitCode } = await shell.execute(
        "cd /deep/project; echo i > a/cache/i; echo o > a/o; mv a/b b; mv a moved; mv /deep /moved",
      );
      assertEquals(exitCode, 1);
      assertEquals(
        (await shell.execute("ls /deep/project /deep/project/a/cache")).stdout.text,
        "/deep/project:\na\nb\n\n/deep/project/a/cache:\ni\n",
      );
      assertEquals(Deno.readTextFileSync(`${directory}/inner/i`), "i\n");
      assertEquals(Deno.readTextFileSync(`${directory}/outer/a/o`), "o\n");
      assertEquals([...Deno.readDirSync(`${directory}/outer/a/cache`)].length, 1);
      // Nothing of memory can take the place of what leads to a mount.
      const { stage } = shell;
      await stage.changes();
      const file = { path: "/deep", type: "file", bytes: new Uint8Array() } as const;
      assertEquals(await codeOf(stage.put([file])), "denied");
      assertEquals(await codeOf(stage.delete(["/deep"])), "denied");
    });
  },
});
