/**
 * Files in memory, gone with the program: where notes and other scratch files of a run live.
 *
 * @module
 */

import { checkLimit, checkOffset, throwIfAborted } from "./_checks.ts";
import { compileGlob, type GlobMatcher } from "./_glob.ts";
import { compileQuery } from "./_grep.ts";
import { type GrepFile, grepFiles } from "./_grep_files.ts";
import { StateFiles } from "./_state_files.ts";
import type { StateFile } from "./_state_files.ts";
import {
  DirectoryNode,
  type FileNode,
  type FoundFile,
  infoOf,
  lookUp,
  type Node,
  putNode,
  removeNode,
  walkFiles,
} from "./_state_tree.ts";
import { applyEdit, decodeText, encodeContent, encodeText, LineSlicer } from "./_text.ts";
import { Turns } from "./_turns.ts";
import { BackendError, type BackendErrorCode } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { canonicalPath, isWithin, joinPaths, parentPath } from "./paths.ts";
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

export type { StateFile };

/** Options of {@linkcode StateBackend}. */
export interface StateBackendOptions {
  /**
   * The clock, in milliseconds since the epoch.
   *
   * @default {Date.now}
   */
  readonly now?: (() => number) | undefined;
  /**
   * Files to begin with, by path.
   *
   * @default {{}}
   */
  readonly files?: Readonly<Record<string, string | Uint8Array>> | undefined;
}

/**
 * A tree of files in memory.
 *
 * Bytes are copied in and out, so that nobody can change a file but through an operation. Each
 * operation happens at one moment, as a whole or not at all.
 *
 * @example
 * ```ts
 * import { StateBackend } from "./state.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const memory = new StateBackend({ files: { "/todo.txt": "buy milk\n" } });
 * await memory.write("/scratch/notes.txt", "remember\n");
 * await memory.edit("/todo.txt", { oldText: "milk", newText: "bread" });
 *
 * assertEquals([...memory.files.keys()], ["/scratch/notes.txt", "/todo.txt"]);
 * assertEquals(memory.files.get("/todo.txt")?.text, "buy bread\n");
 * ```
 */
export class StateBackend implements Backend {
  /** All files, sorted by path, as they are at the moment: for a program that wants them at once. */
  readonly files: ReadonlyMap<string, StateFile>;
  readonly #root: DirectoryNode;
  readonly #now: () => number;
  #changes = 0;

