/**
 * How children find the packages that this program has: by the configuration, and so by the lock file, of
 * the project that was started.
 *
 * @module
 */

import { dirname, fromFileUrl, join } from "@std/path";

/** What a project's configuration is called, in the order in which Deno looks for it. */
const NAMES = ["deno.json", "deno.jsonc"];

/**
 * The flags for children of this program. What is cached was pinned by one lock file: a child under
 * another one, or under none, would look for what is not there.
 *
 * @param main The module that was started, as a URL.
 * @param own The directory of this project, as a URL that ends with a slash.
 * @returns No flags where the program is of this project, whose configuration children find by themselves.
 */
export function projectFlags(main: string, own: string): readonly string[] {
  if (main.startsWith(own)) return [];
  const config = main.startsWith("file:") ? findConfig(dirname(fromFileUrl(main))) : undefined;
  // Of the links of a linked project Deno says that they do not count: nobody needs to be told.
  return config === undefined ? ["--no-lock"] : [`--config=${config}`, "--quiet"];
}

function findConfig(start: string): string | undefined {
  for (let directory = start;; directory = dirname(directory)) {
    for (const name of NAMES) {
      const path = join(directory, name);
      if (isFile(path)) return path;
    }
    if (dirname(directory) === directory) return undefined;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    // What may not be read is not there for this program either.
    if (error instanceof Error) return false;
    throw error;
  }
}
