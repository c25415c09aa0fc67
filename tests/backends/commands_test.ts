import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Policy } from "../../backends/policy.ts";

const PUSH = "execute git push *";

/** Every one of them runs `git push`, or may. */
const PUSHES: readonly string[] = [
  // How words are written.
  "git push",
  "git push origin main --force",
  "  git\tpush",
  `g"i"t pu''sh`,
  "'git' 'push'",
  `"git" "push"`,
  "\\git push",
  "g\\it p\\ush",
  "$'git' push",
  "$'\\x67it' push",
  '$"git" push',
  "git \\\n push",
  "gi\\\nt pu\\\nsh",
  "\\\ngit push",
  "git push # quietly",
  "# a comment\ngit push",
  "/usr/bin/git push",
  "./git push",
  "../x/git push",
  "/usr/bin/../bin/git push",
  "//usr//bin//git push",
  // Where commands stand.
  "true; git push",
  "true && git push",
  "false || git push",
  "true & git push",
  "git push &",
  "echo a | git push",
  "git push | cat",
  "git push 2>&1 | tee log",
  "git 2>&1 push",
  "git >log 2>&1 push",
  "git {fd}>log push",
  ">log git <x push",
  "git >|log push",
  "! git push",
  "time git push",
  "time -p git push",
  "(git push)",
  "{ git push; }",
  "{ git push; } > log",
  "if true; then git push; fi",
  "if git push; then :; fi",
  "if a; then b; elif git push; then c; fi",
  "if a; then b; else git push; fi",
  "for x in a b; do git push; done",
  "for ((i = 0; i < 1; i++)); do git push; done",
  "while git push; do :; done",
  "until false; do git push; done",
  "case a in a) git push;; esac",
  "case a in b) :;; *) git push; esac",
  "f() { git push; }",
  "f() ( git push )",
  "function f { git push; }",
  "f() { git push; }; f",
  // Substitutions.
  "echo $(git push)",
  'echo "a $(git push) b"',
  "echo `git push`",
  'echo "`git push`"',
  "x=$(git push)",
  "x=(a $(git push))",
  "x[$(git push)]=1",
  "x=$(git push) true",
  "export x=$(git push)",
  "declare -a x=($(git push))",
  "local x=(`git push`)",
  "echo ${x:-$(git push)}",
  'echo "${x:-$(git push)}"',
  "echo ${x:=`git push`}",
  "echo ${x/$(git push)/a}",
  "echo ${x#$(git push)}",
  "echo ${x^$(git push)}",
  "echo ${x:$(git push)}",
  "echo ${x[$(git push)]}",
  'echo "${x[`git push`]}"',
  "echo $((1 + $(git push)))",
  "echo $((`git push`))",
  "echo $(( ${x:-$(git push)} ))",
  "(( x = $(git push) ))",
  "[[ -n $(git push) ]]",
  "[[ a == $(git push) ]]",
  "[[ -v x[$(git push)] ]]",
  "cat <(git push)",
  "[[ -f <(git push) ]]",
  "[[ a == $(git push) && b ]]",
  "tee >(git push)",
  "cat < <(git push)",
  "cat > $(git push)",
  "cat <<EOF\n$(git push)\nEOF",
  "cat <<EOF\na\\\nEOF\necho '\nEOF\ngit push #'",
  "cat <<EOF\n`git push`\nEOF",
  "cat <<-EOF\n\t$(git push)\n\tEOF",
  'cat <<< "$(git push)"',
  "echo {a,$(git push)}",
  "echo $(echo $(echo $(git push)))",
  "for x in $(git push); do :; done",
  "case $(git push) in *) ;; esac",
  // Programs that run others.
  "sh -c 'git push'",
  `sh -c "git push"`,
  "bash -c 'git push' name argument",
  "bash -lc 'git push'",
  "bash -euo pipefail -c 'git push'",
  "bash --norc --rcfile x -c 'git push'",
  "sh -c -- 'git push'",
  "sh -ec 'true; (git push)'",
  "/bin/sh -c 'git push'",
  `sh -c 'sh -c "git push"'`,
  "sh <<EOF\ngit push\nEOF",
  "sh -s <<'EOF'\ngit push\nEOF",
  "bash <<< 'git push'",
  "sh /dev/stdin <<< 'git push'",
  ". /dev/stdin <<< 'git push'",
  "env git push",
  "env -i git push",
  "env -u HOME A=b C=d git push",
  "env --unset=HOME -- git push",
  "env -C /x git push",
  "/usr/bin/env git push",
  "A=b git push",
  "A=b env C=d nohup git push",
  "command git push",
  "command -p git push",
  "builtin command git push",
  "exec git push",
  "exec -a name git push",
  "nohup git push &",
  "nice git push",
  "nice -n 5 git push",
  "nice -5 git push",
  "nice --adjustment=5 git push",
  "timeout 5 git push",
  "timeout -k 1 -s KILL 5 git push",
  "timeout --signal=KILL --foreground 5s git push",
  "\\time -f %e git push",
  "/usr/bin/time -v git push",
  "setsid -f git push",
  "stdbuf -oL -e 0 git push",
  "sudo git push",
  "sudo -u root A=b git push",
  "sudo -nu root -- git push",
  "doas -u root git push",
  "busybox git push",
  "busybox sh -c 'git push'",
  "xargs git push",
  "echo push | xargs git",
  "echo push | xargs -n 1 -I{} git {}",
  "echo git | xargs -I{} {} push",
  "echo x | xargs -d '\\n' -P4 sh -c 'git push'",
  "find . -exec git push ;",
  "find . -name x -exec git push \\;",
  "find . -type f -execdir git push {} +",
  "find . -exec true \\; -exec git push \\;",
  "find . -ok sh -c 'git push' \\;",
  "eval git push",
  "eval 'git push'",
  `eval "git" 'push'`,
  "trap 'git push' EXIT",
  "trap -- 'git push' EXIT",
  "watch git push",
  "watch -n 1 'git push'",
  "flock /tmp/lock git push",
  "flock /tmp/lock -c 'git push'",
  "su -c 'git push'",
  "strace -f git push",
  "chroot /x git push",
  "taskset 1 nice env git push",
  "env timeout 5 nice sh -c 'xargs git push'",
  // Where other shells than Bash see a command.
  "true &> git push\ngit push",
  "echo x &>/dev/null git push",
  "[[ a || git == push ]] || git push",
  "((a || git push))",
  "[[ a || git push ]]",
  "[[ a || git 2>&1 push ]]",
  "[[ a || b && >f git push ]]",
  "[[ a\ngit push ]]",
  "[[ a && b || git push ]]",
  "echo $'\\' ; git push # '",
  "cat <<$'EOF'\n$EOF\ngit push\nEOF\n",
  // What is filled in only when it runs.
  "$X push",
  '"$X" push',
  "$(which git) push",
  "`which git` push",
  "${GIT:-git} push",
  "~/git push",
  "g?t push",
  "{git,push}",
  "git $X",
  'git "$X"',
  "git ${X} origin",
  "git p*",
  "git {push,origin}",
  "git $(echo push)",
  'git "$@"',
  "$X",
  "sh -c $X",
  'sh -c "$X"',
  "eval $X",
  'eval "git $X"',
  "echo git push | sh",
  "sh < x",
  "env $X",
  "env -S 'git push'",
  "timeout $X git push",
  "find . $X",
  "find . \"$X\" git push ';'",
  "xargs $X",
  "xargs -i git push",
  "nice --unknown git push",
  "alias x='git push'",
  "alias x=git\nx push",
  "hash -p /x/git ls",
  'trap "$X" EXIT',
  "printf -v 'x[$(git push)]' a",
  "read 'x[`git push`]'",
  "echo ${x@P}",
  // What cannot be parsed.
  "git push '",
  "if git push",
  "cat <<EOF\ngit push",
  "echo $(git push",
  "{ git push;\n",
  "fi; git push",
  "coproc git push",
];

