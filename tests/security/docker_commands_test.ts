/**
 * What a command in a container can reach from within: real containers of both engines, and commands
 * doing their worst. Each attack says who refuses it.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { ENGINES } from "../backends/_docker_subject.ts";
import { testOn } from "../support/engine.ts";
import { ContainerWorld } from "./_container.ts";
import { CANARY } from "./_world.ts";

/** What is tried, as a script, and what it prints: all of it. */
interface Attack {
  readonly name: string;
  /** Who refuses it. */
  readonly by: string;
  readonly script: string;
  readonly prints: RegExp;
}

const NOTHING = "no capability";
const MOUNT = "the read-only mount";
const ROOT = "the first process, which is root's";
const DENIED = /(?:Permission denied|Operation not permitted)\n$/;

/** What nobody in a container may do. Each prints one line. */
const ATTACKS: readonly Attack[] = [
  {
    name: "make a namespace of mounts",
    by: NOTHING,
    script: "unshare -m true 2>&1",
    prints: /Operation not permitted\n$/,
  },
  {
    name: "enter the namespace of the first process",
    by: ROOT,
    script: "nsenter -t 1 -m true 2>&1",
    prints: DENIED,
  },
  {
    name: "mount a file system",
    by: NOTHING,
    script: "mount -t tmpfs none /project 2>&1",
    prints: /permission denied/,
  },
  {
    name: "mount what may only be read again",
    by: NOTHING,
    script: "mount -o remount,rw /src 2>&1",
    prints: /permission denied/,
  },
  {
    name: "unmount it",
    by: NOTHING,
    script: "umount -l /src 2>&1",
    prints: /Operation not permitted\n$/,
  },
  {
    name: "rename it",
    by: "the root, which is root's",
    script: "mv /src /taken 2>&1",
    prints: /(?:Operation not permitted|busy)\n$/,
  },
  {
    name: "put a directory in its place",
    by: "the root, which is root's",
    script: "rmdir /src 2>&1",
    prints: /(?:Operation not permitted|busy)\n$/,
  },
  {
    name: "write to a file of it",
    by: MOUNT,
    script: "{ echo taken > /src/main.py; } 2>&1",
    prints: /Read-only file system\n$/,
  },
  {
    name: "make a file in it",
    by: MOUNT,
    script: "{ echo taken > /src/new.py; } 2>&1",
    prints: /Read-only file system\n$/,
  },
  {
    name: "rename a file of it",
    by: MOUNT,
    script: "mv /src/main.py /src/taken.py 2>&1",
    prints: /Read-only file system\n$/,
  },
  {
    name: "let everybody at a file of it",
    by: MOUNT,
    script: "chmod 777 /src/main.py 2>&1",
    prints: /Read-only file system\n$/,
  },
  {
    name: "link a file of it into what it may change",
    by: "the kernel: it is another mount",
    script: "ln /src/main.py /project/hard 2>&1",
    prints: /Invalid cross-device link\n$/,
  },
  {
    name: "link a file of the image there",
    by: "the kernel: it is another mount",
    script: "ln /etc/hostname /project/hard 2>&1",
    prints: /Invalid cross-device link\n$|Operation not permitted\n$/,
  },
  {
    name: "make a block device",
    by: NOTHING,
    script: "mknod /project/disk b 259 0 2>&1",
    prints: /Operation not permitted\n$/,
  },
  {
    name: "make a character device",
    by: NOTHING,
    script: "mknod /project/memory c 1 1 2>&1",
    prints: /Operation not permitted\n$/,
  },
  {
    name: "give a file to somebody else",
    by: NOTHING,
    script: "touch /project/given; chown 0 /project/given 2>&1",
    prints: /Operation not permitted\n$/,
  },
  {
    name: "become root by a program of root's that has the set-user-ID bit",
    by: "no-new-privileges",
    script: "/project/setuid 2>&1",
    prints: /^1000 1000\n$/,
  },
  {
    name: "kill the first process",
    by: ROOT,
    script: "kill -9 1 2>&1; echo alive",
    prints: /not permitted\nalive\n$/,
  },
  {
    name: "read the environment of the first process",
    by: ROOT,
    script: "cat /proc/1/environ 2>&1",
    prints: /Permission denied\n$/,
  },
  {
    name: "read the memory of the first process",
    by: ROOT,
    script: "head -c 1 /proc/1/mem 2>&1",
    prints: /Permission denied\n$/,
  },
  {
    name: "end the input of the first process, and with it the container",
    by: ROOT,
    script: "{ : > /proc/1/fd/0; } 2>&1",
    prints: /Permission denied\n$/,
  },
  {
    name: "set the machine's name",
    by: NOTHING,
    script: "hostname taken 2>&1",
    prints: /Operation not permitted\n$/,
  },
  {
    name: "set the machine's clock",
    by: NOTHING,
    script: "date -s 2000-01-01 2>&1 > /dev/null",
    prints: /Operation not permitted\n$/,
  },
  {
    name: "have a program of its own run by the kernel",
    by: "a mount that is read-only",
    script: "{ echo '|/project/taken' > /proc/sys/kernel/core_pattern; } 2>&1",
    prints: /Read-only file system\n$/,
  },
  {
    name: "go to another root",
    by: NOTHING,
    script: "chroot / true 2>&1",
    prints: /Operation not permitted\n$/,
  },
  {
    name: "read the kernel's messages",
    by: NOTHING,
    script: "dmesg 2>&1 | head -n 1",
    prints: /Operation not permitted\n$/,
  },
  {
    name: "make a network of its own",
    by: NOTHING,
    script: "ip link add taken type dummy 2>&1",
    prints: /Operation not permitted\n$/,
  },
  {
    name: "change a program of the image",
    by: "its owner, root",
    script: "{ echo taken > /bin/sh; } 2>&1",
    prints: /Permission denied\n$/,
  },
  {
    name: "rename the directory of such programs",
    by: "the root, which is root's",
    script: "mv /bin /taken 2>&1",
    prints: /Operation not permitted\n$/,
  },
  {
    name: "add a user",
    by: "the owner of the file, root",
    script: "{ echo taken::0:0::/:/bin/sh >> /etc/passwd; } 2>&1",
    prints: /Permission denied\n$/,
  },
  {
    name: "reach a machine that it knows the address of",
    by: "the kernel: there is no network but the container's own",
    script: "nc -w 1 169.254.169.254 80 2>&1",
    prints: /Network is unreachable\n$/,
  },
];

