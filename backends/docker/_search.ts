/**
 * Searching in a container: one look at everything there is below a directory, and the bytes of many
 * files at a time.
 *
 * @module
 */

import { checkLimit } from "../_checks.ts";
import { compileGlob } from "../_glob.ts";
import { compileQuery } from "../_grep.ts";
import { type GrepFile, grepFiles } from "../_grep_files.ts";
import { localError, notDirectory, notRegular } from "../_local_errors.ts";
import type { BackendError } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import { comparePaths, parentPath } from "../paths.ts";
import type {
  FileInfo,
  GlobResult,
  GrepOptions,
  GrepResult,
  OperationOptions,
} from "../protocol.ts";
import { findMark } from "./_demux.ts";
import { type DockerFiles, newToken, type Subject } from "./_files.ts";
import { quote } from "./_quote.ts";
import type { Entry } from "./_records.ts";
import { walk } from "./_walk.ts";

/** Files up to this size are read many at a time. */
const SMALL_BYTES = 256 * 1024;
/** How much of them at a time. */
const BATCH_BYTES = 4 * 1024 * 1024;
const BATCH_FILES = 200;

/** Finds files. */
export async function searchFiles(
  files: DockerFiles,
  pattern: string,
  path: string,
  options: { readonly limit: number } & OperationOptions,
): Promise<GlobResult> {
  const { limit, signal } = options;
  const matcher = compileGlob(pattern, path);
  const { type } = await files.look({ verb: "search", path, signal });
  if (type !== "directory") throw notDirectory("search", path);
  const isWanted = ({ name, kind }: Entry) => kind !== "other" && matcher.matches(name);
  const { entries, failures } = await walk(files, path, { matcher, isWanted, signal });
  const infos = (await files.followed(entries, signal)).filter(({ type }) => type === "file");
  return { files: infos.slice(0, limit), truncated: infos.length > limit, failures };
}

/** Finds lines. */
export async function searchLines(
  files: DockerFiles,
  query: string,
  path: string,
  options: GrepOptions,
): Promise<GrepResult> {
  const { signal, glob, limit } = options;
  checkLimit("Limit", limit, LIMITS.grepMatches);
  const info = await files.look({ verb: "search", path, signal });
  if (info.type === "other") throw notRegular("search", path);
  const base = info.type === "file" ? parentPath(path) : path;
  const matcher = glob === undefined ? undefined : compileGlob(glob, base);
  const searcher = await compileQuery(query, { ...options, path });
  if (info.type === "file") {
    const found = matcher?.matches(path) ?? true ? [info] : [];
    return await grepFiles(bytesOf(files, found, signal), searcher, { path, limit, signal });
  }
  const isWanted = ({ name, kind }: Entry) => kind === "file" && (matcher?.matches(name) ?? true);
  const { entries, failures } = await walk(files, path, { matcher, isWanted, signal });
  const infos = entries.map(({ info }) => info);
  const result = await grepFiles(bytesOf(files, infos, signal), searcher, { path, limit, signal });
  return {
    ...result,
    failures: [...failures, ...result.failures].sort((a, b) => comparePaths(a.path, b.path)),
  };
}

/** The files of a search for lines, small ones many at a time. */
async function* bytesOf(
  files: DockerFiles,
  infos: readonly FileInfo[],
  signal: AbortSignal | undefined,
): AsyncGenerator<GrepFile> {
  let batch: FileInfo[] = [];
  let bytes = 0;
  for (const info of infos) {
    const isLarge = info.size > SMALL_BYTES;
    const isFull = bytes + info.size > BATCH_BYTES || batch.length === BATCH_FILES;
    if (batch.length > 0 && (isLarge || isFull)) {
      yield* readBatch(files, batch, signal);
      [batch, bytes] = [[], 0];
    }
    if (isLarge) yield { path: info.path, open: () => readLarge(files, info, signal) };
    else {
      batch.push(info);
      bytes += info.size;
    }
  }
  if (batch.length > 0) yield* readBatch(files, batch, signal);
}

async function* readBatch(
  files: DockerFiles,
  infos: readonly FileInfo[],
  signal: AbortSignal | undefined,
): AsyncGenerator<GrepFile> {
  const token = newToken();
  const subject: Subject = { verb: "search", path: "/", signal };
  const script = `each ${token} ${infos.map(({ path }) => quote(path)).join(" ")}`;
  const { bytes } = await files.ask(subject, script);
  const mark = `\n${token} `;
  let from = 0;
  for (const { path } of infos) {
    const at = findMark(bytes, mark, from);
    if (at === -1) return;
    const status = bytes[at + mark.length] === "0".charCodeAt(0);
    const content = bytes.subarray(from, at);
    from = bytes.indexOf(10, at + mark.length) + 1;
    if (status) yield { path, open: () => content };
    else yield { path, open: () => Promise.reject(unreadable(path)) };
  }
}

function unreadable(path: string): BackendError {
  return localError("denied", "read", path, "the container does not permit it");
}

/** A range at a time: a search may end in the middle of a file. */
async function* readLarge(
  files: DockerFiles,
  { path, size }: FileInfo,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < size; offset += BATCH_BYTES) {
    const parts: Uint8Array[] = [];
    const subject: Subject = { verb: "read", path, signal };
    await files.read(subject, { offset, length: BATCH_BYTES }, (bytes) => {
      parts.push(bytes.slice());
    });
    yield* parts;
  }
}
