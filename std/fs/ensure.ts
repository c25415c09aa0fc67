import { dirname, join } from "@std/path";
import { kindOf, toPath } from "./_path.ts";

/**
 * Creates a directory, and those above it, unless it is there. A link to one will do.
 *
 * @param dir The directory.
 * @throws {Error} If something else is in its place.
 */
export async function ensureDir(dir: string | URL): Promise<void> {
  try {
    return assertDirectory(await Deno.stat(dir));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  try {
    await Deno.mkdir(dir, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    // Someone else made it in between.
    assertDirectory(await Deno.stat(dir));
  }
}

/**
 * Creates an empty file, and the directories above it, unless it is there. What is in it stays.
 *
 * @param filePath The file.
 * @throws {Error} If something else is in its place, a link included.
 */
export async function ensureFile(filePath: string | URL): Promise<void> {
  try {
    return assertFile(await Deno.lstat(filePath));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await ensureDir(dirname(toPath(filePath)));
  await Deno.writeFile(filePath, new Uint8Array());
}

/**
 * Empties a directory, or creates it with those above it.
 *
 * @param dir The directory.
 * @throws {Error} If something else is in its place, or an entry cannot be removed.
 */
export async function emptyDir(dir: string | URL): Promise<void> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(dir));
    const root = toPath(dir);
    await Promise.all(
      entries.map((entry) => Deno.remove(join(root, entry.name), { recursive: true })),
    );
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    await Deno.mkdir(dir, { recursive: true });
  }
}

function assertDirectory(info: Deno.FileInfo): void {
  if (info.isDirectory) return;
  throw new Error(
    `Failed to ensure directory exists: expected 'dir', got '${kindOf(info)}'`,
  );
}

function assertFile(info: Deno.FileInfo): void {
  if (info.isFile) return;
  throw new Error(
    `Failed to ensure file exists: expected 'file', got '${kindOf(info)}'`,
  );
}