  /**
   * Makes a backend.
   *
   * @param options The clock and the first files.
   * @throws {BackendError} If a path or a content of `files` could not be written.
   */
  constructor(options: StateBackendOptions = {}) {
    this.#now = options.now ?? Date.now;
    this.#root = new DirectoryNode(this.#now());
    this.files = new StateFiles(this.#root);
    for (const [path, content] of Object.entries(options.files ?? {})) this.#write(path, content);
  }

  /**
   * Lists a directory.
   *
   * @param path The directory.
   * @param options How to end the operation early.
   * @returns Its entries, sorted by path.
   * @throws {BackendError} `not_found`, `not_directory`, `invalid_path`, `aborted`.
   */
  ls(path: string, options: OperationOptions = {}): Promise<readonly FileInfo[]> {
    return Promise.try(() => {
      const at = enter(path, options);
      const directory = this.#directory("list", at);
      return directory.names.flatMap((name) => {
        const node = directory.get(name);
        return node === undefined ? [] : [infoOf(joinPaths(at, `/${name}`), node)];
      });
    });
  }

  /**
   * Tells what is at a path.
   *
   * @param path The path.
   * @param options How to end the operation early.
   * @returns The file or directory.
   * @throws {BackendError} `not_found`, `not_directory`, `invalid_path`, `aborted`.
   */
  stat(path: string, options: OperationOptions = {}): Promise<FileInfo> {
    return Promise.try(() => {
      const at = enter(path, options);
      return infoOf(at, this.#node("find", at));
    });
  }

  /**
   * Reads lines of a text file.
   *
   * @param path The file.
   * @param options Which lines.
   * @returns The lines, and where to read on.
   * @throws {BackendError} `not_found`, `is_directory`, `not_text`, `too_large` and others.
   */
  read(path: string, options: ReadOptions = {}): Promise<TextSlice> {
    return Promise.try(() => {
      const at = enter(path, options);
      const slicer = new LineSlicer(at, options);
      const { bytes, version } = this.#file("read", at);
      slicer.push(bytes);
      return { ...slicer.finish(), version };
    });
  }

  /**
   * Reads bytes of any file.
   *
   * @param path The file.
   * @param options Which bytes.
   * @returns A copy of the bytes.
   * @throws {BackendError} `not_found`, `is_directory`, `too_large` and others.
   */
  readBytes(path: string, options: ReadBytesOptions = {}): Promise<Uint8Array> {
    return Promise.try(() => {
      const at = enter(path, options);
      const offset = checkOffset(options.offset);
      const length = checkLimit("Length", options.length, Infinity, 0);
      const bytes = this.#file("read", at).bytes.subarray(offset, offset + length);
      if (bytes.length <= LIMITS.contentBytes) return bytes.slice();
      throw failure(
        "too_large",
        at,
        "read",
        `it is over ${LIMITS.contentBytes} bytes: use offset and length`,
      );
    });
  }

  /**
   * Writes a whole file, and the directories above it.
   *
   * @param path The file.
   * @param content Text or bytes; they are copied.
   * @param options Whether it may replace a file.
   * @returns The file.
   * @throws {BackendError} `is_directory`, `exists`, `not_text`, `too_large` and others.
   */
  write(
    path: string,
    content: string | Uint8Array,
    options: WriteOptions = {},
  ): Promise<FileInfo> {
    return Promise.try(() => this.#write(path, content, options));
  }

  #write(path: string, content: string | Uint8Array, options: WriteOptions = {}): FileInfo {
    const at = enter(path, options);
    const bytes = encodeContent(at, content);
    const node = this.#find("write", at);
    if (node?.type === "directory") throw failure("is_directory", at, "write", "it is a directory");
    if (node !== null && options.overwrite === false) {
      throw failure("exists", at, "write", "it exists already: set overwrite, or edit it");
    }
    return infoOf(at, this.#put(at, bytes));
  }

  /**
   * Replaces text in a text file.
   *
   * @param path The file.
   * @param edit What to replace by what.
   * @param options How to end the operation early.
   * @returns The file, and how often the text was replaced.
   * @throws {BackendError} `no_match`, `ambiguous_edit`, `not_found`, `not_text` and others.
   */
  edit(path: string, edit: TextEdit, options: OperationOptions = {}): Promise<EditResult> {
    return Promise.try(() => {
      const at = enter(path, options);
      const text = decodeText(at, this.#file("edit", at).bytes);
      const edited = applyEdit(at, text, edit);
      const node = this.#put(at, encodeText(at, edited.text));
      return { file: infoOf(at, node), replacements: edited.replacements };
    });
  }

  /**
   * Deletes a file or a directory.
   *
   * @param path What to delete.
   * @param options Whether a directory goes with all that is in it.
   * @throws {BackendError} `not_found`, `is_directory`, `denied` for the root, and others.
   */
  delete(path: string, options: DeleteOptions = {}): Promise<void> {
    return Promise.try(() => {
      const at = enter(path, options);
      if (at === "/") throw failure("denied", at, "delete", "it is the root");
      const node = this.#node("delete", at);
      if (node.type === "directory" && node.size > 0 && options.recursive !== true) {
        throw failure(
          "is_directory",
          at,
          "delete",
          "it is a directory with entries: set recursive to delete them too",
        );
      }
      removeNode(this.#root, at, this.#now());
    });
  }

  /**
   * Renames a file or a directory, and makes the directories above the target.
   *
   * @param from What to rename.
   * @param to Its new path.
   * @param options Whether a file may replace a file.
   * @returns What was renamed, at its new path.
   * @throws {BackendError} `not_found`, `exists`, `invalid_path` into itself, and others.
   */
  move(from: string, to: string, options: MoveOptions = {}): Promise<FileInfo> {
    return Promise.try(() => {
      const source = enter(from, options);
      const target = enter(to, options);
      if (source === "/") throw failure("denied", source, "move", "it is the root");
      const node = this.#node("move", source);
      if (source === target) return infoOf(source, node);
      if (node.type === "directory" && isWithin(target, source)) {
        throw failure("invalid_path", target, "move to", "it is inside what is to be moved");
      }
      const existing = this.#find("move to", target);
      if (existing !== null) this.#checkReplaceable(target, node, existing, options);
      const now = this.#now();
      removeNode(this.#root, source, now);
      putNode(this.#root, target, node, now);
      return infoOf(target, node);
    });
  }

  #checkReplaceable(target: string, node: Node, existing: Node, options: MoveOptions): void {
    if (existing.type === "file" && node.type === "file") {
      if (options.overwrite === true) return;
      throw failure("exists", target, "move to", "it exists already: set overwrite to replace it");
    }
    const why = existing.type === "directory"
      ? "a directory is there already, and none is ever replaced"
      : "a file is there already, and a directory never replaces one";
    throw failure("exists", target, "move to", why);
  }

  /**
   * Finds files by a pattern.
   *
   * @param pattern The pattern, relative to `path` or absolute.
   * @param options Where to search, and how many files are wanted.
   * @returns The files, sorted by path.
   * @throws {BackendError} `invalid_pattern`, `not_found`, `not_directory` and others.
   */
  async glob(pattern: string, options: GlobOptions = {}): Promise<GlobResult> {
    const at = enter(options.path ?? "/", options);
    const limit = checkLimit("Limit", options.limit, LIMITS.globFiles);
    const matcher = compileGlob(pattern, at);
    this.#directory("search", at);
    const turns = new Turns({ path: at, signal: options.signal });
    const files: FileInfo[] = [];
    for (const { path, node } of this.#walk(matcher.base, matcher)) {
      if (turns.isOver) await turns.yield();
      if (!matcher.matches(path)) continue;
      if (files.length === limit) return { files, truncated: true, failures: [] };
      files.push(infoOf(path, node));
    }
    return { files, truncated: false, failures: [] };
  }

  /**
   * Finds lines by a text or a regular expression.
   *
   * @param query What to look for.
   * @param options Where and how to search.
   * @returns The lines, sorted by path and number.
   * @throws {BackendError} `invalid_pattern`, `not_found`, `timeout` and others.
   */
  async grep(query: string, options: GrepOptions = {}): Promise<GrepResult> {
    const at = enter(options.path ?? "/", options);
    checkLimit("Limit", options.limit, LIMITS.grepMatches);
    const node = this.#node("search", at);
    const base = node.type === "file" ? parentPath(at) : at;
    const matcher = options.glob === undefined ? null : compileGlob(options.glob, base);
    const searcher = await compileQuery(query, { ...options, path: at });
    const files = node.type === "file"
      ? [{ path: at, node }]
      : this.#walk(matcher?.base ?? at, matcher);
    return await grepFiles(toSearch(files, matcher), searcher, { ...options, path: at });
  }

  /** The files below a directory, which need not exist, in order. */
  #walk(base: string, matcher: GlobMatcher | null): Iterable<FoundFile> {
    const node = lookUp(this.#root, base);
    if (!(node instanceof DirectoryNode)) return [];
    return walkFiles(node, base, (path) => matcher === null || matcher.mayContain(path));
  }

  #put(path: string, bytes: Uint8Array): FileNode {
    const modified = this.#now();
    const node: FileNode = { type: "file", bytes, modified, version: `${++this.#changes}` };
    putNode(this.#root, path, node, modified);
    return node;
  }

  /** What is at a path, or `null`. */
  #find(doing: string, path: string): Node | null {
    const node = lookUp(this.#root, path);
    if (node === "in_file") {
      throw failure("not_directory", path, doing, "a directory above it is a file");
    }
    return node;
  }

  #node(doing: string, path: string): Node {
    const node = this.#find(doing, path);
    if (node === null) throw failure("not_found", path, doing, "it does not exist");
    return node;
  }

  #file(doing: string, path: string): FileNode {
    const node = this.#node(doing, path);
    if (node.type === "file") return node;
    throw failure("is_directory", path, doing, "it is a directory");
  }

  #directory(doing: string, path: string): DirectoryNode {
    const node = this.#node(doing, path);
    if (node.type === "directory") return node;
    throw failure("not_directory", path, doing, "it is not a directory");
  }
}

function* toSearch(
  files: Iterable<FoundFile>,
  matcher: GlobMatcher | null,
): Generator<GrepFile> {
  for (const { path, node } of files) {
    if (matcher === null || matcher.matches(path)) yield { path, open: () => node.bytes };
  }
}

/** The door of every operation. */
function enter(path: string, options: OperationOptions): string {
  const canonical = canonicalPath(path);
  throwIfAborted(options.signal, canonical);
  return canonical;
}

/** The message has no path but the error's own: a mount renames only that one. */
function failure(code: BackendErrorCode, path: string, doing: string, why: string): BackendError {
  return new BackendError(code, path, `Cannot ${doing} '${path}': ${why}`);
}
