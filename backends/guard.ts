/**
 * The guard: rules that hide files from whoever works on a backend, or keep them from being changed.
 *
 * @module
 */

import { checkLimit } from "./_checks.ts";
import { grepReadable } from "./_guard_grep.ts";
import { RuleSet } from "./_rules.ts";
import { treeEntries } from "./_tree_entries.ts";
import { BackendError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { canonicalPath, joinPaths, relativeTo } from "./paths.ts";
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

export { parseRule, type Rule } from "./_rules.ts";

/** Options of {@linkcode GuardedBackend}. */
export interface GuardedBackendOptions {
  /** The files to guard. */
  readonly backend: Backend;
  /** The rules, such as `write /project/deploy/**`. */
  readonly deny: readonly string[];
}

/**
 * A backend on which rules are enforced.
 *
 * `read` hides what matches: listings and searches do not show it, and every operation on it is
 * `denied`, changes too. `write` denies changes alone. A directory is deleted or moved only if that
 * is allowed for everything in it, at both ends. A rule for a directory is one for everything in it:
 * `read /secrets`, `read /secrets/` and `read /secrets/**` mean the same.
 *
 * Rules speak of paths. A file that has two of them, through a second route to the same backend or a
 * symbolic link that was there before, needs a rule for each.
 *
 * @example
 * ```ts
 * import { GuardedBackend } from "./guard.ts";
 * import { StateBackend } from "./state.ts";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const memory = new StateBackend();
 * await memory.write("/secrets/key", "123");
 * await memory.write("/app.py", "pass");
 * const backend = new GuardedBackend({ backend: memory, deny: ["read /secrets/**"] });
 * assertEquals((await backend.ls("/")).map((entry) => entry.path), ["/app.py"]);
 * await assertRejects(() => backend.read("/x/../secrets/key"), Error, "denied by the rule");
 * ```
 */
export class GuardedBackend implements PlacingBackend {
  readonly #backend: Backend;
  readonly #rules: RuleSet;

  /**
   * Makes a backend.
   *
   * @param options The backend and the rules.
   * @throws {SyntaxError} If a rule cannot be understood.
   */
  constructor(options: GuardedBackendOptions) {
    this.#backend = options.backend;
    this.#rules = new RuleSet(options.deny);
  }

  /** The places of a canonical path and of everything below it. */
  places(path: string): readonly StoragePlace[] {
    return placesOf(this.#backend, path);
  }

  /** See {@linkcode Backend.ls}. */
  async ls(path: string, options: OperationOptions = {}): Promise<readonly FileInfo[]> {
    const at = this.#readable("list", path);
    const entries = await this.#backend.ls(at, options);
    return entries.filter((entry) => this.#shows(entry.path));
  }

  /** See {@linkcode Backend.stat}. */
  async stat(path: string, options: OperationOptions = {}): Promise<FileInfo> {
    return await this.#backend.stat(this.#readable("find", path), options);
  }

  /** See {@linkcode Backend.read}. */
  async read(path: string, options: ReadOptions = {}): Promise<TextSlice> {
    return await this.#backend.read(this.#readable("read", path), options);
  }

  /** See {@linkcode Backend.readBytes}. */
  async readBytes(path: string, options: ReadBytesOptions = {}): Promise<Uint8Array> {
    return await this.#backend.readBytes(this.#readable("read", path), options);
  }

  /** See {@linkcode Backend.write}. */
  async write(
    path: string,
    content: string | Uint8Array,
    options: WriteOptions = {},
  ): Promise<FileInfo> {
    return await this.#backend.write(this.#writable("write", path), content, options);
  }

  /** See {@linkcode Backend.edit}. */
  async edit(path: string, edit: TextEdit, options: OperationOptions = {}): Promise<EditResult> {
    return await this.#backend.edit(this.#writable("edit", path), edit, options);
  }

  /** See {@linkcode Backend.delete}. */
  async delete(path: string, options: DeleteOptions = {}): Promise<void> {
    const at = this.#writable("delete", path);
    if (options.recursive === true) await this.#checkBelow("delete", at, [at], options);
    await this.#backend.delete(at, options);
  }

  /** See {@linkcode Backend.move}. */
  async move(from: string, to: string, options: MoveOptions = {}): Promise<FileInfo> {
    const source = this.#writable("move", from);
    const target = this.#writable("move to", to);
    await this.#checkBelow("move", source, [source, target], options);
    return await this.#backend.move(source, target, options);
  }

  /** See {@linkcode Backend.glob}. */
  async glob(pattern: string, options: GlobOptions = {}): Promise<GlobResult> {
    const path = this.#readable("search", options.path ?? "/");
    const limit = checkLimit("Limit", options.limit, LIMITS.globFiles);
    if (this.#rules.unreadable.length === 0) {
      return await this.#backend.glob(pattern, { ...options, path });
    }
    // One more than wanted, so that what is hidden decides nothing, `truncated` neither.
    for (let most = limit + 1;; most = most > 2 ** 48 ? Infinity : most * 8) {
      const found = await this.#backend.glob(pattern, { ...options, path, limit: most });
      const files = found.files.filter((file) => this.#shows(file.path));
      if (found.truncated && files.length <= limit) continue;
      return {
        files: files.slice(0, limit),
        truncated: files.length > limit,
        failures: found.failures.filter((failure) => this.#shows(failure.path)),
      };
    }
  }

  /** See {@linkcode Backend.grep}. */
  async grep(query: string, options: GrepOptions = {}): Promise<GrepResult> {
    const path = this.#readable("search", options.path ?? "/");
    return await grepReadable(this.#backend, this.#rules, query, { ...options, path });
  }

  #shows(path: string): boolean {
    return this.#rules.againstReading(path) === undefined;
  }

  #readable(verb: string, path: string): string {
    const at = canonicalPath(path);
    const rule = this.#rules.againstReading(at);
    if (rule !== undefined) throw denied(`Cannot ${verb} '${at}': denied`, at, rule.text);
    return at;
  }

  #writable(verb: string, path: string): string {
    const at = canonicalPath(path);
    const rule = this.#rules.againstWriting(at);
    if (rule !== undefined) throw denied(`Cannot ${verb} '${at}': denied`, at, rule.text);
    return at;
  }

  /** Everything below a directory goes with it, under each of the names that it has or will have. */
  async #checkBelow(
    verb: string,
    path: string,
    names: readonly string[],
    { signal }: OperationOptions,
  ): Promise<void> {
    for await (const entry of treeEntries(this.#backend, path, signal)) {
      if (entry.path === path) continue;
      for (const name of names) {
        const rule = this.#rules.againstWriting(joinPaths(name, relativeTo(entry.path, path)));
        // Which entry it is stays untold: it may be a hidden one.
        const what = `Cannot ${verb} '${path}': something in it is denied`;
        if (rule !== undefined) throw denied(what, path, rule.text);
      }
    }
  }
}

function denied(what: string, path: string, rule: string): BackendError {
  return new BackendError("denied", path, `${what} by the rule '${rule}'`);
}
