/**
 * Reading files under a local root: nothing is opened but what the guard has seen to be a regular
 * file, and what is open stays what it was, since writes replace files and never change them.
 *
 * @module
 */

import { throwIfAborted } from "./_checks.ts";
import { localError, notRegular, translateError, type Verb } from "./_local_errors.ts";
import type { FoundPlace, LocalGuard } from "./_local_guard.ts";
import { isSameFile } from "./_local_info.ts";

/** How often another process may replace the file between the look and the opening. */
const ATTEMPTS = 10;

/** Up to this size a file is read in place: handing it to another thread takes longer. */
export const SMALL_BYTES = 256 * 1024;
const CHUNK_BYTES = 1024 * 1024;

/** A regular file, open for reading. */
export interface OpenFile extends Disposable {
  readonly file: Deno.FsFile;
  /** What the host said when it was open. */
  readonly info: Deno.FileInfo;
}

/**
 * Opens a regular file. A FIFO, a socket or a device is refused without being opened, since opening
 * it may take forever.
 *
 * @param guard The root's guard.
 * @param path The canonical path.
 * @param verb What is tried, for the message.
 * @returns The open file, to be disposed of.
 * @throws {BackendError} If it is not there, not a regular file, or out of the root.
 */
export function openFile(guard: LocalGuard, path: string, verb: Verb): OpenFile {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const place = guard.find(path, verb, true);
    const opened = openPlace(place, path, verb);
    if (opened !== undefined) return opened;
  }
  throw localError("io", verb, path, "it changes all the time");
}

/**
 * Opens a regular file whose place is known.
 *
 * @param place The place.
 * @param path The canonical path, for errors.
 * @param verb What is tried, for errors.
 * @returns The open file, or `undefined` if another file has come in its place meanwhile.
 * @throws {BackendError} If it is not a regular file.
 */
export function openPlace(
  place: Pick<FoundPlace, "host" | "info">,
  path: string,
  verb: Verb,
): OpenFile | undefined {
  if (place.info.isDirectory) throw localError("is_directory", verb, path, "it is a directory");
  if (!place.info.isFile) throw notRegular(verb, path);
  const file = Deno.openSync(place.host, { read: true });
  const info = file.statSync();
  if (isSameFile(info, place.info)) return { file, info, [Symbol.dispose]: () => file.close() };
  file.close();
  return undefined;
}

/**
 * Reads a file from its start to where its end is when it is opened.
 *
 * @param guard The root's guard.
 * @param path The canonical path.
 * @param signal Ends the reading.
 * @returns Chunks, each of which may be overwritten once the next one is asked for.
 */
export async function* readChunks(
  guard: LocalGuard,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    using opened = openFile(guard, path, "read");
    yield* chunksOf(opened, path, signal);
  } catch (error) {
    throw translateError(error, "read", path);
  }
}

/**
 * Reads an open file from its start to where its end was when it was opened.
 *
 * @param opened The open file.
 * @param path The canonical path, for errors.
 * @param signal Ends the reading.
 * @returns Chunks, each of which may be overwritten once the next one is asked for.
 */
export async function* chunksOf(
  { file, info }: OpenFile,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const small = info.size <= SMALL_BYTES;
  const buffer = new Uint8Array(Math.min(info.size, small ? SMALL_BYTES : CHUNK_BYTES));
  for (let rest = info.size; rest > 0;) {
    throwIfAborted(signal, path);
    const part = rest < buffer.length ? buffer.subarray(0, rest) : buffer;
    const read = small ? file.readSync(part) : await file.read(part);
    if (read === null) return;
    yield part.subarray(0, read);
    rest -= read;
  }
}

/**
 * Reads a small file at once.
 *
 * @param opened The open file.
 * @param buffer Where to; longer than the file.
 * @returns The part of the buffer that was filled.
 */
export function readInto({ file, info }: OpenFile, buffer: Uint8Array): Uint8Array {
  let filled = 0;
  while (filled < info.size) {
    const read = file.readSync(buffer.subarray(filled, info.size));
    if (read === null) break;
    filled += read;
  }
  return buffer.subarray(0, filled);
}

/**
 * Reads a number of bytes.
 *
 * @param opened The open file.
 * @param path The canonical path, for errors.
 * @param offset The first byte.
 * @param length How many at most.
 * @param signal Ends the reading.
 * @returns The bytes; fewer at the end of the file.
 */
export async function readRange(
  opened: OpenFile,
  path: string,
  offset: number,
  length: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const { file } = opened;
  const bytes = new Uint8Array(length);
  if (offset > 0) file.seekSync(offset, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < length) {
    throwIfAborted(signal, path);
    const rest = bytes.subarray(filled, filled + CHUNK_BYTES);
    const read = length <= SMALL_BYTES ? file.readSync(rest) : await file.read(rest);
    if (read === null) return bytes.slice(0, filled);
    filled += read;
  }
  return bytes;
}
