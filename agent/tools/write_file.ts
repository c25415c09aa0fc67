/**
 * The tool `write_file`.
 *
 * @module
 */

import { z } from "zod";
import { BackendError } from "../../backends/errors.ts";
import type { Backend, FileInfo } from "../../backends/protocol.ts";
import { writePreview } from "../_diff.ts";
import { defineTool, type Tool } from "../tool.ts";
import { count, shownPath } from "../_text.ts";

/** Writes a whole file. */
export const writeFileTool: Tool = defineTool({
  name: "write_file",
  description:
    `Write a whole text file: a new one, or in place of the one that is there. Directories above it ` +
    `are made as needed. The content is written exactly as given, so end it with a line ending. To ` +
    `change part of a file, use edit_file instead. The result says whether the file is new or was ` +
    `replaced, and its size.`,
  parameters: z.strictObject({
    path: z.string().describe("The file's absolute path, such as /project/src/app.py."),
    content: z.string().describe("The whole content of the file, as it shall be."),
  }),
  effects: ({ path }) => ({ reads: [], writes: [path] }),
  preview: ({ path, content }, context) => writePreview(path, content, context),
  async execute({ path, content }, { backend, signal }) {
    const { file, created } = await put(backend, path, content, signal);
    const size = `${count(lineCount(content), "line")}, ${count(file.size, "byte")}`;
    const how = created ? "a new file" : "in place of the file that was there";
    return `Wrote ${shownPath(file.path)} (${size}), ${how}`;
  },
});

/** Tries to create the file first: only so is it certain whether one was replaced. */
async function put(
  backend: Backend,
  path: string,
  content: string,
  signal: AbortSignal,
): Promise<{ readonly file: FileInfo; readonly created: boolean }> {
  try {
    return {
      file: await backend.write(path, content, { overwrite: false, signal }),
      created: true,
    };
  } catch (error) {
    if (!(error instanceof BackendError && error.code === "exists")) throw error;
  }
  return { file: await backend.write(path, content, { signal }), created: false };
}

function lineCount(text: string): number {
  const endings = text.split("\n").length - 1;
  return text === "" || text.endsWith("\n") ? endings : endings + 1;
}
