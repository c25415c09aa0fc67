/**
 * What a command of the sandbox shell can reach from within: one real host in bubblewrap, and its
 * commands doing their worst. Each attack says who refuses it.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Host } from "./_host.ts";
import { needing } from "./_machine.ts";
import { descendantsOf } from "./_proc.ts";
import { CANARY, World } from "./_world.ts";

const FLOW = {
  backends: {
    disk: { type: "local", root: "../ws/project" },
    source: { type: "local", root: "../ws/src", access: "read" },
    memory: { type: "state" },
  },
  default: "memory",
  routes: { "/project/": "disk", "/src/": "source" },
};

/** What is tried, as a script, and what it prints: all of it. */
interface Attack {
  readonly name: string;
  /** Who refuses it. */
  readonly by: string;
  readonly script: string;
  readonly prints: RegExp;
}

const KERNEL = "the kernel";
const MOUNT = "the read-only mount";

/** What nobody in a sandbox may do. Each prints one line. */
const ATTACKS: readonly Attack[] = [
  {
    name: "make a namespace of users",
    by: "bubblewrap's --disable-userns",
    script: "unshare --user true 2>&1",
    prints: /^unshare: unshare failed: (?:No space left on device|Operation not permitted)\n$/,
  },
  {
    name: "make a namespace of mounts",
    by: "no capability",
    script: "unshare --mount true 2>&1",
    prints: /Operation not permitted\n$/,
  },
  {
    name: "enter the namespace of the first process",
    by: "its program, which nobody may read",
    script: "nsenter --target 1 --mount true 2>&1",
    prints: /(?:Permission denied|Operation not permitted)\n$/,
  },
  {
    name: "mount a file system",
    by: "no capability",
    script: "mount -t tmpfs none /project 2>&1 | head -1",
    prints: /must be superuser|permission denied/i,
  },
  {
    name: "unmount one",
    by: "no capability",
    script: "umount /src 2>&1 | head -1",
    prints: /umount failed|must be superuser|not permitted/i,
  },
  {
    name: "make a block device",
    by: "no capability",
    script: "mknod /project/disk b 259 0 2>&1",
    prints: /Operation not permitted\n$/,
  },
  {
    name: "make a character device",
    by: "no capability",
    script: "mknod /project/mem c 1 1 2>&1",
    prints: /Operation not permitted\n$/,
  },
  {
    name: "set a user's bit",
    by: "the filter of system calls",
    script: "touch /project/suid; chmod u+s /project/suid 2>&1",
    prints: /Operation not permitted\n$/,
  },
  {
    name: "set a group's bit",
    by: "the filter of system calls",
    script: "touch /project/sgid; chmod g+s /project/sgid 2>&1",
    prints: /Operation not permitted\n$/,
  },
  {
    name: "give a file to somebody else",
    by: "the namespace of users, which has nobody else",
    script: "touch /project/given; chown 0 /project/given 2>&1",
    prints: /Invalid argument\n$/,
  },
  {
    name: "become somebody else",
    by: "the namespace of users",
    script: "setpriv --reuid 0 true 2>&1",
    prints: /Invalid argument\n$/,
  },
  {
    name: "kill the first process of its own namespace",
    by: KERNEL,
    script: "kill -9 1; echo alive",
    prints: /^alive\n$/,
  },
  {
    name: "read the environment of the first process",
    by: "its program, which nobody may read",
    script: "cat /proc/1/environ 2>&1",
    prints: /Permission denied\n$/,
  },
  {
    name: "read the memory of the first process",
    by: "its program, which nobody may read",
    script: "head -c 1 /proc/1/mem 2>&1",
    prints: /Permission denied\n$/,
  },
  {
    name: "go through the first process's root",
    by: "its program, which nobody may read",
    script: "ls /proc/1/root/ 2>&1",
    prints: /Permission denied\n$/,
  },
  {
    name: "set the machine's name",
    by: "no capability",
    script: "hostname taken 2>&1",
    prints: /must be root|not permitted/,
  },
  {
    name: "set the machine's clock",
    by: "no capability",
    script: "date --set 2000-01-01 2>&1 >/dev/null",
    prints: /Operation not permitted\n$/,
  },
  {
    name: "go before others",
    by: "no capability",
    script: "nice --adjustment=-5 true 2>&1",
    prints: /Permission denied\n$/,
  },
  {
    name: "write a setting of the kernel",
    by: MOUNT,
    script: "sh -c ': >/proc/sys/kernel/core_pattern' 2>&1",
    prints: /Read-only file system\n$/,
  },
  {
    name: "press the kernel's keys",
    by: MOUNT,
    script: "sh -c 'echo h >/proc/sysrq-trigger' 2>&1",
    prints: /Read-only file system|Permission denied|nonexistent/,
  },
  {
    name: "read the kernel's log",
    by: "no capability",
    script: "head -c 1 /proc/kmsg 2>&1",
    prints: /Operation not permitted|Permission denied/,
  },
  {
    name: "read the machine's memory",
    by: "no capability",
    script: "head -c 1 /proc/kcore 2>&1; head -c 1 /dev/mem 2>&1",
    prints: /^head: cannot open [^\n]*\nhead: cannot open [^\n]*\n$/,
  },
  ...["/usr/bin/x", "/bin/x", "/etc/x", "/lib/x", "/src/x", "/run/init"].map((path) => ({
    name: `write ${path}`,
    by: MOUNT,
    script: `sh -c ': >${path}' 2>&1`,
    prints: /Read-only file system|Permission denied/,
  })),
  {
    name: "make a device of /dev",
    by: MOUNT,
    script: "touch /dev/x 2>&1",
    prints: /Read-only file system\n$/,
  },
  {
    name: "replace a directory that is mounted",
    by: "the mount",
    script: "mv /project /elsewhere 2>&1; rm -rf /src 2>&1 | tail -1",
    prints: /^mv: [^\n]*(?:Device or resource busy|Read-only)[^\n]*\nrm: [^\n]*(?:busy|Read-only)/,
  },
  {
    name: "link a file of the system into its directory",
    by: "the mounts, which are two",
    script: "ln /usr/bin/env /project/env 2>&1",
    prints: /Invalid cross-device link\n$/,
  },
  {
    name: "link a file that is only read into one that is written",
    by: "the mounts, which are two",
    script: "ln /src/main.py /project/linked.py 2>&1",
    prints: /Invalid cross-device link\n$/,
  },
  {
    name: "see a disk",
    by: "bubblewrap's /dev",
    script: "ls -l /dev | sed -n 's/^[bc].* //p' | tr '\\n' ' '",
    prints: /^full null random tty urandom zero $/,
  },
  {
    name: "find a file with another user's rights to run with",
    by: "no_new_privs and nosuid",
    script: "grep -E 'NoNewPrivs|CapEff|CapBnd|Seccomp:' /proc/self/status | tr -s '\\t\\n' ' '; " +
      "grep -cv nosuid /proc/self/mounts",
    prints: /^CapEff: 0{16} CapBnd: 0{16} NoNewPrivs: 1 Seccomp: 2 0\n$/,
  },
  {
    name: "write anything of the kernel's in /proc",
    by: "the kernel and the read-only mounts",
    script:
      "find /proc -path '/proc/[0-9]*' -prune -o -type f ! -path '/proc/pressure/*' -print | " +
      'while read -r f; do sh -c \': >>"$1"\' sh "$f" 2>/dev/null && echo "$f"; done; echo none',
    prints: /^none\n$/,
  },
];

