/**
 * The files of a virtual shell: a backend's tree as the file system that `just-bash` asks for.
 *
 * The system's own directories are a small file system in memory that lives as long as one command;
 * everything else is the backend, under the same paths. Commands recognise errors by the names that
 * the kernel gives them (`ENOENT`), so that each failure of the backend becomes one of those.
 *
 * No modes, owners or links are kept: every file may be run, `chmod` and `touch` of what exists
 * succeed and change nothing, and `ln` is refused.
 *
 * @module
 */

import type { ByteString, FsStat, IFileSystem, InMemoryFs } from "just-bash";
import { BackendError } from "../errors.ts";
import { comparePaths, joinPaths, nameOf, parentPath } from "../paths.ts";
import type { Backend, FileInfo, GrepOptions, GrepResult, OperationOptions } from "../protocol.ts";
import { isSystemPath } from "./_request.ts";
import { type Content, decode, encode, type Encoding, latin1 } from "./_virtual_bytes.ts";
import { failure, failureFor } from "./_virtual_errors.ts";
import { ReadAhead } from "./_virtual_read_ahead.ts";
import type { Usage } from "./_virtual_usage.ts";
import { foldPath, redirectOf, unmark } from "./_virtual_redirects.ts";

type Entry = Awaited<ReturnType<NonNullable<IFileSystem["readdirWithFileTypes"]>>>[number];

/** A name in a directory that has just been made and holds nothing yet. */
const FIRST_NAME = ".directory";

/** What is written there is gone. */
const NOWHERE = "/dev/null";

/** Options of {@linkcode VirtualFiles}. */
export interface VirtualFilesOptions {
  readonly backend: Backend;
  /** Holds the system's own directories. */
  readonly system: InMemoryFs;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  /** Throws when the command has to end: asked before each operation and after a failed one. */
  readonly check: () => void;
  /** Counts what the command writes. */
  readonly usage: Usage;
  /** Calls a text of one character for each byte what it is. */
  readonly byteString: (latin1: string) => ByteString;
}

/** One command's view of the files. */
export class VirtualFiles implements IFileSystem {
  readonly #backend: Backend;
  readonly #system: InMemoryFs;
  readonly #options: OperationOptions;
  readonly #check: () => void;
  readonly #usage: Usage;
  readonly #byteString: (latin1: string) => ByteString;
  readonly #ahead: ReadAhead;
  readonly #refused: string[] = [];
  /** Targets of redirections that are open and have not been told so by the interpreter. */
  readonly #opened = new Set<string>();

  constructor(options: VirtualFilesOptions) {
    this.#backend = options.backend;
    this.#system = options.system;
    this.#options = { signal: options.signal };
    this.#check = options.check;
    this.#usage = options.usage;
    this.#byteString = options.byteString;
    this.#ahead = new ReadAhead(options.backend, this.#options);
  }

  /** The paths that could not be deleted so far: `rm -f` does not say so. */
  get refused(): readonly string[] {
    return this.#refused;
  }

  /** `just-bash` puts its programs and devices there while it starts. */
  mkdirSync(path: string, options?: { recursive?: boolean }): void {
    this.#system.mkdirSync(path, options);
  }

  /** See {@linkcode VirtualFiles.mkdirSync}. */
  writeFileSync(path: string, content: string): void {
    this.#system.writeFileSync(path, content);
  }

  resolvePath(base: string, path: string): string {
    const { path: bare, prefix } = unmark(path);
    return prefix + foldPath(bare.startsWith("/") ? bare : `${base}/${bare}`);
  }

  async readFile(path: string, options?: Encoding): Promise<string> {
    const encoding = typeof options === "string" ? options : options?.encoding ?? "utf8";
    return decode(await this.readFileBuffer(path), encoding);
  }

  async readFileBuffer(path: string): Promise<Uint8Array> {
    const at = this.#enter(path);
    if (isSystemPath(at)) return await this.#system.readFileBuffer(at);
    return await this.#try("open", at, () => this.#ahead.read(at));
  }

  async readFileBytes(path: string): Promise<ByteString> {
    return this.#byteString(latin1(await this.readFileBuffer(path)));
  }

