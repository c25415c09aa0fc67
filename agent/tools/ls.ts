/**
 * The tool `ls`.
 *
 * @module
 */

import { z } from "zod";
import type { FileInfo } from "../../backends/protocol.ts";
import { defineTool, type Tool } from "../tool.ts";
import { count, fitLines, grouped, shownPath } from "../_text.ts";

const MAX_ENTRIES = 1_000;

/** Lists a directory. */
export const lsTool: Tool = defineTool({
  name: "ls",
  description:
    `List what is directly in a directory, one entry a line with its absolute path: directories end ` +
    `in "/", files are followed by their size. It does not look into subdirectories; use glob to ` +
    `find files at any depth. Shows at most ${
      count(MAX_ENTRIES, "entry")
    } and says when there are more.`,
  parameters: z.strictObject({
    path: z.string().default("/").describe("The directory's absolute path. Default: /, the root."),
  }),
  effects: ({ path }) => ({ reads: [path], writes: [] }),
  async execute({ path }, { backend, signal }) {
    const entries = await backend.ls(path, { signal });
    if (entries.length === 0) return `'${path}' is an empty directory`;
    const lines = fitLines(entries.slice(0, MAX_ENTRIES).map(entryLine));
    if (lines.length === entries.length) return lines.join("\n");
    const note = `(the first ${grouped(lines.length)} of ` +
      `${count(entries.length, "entry")}; use glob with a narrower pattern to see others)`;
    return [...lines, note].join("\n");
  },
});

function entryLine(entry: FileInfo): string {
  const path = shownPath(entry.path);
  switch (entry.type) {
    case "directory":
      return `${path}/`;
    case "file":
      return `${path} (${count(entry.size, "byte")})`;
    case "other":
      return `${path} (neither a file nor a directory: it cannot be opened)`;
  }
}
