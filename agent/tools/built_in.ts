/**
 * The tools that every agent has.
 *
 * @module
 */

import type { Tool } from "../tool.ts";
import { deleteFileTool } from "./delete_file.ts";
import { editFileTool } from "./edit_file.ts";
import { globTool } from "./glob.ts";
import { grepTool } from "./grep.ts";
import { lsTool } from "./ls.ts";
import { moveFileTool } from "./move_file.ts";
import { readFileTool } from "./read_file.ts";
import { writeFileTool } from "./write_file.ts";

/** The built-in tools, in the order in which the model is told of them. */
export const BUILT_IN_TOOLS: readonly Tool[] = [
  lsTool,
  readFileTool,
  writeFileTool,
  editFileTool,
  deleteFileTool,
  moveFileTool,
  globTool,
  grepTool,
];
