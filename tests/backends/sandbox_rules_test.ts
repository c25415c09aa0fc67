import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { codeOf } from "./_shell_case.ts";
import type { ExecuteResult } from "../../backends/shells/shell.ts";
import { LIMITS } from "../../backends/limits.ts";
import { SandboxShell } from "../../backends/shells/sandbox.ts";
import {
  makeSubject,
  NO_SANDBOX,
  type SandboxSubject,
  type SubjectOptions,
  temporaryMemory,
} from "./_sandbox_subject.ts";

const SECRET = "SECRET-VALUE-42";

/** A project with a secret, a directory of secrets and a directory that may only be read. */
async function prepare(project: string): Promise<void> {
  for (const path of ["conf/deep", "deploy/bin", "src", "keys"]) {
    await Deno.mkdir(`${project}/${path}`, { recursive: true });
  }
  await Deno.writeTextFile(`${project}/.env`, SECRET);
  await Deno.writeTextFile(`${project}/conf/deep/.env`, SECRET);
  await Deno.writeTextFile(`${project}/keys/id`, SECRET);
  await Deno.writeTextFile(`${project}/deploy/run.sh`, "echo deploy\n");
  await Deno.writeTextFile(`${project}/deploy/bin/tool`, "tool\n");
  await Deno.writeTextFile(`${project}/src/app.py`, "print(1)\n");
}

const DENY = ["read **/.env", "read /project/keys/**", "write /project/deploy/**"];

function testRules(
  name: string,
  run: (subject: SandboxSubject) => Promise<void>,
  options: SubjectOptions = {},
): void {
  const why = NO_SANDBOX === undefined ? "" : ` (ignored: ${NO_SANDBOX})`;
  Deno.test({
    name: `SandboxShell.execute() ${name}${why}`,
    ignore: NO_SANDBOX !== undefined,
    fn: async () => {
      await using subject = await makeSubject({ prepare, rules: { deny: DENY }, ...options });
      await run(subject);
    },
  });
}

/** All that a command printed. */
function said({ stdout, stderr }: ExecuteResult): string {
  return stdout.text + stderr.text;
}

/** Everything that a command can find, in any way that it may try. */
const GRAB =
  "cat /project/.env /project/conf/deep/.env /project/keys/id; grep -rs SECRET /project /readonly; " +
  "find /project -type f -exec cat {} +; tar -cf - /project 2>/dev/null | tr -d '\\0'; " +
  "cat /proc/self/root/project/.env /proc/*/root/project/.env /proc/*/cwd/project/.env";

testRules("shows nothing of what a rule denies to read", async ({ shell }) => {
  const result = await shell.execute(GRAB);
  assert(!said(result).includes(SECRET), said(result));
  assertStringIncludes(said(result), "/project/.env: Permission denied");
  assertStringIncludes(said(result), "print(1)");
  assertEquals((await shell.execute("ls /project/keys")).exitCode, 2);
});

testRules("cannot change what a rule denies to write, and the rest it can", async (subject) => {
  const { shell, project } = subject;
  for (
    const command of [
      "echo x > /project/deploy/run.sh",
      "echo x > /project/deploy/new",
      "rm /project/deploy/run.sh",
      "rm -rf /project/deploy",
      "mv /project/deploy /project/elsewhere",
      "mv /project/deploy/run.sh /project/run.sh",
      "chmod 777 /project/deploy/run.sh",
      "touch /project/deploy/run.sh",
      "ln -s x /project/deploy/link",
      "echo x > /project/.env",
      "rm -f /project/.env",
      "mv /project/src/app.py /project/.env",
      "chmod 777 /project/.env",
      "chmod -R 777 /project/keys",
      "rmdir /project/keys",
    ]
  ) {
    const { exitCode } = await shell.execute(command);
    assert(exitCode !== 0, command);
  }
  assertEquals((await shell.execute("sh /project/deploy/run.sh")).stdout.text, "deploy\n");
  assertEquals((await shell.execute("echo 2 >> /project/src/app.py")).exitCode, 0);
  assertEquals(await Deno.readTextFile(`${project}/deploy/run.sh`), "echo deploy\n");
  assertEquals(await Deno.readTextFile(`${project}/.env`), SECRET);
  assertEquals(await Deno.readTextFile(`${project}/keys/id`), SECRET);
  assertEquals(await Deno.readTextFile(`${project}/src/app.py`), "print(1)\n2\n");
  assertEquals(((await Deno.lstat(`${project}/.env`)).mode ?? 0) & 0o777, 0o644);
});

