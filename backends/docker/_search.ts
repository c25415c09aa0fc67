/**
 * Searching in a container: one look at everything there is below a directory, and the bytes of many
 * files at a time.
 *
 * @module
 */

import { checkLimit, throwIfAborted } from "../_checks.ts";
import { compileGlob, type GlobMatcher } from "../_glob.ts";
import { compileQuery } from "../_grep.ts";
import { type GrepFile, grepFiles } from "../_grep_files.ts";
import { localError, notDirectory, notRegular } from "../_local_errors.ts";
import { BackendError } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import {
  canonicalPath,
  comparePaths,
  isWithin,
  joinPaths,
  parentPath,
  TEMPORARY_NAME,
} from "../paths.ts";
import type {
  FileInfo,
  GlobResult,
  GrepOptions,
  GrepResult,
  OperationOptions,
  SearchFailure,
} from "../protocol.ts";
import { findMark } from "./_demux.ts";
import { type DockerFiles, newToken, type Subject } from "./_files.ts";
import { quote } from "./_quote.ts";
import { type Entry, parseListing, parseRecord } from "./_records.ts";

/** Files up to this size are read many at a time. */
const SMALL_BYTES = 256 * 1024;
/** How much of them at a time. */
const BATCH_BYTES = 4 * 1024 * 1024;
const BATCH_FILES = 200;

interface Walk {
  /** Files, links and what else is no directory, sorted. */
  readonly entries: readonly Entry[];
  readonly failures: readonly SearchFailure[];
}

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
  const { entries, failures } = await walk(files, path, matcher, signal);
  const matching = entries.filter(({ name, kind }) => kind !== "other" && matcher.matches(name));
  const infos = (await files.followed(matching, signal)).filter(({ type }) => type === "file");
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
  const { entries, failures } = await walk(files, path, matcher, signal);
  const found = entries.filter(({ name, kind }) =>
    kind === "file" && (matcher?.matches(name) ?? true)
  );
  const infos = found.map(({ info }) => info);
  const result = await grepFiles(bytesOf(files, infos, signal), searcher, { path, limit, signal });
  return {
    ...result,
    failures: [...failures, ...result.failures].sort((a, b) => comparePaths(a.path, b.path)),
  };
}

async function walk(
  files: DockerFiles,
  path: string,
  matcher: GlobMatcher | undefined,
  signal: AbortSignal | undefined,
): Promise<Walk> {
  // The pattern may say that nothing is above some directory, which need not be there.
  const base = matcher === undefined || !isWithin(matcher.base, path) ? path : matcher.base;
  const subject: Subject = { verb: "search", path: base, signal };
  const token = newToken();
  let bytes: Uint8Array;
  let real: string;
  try {
    const answer = await files.ask(
      subject,
      `tree ${token} ${quote(base)} && printf '\\n%s\\n' "$R"`,
    );
    const end = answer.bytes.lastIndexOf(10, answer.bytes.length - 2);
    bytes = answer.bytes.subarray(0, end);
    real = new TextDecoder().decode(answer.bytes.subarray(end + 1)).replace(/\n$/, "");
  } catch (error) {
    const isMissing = error instanceof BackendError && base !== path &&
      ["not_found", "not_directory", "denied"].includes(error.code);
    if (!isMissing) throw error;
    return { entries: [], failures: [] };
  }
  // The directory of the search may be behind a link; a link below it is not gone through.
  if (base !== path && real !== base && await isBehindLink(files, path, base, real, signal)) {
    return { entries: [], failures: [] };
  }
  const { entries, complaints } = parseListing(bytes, token);
  const found: Entry[] = [];
  for (const { path: whole, words } of entries) {
    throwIfAborted(signal, path);
    const name = treePath(base, real, whole);
    const entry = name === undefined ? undefined : parseRecord(name, words);
    if (entry !== undefined && entry.kind !== "directory") found.push(entry);
  }
  return {
    entries: found.sort((a, b) => comparePaths(a.name, b.name)),
    failures: complaints.flatMap((complaint) => failureOf(complaint, base, real)),
  };
}

/** Whether there is a link between the directory of a search and the one that its pattern begins at. */
async function isBehindLink(
  files: DockerFiles,
  path: string,
  base: string,
  real: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const subject: Subject = { verb: "search", path, signal };
  const { bytes } = await files.ask(subject, `lookup ${quote(path)} && printf %s "$R"`);
  return joinPaths(new TextDecoder().decode(bytes), base.slice(path === "/" ? 0 : path.length)) !==
    real;
}

/** The path of the tree of what stands somewhere in the container; none for what no tree has. */
function treePath(base: string, real: string, whole: string): string | undefined {
  const below = real === "/" ? whole : whole.slice(real.length);
  if (below.includes(`/${TEMPORARY_NAME}`)) return undefined;
  try {
    const path = canonicalPath(joinPaths(base, below));
    // Whatever an image's programs say: what is elsewhere was not looked for.
    return isWithin(path, base) ? path : undefined;
  } catch (error) {
    if (error instanceof BackendError) return undefined;
    throw error;
  }
}

/** `find: '/a': Permission denied`, with or without quotes. */
function failureOf(complaint: string, base: string, real: string): readonly SearchFailure[] {
  const [, whole, why] = /^find: ['"]?(\/.*?)['"]?: (Permission denied)$/.exec(complaint) ?? [];
  const path = whole === undefined ? undefined : treePath(base, real, whole);
  if (path === undefined || why === undefined) return [];
  const { message } = localError("denied", "search", path, "the container does not permit it");
  return [{ path, message }];
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
