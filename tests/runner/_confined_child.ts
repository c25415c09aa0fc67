/**
 * A runner in little, for tests of the confined host: it starts one over the directories that its
 * arguments name, asks for files, looks around inside the same namespace, and prints what it found.
 * It can be copied, and run as any user.
 *
 * Its arguments are a directory with `project`, `docs` and `project/kept/flow.yaml` in it, and whether
 * namespaces are to be made inside the host's.
 *
 * @module
 */

import { BackendError } from "../../backends/errors.ts";
import { RemoteBackend } from "../../backends/remote.ts";
import { SHELL_LIMITS } from "../../backends/shells/shell.ts";
import { probeConfinement } from "../../runner/bubblewrap.ts";
import { NAMESPACE, projectDirectory } from "../../runner/_bubblewrap_namespace.ts";
import { Child } from "../../runner/child.ts";
import { hostStart } from "../../runner/_host_start.ts";
import { planProcesses } from "../../runner/permissions.ts";
import type { HostRoot, PlanRoute, PlanShell } from "../../runner/plan.ts";

/** What the child prints. */
export interface Findings {
  /** How each request of files ended: what it answered, or its error's code. */
  readonly files: Readonly<Record<string, string>>;
  /** What programs in the host's namespace saw and were told. */
  readonly seen: Readonly<Record<string, string>>;
}

/** Commands that are run in the namespace, where no rule and no flag of Deno's holds them. */
const COMMANDS: Readonly<Record<string, string>> = {
  "user": "id -u",
  "capabilities": "sed -nE 's/^(Cap(Prm|Eff|Bnd|Amb)):[[:space:]]*/\\1 /p' /proc/self/status",
  "new privileges": "grep NoNewPrivs /proc/self/status | tr -dc 01",
  "network": "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '",
  "variables": "env | sort",
  "root": "ls -A /",
  "etc": "ls -A /etc",
  "processes": "ps -e -o comm= | sort -u",
  // What belongs to a process itself is not of the machine.
  "settings": "find /proc /run/routebook -name uptime -o -type f -writable -not -regex " +
    "'.*/proc/\\(self\\|thread-self\\|[0-9]+\\)/.*' 2>/dev/null; true",
  "code": 'ls -A "$1"',
  "cache": "ls -A /run/routebook/cache /run/routebook/cache/npm/*",
  "files beside all that": "find / -xdev -path /run -prune -o -path /etc -prune -o " +
    '-path "$1" -prune -o -type f -print',
  "a whole machine": "ls -A /all/usr | grep -x bin; cd /all && find proc sys dev run -mindepth 1",
  "write docs": "echo x > /docs/new.txt",
  "write what is protected": "echo x > /project/kept/flow.yaml",
  "delete what is protected": "rm -f /project/kept/flow.yaml",
  "write programs": "echo x > /usr/x",
  "write code": 'echo x > "$1/backends/x.ts"',
  "write devices": "echo x > /dev/x",
  "write temporary files": "echo x > /tmp/x",
  "write the cache": "echo x >> /run/routebook/cache/v8_code_cache_v2",
  "write beside everything": "echo x > /x",
  "reach kernel settings": "ls /run/routebook/kernel",
};

if (import.meta.main) {
  const [directory = "", nested] = Deno.args;
  const confinement = await probeConfinement({ nested: nested === "nested" });
  if (confinement.type !== "bubblewrap") throw new Error(confinement.reason);
  const roots: readonly HostRoot[] = [
    {
      backend: "disk",
      path: "/project",
      directory: `${directory}/project`,
      access: "read-write",
      protected: [`${directory}/project/kept/flow.yaml`],
    },
    {
      backend: "disk",
      path: "/docs",
      directory: `${directory}/docs`,
      access: "read",
      protected: [],
    },
    { backend: "all", path: "/", directory: "/", access: "read", protected: [] },
  ];
  const routes: readonly PlanRoute[] = [
    { prefix: "/project/", backend: "disk", path: "/project", access: "read-write" },
    { prefix: "/docs/", backend: "disk", path: "/docs", access: "read" },
    { prefix: "/all/", backend: "all", path: "/", access: "read" },
  ];
  const shell: PlanShell = { type: "sandbox", tool: true, limits: SHELL_LIMITS };
  const way = { roots, routes, confinement, ...(nested === "nested" ? { shell } : {}) };
  const model = { type: "none" } as const;
  const planned = planProcesses({ file: "", model, ...way }).find(({ name }) => name === "host");
  if (planned === undefined) throw new Error("There is no host in the plan");

  const host = new Child(planned);
  const files: Record<string, string> = {};
  try {
    await host.ask("host.start", hostStart(way));
    const disk = new RemoteBackend({ channel: host.channel, name: "disk" });
    const requests: Readonly<Record<string, () => Promise<unknown>>> = {
      "read docs": async () => (await disk.read("/docs/a.txt")).text,
      "write docs": () => disk.write("/docs/new.txt", "x"),
      "write project": () => disk.write("/project/made/a.txt", "made\n"),
      "move in project": () => disk.move("/project/made/a.txt", "/project/moved.txt"),
      "write what is protected": () => disk.write("/project/kept/flow.yaml", "x"),
    };
    for (const [name, request] of Object.entries(requests)) {
      try {
        const answer = await request();
        files[name] = typeof answer === "string" ? answer : "done";
      } catch (error) {
        if (!(error instanceof BackendError)) throw error;
        files[name] = error.code;
      }
    }
  } finally {
    await host.end();
  }

  const [program = "", ...args] = planned.command;
  const script = Object.values(COMMANDS)
    .map((command) => `(${command}) 2>&1; printf '\\036%s\\037' $?`).join("\n");
  const { stdout } = await new Deno.Command(program, {
    args: [
      ...args.slice(0, args.lastIndexOf(NAMESPACE.deno)),
      ...["/bin/sh", "-c", script, "sh", projectDirectory() ?? ""],
    ],
  }).output();
  const ends = new TextDecoder().decode(stdout).split("\x1f");
  const seen = Object.fromEntries(
    Object.keys(COMMANDS).map((name, index) => {
      const [text = "", code] = ends[index]?.split("\x1e") ?? [];
      return [name, code === "0" ? text.trim() : `failed: ${text.trim().replace(/^.*: /s, "")}`];
    }),
  );
  const findings: Findings = { files, seen };
  console.log(JSON.stringify(findings));
}
