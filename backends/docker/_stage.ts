/**
 * The files of elsewhere in a container: what is brought before a command, and what commands did to it.
 * Nothing runs while it is looked at.
 *
 * @module
 */

import { localError } from "../_local_errors.ts";
import { BackendError } from "../errors.ts";
import { canonicalPath, isWithin, parentPath } from "../paths.ts";
import type { OperationOptions } from "../protocol.ts";
import { isSystemPath } from "../shells/_request.ts";
import { SHELL_LIMITS } from "../shells/shell.ts";
import type { Stage, StageChanges, StagedEntry } from "../shells/stage.ts";
import { batches } from "./_batches.ts";
import { findMark } from "./_demux.ts";
import { failure } from "./_failures.ts";
import { newToken } from "./_files.ts";
import { DIRECTORY, Findings, isTreePath, type Known } from "./_findings.ts";
import { type Ask, type Helper, HelperLost } from "./_helper.ts";
import { filledOnce, filling } from "./_filling.ts";
import { quote } from "./_quote.ts";
import { type Entry, parseListing, parseRecord } from "./_records.ts";

/** Bytes of one script. */
const SCRIPT_BYTES = 1024 * 1024;

/** Options of {@linkcode DockerStage}. */
export interface DockerStageOptions {
  /** Starts the container, and gives its file server. */
  readonly helper: (signal?: AbortSignal) => Promise<Helper>;
  /** Waits for the command that is running. */
  readonly inTurn: <T>(options: OperationOptions, work: () => Promise<T>) => Promise<T>;
  /** Canonical directories whose files are brought. */
  readonly staged: readonly string[];
  /** Canonical paths that are not staged although they are below one of those. */
  readonly unstaged: () => readonly string[];
  /** Directories at the root that came with the image: they are there whether anybody uses them or not. */
  readonly top: () => readonly string[];
  /** Canonical directories in which files are told of that commands changed. */
  readonly watched: readonly string[];
  /** Bytes of all its files together. */
  readonly bytes: number;
}

/** The files that are brought to a container. */
export class DockerStage implements Stage {
  readonly #options: DockerStageOptions;
  #known: Known = new Map();
  #begun: Entry | undefined;

  /** @param options Where they are. */
  constructor(options: DockerStageOptions) {
    this.#options = options;
  }

  /**
   * Says that a command begins.
   *
   * @param mark What was made right before it. A command can reach it, so that it is not looked at again.
   */
  begin(mark: Entry | undefined): void {
    this.#begun = mark;
  }

