/**
 * A host directory for one test.
 *
 * @module
 */

/**
 * Options for `Deno.makeTempDir` where it does not matter what a disk does: in memory if the host
 * has such a place, since waiting for a disk is most of what a write costs.
 */
export const QUICK: Deno.MakeTempOptions = isDirectory("/dev/shm") ? { dir: "/dev/shm" } : {};

/**
 * Runs a test in a directory of its own and removes it afterwards.
 *
 * @param work The test; it gets the directory's real path.
 * @param options Where the directory is made.
 */
export async function inTempDir(
  work: (directory: string) => void | Promise<void>,
  options: Deno.MakeTempOptions = {},
): Promise<void> {
  const directory = await Deno.realPath(await Deno.makeTempDir(options));
  try {
    await work(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
