/**
 * The shell contract: scripts that must leave the same tree in all shells.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { ShellCase } from "./_shell_case.ts";

interface Script {
  readonly title: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly script: string;
  readonly exitCode?: number;
  readonly tree: Readonly<Record<string, string>>;
}

const LOG = "10.0.0.1 GET /a 200\n10.0.0.2 GET /b 404\n10.0.0.1 POST /a 500\n10.0.0.3 GET /a 200\n";

const SCRIPTS: readonly Script[] = [
  {
    title: "a project scaffold",
    script:
      "cd /project && mkdir -p src tests docs && printf 'print(1)\\n' > src/app.py && touch src/__init__.py && for m in a b; do echo \"# test $m\" > tests/test_$m.py; done",
    tree: {
      "/project/docs/": "",
      "/project/src/__init__.py": "",
      "/project/src/app.py": "print(1)\n",
      "/project/tests/test_a.py": "# test a\n",
      "/project/tests/test_b.py": "# test b\n",
    },
  },
  {
    title: "counting a log",
    files: { "/log": LOG },
    script:
      "cut -d' ' -f1 /log | sort | uniq -c | sort -k1,1nr -k2 | awk '{ print $2, $1 }' > /project/hosts; grep -c ' 200$' /log > /ok; awk '$4 >= 400 { print $3, $4 }' /log | sort > /bad",
    tree: {
      "/log": LOG,
      "/project/hosts": "10.0.0.1 2\n10.0.0.2 1\n10.0.0.3 1\n",
      "/ok": "2\n",
      "/bad": "/a 500\n/b 404\n",
    },
  },
  {
    title: "renaming by pattern",
    files: { "/p/a.txt": "a", "/p/b.txt": "b", "/p/c.md": "c" },
    script: 'cd /p; for f in *.txt; do mv "$f" "${f%.txt}.bak"; done',
    tree: { "/p/a.bak": "a", "/p/b.bak": "b", "/p/c.md": "c" },
  },
  {
    title: "a replacement throughout a tree",
    files: {
      "/project/a/x.py": "old = 1\n",
      "/project/b/y.py": "print(old)\nold\n",
      "/project/z.txt": "old\n",
    },
    script: "grep -rl old --include='*.py' /project | xargs sed -i 's/old/new/g'",
    tree: {
      "/project/a/x.py": "new = 1\n",
      "/project/b/y.py": "print(new)\nnew\n",
      "/project/z.txt": "old\n",
    },
  },
  {
    title: "splitting a file by a column",
    files: { "/in.csv": "fr,paris\nde,berlin\nfr,lyon\n" },
    script:
      'mkdir /by; while IFS=, read -r country city; do echo "$city" >> "/by/$country"; done < /in.csv',
    tree: {
      "/in.csv": "fr,paris\nde,berlin\nfr,lyon\n",
      "/by/de": "berlin\n",
      "/by/fr": "paris\nlyon\n",
    },
  },
  {
    title: "an archive there and back",
    files: { "/src/a": "a\n", "/src/d/b": "b\n" },
    script:
      "tar -cf /t.tar -C /src a d && mkdir /project/x && tar -xf /t.tar -C /project/x && rm /t.tar && rm -r /src",
    tree: { "/project/x/a": "a\n", "/project/x/d/b": "b\n" },
  },
  {
    title: "a move across mounts and back",
    files: { "/d/one": "1", "/d/e/two": "2" },
    script: "mv /d /project/d && mv /project/d/e /e && mv /e/two /project/two && rmdir /e",
    tree: { "/project/d/one": "1", "/project/two": "2" },
  },
  {
    title: "a failure halfway",
    script: "set -e\necho 1 > /one\nmkdir /d\nfalse\necho 2 > /two",
    exitCode: 1,
    tree: { "/one": "1\n", "/d/": "" },
  },
  {
    title: "a failure that is handled",
    script:
      "echo a > /no/dir/x || echo handled > /handled; cp /nothing /y || true; echo done > /done",
    tree: { "/handled": "handled\n", "/done": "done\n" },
  },
  {
    title: "nested here-documents",
    script:
      "cat > /gen.sh <<'OUTER'\ncat > \"$1\" <<INNER\nhello $2\nINNER\nOUTER\nsh /gen.sh /project/out world\n",
    tree: { "/gen.sh": 'cat > "$1" <<INNER\nhello $2\nINNER\n', "/project/out": "hello world\n" },
  },
  {
    title: "functions and recursion",
    script:
      'fact() { if [ "$1" -le 1 ]; then echo 1; else rest=$(fact $(( $1 - 1 ))); echo $(( $1 * rest )); fi; }\nfor n in 1 5 10; do fact $n; done > /facts',
    tree: { "/facts": "1\n120\n3628800\n" },
  },
  {
    title: "sorting and comparing",
    files: { "/a": "3\n1\n2\n", "/b": "2\n3\n4\n" },
    script:
      "sort /a > /sa; sort /b > /sb; comm -12 /sa /sb > /both; comm -23 /sa /sb > /only; rm /sa /sb",
    tree: { "/a": "3\n1\n2\n", "/b": "2\n3\n4\n", "/both": "2\n3\n", "/only": "1\n" },
  },
  {
    title: "numbers with awk",
    files: { "/n.csv": "a,1.5\nb,2.25\na,3\n" },
    script:
      "awk -F, '{ s[$1] += $2; n++ } END { for (k in s) printf \"%s %.2f\\n\", k, s[k]; print n }' /n.csv | sort > /project/sums",
    tree: { "/n.csv": "a,1.5\nb,2.25\na,3\n", "/project/sums": "3\na 4.50\nb 2.25\n" },
  },
  {
    title: "editing with sed",
    files: { "/conf": "port = 80\n# comment\nhost = a\n\nhost = b\n" },
    script:
      "sed -e '/^#/d' -e '/^$/d' -e 's/^port = .*/port = 8080/' -e 's/host = \\(.*\\)/host = \\1.example/' /conf > /project/conf; sed -n '2,3p' /conf > /part; sed '1i\\\nfirst' /conf | head -n 2 > /head",
    tree: {
      "/conf": "port = 80\n# comment\nhost = a\n\nhost = b\n",
      "/project/conf": "port = 8080\nhost = a.example\nhost = b.example\n",
      "/part": "# comment\nhost = a\n",
      "/head": "first\nport = 80\n",
    },
  },
  {
    title: "names with spaces",
    files: { "/my files/a b.txt": "1\n", "/my files/c.txt": "2\n" },
    script:
      'find \'/my files\' -name \'*.txt\' | while read -r f; do cp "$f" "/project/$(basename "$f" .txt) copy"; done',
    tree: {
      "/my files/a b.txt": "1\n",
      "/my files/c.txt": "2\n",
      "/project/a b copy": "1\n",
      "/project/c copy": "2\n",
    },
  },
  {
    title: "deleting by age of name",
    files: { "/b/1.bak": "", "/b/2.bak": "", "/b/3.bak": "", "/b/x": "" },
    script: "cd /b; ls *.bak | sort -r | tail -n +2 | xargs rm --",
    tree: { "/b/3.bak": "", "/b/x": "" },
  },
  {
    title: "positional arguments and shifts",
    script:
      "set -- a 'b c' d; while [ $# -gt 0 ]; do echo \"$1\" >> /args; shift; done; echo $# >> /args",
    tree: { "/args": "a\nb c\nd\n0\n" },
  },
  {
    title: "parameter expansions",
    script:
      "p=/project/src/app.tar.gz; { echo ${p##*/}; echo ${p%/*}; echo ${p%%.*}; echo ${u:-none}; echo ${#p}; : ${v:=set}; echo $v; } > /out",
    tree: { "/out": "app.tar.gz\n/project/src\n/project/src/app\nnone\n23\nset\n" },
  },
  {
    title: "quoting",
    script: "x='a  b'; printf '%s\\n' $x \"$x\" '$x' \"\\$x\" a\\ b > /q",
    tree: { "/q": "a\nb\na  b\n$x\n$x\na b\n" },
  },
  {
    title: "streams into files",
    script:
      "{ echo out; echo err >&2; } > /o 2> /e; { echo both; echo two >&2; } > /b 2>&1; echo swap 2>&1 >/s | cat > /p; (echo sub; cat /nothing) > /sub 2> /dev/null",
    exitCode: 1,
    tree: {
      "/o": "out\n",
      "/e": "err\n",
      "/b": "both\ntwo\n",
      "/s": "swap\n",
      "/p": "",
      "/sub": "sub\n",
    },
  },
  {
    title: "file descriptors",
    files: { "/in": "one\ntwo\n" },
    script:
      'exec 3> /three; echo a >&3; echo b >&3; exec 3>&-; while read -r l; do echo "[$l]" >> /out; done < /in',
    tree: { "/in": "one\ntwo\n", "/three": "a\nb\n", "/out": "[one]\n[two]\n" },
  },
  {
    title: "tests of files",
    files: { "/f": "x", "/empty": "", "/d/x": "" },
    script:
      "for p in /f /empty /d /none; do r=''; [ -e $p ] && r=${r}e; [ -f $p ] && r=${r}f; [ -d $p ] && r=${r}d; [ -s $p ] && [ -f $p ] && r=${r}s; echo \"$p $r\" >> /project/r; done",
    tree: {
      "/f": "x",
      "/empty": "",
      "/d/x": "",
      "/project/r": "/f efs\n/empty ef\n/d ed\n/none \n",
    },
  },
  {
    title: "patterns",
    files: { "/g/a1": "", "/g/a2": "", "/g/b1": "", "/g/.h": "" },
    script:
      "cd /g; echo * > /all; echo a? > /a; echo [!a]* > /not; echo *.none > /none; echo .h* > /hidden",
    tree: {
      "/g/a1": "",
      "/g/a2": "",
      "/g/b1": "",
      "/g/.h": "",
      "/all": "a1 a2 b1\n",
      "/a": "a1 a2\n",
      "/not": "b1\n",
      "/none": "*.none\n",
      "/hidden": ".h\n",
    },
  },
  {
    title: "a small build",
    files: { "/project/src/a.c": "int a;\n", "/project/src/b.c": "int b;\n" },
    script:
      "cd /project; mkdir -p out; for c in src/*.c; do n=$(basename $c .c); { echo \"// $n\"; cat $c; } > out/$n.o; done; cat out/*.o > out/all; wc -l < out/all | tr -d ' ' > out/lines; rm out/*.o",
    tree: {
      "/project/src/a.c": "int a;\n",
      "/project/src/b.c": "int b;\n",
      "/project/out/all": "// a\nint a;\n// b\nint b;\n",
      "/project/out/lines": "4\n",
    },
  },
  {
    title: "scratch files in /tmp",
    files: { "/project/words": "pear\nfig\napple\n" },
    script:
      "mkdir -p /tmp; sort /project/words > /tmp/sorted; tr a-z A-Z < /tmp/sorted > /project/words; rm /tmp/sorted",
    tree: { "/project/words": "APPLE\nFIG\nPEAR\n", "/tmp/": "" },
  },
  {
    title: "what is left in the system's directories",
    script: "mkdir -p /run/x; echo a > /run/x/y; echo b > ~/z; cat /run/x/y ~/z > /kept",
    tree: { "/kept": "a\nb\n" },
  },
];

/** The cases. */
export const BATTERY_CASES: readonly ShellCase[] = SCRIPTS.map((
  { title, files = {}, script, exitCode = 0, tree: expected },
) => ({
  name: `execute() leaves the same tree in every shell: ${title}`,
  run: async (tree) => {
    for (const [path, text] of Object.entries(files)) await tree.backend.write(path, text);
    const result = await tree.run(script);
    assertEquals([result.exitCode, result.timedOut], [exitCode, false], result.stderr.text);
    assertEquals(await tree.all(), expected);
  },
}));