  /** See {@linkcode Stage.put}. */
  async put(entries: readonly StagedEntry[], options: OperationOptions = {}): Promise<void> {
    for (const { path } of entries) this.#checkPath(path);
    await this.#together(options, async (ask) => {
      const directories = entries.filter(({ type }) => type === "directory").map(({ path }) =>
        path
      );
      const above = entries.map(({ path }) => parentPath(path)).filter((path) => path !== "/");
      for (const some of batches([...new Set([...directories, ...above])])) {
        await checked(ask, `dirs ${some.map(quote).join(" ")}`);
        // What leads to a place may be the container's own.
        for (const path of some) if (this.#isStaged(path)) this.#known.set(path, DIRECTORY);
      }
      const files = entries.filter((entry) => entry.type === "file");
      for (const { path, bytes } of files) await putFile(ask, path, bytes);
      for (const some of batches(files.map(({ path }) => path))) {
        const token = newToken();
        const listed = await checked(ask, `tell ${token} ${some.map(quote).join(" ")}`);
        for (const { name, info } of entriesOf(listed, token)) {
          this.#known.set(name, info);
        }
      }
    });
  }

  /** See {@linkcode Stage.delete}. */
  async delete(paths: readonly string[], options: OperationOptions = {}): Promise<void> {
    for (const path of paths) this.#checkPath(path);
    await this.#together(options, (ask) => this.#purge(ask, paths));
  }

  /** See {@linkcode Stage.read}. */
  async read(
    paths: readonly string[],
    options: OperationOptions = {},
  ): Promise<readonly (Uint8Array | undefined)[]> {
    for (const path of paths) this.#checkPath(path);
    const contents: (Uint8Array | undefined)[] = [];
    await this.#together(options, async (ask) => {
      for (const some of batches(paths)) {
        const token = newToken();
        const bytes = await checked(ask, `fetch ${token} ${some.map(quote).join(" ")}`);
        const mark = `\n${token} `;
        let from = 0;
        for (const _ of some) {
          const at = findMark(bytes, mark, from);
          const isThere = at !== -1 && bytes[at + mark.length] === "0".charCodeAt(0);
          contents.push(isThere ? bytes.slice(from, at) : undefined);
          from = at === -1 ? bytes.length : bytes.indexOf(10, at + mark.length) + 1;
        }
      }
    });
    return contents;
  }

  /** See {@linkcode Stage.reset}. */
  async reset(options: OperationOptions = {}): Promise<void> {
    await this.#together(options, (ask) => this.#reset(ask));
  }

  /** See {@linkcode Stage.changes}. */
  async changes(options: OperationOptions = {}): Promise<StageChanges> {
    const { staged, watched, bytes: most } = this.#options;
    return await this.#together(options, async (ask) => {
      const local: string[] = [];
      for (const directory of watched) {
        const begun = this.#begun;
        if (begun === undefined) continue;
        const token = newToken();
        const script = `changed ${token} ${quote(directory)} ${begun.seconds}`;
        const listed = await checked(ask, script);
        // `find` goes by minutes.
        for (const { name, kind, changed } of entriesOf(listed, token)) {
          if (kind === "file" && changed > begun.changed) local.push(name);
        }
      }
      const found = new Findings();
      for (const directory of this.#tops()) {
        const token = newToken();
        const listed = await checked(ask, `scan ${token} ${quote(directory)}`);
        for (const { path, words } of parseListing(listed, token).entries) {
          found.take(path, parseRecord(path, words), this.#known.get(path), this.#isKept(path));
        }
      }
      const deleted = [...this.#known.keys()].filter((path) =>
        !found.known.has(path) && !found.lost.includes(path) && !staged.includes(path) &&
        !this.#isKept(path)
      );
      const unused = await this.#unused(ask, found);
      for (const path of unused) found.known.delete(path);
      const directories = found.directories.filter((path) => !unused.has(path));
      const { files, lost, removed } = found;
      const changed = files.length + directories.length + removed.length + deleted.length;
      const refused = changed > SHELL_LIMITS.changedFiles
        ? `more than ${SHELL_LIMITS.changedFiles} files of memory were changed`
        : found.bytes > most
        ? `the files of memory came to more than ${most} bytes`
        : undefined;
      if (refused !== undefined) {
        await this.#reset(ask);
        return { files: [], directories: [], deleted: [], lost: [], local, notes: [], refused };
      }
      await this.#purge(ask, removed);
      for (const [path, known] of this.#known) {
        if (staged.includes(path) || this.#isKept(path)) found.known.set(path, known);
      }
      this.#known = found.known;
      // The tree has the places themselves whatever a command did to them.
      const places = staged.filter((path) => path !== "/" && this.#known.has(path));
      if (places.length > 0) await checked(ask, `dirs ${places.map(quote).join(" ")}`);
      return { files, directories, deleted, lost, local, notes: found.notes };
    });
  }

  /** Directories of the image in which nothing is and no command did anything. */
  async #unused(ask: Ask, found: Findings): Promise<ReadonlySet<string>> {
    const top = this.#options.top();
    const doubtful = found.directories.filter((path) =>
      top.includes(path) &&
      ![...found.known.keys()].some((other) => other !== path && isWithin(other, path))
    );
    if (doubtful.length === 0) return new Set();
    const token = newToken();
    const listed = await checked(ask, `tell ${token} ${doubtful.map(quote).join(" ")}`);
    const since = this.#begun?.changed;
    const used = entriesOf(listed, token).filter(({ changed }) =>
      since !== undefined && changed > since
    );
    const names = used.map(({ name }) => name);
    return new Set(doubtful.filter((path) => !names.includes(path)));
  }

  async #reset(ask: Ask): Promise<void> {
    this.#known = new Map();
    for (const directory of this.#tops()) await checked(ask, `clear ${quote(directory)}`);
  }

  async #purge(ask: Ask, paths: readonly string[]): Promise<void> {
    const { top, unstaged } = this.#options;
    // What came with the image, or leads to what did, stays without what is in it.
    const lasting = [...top(), ...unstaged()];
    const stays = paths.filter((path) => lasting.some((other) => isWithin(other, path)));
    for (const path of stays) await checked(ask, `clear ${quote(path)}`);
    const goes = paths.filter((path) => !stays.includes(path));
    for (const some of batches(goes)) await checked(ask, `purge ${some.map(quote).join(" ")}`);
    for (const path of this.#known.keys()) {
      if (paths.some((gone) => isWithin(path, gone))) this.#known.delete(path);
    }
  }

  /** Whether what is at a path is brought: of all places the longest that it is in decides. */
  #isStaged(path: string): boolean {
    const { staged, unstaged } = this.#options;
    const depth = (places: readonly string[]) =>
      Math.max(0, ...places.filter((place) => isWithin(path, place)).map(({ length }) => length));
    return depth(staged) > depth(unstaged());
  }

  /** Whether a path is none of those that are brought, or a directory that leads to one of those. */
  #isKept(path: string): boolean {
    return !this.#isStaged(path) || this.#options.unstaged().some((other) => isWithin(other, path));
  }

  /** The directories that are brought, without those that are parts of others. */
  #tops(): readonly string[] {
    return this.#options.staged.filter((path) => path === "/" || !this.#isStaged(parentPath(path)));
  }

  #checkPath(path: string): void {
    const isStaged = path !== "/" && !isSystemPath(path) && path === canonicalPath(path) &&
      this.#isStaged(path);
    if (isStaged) return;
    throw new BackendError("denied", path, `Cannot stage '${path}': it is no file of memory`);
  }

  async #together<T>(options: OperationOptions, work: (ask: Ask) => Promise<T>): Promise<T> {
    return await this.#options.inTurn(options, async () => {
      try {
        const helper = await this.#options.helper(options.signal);
        return await helper.together(work, options.signal);
      } catch (error) {
        if (!(error instanceof HelperLost)) throw error;
        throw localError("io", "find", "/", "the container does not answer", error);
      }
    });
  }
}

