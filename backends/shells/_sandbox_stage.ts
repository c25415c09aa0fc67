/**
 * The stage on the host: the directory that holds the files of memory between commands, and what is
 * known of it. Nothing runs while it is looked at.
 *
 * @module
 */

import { isSystemPath } from "./_request.ts";
import type { MountPoints } from "./_sandbox_root.ts";
import { joinBytes } from "../_bytes.ts";
import { isFull, lstat, readFile, startsWith } from "./_sandbox_files.ts";
import { prepareScan, type ScannedEntry } from "./_sandbox_scan.ts";
import type { SandboxTools } from "./_sandbox_tools.ts";
import { BackendError } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import { canonicalPath, isWithin, joinPaths, parentPath, relativeTo } from "../paths.ts";
import { SHELL_LIMITS } from "./shell.ts";
import type { ChangedFile, StageChanges, StagedEntry } from "./stage.ts";

/** What is known of a file or directory of the stage. */
interface Known {
  readonly type: "file" | "directory";
  readonly inode: number;
  readonly size: number;
}

/** What a look at the stage found out. */
export interface StageFindings {
  readonly since: number;
  readonly files: ChangedFile[];
  readonly directories: string[];
  readonly lost: string[];
  readonly known: Map<string, Known>;
  readonly words: Map<string, string>;
  readonly removed: Uint8Array[];
  /** What is removed and has more in it, which comes next and goes with it. */
  going: Uint8Array | undefined;
  /** How many of those there were. */
  gone: number;
  readonly notes: Map<string, string[]>;
  readonly local: Set<string>;
  bytes: number;
  /** Entries of directories of the host that were looked at. */
  looked: number;
  /** Why so much cannot be taken. */
  refused: string | undefined;
}

/** Names of one kind of thing that a note tells. */
const NAMES_TOLD = 5;

const encoder = new TextEncoder();
const SLASH = encoder.encode("/");

/** Options of {@linkcode SandboxStage}. */
export interface SandboxStageOptions {
  /** The directory. */
  readonly tree: string;
  readonly points: MountPoints;
  readonly tools: SandboxTools;
  /** Bytes of all its files together. */
  readonly bytes: number;
}

/** The files of memory, as commands see them. */
export class SandboxStage {
  readonly #tree: string;
  readonly #points: MountPoints;
  readonly #tools: SandboxTools;
  readonly #bytes: number;
  #known = new Map<string, Known>();
  /** Paths by the words that their entries had when they were last looked at and not fresh. */
  #words = new Map<string, string>();

  /** @param options Where it is, and what stands in it. */
  constructor(options: SandboxStageOptions) {
    this.#tree = options.tree;
    this.#points = options.points;
    this.#tools = options.tools;
    this.#bytes = options.bytes;
  }

