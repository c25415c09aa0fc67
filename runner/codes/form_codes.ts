/**
 * Codes of keys and values that a workflow file does not have, or not there.
 *
 * @module
 */

import { type Codes, flow } from "./entry.ts";

/** Keys and values. */
export const FORM_CODES = {
  "unknown-key": {
    severity: "error",
    means: "A key is not one of those that can stand there. A misspelt key would be dropped in " +
      "silence otherwise. Keys of GitHub Actions and of other programs are told what they are " +
      "called here.",
    mend: "Take it out, or write a key that belongs there",
    example: flow("", "  - { id: a, prompt: Go, timeout-minutes: 20 }"),
  },
  "unsupported-key": {
    severity: "error",
    means: "The key belongs to the format, and this version does nothing with it.",
    mend: "Take it out: nothing would enforce it",
    example: flow("schedule: daily"),
  },
  "missing-key": {
    severity: "error",
    means: "A key that must be there is not.",
    mend: "Write the key and its value",
    example: "name: demo\nmodel: openai:gpt-4.1\nsteps:\n  - { prompt: Go }\n",
  },
  "wrong-type": {
    severity: "error",
    means: "A value is of another kind than the key has: a number for a text, a text for a list.",
    mend: "Write a value of that kind",
    example: flow("budget: { turns: many }"),
  },
  "invalid-value": {
    severity: "error",
    means: "A value is of the right kind and still cannot be: out of its bounds, empty, or not " +
      "one of those that there are.",
    mend: "Write one of the values that it can have",
    example: flow("budget: { turns: 0 }"),
  },
  "invalid-name": {
    severity: "error",
    means: "A name is not one that expressions and commands could write.",
    mend: "Use letters, digits, _ and -, and begin with a letter",
    example: flow("", "  - { id: first step, prompt: Go }"),
  },
  "misplaced-key": {
    severity: "error",
    means: "The key belongs to another kind of step than this one.",
    mend: "Take it out, or write it where it belongs",
    example: flow("", "  - { id: a, prompt: Go, cwd: /project }"),
  },
  "unused-key": {
    severity: "warning",
    means: "The key changes nothing where it stands.",
    mend: "Leave it out",
    example: "name: demo\nmodel: openai:gpt-4.1\nsteps:\n  - { id: a, run: echo hello }\n",
  },
} as const satisfies Codes;
