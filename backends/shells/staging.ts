/**
 * Files that are kept elsewhere, for shells whose programs are real: brought to the shell's stage before
 * each command and fetched from there after it.
 *
 * @module
 */

import { BackendError } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import type { Backend, FileInfo, OperationOptions } from "../protocol.ts";
import { CommandQueue } from "./_request.ts";
import { applyChanges } from "./_staging_apply.ts";
import { StagedPlaces } from "./_staged_places.ts";
import type { ExecuteOptions, ExecuteResult, Shell, ShellType } from "./shell.ts";
import { type Stage, stageBatches, type StagedEntry } from "./stage.ts";

/** Files that are told of since they are too large to be brought. */
const LARGE_TOLD = 10;

/** Options of {@linkcode StagingShell}. */
export interface StagingShellOptions {
  /** The shell that runs the commands. */
  readonly shell: Shell;
  /** The shell's stage. Nobody else changes it. */
  readonly stage: Stage;
  /** The tree: what commands change in memory is changed through it. */
  readonly backend: Backend;
  /**
   * Prefixes, such as `/project/`, whose files the shell sees by itself. With `/` among them that is all
   * but what is `staged`.
   */
  readonly mounts: readonly string[];
  /**
   * Prefixes whose files are brought and fetched. Of all prefixes the longest that a path is in decides.
   *
   * @default {["/"], or none where "/" is among the mounts}
   */
  readonly staged?: readonly string[] | undefined;
  /**
   * Told of each file below `mounts` that a command changed.
   *
   * @default Nobody.
   */
  readonly onLocalChange?: ((path: string) => void) | undefined;
}

/** The files of a tree as commands have them, and who is told what they do beside it. */
type StagedTree = Pick<StagingShellOptions, "backend" | "onLocalChange">;

/**
 * A shell of real programs over a whole tree.
 *
 * Before a command the stage is made to hold what the tree has, and what is there already is not sent
 * again. After it, however it ended, what it changed, created or deleted is done to the tree; what the
 * tree refuses or cannot hold is told in a note and undone in the stage.
 *
 * @example
 * ```ts ignore
 * import { CompositeBackend } from "../composite.ts";
 * import { LocalBackend } from "../local.ts";
 * import { StateBackend } from "../state.ts";
 * import { SandboxShell } from "./sandbox.ts";
 * import { StagingShell } from "./staging.ts";
 *
 * const directory = "/home/me/project";
 * const backend = new CompositeBackend({
 *   default: new StateBackend(),
 *   routes: { "/project/": new LocalBackend({ rootDir: directory }) },
 * });
 * const sandbox = new SandboxShell({
 *   stage: await Deno.makeTempDir(),
 *   mounts: [{ prefix: "/project/", directory, access: "read-write" }],
 * });
 * const mounts = ["/project/"];
 * const shell = new StagingShell({ shell: sandbox, stage: sandbox.stage, backend, mounts });
 * await backend.write("/notes.txt", "remember");
 * await shell.execute("wc -c < /notes.txt > /project/length.txt");
 * ```
 */
export class StagingShell implements Shell {
  /** See {@linkcode Shell.type}. */
  readonly type: ShellType;
  /** See {@linkcode Shell.network}. */
  readonly network: boolean | undefined;
  readonly #shell: Shell;
  readonly #stage: Stage;
  readonly #tree: StagedTree;
  readonly #places: StagedPlaces;
  readonly #queue = new CommandQueue();
  /** What the stage holds, by path: the version of a file, `null` for a directory. */
  #staged = new Map<string, string | null>();
  /** Paths that may be in the stage though the tree does not have them. */
  #leftovers = new Set<string>();
  /** Whether nobody knows what the stage holds. */
  #unknown = false;

  /**
   * Makes a shell.
   *
   * @param options The shell, its stage and the tree.
   */
  constructor(options: StagingShellOptions) {
    this.type = options.shell.type;
    this.network = options.shell.network;
    this.#shell = options.shell;
    this.#stage = options.stage;
    this.#tree = options;
    this.#places = new StagedPlaces(options);
  }

  /** See {@linkcode Shell.execute}. */
  execute(
    command: string | readonly string[],
    options: ExecuteOptions = {},
  ): Promise<ExecuteResult> {
    return this.#execute(command, options, this.#tree);
  }

  /**
   * The same shell for commands that have the tree in another way, such as behind other rules. They
   * wait for each other all the same.
   *
   * @param tree The tree as those commands have it.
   * @returns The shell for them.
   */
  over(tree: Pick<StagingShellOptions, "backend" | "onLocalChange">): Shell {
    return {
      type: this.type,
      execute: (command, options = {}) => this.#execute(command, options, tree),
    };
  }

