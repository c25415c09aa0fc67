/**
 * A backend of which each path is judged before anything is done: what may not be read is hidden,
 * what may not be changed stays as it is.
 *
 * @module
 */

import { checkLimit } from "./_checks.ts";
import { grepReadable } from "./_guard_grep.ts";
import { AskedFor } from "./_guard_asked.ts";
import { treeEntries } from "./_tree_entries.ts";
import { BackendError } from "./errors.ts";
import type { Judge } from "./judge.ts";
import { LIMITS } from "./limits.ts";
import { canonicalPath, joinPaths, parentPath, relativeTo } from "./paths.ts";
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

/**
 * A backend behind a judge.
 *
 * | judged | what is done |
 * | --- | --- |
 * | `allow` | everything |
 * | `ask` to read | shown by `ls` and `stat` of what may be listed, opened by nothing, named by searches as not searched |
 * | `deny` to read | hidden, and refused with `denied` |
 * | `ask` or `deny` to write | refused with `denied` |
 *
 * A directory is deleted or moved only if that is allowed for everything in it, at both ends.
 *
 * @example
 * ```ts
 * import { JudgedBackend } from "./judged.ts";
 * import { StateBackend } from "./state.ts";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const files = new StateBackend({ files: { "/a.txt": "a", "/b.key": "b" } });
 * const backend = new JudgedBackend(files, {
 *   judge: (_verb, path) =>
 *     path.endsWith(".key")
 *       ? { verdict: "deny", reason: "denied: it is a key" }
 *       : { verdict: "allow", reason: "" },
 *   leadsTo: () => false,
 *   unreadable: () => ["/*.key"],
 * });
 * assertEquals((await backend.ls("/")).map(({ path }) => path), ["/a.txt"]);
 * await assertRejects(() => backend.read("/b.key"), Error, "denied: it is a key");
 * ```
 */
export class JudgedBackend implements PlacingBackend {
  readonly #backend: Backend;
  readonly #judge: Judge;

  /**
   * Makes a backend.
   *
   * @param backend The files.
   * @param judge Who decides.
   */
  constructor(backend: Backend, judge: Judge) {
    this.#backend = backend;
    this.#judge = judge;
  }

