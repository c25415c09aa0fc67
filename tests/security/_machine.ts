/**
 * What of the machine the tests of this folder need, and how they name its absence.
 *
 * @module
 */

/** What is there. */
export const MACHINE = {
  linux: Deno.build.os === "linux",
  /** Whether bubblewrap is there and may make a namespace. */
  bubblewrap: succeeds("bwrap", ["--unshare-all", "--ro-bind", "/", "/", "true"]),
  /** A language that can make system calls and is a part of every Debian. */
  perl: succeeds("perl", ["-e", "1"]),
} as const;

/** Something that a test needs. */
export type Need = keyof typeof MACHINE;

/**
 * Names and ignores a test after what it needs.
 *
 * @param name What the test shows.
 * @param needs What has to be there.
 * @returns The name, with the reason where the test is ignored, and whether it is.
 */
export function needing(
  name: string,
  ...needs: readonly Need[]
): { name: string; ignore: boolean } {
  const missing = needs.filter((need) => !MACHINE[need]);
  if (missing.length === 0) return { name, ignore: false };
  return { name: `${name} (needs ${missing.join(" and ")})`, ignore: true };
}

function succeeds(program: string, args: readonly string[]): boolean {
  try {
    return new Deno.Command(program, { args: [...args], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
