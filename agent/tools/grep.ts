/**
 * The tool `grep`.
 *
 * @module
 */

import { z } from "zod";
import { LIMITS } from "../../backends/limits.ts";
import type { GrepMatch, GrepResult } from "../../backends/protocol.ts";
import { defineTool, type Tool } from "../tool.ts";
import { count, failureNotes, fitLines, shownPath } from "../_text.ts";

/** Finds lines of files by what is in them. */
export const grepTool: Tool = defineTool({
  name: "grep",
  description:
    `Find lines that contain a text, in all files below a directory or in one file. The query is ` +
    `taken literally; with regex it is a regular expression (RE2: no look-around, no ` +
    `back-references). The result is one match a line, "path:line: text", sorted by path. At most ` +
    `${count(LIMITS.grepMatches, "match")}; it says when there are more. Binary files are skipped.`,
  parameters: z.strictObject({
    query: z.string().describe("The text to find, or a regular expression if regex is true."),
    path: z.string().default("/").describe(
      "The absolute path of the directory or file to search. Default: /, everything.",
    ),
    glob: z.string().optional().describe(
      'Search only files that match this pattern, such as "**/*.py". Default: all files.',
    ),
    regex: z.boolean().default(false).describe(
      "Whether the query is a regular expression. Default: false.",
    ),
    ignore_case: z.boolean().default(false).describe(
      "Whether upper and lower case are the same. Default: false.",
    ),
  }),
  effects: ({ path }) => ({ reads: [path], writes: [] }),
  async execute({ query, path, glob, regex, ignore_case }, { backend, signal }) {
    const options = { path, glob, regex, ignoreCase: ignore_case, signal };
    const result = await backend.grep(query, options);
    const lines = fitLines(result.matches.map(matchLine));
    const complete = !result.truncated && lines.length === result.matches.length;
    const summary = lines.length === 0
      ? `No line ${regex ? "matches" : "contains"} '${query}' in ${searched(result, path)}`
      : complete
      ? `(${count(lines.length, "match")} in ${searched(result, path)})`
      : `(the first ${count(lines.length, "match")}; there are more: narrow query, path or glob)`;
    return [...lines, summary, ...failureNotes(result.failures)].join("\n");
  },
});

function matchLine(match: GrepMatch): string {
  return `${shownPath(match.path)}:${match.line}: ${match.text}${match.cut ? " (cut)" : ""}`;
}

function searched(result: GrepResult, path: string): string {
  const skipped = result.filesSkipped === 0
    ? ""
    : `; skipped as binary: ${count(result.filesSkipped, "file")}`;
  return `${count(result.filesSearched, "text file")} at ${shownPath(path)}${skipped}`;
}
