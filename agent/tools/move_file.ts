/**
 * The tool `move_file`.
 *
 * @module
 */

import { z } from "zod";
import { canonicalPath } from "../../backends/paths.ts";
import { movePreview } from "../_diff.ts";
import { defineTool, type Tool } from "../tool.ts";
import { shownPath } from "../_text.ts";

/** Moves or renames a file or a directory. */
export const moveFileTool: Tool = defineTool({
  name: "move_file",
  description:
    `Move or rename a file, or a directory with all that is in it. "to" is the full new path, not ` +
    `the directory to move into. Directories above it are made as needed.`,
  parameters: z.strictObject({
    from: z.string().describe("The absolute path that the file or directory has now."),
    to: z.string().describe("The absolute path that it shall have."),
    overwrite: z.boolean().default(false).describe(
      "Whether to replace a file that is at the new path already. Default: false.",
    ),
  }),
  effects: ({ from, to }) => ({ reads: [], writes: [from, to] }),
  preview: ({ from, to }, context) => movePreview(from, to, context),
  async execute({ from, to, overwrite }, { backend, signal }) {
    const file = await backend.move(from, to, { overwrite, signal });
    return `Moved ${shownPath(canonicalPath(from))} to ${shownPath(file.path)}`;
  },
});