testRules(
  "keeps what it covers where it is, however its directories are moved",
  async (subject) => {
    const { shell, project } = subject;
    for (
      const command of [
        "mv /project/conf /project/moved",
        "mv /project/conf/deep /project/conf/moved",
        "mv /project/conf/deep/.env /project/plain",
        "rm -rf /project/conf",
        "mv /project/keys /project/moved",
        'perl -e \'rename("/project/conf", "/project/moved") or die $!\'',
        "ln /project/.env /project/plain",
        "ln /project/deploy/run.sh /project/plain",
        "mv /project/src /project/deploy/src",
        "umount /project/.env",
        "mount --bind /project /mnt",
        "unshare -Um umount /project/.env",
      ]
    ) {
      assert((await shell.execute(command)).exitCode !== 0, command);
      assert(!said(await shell.execute(GRAB)).includes(SECRET), command);
    }
    for (const path of [".env", "conf/deep/.env", "keys/id"]) {
      assertEquals(await Deno.readTextFile(`${project}/${path}`), SECRET);
    }
    assertEquals([...Deno.readDirSync(project)].map(({ name }) => name).sort(), [
      ".env",
      "conf",
      "deploy",
      "keys",
      "src",
    ]);
  },
);

testRules("removes what a command made or moved to where it may not write", async (subject) => {
  const { shell, project, local } = subject;
  const script = "cd /project; mkdir -p new/deep; echo x > new/.env; echo x > new/deep/.env; " +
    "mv src/app.py src/.env; mkdir src/keys src/deploy; ln -s /etc/passwd new/deep/link; mkdir a; " +
    "mkdir a/.env; echo y > a/.env/inside; echo ok > new/ok; ln -s app.py conf/.env";
  const { exitCode, notes } = await shell.execute(script);
  assertEquals([exitCode, [...notes].sort()], [
    0,
    ["a/.env", "conf/.env", "new/.env", "new/deep/.env", "src/.env"].map((path) =>
      `'/project/${path}' was removed: denied by the rule 'read **/.env'`
    ),
  ]);
  const { stdout } = await new Deno.Command("find", {
    args: [project, "-mindepth", "1", "-printf", "%P\n"],
  }).output();
  assertEquals(new TextDecoder().decode(stdout).trim().split("\n").sort(), [
    ".env",
    "a",
    "conf",
    "conf/deep",
    "conf/deep/.env",
    "deploy",
    "deploy/bin",
    "deploy/bin/tool",
    "deploy/run.sh",
    "keys",
    "keys/id",
    "new",
    "new/deep",
    "new/deep/link",
    "new/ok",
    "src",
    "src/deploy",
    "src/keys",
  ]);
  assertEquals(local, ["/project/new/ok"]);
});

testRules("keeps links that were there before, whatever their names", async (subject) => {
  const { shell, project, local } = subject;
  await Deno.symlink("app.py", `${project}/src/.env`);
  const { exitCode, notes } = await shell.execute("cat /project/src/.env; echo x > /project/x");
  assertEquals([exitCode, notes, local], [0, [], ["/project/x"]]);
  assertEquals(await Deno.readLink(`${project}/src/.env`), "app.py");
  // Another one of that name is as new as any.
  const again = await shell.execute("ln -sfn other /project/src/.env");
  assertEquals(again.notes, ["'/project/src/.env' was removed: denied by the rule 'read **/.env'"]);
});

testRules("removes no file that somebody else has replaced meanwhile", async (subject) => {
  const { shell, project } = subject;
  const onOutput = () => {
    Deno.writeTextFileSync(`${project}/saved`, "saved by an editor");
    Deno.renameSync(`${project}/saved`, `${project}/.env`);
  };
  const { notes } = await shell.execute("echo ready; sleep 0.5", { onOutput });
  assertEquals(notes, []);
  assertEquals(await Deno.readTextFile(`${project}/.env`), "saved by an editor");
});

