/**
 * One tree of several backends: each path belongs to the first route whose prefix it starts with.
 *
 * @module
 */

import { throwIfAborted } from "./_checks.ts";
import { copyAcross } from "./_composite_move.ts";
import { globMounts, grepMounts } from "./_composite_search.ts";
import { outerError, outerInfo, type Place } from "./_mount_names.ts";
import { type Mount, MountTable } from "./_mounts.ts";
import { BackendError } from "./errors.ts";
import { canonicalPath, comparePaths, joinPaths } from "./paths.ts";
import { placesOf, type PlacingBackend, type StoragePlace } from "./places.ts";
import type {
  Backend,
  DeleteOptions,
  EditResult,
  FileInfo,
  GlobOptions,
  GlobResult,
  GrepOptions,
  GrepResult,
  MoveOptions,
  OperationOptions,
  ReadBytesOptions,
  ReadOptions,
  TextEdit,
  TextSlice,
  WriteOptions,
} from "./protocol.ts";

export type { Mount } from "./_mounts.ts";

/** Options of {@linkcode CompositeBackend}. */
export interface CompositeBackendOptions {
  /**
   * Where paths go that no route matches.
   *
   * @default An empty directory that cannot be changed.
   */
  readonly default?: Backend | Mount | undefined;
  /**
   * What stands at each prefix, such as `/project/`: the first that matches wins.
   *
   * @default {{}}
   */
  readonly routes?: Readonly<Record<string, Backend | Mount>> | undefined;
}

/**
 * Routes each path to a backend by its prefix.
 *
 * A prefix is a directory: `/project/` holds `/project` and `/project/src/app.py`, and not
 * `/projectX`. It is taken off and joined to the mount's `path` inside the backend; results and
 * errors carry the outer path alone. A mount shows as a directory in `ls` of everything above it,
 * and what a backend keeps where another one is mounted cannot be seen. Mounts, and directories
 * above them, cannot be deleted, moved or written over.
 *
 * A move between two backends copies first and deletes last. If it fails on the way, the source is
 * whole and the target as it was; if a backend deleted only a part of the source, the copy stays.
 *
 * @example
 * ```ts
 * import { CompositeBackend } from "./composite.ts";
 * import { StateBackend } from "./state.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const memory = new StateBackend();
 * const project = new StateBackend();
 * const backend = new CompositeBackend({ default: memory, routes: { "/project/": project } });
 * await backend.write("/project/src/app.py", "print('hello')\n");
 * await backend.write("/scratch/notes.txt", "remember");
 *
 * assertEquals([...project.files.keys()], ["/src/app.py"]);
 * assertEquals((await backend.ls("/")).map((entry) => entry.path), ["/project", "/scratch"]);
 * ```
 */
export class CompositeBackend implements PlacingBackend {
  readonly #table: MountTable;

  /**
   * Makes a backend.
   *
   * @param options The default and the routes.
   * @throws {TypeError} If a prefix does not begin and end with a slash, or an earlier one matches
   * everything that it would.
   */
  constructor(options: CompositeBackendOptions) {
    this.#table = new MountTable(options.default, options.routes ?? {});
  }

  /** The places of a canonical path and of everything below it, through every mount. */
  places(path: string): readonly StoragePlace[] {
    const mount = this.#table.find(path);
    const below = this.#table.below(path);
    return [
      ...placesOf(mount.backend, mount.inner(path)),
      ...below.flatMap(({ backend, root }) => placesOf(backend, root)),
    ];
  }

