/**
 * A program of an ordinary user that runs commands in a sandbox and prints what came of them.
 *
 * @module
 */

import { CompositeBackend } from "../../backends/composite.ts";
import { LocalBackend } from "../../backends/local.ts";
import { SandboxShell } from "../../backends/shells/sandbox.ts";
import { StagingShell } from "../../backends/shells/staging.ts";
import { StateBackend } from "../../backends/state.ts";

const [directory = ""] = Deno.args;
const [project, stage] = [`${directory}/project`, `${directory}/stage`];
for (const path of [project, stage, `${project}/keys`, `${directory}/extra`]) Deno.mkdirSync(path);
Deno.writeTextFileSync(`${project}/keys/id`, "SECRET");
Deno.writeTextFileSync(`${project}/.env`, "SECRET");
Deno.mkdirSync(`${project}/shut`);
Deno.writeTextFileSync(`${project}/shut/.env`, "SECRET");
Deno.chmodSync(`${project}/shut`, 0);

const deny = ["read /project/keys", "read **/.env"];
const memory = new StateBackend();
const sandbox = new SandboxShell({
  stage,
  mounts: [
    { prefix: "/project/", directory: project, access: "read-write" },
    { prefix: "/deep/extra/", directory: `${directory}/extra`, access: "read-write" },
  ],
  rules: { deny },
  limits: { processes: 40 },
});
const shell = new StagingShell({
  shell: sandbox,
  stage: sandbox.stage,
  backend: new CompositeBackend({
    default: memory,
    routes: { "/project/": new LocalBackend({ rootDir: project }) },
  }),
  mounts: ["/project/", "/deep/extra/"],
});

const results: Record<string, unknown> = {};
for (
  const [name, script] of Object.entries({
    user: "id -u; grep -c . /proc/self/status > /dev/null && echo proc",
    rules:
      "cat /project/keys/id /project/.env; mv /project/keys /project/k; chmod -R 777 /project/keys",
    shut: "chmod -R 777 /project/shut; cat /project/shut/.env; ls /project/shut",
    memory: "mkdir -p /d/e; echo x > /d/e/f; echo y > /g; chmod 000 /g /d/e/f /d/e /d /",
    again:
      "chmod 644 /d/e/f /g; cat /d/e/f /g; echo z > /project/z; touch /project/new.env; mkdir /project/.env2",
    forks:
      `perl -e 'for (1 .. 400) { my $p = fork; exit 9 unless defined $p; sleep 60 unless $p }'`,
    system: "echo x > /proc/sys/kernel/hostname; echo x > /usr/x; unshare -U true; ls /root",
    daemon: "setsid sleep 61.5 > /dev/null 2>&1 & echo done",
  })
) {
  const { exitCode, stdout, notes } = await shell.execute(script, { timeout: 30_000 });
  results[name] = [exitCode, stdout.text, notes];
}
await sandbox.execute("chmod 0 /deep /");
results.closed = (await sandbox.execute("ls -d /deep/extra && touch /deep/extra/x")).stdout.text;
const files = [...memory.files].map(([path, { text }]) => [path, text]);
const late = await shell.execute("echo kept > /kept; sleep 60", { timeout: 1_000 });
const left = [...Deno.readDirSync(project)].map(({ name }) => name).sort();
console.log(JSON.stringify({ uid: Deno.uid(), results, files, late: late.exitCode, left }));