  /**
   * Puts files and directories there, whatever is there already.
   *
   * @throws {BackendError} `denied` for a path that is not of memory, `too_large` if it is full.
   */
  async put(entries: readonly StagedEntry[]): Promise<void> {
    for (const { path, type } of entries) {
      this.#checkPath(path);
      if (type === "file" && this.#leadsToMount(path)) throw notMemory(path);
    }
    try {
      for (const entry of entries) await this.#put(entry);
    } catch (error) {
      if (!isFull(error)) throw error;
      const message = "The files of memory do not fit the sandbox: raise 'limits.memory'";
      throw new BackendError("too_large", "/", message, { cause: error });
    }
  }

  async #put(entry: StagedEntry): Promise<void> {
    const { path } = entry;
    const above = parentPath(path);
    if (above !== "/" && this.#known.get(above)?.type !== "directory") {
      await this.#put({ path: above, type: "directory" });
    }
    const host = joinPaths(this.#tree, path);
    const there = lstat(host);
    if (entry.type === "directory") {
      if (there?.isDirectory !== true) {
        if (there !== undefined) await this.#remove(path);
        Deno.mkdirSync(host, { mode: 0o755 });
      }
      this.#known.set(path, { type: "directory", inode: 0, size: 0 });
      return;
    }
    if (there !== undefined) await this.#remove(path);
    // A new one each time: another name that the old one may have keeps what it has.
    Deno.writeFileSync(host, entry.bytes, { createNew: true, mode: 0o644 });
    const executable = there?.isFile === true && ((there.mode ?? 0) & 0o111) !== 0;
    if (executable) Deno.chmodSync(host, 0o755);
    const { ino, size } = Deno.lstatSync(host);
    this.#known.set(path, { type: "file", inode: ino ?? 0, size });
  }

  /** Removes files and directories with everything in them. */
  async delete(paths: readonly string[]): Promise<void> {
    for (const path of paths) this.#checkPath(path);
    for (const path of paths) {
      if (lstat(joinPaths(this.#tree, path)) !== undefined) await this.#remove(path);
    }
  }

  /**
   * Prepares to find out what is no longer as it is known to be.
   *
   * @param since When commands first ran, in milliseconds: what changed before is known. `Infinity`
   * where none did.
   * @returns Finds it out; has to be called.
   */
  look(since: number): () => Promise<StageFindings> {
    const found: StageFindings = {
      since,
      files: [],
      directories: [],
      lost: [],
      known: new Map(),
      words: new Map(),
      removed: [],
      going: undefined,
      gone: 0,
      notes: new Map(),
      local: new Set(),
      bytes: 0,
      looked: 0,
      refused: undefined,
    };
    const watched = this.#points.all.filter(({ access }) =>
      access === "read-write" && since < Infinity
    );
    const scan = prepareScan(this.#tools, {
      tree: this.#tree,
      since,
      isKnown: (word) => this.#pass(word, found),
      onEntry: (entry) => {
        this.#take(entry, found);
        found.refused = this.#refusal(found);
        return found.refused === undefined;
      },
      watched: watched.map(({ path, directory }) => ({
        directory,
        except: watched.filter((inner) => inner.path !== path && isWithin(inner.path, path))
          .map((inner) => joinPaths(directory, relativeTo(inner.path, path))),
      })),
      onWatched: (directory, path) => {
        found.looked += 1;
        for (const mount of watched) {
          if (mount.directory === directory) this.#tell(mount.path, path, found);
        }
        return found.looked <= LIMITS.treeEntries;
      },
    });
    return async () => {
      // The command may have closed its own root.
      Deno.chmodSync(this.#tree, 0o755);
      await scan();
      return found;
    };
  }

  /**
   * Takes what was found for what is known from now on. What the tree cannot hold is removed.
   *
   * @param found What {@linkcode SandboxStage.look} found.
   * @returns What there is to do.
   */
  async changes(found: StageFindings): Promise<StageChanges> {
    let { refused } = found;
    const lost = new Set(found.lost);
    const deleted = [...this.#known.keys()].filter((path) =>
      !found.known.has(path) && !lost.has(path)
    );
    refused ??= this.#refusal(found, deleted.length);
    const local = [...found.local];
    const notes = found.looked <= LIMITS.treeEntries ? [] : [
      `The directories of the host hold more than ${LIMITS.treeEntries} files: not all that were ` +
      "changed in them are told of",
    ];
    if (refused !== undefined) {
      await this.reset();
      return { files: [], directories: [], deleted: [], lost: [], local, notes, refused };
    }
    await this.#tools.remove(found.removed);
    const files = found.files.map((file) =>
      file.written ? file : { ...file, written: this.#modified(file.path) >= found.since }
    );
    this.#known = found.known;
    this.#words = found.words;
    const { directories } = found;
    notes.push(...[...found.notes].map(noteOf));
    return { files, directories, deleted, lost: found.lost, local, notes };
  }

  /** When the content of a file last changed, as far as nobody has set another time. */
  #modified(path: string): number {
    return lstat(joinPaths(this.#tree, path))?.mtime?.getTime() ?? 0;
  }

  #tell(mount: string, below: string | undefined, found: StageFindings): void {
    const path = treePath(below);
    if (path !== undefined) found.local.add(joinPaths(mount, path));
  }

  /**
   * The content of files; `undefined` for what is none.
   *
   * @throws {BackendError} `too_large` if it is more than one message carries.
   */
  read(paths: readonly string[]): readonly (Uint8Array | undefined)[] {
    for (const path of paths) this.#checkPath(path);
    const infos = paths.map((path) => lstat(joinPaths(this.#tree, path)));
    const bytes = infos.reduce((sum, info) => sum + (info?.isFile === true ? info.size : 0), 0);
    if (paths.length > 1 && bytes > LIMITS.contentBytes) {
      throw new BackendError("too_large", "/", "So many files of memory cannot be read at once");
    }
    return paths.map((path, index) => readFile(joinPaths(this.#tree, path), infos[index]));
  }

  /** Throws everything away that is in the stage. */
  async reset(): Promise<void> {
    this.#known = new Map();
    this.#words = new Map();
    await this.#tools.remove([encoder.encode(this.#tree)]);
    Deno.mkdirSync(this.#tree, { mode: 0o755 });
  }

  /** Most entries are as they were: nothing more is done about them than must be. */
  #pass(word: string, found: StageFindings): boolean {
    const path = this.#words.get(word);
    const known = path === undefined ? undefined : this.#known.get(path);
    if (path === undefined || known === undefined) return false;
    found.words.set(word, path);
    found.known.set(path, known);
    found.bytes += known.size;
    return true;
  }

  #take(entry: ScannedEntry, found: StageFindings): void {
    if (found.going !== undefined && startsWith(entry.bytes, found.going)) {
      found.gone += 1;
      return;
    }
    const path = treePath(entry.path);
    const remove = (what: string) => {
      found.removed.push(joinBytes([encoder.encode(`${this.#tree}/`), entry.bytes]));
      found.going = joinBytes([entry.bytes, SLASH]);
      const names = found.notes.get(what) ?? [];
      if (names.length <= NAMES_TOLD) names.push(`/${new TextDecoder().decode(entry.bytes)}`);
      found.notes.set(what, names);
    };
    if (path === undefined) return remove("has a name that the tree cannot have");
    const before = this.#known.get(path);
    if (this.#isKept(path)) {
      if (before !== undefined) found.known.set(path, before);
      return;
    }
    if (entry.type === "other") return remove("is neither a file nor a directory");
    if (entry.type === "directory") {
      if (before?.type !== "directory") found.directories.push(path);
      found.known.set(path, { type: "directory", inode: 0, size: 0 });
      return;
    }
    found.bytes += entry.size;
    if (entry.size > LIMITS.contentBytes) {
      if (before?.type === "file") found.lost.push(path);
      return remove(`is larger than ${LIMITS.contentBytes} bytes`);
    }
    const { inode, size, word } = entry;
    found.known.set(path, { type: "file", inode, size });
    found.words.set(word, path);
    const same = before?.type === "file" && before.inode === inode && before.size === size;
    if (!same || entry.fresh) found.files.push({ path, size, written: !same });
  }

  /** Why so much cannot be taken. */
  #refusal(found: StageFindings, deleted = 0): string | undefined {
    const { files, directories, removed, gone, bytes } = found;
    const changed = files.length + directories.length + removed.length + gone + deleted;
    if (changed > SHELL_LIMITS.changedFiles) {
      return `more than ${SHELL_LIMITS.changedFiles} files of memory were changed`;
    }
    if (bytes > this.#bytes) {
      return `the files of memory came to more than ${this.#bytes} bytes`;
    }
    return undefined;
  }

  /** Whether a path is no file of memory: the system's, a mount, or a directory that leads to one. */
  #isKept(path: string): boolean {
    return isSystemPath(path) ||
      this.#points.all.some((mount) => isWithin(path, mount.path) || isWithin(mount.path, path));
  }

  #checkPath(path: string): void {
    const inMount = this.#points.all.some((mount) => isWithin(path, mount.path));
    if (path === "/" || isSystemPath(path) || inMount) throw notMemory(path);
  }

  #leadsToMount(path: string): boolean {
    return this.#points.all.some((mount) => isWithin(mount.path, path));
  }

  async #remove(path: string): Promise<void> {
    if (this.#leadsToMount(path)) throw notMemory(path);
    const host = joinPaths(this.#tree, path);
    const info = lstat(host);
    if (info?.isFile === true) Deno.removeSync(host);
    else if (info !== undefined) await this.#tools.remove([encoder.encode(host)]);
    this.#known.delete(path);
    if (info?.isDirectory !== true) return;
    for (const below of this.#known.keys()) if (isWithin(below, path)) this.#known.delete(below);
  }
}

function notMemory(path: string): BackendError {
  return new BackendError("denied", path, `Cannot stage '${path}': it is no file of memory`);
}

/** A path of the tree; `undefined` where there can be none of that name. */
function treePath(below: string | undefined): string | undefined {
  if (below === undefined) return undefined;
  try {
    return canonicalPath(`/${below}`);
  } catch (error) {
    if (error instanceof BackendError) return undefined;
    throw error;
  }
}

function noteOf([what, names]: readonly [string, readonly string[]]): string {
  const told = names.slice(0, NAMES_TOLD).map((name) => `'${name.slice(0, 200)}'`).join(", ");
  const more = names.length > NAMES_TOLD ? " and others" : "";
  return `${told}${more} ${names.length > 1 ? "were" : "was"} not kept: each ${what}`
    .replace(/was not kept: each /, "was not kept: it ");
}
