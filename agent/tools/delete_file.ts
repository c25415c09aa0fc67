/**
 * The tool `delete_file`.
 *
 * @module
 */

import { z } from "zod";
import { canonicalPath } from "../../backends/paths.ts";
import { deletePreview } from "../_diff.ts";
import { defineTool, type Tool } from "../tool.ts";
import { shownPath } from "../_text.ts";

/** Deletes a file or a directory. */
export const deleteFileTool: Tool = defineTool({
  name: "delete_file",
  description:
    `Delete a file, or a directory: an empty one, or with recursive one with all that is in it. ` +
    `What is deleted cannot be brought back.`,
  parameters: z.strictObject({
    path: z.string().describe("The absolute path of the file or directory."),
    recursive: z.boolean().default(false).describe(
      "Whether to delete a directory with all that is in it. Default: false.",
    ),
  }),
  effects: ({ path }) => ({ reads: [], writes: [path] }),
  preview: ({ path }, context) => deletePreview(path, context),
  async execute({ path, recursive }, { backend, signal }) {
    await backend.delete(path, { recursive, signal });
    return `Deleted ${shownPath(canonicalPath(path))}`;
  },
});