  /**
   * Searches the backend itself.
   *
   * @returns What it found; `undefined` where that is not all: the path is no directory of the tree alone.
   */
  async grep(
    query: string,
    options: GrepOptions & { path: string },
  ): Promise<GrepResult | undefined> {
    const { path } = options;
    this.#check();
    if (path === "/" || isSystemPath(path)) return undefined;
    if ((await this.#find(path))?.type !== "directory") return undefined;
    return await this.#backend.grep(query, { ...options, ...this.#options });
  }

  /** All files below a directory of the tree alone, sorted; `undefined` where that is not all. */
  async filesBelow(path: string): Promise<readonly string[] | undefined> {
    this.#check();
    if (path === "/" || isSystemPath(path)) return undefined;
    if ((await this.#find(path))?.type !== "directory") return undefined;
    const options = { ...this.#options, path, limit: Infinity };
    const { files, failures } = await this.#try("scandir", path, () => {
      return this.#backend.glob("**", options);
    });
    if (failures.length > 0) return undefined;
    for (const file of files) this.#ahead.add(file);
    return files.map((file) => file.path);
  }

  async writeFile(path: string, content: Content, options?: Encoding): Promise<void> {
    const at = this.#enter(path);
    const bytes = encode(content, options);
    if (this.#opened.delete(path) && bytes.length === 0) return;
    if (at === NOWHERE) return;
    if (isSystemPath(at)) return await this.#system.writeFile(at, bytes);
    await this.#write(at, bytes);
  }

  async appendFile(path: string, content: Content, options?: Encoding): Promise<void> {
    const at = this.#enter(path);
    const added = encode(content, options);
    if (this.#opened.delete(path) && added.length === 0) return;
    if (at === NOWHERE) return;
    if (isSystemPath(at)) return await this.#system.appendFile(at, added);
    const before = await this.#contentOf(at);
    if (before !== undefined && added.length === 0) return;
    const bytes = new Uint8Array((before?.length ?? 0) + added.length);
    bytes.set(before ?? []);
    bytes.set(added, before?.length ?? 0);
    await this.#write(at, bytes);
  }

  /** Whether something is there; for the target of a redirection it is opened instead. */
  async exists(path: string): Promise<boolean> {
    const { open } = redirectOf(path);
    if (open !== undefined) {
      if (await this.#open(this.#enter(path), open)) this.#opened.add(path);
      return false;
    }
    try {
      await this.stat(path);
      return true;
    } catch (error) {
      this.#check();
      if (error instanceof Error && /^(?:ENOENT|ENOTDIR|EINVAL|EACCES)/.test(error.message)) {
        return false;
      }
      throw error;
    }
  }

  async stat(path: string): Promise<FsStat> {
    const at = this.#enter(path);
    if (isSystemPath(at)) return await this.#system.stat(at);
    return describe(await this.#try("stat", at, () => this.#ahead.stat(at)));
  }

  lstat(path: string): Promise<FsStat> {
    return this.stat(path);
  }

  async mkdir(path: string, options?: { recursive?: boolean }): Promise<void> {
    const at = this.#enter(path);
    if (isSystemPath(at)) return await this.#system.mkdir(at, options);
    const existing = await this.#find(at);
    if (existing?.type === "directory" && options?.recursive === true) return;
    if (existing !== undefined) throw failure("EEXIST", "file exists", "mkdir", at);
    if (options?.recursive !== true) await this.#requireParent("mkdir", at);
    // A directory comes into being by a file below it, and stays when that file goes.
    const first = joinPaths(at, `/${FIRST_NAME}`);
    await this.#change("mkdir", at, async () => {
      await this.#backend.write(first, "", { ...this.#options, overwrite: false });
      await this.#backend.delete(first);
    });
  }

  async readdir(path: string): Promise<string[]> {
    return (await this.readdirWithFileTypes(path)).map(({ name }) => name);
  }

  async readdirWithFileTypes(path: string): Promise<Entry[]> {
    const at = this.#enter(path);
    if (isSystemPath(at)) return await this.#system.readdirWithFileTypes(at);
    const infos = await this.#try("scandir", at, () => this.#ahead.ls(at));
    const entries = infos.map(entryOf);
    if (at !== "/") return entries;
    const tree = entries.filter(({ name }) => !isSystemPath(`/${name}`));
    return [...tree, ...await this.#system.readdirWithFileTypes("/")]
      .sort((a, b) => comparePaths(a.name, b.name));
  }

  async rm(path: string, options?: { recursive?: boolean; force?: boolean }): Promise<void> {
    const at = this.#enter(path);
    if (isSystemPath(at)) return await this.#system.rm(at, options);
    try {
      const recursive = options?.recursive === true;
      await this.#change("rm", at, async () => {
        this.#usage.release(at);
        try {
          await this.#backend.delete(at, { ...this.#options, recursive });
        } catch (error) {
          if (!(error instanceof BackendError)) throw error;
          if (error.code === "not_found" && options?.force === true) return;
          if (error.code === "is_directory") {
            throw failure("ENOTEMPTY", "directory not empty", "rm", at);
          }
          throw error;
        }
      });
    } catch (error) {
      this.#refused.push(at);
      throw error;
    }
  }

  async cp(from: string, to: string, options?: { recursive?: boolean }): Promise<void> {
    const source = this.#enter(from);
    const target = this.#enter(to);
    const info = await this.stat(source);
    if (!info.isDirectory) {
      return await this.writeFile(target, await this.readFileBuffer(source));
    }
    if (options?.recursive !== true) throw failure("EISDIR", "is a directory", "cp", source);
    if (target === source || target.startsWith(source === "/" ? "/" : `${source}/`)) {
      throw failure("EINVAL", "cannot copy a directory into itself", "cp", source);
    }
    await this.mkdir(target, { recursive: true });
    for (const { name } of await this.readdirWithFileTypes(source)) {
      await this.cp(joinPaths(source, `/${name}`), joinPaths(target, `/${name}`), options);
    }
  }

  async mv(from: string, to: string): Promise<void> {
    const source = this.#enter(from);
    const target = this.#enter(to);
    if (isSystemPath(source) || isSystemPath(target)) {
      await this.cp(source, target, { recursive: true });
      return await this.rm(source, { recursive: true });
    }
    await this.#requireParent("rename", target);
    await this.#change("rename", target, async () => {
      await this.#backend.move(source, target, { ...this.#options, overwrite: true });
    });
  }

  getAllPaths(): string[] {
    return [];
  }

  async chmod(path: string, mode: number): Promise<void> {
    const at = this.#enter(path);
    if (isSystemPath(at)) return await this.#system.chmod(at, mode);
    await this.stat(at);
  }

  async utimes(path: string, accessed: Date, modified: Date): Promise<void> {
    const at = this.#enter(path);
    if (isSystemPath(at)) return await this.#system.utimes(at, accessed, modified);
    await this.stat(at);
  }

  symlink(_target: string, path: string): Promise<void> {
    return Promise.reject(
      failure("EPERM", "links are not supported by the tree", "symlink", this.#enter(path)),
    );
  }

  link(_existing: string, path: string): Promise<void> {
    return Promise.reject(
      failure("EPERM", "links are not supported by the tree", "link", this.#enter(path)),
    );
  }

  async readlink(path: string): Promise<string> {
    const at = this.#enter(path);
    await this.stat(at);
    throw failure("EINVAL", "invalid argument", "readlink", at);
  }

  async realpath(path: string): Promise<string> {
    const at = this.#enter(path);
    if (isSystemPath(at)) return await this.#system.realpath(at);
    await this.stat(at);
    return at;
  }

  /** The path in its one form, as long as the command may go on. */
  #enter(path: string): string {
    this.#check();
    return foldPath(redirectOf(path).path);
  }

  async #open(at: string, open: "truncate" | "append"): Promise<boolean> {
    if (isSystemPath(at)) return false;
    const existing = await this.#find(at);
    if (existing?.type === "directory") throw failure("EISDIR", "is a directory", "open", at);
    if (open === "truncate" || existing === undefined) await this.#write(at, new Uint8Array());
    return true;
  }

  /** Writes a file in a directory that is there: a shell makes none on the way. */
  async #write(at: string, bytes: Uint8Array): Promise<void> {
    await this.#requireParent("open", at);
    this.#usage.write(at, bytes.length);
    this.#ahead.forgetFiles();
    const info = await this.#try("open", at, () => this.#backend.write(at, bytes, this.#options));
    this.#ahead.forgetFiles();
    this.#ahead.add(info);
  }

  async #requireParent(operation: string, at: string): Promise<void> {
    const parent = parentPath(at);
    if (parent === "/") return;
    const { type } = await this.#try(operation, at, () => this.#ahead.stat(parent));
    if (type !== "directory") throw failure("ENOTDIR", "not a directory", operation, at);
  }

