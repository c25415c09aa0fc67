/**
 * The files that the benches work on: 2 KB each, 100 to a directory.
 *
 * @module
 */

import { join } from "@std/path";
import type { Backend } from "../backends/protocol.ts";

/** What one file holds: 2 KB of short lines, one of which has the word `needle`. */
export const CONTENT = `${"a line of a file that nobody reads\n".repeat(57)}needle here\n`
  .padEnd(2_047, "x") + "\n";

/** The text that searches look for. */
export const NEEDLE = "needle";

/**
 * The path of one file.
 *
 * @param index Its number.
 * @returns Its path in the tree.
 */
export function pathOf(index: number): string {
  return `/d${Math.floor(index / 100)}/f${index % 100}.txt`;
}

/**
 * Writes the files into a backend.
 *
 * @param backend Where to.
 * @param count How many.
 * @param base The directory they stand in; empty for the root.
 */
export async function fill(backend: Backend, count: number, base = ""): Promise<void> {
  for (let index = 0; index < count; index++) await backend.write(base + pathOf(index), CONTENT);
}

/**
 * Makes a directory with the files. It goes when the bench process ends.
 *
 * @param count How many.
 * @returns Its absolute path.
 */
export function filledDirectory(count: number): string {
  const root = Deno.makeTempDirSync({ prefix: "routebook-bench-" });
  for (let index = 0; index < count; index++) {
    const path = join(root, pathOf(index));
    if (index % 100 === 0) Deno.mkdirSync(join(path, ".."), { recursive: true });
    Deno.writeTextFileSync(path, CONTENT);
  }
  addEventListener("unload", () => Deno.removeSync(root, { recursive: true }));
  return root;
}
