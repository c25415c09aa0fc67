/**
 * Sandbox shells over directories of their own, for the tests.
 *
 * @module
 */

import { CompositeBackend } from "../../backends/composite.ts";
import { GuardedBackend } from "../../backends/guard.ts";
import { LocalBackend } from "../../backends/local.ts";
import { observeBackend, type ObservedChange } from "../../backends/observe.ts";
import type { Rules } from "../../backends/policy.ts";
import type { Backend } from "../../backends/protocol.ts";
import { SandboxShell, type SandboxShellOptions } from "../../backends/shells/sandbox.ts";
import type { Shell } from "../../backends/shells/shell.ts";
import { StagingShell } from "../../backends/shells/staging.ts";
import { StateBackend } from "../../backends/state.ts";

/** Why no sandbox can be tested here, if so. */
export const NO_SANDBOX: string | undefined = whyNoSandbox();

function whyNoSandbox(): string | undefined {
  const args = ["--unshare-all", "--unshare-user", "--ro-bind", "/", "/", "true"];
  try {
    const { success } = new Deno.Command("/usr/bin/bwrap", {
      args,
      stdout: "null",
      stderr: "null",
    }).outputSync();
    return success ? undefined : "bubblewrap makes no namespace here";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "bubblewrap is not installed";
    throw error;
  }
}

/** A shell over memory and two directories of the machine, and what belongs to it. */
export interface SandboxSubject extends AsyncDisposable {
  readonly shell: Shell;
  readonly sandbox: SandboxShell;
  /** The tree: memory, with `/project/`, and `/readonly/`, which may only be read. */
  readonly backend: Backend;
  readonly memory: StateBackend;
  /** The directory of the machine that stands at `/project/`. */
  readonly project: string;
  /** The directory that holds all others. */
  readonly directory: string;
  /** What commands changed, in order. */
  readonly changes: readonly ObservedChange[];
  /** Files of the machine that commands changed. */
  readonly local: readonly string[];
}

/** Options of {@linkcode makeSubject}. */
export interface SubjectOptions {
  readonly limits?: SandboxShellOptions["limits"];
  /** Memory that others on the machine may come to share meanwhile. */
  readonly othersBytes?: number;
  /** Rules for the shell and the tree. */
  readonly rules?: Rules;
  /** Paths below `/project/` that are never changed. */
  readonly protect?: readonly string[];
  /** Prepares the directory of `/project/`. */
  readonly prepare?: (project: string) => void | Promise<void>;
  /** Wraps the tree. */
  readonly wrap?: (backend: Backend) => Backend;
}

/** Makes a shell in a directory that goes with it. */
export async function makeSubject(options: SubjectOptions = {}): Promise<SandboxSubject> {
  const { limits, othersBytes, rules, protect = [], prepare, wrap = (backend) => backend } =
    options;
  const directory = await Deno.makeTempDir();
  const [project, readonly, stage] = ["project", "readonly", "stage"].map((name) =>
    `${directory}/${name}`
  ) as [string, string, string];
  for (const path of [project, stage, `${readonly}/inner`]) {
    await Deno.mkdir(path, { recursive: true });
  }
  await Deno.writeTextFile(`${readonly}/fixed.txt`, "fixed\n");
  await Deno.writeTextFile(`${readonly}/inner/deep.txt`, "deep\n");
  const memory = new StateBackend();
  const changes: ObservedChange[] = [];
  const local: string[] = [];
  await prepare?.(project);
  const tree = wrap(
    new CompositeBackend({
      default: memory,
      routes: {
        "/project/": new LocalBackend({ rootDir: project }),
        "/readonly/": {
          backend: new LocalBackend({ rootDir: readonly, access: "read" }),
          access: "read",
        },
      },
    }),
  );
  const backend = rules === undefined ? tree : new GuardedBackend({ backend: tree, ...rules });
  const sandbox = new SandboxShell({
    stage,
    limits,
    othersBytes,
    rules,
    mounts: [
      {
        prefix: "/project/",
        directory: project,
        access: "read-write",
        protected: protect.map((path) => `${project}/${path}`),
      },
      { prefix: "/readonly/", directory: readonly, access: "read" },
    ],
  });
  const shell = new StagingShell({
    shell: sandbox,
    stage: sandbox.stage,
    backend: observeBackend(backend, (change) => changes.push(change)),
    mounts: ["/project/", "/readonly/"],
    onLocalChange: (path) => local.push(path),
  });
  return {
    shell,
    sandbox,
    backend,
    memory,
    project,
    directory,
    changes,
    local,
    [Symbol.asyncDispose]: () => removeDirectory(directory),
  };
}

/** A temporary directory that is in memory, where the machine has such a place. */
export async function temporaryMemory(): Promise<AsyncDisposable & { readonly directory: string }> {
  const place = "/dev/shm";
  const there = await Deno.stat(place).then(({ isDirectory }) => isDirectory, () => false);
  const directory = await Deno.makeTempDir(there ? { dir: place } : {});
  return {
    directory,
    [Symbol.asyncDispose]: () => removeDirectory(directory),
  };
}

async function removeDirectory(directory: string): Promise<void> {
  await new Deno.Command("chmod", { args: ["-R", "u+rwx", directory] }).output();
  await Deno.remove(directory, { recursive: true });
}
