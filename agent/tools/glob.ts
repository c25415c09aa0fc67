/**
 * The tool `glob`.
 *
 * @module
 */

import { z } from "zod";
import { LIMITS } from "../../backends/limits.ts";
import { defineTool, type Tool } from "../tool.ts";
import { count, failureNotes, fitLines, shownPath } from "../_text.ts";

/** Finds files by their paths. */
export const globTool: Tool = defineTool({
  name: "glob",
  description:
    `Find files by a pattern of their paths. "*" stands for any part of a name, "**" for any number ` +
    `of directories, "?" for one character, "[a-z]" for one of a set, "{js,ts}" for either. The ` +
    `pattern is relative to path, or absolute: "*.py" finds files directly in path, "**/*.py" at ` +
    `any depth. The result is one absolute path a line, sorted; files only, no directories. At ` +
    `most ${count(LIMITS.globFiles, "file")}; it says when there are more.`,
  parameters: z.strictObject({
    pattern: z.string().describe('The pattern, such as "**/*.py".'),
    path: z.string().default("/").describe(
      "The absolute path of the directory to search. Default: /, everything.",
    ),
  }),
  effects: ({ path }) => ({ reads: [path], writes: [] }),
  async execute({ pattern, path }, { backend, signal }) {
    const { files, truncated, failures } = await backend.glob(pattern, { path, signal });
    const notes = failureNotes(failures);
    if (files.length === 0) {
      return [`No file matches '${pattern}' in ${shownPath(path)}`, ...notes].join("\n");
    }
    const lines = fitLines(files.map((file) => shownPath(file.path)));
    const summary = truncated || lines.length < files.length
      ? `(the first ${count(lines.length, "file")}; there are more: narrow the pattern or the path)`
      : `(${count(lines.length, "file")})`;
    return [...lines, summary, ...notes].join("\n");
  },
});
