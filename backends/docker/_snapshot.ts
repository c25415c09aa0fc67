/**
 * The files of a container that its image did not bring, as an archive: what a run keeps so that it can
 * be gone on with in another container. It takes no program of the image that the file server does
 * without, so that none of them can have its own idea of what an archive is.
 *
 * @module
 */

import { localError } from "../_local_errors.ts";
import { comparePaths, isWithin } from "../paths.ts";
import { type KeptEntry, packArchive } from "./_archive.ts";
import { batches } from "./_batches.ts";
import type { Container } from "./container.ts";
import { findMark } from "./_demux.ts";
import { failure } from "./_failures.ts";
import { type DockerFiles, newToken, type Subject } from "./_files.ts";
import type { Ask } from "./_helper.ts";
import { FAILURES, prune } from "./_prelude.ts";
import { decodeName, type Entry, type ListedEntry, parseListing, parseRecord } from "./_records.ts";
import { checked, setModes, SNAPSHOT_FUNCTIONS, wordsOf } from "./_snapshot_script.ts";

/** Bytes of an archive at the most: 64 MiB. */
export const SNAPSHOT_BYTES = 64 * 1024 * 1024;

/** Bytes of files that one script prints; a larger file has one of its own. */
const BYTES_AT_ONCE = 4 * 1024 * 1024;

const SUBJECT: Subject = { verb: "read", path: "/" };

/** What the image brought: its paths, and when each was changed last. */
export type Brought = ReadonlyMap<string, string>;

/** Options of {@linkcode takeSnapshot}. */
export interface SnapshotOptions {
  readonly container: Container;
  readonly files: DockerFiles;
  /** Canonical paths whose files are not packed. */
  readonly own: readonly string[];
  /**
   * What there was at first.
   *
   * @default {what is not newer than the container's own record of its image}
   */
  readonly brought?: Brought | undefined;
}

/**
 * Packs what is not the image's. What may not be read is made readable, and is as it was afterwards.
 *
 * @param options Of which container.
 * @returns The archive; `undefined` where it would be over {@linkcode SNAPSHOT_BYTES}.
 * @throws {BackendError} `denied` or `io` if something of it cannot be read.
 */
export async function takeSnapshot(options: SnapshotOptions): Promise<Uint8Array | undefined> {
  const opened = new Opened();
  return await options.files.together(SUBJECT, async (ask) => {
    await checked(ask, SNAPSHOT_FUNCTIONS, SUBJECT);
    try {
      return await take(options, ask, opened);
    } finally {
      await opened.close(ask);
    }
  });
}

async function take(
  { container, own, brought }: SnapshotOptions,
  ask: Ask,
  opened: Opened,
): Promise<Uint8Array | undefined> {
  await opened.openDirectories(ask, own);
  const since = brought === undefined ? await bornAt(ask) : "";
  const all = await listTree(ask, own);
  const found = all.filter(({ name, kind, changed }) =>
    kind !== "other" && (brought === undefined ? changed > since : changed !== brought.get(name))
  );
  const files = found.filter(({ kind }) => kind === "file");
  const names = await otherNames(ask, files);
  const packed = files.filter(({ name }) => !names.has(name));
  if (sizeOf(packed) > SNAPSHOT_BYTES) return undefined;
  await opened.openFiles(ask, files);
  await checkReadable(ask, found.filter(({ kind }) => kind !== "link"));
  const targets = await linkTargets(ask, found.filter(({ kind }) => kind === "link"));
  const entries = found.map((entry): KeptEntry => {
    const { name: path, kind, seconds, info: { size } } = entry;
    const kept = { path, mode: opened.modeOf(entry), seconds };
    const of = names.get(path);
    if (of !== undefined) return { ...kept, type: "name", of };
    if (kind === "file") return { ...kept, type: "file", size };
    if (kind === "directory") return { ...kept, type: "directory" };
    return { ...kept, type: "link", target: targets.get(path) ?? "" };
  });
  const deleted = [...await deletedIn(container, own), ...missing(brought, all)];
  const archive = packArchive({ entries, deleted }, await contentsOf(ask, packed));
  return archive.length > SNAPSHOT_BYTES ? undefined : archive;
}

/** What was made readable, and who might do what with it before. */
class Opened {
  readonly #entries = new Map<string, Entry>();

  /** The directories of the user that he himself may not look into. */
  async openDirectories(ask: Ask, own: readonly string[]): Promise<void> {
    const token = newToken();
    const tell = `-exec stat -c "${token} $F %n" {} \\;`;
    const script = `find / -mindepth 1 ${prune(own)} -type d ! -perm -500 ${tell} ` +
      "-exec chmod u+rx {} \\; 2> /dev/null";
    const { entries } = parseListing((await ask(script)).bytes, token, decodeName);
    this.#note(entriesOf(entries));
  }

  /** Files that are of no use to the user. */
  async openFiles(ask: Ask, files: readonly Entry[]): Promise<void> {
    const unread = files.filter(({ mode }) => (mode & OWNER_READS) === 0);
    this.#note(unread);
    for (const some of batches(unread)) await ask(`chmod u+r ${namesOf(some)} 2> /dev/null`);
  }

  modeOf({ name, mode }: Entry): number {
    return this.#entries.get(name)?.mode ?? mode;
  }