/** None of them runs `git push`. */
const OTHERS: readonly string[] = [
  "",
  "   ",
  "# git push",
  "git status",
  "git pushy",
  "git -C x push",
  "git log --grep push",
  "agit push",
  "git-lfs push",
  "echo git push",
  "echo 'git push'",
  'echo "; git push"',
  "echo \\; git push",
  "echo a # git push",
  "echo a \\\n git push",
  "grep -r 'git push' .",
  "git commit -m 'git push'",
  "git commit -m \"say 'git push'\"",
  "cat <<'EOF'\n$(git push)\nEOF",
  "cat <<EOF\ngit push\nEOF",
  "x='git push'",
  "ls $DIR",
  'ls "$(pwd)" *.py {a,b}',
  "ls push/git",
  "git/push",
  "command -v git push",
  "sh push.sh git push",
  "sh -c 'git status' push",
  "python3 -c 'print(1)'",
  "env -i",
  "env A=b",
  "find . -name git -newer push",
  "find \"$DIR\" -name '*.py' -print0 | xargs -0 grep -n x",
  "find . \\( -name a -o -name b \\) -exec grep -l x {} +",
  'for f in *.py; do wc -l "$f"; done > log 2>&1',
  "if [ -f x ]; then cat x; fi &> log",
  "make &>/dev/null; ls",
  "[[ -f x && $y == z ]]",
  "echo $((1 + 2)) ${x:-y} ${#x}",
  "awk '{ print $(NF - 1) }' x",
  "trap - EXIT",
  "echo a >| log >> log <> log",
  "timeout 5 git status",
  "sed -e 's/(a)/`b`/' x",
];

