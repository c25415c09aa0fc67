/**
 * The files of a container, by way of its file server: looking and changing. Searching is next door.
 *
 * @module
 */

import { localError, type Verb } from "../_local_errors.ts";
import { BackendError } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import { comparePaths, isWithin, joinPaths, nameOf, TEMPORARY_NAME } from "../paths.ts";
import type { FileInfo } from "../protocol.ts";
import { failure } from "./_failures.ts";
import { type Answer, type Ask, type Helper, HelperFlood, HelperLost } from "./_helper.ts";
import type { ImageEntries } from "./_init.ts";
import { KnownPermissions } from "./_permissions.ts";
import { filledOnce, filling } from "./_filling.ts";
import { FAILURES } from "./_prelude.ts";
import { quote } from "./_quote.ts";
import { type Entry, parseListing, parseRecord } from "./_records.ts";

/** Bytes of content in one script; more is sent in pieces. */
const PIECE_BYTES = 1024 * 1024;

/** Bytes that no record of `stat` has. */
const RECORD_BYTES = 4_096;

/** Milliseconds for which a change may say nothing: a large tree is deleted, or moved elsewhere. */
const CHANGE_MILLISECONDS = 10 * 60_000;

/** How often a file server that was lost is replaced for one operation. */
const ATTEMPTS = 3;

/** What an operation is about, for its error. */
export interface Subject {
  readonly verb: Verb;
  readonly path: string;
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@linkcode DockerFiles}. */
export interface DockerFilesOptions {
  readonly helper: Helper;
  /** Canonical paths that are not of the tree. */
  readonly own: () => readonly string[];
  readonly entries: () => ImageEntries;
  /** Whether others may change something in it, past this program. */
  readonly isShared: boolean;
}

/** The files of one container. */
export class DockerFiles {
  readonly #helper: Helper;
  readonly #options: DockerFilesOptions;
  readonly #permissions: KnownPermissions;

  /** @param options Who serves them, and what is not of the tree. */
  constructor(options: DockerFilesOptions) {
    this.#helper = options.helper;
    this.#options = options;
    this.#permissions = new KnownPermissions(options.isShared);
  }

  /**
   * Does something that may change everything.
   *
   * @param work What.
   */
  async unknown<T>(work: () => Promise<T>): Promise<T> {
    return await this.#permissions.during(work);
  }

