import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { ExecuteResult } from "../../backends/shells/shell.ts";
import {
  makeSubject,
  NO_SANDBOX,
  type SandboxSubject,
  type SubjectOptions,
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