Deno.test("Policy.decideCommand() finds a command however it is written", () => {
  const policy = new Policy({ deny: [PUSH] });
  for (const script of PUSHES) {
    const { verdict, rule } = policy.decideCommand(script);
    assertEquals([verdict, rule], ["deny", PUSH], script);
  }
});

Deno.test("Policy.decideCommand() takes no other command for it", () => {
  const policy = new Policy({ deny: [PUSH] });
  for (const script of OTHERS) {
    assertEquals((policy.decideCommand(script)).verdict, "allow", script);
  }
});

Deno.test("Policy.decideCommand() matches the words of a rule", () => {
  const cases: [rule: string, command: string | readonly string[], matches: boolean][] = [
    ["git push *", "git push", true],
    ["git push *", "git push origin main", true],
    ["git push *", "git pushy", false],
    ["git push *", "git -C x push", false],
    ["git *", "git -C x push", true],
    ["git push", "git push", true],
    ["git push", "git push origin", false],
    ["git push --force*", "git push --force-with-lease", true],
    ["git push * main", "git push origin main", true],
    ["git push * main", "git push main", false],
    ["rm -rf /*", "rm -rf /project/src", true],
    ["git {push,fetch} *", "git fetch origin", true],
    ["git {push,fetch} *", "git pull", false],
    ["*", "anything at all", true],
    ["* --version", "git --version", true],
    ["* --version", "git", false],
    ["git?push", "git\\ push", true],
    ["git commit -m ?*", "git commit -m 'a b'", true],
    ["npm run *", ["npm", "run", "a b"], true],
    ["npm run test", ["npm", "run test"], false],
    ["git push *", ["git", "push"], true],
    ["git push *", ["/usr/bin/git", "push"], true],
    ["git push *", ["sh", "-c", "git push"], true],
    ["git push *", ["echo", "git push"], false],
    ["/usr/bin/git *", "/usr/bin/git status", true],
    ["/usr/bin/git *", "git status", true],
    ["/usr/bin/git *", "/bin/git status", true],
    ["/usr/bin/git *", "/project/git status", false],
    ["/project/run *", "/project/run", true],
    ["/project/run *", "/project/x/../run", true],
    ["/project/run *", "./run", true],
    ["/project/run *", "/other/run", false],
    ["[ *", "[ -f x ]", true],
    ["git push origin", 'git "$@"', true],
    ["git push origin", 'git "${X[@]}"', true],
    ["git push origin", 'git "$X"', false],
    ["git push origin", "git $X", true],
  ];
  for (const [rule, command, matches] of cases) {
    const policy = new Policy({ deny: [`execute ${rule}`] });
    const { verdict } = policy.decideCommand(command);
    assertEquals(verdict, matches ? "deny" : "allow", `${rule} for ${command}`);
  }
});