/** A shell script of root's with the bit, and a program: a copy of busybox, which says who it is. */
async function plantSetuid({ world, box }: ContainerWorld): Promise<void> {
  const bytes = await box.execute("readlink -f /bin/sh");
  assertEquals(bytes.exitCode, 0);
  await box.execute("cp $(readlink -f /bin/sh) /project/busybox");
  const program = world.at("ws/project/busybox");
  await Deno.chown(program, 0, 0);
  await Deno.chmod(program, 0o4755);
  const script = "#!/project/busybox sh\nset -- $(grep ^Uid: /proc/self/status); echo $2 $3\n";
  await Deno.writeTextFile(world.at("ws/project/setuid"), script);
  await Deno.chmod(world.at("ws/project/setuid"), 0o755);
}

for (const [name, engine] of Object.entries(ENGINES)) {
  testOn(
    engine,
    `a command in a container of ${name} reaches nothing beyond it: no capability, no network, no host`,
    async (on, t) => {
      await using container = await ContainerWorld.start(on);
      const { world, box } = container;
      const isRoot = Deno.uid() === 0;
      if (isRoot) await plantSetuid(container);
      const before = JSON.stringify([...Deno.readDirSync(world.at("ws"))].map(({ name }) => name));
      for (const { name, by, script, prints } of ATTACKS) {
        const needsRoot = script.includes("/project/setuid");
        await t.step({
          name: `cannot ${name}: ${by}`,
          ignore: needsRoot && !isRoot,
          fn: async () => assertMatch(await container.run(script), prints),
        });
      }
      await t.step("is an ordinary user with no capability and no way to one", async () => {
        const status = await container.run("cat /proc/self/status");
        const fields = new Map(
          status.split("\n").map((line) => {
            const [key = "", ...words] = line.split(/\s+/);
            return [key.replace(":", ""), words.join(" ")] as const;
          }),
        );
        for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
          assertEquals(fields.get(set), "0000000000000000", set);
        }
        assertEquals([fields.get("Uid"), fields.get("Gid")], [
          "1000 1000 1000 1000",
          "1000 1000 1000 1000",
        ]);
        assertEquals([fields.get("NoNewPrivs"), fields.get("Seccomp")], ["1", "2"]);
        assert(["", "1000"].includes(fields.get("Groups")?.trim() ?? "none"), fields.get("Groups"));
      });
      await t.step("is as little in the file server, which does what tools ask", async () => {
        const found = await container.run(
          "for p in /proc/[0-9]*; do [ -O $p ] && grep -E '^(Cap|NoNew|Uid)' $p/status; done | sort -u",
        );
        for (const line of found.trim().split("\n")) {
          assertMatch(line, /^(?:Cap...:\t0{16}|NoNewPrivs:\t1|Uid:(?:\t1000){4})$/);
        }
      });
      await t.step("sees no process but the container's own", async () => {
        const seen = await container.run(
          "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done 2> /dev/null",
        );
        for (const word of ["deno", "docker", "podman", "conmon", "containerd", world.directory]) {
          assert(!seen.includes(word), `it sees '${word}': ${seen}`);
        }
      });
      await t.step("has no network but the container's own", async () => {
        const seen = await container.run(
          "tail -n +3 /proc/net/dev | cut -d: -f1; tail -n +2 /proc/net/route; cat /proc/net/unix | tail -n +2",
        );
        assertEquals(seen.trim(), "lo");
      });
      await t.step("finds no socket, nor anything of the engine's", async () => {
        const seen = await container.run(
          "find / -xdev -type s 2> /dev/null; find / -name '*.sock' 2> /dev/null; " +
            "find / -xdev \\( -name docker\\* -o -name podman\\* -o -name containerd\\* \\) 2> /dev/null; " +
            "ls -d /var/run/* /run/podman /run/docker* 2> /dev/null | grep -v -e image -e box -e home",
        );
        // What Podman tells its containers that they are.
        assertEquals(seen.trim().replace("/run/.containerenv", ""), "");
      });
      await t.step("has the variables of its box and no others", async () => {
        Deno.env.set("ROUTEBOOK_TEST_SECRET", CANARY);
        try {
          const seen = await container.run(
            "env | cut -d= -f1 | sort; cat /proc/[0-9]*/environ 2> /dev/null | tr '\\0' '\\n'",
          );
          const [home, lang, path, pwd, ...more] = seen.trim().split("\n");
          assertEquals([home, lang, path, pwd], ["HOME", "LANG", "PATH", "PWD"]);
          for (const line of more) {
            assertMatch(
              line,
              /^(?:SHLVL|(?:HOME|LANG|PATH|PWD|SHLVL|HOSTNAME|container|TERM)=.*)$/,
            );
          }
        } finally {
          Deno.env.delete("ROUTEBOOK_TEST_SECRET");
        }
      });
      await t.step("has no file open but its input and output", async () => {
        const listed = await container.run(
          "ls -l /proc/self/fd | sed -n 's/.* \\([0-9]* -> .*\\)/\\1/p'",
        );
        const [input, output, errors, ...more] = listed.trim().split("\n");
        assertEquals(input, "0 -> /dev/null");
        assertMatch(output ?? "", /^1 -> pipe:/);
        assertMatch(errors ?? "", /^2 -> (?:pipe:|\/dev\/null)/);
        assertEquals(more.filter((line) => !line.startsWith("3 -> /proc/")), []);
      });
      await t.step("finds no file of the machine", async () => {
        const names = ["outside/secret.txt", "ws-sibling/secret.txt", "flow/attack.yaml"];
        const reads = names.map((name) => `cat '${world.at(name)}'`).join("; ");
        const above = "cat /project/../../outside/secret.txt /project/../outside/secret.txt";
        const seen = await container.run(
          `(${reads}; ${above}; cat /etc/shadow /root/.ssh/* /proc/1/root/etc/shadow) 2>&1; ` +
            `grep -rs ${CANARY} /project /src /tmp /home /var /run /dev/shm /workspace | head -n 1`,
        );
        assert(!seen.includes(CANARY), seen);
        for (const line of seen.trim().split("\n")) {
          assertMatch(line, /(?:No such file or directory|Permission denied)$/);
        }
      });
      await t.step("leaves nothing outside of its directory", () => {
        const after = JSON.stringify([...Deno.readDirSync(world.at("ws"))].map(({ name }) => name));
        assertEquals(after, before);
        assertEquals(Deno.readTextFileSync(world.at("ws/src/main.py")), "ws/src/main.py\n");
        world.assertUntouched();
      });
      assertEquals((await box.execute("true")).exitCode, 0);
    },
  );
}
