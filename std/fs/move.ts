import { isBelow, isSame } from "./_path.ts";

/** How {@linkcode move} treats what is there already. */
export interface MoveOptions {
  /**
   * Remove what is at the new place first, a directory with all that is in it.
   *
   * @default {false}
   */
  overwrite?: boolean;
}

/**
 * Moves a file or a directory.
 *
 * @param src What to move.
 * @param dest Where to, the new name included.
 * @param options How to treat what is there already.
 * @throws {Deno.errors.AlreadyExists} If something is at `dest` and may not be overwritten.
 * @throws {Deno.errors.NotFound} If nothing is at `src`.
 * @throws {Deno.errors.NotSupported} If a directory would be moved to itself or below itself.
 */
export async function move(
  src: string | URL,
  dest: string | URL,
  options: MoveOptions = {},
): Promise<void> {
  const { overwrite = false } = options;
  const info = await Deno.stat(src);
  if (info.isDirectory && (isBelow(dest, src) || isSame(dest, src))) {
    throw new Deno.errors.NotSupported(
      `Cannot move '${src}' to a subdirectory of itself, '${dest}'.`,
    );
  }
  if (overwrite) {
    if (isSame(src, dest)) return;
    await removeIfThere(dest);
  } else if (await isThere(dest)) {
    throw new Deno.errors.AlreadyExists("dest already exists.");
  }
  await Deno.rename(src, dest);
}

async function removeIfThere(path: string | URL): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function isThere(path: string | URL): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch {
    // If the place cannot be looked at, the rename says why.
    return false;
  }
}