  /** The places of a canonical path and of everything below it. */
  places(path: string): readonly StoragePlace[] {
    return placesOf(this.#backend, path);
  }

  /** See {@linkcode Backend.ls}. */
  async ls(path: string, options: OperationOptions = {}): Promise<readonly FileInfo[]> {
    const at = this.#searchable("list", path);
    const entries = await this.#backend.ls(at, options);
    return entries.filter(({ path, type }) =>
      this.#judge.judge("read", path).verdict !== "deny" ||
      (type === "directory" && this.#judge.leadsTo(path))
    );
  }

  /** See {@linkcode Backend.stat}. */
  async stat(path: string, options: OperationOptions = {}): Promise<FileInfo> {
    const at = canonicalPath(path);
    const { verdict } = this.#judge.judge("read", at);
    if (verdict === "allow" || (verdict === "ask" && this.#isListed(at))) {
      return await this.#backend.stat(at, options);
    }
    this.#searchable("find", at);
    const info = await this.#backend.stat(at, options);
    return info.type === "directory" ? info : this.#refuse("read", "find", at);
  }

  /** See {@linkcode Backend.read}. */
  async read(path: string, options: ReadOptions = {}): Promise<TextSlice> {
    return await this.#backend.read(this.#allowed("read", "read", path), options);
  }

  /** See {@linkcode Backend.readBytes}. */
  async readBytes(path: string, options: ReadBytesOptions = {}): Promise<Uint8Array> {
    return await this.#backend.readBytes(this.#allowed("read", "read", path), options);
  }

  /** See {@linkcode Backend.write}. */
  async write(
    path: string,
    content: string | Uint8Array,
    options: WriteOptions = {},
  ): Promise<FileInfo> {
    return await this.#backend.write(this.#allowed("write", "write", path), content, options);
  }

  /** See {@linkcode Backend.edit}. */
  async edit(path: string, edit: TextEdit, options: OperationOptions = {}): Promise<EditResult> {
    return await this.#backend.edit(this.#allowed("write", "edit", path), edit, options);
  }

  /** See {@linkcode Backend.delete}. */
  async delete(path: string, options: DeleteOptions = {}): Promise<void> {
    const at = this.#allowed("write", "delete", path);
    if (options.recursive === true) await this.#checkBelow("delete", at, [at], options);
    await this.#backend.delete(at, options);
  }

  /** See {@linkcode Backend.move}. */
  async move(from: string, to: string, options: MoveOptions = {}): Promise<FileInfo> {
    const source = this.#allowed("write", "move", from);
    const target = this.#allowed("write", "move to", to);
    await this.#checkBelow("move", source, [source, target], options);
    return await this.#backend.move(source, target, options);
  }

  /** See {@linkcode Backend.glob}. */
  async glob(pattern: string, options: GlobOptions = {}): Promise<GlobResult> {
    const path = this.#searchable("search", options.path ?? "/");
    const limit = checkLimit("Limit", options.limit, LIMITS.globFiles);
    if (this.#judge.unreadable(path)?.length === 0) {
      return await this.#backend.glob(pattern, { ...options, path });
    }
    // One more than wanted, so that what is hidden decides nothing, `truncated` neither.
    for (let most = limit + 1;; most = most > 2 ** 48 ? Infinity : most * 8) {
      const found = await this.#backend.glob(pattern, { ...options, path, limit: most });
      const asked = new AskedFor(this.#judge, path);
      const files = found.files.filter((file) => asked.isReadable(file.path));
      if (found.truncated && files.length <= limit) continue;
      return {
        files: files.slice(0, limit),
        truncated: files.length > limit,
        failures: asked.failures(found.failures),
      };
    }
  }

  /** See {@linkcode Backend.grep}. */
  async grep(query: string, options: GrepOptions = {}): Promise<GrepResult> {
    const path = this.#searchable("search", options.path ?? "/");
    return await grepReadable(this.#backend, this.#judge, query, { ...options, path });
  }

  #allowed(verb: "read" | "write", action: string, path: string): string {
    const at = canonicalPath(path);
    if (this.#judge.judge(verb, at).verdict === "allow") return at;
    return this.#refuse(verb, action, at);
  }

  /** A path that may be listed or searched, for what can be shown of it. */
  #searchable(action: string, path: string): string {
    const at = canonicalPath(path);
    const mayBe = this.#judge.judge("read", at).verdict === "allow" || this.#judge.leadsTo(at);
    return mayBe ? at : this.#refuse("read", action, at);
  }

  /** Whether `ls` of the directory that a path is in shows it. */
  #isListed(path: string): boolean {
    const directory = parentPath(path);
    if (directory === path) return false;
    return this.#judge.judge("read", directory).verdict === "allow" ||
      this.#judge.leadsTo(directory);
  }

  #refuse(verb: "read" | "write", action: string, at: string): never {
    throw denied(`Cannot ${action} '${at}'`, at, this.#judge.judge(verb, at).reason);
  }

  /** Everything below a directory goes with it, under each of the names that it has or will have. */
  async #checkBelow(
    action: string,
    path: string,
    names: readonly string[],
    { signal }: OperationOptions,
  ): Promise<void> {
    for await (const entry of treeEntries(this.#backend, path, signal)) {
      if (entry.path === path) continue;
      for (const name of names) {
        const at = joinPaths(name, relativeTo(entry.path, path));
        const { verdict, reason } = this.#judge.judge("write", at);
        if (verdict === "allow") continue;
        // Which entry it is stays untold: it may be a hidden one.
        throw denied(
          `Cannot ${action} '${path}'`,
          path,
          `something in it is ${reason}`,
        );
      }
    }
  }
}

function denied(what: string, path: string, why: string): BackendError {
  return new BackendError("denied", path, `${what}: ${why}`);
}