Deno.test("Policy.decideCommand() allows what is surely allowed, every part of it", () => {
  const allow = ["git *", "ls *", "cat ?*", "./run", "export *"].map((rule) => `execute ${rule}`);
  const policy = new Policy({ allow });
  const allowed = [
    "git status",
    "git",
    "git log | cat -n",
    'ls $DIR && git diff "$X" > log',
    "/usr/bin/git status",
    "sh -c 'git status; ls'",
    "env A=b timeout 5 nohup git status",
    "timeout -k 1 --signal=KILL -s 9 5 git status",
    "env -u HOME --chdir=/x git status",
    "nice -n 5 xargs -n 1 -I{} git {} status",
    "A=b git status",
    "ls | xargs ls -l",
    'for x in *; do ls "$x"; done',
    "X=$(git status)",
    "git commit -F - <<EOF\n$(ls)\nEOF",
    'git commit -m "$(cat x)"',
    'ls "$X"',
    "./run",
    "git status; # rm x",
    "git $((1 + 2))",
  ];
  for (const script of allowed) {
    assertEquals(policy.decideCommand(script).verdict, "allow", script);
  }
  const denied: [string, string | undefined][] = [
    ["rm x", "rm x"],
    ["git status; rm x", "rm x"],
    ["git status $(rm x)", "rm x"],
    ["ls | xargs rm", "rm …"],
    ["env rm x", "rm x"],
    ["sudo git status", "sudo git status"],
    ["find . -exec git status \\;", "find . -exec git status ';'"],
    ["cat", "cat"],
    ["cat $X", "cat …"],
    // It may be empty.
    ['cat "$X"', "cat …"],
    ["./run fast", "./run fast"],
    ["./git status", "./git status"],
    ["/project/bin/git status", "/project/bin/git status"],
    ["/project/env git status", "/project/env git status"],
    ["f() { ls; }; f", "f"],
    ["$X", undefined],
    ["git 'status", undefined],
    ["sh x.sh", "sh x.sh"],
    ["ls | sh", undefined],
    ["alias git=rm", "alias git=rm"],
    ["PATH=/project/bin git status", undefined],
    ["export PATH=/project/bin; git status", undefined],
    ["env PATH=/x git status", undefined],
    ["LD_PRELOAD=/x.so git status", undefined],
    ["GIT_SSH_COMMAND=x git status", undefined],
    ["[[ a || rm ]]", "rm ']]'"],
    ["((rm))", "rm"],
    ["ls &>x rm", "rm"],
  ];
  for (const [script, command] of denied) {
    const decision = policy.decideCommand(script);
    assertEquals(
      [decision.verdict, decision.rule, decision.command],
      ["deny", undefined, command],
      script,
    );
  }
  assertEquals(policy.decideCommand("git status", { env: { HOME: "/x" } }).verdict, "allow");
  assertEquals(policy.decideCommand("git status", { env: { PATH: "/x" } }), {
    verdict: "deny",
    unclear: "it sets 'PATH'",
  });
  const all = new Policy({ allow: ["execute *"] });
  for (const script of ["$X", "git 'status", "PATH=/x git", "ls | sh"]) {
    assertEquals(all.decideCommand(script).verdict, "allow", script);
  }
});

Deno.test("Policy.decideCommand() asks about what may be asked about", () => {
  const policy = new Policy({ ask: ["execute git push *"], deny: ["execute rm *"] });
  const cases: [string, string][] = [
    ["git push", "ask"],
    ["git status", "allow"],
    ['git "$X"', "ask"],
    ["git push; rm x", "deny"],
    ["rm x; git push", "deny"],
    ["PATH=/x ls", "allow"],
    // It may be what is denied.
    ["$X", "deny"],
  ];
  for (const [script, verdict] of cases) {
    assertEquals(policy.decideCommand(script).verdict, verdict, script);
  }
  const asking = new Policy({ allow: ["execute ls *"], ask: ["execute git push *"] });
  for (
    const [script, verdict] of [
      ["ls; git push", "ask"],
      ["git push; git status", "deny"],
      ["PATH=/x git push", "ask"],
      ["$X", "ask"],
      ["ls", "allow"],
    ] as const
  ) assertEquals(asking.decideCommand(script).verdict, verdict, script);
  assertEquals(policy.decideCommand("cd x && git push origin").command, "git push origin");
});

