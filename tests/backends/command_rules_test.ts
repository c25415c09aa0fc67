import { assertEquals } from "@std/assert";
import { Policy } from "../../backends/policy.ts";
import fc from "../support/fast_check.ts";

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
