/**
 * A host directory for one test.
 *
 * @module
 */

/**
 * Runs a test in a directory of its own and removes it afterwards.
 *
 * @param work The test; it gets the directory's real path.
 */
export async function inTempDir(work: (directory: string) => void | Promise<void>): Promise<void> {
  const directory = await Deno.realPath(await Deno.makeTempDir());
  try {
    await work(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
