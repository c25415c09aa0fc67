import { fromFileUrl, resolve, SEPARATOR } from "@std/path";

/** Turns a path or a file URL into a path. */
export function toPath(path: string | URL): string {
  return path instanceof URL ? fromFileUrl(path) : path;
}

/** Whether two names are the same place. */
export function isSame(a: string | URL, b: string | URL): boolean {
  return resolve(toPath(a)) === resolve(toPath(b));
}

/** Whether one directory is below another, name by name as they are written. */
export function isBelow(inner: string | URL, outer: string | URL): boolean {
  if (isSame(inner, outer)) return false;
  const names = toPath(inner).split(SEPARATOR);
  return toPath(outer).split(SEPARATOR).every((name, index) => names[index] === name);
}

/** The word for what a path holds, undefined for a device, a socket or a pipe. */
export function kindOf(
  info: Deno.FileInfo,
): "file" | "dir" | "symlink" | undefined {
  if (info.isFile) return "file";
  if (info.isDirectory) return "dir";
  return info.isSymlink ? "symlink" : undefined;
}
