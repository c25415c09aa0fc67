/**
 * Live runs that stand still, and where the model's key is meanwhile.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type Clone, startCli } from "../support/cli.ts";
import { type Reply, startOpenAiServer } from "../support/openai_server.ts";
import { descendantsOf, memoryHolds, seen, type SeenProcess, unlessEnded } from "./_proc.ts";

/** The process of a plan that runs a command line. */
function roleOf({ command }: SeenProcess): string {
  const words = command.join(" ");
  if (words.includes("agent/main.ts")) return "agent";
  if (words.includes("runner/shell.ts")) return "shell";
  if (words.includes("runner/docker_host.ts")) return "docker";
  return words.includes("runner/host.ts") ? "host" : "command";
}

/** A run that was started, and the server of its model. */
export interface LiveRun extends AsyncDisposable {
  readonly server: ReturnType<typeof startOpenAiServer>;
  readonly run: Deno.ChildProcess;
}

/** What a live run does. */
export interface LiveRunOptions {
  /** The workflow's keys. */
  readonly flow: object;
  /** What its model answers. */
  readonly script: readonly Reply[];
  /** What it has told when it is where it is wanted. */
  readonly until: string;
  /**
   * Other variables of its environment.
   *
   * @default {{}}
   */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts a live run that stands still in the middle of its last reply, or of a command.
 *
 * @param clone Where.
 * @param options What it does.
 * @returns The run, which ends when it is disposed of.
 */
export async function liveRun(
  clone: Clone,
  { flow, script, until, env = {} }: LiveRunOptions,
): Promise<LiveRun> {
  await Deno.writeTextFile(`${clone.directory}/flow.yaml`, JSON.stringify(flow));
  const server = startOpenAiServer({ script });
  const run = startCli("run", ["--json", "--live", "flow.yaml"], {
    cwd: clone.directory,
    env: { ...env, OPENAI_API_KEY: server.key, OPENAI_BASE_URL: server.baseUrl },
  });
  const lines = run.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes(until)) {
    const { value, done } = await lines.read();
    if (done) {
      throw new Error(`The run ended early: ${text}${await new Response(run.stderr).text()}`);
    }
    text += value;
  }
  return {
    server,
    run,
    async [Symbol.asyncDispose]() {
      run.kill("SIGTERM");
      const drained = (async () => {
        while (!(await lines.read()).done);
      })();
      await Promise.all([run.status, drained, run.stderr.cancel()]);
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Whether a run has a process of some kind. */
export function isThere(run: Deno.ChildProcess, role: string): boolean {
  return descendantsOf(run.pid).some((process) => roleOf(process) === role);
}

/**
 * Fails where a process of a run but the agent knows the key, or the agent shows it.
 *
 * @param run The run.
 * @param key The key.
 * @returns How many processes of each kind it has.
 */
export function assertKeyKept(run: Deno.ChildProcess, key: string): ReadonlyMap<string, number> {
  const roles = new Map<string, number>();
  for (const process of descendantsOf(run.pid)) {
    const role = roleOf(process);
    roles.set(role, (roles.get(role) ?? 0) + 1);
    assertHasKey(process, key, role === "agent", role);
  }
  return roles;
}

/**
 * Fails where a process shows the key, or has it in its memory though it should not.
 *
 * @param process The process.
 * @param key The key.
 * @param expected Whether it should have it.
 * @param role What it is, for people.
 */
export function assertHasKey(
  process: SeenProcess,
  key: string,
  expected: boolean,
  role: string,
): void {
  const shown = [...process.command, ...process.environment].join("\n");
  assert(!shown.includes(key), `${role} shows the key in /proc`);
  assert(!shown.includes("OPENAI_"), `${role} has a variable of the runner's`);
  const { found, bytes } = unlessEnded(() => memoryHolds(process.pid, key)) ??
    { found: false, bytes: 0 };
  // What is about to end has no memory any more, and no command either.
  if (bytes === 0 && !expected && !unlessEnded(() => seen(process.pid))?.command.length) return;
  assert(bytes > 0, `nothing of the memory of ${role} was read`);
  // The search that finds it in the one process would find it in another.
  assertEquals(found, expected, `the key in the memory of ${role}`);
}