async function putFile(ask: Ask, path: string, bytes: Uint8Array): Promise<void> {
  let before = `stow ${quote(path)} && `;
  if (bytes.length <= SCRIPT_BYTES) return void await checked(ask, before + filledOnce(bytes));
  for (let from = 0; from === 0 || from < bytes.length; from += SCRIPT_BYTES) {
    await checked(ask, before + filling(bytes.subarray(from, from + SCRIPT_BYTES)));
    before = "";
  }
}

async function checked(ask: Ask, script: string): Promise<Uint8Array> {
  const { status, bytes } = await ask(script);
  if (status === 0) return bytes;
  const said = new TextDecoder().decode(bytes.subarray(0, 2_000));
  const error = failure(status, said, "write", "/");
  const full = /disk is full|quota/.test(error.message);
  const message = full
    ? "The files of memory do not fit the container: raise its memory, or bring less"
    : `The files of memory cannot be brought to the container: ${said.trim().slice(-200)}`;
  throw new BackendError(full ? "too_large" : "io", "/", message, { cause: error });
}

function entriesOf(bytes: Uint8Array, token: string): readonly Entry[] {
  return parseListing(bytes, token).entries.flatMap(({ path, words }) => {
    const entry = parseRecord(path, words);
    return entry === undefined || !isTreePath(path) ? [] : [entry];
  });
}
