import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { NO_SANDBOX } from "./_sandbox_subject.ts";

const NOBODY = 65_534;

/** Why nothing can be run as somebody else here, if so: an ordinary user is tested as it is. */
const NO_USER = Deno.uid() === 0 && !hasProgram("setpriv") ? "setpriv is not installed" : undefined;

function hasProgram(name: string): boolean {
  return new Deno.Command("sh", { args: ["-c", 'command -v "$1"', "sh", name], stdout: "null" })
    .outputSync().success;
}

/** Runs a program of this folder as an ordinary user, from a copy that everybody may read. */
async function runAsUser(directory: string, name: string): Promise<string> {
  const project = fromFileUrl(new URL("../../", import.meta.url));
  await Deno.mkdir(`${directory}/code/tests/backends`, { recursive: true });
  await Deno.mkdir(`${directory}/own`);
  await new Deno.Command("cp", { args: ["-r", `${project}backends`, `${directory}/code`] })
    .output();
  await Deno.copyFile(
    `${project}tests/backends/${name}`,
    `${directory}/code/tests/backends/${name}`,
  );
  await Deno.copyFile(Deno.execPath(), `${directory}/deno`);
  await new Deno.Command("chmod", { args: ["-R", "a+rX", directory] }).output();
  await Deno.chmod(`${directory}/deno`, 0o755);
  const isRoot = Deno.uid() === 0;
  if (isRoot) await Deno.chown(`${directory}/own`, NOBODY, NOBODY);
  const user = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--"];
  const [program = "", ...args] = [
    ...(isRoot ? user : []),
    ...[`${directory}/deno`, "run", "--no-config", "--no-remote", "--no-prompt", "--allow-all"],
    ...[`${directory}/code/tests/backends/${name}`, `${directory}/own`],
  ];
  const { stdout, stderr, code } = await new Deno.Command(program, {
    args,
    clearEnv: true,
    env: { DENO_DIR: `${directory}/own/cache`, PATH: "/usr/bin:/bin", NO_COLOR: "1" },
  }).output();
  const complaint = new TextDecoder().decode(stderr);
  assertEquals([code, complaint], [0, ""]);
  return new TextDecoder().decode(stdout);
}

const WHY = NO_SANDBOX ?? NO_USER;

Deno.test({
  name: "SandboxShell.execute() does the same for an ordinary user" +
    (WHY === undefined ? "" : ` (ignored: ${WHY})`),
  ignore: WHY !== undefined,
  fn: async () => {
    const directory = await Deno.makeTempDir();
    try {
      const { uid, ...told } = JSON.parse(await runAsUser(directory, "_sandbox_user_child.ts"));
      assertEquals(uid === 0, false);
      assertEquals(told, {
        results: {
          user: [0, "1000\nproc\n", []],
          rules: [1, "", []],
          shut: [2, "", []],
          memory: [0, "", []],
          again: [0, "x\ny\n", []],
          forks: [9, "", []],
          system: [2, "", []],
          daemon: [0, "done\n", []],
          closed: "/deep/extra\n",
        },
        files: [["/d/e/f", "x\n"], ["/g", "y\n"]],
        late: 124,
        left: [".env", ".env2", "keys", "new.env", "shut", "z"],
      });
    } finally {
      await new Deno.Command("chmod", { args: ["-R", "u+rwx", directory] }).output();
      await Deno.remove(directory, { recursive: true });
    }
  },
});
