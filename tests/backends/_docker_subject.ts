/**
 * Boxes of real engines, for the tests.
 *
 * @module
 */

import { BackendError } from "../../backends/errors.ts";
import type { Backend } from "../../backends/protocol.ts";
import { CompositeBackend } from "../../backends/composite.ts";
import type { BoxMount } from "../../backends/docker/options.ts";
import { DockerSandbox, type DockerSandboxOptions } from "../../backends/docker/sandbox.ts";
import { LocalBackend } from "../../backends/local.ts";
import { StagingShell } from "../../backends/shells/staging.ts";
import { StateBackend } from "../../backends/state.ts";
import {
  callEngine,
  DOCKER,
  type NoEngine,
  PODMAN,
  requireEngine,
  type TestEngine,
} from "../support/engine.ts";
import type { ShellSubject } from "./shell_contract.ts";

/** The engines, by the name that tests have for a sandbox of theirs. */
export const ENGINES: Readonly<Record<string, TestEngine | NoEngine>> = {
  DockerSandbox: DOCKER,
  "DockerSandbox(podman)": PODMAN,
};

/** A box of an engine, of busybox unless said otherwise. */
export function boxOf(
  engine: TestEngine | NoEngine,
  options: Omit<DockerSandboxOptions, "engine"> = {},
): DockerSandbox {
  const { address, image } = requireEngine(engine);
  const made = options.runtime === undefined ? { image } : {};
  return new DockerSandbox({ engine: address, ...made, ...options });
}

/** A box that all tests of a file share: its start is not what is tested. */
export class SharedBox {
  #box: DockerSandbox | undefined;

  constructor(engine: TestEngine | NoEngine, options: Omit<DockerSandboxOptions, "engine"> = {}) {
    if ("ignore" in engine) return;
    Deno.test.beforeAll(async () => {
      this.#box = boxOf(engine, options);
      await this.#box.start();
    });
    Deno.test.afterAll(async () => await this.#box?.dispose());
  }

  /** The box, started. */
  get box(): DockerSandbox {
    if (this.#box === undefined) throw new TypeError("The box is not started");
    return this.#box;
  }
}

/** Options of {@linkcode makeShellSubject}. */
export interface ShellSubjectOptions {
  /** The directories of the machine: `/project/` and `/readonly/`. */
  readonly directories: BoxDirectories;
  /** Whether what is no mount is in memory, instead of in the container. */
  readonly memory?: boolean;
}

/** Directories of the machine that stand in a box. */
export interface BoxDirectories {
  readonly project: string;
  readonly readonly: string;
}

/** Makes the directories of the shell contract, for the user of a container. */
export function makeDirectories(): BoxDirectories & Disposable {
  const directory = Deno.makeTempDirSync();
  const [project, readonly] = [`${directory}/project`, `${directory}/readonly`];
  Deno.mkdirSync(project);
  Deno.mkdirSync(`${readonly}/inner`, { recursive: true });
  Deno.writeTextFileSync(`${readonly}/fixed.txt`, "fixed\n");
  Deno.writeTextFileSync(`${readonly}/inner/deep.txt`, "deep\n");
  Deno.chmodSync(directory, 0o755);
  Deno.chmodSync(project, 0o777);
  return {
    project,
    readonly,
    [Symbol.dispose]: () => Deno.removeSync(directory, { recursive: true }),
  };
}

/** What a box is told of those directories. */
export function mountsOf({ project, readonly }: BoxDirectories): readonly BoxMount[] {
  return [
    { prefix: "/project/", directory: project, access: "read-write" },
    { prefix: "/readonly/", directory: readonly, access: "read" },
  ];
}

/** The tree and the shell of the contract, over a box that others use after it. */
export function makeShellSubject(
  engine: TestEngine | NoEngine,
  box: DockerSandbox,
  { directories, memory = false }: ShellSubjectOptions,
): ShellSubject {
  const state = new StateBackend();
  const { project, readonly } = directories;
  const backend = new CompositeBackend({
    default: memory ? state : box,
    routes: {
      "/project/": new LocalBackend({ rootDir: project }),
      "/readonly/": { backend: new LocalBackend({ rootDir: readonly }), access: "read" },
    },
  });
  const native = memory ? [] : ["/"];
  const mounts = [...native, "/project/", "/readonly/"];
  const shell = new StagingShell({ shell: box, stage: box.stage, backend, mounts });
  return {
    shell,
    backend,
    [Symbol.asyncDispose]: async () => {
      if (memory) await box.stage.reset();
      await wipe(box, "/");
      await wipe(backend, "/project");
      await forget(requireEngine(engine), box);
    },
  };
}

/** Deletes what is in a directory; what came with the image stays. */
async function wipe(backend: Backend, directory: string): Promise<void> {
  for (const { path, type } of await backend.ls(directory)) {
    try {
      await backend.delete(path, { recursive: true });
    } catch (error) {
      if (!(error instanceof BackendError && error.code === "denied" && type === "directory")) {
        throw error;
      }
      await wipe(backend, path);
    }
  }
}

/** Makes the directories that came with the image look as if nobody had used them. */
async function forget(engine: TestEngine, box: DockerSandbox): Promise<void> {
  const shared = ["/home", "/media", "/mnt", "/opt", "/srv", "/tmp", "/var"];
  const script = `touch -c -r /etc/routebook/hidden ${shared.join(" ")}`;
  const Cmd = ["/bin/sh", "-c", script];
  const made = await callEngine(engine, "POST", `/containers/${box.id}/exec`, {
    ...{ Cmd, User: "0" },
    AttachStdout: true,
  });
  const { Id } = made.body as { readonly Id: string };
  await callEngine(engine, "POST", `/exec/${Id}/start`, { Detach: false, Tty: false });
}
