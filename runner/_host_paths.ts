/**
 * Directories of the host that a workflow names: where they really are, and which of them nobody
 * may be given to write in.
 *
 * @module
 */

import { basename, dirname, fromFileUrl, join, resolve } from "@std/path";

/** What is at a path of the host. */
export type HostPlace =
  | { readonly type: "directory" | "missing"; readonly path: string }
  | { readonly type: "bad"; readonly problem: string };

/**
 * Follows links as far as the path exists; what does not exist yet is kept as written.
 *
 * @param path An absolute path.
 * @returns Its real path, or why nothing can be kept there.
 */
export async function realPlace(path: string): Promise<HostPlace> {
  const rest: string[] = [];
  for (let current = path;;) {
    try {
      const real = await Deno.realPath(current);
      const info = await Deno.stat(real);
      if (!info.isDirectory) {
        return bad(rest.length === 0 ? "it is a file" : `"${current}" is a file`);
      }
      return { type: rest.length === 0 ? "directory" : "missing", path: join(real, ...rest) };
    } catch (error) {
      if (error instanceof Deno.errors.NotADirectory) return bad("a part of its path is a file");
      if (!(error instanceof Deno.errors.NotFound)) return bad(reasonOf(error));
    }
    if (await isLink(current)) return bad(`"${current}" is a link that leads nowhere`);
    rest.unshift(basename(current));
    current = dirname(current);
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).isSymlink;
  } catch {
    // What cannot be looked at is not a link that could be followed.
    return false;
  }
}

function bad(problem: string): HostPlace {
  return { type: "bad", problem };
}

function reasonOf(error: unknown): string {
  const { NotCapable, PermissionDenied } = Deno.errors;
  // Deno itself keeps its scripts out of places such as /sys.
  if (error instanceof NotCapable) return "Deno does not let anyone into it";
  if (error instanceof PermissionDenied) return "it may not be read";
  return error instanceof Error ? error.message : String(error);
}

/**
 * A path becomes a part of a flag such as `--allow-write=a,b`, where a comma would grant a second
 * path.
 *
 * @param path A path that is to be granted.
 * @returns Why it must not be, or `undefined`.
 */
export function flagProblem(path: string): string | undefined {
  if (path === "") return "it is empty";
  if (path.includes(",")) return "it has a comma in it";
  if (path.includes("*")) return "it has an asterisk in it";
  if (/\p{Cc}/u.test(path)) return "it has a control character in it";
  return path.isWellFormed() ? undefined : "it is not well-formed Unicode";
}

/** What of this project must never be written by a run: its code, and how it is run. */
const CODE = [
  ...["agent", "backends", "runner", "std", ".ci", ".git"],
  ...["mod.ts", "deno.json", "deno.lock"],
];

/**
 * @returns The real paths of this project's own code; none if it was not loaded from a disk.
 */
export async function codePaths(): Promise<readonly string[]> {
  const module = import.meta.resolve("../");
  if (!module.startsWith("file:")) return [];
  const directory = await Deno.realPath(fromFileUrl(module));
  return CODE.map((name) => join(directory, name));
}

/**
 * @returns The real paths of what else is run: Deno, and the cache with the packages that it loads.
 */
export async function programPaths(): Promise<readonly string[]> {
  const cache = cacheDirectory();
  const paths: string[] = [];
  for (const path of [Deno.execPath(), ...(cache === undefined ? [] : [cache])]) {
    const place = await realPlace(dirname(path));
    if (place.type !== "bad") paths.push(join(place.path, basename(path)));
    // Both the name and what it leads to, where it is a link.
    if (await isLink(path)) paths.push(await Deno.realPath(path).catch(() => path));
  }
  return paths;
}

/**
 * @returns Where Deno keeps packages and what it made of modules, as an absolute path; `undefined`
 * where no variable says.
 */
export function cacheDirectory(): string | undefined {
  const caches = environment("XDG_CACHE_HOME") ?? underHome(
    Deno.build.os === "darwin" ? "Library/Caches" : ".cache",
  );
  const cache = environment("DENO_DIR") ?? (caches && join(caches, "deno"));
  return cache && resolve(cache);
}

function underHome(path: string): string | undefined {
  const home = homeOf();
  return home && join(home, path);
}

/** Whether a real path is where the kernel shows processes and devices as files. */
export function isSystem(path: string): boolean {
  return ["/proc", "/sys", "/dev"].some((directory) => isInside(path, directory));
}

/** Directories that hold more than any workflow should change. */
const SYSTEM = new Set([
  ...["/", "/bin", "/boot", "/etc", "/home", "/lib", "/lib64", "/media", "/mnt", "/opt"],
  ...["/root", "/run", "/sbin", "/srv", "/usr", "/var", "/Users", "/private"],
]);

/**
 * @param path The real path of a directory that is to be written in.
 * @returns What it is, if it is far too much to be written in.
 */
export function tooWide(path: string): string | undefined {
  if (path === "/") return "the root of the filesystem";
  if (/^(?:\/root|\/home\/[^/]+|\/Users\/[^/]+)$/.test(path) || path === homeOf()) {
    return "a home directory";
  }
  return SYSTEM.has(path) ? "a directory of the operating system" : undefined;
}

function homeOf(): string | undefined {
  return environment("HOME")?.replace(/(?<=.)\/+$/, "");
}

/**
 * @param name A variable of the environment.
 * @returns Its value; `undefined` where it is empty or may not be read.
 */
export function environment(name: string): string | undefined {
  // A program that imports this project may not have been granted the name.
  const granted = Deno.permissions.querySync({ name: "env", variable: name });
  const value = granted.state === "granted" ? Deno.env.get(name) : undefined;
  return value === "" ? undefined : value;
}

/** Whether a host path is a directory or below it. */
export function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
}