Deno.test("Policy.decideCommand() ends whatever it is given", () => {
  const policy = new Policy({ deny: ["execute git push *"] });
  const pieces = [
    ...["(", "((", "$((", '"$(', "`", "${x:-", "[[ ", "<<a\n", "case x in a) ", "a ", "'", "\\\n"],
    ...["sh -c ", "watch ", "find . -exec ", "env ", "$'", "<(", "&>a ", "for ((", "x=(", "#\n"],
    ...["$((~$\n", "\\", '"', "a;", "cat <<a\n`b`\na\n", "{ ", "!", "if "],
  ];
  for (const piece of pieces) {
    for (const count of [1, 60, Math.floor(40_000 / piece.length)]) {
      for (const script of [piece.repeat(count), `git push ${piece.repeat(count)}`]) {
        const { verdict } = policy.decideCommand(script);
        if (script.startsWith("git push ")) assertEquals(verdict, "deny", piece);
      }
    }
  }
  let nested = "git push";
  for (let depth = 0; depth < 14; depth++) {
    nested = `sh -c '${nested.replaceAll("'", "'\\''")}'`;
    assertEquals(policy.decideCommand(nested).verdict, "deny", `depth ${depth}`);
  }
  for (
    const [open, close] of [
      ...[["(", ")"], ["$(", ")"], ["((", "))"], ["( ", " )"], ["{ ", "; }"], ["<(", ")"]],
      ...[["case x in a) ", " esac"], ["if a; then ", "; fi"], ["echo ${x:-$(", ")}"]],
    ]
  ) {
    for (const depth of [1, 10, 49, 51, 1_000]) {
      const script = open?.repeat(depth) + "git push" + close?.repeat(depth);
      assertEquals(policy.decideCommand(script).verdict, "deny", `${open} ${depth}`);
    }
  }
});

const QUOTINGS: readonly ((word: string) => string)[] = [
  (word) => word,
  (word) => `'${word}'`,
  (word) => `"${word}"`,
  (word) => [...word].map((letter) => `\\${letter}`).join(""),
  (word) => `${word.slice(0, 1)}''${word.slice(1)}`,
  (word) => `${word.slice(0, 1)}"${word.slice(1)}"`,
  (word) => `${word.slice(0, 1)}\\\n${word.slice(1)}`,
  (word) => `$'${word}'`,
  (word) => `$"${word}"`,
];

const WRAPS: readonly ((script: string) => string)[] = [
  (script) => `true; ${script}`,
  (script) => `(${script}\n)`,
  (script) => `{ ${script}\n}`,
  (script) => `if true; then ${script}\nfi`,
  (script) => `echo "$(${script}\n)"`,
  (script) => `x=$(${script}\n)`,
  (script) => `f() { ${script}\n}`,
  (script) => `case x in y) ;; *) ${script}\nesac`,
  (script) => `sh -c '${script.replaceAll("'", "'\\''")}'`,
  (script) => `eval '${script.replaceAll("'", "'\\''")}'`,
  (script) => `: # ' " $( \`\n${script}`,
  (script) => `echo 'it'\\''s' "a 'b' \\" c"; ${script}`,
  (script) => `cat <<'EOF'\n' " $( \`\nEOF\n${script}`,
  (script) => `sh <<E${script.length}\n${script.replace(/[\\$`]/g, "\\$&")}\nE${script.length}`,
  (script) => `for x in 'a;' "b)"; do ${script}\ndone`,
  (script) => `! ${script}`,
  (script) => `cat <(${script}\n)`,
];

Deno.test("Policy.decideCommand() finds a command in any combination of these", () => {
  const policy = new Policy({ deny: ["execute git push *"] });
  const quoting = fc.constantFrom(...QUOTINGS);
  const wraps = fc.array(fc.constantFrom(...WRAPS), { maxLength: 5 });
  fc.assert(
    fc.property(quoting, quoting, wraps, (name, verb, wraps) => {
      const command = `${name("git")} ${verb("push")} origin`;
      const script = wraps.reduce((inner, wrap) => wrap(inner), command);
      assertEquals(policy.decideCommand(script).verdict, "deny", script);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("Policy.decideCommand() takes quoted text for no command, in any combination of these", () => {
  const policy = new Policy({ deny: ["execute git push *"] });
  const wraps = fc.array(fc.constantFrom(...WRAPS), { maxLength: 4 });
  const quoted = fc.constantFrom(
    ...["echo 'git push'", 'grep "; git push" x', "echo git push", "echo \\; git push"],
    ...["true # git push", "echo '$(git push)'", 'echo "\\$(git push)"', "git status push"],
  );
  fc.assert(
    fc.property(quoted, wraps, (command, wraps) => {
      const script = wraps.reduce((inner, wrap) => wrap(inner), command);
      assertEquals(policy.decideCommand(script).verdict, "allow", script);
    }),
    { numRuns: 1_000 },
  );
});
