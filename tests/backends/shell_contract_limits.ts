/**
 * The shell contract: time, output and size, and how a command is ended.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { SHELL_LIMITS, type ShellOutput } from "../../backends/shells/shell.ts";
import { codeOf, type ShellCase } from "./_shell_case.ts";

/** The cases. */
export const LIMIT_CASES: readonly ShellCase[] = [
  {
    name: "execute() ends a command whose time is up and keeps what it printed and wrote",
    run: async (tree) => {
      const script =
        "echo before; echo err >&2; echo kept > /kept; echo kept > /project/kept; sleep 60; echo after; echo no > /no";
      // Long enough for a busy machine to come that far.
      const result = await tree.run(script, { timeout: 5_000 });
      assertEquals(result, {
        exitCode: 124,
        stdout: { text: "before\n", bytes: 7, omitted: 0 },
        stderr: { text: "err\n", bytes: 4, omitted: 0 },
        timedOut: true,
        notes: [],
      });
      assertEquals(await tree.all(), { "/kept": "kept\n", "/project/kept": "kept\n" });
    },
  },
  {
    name: "execute() ends a pipeline, a child and a substitution whose time is up",
    run: async (tree) => {
      for (
        const script of [
          "echo a; sleep 60 | cat",
          "echo a; sh -c 'sleep 60'",
          "echo a; x=$(sleep 60)",
          "echo a; (sleep 60)",
        ]
      ) {
        const { exitCode, stdout, timedOut } = await tree.run(script, { timeout: 1_500 });
        // Another case looks at what is kept of the output.
        assertEquals([exitCode, stdout.text.replace("a\n", ""), timedOut], [124, "", true], script);
      }
    },
  },
  {
    name: "execute() ends a busy loop",
    run: async (tree) => {
      const { exitCode, stdout } = await tree.run("echo a; while :; do :; done; echo b", {
        timeout: 1_500,
      });
      assertEquals([exitCode !== 0, stdout.text.replace("a\n", "")], [true, ""]);
    },
  },
  {
    name: "execute() goes on after a command whose time was up",
    run: async (tree) => {
      const late = tree.run("sleep 60", { timeout: 300 });
      const next = tree.ok("echo next > /next; cat /next");
      assertEquals([(await late).timedOut, await next], [true, "next\n"]);
    },
  },
  {
    name: "execute() does not take a fast command for a late one",
    run: async (tree) => {
      assertEquals(await tree.ok("echo fast", { timeout: 60_000 }), "fast\n");
      const { exitCode, timedOut } = await tree.run("exit 124", { timeout: 60_000 });
      assertEquals([exitCode, timedOut], [124, false]);
    },
  },
  {
    name: "execute() fails with aborted when its signal does and keeps what was written",
    run: async (tree) => {
      const controller = new AbortController();
      const { signal } = controller;
      // Told by a shell that tells while it runs, or seen in the tree by one that writes at once.
      let told = false;
      const onOutput = () => void (told = true);
      const script = "echo kept > /kept; echo ready; sleep 60; echo no > /no";
      const call = codeOf(tree.run(script, { signal, onOutput }));
      // A redirection makes the file before anything is in it.
      while (!told && await tree.text("/kept").catch(() => "") !== "kept\n") {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      controller.abort();
      assertEquals(await call, "aborted");
      assertEquals(await tree.ok("cat /kept"), "kept\n");
      assertEquals(await tree.type("/no"), "nothing");
    },
  },
  {
    name: "execute() does not start a command whose signal has aborted, or aborts while it waits",
    run: async (tree) => {
      assertEquals(await codeOf(tree.run("touch /a", { signal: AbortSignal.abort() })), "aborted");
      const controller = new AbortController();
      const first = tree.run("sleep 0.5; echo first");
      const second = codeOf(tree.run("touch /b", { signal: controller.signal }));
      controller.abort();
      assertEquals(await second, "aborted");
      assertEquals((await first).stdout.text, "first\n");
      assertEquals(await tree.ok("echo third"), "third\n");
      assertEquals(await tree.all(), {});
    },
  },
  {
    name: "execute() keeps the first and the last half of what is printed",
    run: async (tree) => {
      const { exitCode, stdout } = await tree.run("seq 1 2000", { outputBytes: 100 });
      const all = Array.from({ length: 2_000 }, (_, index) => `${index + 1}\n`).join("");
      const middle = `\n[... ${all.length - 100} bytes left out ...]\n`;
      assertEquals([exitCode, stdout], [0, {
        text: all.slice(0, 50) + middle + all.slice(-50),
        bytes: all.length,
        omitted: all.length - 100,
      }]);
    },
  },
  {
    name: "execute() counts the two streams apart",
    run: async (tree) => {
      const { stdout, stderr } = await tree.run("seq 1 200; echo short >&2", { outputBytes: 20 });
      assertEquals([stdout.omitted > 0, stderr], [true, { text: "short\n", bytes: 6, omitted: 0 }]);
    },
  },
  {
    name: "execute() tells only what it keeps from the start of a flood",
    run: async (tree) => {
      let told = 0;
      const onOutput = ({ text }: ShellOutput) => void (told += text.length);
      const script =
        "awk 'BEGIN { while (i++ < 300000) print \"0123456789012345678901234567890123456789\" }'";
      const { stdout } = await tree.run(script, { outputBytes: 10_000, onOutput });
      assertEquals(stdout.bytes, 300_000 * 41);
      assertEquals([told, stdout.omitted, stdout.text.length < 10_100], [
        5_000,
        stdout.bytes - 10_000,
        true,
      ]);
    },
  },
  {
    name: "execute() keeps 256 KiB of a stream unless told otherwise",
    run: async (tree) => {
      const { stdout } = await tree.run("head -c 300000 /big", {});
      assertEquals(stdout.bytes, 0);
      await tree.backend.write("/big", "x".repeat(300_000));
      const big = (await tree.run("cat /big")).stdout;
      assertEquals([big.bytes, big.omitted], [300_000, 300_000 - SHELL_LIMITS.outputBytes]);
    },
  },
  {
    name: "execute() refuses a command or a standard input that is too long",
    run: async (tree) => {
      const long = `: ${"x".repeat(SHELL_LIMITS.commandCharacters)}`;
      assertEquals(await codeOf(tree.run(long)), "too_large");
      assertEquals(await codeOf(tree.run(["echo", long])), "too_large");
      const stdin = "x".repeat(SHELL_LIMITS.stdinCharacters + 1);
      assertEquals(await codeOf(tree.run("cat", { stdin })), "too_large");
      const longest = ": ".padEnd(SHELL_LIMITS.commandCharacters, "x");
      assertEquals(await tree.ok(longest), "");
    },
  },
  {
    name: "execute() ends a command that asks for endless memory",
    run: async (tree) => {
      const script = "echo a; x=0123456789; while :; do x=$x$x; done; echo b";
      const { exitCode, stdout } = await tree.run(script, { timeout: 30_000 });
      assertEquals([exitCode !== 0, stdout.text], [true, "a\n"]);
      assertEquals(await tree.ok("echo alive"), "alive\n");
    },
  },
  {
    name: "execute() leaves no child behind",
    needs: "background",
    run: async (tree) => {
      const { stdout } = await tree.run(
        "(sleep 1; echo late > /late) & (setsid sleep 1000 > /dev/null 2>&1 &) ; echo now",
      );
      assertEquals(stdout.text, "now\n");
      assertEquals(await tree.ok("sleep 1.5; ls -A /"), await tree.ok("ls -A /"));
      assertEquals(await tree.type("/late"), "nothing");
    },
  },
  {
    name: "execute() waits for what runs in the background when told to",
    run: async (tree) => {
      assertEquals(await tree.ok("(sleep 0.1; echo x > /x) & wait; cat /x"), "x\n");
      assert(await tree.type("/x") === "file");
    },
  },
];
