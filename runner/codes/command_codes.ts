/**
 * Codes of the command line, and of what is kept of runs.
 *
 * @module
 */

import { type Codes, flow } from "./entry.ts";

/** The command line and the journal. */
export const COMMAND_CODES = {
  "usage": {
    severity: "error",
    means: "The command line cannot be understood.",
    mend: "See deno task run --help",
    example: { workflow: flow(""), command: ["run", "flow.yaml", "--fast"] },
    placeless: true,
  },
  "no-workflow": {
    severity: "error",
    means: "What `check` was given holds no workflow: a folder without one, a pattern that " +
      "matches nothing.",
    mend: "Name a workflow, a folder with workflows, or a pattern that matches some",
    example: { workflow: flow(""), files: { "empty/": "" }, command: ["check", "empty"] },
    placeless: true,
  },
  "resume": {
    severity: "error",
    means: "A run cannot be gone on with: there is no such run, it does not wait, or the file " +
      "is no longer what it was.",
    mend: "See deno task log",
    example: { workflow: flow(""), command: ["run", "flow.yaml", "--resume", "20260101"] },
    placeless: true,
  },
  "log": {
    severity: "error",
    means: "There is no such run in the journal of this directory.",
    mend: "Leave the run out to list all that there are",
    example: { workflow: flow(""), command: ["log", "20260101"] },
    placeless: true,
  },
  "sandboxes": {
    severity: "error",
    means: "There is no such container, or no engine that could have one.",
    mend: "Leave the name out to list all that there are",
    example: { workflow: flow(""), command: ["sandboxes", "--remove", "nothing"] },
    placeless: true,
  },
  "output": {
    severity: "error",
    means: "What is printed cannot be written: the disk is full, or nobody reads it any more.",
    mend: "Check where standard output leads",
    example: { workflow: flow(""), command: ["check", "flow.yaml"], full: true },
    placeless: true,
  },
  "journal": {
    severity: "error",
    means: "What runs do cannot be kept, in .routebook of the working directory.",
    mend: "Run in a directory that may be written to, or move away what is there",
    example: {
      workflow: "name: demo\nsteps:\n  - { id: a, run: echo hello }\n",
      files: { ".routebook": "a file" },
      command: ["run", "flow.yaml"],
    },
    placeless: true,
  },
} as const satisfies Codes;