  async close(ask: Ask): Promise<void> {
    const entries = [...this.#entries.values()].map(({ name: path, kind, mode }) => {
      return { type: kind === "directory" ? "directory" : "file", path, mode } as const;
    });
    await setModes(ask, entries, SUBJECT);
  }

  /** A file server that was lost has opened some of it before: what is known already is as it was. */
  #note(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (!this.#entries.has(entry.name)) this.#entries.set(entry.name, entry);
    }
  }
}

const OWNER_READS = 0o400;

/** When the container was made: what the record of its image says. */
async function bornAt(ask: Ask): Promise<string> {
  const bytes = await checked(ask, 'stat -c "$F" "$k/hidden"', SUBJECT);
  const record = parseRecord("/", new TextDecoder().decode(bytes));
  if (record === undefined) throw failure(FAILURES.said, "", "read", "/");
  return record.changed;
}

/**
 * What is there before anything is changed.
 *
 * @param ask Does a script.
 * @param own Canonical paths whose files do not count.
 */
export async function listBrought(ask: Ask, own: readonly string[]): Promise<Brought> {
  await checked(ask, SNAPSHOT_FUNCTIONS, SUBJECT);
  return new Map((await listTree(ask, own)).map(({ name, changed }) => [name, changed]));
}

async function listTree(ask: Ask, own: readonly string[]): Promise<readonly Entry[]> {
  const token = newToken();
  const find = `find / -mindepth 1 ${prune(own)} -exec stat -c "${token} $F %n" {} +`;
  const bytes = await checked(ask, `heard ${token} ${find}`, SUBJECT);
  const { entries, complaints } = parseListing(bytes, token, decodeName);
  // What may not be looked into is another's; whether anything new is in it is asked for later.
  const other = complaints.find((complaint) => !/permission denied/i.test(complaint));
  if (other !== undefined) throw failure(FAILURES.said, other, "list", "/");
  return entriesOf(entries).toSorted((a, b) => comparePaths(a.name, b.name));
}

function entriesOf(listed: readonly ListedEntry[]): readonly Entry[] {
  return listed.flatMap(({ path, words }) => parseRecord(path, words) ?? []);
}

/** Names of files that have another one before them. */
async function otherNames(
  ask: Ask,
  files: readonly Entry[],
): Promise<ReadonlyMap<string, string>> {
  const first = new Map<string, Entry>();
  const pairs = files.flatMap((file) => {
    const of = first.get(file.info.version);
    if (of === undefined) first.set(file.info.version, file);
    return of === undefined ? [] : [[of, file] as const];
  });
  const names = new Map<string, string>();
  for (const some of batches(pairs)) {
    const said = await checked(ask, `same ${namesOf(some.flat())}`, SUBJECT);
    for (const [index, [of, { name }]] of some.entries()) {
      if (said[index] === "1".charCodeAt(0)) names.set(name, of.name);
    }
  }
  return names;
}

async function linkTargets(
  ask: Ask,
  links: readonly Entry[],
): Promise<ReadonlyMap<string, string>> {
  const targets = new Map<string, string>();
  for (const some of batches(links)) {
    const token = newToken();
    const mark = `${token} `;
    const bytes = await checked(ask, `targets ${token} ${namesOf(some)}`, SUBJECT);
    let from = findMark(bytes, mark);
    for (const { name } of some) {
      const next = findMark(bytes, mark, from + mark.length);
      // A line ending stands after each.
      const end = (next === -1 ? bytes.length : next) - 1;
      const target = decodeName(bytes.subarray(from + mark.length, end));
      if (from === -1 || target === "") {
        throw localError("io", "read", name, "the container does not tell where the link leads");
      }
      targets.set(name, target);
      from = next;
    }
  }
  return targets;
}

/** Whatever is new and may not be read would be lost without a word. */
async function checkReadable(ask: Ask, entries: readonly Entry[]): Promise<void> {
  for (const some of batches(entries)) {
    const { status, bytes } = await ask(`unread ${namesOf(some)}`);
    if (status === 0) continue;
    throw failure(status, "", "read", new TextDecoder().decode(bytes));
  }
}

/** The bytes of files, in their order. */
async function contentsOf(ask: Ask, files: readonly Entry[]): Promise<readonly Uint8Array[]> {
  const parts: Uint8Array[] = [];
  const filled = files.filter(({ info }) => info.size > 0);
  for (const some of batches(filled, BYTES_AT_ONCE, ({ info }) => info.size)) {
    const part = await checked(ask, `contents ${namesOf(some)}`, SUBJECT);
    if (part.length !== sizeOf(some)) {
      throw localError("io", "read", some[0]?.name ?? "/", "it or another file changes meanwhile");
    }
    parts.push(part);
  }
  return parts;
}

/** What the image has and is gone, as far as the engine sees: not what volumes had. */
async function deletedIn(container: Container, own: readonly string[]): Promise<readonly string[]> {
  const gone = (await container.differences()).filter(({ Path, Kind }) =>
    Kind === DELETED && !own.some((path) => isWithin(Path, path))
  );
  return gone.map(({ Path }) => Path);
}

/** What an engine calls what is gone. */
const DELETED = 2;

function missing(brought: Brought | undefined, all: readonly Entry[]): readonly string[] {
  const there = new Set(all.map(({ name }) => name));
  return [...brought?.keys() ?? []].filter((path) => !there.has(path));
}

function sizeOf(files: readonly Entry[]): number {
  return files.reduce((sum, { info }) => sum + info.size, 0);
}

function namesOf(entries: readonly Entry[]): string {
  return wordsOf(entries.map(({ name }) => ({ path: name })));
}
