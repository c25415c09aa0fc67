import { join, resolve } from "@std/path";
import { isBelow, toPath } from "./_path.ts";
import { ensureDir } from "./ensure.ts";

/** How {@linkcode copy} treats what is there already. */
export interface CopyOptions {
  /**
   * Replace files, and copy into a directory that is there.
   *
   * @default {false}
   */
  overwrite?: boolean;
  /**
   * Give the copies the times of what they were copied from.
   *
   * @default {false}
   */
  preserveTimestamps?: boolean;
}

/**
 * Copies a file, a link or a directory with all that is in it.
 *
 * @param src What to copy.
 * @param dest Where to, the new name included.
 * @param options How to treat what is there already.
 * @throws {Deno.errors.AlreadyExists} If something is at `dest` and may not be overwritten.
 * @throws {Deno.errors.NotFound} If nothing is at `src`.
 * @throws {Error} If `dest` is `src` or below it, or a directory would replace a file.
 */
export async function copy(
  src: string | URL,
  dest: string | URL,
  options: CopyOptions = {},
): Promise<void> {
  const from = resolve(toPath(src));
  const to = resolve(toPath(dest));
  if (from === to) throw new Error("Source and destination cannot be the same");
  const info = await Deno.lstat(from);
  if (info.isDirectory && isBelow(to, from)) {
    throw new Error(
      `Cannot copy '${from}' to a subdirectory of itself: '${to}'`,
    );
  }
  await copyEntry(info, from, to, options);
}

async function copyEntry(
  kind: Pick<Deno.FileInfo, "isFile" | "isDirectory" | "isSymlink">,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<void> {
  if (kind.isSymlink) return await copyLink(from, to, options);
  if (kind.isDirectory) return await copyDirectory(from, to, options);
  if (kind.isFile) await copyFile(from, to, options);
}

async function copyFile(
  from: string,
  to: string,
  options: CopyOptions,
): Promise<void> {
  await checkPlace(from, to, options, false);
  await Deno.copyFile(from, to);
  if (options.preserveTimestamps) await copyTimes(await Deno.stat(from), to);
}

async function copyLink(
  from: string,
  to: string,
  options: CopyOptions,
): Promise<void> {
  await checkPlace(from, to, options, false);
  const target = await Deno.readLink(from);
  // Windows wants to know what a link leads to; elsewhere the type means nothing.
  await Deno.symlink(target, to, { type: "file" });
  if (options.preserveTimestamps) await copyTimes(await Deno.lstat(from), to);
}

async function copyDirectory(
  from: string,
  to: string,
  options: CopyOptions,
): Promise<void> {
  if (!await checkPlace(from, to, options, true)) await ensureDir(to);
  if (options.preserveTimestamps) await copyTimes(await Deno.stat(from), to);
  const copies: Promise<void>[] = [];
  for await (const entry of Deno.readDir(from)) {
    copies.push(
      copyEntry(entry, join(from, entry.name), join(to, entry.name), options),
    );
  }
  await Promise.all(copies);
}

/** Throws if something at `to` is in the way, and says whether something is there at all. */
async function checkPlace(
  from: string,
  to: string,
  options: CopyOptions,
  isDirectory: boolean,
): Promise<boolean> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.lstat(to);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  if (isDirectory && !info.isDirectory) {
    throw new Error(
      `Cannot overwrite non-directory '${to}' with directory '${from}'`,
    );
  }
  if (!options.overwrite) {
    throw new Deno.errors.AlreadyExists(`'${to}' already exists.`);
  }
  return true;
}

async function copyTimes(
  { atime, mtime }: Deno.FileInfo,
  to: string,
): Promise<void> {
  if (atime === null) throw new Error("statInfo.atime is unavailable");
  if (mtime === null) throw new Error("statInfo.mtime is unavailable");
  await Deno.utime(to, atime, mtime);
}
