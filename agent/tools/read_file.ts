/**
 * The tool `read_file`.
 *
 * @module
 */

import { z } from "zod";
import { defineTool, type Tool } from "../tool.ts";
import { count, fitLines, shownPath } from "../_text.ts";

const MAX_LINES = 2_000;
const MAX_LINE_CHARACTERS = 2_000;

/** Shows lines of a text file, numbered. */
export const readFileTool: Tool = defineTool({
  name: "read_file",
  description:
    `Show a text file. Each line of the result is the line's number, counted from 1, a tab, and the ` +
    `line; number and tab are not part of the file. One call shows at most ` +
    `${
      count(MAX_LINES, "line")
    } or 64 KiB; if the file goes on, the last line of the result says ` +
    `which start_line to read on with. Lines over ${count(MAX_LINE_CHARACTERS, "character")} are ` +
    `cut and marked. Read a file before you edit it. To find where something stands in large or ` +
    `many files, use grep.`,
  parameters: z.strictObject({
    path: z.string().describe("The file's absolute path, such as /project/src/app.py."),
    start_line: z.int().min(1).default(1).describe(
      "The number of the first line to show, counted from 1. Default: 1.",
    ),
    max_lines: z.int().min(1).max(MAX_LINES).default(MAX_LINES).describe(
      `How many lines to show at most. Default and maximum: ${MAX_LINES}.`,
    ),
  }),
  effects: ({ path }) => ({ reads: [path], writes: [] }),
  async execute({ path, start_line, max_lines }, { backend, signal }) {
    const slice = await backend.read(path, { offset: start_line - 1, limit: max_lines, signal });
    const shown = shownPath(slice.path);
    if (slice.totalLines === 0) return `'${shown}' is an empty file`;
    if (slice.lines === 0) {
      return `There is no line ${start_line}: '${shown}' has ${count(slice.totalLines, "line")}`;
    }
    const width = String(start_line + slice.lines - 1).length;
    const numbered = linesOf(slice.text).map((line, index) =>
      `${String(start_line + index).padStart(width)}\t${cutLine(line)}`
    );
    const lines = fitLines(numbered);
    const last = start_line + lines.length - 1;
    if (start_line === 1 && last === slice.totalLines) return lines.join("\n");
    const next = last === slice.totalLines
      ? "the end of the file"
      : `read on with start_line ${last + 1}`;
    return `${lines.join("\n")}\n(lines ${start_line}-${last} of ${slice.totalLines}; ${next})`;
  },
});

/** The lines of a text without their endings and without a byte order mark. */
function linesOf(text: string): readonly string[] {
  const lines = text.replace(/^\ufeff/, "").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => line.endsWith("\r") ? line.slice(0, -1) : line);
}

function cutLine(line: string): string {
  if (line.length <= MAX_LINE_CHARACTERS) return line;
  const start = line.slice(0, MAX_LINE_CHARACTERS).replace(/[\ud800-\udbff]$/, "");
  return `${start}… (cut: the line has ${count(line.length, "character")})`;
}