  async #find(at: string): Promise<FileInfo | undefined> {
    return await this.#try("stat", at, () => unlessMissing(this.#ahead.stat(at)));
  }

  async #contentOf(at: string): Promise<Uint8Array | undefined> {
    return await this.#try("open", at, () => unlessMissing(this.#ahead.read(at)));
  }

  /** A change: nothing that was known of the tree before holds after it. */
  async #change(operation: string, at: string, change: () => Promise<void>): Promise<void> {
    this.#ahead.forget();
    this.#usage.change(at);
    try {
      await this.#try(operation, at, change);
    } finally {
      this.#ahead.forget();
    }
  }

  async #try<T>(operation: string, at: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      this.#check();
      if (!(error instanceof BackendError)) throw error;
      throw failureFor(error, operation, at);
    }
  }
}

async function unlessMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof BackendError && error.code === "not_found") return undefined;
    throw error;
  }
}

function entryOf({ path, type }: FileInfo): Entry {
  const isDirectory = type === "directory";
  return { name: nameOf(path), isFile: type === "file", isDirectory, isSymbolicLink: false };
}

function describe({ path, type, size, modified }: FileInfo): FsStat {
  return {
    isFile: type === "file",
    isDirectory: type === "directory",
    isSymbolicLink: false,
    mode: 0o755,
    identity: `tree:${path}`,
    size,
    mtime: new Date(modified),
  };
}
