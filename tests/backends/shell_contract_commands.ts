/**
 * The shell contract: commands, their exit codes, surroundings and output.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { ShellOutput } from "../../backends/shells/shell.ts";
import { codeOf, failureOf, type ShellCase } from "./_shell_case.ts";

/** The cases. */
export const COMMAND_CASES: readonly ShellCase[] = [
  {
    name: "execute() returns the exit code of the script",
    run: async (tree) => {
      for (const code of [0, 1, 7, 42, 255]) {
        assertEquals((await tree.run(`exit ${code}`)).exitCode, code);
      }
      assertEquals((await tree.run("false")).exitCode, 1);
      assertEquals((await tree.run("false; true")).exitCode, 0);
    },
  },
  {
    name: "execute() keeps standard output and standard error apart",
    run: async (tree) => {
      const result = await tree.run("echo out; echo err >&2; echo more");
      assertEquals(result, {
        exitCode: 0,
        stdout: { text: "out\nmore\n", bytes: 9, omitted: 0 },
        stderr: { text: "err\n", bytes: 4, omitted: 0 },
        timedOut: false,
        notes: [],
      });
    },
  },
  {
    name: "execute() joins the streams where the script does",
    run: async (tree) => {
      assertEquals(await tree.ok("{ echo out; echo err >&2; } 2>&1"), "out\nerr\n");
    },
  },
  {
    name: "execute() says 127 for a program that is not there and goes on",
    run: async (tree) => {
      const alone = await tree.run("no-such-program");
      assertEquals(alone.exitCode, 127);
      assert(alone.stderr.text.includes("no-such-program"));
      assertEquals((await tree.run(["no-such-program", "x"])).exitCode, 127);
      assertEquals((await tree.run("no-such-program; echo $?")).stdout.text, "127\n");
    },
  },
  {
    name: "execute() fails for a script that cannot be parsed",
    run: async (tree) => {
      assertEquals(await tree.fails("if true; then"), 2);
      assertEquals(await tree.all(), {});
    },
  },
  {
    name: "execute() does nothing for an empty script",
    run: async (tree) => {
      assertEquals(await tree.ok(""), "");
      assertEquals(await tree.ok(" \n # only a comment\n"), "");
    },
  },
  {
    name: "execute() passes arguments on as they are",
    run: async (tree) => {
      const words = [
        "a b",
        "$HOME",
        "*",
        "`id`",
        "$(id)",
        "'",
        '"',
        "\\",
        "-n",
        ";",
        "a\nb",
        "é",
        "",
      ];
      const printed = await tree.ok(["printf", "<%s>\\n", ...words]);
      assertEquals(printed, words.map((word) => `<${word}>\n`).join(""));
    },
  },
  {
    name: "execute() takes the first word for a program, not for a script",
    run: async (tree) => {
      assertEquals((await tree.run(["echo hi"])).exitCode, 127);
      assertEquals((await tree.run(["A=b", "env"])).exitCode, 127);
      assertEquals((await tree.run(["if"])).exitCode, 127);
      assertEquals(await tree.ok(["sh", "-c", 'echo "$0-$1"', "a", "b"]), "a-b\n");
    },
  },
  {
    name: "execute() starts in the root unless told otherwise",
    run: async (tree) => {
      assertEquals(await tree.ok("pwd; echo $PWD"), "/\n/\n");
    },
  },
  {
    name: "execute() starts in a directory of any mount",
    run: async (tree) => {
      await tree.backend.write("/notes/a/b.txt", "memory");
      await tree.backend.write("/project/src/c.txt", "disk");
      assertEquals(await tree.ok("pwd; cat b.txt", { cwd: "/notes/a" }), "/notes/a\nmemory");
      assertEquals(
        await tree.ok("pwd; cat c.txt", { cwd: "/project/./src/" }),
        "/project/src\ndisk",
      );
      assertEquals(await tree.ok(["cat", "../src/c.txt"], { cwd: "/project/src" }), "disk");
      assertEquals(await tree.ok("cat fixed.txt", { cwd: "/readonly" }), "fixed\n");
    },
  },
  {
    name: "execute() refuses a directory that is not there, or is a file",
    run: async (tree) => {
      await tree.backend.write("/a.txt", "a");
      assertEquals(await codeOf(tree.run("touch /x", { cwd: "/nowhere" })), "not_found");
      assertEquals(await codeOf(tree.run("touch /x", { cwd: "/a.txt" })), "not_directory");
      assertEquals(await codeOf(tree.run("touch /x", { cwd: "relative" })), "invalid_path");
      assertEquals(await codeOf(tree.run("touch /x", { cwd: "/../up" })), "invalid_path");
      assertEquals(await codeOf(tree.run("touch /x", { cwd: "/usr/bin" })), "denied");
      assertEquals(await tree.type("/x"), "nothing");
    },
  },
  {
    name: "execute() shows a command the variables of the shell and no others",
    run: async (tree) => {
      const lines = (await tree.ok(["env"])).trim().split("\n");
      // What `sh` sets for itself is no leak.
      const told = lines.filter((line) => !/^(?:SHLVL|_|OLDPWD)=/.test(line)).sort();
      assertEquals(told, [
        "HOME=/run/home",
        "LANG=C.UTF-8",
        "PATH=/usr/local/bin:/usr/bin:/bin",
        "PWD=/",
      ]);
    },
  },
  {
    name: "execute() adds the variables of the call",
    run: async (tree) => {
      const env = { GREETING: "hello there", EMPTY: "", LANG: "C", ODD: "$x `y` 'z' \"é\"\nline" };
      const script =
        'echo "$GREETING|$EMPTY|$LANG"; printf "%s" "$ODD" > /odd; sh -c \'echo $GREETING\'';
      assertEquals(await tree.ok(script, { env }), "hello there||C\nhello there\n");
      assertEquals(await tree.text("/odd"), env.ODD);
    },
  },
  {
    name: "execute() forgets variables, functions and the directory after the command",
    run: async (tree) => {
      await tree.ok("mkdir /d; cd /d; x=1; export y=2; f() { echo f; }; umask 077");
      assertEquals(await tree.ok('pwd; echo "[$x$y]"'), "/\n[]\n");
      assertEquals((await tree.run("f")).exitCode, 127);
    },
  },
  {
    name: "execute() refuses variables that no shell can have",
    run: async (tree) => {
      for (const name of ["", "a=b", "1a", "a b", "a\0"]) {
        assertEquals(await codeOf(tree.run("true", { env: { [name]: "x" } })), "unsupported");
      }
      assertEquals(await codeOf(tree.run("true", { env: { a: "x\0y" } })), "unsupported");
    },
  },
  {
    name: "execute() gives the command its standard input, or none",
    run: async (tree) => {
      assertEquals(await tree.ok("cat"), "");
      assertEquals(await tree.ok("cat", { stdin: "héllo\nno newline" }), "héllo\nno newline");
      assertEquals(await tree.ok(["sort", "-r"], { stdin: "a\nb\n" }), "b\na\n");
      assertEquals(
        await tree.ok('read line; echo "[$line]"; cat', { stdin: "é 1\nrest\n" }),
        "[é 1]\nrest\n",
      );
    },
  },
  {
    name: "execute() reads a standard input line by line",
    run: async (tree) => {
      const script = 'while read -r name rest; do echo "$rest-$name"; done';
      assertEquals(await tree.ok(script, { stdin: "a b c\nñ ü\n" }), "b c-a\nü-ñ\n");
    },
  },
  {
    name: "execute() takes a large standard input",
    run: async (tree) => {
      const stdin = "0123456789abcde\n".repeat(65_536);
      assertEquals((await tree.ok("wc -c", { stdin })).trim(), "1048576");
      await tree.ok("cat > /copy", { stdin });
      assertEquals((await tree.bytes("/copy")).length, stdin.length);
    },
  },
  {
    name: "execute() runs pipelines, lists and substitutions",
    run: async (tree) => {
      assertEquals(
        await tree.ok("printf 'b\\na\\nb\\n' | sort | uniq -c | sort -rn | awk '{print $2 $1}'"),
        "b2\na1\n",
      );
      assertEquals(
        await tree.ok("true && echo yes || echo no; false && echo yes || echo no"),
        "yes\nno\n",
      );
      assertEquals(await tree.ok('echo "$(echo inner | tr a-z A-Z) $((6 * 7))"'), "INNER 42\n");
      assertEquals(await tree.ok("! false; echo $?; (exit 3) || echo $?"), "0\n3\n");
    },
  },
  {
    name: "execute() runs loops, functions and case",
    run: async (tree) => {
      const script = `
        sum=0
        for i in 1 2 3 4; do sum=$((sum + i)); done
        while [ $sum -gt 8 ]; do sum=$((sum - 1)); done
        greet() { local who="$1"; echo "hi $who"; return 4; }
        greet bob; echo $? $sum
        case file.txt in *.md) echo md;; *.txt) echo txt;; esac
        until false; do break; done
        set -- x "y z"; echo $# "$2"
      `;
      assertEquals(await tree.ok(script), "hi bob\n4 8\ntxt\n2 y z\n");
    },
  },
  {
    name: "execute() stops at the first failure after set -e",
    run: async (tree) => {
      const { exitCode, stdout } = await tree.run(
        "set -e; [ -f /nope ] && echo y; if false; then :; fi; echo on; false; echo no",
      );
      assertEquals([exitCode, stdout.text], [1, "on\n"]);
    },
  },
  {
    name: "execute() keeps here-documents as they are",
    run: async (tree) => {
      const script =
        "x=1\ncat > /quoted <<'EOF'\n  indented $x `y`\n\ttab\nEOF\ncat > /open <<EOF\n  $x $(echo s)\nEOF\n";
      await tree.ok(script);
      assertEquals(await tree.text("/quoted"), "  indented $x `y`\n\ttab\n");
      assertEquals(await tree.text("/open"), "  1 s\n");
    },
  },
  {
    name: "execute() tells what is printed before the result",
    run: async (tree) => {
      const told: ShellOutput[] = [];
      const onOutput = (output: ShellOutput) => void told.push(output);
      const result = await tree.run("echo one; echo two >&2; echo three", { onOutput });
      const of = (stream: ShellOutput["stream"]) =>
        told.filter((output) => output.stream === stream).map(({ text }) => text).join("");
      assertEquals([of("stdout"), of("stderr")], ["one\nthree\n", "two\n"]);
      assertEquals([result.stdout.text, result.stderr.text], ["one\nthree\n", "two\n"]);
    },
  },
  {
    name: "execute() tells what is printed while the command runs",
    needs: "streams",
    run: async (tree) => {
      const controller = new AbortController();
      const onOutput = ({ text }: ShellOutput) => {
        if (text.includes("ready")) controller.abort();
      };
      const { signal } = controller;
      const call = tree.run("echo ready; sleep 60", { onOutput, signal, timeout: 60_000 });
      assertEquals(await codeOf(call), "aborted");
    },
  },
  {
    name: "execute() never cuts a character in two",
    run: async (tree) => {
      const told: string[] = [];
      const onOutput = ({ text }: ShellOutput) => void told.push(text);
      const stdin = "aé€😀".repeat(20_000);
      const { stdout } = await tree.run("cat", { stdin, onOutput, outputBytes: 1_000_000 });
      assertEquals(stdout.text, stdin);
      assertEquals(told.join(""), stdin);
      assert(told.every((text) => !text.includes("\uFFFD")));
    },
  },
  {
    name: "execute() runs two commands one after the other",
    run: async (tree) => {
      const first = tree.run("echo 1 >> /log; sleep 0.2; echo 2 >> /log");
      const second = tree.run("echo 3 >> /log; cat /log");
      const third = tree.run("echo 4 >> /log");
      assertEquals((await second).stdout.text, "1\n2\n3\n");
      await Promise.all([first, third]);
      assertEquals(await tree.text("/log"), "1\n2\n3\n4\n");
    },
  },
  {
    name: "execute() goes on with the next command after one that was refused",
    run: async (tree) => {
      const refused = codeOf(tree.run("true", { cwd: "/nowhere" }));
      const next = tree.ok("echo next");
      assertEquals([await refused, await next], ["not_found", "next\n"]);
    },
  },
  {
    name: "execute() refuses numbers that make no sense",
    run: async (tree) => {
      for (const number of [0, -1, 1.5, NaN, Infinity]) {
        for (const options of [{ timeout: number }, { outputBytes: number }]) {
          assert(await failureOf(tree.run("true", options)) instanceof RangeError);
        }
      }
      assert(await failureOf(tree.run("true", { timeout: 3_600_001 })) instanceof RangeError);
    },
  },
  {
    name: "execute() refuses a command with a NUL, or without a program",
    run: async (tree) => {
      for (const command of ["echo a\0b", ["echo", "a\0b"], [], [""]]) {
        assertEquals(await codeOf(tree.run(command)), "unsupported");
      }
    },
  },
  {
    name: "execute() queries JSON",
    needs: "jq",
    run: async (tree) => {
      await tree.backend.write(
        "/project/data.json",
        '{"users":[{"name":"ann","age":3},{"name":"bob","age":9}]}',
      );
      const script = "jq -r '.users[] | select(.age > 5) | .name' /project/data.json | tee /names";
      assertEquals(await tree.ok(script), "bob\n");
      assertEquals(await tree.text("/names"), "bob\n");
      assertEquals(await tree.ok("jq -c '[.users[].age] | add' < /project/data.json"), "12\n");
    },
  },
];
