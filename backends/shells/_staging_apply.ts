/**
 * What a command did to files of the stage, done to the tree.
 *
 * @module
 */

import { BackendError } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import { comparePaths, joinPaths, parentPath } from "../paths.ts";
import type { Backend, FileInfo } from "../protocol.ts";
import { SHELL_LIMITS } from "./shell.ts";
import { type ChangedFile, type Stage, stageBatches, type StageChanges } from "./stage.ts";

/** The file by which an empty directory comes into being. */
const FIRST_NAME = ".directory";

/** Refusals that are told one by one. */
const REFUSALS_TOLD = 10;

/** Options of {@linkcode applyChanges}. */
export interface ApplyOptions {
  readonly backend: Backend;
  readonly stage: Stage;
  readonly changes: StageChanges;
  /** What the stage held before, by path: the version of a file, `null` for a directory. Kept up. */
  readonly staged: Map<string, string | null>;
}

/** What could not be done. */
export interface Applied {
  /** Paths at which the stage and the tree are not the same. */
  readonly forgotten: ReadonlySet<string>;
  readonly notes: readonly string[];
}

/**
 * Does to the tree what was done to the stage. What the tree refuses is told, and the rest goes on.
 *
 * @param options What was done, and to what.
 * @returns What could not be done.
 */
export async function applyChanges(options: ApplyOptions): Promise<Applied> {
  const work = new Application(options);
  await work.run();
  return work;
}

class Application implements Applied {
  readonly forgotten = new Set<string>();
  readonly #backend: Backend;
  readonly #stage: Stage;
  readonly #changes: StageChanges;
  readonly #staged: Map<string, string | null>;
  readonly #refusals: string[] = [];

  constructor({ backend, stage, changes, staged }: ApplyOptions) {
    this.#backend = backend;
    this.#stage = stage;
    this.#changes = changes;
    this.#staged = staged;
  }

  get notes(): readonly string[] {
    const told = this.#refusals.slice(0, REFUSALS_TOLD).map((text) => `Not kept: ${text}`);
    const more = this.#refusals.length - told.length;
    return more > 0 ? [...told, `Not kept: ${more} other changes`] : told;
  }

  async run(): Promise<void> {
    const { files, directories, deleted } = this.#changes;
    if (files.length + directories.length + deleted.length > SHELL_LIMITS.changedFiles) {
      throw new Error("The other process sent more changes than it may");
    }
    // What is in a directory goes first.
    for (const path of deleted.toSorted((a, b) => comparePaths(b, a))) await this.#delete(path);
    for (const path of directories) {
      if (typeof this.#staged.get(path) === "string") await this.#delete(path);
    }
    for (const { path } of files) {
      if (this.#staged.get(path) === null) await this.#delete(path);
    }
    const small = files.filter(({ path, size }) => {
      if (size > LIMITS.contentBytes) this.#refuse(path, `'${path}' is too large`);
      return size <= LIMITS.contentBytes;
    });
    for (const batch of stageBatches(small, ({ size }) => size)) await this.#write(batch);
    // By now most are there, with the files in them. The deepest first: those above come with them.
    for (const path of directories.toSorted((a, b) => comparePaths(b, a))) {
      await this.#makeDirectory(path);
    }
  }

  async #delete(path: string): Promise<void> {
    await this.#try(path, async () => {
      try {
        await this.#backend.delete(path);
      } catch (error) {
        // Somebody else was faster.
        if (!(error instanceof BackendError) || error.code !== "not_found") throw error;
      }
      this.#staged.delete(path);
    });
  }

  async #write(files: readonly ChangedFile[]): Promise<void> {
    const contents = await this.#stage.read(files.map(({ path }) => path));
    for (const [index, { path, written }] of files.entries()) {
      const bytes = contents[index];
      if (bytes === undefined) {
        this.#refuse(path, `'${path}' cannot be read`);
        continue;
      }
      await this.#try(path, async () => {
        const same = written ? undefined : await this.#unchanged(path, bytes);
        const { version } = same ?? await this.#backend.write(path, bytes);
        this.#noteDirectories(path);
        this.#staged.set(path, version);
      });
    }
  }

  /** What the tree has at a path, if that is what it would be given. */
  async #unchanged(path: string, bytes: Uint8Array): Promise<FileInfo | undefined> {
    const info = await this.#find(path);
    if (info?.type !== "file" || info.size !== bytes.length) return undefined;
    const own = await this.#backend.readBytes(path);
    return own.every((byte, index) => byte === bytes[index]) ? info : undefined;
  }

  async #makeDirectory(path: string): Promise<void> {
    await this.#try(path, async () => {
      if ((await this.#find(path))?.type !== "directory") {
        const first = joinPaths(path, `/${FIRST_NAME}`);
        await this.#backend.write(first, "", { overwrite: false });
        await this.#backend.delete(first);
      }
      this.#noteDirectories(path);
      this.#staged.set(path, null);
    });
  }

  async #find(path: string): Promise<FileInfo | undefined> {
    try {
      return await this.#backend.stat(path);
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      if (error.code === "not_found" || error.code === "not_directory") return undefined;
      throw error;
    }
  }

  /** The directories above what is there are there. */
  #noteDirectories(path: string): void {
    for (let at = parentPath(path); at !== "/" && this.#staged.get(at) !== null;) {
      this.#staged.set(at, null);
      at = parentPath(at);
    }
  }

  async #try(path: string, change: () => Promise<void>): Promise<void> {
    try {
      await change();
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      this.#refuse(path, error.message);
    }
  }

  #refuse(path: string, message: string): void {
    this.forgotten.add(path);
    this.#refusals.push(message);
  }
}