Deno.test({
  ...needing("a sandbox command reaches nothing beyond its mounts", "linux", "bubblewrap"),
  async fn(t) {
    await using world = await World.make();
    await world.file("ws/project/main.py");
    await world.file("ws/src/main.py");
    await using host = await Host.start(world, FLOW);
    const run = async (script: string) => (await host.shell.execute(script)).stdout.text;
    // One command for all: each prints what it has to say between two lines that nobody else does.
    const all = ATTACKS.map(({ script }, index) => `echo '<${index}>'; ${script}\necho`).join("\n");
    const printed = (await run(all)).split(/^<\d+>\n/m).slice(1);
    assertEquals(printed.length, ATTACKS.length);
    for (const [index, { name, by, prints }] of ATTACKS.entries()) {
      await t.step(`cannot ${name}: ${by} refuses`, () => {
        assertMatch((printed[index] ?? "").replace(/\n$/, ""), prints);
      });
    }
    await t.step("leaves no bit, owner or device outside", () => {
      for (const { name } of Deno.readDirSync(world.at("ws/project"))) {
        const { mode, uid, isFile } = Deno.lstatSync(world.at(`ws/project/${name}`));
        assertEquals([(mode ?? 0) & 0o7000, uid, isFile], [0, Deno.uid(), true], name);
      }
    });
    await t.step("sees exactly the promised variables: our code sets them all", async () => {
      const own = ["HOME=/run/home", "LANG=C.UTF-8", "PATH=/usr/local/bin:/usr/bin:/bin"];
      const environ = "cat /proc/self/environ | tr '\\0' '\\n' | sort";
      assertEquals(await run(environ), [...own, "PWD=/", ""].join("\n"));
      const { stdout } = await host.shell.execute(environ, {
        cwd: "/project",
        env: { NAME: "a\nb,c", HOME: "/project" },
      });
      const expected = ["HOME=/project", ...own.slice(1), "NAME=a", "b,c", "PWD=/project"].sort();
      assertEquals(stdout.text, [...expected, ""].join("\n"));
    });
    await t.step("sees no process but its own: its namespace of processes", async () => {
      const seen = await run(
        "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline; echo; cat $p/environ; done 2>/dev/null",
      );
      assertStringIncludes(seen, "/run/init");
      for (const word of ["bwrap", "deno", "host.ts", world.directory, "routebook", "DENO_"]) {
        assert(!seen.includes(word), `it sees '${word}'`);
      }
    });
    await t.step(
      "has no file open but its input and output: our code closes the rest",
      async () => {
        const listed = await run("ls -l /proc/self/fd | sed -n 's/.* \\([0-9]* -> .*\\)/\\1/p'");
        const [input, output, errors, directory, ...more] = listed.trim().split("\n");
        assertEquals(input, "0 -> /dev/null");
        assertMatch(output ?? "", /^1 -> pipe:/);
        assertMatch(errors ?? "", /^2 -> pipe:/);
        // What `ls` itself reads.
        assertMatch(directory ?? "", /^3 -> \/proc\/\d+\/fd$/);
        assertEquals(more, []);
      },
    );
    await t.step("finds no file of the machine: nothing else is mounted", async () => {
      const names = ["outside/secret.txt", "ws-sibling/secret.txt", "flow/attack.yaml"];
      const reads = names.map((name) => `cat '${world.at(name)}'`).join("; ");
      const script =
        `(${reads}; cat /etc/shadow /etc/hostname /root/.ssh/* /home/*/.ssh/*) 2>&1; ` +
        `grep -rs ${CANARY} /project /src /tmp /home /var /run /dev/shm | head -1; ls /tmp /home /root /var`;
      const seen = await run(script);
      assert(!seen.includes(CANARY));
      for (const line of seen.trim().split("\n")) assertMatch(line, /No such file or directory$/);
    });
    await t.step("leaves no process: the end of its namespace", async () => {
      const before = descendantsOf(host.child.pid).length;
      await run(
        "(setsid sleep 600 >/dev/null 2>&1 &); (trap '' TERM HUP; sleep 600) & echo started",
      );
      const after = descendantsOf(host.child.pid).map(({ command }) => command.join(" "));
      assertEquals(after.length, before, after.join("\n"));
    });
    world.assertUntouched();
  },
});

Deno.test({
  ...needing(
    "a sandbox command inherits no open file of whoever starts a run",
    "linux",
    "bubblewrap",
  ),
  async fn() {
    await using world = await World.make();
    await world.file("ws/project/main.py");
    await world.file("ws/src/main.py");
    const opened = ["sh", "-c", 'exec 7<"$0" 8>>"$1"; shift; exec "$@"'];
    const around = [...opened, world.at("outside"), world.at("outside/secret.txt")];
    await using host = await Host.start(world, FLOW, around);
    // The way out that there would be: from a directory that is open, past the namespace's root.
    const { stdout } = await host.shell.execute(
      "ls /proc/self/fd/7/; cat /proc/self/fd/7/secret.txt; echo taken >&8; echo done",
    );
    assertEquals(stdout.text, "done\n");
    // Somewhere on the way it was open indeed.
    const on = descendantsOf(host.child.pid).map(({ pid }) => Deno.readDirSync(`/proc/${pid}/fd`));
    assert(on.some((files) => [...files].some(({ name }) => name === "7")));
    world.assertUntouched();
  },
});
