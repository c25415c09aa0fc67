/**
 * Files in a directory of the host.
 *
 * `LocalBackend` never leaves its root. Symbolic links are followed by its own code, component by
 * component, and refused where they lead out; only regular files are opened; writes are atomic and
 * on the disk before they are answered. Linux and macOS are supported, Windows is not.
 *
 * What no check in a program can stop: another process that changes the same directory while an
 * operation runs can swap a name between the look and the use. Where such a process exists that is
 * not trusted, put both into one sandbox of the operating system.
 *
 * Versions tell writes of this backend apart without fail. A foreign process that changes a file in
 * place, to the same size and within the tick of the host's clock, goes unnoticed.
 *
 * @module
 */

import { checkLimit, checkOffset, throwIfAborted } from "./_checks.ts";
import { compileGlob } from "./_glob.ts";
import { localError, notDirectory, translateError, type Verb } from "./_local_errors.ts";
import type { LinkJudge, LocalGuard } from "./_local_guard.ts";
import { describe, toFileInfo, versionOf } from "./_local_info.ts";
import { ProtectedPaths } from "./_local_protect.ts";
import { inTurn } from "./_local_queue.ts";
import { chunksOf, openFile, readRange } from "./_local_read.ts";
import { checkProtected, checkRootDir, openRoot } from "./_local_root.ts";
import { searchFiles, searchLines } from "./_local_search.ts";
import { sweepFile } from "./_local_temporary.ts";
import { listEntries } from "./_local_walk.ts";
import { LocalWriter } from "./_local_write.ts";
import { applyEdit, decodeText, encodeContent, encodeText, LineSlicer } from "./_text.ts";
import type { BackendError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { canonicalPath, comparePaths } from "./paths.ts";
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

/** Options of {@linkcode LocalBackend}. */
export interface LocalBackendOptions {
  /**
   * The host directory that stands at `/`. It is looked up when it is first needed; then one that
   * is missing is created for `read-write` and is an error for `read`.
   */
  readonly rootDir: string | URL;
  /**
   * Whether files may be changed.
   *
   * @default {"read-write"}
   */
  readonly access?: "read" | "read-write" | undefined;
  /**
   * Absolute host paths under the root that are never changed, moved or deleted, and neither are
   * the directories and links that lead to them.
   *
   * @default {[]}
   */
  readonly protect?: readonly string[] | undefined;
  /**
   * Whether rules allow what a symbolic link leads to: a guard in front sees the link's path alone.
   *
   * @default {() => true}
   */
  readonly allows?: ((verb: "read" | "write", path: string) => boolean) | undefined;
}

/** The root when it is open. */
interface OpenRoot {
  readonly guard: LocalGuard;
  readonly writer: LocalWriter;
}

/**
 * The files in a directory of the host.
 *
 * @example
 * ```ts
 * import { LocalBackend } from "./local.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const rootDir = await Deno.makeTempDir();
 * const disk = new LocalBackend({ rootDir });
 * await disk.write("/src/app.py", "print('hello')\n");
 * assertEquals(await Deno.readTextFile(`${rootDir}/src/app.py`), "print('hello')\n");
 * await Deno.remove(rootDir, { recursive: true });
 * ```
 */
export class LocalBackend implements Backend {
  readonly #rootDir: string | URL;
  readonly #writable: boolean;
  readonly #protect: readonly string[];
  readonly #allows: LinkJudge | undefined;
  readonly #newId: () => string;
  #open: OpenRoot | undefined;

  /**
   * Makes a backend.
   *
   * @param options Which directory, and what may be done with it.
   * @param newId Makes the names of unfinished writes.
   * @throws {TypeError} If an option is not what it must be.
   */
  constructor(options: LocalBackendOptions, newId: () => string = () => crypto.randomUUID()) {
    const { rootDir, access = "read-write", protect = [], allows } = options;
    checkRootDir(rootDir);
    if (access !== "read" && access !== "read-write") {
      throw new TypeError(`Option 'access' must be 'read' or 'read-write', not '${access}'`);
    }
    this.#rootDir = rootDir;
    this.#writable = access === "read-write";
    this.#protect = protect.map(checkProtected);
    this.#allows = allows;
    this.#newId = newId;
  }

  /**
   * Lists a directory. Symbolic links show as what they lead to, or as `other`.
   *
   * @param path The directory.
   * @param options How to end the operation early.
   * @returns Its entries, sorted by path.
   * @throws {BackendError} `not_found`, `not_directory`, `denied` and what else is the matter.
   */
  ls(path: string, options: OperationOptions = {}): Promise<readonly FileInfo[]> {
    return this.#run("list", path, options, ({ guard }, path) => {
      const place = guard.find(path, "list", true);
      if (!place.info.isDirectory) throw notDirectory("list", path);
      const entries = listEntries({ path, host: place.host }, this.#onLeftover);
      const files = entries.map((entry) => describe(guard, entry.path, entry.host));
      return files.filter((file) => file !== undefined)
        .sort((a, b) => comparePaths(a.path, b.path));
    });
  }

  /**
   * Looks at a path.
   *
   * @param path The path; a symbolic link is followed.
   * @param options How to end the operation early.
   * @returns What is there.
   * @throws {BackendError} `not_found`, `denied` and what else is the matter.
   */
  stat(path: string, options: OperationOptions = {}): Promise<FileInfo> {
    return this.#run(
      "find",
      path,
      options,
      ({ guard }, path) => toFileInfo(path, guard.find(path, "find", true).info),
    );
  }

  /**
   * Reads lines of a text file.
   *
   * @param path The file.
   * @param options Which lines.
   * @returns The lines.
   * @throws {BackendError} `not_found`, `is_directory`, `not_text`, `too_large`, `denied` and what
   * else is the matter.
   * @throws {RangeError} If `offset` or `limit` is not a number of lines.
   */
  async read(path: string, options: ReadOptions = {}): Promise<TextSlice> {
    return await this.#run("read", path, options, async ({ guard }, path) => {
      const slicer = new LineSlicer(path, options);
      using opened = openFile(guard, path, "read");
      for await (const chunk of chunksOf(opened, path, options.signal)) slicer.push(chunk);
      return { ...slicer.finish(), version: versionOf(opened.info) };
    });
  }

  /**
   * Reads bytes of a file.
   *
   * @param path The file.
   * @param options Which bytes.
   * @returns The bytes.
   * @throws {BackendError} `not_found`, `is_directory`, `too_large`, `denied` and what else is the
   * matter.
   * @throws {RangeError} If `offset` or `length` is not a number of bytes.
   */
  async readBytes(path: string, options: ReadBytesOptions = {}): Promise<Uint8Array> {
    return await this.#run("read", path, options, async ({ guard }, path) => {
      const offset = checkOffset(options.offset);
      const wanted = checkLimit("Length", options.length, Infinity, 0);
      using opened = openFile(guard, path, "read");
      const length = Math.min(wanted, Math.max(0, opened.info.size - offset));
      if (length > LIMITS.contentBytes) {
        const reason = `it is over ${LIMITS.contentBytes} bytes: use offset and length`;
        throw localError("too_large", "read", path, reason);
      }
      return await readRange(opened, path, offset, length, options.signal);
    });
  }

  /**
   * Writes a whole file: under another name first, down to the disk, then into its place. A symbolic
   * link stays and its target is written; other hard links keep the old content.
   *
   * @param path The file; directories above it are created.
   * @param content Text or bytes.
   * @param options Whether a file that is there may be replaced.
   * @returns The file.
   * @throws {BackendError} `is_directory`, `not_directory`, `exists`, `denied`, `too_large`, `io`
   * and what else is the matter.
   */
  async write(
    path: string,
    content: string | Uint8Array,
    options: WriteOptions = {},
  ): Promise<FileInfo> {
    const { overwrite = true, signal } = options;
    return await this.#change("write", path, options, async ({ writer }, path) => {
      const bytes = encodeContent(path, content);
      const info = await writer.write({ path, verb: "write", bytes, overwrite, signal });
      return toFileInfo(path, info);
    });
  }

  /**
   * Replaces text in a text file, as atomically as {@linkcode LocalBackend.write}.
   *
   * @param path The file.
   * @param edit What to replace.
   * @param options How to end the operation early.
   * @returns The file and the number of replacements.
   * @throws {BackendError} `not_found`, `no_match`, `ambiguous_edit`, `not_text`, `denied` and what
   * else is the matter.
   */
  async edit(path: string, edit: TextEdit, options: OperationOptions = {}): Promise<EditResult> {
    const { signal } = options;
    return await this.#change("edit", path, options, async ({ guard, writer }, path) => {
      return await inTurn(async () => {
        for (let attempt = 0; attempt < EDIT_ATTEMPTS; attempt++) {
          writer.check(path, "edit");
          using opened = openFile(guard, path, "edit");
          const { size } = opened.info;
          if (size > LIMITS.textBytes) throw tooLargeToEdit(path, size);
          const bytes = await readRange(opened, path, 0, size, signal);
          const { text, replacements } = applyEdit(path, decodeText(path, bytes), edit);
          const info = await writer.replace({
            path,
            verb: "edit",
            bytes: encodeText(path, text),
            overwrite: true,
            expected: versionOf(opened.info),
            signal,
          });
          if (info !== undefined) return { file: toFileInfo(path, info), replacements };
        }
        throw localError("io", "edit", path, "another process changes it all the time");
      });
    });
  }

  /**
   * Deletes a file or a directory. Of a symbolic link, the link is deleted.
   *
   * @param path What to delete.
   * @param options Whether a directory may go with all that is in it.
   * @throws {BackendError} `not_found`, `is_directory` if it is not empty, `denied` and what else
   * is the matter.
   */
  async delete(path: string, options: DeleteOptions = {}): Promise<void> {
    await this.#change("delete", path, options, async ({ writer }, path) => {
      if (path === "/") throw localError("denied", "delete", path, "it is the root");
      await writer.delete(path, options.recursive ?? false);
    });
  }

  /**
   * Renames a file or a directory. Of a symbolic link, the link is renamed.
   *
   * @param from What to rename.
   * @param to Its new path; directories above it are created.
   * @param options Whether a file at the target may be replaced.
   * @returns What is at the new path.
   * @throws {BackendError} `not_found`, `exists`, `is_directory`, `denied`, `unsupported` from one
   * file system to another, and what else is the matter.
   */
  async move(from: string, to: string, options: MoveOptions = {}): Promise<FileInfo> {
    return await this.#change("move", from, options, async ({ guard, writer }, from) => {
      const target = canonicalPath(to);
      if (from === "/") throw localError("denied", "move", from, "it is the root");
      await writer.move(from, target, options.overwrite ?? false);
      const place = guard.find(target, "move", false);
      return describe(guard, target, place.host) ?? toFileInfo(target, place.info);
    });
  }

  /**
   * Finds files by a pattern. Links to files inside the root are files; links to directories are
   * not gone through.
   *
   * @param pattern The pattern, relative to `path` or absolute.
   * @param options Where to search and how many files to return.
   * @returns The files, sorted by path.
   * @throws {BackendError} `invalid_pattern`, `not_found`, `not_directory` and what else is the
   * matter.
   */
  async glob(pattern: string, options: GlobOptions = {}): Promise<GlobResult> {
    const limit = checkLimit("Limit", options.limit, LIMITS.globFiles);
    return await this.#run("search", options.path ?? "/", options, async ({ guard }, path) => {
      const matcher = compileGlob(pattern, path);
      const { signal } = options;
      const search = { guard, path, onLeftover: this.#onLeftover, signal };
      return await searchFiles(search, matcher, limit);
    });
  }

  /**
   * Finds lines by a text or a regular expression. Symbolic links are not searched, but for `path`.
   *
   * @param query The text, or the regular expression.
   * @param options Where and how to search.
   * @returns The lines, sorted by path.
   * @throws {BackendError} `invalid_pattern`, `not_found`, `timeout` and what else is the matter.
   */
  async grep(query: string, options: GrepOptions = {}): Promise<GrepResult> {
    return await this.#run("search", options.path ?? "/", options, async ({ guard }, path) => {
      const { signal } = options;
      const search = { guard, path, onLeftover: this.#onLeftover, signal };
      return await searchLines(search, query, options);
    });
  }

  /** Runs an operation that changes something. */
  async #change<T>(
    verb: Verb,
    path: string,
    options: OperationOptions,
    work: (root: OpenRoot, path: string) => Promise<T>,
  ): Promise<T> {
    const canonical = canonicalPath(path);
    if (!this.#writable) throw localError("denied", verb, canonical, "this route is read-only");
    return await this.#run(verb, canonical, options, work);
  }

  async #run<T>(
    verb: Verb,
    path: string,
    options: OperationOptions,
    work: (root: OpenRoot, path: string) => T | Promise<T>,
  ): Promise<T> {
    const canonical = canonicalPath(path);
    throwIfAborted(options.signal, canonical);
    try {
      return await work(this.#root(verb, canonical), canonical);
    } catch (error) {
      throw translateError(error, verb, canonical);
    }
  }

  /** Opens the root when it is first needed; a failure is not remembered. */
  #root(verb: Verb, path: string): OpenRoot {
    if (this.#open !== undefined) return this.#open;
    const guard = openRoot(this.#rootDir, this.#writable, verb, path, this.#allows);
    const protect = new ProtectedPaths(guard, this.#protect);
    this.#open = { guard, writer: new LocalWriter({ guard, protect, newId: this.#newId }) };
    return this.#open;
  }

  /** Sweeps what a crashed write has left beside its target. */
  readonly #onLeftover = (host: string): void => {
    if (this.#writable) sweepFile(host);
  };
}

/** How often another process may change a file while it is edited. */
const EDIT_ATTEMPTS = 5;

function tooLargeToEdit(path: string, size: number): BackendError {
  const reason = `it has ${size} bytes, and at most ${LIMITS.textBytes} can be edited`;
  return localError("too_large", "edit", path, reason);
}
