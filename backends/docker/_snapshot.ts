/**
 * The files of a container that its image did not bring, as an archive: what a run keeps so that it can
 * be gone on with in another container.
 *
 * @module
 */

import { localError } from "../_local_errors.ts";
import { isWithin, parentPath } from "../paths.ts";
import type { Container } from "./container.ts";
import { failure } from "./_failures.ts";
import { type DockerFiles, newToken, type Subject } from "./_files.ts";
import type { Ask } from "./_helper.ts";
import { filling } from "./_prelude.ts";
import { quote } from "./_quote.ts";
import { type Entry, parseListing, parseRecord } from "./_records.ts";

/** Bytes of an archive at the most: 64 MiB. */
export const SNAPSHOT_BYTES = 64 * 1024 * 1024;

/** Characters of all names: what one program takes as its arguments. */
const ARGUMENT_CHARACTERS = 1024 * 1024;

const SUBJECT: Subject = { verb: "read", path: "/" };
const LF = 10;

/** What stands before the archive, as a line of JSON. */
interface Header {
  /** Files of the image that are gone. */
  readonly deleted: readonly string[];
}

/** Options of {@linkcode takeSnapshot}. */
export interface SnapshotOptions {
  readonly container: Container;
  readonly files: DockerFiles;
  /** Canonical paths that are not of the tree. */
  readonly own: readonly string[];
}

/**
 * Packs what is not the image's.
 *
 * @param options Of which container.
 * @returns The archive; `undefined` where it would be over {@linkcode SNAPSHOT_BYTES}, or has too many
 * names.
 */
export async function takeSnapshot(options: SnapshotOptions): Promise<Uint8Array | undefined> {
  const { container, files, own } = options;
  const names = await newNames(files, own);
  const words = names.map((path) => quote(`.${path}`)).join(" ");
  if (words.length > ARGUMENT_CHARACTERS) return undefined;
  const pack = `tar -cf - ${words} 2> /dev/null | head -c ${SNAPSHOT_BYTES + 1}`;
  const { bytes } = names.length === 0
    ? { bytes: new Uint8Array(0) }
    : await files.ask(SUBJECT, pack);
  if (bytes.length > SNAPSHOT_BYTES) return undefined;
  const gone = (await container.differences()).filter(({ Path, Kind }) =>
    Kind === DELETED && !own.some((path) => isWithin(Path, path)) &&
    !names.some((path) => isWithin(path, Path))
  );
  const deleted = gone.map(({ Path }) => Path);
  const header = new TextEncoder().encode(JSON.stringify({ deleted } satisfies Header) + "\n");
  const all = new Uint8Array(header.length + bytes.length);
  all.set(header);
  all.set(bytes, header.length);
  return all;
}

/**
 * What is newer than the container: a directory as a whole where everything in it is, else what of it is.
 */
async function newNames(files: DockerFiles, own: readonly string[]): Promise<readonly string[]> {
  const token = newToken();
  const born = await files.ask(SUBJECT, 'stat -c "$F" "$k/hidden"');
  const since = parseRecord("/", new TextDecoder().decode(born.bytes))?.changed ?? "";
  const { bytes } = await files.ask(SUBJECT, `tree ${token} /`);
  const entries = parseListing(bytes, token).entries.flatMap(({ path, words }) => {
    const entry = parseRecord(path, words);
    return entry === undefined ? [] : [entry];
  });
  const isNew = ({ changed }: Entry) => changed > since;
  // Directories that have something of the image's in them, at any depth.
  const mixed = new Set(own.flatMap(above));
  for (const entry of entries) {
    if (!isNew(entry)) { for (const path of above(entry.name)) mixed.add(path); }
  }
  const full = new Set(entries.map(({ name }) => parentPath(name)));
  return entries.filter((entry) => {
    const { name, kind } = entry;
    if (!isNew(entry) || kind === "other") return false;
    const parent = parentPath(name);
    if (parent !== "/" && !mixed.has(parent)) return false;
    return kind !== "directory" || !mixed.has(name) || !full.has(name);
  }).map(({ name }) => name);
}

/** The directories that something is in. */
function above(path: string): readonly string[] {
  const found: string[] = [];
  for (let at = parentPath(path); at !== "/"; at = parentPath(at)) found.push(at);
  return found;
}

/** What an engine calls what is gone. */
const DELETED = 2;

/**
 * Unpacks an archive into a container that is as its image made it.
 *
 * @param files The container's files.
 * @param archive What {@linkcode takeSnapshot} returned.
 * @throws {BackendError} `io` if it is none, or does not fit.
 */
export async function putSnapshot(files: DockerFiles, archive: Uint8Array): Promise<void> {
  const end = archive.indexOf(LF);
  const { deleted } = parseHeader(archive.subarray(0, Math.max(end, 0)));
  const bytes = archive.subarray(end + 1);
  const subject: Subject = { verb: "write", path: "/" };
  await files.together(subject, async (ask) => {
    const perform = async (script: string) => {
      const { status, bytes } = await ask(script);
      if (status !== 0) throw failure(9, new TextDecoder().decode(bytes), "write", "/");
    };
    if (bytes.length > 0) {
      await bring(ask, "archive", bytes);
      await perform('sm=$(tar -xf "$W" -C / 2>&1) || say; sr=$?; rm -f "$W"; (exit $sr)');
    }
    for (const path of deleted) await perform(`rm -rf ${quote(path)}`);
  });
}

const PIECE_BYTES = 1024 * 1024;

/** Puts bytes into a file that is the sandbox's own. */
async function bring(ask: Ask, name: string, bytes: Uint8Array): Promise<void> {
  await ask(`bring ${name}; : > "$W"`);
  for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
    const answer = await ask(filling(bytes.subarray(from, from + PIECE_BYTES)));
    if (answer.status === 0) continue;
    throw failure(9, new TextDecoder().decode(answer.bytes), "write", "/");
  }
}

function parseHeader(line: Uint8Array): Header {
  try {
    const header: unknown = JSON.parse(new TextDecoder().decode(line));
    if (typeof header === "object" && header !== null && "deleted" in header) {
      const { deleted } = header;
      if (Array.isArray(deleted) && deleted.every((path) => typeof path === "string")) {
        return { deleted };
      }
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw localError("io", "write", "/", "the files that were kept of the container are damaged");
}
