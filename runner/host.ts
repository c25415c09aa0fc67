/**
 * The host process: it holds the local roots of a run and nothing else. The runner starts it with
 * read and write grants for exactly those roots, no network, no environment, and no program but the
 * one that confines the commands of a sandbox shell; inside bubblewrap, where that works. It serves
 * the files, and runs such commands, over its standard input and output and ends when its input does.
 *
 * @module
 */

import { Channel } from "../backends/channel.ts";
import { CompositeBackend, type Mount } from "../backends/composite.ts";
import { LocalBackend } from "../backends/local.ts";
import type { Judge } from "../backends/judge.ts";
import { joinPaths } from "../backends/paths.ts";
import type { PlaceRoute } from "../backends/place_judge.ts";
import type { Rules } from "../backends/policy.ts";
import type { Backend } from "../backends/protocol.ts";
import { serveBackends } from "../backends/remote.ts";
import { serveShell } from "../backends/shells/remote_shell.ts";
import { serveStage } from "../backends/shells/remote_stage.ts";
import type { SandboxMount, SandboxShell } from "../backends/shells/sandbox.ts";
import type { ShellLimits } from "../backends/shells/shell.ts";
import type { HostRoot } from "./plan.ts";

/** What the runner tells the host when it starts: method `host.start`. */
export interface HostStart {
  /** The roots to serve, in the paths that the host sees; those inside others stand before them. */
  readonly roots: readonly HostRoot[];
  /** The workflow's rules, if it has any, and the routes by which they name files. */
  readonly rules?: HostRules | undefined;
  /** What it needs to run commands, if it is to. */
  readonly shell?: HostShell | undefined;
}

/** What the host needs to know of the rules: the runner judges every path but what links lead to. */
export interface HostRules extends Rules {
  readonly routes: readonly PlaceRoute[];
}

/** What the host needs to run commands in namespaces of their own. */
export interface HostShell {
  /** The directories that commands see, and where. */
  readonly mounts: readonly SandboxMount[];
  readonly limits: ShellLimits;
  /** An empty directory for the files of memory, on a file system of limited size. */
  readonly stage: string;
  /** Where the process file system is mounted. */
  readonly proc: string;
  /** Where bubblewrap is. */
  readonly bubblewrap: string;
}

/** Whether rules allow something of a backend, by its name. */
export type HostJudge = (backend: string, verb: "read" | "write", path: string) => boolean;

/**
 * Builds the backends that a host serves: one for each backend name, with the granted directories
 * at their paths and nothing anywhere else.
 *
 * @param roots The granted directories.
 * @param judge Decides about what symbolic links lead to; everything is allowed without it.
 * @returns The backends by name.
 */
export function hostBackends(
  roots: readonly HostRoot[],
  judge?: HostJudge,
): Map<string, Backend> {
  const mounts = new Map<string, Record<string, Mount>>();
  for (const root of roots) {
    const prefix = root.path === "/" ? "/" : `${root.path}/`;
    const local = new LocalBackend({
      rootDir: root.directory,
      access: root.access,
      protect: root.protected,
      ...(judge === undefined ? {} : {
        allows: (verb, path) => judge(root.backend, verb, joinPaths(root.path, path)),
      }),
    });
    const routes = mounts.get(root.backend) ?? {};
    routes[prefix] = { backend: local, access: root.access };
    mounts.set(root.backend, routes);
  }
  return new Map([...mounts].map(([name, routes]) => [name, new CompositeBackend({ routes })]));
}

/**
 * Serves one runner over a pair of streams until it hangs up.
 *
 * @param streams The runner's end.
 * @returns When the runner has hung up.
 */
export async function serveHost(
  streams: { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> },
): Promise<void> {
  const channel = new Channel(streams);
  let backends = new Map<string, Backend>();
  let shell: SandboxShell | undefined;
  serveBackends(channel, (name) => backends.get(name));
  serveShell(channel, () => shell);
  serveStage(channel, () => shell?.stage);
  channel.handle("host.start", async ({ params }) => {
    // The runner is the trusted side: it made this process and its grants.
    const start = params as HostStart;
    const judge = start.rules === undefined ? undefined : await hostJudge(start.rules);
    backends = hostBackends(start.roots, judge);
    if (start.shell !== undefined) shell = await sandboxShell(start.shell, start.rules);
    return {};
  });
  await channel.closed;
}

/** Runs without rules start without the code for them. Here nothing is ever approved. */
async function hostJudge({ routes, ...rules }: HostRules): Promise<HostJudge> {
  const { Policy } = await import("../backends/policy.ts");
  const { PolicyJudge } = await import("../backends/judge.ts");
  const { PlaceJudge } = await import("../backends/place_judge.ts");
  const tree = new PolicyJudge({ policy: new Policy(rules) });
  const judges = new Map<string, Judge>();
  return (backend, verb, path) => {
    const judge = judges.get(backend) ?? new PlaceJudge({ backend, routes, tree });
    judges.set(backend, judge);
    return judge.judge(verb, path).verdict === "allow";
  };
}

/** Few runs have one: the others start without its code. */
async function sandboxShell(
  options: HostShell,
  rules: HostRules | undefined,
): Promise<SandboxShell> {
  const { SandboxShell } = await import("../backends/shells/sandbox.ts");
  return new SandboxShell({ ...options, rules });
}

if (import.meta.main) {
  // A terminal sends its Ctrl-C to the whole group; when to end is the runner's to say.
  Deno.addSignalListener("SIGINT", () => {});
  await serveHost({ readable: Deno.stdin.readable, writable: Deno.stdout.writable });
  Deno.exit(0);
}