  async #execute(
    command: string | readonly string[],
    options: ExecuteOptions,
    tree: StagedTree,
  ): Promise<ExecuteResult> {
    const { signal } = options;
    return await this.#queue.run({ cwd: options.cwd ?? "/", signal }, async () => {
      const missing = await this.#bring(tree, { signal });
      let result: ExecuteResult;
      try {
        result = await this.#shell.execute(command, options);
      } catch (error) {
        // Also a command that was aborted has done something.
        await this.#fetch(tree).catch((cause) => {
          if (!(cause instanceof BackendError)) throw cause;
          // Why the command failed says more. What the stage holds is not known now.
        });
        throw error;
      }
      const { notes, refused } = await this.#fetch(tree);
      // A command of which not all is kept has not succeeded.
      const exitCode = refused && result.exitCode === 0 ? 1 : result.exitCode;
      return { ...result, exitCode, notes: [...missing, ...result.notes, ...notes] };
    });
  }

  /** Makes the stage hold what the tree has; says what is too large for it. */
  async #bring(
    { backend }: StagedTree,
    options: OperationOptions,
  ): Promise<readonly string[]> {
    if (this.#unknown) {
      await this.#stage.reset(options);
      this.#staged.clear();
      this.#leftovers.clear();
      this.#unknown = false;
    }
    const wanted = await this.#list(backend, options);
    const gone = [...this.#leftovers].filter((path) => !this.#staged.has(path));
    for (const [path, version] of this.#staged) {
      const entry = wanted.get(path);
      if (entry === undefined || (entry.type === "directory") !== (version === null)) {
        gone.push(path);
      }
    }
    await this.#delete(gone, options);
    const changed = [...wanted.values()].filter(({ path, type, version }) =>
      this.#staged.get(path) !== (type === "directory" ? null : version)
    );
    const large = changed.filter(({ size }) => size > LIMITS.contentBytes).map(({ path }) => path);
    await this.#delete(large.filter((path) => this.#staged.has(path)), options);
    const small = changed.filter(({ size }) => size <= LIMITS.contentBytes);
    for (const batch of stageBatches(small, ({ size }) => size)) {
      await this.#put(backend, batch, options);
    }
    return large.slice(0, LARGE_TOLD).map((path) =>
      `'${path}' is not there for commands: it has more than ${LIMITS.contentBytes} bytes`
    );
  }

  async #delete(paths: readonly string[], options: OperationOptions): Promise<void> {
    const gone = new Set(paths);
    // What is in a directory goes with it.
    const top = paths.filter((path) => !hasAbove(path, gone));
    for (const batch of stageBatches(top, () => 0)) await this.#stage.delete(batch, options);
    for (const path of this.#staged.keys()) {
      if (gone.has(path) || hasAbove(path, gone)) this.#staged.delete(path);
    }
    this.#leftovers.clear();
  }

  async #put(
    backend: Backend,
    infos: readonly FileInfo[],
    options: OperationOptions,
  ): Promise<void> {
    const entries: StagedEntry[] = [];
    const hidden: string[] = [];
    for (const { path, type } of infos) {
      if (type === "directory") {
        entries.push({ path, type });
        continue;
      }
      const bytes = await contentOf(backend, path, options);
      if (bytes === undefined) hidden.push(path);
      else entries.push({ path, type: "file", bytes });
    }
    // A file of which an older content is there may not be seen any more.
    await this.#delete(hidden.filter((path) => this.#staged.has(path)), options);
    // Until it is done, nobody knows which of them are there.
    for (const { path } of entries) this.#staged.set(path, "");
    await this.#stage.put(entries, options);
    const there = new Set(entries.map(({ path }) => path));
    for (const { path, type, version } of infos) {
      if (there.has(path)) this.#staged.set(path, type === "directory" ? null : version);
    }
  }

  /** Everything of the tree that is staged. */
  async #list(
    backend: Backend,
    options: OperationOptions,
  ): Promise<Map<string, FileInfo>> {
    const found = new Map<string, FileInfo>();
    const directories: string[] = [];
    for (const path of this.#places.staged) {
      directories.push(path);
      // A command sees that it is there even where nothing is in it.
      if (path !== "/") found.set(path, directoryAt(path));
    }
    for (const directory of directories) {
      for (const entry of await backend.ls(directory, options)) {
        // What is there already is a staged directory, which is listed anyway.
        if (entry.type === "other" || found.has(entry.path) || !this.#places.isStaged(entry.path)) {
          continue;
        }
        found.set(entry.path, entry);
        if (found.size > LIMITS.treeEntries) {
          throw new BackendError(
            "too_large",
            directory,
            `Cannot bring the files of '${directory}' to the shell: with the others there are over ` +
              `${LIMITS.treeEntries}`,
          );
        }
        if (entry.type === "directory") directories.push(entry.path);
      }
    }
    return found;
  }

  /** Does to the tree what the command did to the stage. */
  async #fetch(
    { backend, onLocalChange }: StagedTree,
  ): Promise<{ readonly notes: readonly string[]; readonly refused: boolean }> {
    this.#unknown = true;
    const changes = await this.#stage.changes();
    for (const path of changes.local) onLocalChange?.(path);
    if (changes.refused !== undefined) {
      // Nothing is left in the stage.
      this.#staged.clear();
      this.#leftovers.clear();
      this.#unknown = false;
      const note =
        `Nothing that the command did to ${this.#places.what} was kept: ${changes.refused}`;
      return { notes: [...changes.notes, note], refused: true };
    }
    const applied = await applyChanges({
      backend,
      stage: this.#stage,
      changes,
      staged: this.#staged,
    });
    for (const path of applied.forgotten) {
      this.#staged.delete(path);
      this.#leftovers.add(path);
    }
    for (const path of changes.lost) this.#staged.delete(path);
    this.#unknown = false;
    return { notes: [...changes.notes, ...applied.notes], refused: false };
  }
}

/** `undefined` for a file that is not for commands: nobody can be asked while one runs. */
async function contentOf(
  backend: Backend,
  path: string,
  options: OperationOptions,
): Promise<Uint8Array | undefined> {
  try {
    return await backend.readBytes(path, options);
  } catch (error) {
    const isHidden = error instanceof BackendError &&
      (error.code === "denied" || error.code === "not_found" || error.code === "too_large");
    if (isHidden) return undefined;
    throw error;
  }
}

function directoryAt(path: string): FileInfo {
  return { path, type: "directory", size: 0, modified: 0, version: "" };
}

/** Whether a set of paths has one that another is below. */
function hasAbove(path: string, paths: ReadonlySet<string>): boolean {
  for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
    if (paths.has(path.slice(0, slash))) return true;
  }
  return false;
}
