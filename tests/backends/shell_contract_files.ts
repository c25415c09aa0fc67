/**
 * The shell contract: the files that commands see, make, change and delete.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { SYSTEM_DIRECTORIES } from "../../backends/shells/shell.ts";
import type { ShellCase } from "./_shell_case.ts";

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, index) => index);

/** The cases. */
export const FILE_CASES: readonly ShellCase[] = [
  {
    name: "execute() reads what tools wrote, in memory and on the other mount",
    run: async (tree) => {
      await tree.backend.write("/notes/a.txt", "memory\n");
      await tree.backend.write("/project/b.txt", "disk\n");
      assertEquals(
        await tree.ok("cat /notes/a.txt /project/b.txt /readonly/fixed.txt"),
        "memory\ndisk\nfixed\n",
      );
      await tree.backend.edit("/notes/a.txt", { oldText: "memory", newText: "edited" });
      assertEquals(await tree.ok("cat /notes/a.txt"), "edited\n");
    },
  },
  {
    name: "execute() leaves files that tools read",
    run: async (tree) => {
      await tree.ok(
        "mkdir -p /notes /project/src; echo m > /notes/a.txt; echo d > /project/src/b.txt",
      );
      assertEquals(await tree.all(), { "/notes/a.txt": "m\n", "/project/src/b.txt": "d\n" });
      const { files } = await tree.backend.glob("**/*.txt");
      assertEquals(files.map(({ path, size }) => [path, size]), [
        ["/notes/a.txt", 2],
        ["/project/src/b.txt", 2],
        ["/readonly/fixed.txt", 6],
        ["/readonly/inner/deep.txt", 5],
      ]);
    },
  },
  {
    name: "execute() sees what tools changed and deleted between commands",
    run: async (tree) => {
      await tree.ok("echo 1 > /a; echo 1 > /b; echo 1 > /project/c; mkdir /d; echo x > /d/e");
      await tree.backend.write("/a", "22\n");
      await tree.backend.delete("/b");
      await tree.backend.move("/project/c", "/project/moved");
      await tree.backend.delete("/d", { recursive: true });
      assertEquals(
        await tree.ok(
          "cat /a /project/moved; [ ! -e /b ] && [ ! -e /project/c ] && [ ! -e /d ] && echo gone",
        ),
        "22\n1\ngone\n",
      );
    },
  },
  {
    name: "execute() appends, overwrites and truncates",
    run: async (tree) => {
      for (const directory of ["", "/project"]) {
        const script = `cd ${
          directory || "/"
        }; echo a > f; echo b >> f; cat f > g; echo c > g; : > h; printf x >> i; printf '' >> j`;
        await tree.ok(script);
        const texts = await Promise.all(
          ["f", "g", "h", "i", "j"].map((name) => tree.text(`${directory}/${name}`)),
        );
        assertEquals(texts, ["a\nb\n", "c\n", "", "x", ""]);
      }
    },
  },
  {
    name: "execute() edits in place with sed",
    run: async (tree) => {
      await tree.backend.write("/a.txt", "one two\ntwo\n");
      await tree.backend.write("/project/a.txt", "one two\ntwo\n");
      await tree.ok("sed -i 's/two/2/' /a.txt /project/a.txt");
      assertEquals([await tree.text("/a.txt"), await tree.text("/project/a.txt")], [
        "one 2\n2\n",
        "one 2\n2\n",
      ]);
    },
  },
  {
    name: "execute() deletes files and directories",
    run: async (tree) => {
      await tree.ok(
        "mkdir -p /d/e /project/d/e; touch /d/e/f /d/g /project/d/e/f /keep /project/keep",
      );
      await tree.fails("rm /d");
      await tree.fails("rmdir /d");
      await tree.fails("rm /nothing");
      await tree.ok("rm -f /nothing; rm /d/g; rm -r /d /project/d");
      assertEquals(await tree.all(), { "/keep": "", "/project/keep": "" });
    },
  },
  {
    name: "execute() moves files within and across mounts",
    run: async (tree) => {
      await tree.backend.write("/a.txt", "a");
      await tree.backend.write("/project/b.txt", "b");
      await tree.ok(
        "mkdir /in; mv /a.txt /project/a.txt; mv /project/b.txt /in; mv /in/b.txt /in/c.txt",
      );
      assertEquals(await tree.all(), { "/project/a.txt": "a", "/in/c.txt": "b" });
    },
  },
  {
    name: "execute() moves directories within and across mounts",
    run: async (tree) => {
      await tree.backend.write("/d/e/f", "f");
      await tree.backend.write("/d/g", "g");
      await tree.ok("mv /d /project/d");
      assertEquals(await tree.all(), { "/project/d/e/f": "f", "/project/d/g": "g" });
      await tree.ok("mv /project/d/e /back; mv /project/d /project/h");
      assertEquals(await tree.all(), { "/back/f": "f", "/project/h/g": "g" });
    },
  },
  {
    name: "execute() replaces a file by moving another onto it",
    run: async (tree) => {
      await tree.ok("echo new > /new; echo old > /old; echo old > /project/old; cp /new /new2");
      await tree.ok("mv /new /old; mv /new2 /project/old");
      assertEquals(await tree.all(), { "/old": "new\n", "/project/old": "new\n" });
    },
  },
  {
    name: "execute() copies files and trees across mounts",
    run: async (tree) => {
      await tree.backend.write("/d/e/f", EVERY_BYTE);
      await tree.ok("cp -r /d /project/d; cp /project/d/e/f /g; cp -r /readonly/inner /inner");
      assertEquals(await tree.bytes("/project/d/e/f"), EVERY_BYTE);
      assertEquals(await tree.bytes("/g"), EVERY_BYTE);
      assertEquals(await tree.text("/inner/deep.txt"), "deep\n");
      assertEquals(await tree.bytes("/d/e/f"), EVERY_BYTE);
      await tree.fails("cp /d /x");
    },
  },
  {
    name: "execute() finds files below several mounts",
    run: async (tree) => {
      await tree.backend.write("/a/one.md", "");
      await tree.backend.write("/project/two.md", "");
      await tree.backend.write("/project/three.txt", "");
      assertEquals(
        await tree.ok("find /a /project /readonly -type f -name '*.md' -o -name deep.txt | sort"),
        "/a/one.md\n/project/two.md\n/readonly/inner/deep.txt\n",
      );
      assertEquals(
        await tree.ok("cd /project; find . -type f | sort; ls"),
        "./three.txt\n./two.md\nthree.txt\ntwo.md\n",
      );
      assertEquals(
        await tree.ok("echo /project/*.md /a/*; for f in /project/t*; do echo $f; done"),
        "/project/two.md /a/one.md\n/project/three.txt\n/project/two.md\n",
      );
    },
  },
  {
    name: "execute() searches with grep through both mounts",
    run: async (tree) => {
      await tree.backend.write("/a/x.txt", "alpha\nneedle 1\n");
      await tree.backend.write("/project/y.txt", "needle 2\nbeta\n");
      assertEquals(
        await tree.ok("grep -rn needle /a /project | sort"),
        "/a/x.txt:2:needle 1\n/project/y.txt:1:needle 2\n",
      );
      assertEquals(
        await tree.ok("grep -rl needle /a /project | sort | xargs cat | grep -c needle"),
        "2\n",
      );
      const nothing = await tree.run("grep -r absent /a /project");
      assertEquals([nothing.exitCode, nothing.stdout.text], [1, ""]);
    },
  },
  {
    name: "execute() searches with grep in every manner and prints the lines as they are",
    run: async (tree) => {
      const files: Readonly<Record<string, string>> = {
        ".hidden": "a needle\n",
        "crlf.txt": "first\r\na needle\r\nNEEDLE",
        "long": `x\n${"y".repeat(800)}needle\n`,
        "sub/mark": "\ufeffneedle é\nno\n",
        "z": "n.edle\nnothing\nneedle a needle\n",
      };
      for (const directory of ["/g", "/project/g"]) {
        for (const [name, text] of Object.entries(files)) {
          await tree.backend.write(`${directory}/${name}`, text);
        }
        const found = async (args: string) =>
          await tree.ok(`cd ${directory} && grep ${args} | sort`);
        const long = `${"y".repeat(800)}needle`;
        assertEquals(
          await found("-rn needle ."),
          `./.hidden:1:a needle\n./crlf.txt:2:a needle\r\n./long:2:${long}\n` +
            "./sub/mark:1:\ufeffneedle é\n./z:3:needle a needle\n",
        );
        assertEquals(
          await found("-rl needle ../g"),
          [".hidden", "crlf.txt", "long", "sub/mark", "z"]
            .map((name) => `../g/${name}\n`).join(""),
        );
        assertEquals(await found("-rh 'a needle' ./"), "a needle\na needle\r\nneedle a needle\n");
        assertEquals(await found("-rinE 'a NEEDLE' sub z"), "z:3:needle a needle\n");
        assertEquals(await found("-ri needle crlf.txt ."), await found("-riH needle crlf.txt ."));
        assertEquals(await found("-rF n.edle ."), "./z:n.edle\n");
        assertEquals(await found("-rc needle sub z"), "sub/mark:1\nz:1\n");
        assertEquals(
          await found("-rno 'n[e.]\\{1,2\\}dle' z sub"),
          [
            "sub/mark:1:needle",
            "z:1:n.edle",
            "z:3:needle",
            "z:3:needle",
          ].join("\n") + "\n",
        );
        assertEquals(
          await found(`-rl 'needle$' ${directory}`),
          [".hidden", "long", "z"]
            .map((name) => `${directory}/${name}\n`).join(""),
        );
        assertEquals(await found("-rn --include='*.txt' needle ."), "./crlf.txt:2:a needle\r\n");
        assertEquals(await found("-rn --include='*.txt' 'n.edle' ."), "./crlf.txt:2:a needle\r\n");
        assertEquals((await tree.run(`grep -rq needle ${directory}`)).exitCode, 0);
        assertEquals((await tree.run(`grep -rq absent ${directory}`)).exitCode, 1);
        assertEquals((await tree.run(`grep -rs needle ${directory} /nothing`)).exitCode, 2);
      }
    },
  },
  {
    name: "execute() joins files of two mounts in one pipeline",
    run: async (tree) => {
      await tree.backend.write("/prices.csv", "apple,3\npear,5\nplum,2\n");
      await tree.backend.write("/project/stock.csv", "plum,10\napple,4\n");
      const script = "sort /prices.csv > /p; sort /project/stock.csv > /s; join -t, /p /s | " +
        "awk -F, '{ total += $2 * $3; print $1 } END { print total }' > /project/total; cat /project/total";
      assertEquals(await tree.ok(script), "apple\nplum\n32\n");
    },
  },
  {
    name: "execute() packs and unpacks archives over two mounts",
    run: async (tree) => {
      await tree.backend.write("/src/a.bin", EVERY_BYTE);
      await tree.backend.write("/src/sub/b.txt", "b\n");
      await tree.ok(
        "tar -czf /project/all.tgz -C /src .; mkdir /project/out; tar -xzf /project/all.tgz -C /project/out; tar -xzf /project/all.tgz -C / ./sub/b.txt",
      );
      assertEquals(await tree.bytes("/project/out/a.bin"), EVERY_BYTE);
      assertEquals([await tree.text("/project/out/sub/b.txt"), await tree.text("/sub/b.txt")], [
        "b\n",
        "b\n",
      ]);
      assertEquals(await tree.ok("tar -tzf /project/all.tgz | grep -c '[ab]\\.'"), "2\n");
    },
  },
  {
    name: "execute() hands names to commands through xargs",
    run: async (tree) => {
      await tree.ok("mkdir /d; touch /d/a.tmp '/d/b c.tmp' /d/keep /project/e.tmp");
      await tree.ok("find /d /project -name '*.tmp' -print0 | xargs -0 rm");
      assertEquals(await tree.all(), { "/d/keep": "" });
      assertEquals(
        await tree.ok(
          "printf 'a\\nb\\n' | xargs -n1 echo x; printf 'a\\nb\\n' | xargs -I{} echo '<{}>'",
        ),
        "x a\nx b\n<a>\n<b>\n",
      );
    },
  },
  {
    name: "execute() keeps odd names",
    run: async (tree) => {
      const names = [
        "with space",
        "notes..md",
        "a:b.txt",
        "-dash",
        "ünï😀",
        "star*",
        "q'uote",
        "back\\slash",
        ".hidden",
      ];
      for (const directory of ["/odd", "/project/odd"]) {
        for (const name of names) await tree.backend.write(`${directory}/${name}`, name);
        const script = 'for f in * .h*; do cat "./$f" > "$1-$f"; done; rm -- ./*; rm ./.hidden';
        await tree.ok(["sh", "-c", script, "sh", `${directory}-copy`], { cwd: directory });
        assertEquals(await tree.backend.ls(directory), []);
        for (const name of names) assertEquals(await tree.text(`${directory}-copy-${name}`), name);
      }
    },
  },
  {
    name: "execute() keeps a name with a line ending",
    run: async (tree) => {
      await tree.backend.write("/project/new\nline", "x");
      await tree.ok(["cp", "/project/new\nline", "/new\nline"]);
      await tree.ok(["rm", "/project/new\nline"]);
      assertEquals(await tree.all(), { "/new\nline": "x" });
    },
  },
  {
    name: "execute() keeps binary files byte for byte",
    run: async (tree) => {
      const bytes = new Uint8Array(1024).map((_, index) => (index * 7) % 256);
      for (const directory of ["", "/project"]) {
        await tree.backend.write(`${directory}/a`, bytes);
        await tree.ok(
          "cat a > b; cp a c; cat < a | cat > d; tee e < a > /dev/null; head -c 1000 a > f; tail -c 24 a >> f; gzip -c a | gzip -dc > g",
          { cwd: directory || "/" },
        );
        for (const name of "bcdefg") {
          assertEquals(await tree.bytes(`${directory}/${name}`), bytes, name);
        }
      }
    },
  },
  {
    name: "execute() writes any byte with printf",
    run: async (tree) => {
      await tree.ok("printf '\\000\\377\\303\\251\\012A' > /a; printf 'é\\200' > /project/b");
      assertEquals(await tree.bytes("/a"), Uint8Array.of(0, 255, 0xc3, 0xa9, 10, 65));
      assertEquals(await tree.bytes("/project/b"), Uint8Array.of(0xc3, 0xa9, 0x80));
    },
  },
  {
    name: "execute() keeps text of other alphabets through every tool",
    run: async (tree) => {
      await tree.backend.write("/u.txt", "héllo wörld\nñandú €\n");
      await tree.ok(
        'while read -r a b; do echo "$b $a"; done < u.txt > read; x=$(cat u.txt); echo "$x" > value; ' +
          "sed 's/ö/o/' u.txt > sed; awk '{print $2}' u.txt > awk; grep € u.txt > grep; sort u.txt > sort; " +
          "cat u.txt | while read -r l; do printf '%s\\n' \"$l\" >> loop; done; cat > here <<E\n$x\nE",
      );
      const text = "héllo wörld\nñandú €\n";
      assertEquals(await tree.all(), {
        "/u.txt": text,
        "/read": "wörld héllo\n€ ñandú\n",
        "/value": text,
        "/sed": "héllo world\nñandú €\n",
        "/awk": "wörld\n€\n",
        "/grep": "ñandú €\n",
        "/sort": text,
        "/loop": text,
        "/here": text,
      });
    },
  },
  {
    name: "execute() keeps empty files and files without a final newline",
    run: async (tree) => {
      await tree.backend.write("/empty", "");
      await tree.backend.write("/project/open", "a\nb");
      await tree.ok(
        "cp /empty /project/empty; cat /project/open > /open; touch /made /project/made",
      );
      assertEquals(await tree.all(), {
        "/empty": "",
        "/made": "",
        "/open": "a\nb",
        "/project/empty": "",
        "/project/made": "",
        "/project/open": "a\nb",
      });
      assertEquals(
        await tree.ok("wc -l < /open | tr -d ' '; [ -s /empty ] || echo empty"),
        "1\nempty\n",
      );
    },
  },
  {
    name: "execute() touches a file without changing it",
    run: async (tree) => {
      await tree.backend.write("/a", EVERY_BYTE);
      await tree.ok("touch /a; chmod 600 /a; chmod +x /a");
      assertEquals(await tree.bytes("/a"), EVERY_BYTE);
    },
  },
  {
    name: "execute() makes and keeps empty directories",
    run: async (tree) => {
      await tree.ok(
        "mkdir /d; mkdir -p /a/b/c /project/p/q; mkdir -p /a/b; mkdir /gone; rmdir /gone",
      );
      assertEquals(await tree.all(), { "/d/": "", "/a/b/c/": "", "/project/p/q/": "" });
      await tree.fails("mkdir /d");
      await tree.fails("mkdir /no/such");
      assertEquals(
        await tree.ok("[ -d /a/b/c ] && ls /d && rmdir /d /project/p/q && ls -A /project/p"),
        "",
      );
      assertEquals(await tree.all(), { "/a/b/c/": "", "/project/p/": "" });
    },
  },
  {
    name: "execute() sees empty directories that tools left",
    run: async (tree) => {
      await tree.backend.write("/d/f", "");
      await tree.backend.delete("/d/f");
      assertEquals(await tree.ok("[ -d /d ] && ls -A /d && echo dir"), "dir\n");
    },
  },
  {
    name: "execute() fails to write below a directory that is not there and goes on",
    run: async (tree) => {
      const { exitCode, stdout, stderr } = await tree.run(
        "cat /readonly/fixed.txt > /no/such || echo failed; echo on; mkdir /d; cat /d > /e || echo failed",
      );
      assertEquals([exitCode, stdout.text], [0, "failed\non\nfailed\n"]);
      assert(stderr.text.includes("/no/such"));
      await tree.fails("cat /nothing");
      await tree.fails("cd /nothing && echo no");
    },
  },
  {
    name: "execute() handles a file of five megabytes",
    run: async (tree) => {
      const line = "0123456789012345678901234567890123456789012345678\n";
      const text = line.repeat(100_000);
      for (const path of ["/big", "/project/big"]) {
        await tree.backend.write(path, text);
        assertEquals((await tree.ok(`wc -c < ${path}`)).trim(), "5000000");
        await tree.ok(`cat ${path} > ${path}.copy; echo end >> ${path}.copy`);
        assertEquals((await tree.bytes(`${path}.copy`)).length, 5_000_004);
        assertEquals(await tree.ok(`tail -n 2 ${path}.copy`), `${line}end\n`);
      }
    },
  },
  {
    name: "execute() keeps /tmp, /home, /opt and /var as directories of the tree",
    run: async (tree) => {
      await tree.ok("for d in tmp home opt var; do mkdir -p /$d; echo $d > /$d/f; done");
      assertEquals(await tree.all(), {
        "/tmp/f": "tmp\n",
        "/home/f": "home\n",
        "/opt/f": "opt\n",
        "/var/f": "var\n",
      });
    },
  },
  {
    name: "execute() never puts the system's directories into the tree",
    run: async (tree) => {
      const script = SYSTEM_DIRECTORIES.map((directory) =>
        `mkdir -p ${directory}/mine; echo x > ${directory}/mine/y; echo x > ${directory}/y`
      ).join("; ");
      await tree.run(`${script}; echo done > /done`);
      assertEquals(await tree.all(), { "/done": "done\n" });
      const look = SYSTEM_DIRECTORIES.map((directory) =>
        `[ ! -e ${directory}/y ] || echo ${directory}`
      ).join("; ");
      assertEquals((await tree.run(look)).stdout.text, "");
    },
  },
  {
    name: "execute() has the usual devices",
    run: async (tree) => {
      assertEquals(
        await tree.ok(
          "echo x > /dev/null; cat /dev/null; echo hidden 2>/dev/null >/dev/null; cat < /dev/null; cat nothing 2>/dev/null || echo quiet",
        ),
        "quiet\n",
      );
      const { stdout, stderr } = await tree.run("echo out > /dev/stdout; echo err > /dev/stderr");
      assertEquals([stdout.text, stderr.text], ["out\n", "err\n"]);
    },
  },
  {
    name: "execute() gives each command a home of its own that is gone after it",
    run: async (tree) => {
      assertEquals(
        await tree.ok("echo $HOME; cd; pwd; echo x > ~/.config; cat ~/.config"),
        "/run/home\n/run/home\nx\n",
      );
      assertEquals(await tree.ok("ls -A ~"), "");
      assertEquals(await tree.all(), {});
    },
  },
  {
    name: "execute() refuses every change of a read-only mount",
    run: async (tree) => {
      await tree.backend.write("/mine", "mine");
      const commands = [
        "echo x > /readonly/new",
        "echo x > /readonly/fixed.txt",
        "echo x >> /readonly/fixed.txt",
        "rm /readonly/fixed.txt",
        "rm -f /readonly/fixed.txt",
        "rm -rf /readonly/inner",
        "mv /readonly/fixed.txt /stolen",
        "mv /readonly/fixed.txt /readonly/renamed",
        "mv /mine /readonly/mine",
        "cp /mine /readonly/mine",
        "mkdir /readonly/dir",
        "mkdir -p /readonly/inner/dir",
        "rmdir /readonly/inner",
        "touch /readonly/touched",
        "sed -i s/fixed/x/ /readonly/fixed.txt",
        "tee /readonly/fixed.txt < /mine > /dev/null",
        "tar -cf /readonly/a.tar /mine",
        "cd /readonly && echo x > here",
      ];
      for (const command of commands) {
        const { exitCode, stderr } = await tree.run(command);
        assertEquals([exitCode !== 0, stderr.text !== ""], [true, true], command);
      }
      assertEquals(await tree.text("/readonly/fixed.txt"), "fixed\n");
      assertEquals(await tree.text("/readonly/inner/deep.txt"), "deep\n");
      assertEquals((await tree.backend.ls("/readonly")).map(({ path }) => path), [
        "/readonly/fixed.txt",
        "/readonly/inner",
      ]);
      assertEquals(await tree.text("/mine"), "mine");
    },
  },
  {
    name: "execute() keeps the changes of a command that fails",
    run: async (tree) => {
      await tree.backend.write("/old", "old");
      assertEquals(
        (await tree.run("echo new > /a; rm /old; mkdir /d; echo p > /project/p; exit 3")).exitCode,
        3,
      );
      assertEquals(await tree.all(), { "/a": "new\n", "/d/": "", "/project/p": "p\n" });
    },
  },
  {
    name: "execute() runs a script file of the tree",
    run: async (tree) => {
      await tree.backend.write(
        "/project/build.sh",
        '#!/bin/sh\necho "args: $# $1"\necho built > out.txt\nexit 5\n',
      );
      const { exitCode, stdout } = await tree.run("sh build.sh 'a b' c", { cwd: "/project" });
      assertEquals([exitCode, stdout.text], [5, "args: 2 a b\n"]);
      assertEquals(await tree.text("/project/out.txt"), "built\n");
      await tree.backend.write("/lib.sh", "double() { echo $(($1 * 2)); }\n");
      assertEquals(await tree.ok(". /lib.sh; double 21"), "42\n");
    },
  },
  {
    name: "execute() keeps a file that replaced a directory, and the other way round",
    run: async (tree) => {
      await tree.ok("mkdir /a; touch /a/x; echo f > /b");
      await tree.ok("rm -r /a; echo now > /a; rm /b; mkdir /b; touch /b/y");
      assertEquals(await tree.all(), { "/a": "now\n", "/b/y": "" });
    },
  },
  {
    name: "execute() changes many files at once",
    run: async (tree) => {
      await tree.ok("mkdir /many; for i in $(seq 1 200); do echo $i > /many/$i; done; rm /many/1*");
      assertEquals((await tree.backend.ls("/many")).length, 200 - 111);
      assertEquals(await tree.text("/many/42"), "42\n");
      assertEquals(
        await tree.ok("cat /many/* | awk '{ s += $1 } END { print s }'"),
        `${20_100 - 1 - 145 - 14_950}\n`,
      );
    },
  },
];