testRules("removes it also when the command was killed or aborted", async ({ shell, project }) => {
  const names = () => [...Deno.readDirSync(`${project}/src`)].map(({ name }) => name);
  const killed = await shell.execute("echo x > /project/src/.env; sleep 60", { timeout: 1_000 });
  assertEquals([killed.timedOut, names()], [true, ["app.py"]]);
  const controller = new AbortController();
  const call = shell.execute("mkdir /project/src/.env; echo ready; sleep 60", {
    signal: controller.signal,
    onOutput: () => controller.abort(),
  });
  assertEquals(await codeOf(call), "aborted");
  assertEquals(names(), ["app.py"]);
});

testRules("covers a file under each of its names", async ({ shell, project }) => {
  await Deno.link(`${project}/.env`, `${project}/src/second`);
  await Deno.link(`${project}/deploy/run.sh`, `${project}/src/third`);
  await Deno.link(`${project}/src/app.py`, `${project}/src/fourth`);
  assert(!said(await shell.execute(`${GRAB}; cat /project/src/second`)).includes(SECRET));
  assertEquals((await shell.execute("cat /project/src/third")).stdout.text, "echo deploy\n");
  assert((await shell.execute("echo x > /project/src/third")).exitCode !== 0);
  assertEquals((await shell.execute("echo x > /project/src/fourth")).exitCode, 0);
  assertEquals(await Deno.readTextFile(`${project}/deploy/run.sh`), "echo deploy\n");
});

testRules("shows of a tree with a list of what is allowed that alone", async (subject) => {
  const { shell, project } = subject;
  const { stdout, stderr } = await shell.execute(
    "cd /; find /project /readonly 2>/dev/null | sort; cat /project/src/app.py; cat /project/.env",
  );
  assertEquals(stdout.text.split("\n"), [
    "/project",
    "/project/deploy",
    "/project/deploy/run.sh",
    "/project/src",
    "/project/src/app.py",
    "/readonly",
    "print(1)",
    "",
  ]);
  assertStringIncludes(stderr.text, "/project/.env");
  for (
    const command of [
      "touch /project/x",
      "touch /project/deploy/x",
      "echo > /project/deploy/run.sh",
    ]
  ) {
    assert((await shell.execute(command)).exitCode !== 0, command);
  }
  assertEquals(
    await shell.execute("echo 2 > /project/src/new").then((
      { exitCode, notes },
    ) => [exitCode, notes]),
    [0, []],
  );
  assertEquals(await Deno.readTextFile(`${project}/src/new`), "2\n");
  assertEquals(await Deno.readTextFile(`${project}/deploy/run.sh`), "echo deploy\n");
}, { rules: { allow: ["write /project/src/**", "read /project/deploy/run.sh"] } });

testRules("may write where a list allows it inside what it may only read", async (subject) => {
  const { shell, project } = subject;
  await Deno.mkdir(`${project}/conf/deep/inner`);
  assertEquals((await shell.execute("cat /project/deploy/run.sh")).exitCode, 0);
  for (const path of ["new", "conf/new", "conf/deep/new", "deploy/run.sh"]) {
    assert((await shell.execute(`echo x > /project/${path}`)).exitCode !== 0, path);
  }
  assertEquals((await shell.execute("echo x > /project/conf/deep/inner/new")).exitCode, 0);
  assert((await shell.execute("mv /project/conf /project/moved")).exitCode !== 0);
}, { rules: { allow: ["read **", "write /project/conf/deep/inner/**"], deny: ["read **/.env"] } });

testRules("denies to a command what somebody would have to be asked about", async ({ shell }) => {
  assert(!said(await shell.execute(GRAB)).includes(SECRET));
  assert((await shell.execute("touch /project/deploy/x")).exitCode !== 0);
}, { rules: { ask: DENY } });

testRules("covers closed directories, which their owner could open", async ({ shell, project }) => {
  await Deno.chmod(`${project}/conf/deep`, 0);
  const { stdout } = await shell.execute(
    "chmod -R 777 /project/conf 2>&1; cat /project/conf/deep/.env 2>&1",
  );
  assert(!stdout.text.includes(SECRET), stdout.text);
  assertStringIncludes(stdout.text, "Read-only file system");
});