  /** The entries of a directory, links as what they lead to. */
  async list(path: string, signal?: AbortSignal): Promise<readonly FileInfo[]> {
    const subject: Subject = { verb: "list", path, signal };
    const token = newToken();
    const { bytes } = await this.ask(subject, `list ${token} ${quote(path)}`);
    const entries: Entry[] = [];
    for (const { path: whole, words } of parseListing(bytes, token).entries) {
      const entry = parseRecord(joinPaths(path, `/${nameOf(whole)}`), words);
      if (entry !== undefined && !this.#isHidden(entry.name)) entries.push(entry);
    }
    const found = await this.followed(entries, signal);
    const shown = path === "/" ? await this.#shown(found, subject) : found;
    return shown.sort((a, b) => comparePaths(a.path, b.path));
  }

  /** Directories that came with the image show once something is in them. */
  async #shown(infos: readonly FileInfo[], subject: Subject): Promise<FileInfo[]> {
    const top = new Set(this.#options.entries().top);
    const doubtful = infos.filter(({ path }) => top.has(path)).map(({ path }) => path);
    if (doubtful.length === 0) return [...infos];
    const { bytes } = await this.ask(subject, `shown ${doubtful.map(quote).join(" ")}`);
    const shown = new Set(new TextDecoder().decode(bytes).split("\n"));
    return infos.filter(({ path }) => !top.has(path) || shown.has(path));
  }

  /** What is at a path. */
  async look({ verb, path, signal }: Subject): Promise<FileInfo> {
    const { bytes } = await this.ask({ verb, path, signal }, `look ${quote(path)}`);
    return this.#infoOf(path, verb, bytes);
  }

  /**
   * Reads a file.
   *
   * @param subject Which, and for what.
   * @param range The first byte, and how many at most; all of them without.
   * @param onBytes Told of its bytes, which are another's afterwards.
   * @returns What it is.
   */
  async read(
    subject: Subject,
    range: { readonly offset: number; readonly length: number | undefined },
    onBytes: (bytes: Uint8Array) => void,
  ): Promise<FileInfo> {
    const { verb, path } = subject;
    const { offset, length } = range;
    let left = length ?? Infinity;
    const pass = (bytes: Uint8Array) => {
      left -= bytes.length;
      // Its image may have programs that do something else than is asked of them.
      if (left < 0) {
        throw localError("io", verb, path, "the container sends more than was asked for");
      }
      onBytes(bytes);
    };
    let head: Uint8Array | undefined = new Uint8Array(0);
    let info: FileInfo | undefined;
    let said = "";
    const take = (bytes: Uint8Array) => {
      if (head === undefined) return pass(bytes);
      // The record comes first, with a line ending after it.
      const end = bytes.indexOf(10);
      const line = new Uint8Array([...head, ...bytes.subarray(0, end === -1 ? 1_000 : end)]);
      if (end === -1) {
        head = line;
        if (line.length > RECORD_BYTES) throw failure(FAILURES.said, "", verb, path);
        return;
      }
      said = new TextDecoder().decode(line);
      info = parseRecord(path, said)?.info;
      head = undefined;
      if (end + 1 < bytes.length) pass(bytes.subarray(end + 1));
    };
    const script = `slurp ${quote(path)} ${offset} ${length ?? "all"}`;
    await this.together(subject, async (ask) => {
      // What was told cannot be taken back.
      if (head === undefined) throw localError("io", verb, path, "the container ended meanwhile");
      head = new Uint8Array(0);
      this.#checked(await ask(script, { onBytes: take, signal: subject.signal }), subject);
    });
    if (info === undefined) throw failure(FAILURES.said, said, verb, path);
    return info;
  }

  /** Writes a whole file. */
  async write(
    subject: Subject,
    bytes: Uint8Array,
    { overwrite, expected }: { readonly overwrite: boolean; readonly expected?: string },
  ): Promise<FileInfo | undefined> {
    const { verb, path, signal } = subject;
    const id = `${TEMPORARY_NAME}-${newToken().slice(0, 12)}`;
    const known = this.#permissions.of(path) ?? "-";
    const begin = `target ${quote(path)} ${overwrite ? 1 : 0} ${id} ${known}`;
    return await this.together(subject, async (ask) => {
      if (expected !== undefined) {
        const { status, bytes } = await ask(`look ${quote(path)}`);
        const now = status === 0 ? this.#infoOf(path, verb, bytes).version : undefined;
        if (now !== expected) return undefined;
      }
      if (bytes.length <= PIECE_BYTES) {
        const answer = await ask(`${begin} && ${filledOnce(bytes, " && settle")}`);
        return this.#written(subject, answer);
      }
      this.#checked(await ask(begin), subject);
      try {
        for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
          if (signal?.aborted) throw new BackendError("aborted", path, "The write was aborted");
          const piece = filling(bytes.subarray(from, from + PIECE_BYTES));
          this.#checked(await ask(piece), subject);
        }
      } catch (error) {
        if (!(error instanceof HelperLost)) await ask('rm -f "$W"');
        throw error;
      }
      return this.#written(subject, await ask("settle"));
    });
  }

