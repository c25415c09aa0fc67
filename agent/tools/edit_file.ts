/**
 * The tool `edit_file`.
 *
 * @module
 */

import { z } from "zod";
import { BackendError } from "../../backends/errors.ts";
import type { Backend } from "../../backends/protocol.ts";
import { editPreview } from "../_diff.ts";
import { defineTool, type Tool } from "../tool.ts";
import { count, shownPath } from "../_text.ts";

const MAX_LINES_NAMED = 20;

/** What results show in the place of a secret. */
const HIDDEN = "***";

/** Replaces text in a file. */
export const editFileTool: Tool = defineTool({
  name: "edit_file",
  description:
    `Replace text in a text file and leave the rest of it exactly as it is. old_text must occur ` +
    `exactly once, unless replace_all is true: take in enough of the lines around it. Copy it from ` +
    `read_file with its indentation, but without line numbers and tab. The result says how many ` +
    `places were replaced and at which lines.`,
  parameters: z.strictObject({
    path: z.string().describe("The file's absolute path, such as /project/src/app.py."),
    old_text: z.string().describe("The text to replace, exactly as it is in the file. Not empty."),
    new_text: z.string().describe("The text to put there; empty to delete old_text."),
    replace_all: z.boolean().default(false).describe(
      "Whether to replace every occurrence instead of the only one. Default: false.",
    ),
  }),
  effects: ({ path }) => ({ reads: [], writes: [path] }),
  preview: ({ path, old_text, new_text, replace_all }, context) => {
    const edit = { oldText: old_text, newText: new_text, replaceAll: replace_all };
    return explained(old_text, () => editPreview(path, edit, context));
  },
  async execute({ path, old_text, new_text, replace_all }, { backend, signal }) {
    const lines = await linesOfOccurrences(backend, path, old_text, new_text, signal);
    const edit = { oldText: old_text, newText: new_text, replaceAll: replace_all };
    const { file, replacements } = await explained(
      old_text,
      () => backend.edit(path, edit, { signal }),
    );
    const where = lines.length === replacements ? `, at ${lineList(lines)}` : "";
    return `Replaced ${count(replacements, "occurrence")} in ${shownPath(file.path)}${where}`;
  },
});

/** Says it where an edit may fail because the file has a secret at the place of its mark. */
async function explained<T>(oldText: string, edit: () => Promise<T>): Promise<T> {
  try {
    return await edit();
  } catch (error) {
    const isMarked = error instanceof BackendError && error.code === "no_match" &&
      oldText.includes(HIDDEN);
    if (!isMarked) throw error;
    const message = `${error.message}. Where a result shows '${HIDDEN}' the file has a secret, ` +
      `which is never shown: leave it out of old_text, and edit the text before or after it`;
    throw new BackendError("no_match", error.path, message, { cause: error });
  }
}

/** The lines at which `newText` will stand, counted from 1. */
async function linesOfOccurrences(
  backend: Backend,
  path: string,
  oldText: string,
  newText: string,
  signal: AbortSignal,
): Promise<readonly number[]> {
  if (oldText === "") return [];
  let text: string;
  try {
    ({ text } = await backend.read(path, { signal }));
  } catch (error) {
    // The edit itself tells what is wrong with the file, or works on one that may not be read.
    if (error instanceof BackendError) return [];
    throw error;
  }
  const lines: number[] = [];
  let line = 1;
  const [first = "", ...others] = withoutReturns(text).split(withoutReturns(oldText));
  line += endings(first);
  for (const piece of others) {
    lines.push(line);
    line += endings(newText) + endings(piece);
  }
  return lines;
}

function withoutReturns(text: string): string {
  return text.replaceAll("\r\n", "\n");
}

function endings(text: string): number {
  return text.split("\n").length - 1;
}

function lineList(lines: readonly number[]): string {
  const named = lines.slice(0, MAX_LINES_NAMED).map(String);
  const more = lines.length - named.length;
  if (more > 0) return `lines ${named.join(", ")} and ${more} more`;
  const last = named.pop() ?? "";
  return named.length === 0 ? `line ${last}` : `lines ${named.join(", ")} and ${last}`;
}
