/**
 * What a command of the sandbox shell costs, through a real host inside bubblewrap, with files of memory
 * to bring and fetch: each way is measured in turn so that a machine whose speed drifts does not decide.
 * `deno run -A bench/sandbox_shell.ts` prints the medians of 40 rounds.
 *
 * @module
 */

import { join } from "@std/path";
import { CompositeBackend } from "../backends/composite.ts";
import { RemoteBackend } from "../backends/remote.ts";
import { RemoteShell } from "../backends/shells/remote_shell.ts";
import { RemoteStage } from "../backends/shells/remote_stage.ts";
import { type Shell, SHELL_LIMITS } from "../backends/shells/shell.ts";
import { StagingShell } from "../backends/shells/staging.ts";
import { StateBackend } from "../backends/state.ts";
import { cacheHostCode, hostStart } from "../runner/_host_start.ts";
import { Child } from "../runner/child.ts";
import { planProcesses } from "../runner/permissions.ts";
import type { Plan } from "../runner/plan.ts";
import { CONTENT, fill, pathOf } from "./_files.ts";

const ROUNDS = 40;
const WARM_UP = 5;
const FILES = 1_000;
const CHANGED = 10;

/** A host in bubblewrap with a sandbox shell, and a tree of memory and disk. */
interface Setup {
  readonly child: Child;
  readonly memory: StateBackend;
  /** The commands with the files of memory, and without. */
  readonly shell: Shell;
  readonly bare: Shell;
}

type Way = Pick<Plan, "roots" | "routes" | "confinement" | "shell"> & Partial<Pick<Plan, "deny">>;

async function setUp(directory: string, deny: readonly string[]): Promise<Setup> {
  const way: Way = {
    roots: [{ backend: "disk", path: "/", directory, access: "read-write", protected: [] }],
    routes: [
      { prefix: "/project/", backend: "disk", path: "/", access: "read-write" },
      { prefix: "/", backend: "memory", path: "/", access: "read-write" },
    ],
    confinement: { type: "bubblewrap" },
    shell: { type: "sandbox", tool: true, limits: SHELL_LIMITS },
    deny,
  };
  await cacheHostCode(way);
  const model = { type: "none" } as const;
  const host = planProcesses({ file: "", model, ...way }).find(({ name }) => name === "host");
  if (host === undefined) throw new Error("There is no host to start");
  const child = new Child(host);
  await child.ask("host.start", hostStart(way));
  const memory = new StateBackend();
  await fill(memory, FILES, "/notes");
  const bare = new RemoteShell({ channel: child.channel, type: "sandbox" });
  const disk = new RemoteBackend({ channel: child.channel, name: "disk" });
  const shell = new StagingShell({
    shell: bare,
    stage: new RemoteStage({ channel: child.channel }),
    backend: new CompositeBackend({ default: memory, routes: { "/project/": disk } }),
    mounts: ["/project/"],
  });
  return { child, memory, shell, bare };
}

/** A command that does nothing, or changes some files by itself. */
async function run(shell: Shell, script: string): Promise<number> {
  const begin = performance.now();
  const { exitCode } = await shell.execute(script);
  if (exitCode !== 0) throw new Error(`The command ended with exit code ${exitCode}`);
  return performance.now() - begin;
}

async function changeSome(memory: StateBackend): Promise<void> {
  for (let index = 0; index < CHANGED; index++) {
    await memory.write(`/notes${pathOf(index)}`, CONTENT);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

const directory = Deno.makeTempDirSync({ prefix: "routebook-bench-" });
const children: Child[] = [];

async function start(name: string, deny: readonly string[] = []): Promise<Setup> {
  const made = await setUp(join(directory, name), deny);
  children.push(made.child);
  // The first command brings all files.
  const first = await run(made.shell, "true");
  if (name === "empty") {
    console.log(`the first, which brings ${FILES} files: ${first.toFixed(1)} ms`);
  }
  return made;
}

try {
  for (const name of ["empty", "full", "ruled"]) Deno.mkdirSync(join(directory, name));
  for (let index = 0; index < FILES; index++) {
    for (const name of ["full", "ruled"]) {
      const path = join(directory, name, pathOf(index));
      if (index % 100 === 0) Deno.mkdirSync(join(path, ".."));
      Deno.writeTextFileSync(path, CONTENT);
    }
  }
  for (let index = 0; index < 10; index++) {
    Deno.writeTextFileSync(join(directory, `ruled/d${index}/.env`), "");
  }
  const empty = await start("empty");
  const full = await start("full");
  const ruled = await start("ruled", ["read **/.env", "write /project/d0/**"]);
  const write = `for i in $(seq 0 ${CHANGED - 1}); do echo x > /notes/d0/f$i.txt; done`;
  const ways: readonly (readonly [name: string, measure: () => Promise<number>])[] = [
    ["a command alone, without files of memory", () => run(empty.bare, "true")],
    [`${FILES} files of memory, unchanged`, () => run(empty.shell, "true")],
    [`the same, ${CHANGED} changed before by tools`, async () => {
      await changeSome(empty.memory);
      return await run(empty.shell, "true");
    }],
    [`the same, ${CHANGED} changed by the command`, () => run(empty.shell, write)],
    [`unchanged, with ${FILES} local files that may change`, () => run(full.shell, "true")],
    ["the same, with rules about 20 of them", () => run(ruled.shell, "true")],
  ];
  const times: number[][] = ways.map(() => []);
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const [index, [, measure]] of ways.entries()) {
      const milliseconds = await measure();
      // What a bare command leaves is unknown until it is asked for.
      if (index === 0) await run(empty.shell, "true");
      if (round >= 0) times[index]?.push(milliseconds);
    }
  }
  for (const [index, [name]] of ways.entries()) {
    console.log(`${name}: ${median(times[index] ?? []).toFixed(1)} ms`);
  }
} finally {
  for (const child of children) await child.end();
  Deno.removeSync(directory, { recursive: true });
}