  #written(subject: Subject, answer: Answer): FileInfo {
    const { verb, path } = subject;
    const { info, permissions } = this.#entryOf(path, verb, this.#checked(answer, subject).bytes);
    this.#permissions.set(path, permissions);
    return info;
  }

  /** Deletes a file, a link or a directory. */
  async delete(path: string, recursive: boolean, signal?: AbortSignal): Promise<void> {
    const subject: Subject = { verb: "delete", path, signal };
    this.#checkWhole(subject);
    this.#permissions.forget();
    await this.ask(subject, `discard ${quote(path)} ${recursive ? 1 : 0}`, { once: true });
  }

  /** Renames a file, a link or a directory. */
  async move(
    from: string,
    to: string,
    overwrite: boolean,
    signal?: AbortSignal,
  ): Promise<FileInfo> {
    const subject: Subject = { verb: "move", path: from, signal };
    this.#checkWhole(subject);
    this.#permissions.forget();
    const script = `rename ${quote(from)} ${quote(to)} ${overwrite ? 1 : 0}`;
    const { bytes } = await this.ask(subject, script, { once: true, target: to });
    const entry = parseRecord(to, new TextDecoder().decode(bytes));
    if (entry === undefined) throw failure(FAILURES.said, "", "move to", to);
    const [info] = await this.followed([entry], signal);
    return info ?? entry.info;
  }

  /** A directory that has something of the container's own in it is the container's. */
  #checkWhole({ verb, path }: Subject): void {
    if (path === "/") throw localError("denied", verb, path, "it is the root");
    const holds = this.#options.own().some((own) => isWithin(own, path));
    if (!holds) return;
    throw localError("denied", verb, path, "something of the container's own is in it");
  }

  /**
   * What entries are once links are followed.
   *
   * @param entries What was listed.
   * @returns The same in their order; a link that leads to nothing of the tree is `other`.
   */
  async followed(entries: readonly Entry[], signal?: AbortSignal): Promise<FileInfo[]> {
    const links = entries.filter(({ kind }) => kind === "link");
    const found = new Map<string, FileInfo>();
    for (let from = 0; from < links.length; from += LINKS_AT_ONCE) {
      const batch = links.slice(from, from + LINKS_AT_ONCE).map(({ name }) => name);
      const token = newToken();
      const script = `follow ${token} ${batch.map(quote).join(" ")}`;
      const { bytes } = await this.ask({ verb: "find", path: "/", signal }, script);
      for (const line of new TextDecoder().decode(bytes).split("\n")) {
        const [mark, index, ...words] = line.split(" ");
        const path = batch[Number(index)];
        if (mark !== token || path === undefined) continue;
        const info = parseRecord(path, words.join(" "))?.info;
        if (info !== undefined) found.set(path, info);
      }
    }
    return entries.map(({ name, kind, info }) => kind === "link" ? found.get(name) ?? info : info);
  }

  /** Does a script, again where the file server was lost, unless it may be done once alone. */
  async ask(
    subject: Subject,
    script: string,
    { once = false, target }: { readonly once?: boolean; readonly target?: string } = {},
  ): Promise<Answer> {
    const { verb, path, signal } = subject;
    let sent = false;
    const answer = await this.together(subject, (ask) => {
      if (sent && once) throw localError("io", verb, path, "the container ended meanwhile");
      sent = true;
      return ask(script, { signal, silence: once ? CHANGE_MILLISECONDS : undefined });
    });
    return this.#checked(answer, subject, target);
  }

  /**
   * Does a script whose answer is told as it comes.
   *
   * @param begin Gives who is told: once more where the file server was lost, which begins anew then.
   */
  async follow(
    subject: Subject,
    script: string,
    begin: () => (bytes: Uint8Array) => void,
  ): Promise<void> {
    const { signal } = subject;
    await this.together(subject, async (ask) => {
      this.#checked(await ask(script, { onBytes: begin(), signal }), subject);
    });
  }

  /** Does several scripts with none of others between them. */
  async together<T>(subject: Subject, work: (ask: Ask) => Promise<T>): Promise<T> {
    const { verb, path, signal } = subject;
    for (let attempt = 1;; attempt++) {
      try {
        return await this.#helper.together(work, signal);
      } catch (error) {
        if (signal?.aborted) {
          const cause = signal.reason;
          throw new BackendError("aborted", path, `The operation on '${path}' was aborted`, {
            cause,
          });
        }
        if (!(error instanceof HelperLost)) throw error;
        if (error instanceof HelperFlood) {
          const why = `the container says more of it than ${error.bytes} bytes`;
          throw localError("too_large", verb, path, why, error);
        }
        if (attempt < ATTEMPTS) continue;
        throw localError("io", verb, path, "the container does not answer", error);
      }
    }
  }

  #checked(answer: Answer, { verb, path }: Subject, target?: string): Answer {
    if (answer.status === 0) return answer;
    const said = new TextDecoder().decode(answer.bytes.subarray(0, 2_000));
    throw failure(answer.status, said, verb, path, target);
  }

  #infoOf(path: string, verb: Verb, bytes: Uint8Array): FileInfo {
    return this.#entryOf(path, verb, bytes).info;
  }

  #entryOf(path: string, verb: Verb, bytes: Uint8Array): Entry {
    const text = new TextDecoder().decode(bytes);
    const entry = parseRecord(path, text);
    if (entry === undefined) throw failure(FAILURES.said, text, verb, path);
    return entry;
  }

  #isHidden(path: string): boolean {
    const name = nameOf(path);
    // No directory has such names in it, whatever an image's programs say.
    return ["", ".", ".."].includes(name) || name.startsWith(TEMPORARY_NAME) ||
      name.length > LIMITS.nameBytes || this.#options.own().includes(path);
  }
}

/** Links that one script follows. */
const LINKS_AT_ONCE = 200;

/** A word that nothing in a container can have known. */
export function newToken(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