  /** See {@linkcode Backend.ls}. */
  async ls(path: string, options: OperationOptions = {}): Promise<readonly FileInfo[]> {
    const at = canonicalPath(path);
    const mount = this.#table.find(at);
    const below = this.#table.below(at);
    let own: readonly FileInfo[] = [];
    try {
      own = await mount.backend.ls(mount.inner(at), options);
    } catch (error) {
      const missing = error instanceof BackendError &&
        (error.code === "not_found" || error.code === "not_directory");
      // It is a directory all the same: a mount stands here, which may be empty, or below.
      if (!missing || (below.length === 0 && at !== mount.base)) {
        throw outerError(error, { mount, path: at });
      }
    }
    if (below.length === 0) return own.map((info) => outerInfo(mount, info));
    const entries = new Map<string, FileInfo>();
    for (const point of below) {
      const [name = ""] = point.base.slice(at === "/" ? 1 : at.length + 1).split("/", 1);
      const child = joinPaths(at, `/${name}`);
      entries.set(child, directoryAt(child));
    }
    for (const info of own) {
      const outer = outerInfo(mount, info);
      const hidden = entries.has(outer.path) &&
        (outer.type !== "directory" || this.#table.find(outer.path) !== mount);
      if (!hidden) entries.set(outer.path, outer);
    }
    return [...entries.values()].sort((a, b) => comparePaths(a.path, b.path));
  }

  /** See {@linkcode Backend.stat}. */
  async stat(path: string, options: OperationOptions = {}): Promise<FileInfo> {
    const at = canonicalPath(path);
    const mount = this.#table.find(at);
    const above = at === mount.base || this.#table.directory(at) !== undefined;
    throwIfAborted(options.signal, at);
    if (at === mount.base && at !== "/") return directoryAt(at);
    try {
      const info = outerInfo(mount, await mount.backend.stat(mount.inner(at), options));
      return above && info.type !== "directory" ? directoryAt(at) : info;
    } catch (error) {
      const missing = error instanceof BackendError &&
        (error.code === "not_found" || error.code === "not_directory");
      if (above && missing) return directoryAt(at);
      throw outerError(error, { mount, path: at });
    }
  }

  /** See {@linkcode Backend.read}. */
  read(path: string, options?: ReadOptions): Promise<TextSlice> {
    try {
      const at = canonicalPath(path);
      const mount = this.#table.find(at);
      if (this.#table.directory(at) !== undefined) throw isDirectory("read", at);
      // The way of most reads: nothing to rename, so that nothing is waited for or copied here.
      if (mount.identity) return mount.backend.read(at, options);
      return mount.backend.read(mount.inner(at), options).then(
        (slice) => ({ ...slice, path: mount.outer(slice.path) }),
        (error) => {
          throw outerError(error, { mount, path: at });
        },
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** See {@linkcode Backend.readBytes}. */
  async readBytes(path: string, options: ReadBytesOptions = {}): Promise<Uint8Array> {
    const at = canonicalPath(path);
    const mount = this.#table.find(at);
    if (this.#table.directory(at) !== undefined) throw isDirectory("read", at);
    return await inOuterNames(mount.backend.readBytes(mount.inner(at), options), {
      mount,
      path: at,
    });
  }

  /** See {@linkcode Backend.write}. */
  async write(
    path: string,
    content: string | Uint8Array,
    options: WriteOptions = {},
  ): Promise<FileInfo> {
    const place = this.#changing("write", path);
    const { mount } = place;
    const written = mount.backend.write(mount.inner(place.path), content, options);
    return outerInfo(mount, await inOuterNames(written, place));
  }

  /** See {@linkcode Backend.edit}. */
  async edit(path: string, edit: TextEdit, options: OperationOptions = {}): Promise<EditResult> {
    const place = this.#changing("edit", path);
    const { mount } = place;
    const edited = mount.backend.edit(mount.inner(place.path), edit, options);
    const { file, replacements } = await inOuterNames(edited, place);
    return { file: outerInfo(mount, file), replacements };
  }

  /** See {@linkcode Backend.delete}. */
  async delete(path: string, options: DeleteOptions = {}): Promise<void> {
    const place = this.#changing("delete", path);
    const { mount } = place;
    await inOuterNames(mount.backend.delete(mount.inner(place.path), options), place);
  }

  /** See {@linkcode Backend.move}. */
  async move(from: string, to: string, options: MoveOptions = {}): Promise<FileInfo> {
    const source = this.#changing("move", from);
    const target = await this.#target(source.path, to, options);
    if (source.mount.backend !== target.mount.backend) {
      return await copyAcross(this, source, target, options);
    }
    const inner = [source.mount.inner(source.path), target.mount.inner(target.path)] as const;
    const moved = source.mount.backend.move(...inner, options);
    return outerInfo(target.mount, await inOuterNames(moved, source, target));
  }

  /** See {@linkcode Backend.glob}. */
  async glob(pattern: string, options: GlobOptions = {}): Promise<GlobResult> {
    return await globMounts(this.#table, pattern, options);
  }

  /** See {@linkcode Backend.grep}. */
  async grep(query: string, options: GrepOptions = {}): Promise<GrepResult> {
    return await grepMounts(this.#table, query, options);
  }

  /** Where a change goes, once it is clear that it may. */
  #changing(verb: "write" | "edit" | "delete" | "move", path: string): Place {
    const at = canonicalPath(path);
    const what = `Cannot ${verb} '${at}'`;
    const kept = this.#whyKept(at);
    if (kept !== undefined) {
      const code = verb === "write" || verb === "edit" ? "is_directory" : "denied";
      throw new BackendError(code, at, `${what}: ${kept}`);
    }
    return this.#writable(at, what);
  }

  /** Where a move goes, once it is clear that it may. */
  async #target(source: string, to: string, { signal }: OperationOptions): Promise<Place> {
    const at = canonicalPath(to);
    const what = `Cannot move '${source}' to '${at}'`;
    const kept = this.#whyKept(at);
    if (kept !== undefined) {
      // As within one backend, a source that is not there is told of first.
      await this.stat(source, { signal });
      throw new BackendError("exists", at, `${what}: ${kept}`);
    }
    return this.#writable(at, what);
  }

  /** Why a path cannot be anything but a directory, if so: a clause. */
  #whyKept(at: string): string | undefined {
    if (at === "/") return "it is the root";
    const point = this.#table.directory(at);
    if (point === undefined) return undefined;
    return `the route '${point.prefix}' is mounted ${point.base === at ? "there" : "below it"}`;
  }

  #writable(at: string, what: string): Place {
    const mount = this.#table.find(at);
    if (mount.refusal === undefined) return { mount, path: at };
    throw new BackendError("denied", at, `${what}: ${mount.refusal}`);
  }
}

async function inOuterNames<T>(result: Promise<T>, ...places: readonly Place[]): Promise<T> {
  try {
    return await result;
  } catch (error) {
    throw outerError(error, ...places);
  }
}

/** A directory that is there because of a route, whatever a backend has at that path. */
function directoryAt(path: string): FileInfo {
  return { path, type: "directory", size: 0, modified: 0, version: "" };
}

function isDirectory(verb: string, path: string): BackendError {
  return new BackendError("is_directory", path, `Cannot ${verb} '${path}': it is a directory`);
}
