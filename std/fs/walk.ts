import { basename, join, normalize } from "@std/path";
import { toPath } from "./_path.ts";

/** How {@linkcode walk} goes through a tree, and what it gives. */
export interface WalkOptions {
  /**
   * How many levels below the root to go.
   *
   * @default {Infinity}
   */
  maxDepth?: number;
  /**
   * Give files.
   *
   * @default {true}
   */
  includeFiles?: boolean;
  /**
   * Give directories, the root first.
   *
   * @default {true}
   */
  includeDirs?: boolean;
  /**
   * Give links. Links that are followed are not given.
   *
   * @default {true}
   */
  includeSymlinks?: boolean;
  /**
   * Follow links. Nothing ends a loop of them.
   *
   * @default {false}
   */
  followSymlinks?: boolean;
  /**
   * Give the real path of what a followed link leads to, for links directly below the root.
   *
   * @default {true}
   */
  canonicalize?: boolean;
  /** Give only paths with one of these endings. A dot is put before an ending without one. */
  exts?: string[];
  /** Give only paths that match one of these. */
  match?: RegExp[];
  /** Leave out paths that match one of these, and what is below them. */
  skip?: RegExp[];
}

/** What {@linkcode walk} finds. */
export interface WalkEntry extends Deno.DirEntry {
  /** The root as it was given, joined with the way to the entry. */
  path: string;
}

/**
 * Gives what is in a tree of files, depth first, in the order in which the system lists it.
 *
 * @param root The directory to start in.
 * @param options How to go, and what to give.
 * @returns The entries.
 * @throws {Deno.errors.NotFound} If `root` is not there.
 */
export async function* walk(
  root: string | URL,
  options: WalkOptions = {},
): AsyncIterableIterator<WalkEntry> {
  const { maxDepth = Infinity, includeFiles = true, includeDirs = true } = options;
  const {
    includeSymlinks = true,
    followSymlinks = false,
    canonicalize = true,
  } = options;
  if (maxDepth < 0) return;
  const directory = toPath(root);
  if (includeDirs && isWanted(directory, options)) {
    yield await rootEntry(directory);
  }
  if (maxDepth < 1 || isSkipped(directory, options)) return;
  for await (const entry of Deno.readDir(directory)) {
    let path = join(directory, entry.name);
    let { isDirectory } = entry;
    if (entry.isSymlink) {
      if (!followSymlinks) {
        if (includeSymlinks && isWanted(path, options)) {
          yield { path, ...entry };
        }
        continue;
      }
      const realPath = await Deno.realPath(path);
      const target = await Deno.lstat(realPath);
      // A link in place of the real path's last name came after that was looked up.
      isDirectory = target.isDirectory || target.isSymlink;
      if (canonicalize) path = realPath;
    }
    if (isDirectory) {
      // Below, `canonicalize` is its default again, whatever was asked for here.
      yield* walk(path, {
        ...options,
        maxDepth: maxDepth - 1,
        canonicalize: true,
      });
    } else if (includeFiles && isWanted(path, options)) {
      yield { path, ...entry };
    }
  }
}

async function rootEntry(directory: string): Promise<WalkEntry> {
  const path = normalize(directory);
  const { isFile, isDirectory, isSymlink } = await Deno.stat(path);
  return { path, name: basename(path), isFile, isDirectory, isSymlink };
}

function isWanted(path: string, options: WalkOptions): boolean {
  const { exts, match } = options;
  if (
    exts &&
    !exts.some((ext) => path.endsWith(ext.startsWith(".") ? ext : `.${ext}`))
  ) {
    return false;
  }
  if (match && !match.some((pattern) => path.match(pattern) !== null)) {
    return false;
  }
  return !isSkipped(path, options);
}

function isSkipped(path: string, { skip = [] }: WalkOptions): boolean {
  return skip.some((pattern) => path.match(pattern) !== null);
}
