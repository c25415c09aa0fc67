/**
 * Commands that take all they can get, one after the other in one run with each shell: each is ended
 * or cut by a limit, which is told, and the run goes on.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { needing } from "./_machine.ts";
import { descendantsOf } from "./_proc.ts";
import { type ScriptedCall, World } from "./_world.ts";

/** What a command does, and what the model is told of it. */
interface Bomb {
  readonly name: string;
  readonly call: ScriptedCall;
  readonly told: RegExp;
}

const LIMITS = { cpu: "1s", memory: "128mb", processes: 32, file_size: "4mb", output: "16kb" };

/** A script, with seconds that it has at most. */
function run(command: string, timeout = 10): ScriptedCall {
  return ["execute", { command, timeout }];
}

const perl = (script: string) => `perl -e '${script}'`;

const SANDBOX: readonly Bomb[] = [
  {
    name:
      "a fork bomb is killed with all that it started: the kernel's last number of a process, and our watcher",
    call: run("bomb() { bomb | bomb; }; bomb"),
    told: /Exit code: 137[^]*it had more than 32 processes/,
  },
  {
    name: "a bomb of threads that do nothing is killed: our watcher",
    call: run(perl("for (1 .. 100) { fork or do { sleep 600; exit } } wait")),
    told: /Exit code: 137[^]*it had more than 32 processes/,
  },
  {
    name: "a memory bomb gets no more: the kernel's limit of a process",
    call: run(perl("push @a, q(a) x (1 << 20) while 1")),
    told: /Out of memory|it took more than 134217728 bytes of memory/,
  },
  {
    name: "a memory bomb of several processes is killed: our watcher",
    call: run(perl("for (1 .. 6) { fork or do { $x = q(a) x (40 << 20); sleep 600; exit } } wait")),
    told: /it took more than 134217728 bytes of memory/,
  },
  {
    name: "a file has its limit: the kernel's",
    call: run("head -c 20M /dev/zero >/project/big; stat -c %s /project/big"),
    told: /File size limit exceeded[^]*|4194304/,
  },
  {
    name: "memory files have a limit all together: the size of their file system",
    call: run(
      "mkdir -p /tmp; for i in $(seq 50); do head -c 4M /dev/zero >/tmp/f$i || break; done; rm -r /tmp/*",
    ),
    told: /No space left on device/,
  },
  ...["/dev/shm", "/run/home"].map((directory) => ({
    name: `what is left in ${directory} has a limit: the size of its file system`,
    call: run(
      `for i in $(seq 99); do head -c 4M /dev/zero >${directory}/f$i || break; done; ls / | wc -l`,
    ),
    told: /No space left on device/,
  })),
  {
    name: "a million memory files are not kept: our staging, and the kernel's limit of time",
    call: run(perl("mkdir q(/tmp); for (1 .. 1000000) { open(F, q(>), qq(/tmp/f$_)) or exit 1 }")),
    // Where there is little memory, their file system has no room for so many.
    told:
      /took over 1 second|CPU time limit exceeded|Nothing that the command did[^]*more than 10000/,
  },
  {
    name: "ten thousand and one memory files are none: our staging",
    call: run(perl("mkdir q(/tmp); for (0 .. 10000) { open(F, q(>), qq(/tmp/f$_)) or exit 1 }")),
    told: /Nothing that the command did to files of memory was kept: more than 10000/,
  },
  {
    name: "an endless loop is ended: the kernel's limit of time",
    call: run("while :; do :; done"),
    told: /Exit code: 152[^]*over 1 second/,
  },
  {
    name: "an endless wait is ended: our timeout",
    call: run("trap '' TERM INT HUP; sleep 600", 1),
    told: /Exit code: 124 \(killed after 1 second/,
  },
  {
    name: "a flood of output is cut: our buffer",
    call: run("(yes | head -c 50M) 2>&1"),
    told: /stdout \(52,428,800 bytes: the first and the last part\)/,
  },
  {
    name: "a pipe with nobody at its other end is no trap: our timeout",
    call: run("mkfifo /project/fifo /fifo; cat /project/fifo", 5),
    told: /Exit code: 124[^]*'\/fifo' was not kept: it is neither a file nor a directory/,
  },
  {
    name: "a pipe is not read: our guard",
    call: ["read_file", { path: "/project/fifo" }],
    told: /Cannot read '\/project\/fifo': it is not a regular file/,
  },
  {
    name: "a pipe is not written: our guard",
    call: ["write_file", { path: "/project/fifo", content: "x" }],
    told: /Cannot write '\/project\/fifo': it is not a regular file/,
  },
  {
    name: "a pipe is not searched: our guard",
    call: ["grep", { query: "needle", path: "/project" }],
    told: /No line contains 'needle'/,
  },
  {
    name: "a socket is not read: our guard",
    call: ["read_file", { path: "/project/socket" }],
    told: /Cannot read '\/project\/socket': it is not a regular file/,
  },
];

const VIRTUAL: readonly Bomb[] = [
  {
    name: "a fork bomb has a depth: the interpreter",
    call: run("bomb() { bomb | bomb; }; bomb"),
    told: /maximum recursion depth/,
  },
  {
    name: "a text that doubles has a length: the interpreter",
    call: run("x=aaaaaaaa; while :; do x=$x$x; done"),
    told: /string length limit exceeded/,
  },
  {
    name: "an endless loop is ended: our timeout, which kills the process, or the interpreter",
    call: run("while :; do :; done", 1),
    // Which of them comes first is the machine's to say.
    told: /Exit code: (?:124 \(killed after 1 second|126\nstderr:\nbash: too many commands)/,
  },
  {
    name: "an endless wait is ended: our timeout",
    call: run("sleep 600", 1),
    told: /Exit code: 124 \(killed after 1 second/,
  },
  {
    name: "a program in awk that never ends is ended: our timeout, or the interpreter",
    call: run('awk "BEGIN { while (1) x = x \\"aaaaaaaaaaaaaaaa\\" }"', 1),
    told:
      /Exit code: (?:124 \(killed after 1 second|126\n[^]*while loop exceeded maximum iterations)/,
  },
  {
    name: "an expression that never ends does: the interpreter",
    call: run('jq -n "[limit(1000000000; repeat(1))]"'),
    told: /too many iterations/,
  },
  {
    name: "a list of numbers has a length: the interpreter",
    call: run("echo {1..100000000}"),
    told: /work limit exceeded/,
  },
  {
    name: "a regular expression cannot go astray: the interpreter",
    call: run(`echo ${"a".repeat(40)}b | grep -E "(a+)+$" || echo none`),
    told: /none/,
  },
  {
    name: "a file has its limit: our limit of file_size",
    call: run('printf "%20000000s" x >/project/big'),
    told: /file size limit exceeded \(4194304 bytes\)/,
  },
  {
    name: "files have a limit all together: the interpreter",
    call: run('for i in $(seq 99); do printf "%4000000s" x >/f$i; done; rm /f*'),
    told: /total output size exceeded/,
  },
  {
    name: "a million files are ended: our timeout, or a limit of the interpreter",
    call: run("seq 1000000 | while read -r i; do : >/tmp/f$i; done", 1),
    // Which of them comes first is the machine's to say: 133 is the end of the interpreter, out of memory.
    told: /Exit code: (?:124|126\nstderr:\n[^]*too many|133)/,
  },
  {
    name: "a flood of output is cut: our buffer",
    call: run('for i in $(seq 100); do printf "%20000s" x; done'),
    told: /stdout \(2,000,000 bytes: the first and the last part\)|output size exceeded/,
  },
];

for (const [shell, bombs] of Object.entries({ sandbox: SANDBOX, virtual: VIRTUAL })) {
  const needs = shell === "sandbox" ? ["linux", "bubblewrap", "perl"] as const : [];
  Deno.test({
    ...needing(
      `a run with a ${shell} shell survives commands that take all they can get`,
      ...needs,
    ),
    async fn(t) {
      // The path of a socket has to be short.
      await using world = await World.make({ dir: "/tmp" });
      await Deno.mkdir(world.at("ws"), { recursive: true });
      const listener = shell === "sandbox"
        ? Deno.listen({ transport: "unix", path: world.at("ws/socket") })
        : undefined;
      const alive = run("echo alive");
      const { result, calls } = await world.run({
        shell,
        limits: LIMITS,
        backends: { disk: { type: "local", root: "../ws" }, memory: { type: "state" } },
        default: "memory",
        routes: { "/project/": "disk" },
      }, { turns: [...bombs.map(({ call }) => [call]), [alive]] });
      listener?.close();
      assertEquals([result.outcome, result.error], ["success", undefined]);
      for (const [index, { name, told }] of bombs.entries()) {
        await t.step(name, () => assertMatch(calls[index]?.result ?? "", told));
      }
      await t.step("the run goes on, and nothing else does", () => {
        assertMatch(calls.at(-1)?.result ?? "", /^Exit code: 0\nstdout:\nalive$/);
        const left = descendantsOf(Deno.pid).map(({ command }) => command.join(" "));
        assert(left.every((command) => !command.includes("sleep")), left.join("\n"));
        const kept = [...Deno.readDirSync(world.at("ws"))].map(({ name }) => {
          return Deno.lstatSync(world.at(`ws/${name}`)).size;
        });
        assert(kept.every((size) => size <= 4 * 1024 * 1024), kept.join(", "));
      });
    },
  });
}