testRules("runs nothing where a covered name is no UTF-8", async ({ shell, project }) => {
  const script =
    `printf '%s' "$1" > "$2/$(printf 'bad\\377')"; mkdir "$2/sub" && mv "$2"/bad* "$2/sub/.env"`;
  await new Deno.Command("sh", { args: ["-c", script, "sh", SECRET, project] }).output();
  assert(!said(await shell.execute(GRAB)).includes(SECRET));
  const rename =
    `mkdir "$1/$(printf 'bad\\377')" && mv "$1/sub/.env" "$1/$(printf 'bad\\377')/.env"`;
  await new Deno.Command("sh", { args: ["-c", rename, "sh", project] }).output();
  assertEquals(await codeOf(shell.execute("touch /project/ran")), "unsupported");
  assertEquals([...Deno.readDirSync(project)].some(({ name }) => name === "ran"), false);
});

testRules("runs nothing where there is more than it can cover", async (subject) => {
  const { shell, project } = subject;
  await Deno.mkdir(`${project}/many`);
  for (let index = 0; index < 1_000; index++) {
    await Deno.writeTextFile(`${project}/many/${index}.pem`, "");
  }
  assertEquals(await codeOf(shell.execute("touch /project/ran")), "too_large");
  for (let index = 10; index < 1_000; index++) await Deno.remove(`${project}/many/${index}.pem`);
  const { stdout } = await shell.execute("ls /project; cat /project/many/*.pem 2>&1 | wc -l");
  assertEquals(stdout.text, "conf\ndeploy\nkeys\nmany\nsrc\n10\n");
}, { rules: { deny: ["read **/*.pem"] } });

Deno.test({
  name: "SandboxShell.execute() runs nothing where there is more than it can look at" +
    (NO_SANDBOX === undefined ? "" : ` (ignored: ${NO_SANDBOX})`),
  ignore: NO_SANDBOX !== undefined,
  fn: async () => {
    // So many files take long on a disk.
    await using temporary = await temporaryMemory();
    const { directory } = temporary;
    for (const name of ["project", "stage"]) await Deno.mkdir(`${directory}/${name}`);
    const options = {
      stage: `${directory}/stage`,
      mounts: [{
        prefix: "/project/",
        directory: `${directory}/project`,
        access: "read-write" as const,
      }],
      rules: { deny: ["read **/.env"] },
    };
    const shell = new SandboxShell(options);
    const fill = `cd /project && seq ${LIMITS.treeEntries} | xargs touch`;
    assertEquals((await shell.execute(fill)).notes, []);
    assertEquals((await shell.execute("touch /project/one /project/two")).notes.length, 1);
    assertEquals(await codeOf(shell.execute("touch /project/ran")), "too_large");
    assertEquals([...Deno.readDirSync(`${directory}/project`)].length, LIMITS.treeEntries + 2);
  },
});

testRules("runs as before where no rule is about a path", async ({ shell }) => {
  assertStringIncludes(said(await shell.execute(GRAB)), SECRET);
}, { rules: { deny: ["execute git push *"] } });

testRules(
  "changes nothing that is protected, and removes what comes to be there",
  async (subject) => {
    const { shell, project } = subject;
    for (
      const command of [
        "echo x > /project/src/app.py",
        "rm -f /project/src/app.py",
        "mv /project/src /project/moved",
        "ln /project/src/app.py /project/plain",
        "echo x > /project/deploy/bin/tool",
        "touch /project/deploy/bin/new",
      ]
    ) assert((await shell.execute(command)).exitCode !== 0, command);
    const { notes } = await shell.execute(
      "mkdir -p /project/later/a; echo x > /project/later/a/flow; echo y > /project/src/ok",
    );
    assertEquals(notes, ["'/project/later/a/flow' was removed: it is protected"]);
    assertEquals(await Deno.readTextFile(`${project}/src/app.py`), "print(1)\n");
    assertEquals(await Deno.readTextFile(`${project}/src/ok`), "y\n");
  },
  { rules: {}, protect: ["src/app.py", "deploy/bin", "later/a/flow"] },
);

testRules(
  "changes nothing that is protected where there are rules too",
  async ({ shell, project }) => {
    for (const path of ["src/app.py", "deploy/bin/tool", "deploy/bin/new"]) {
      assert((await shell.execute(`echo x > /project/${path}`)).exitCode !== 0, path);
    }
    assert((await shell.execute("mv /project/src /project/moved")).exitCode !== 0);
    assertEquals((await shell.execute("echo y > /project/deploy/other")).exitCode, 0);
    assertEquals(await Deno.readTextFile(`${project}/src/app.py`), "print(1)\n");
  },
  { rules: { deny: ["read **/.env"] }, protect: ["src/app.py", "deploy/bin"] },
);
