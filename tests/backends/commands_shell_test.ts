import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { Policy } from "../../backends/policy.ts";
import { findBubblewrap } from "../../runner/_bubblewrap_namespace.ts";
import fc from "../support/fast_check.ts";

const BUBBLEWRAP = findBubblewrap();
const SHELLS = ["sh", "bash"];
const SCRIPTS = 250;

function quote(script: string): string {
  return `'${script.replaceAll("'", "'\\''")}'`;
}

const push = fc.constantFrom(
  ...["git push", "git push o", `g"i"t pu''sh`, "\\git push", "git 2>&1 push", ">f git push"],
  ...["git >f push", "git &>f push", "A=b git push", "git {push,x}", "gi\\\nt push", "$G push"],
  ...["env git push", "echo push | xargs git", "command git push", "git $'push'"],
);
const text = fc.array(
  fc.constantFrom(..."'\"\\$`(){}#;|&<> a\n*=!", "git push", "EOF", "$(", "[[", "]]", "((", "))"),
  { maxLength: 6 },
).map((pieces) => pieces.join(""));

/** Scripts that run `git push` somewhere, or look as if they did. */
const { script } = fc.letrec<{ script: string; word: string }>((tie) => ({
  word: fc.oneof(
    text.map(quote),
    text.map((text) => `"${text.replace(/[\\$`"]/g, "\\$&")}"`),
    tie("script").map((script) => `"$(${script}\n)"`),
    tie("script").map((script) => `\${x:-$(${script}\n)}`),
    fc.constantFrom("a", "\\'", '\\"', "\\\\", "a#b", "$((1 + 2))", "$'a\\n'", "*", "${#x}", "~"),
  ),
  script: fc.oneof(
    { depthSize: "small" },
    { weight: 3, arbitrary: push },
    fc.tuple(tie("word"), tie("word")).map((words) => `echo ${words.join(" ")}`),
    fc.tuple(
      tie("script"),
      fc.constantFrom(";", "&&", "||", "|", "&", "\n", " # ' \" $( `\n"),
      tie("script"),
    ).map((parts) => parts.join("")),
    fc.tuple(
      tie("script"),
      fc.constantFrom<(script: string) => string>(
        (script) => `(${script}\n)`,
        (script) => `{ ${script}\n}`,
        (script) => `if ${script}\nthen :; fi`,
        (script) => `for x in a 'b)'; do ${script}\ndone`,
        (script) => `case x in 'y)') ;; (*) ${script}\nesac`,
        (script) => `f() { ${script}\n}; f`,
        (script) => `sh -c ${quote(script)}`,
        (script) => `eval ${quote(script)}`,
        (script) => `echo ${quote(script)}`,
        (script) => `cat <<'EOF'\n${script}\nEOF\n`,
        (script) => `cat <<EOF\n$(${script}\n)\nEOF\n`,
        (script) => `[[ a || ${script} ]]`,
        (script) => `((${script}))`,
        (script) => `trap ${quote(script)} EXIT`,
        (script) => `! ${script}`,
      ),
    ).map(([script, wrap]) => wrap(script)),
  ),
}));

/** A slip of the pen, so that quotes and parentheses close what they should not. */
const scripts = fc.tuple(
  script,
  fc.constantFrom("", ..."'\"\\$`(){}#;|&<> \n"),
  fc.double({
    min: 0,
    max: 1,
    noNaN: true,
  }),
).map(([script, slip, place]) => {
  const at = Math.floor(place * script.length);
  return script.slice(0, at) + slip + script.slice(at);
}).filter((script) => !script.includes("\0"));

/** Which of the scripts run `git`, by shell and number, with its first argument. */
async function run(all: readonly string[]): Promise<Map<string, string>> {
  const directory = await Deno.makeTempDir({ prefix: "routebook-commands-" });
  try {
    for (const name of ["bin", "log", "scripts"]) await Deno.mkdir(join(directory, name));
    const git = '#!/bin/sh\nprintf "%s" "$1" > "/w/log/$(basename "$PWD")"\n';
    await Deno.writeTextFile(join(directory, "bin/git"), git, { mode: 0o755 });
    for (const [number, script] of all.entries()) {
      await Deno.writeTextFile(join(directory, `scripts/${number}`), script);
    }
    const driver = `for shell in ${SHELLS.join(" ")}; do for script in /w/scripts/*; do
      here=/tmp/$shell-\${script##*/}; mkdir $here; cd $here
      G=git PATH=/w/bin:/usr/bin:/bin timeout -s KILL 5 $shell $script </dev/null >/dev/null 2>&1
    done; done; exit 0`;
    const { code, stderr } = await new Deno.Command(BUBBLEWRAP ?? "bwrap", {
      args: [
        ...["--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/usr", "/usr"],
        ...["--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib"],
        ...["--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev"],
        ...["--tmpfs", "/tmp", "--bind", directory, "/w", "sh", "-c", driver],
      ],
      clearEnv: true,
      env: { PATH: "/usr/bin:/bin" },
      stdout: "null",
    }).output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    const ran = new Map<string, string>();
    for (const { name } of Deno.readDirSync(join(directory, "log"))) {
      ran.set(name, await Deno.readTextFile(join(directory, "log", name)));
    }
    return ran;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test({
  name: "Policy.decideCommand() lets no script through that sh or bash takes for 'git push'" +
    (BUBBLEWRAP === undefined ? " (needs bubblewrap)" : ""),
  ignore: BUBBLEWRAP === undefined,
  async fn() {
    const all = fc.sample(scripts, { numRuns: SCRIPTS, seed: 4 });
    const ran = await run(all);
    const denying = new Policy({ deny: ["execute git push *"] });
    const allowing = new Policy({
      allow: ["echo *", "cat *", ": *", "f *", "sh *", "trap *"].map((rule) => `execute ${rule}`),
    });
    let pushes = 0;
    for (const [number, script] of all.entries()) {
      for (const shell of SHELLS) {
        const argument = ran.get(`${shell}-${number}`);
        if (argument === undefined) continue;
        assertEquals(allowing.decideCommand(script).verdict, "deny", `${shell}: ${script}`);
        if (argument !== "push") continue;
        pushes++;
        assertEquals(denying.decideCommand(script).verdict, "deny", `${shell}: ${script}`);
      }
    }
    // Otherwise it would say nothing.
    assert(pushes > SCRIPTS / 3, `${pushes} of ${SCRIPTS}`);
  },
});
