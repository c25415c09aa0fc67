/**
 * What the model is told of a call that failed: what went wrong, and what to do next.
 *
 * @module
 */

import { BackendError, type BackendErrorCode } from "../backends/errors.ts";

const HINTS: Readonly<Record<BackendErrorCode, string>> = {
  not_found: "Use ls or glob to see what is there.",
  exists: "Choose another path, or replace what is there.",
  is_directory: "Use ls to see what is in it, and name a file.",
  not_directory: "Use ls on the directories above it to see which of them is a file.",
  denied: "This run does not grant it, and trying again will not change that. " +
    "Find another way, or say in your answer that it was refused.",
  invalid_path: "Paths are absolute, such as /project/src/app.py.",
  too_large: "Work on a smaller part.",
  not_text: "It is a binary file: it can be moved or deleted, but not shown or edited as text.",
  no_match: "Take old_text from what read_file shows, with its indentation, without line numbers.",
  ambiguous_edit: "Take more of the lines around the place into old_text until it occurs only " +
    "once, or set replace_all to replace every occurrence.",
  invalid_pattern: 'Patterns know "*", "**", "?", "[a-z]" and "{js,ts}"; regular expressions are ' +
    "RE2, without look-around and back-references.",
  timeout: "Narrow what is searched.",
  aborted: "",
  unsupported: "Find another way.",
  io: "Try once more; if it fails again, say so in your answer.",
};

/** Where a tool has better advice than its error's code alone. */
const HINTS_OF_TOOLS: Readonly<Record<string, Partial<Record<BackendErrorCode, string>>>> = {
  ls: { not_directory: "Use read_file to see what is in a file." },
  read_file: {
    is_directory: "Use ls to see what is in it.",
    too_large: "Ask for fewer lines with max_lines, or find the place with grep.",
  },
  write_file: { too_large: "Write less, or split it into several files." },
  edit_file: { too_large: "Find the place with grep, and leave files of this size whole." },
  delete_file: {
    exists: "Set recursive to true to delete it with all that is in it.",
    is_directory: "Set recursive to true to delete it with all that is in it.",
  },
  move_file: {
    exists: "Choose another path for 'to', or set overwrite to true to replace a file.",
    is_directory: "Name the full new path in 'to', not the directory to move into.",
  },
  grep: { timeout: "Narrow it with path or glob." },
};

/** Tells the model why a tool that was run failed. */
export function failureText(tool: string, error: unknown): string {
  if (error instanceof BackendError) {
    const hint = HINTS_OF_TOOLS[tool]?.[error.code] ?? HINTS[error.code];
    return `Error: ${sentence(error.message)}${hint === "" ? "" : ` ${hint}`}`;
  }
  const message = error instanceof Error ? error.message || error.name : String(error);
  return `Error: The tool '${tool}' failed: ${sentence(message)}`;
}

/** A message, which has no full stop, as a sentence that others can follow. */
export function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}
