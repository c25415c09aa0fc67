/**
 * Writes one file of the host whole or not at all, and through no link.
 *
 * Who can write into the directories on the way could put a link in the place of one of them between
 * a look and a write. A run itself cannot: its directories are none of these. For others, content is
 * written only into a file that was seen, again and again, to be where it belongs, and it gets its
 * name by a rename that finds no file where it does not. (There is no way to write relative to an
 * open directory here, which would leave no gap at all.)
 *
 * @module
 */

import { join } from "@std/path";

/** How often it is looked whether a file is where it belongs. */
const LOOKS = 16;

/** What is wrong with a destination, as the end of a sentence. */
export class TargetError extends Error {
  override readonly name: string = "TargetError";
}

/** A file of the host that is to be written. */
export interface Target {
  /** A real directory of the host. */
  readonly base: string;
  /** Directories below it, and the file's name. */
  readonly parts: readonly string[];
  /** A word that no other file's name has in it. */
  readonly unique: string;
}

/**
 * Writes a file.
 *
 * @param target Where.
 * @param chunks Its content, in pieces.
 * @throws {TargetError} If a link, a directory or something else is in the way, or the system
 * refuses it. Nothing is left of it then.
 * @throws {Error} What the pieces throw.
 */
export async function writeTarget(
  { base, parts, unique }: Target,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  const name = parts.at(-1);
  if (name === undefined) throw new TypeError("A target has a name");
  const directory = await settled(() => makeDirectory(base, parts.slice(0, -1)));
  await settled(() => checkReplaceable(join(directory, name)));
  // Short, so that a name of 255 bytes has room beside it.
  const temporary = join(directory, `.routebook-${unique}.tmp`);
  const file = await settled(() => Deno.open(temporary, { write: true, createNew: true }));
  try {
    try {
      await settled(() => checkPlace(file, temporary, directory));
      for await (const chunk of chunks) await settled(() => writeAll(file, chunk));
      await settled(() => file.sync());
      await settled(() => checkPlace(file, temporary, directory));
    } finally {
      file.close();
    }
    await settled(() => Deno.rename(temporary, join(directory, name)));
  } catch (error) {
    await removeIfThere(temporary);
    throw error;
  }
}

/** Makes the directories on the way; none of them is a link. */
async function makeDirectory(base: string, below: readonly string[]): Promise<string> {
  await Deno.mkdir(base, { recursive: true });
  await checkReal(base);
  let directory = base;
  for (const part of below) {
    directory = join(directory, part);
    try {
      await Deno.mkdir(directory);
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
    const info = await Deno.lstat(directory);
    if (info.isSymlink) throw new TargetError(`'${part}' is a link`);
    if (!info.isDirectory) throw new TargetError(`'${part}' is no directory`);
  }
  await checkReal(directory);
  return directory;
}

async function checkReal(directory: string): Promise<void> {
  const real = await Deno.realPath(directory);
  if (real !== directory) throw new TargetError("a link is on the way to it");
}

async function checkReplaceable(path: string): Promise<void> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (info.isSymlink) throw new TargetError("a link is there");
  if (info.isDirectory) throw new TargetError("a directory is there");
  if (!info.isFile) throw new TargetError("something else than a file is there");
}

/**
 * Whether an open file is the one at its path, and no link leads there. Each look could fall into a
 * gap that somebody makes on purpose; so many one after the other do not.
 */
async function checkPlace(file: Deno.FsFile, path: string, directory: string): Promise<void> {
  const open = await file.stat();
  for (let look = 0; look < LOOKS; look++) {
    if (Deno.realPathSync(directory) !== directory) {
      throw new TargetError("a link is on the way to it");
    }
    const there = Deno.lstatSync(path);
    if (open.ino !== there.ino || open.dev !== there.dev) {
      throw new TargetError("its directory was changed meanwhile");
    }
  }
}

async function writeAll(file: Deno.FsFile, chunk: Uint8Array): Promise<void> {
  let written = 0;
  while (written < chunk.length) written += await file.write(chunk.subarray(written));
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    // It may be gone, or its directory out of reach: then why it failed is told, not this.
    if (!(error instanceof Error)) throw error;
  }
}

/** What the system says, without the host's paths. */
async function settled<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof TargetError || !(error instanceof Error)) throw error;
    throw new TargetError(reasonOf(error), { cause: error });
  }
}

function reasonOf(error: Error): string {
  const { NotCapable, NotADirectory, NotFound, PermissionDenied } = Deno.errors;
  if (error instanceof PermissionDenied) return "it may not be written";
  if (error instanceof NotCapable) return "Deno was not granted to write there";
  if (error instanceof NotADirectory) return "a part of its path is a file";
  if (error instanceof NotFound) return "its directory was taken away meanwhile";
  if (/os error 28\b|ENOSPC/.test(error.message)) return "the disk is full";
  if (/os error 30\b|EROFS/.test(error.message)) return "it is on a disk that is read-only";
  if (/os error 36\b|ENAMETOOLONG/.test(error.message)) return "its name is too long";
  return error.message.replace(/: \w+ '.*$/s, "").replace(/\.$/, "");
}
