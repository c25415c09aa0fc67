/**
 * Codes of files that cannot be read, or not as YAML.
 *
 * @module
 */

import { type Codes, flow } from "./entry.ts";

/** Files and YAML. */
export const YAML_CODES = {
  "no-file": {
    severity: "error",
    means: "There is no file of this name.",
    mend: "Check the name and the directory that it is relative to",
    example: { workflow: flow(""), file: "flwo.yaml" },
    placeless: true,
  },
  "is-directory": {
    severity: "error",
    means: "A directory is named where a file is expected. Only `check` takes folders.",
    mend: "Name the YAML file in it",
    example: { workflow: flow(""), files: { "flows/": "" }, file: "flows" },
    placeless: true,
  },
  "not-a-file": {
    severity: "error",
    means: "The name is that of a device, a pipe or a socket: reading it might never end.",
    mend: "Name a regular file",
    example: { workflow: flow(""), file: "/dev/null" },
    placeless: true,
  },
  "unreadable-file": {
    severity: "error",
    means: "The file is there and cannot be read.",
    mend: "Change the file's mode, or what its links lead to",
    example: { workflow: flow(""), links: { "loop.yaml": "loop.yaml" }, file: "loop.yaml" },
    placeless: true,
  },
  "too-large": {
    severity: "error",
    means: "The file has more than 1 MiB, or more than 100,000 words and marks.",
    mend: "A workflow describes work: keep data in files of their own",
    example: {
      workflow: `list: [${"1, ".repeat(60_000)}]\n`,
      shown: "list: [1, 1, 1, and so on, 60,000 times]\n",
    },
  },
  "invalid-utf8": {
    severity: "error",
    means: "The file is not UTF-8 text, so its letters would be read as others.",
    mend: "Save the file as UTF-8 in your editor",
    example: { workflow: flow("description: Café"), latin1: true },
  },
  "control-character": {
    severity: "error",
    means: "The file has a character in it that no editor shows, such as NUL.",
    mend: "Take it out, or write it as an escape in double quotes",
    example: { workflow: flow("description: a\u0007b"), shown: flow("description: a<BEL>b") },
  },
  "empty-file": {
    severity: "error",
    means: "The file is empty, or has comments alone.",
    mend: 'Begin with "name: ..." and "steps:"',
    example: "# Nothing yet\n",
  },
  "invalid-yaml": {
    severity: "error",
    means: "The file is not YAML: a quote or a bracket is not closed, or lines are not indented " +
      "as what they belong to.",
    mend: "Check the quotes and brackets before it, and the indentation",
    example: flow('description: "never closed'),
  },
  "tab-indent": {
    severity: "error",
    means: "A line is indented by a tab. YAML knows spaces alone, as tabs have no fixed width.",
    mend: "Indent with spaces",
    example: flow("budget:\n\tturns: 3"),
  },
  "too-deep": {
    severity: "error",
    means: "Lists and maps nest more than 100 deep.",
    mend: "Write it flatter",
    example: {
      workflow: flow(`description: ${"[".repeat(101)}${"]".repeat(101)}`),
      shown: flow("description: [[[[[[[[ and so on, 101 times"),
    },
  },
  "several-documents": {
    severity: "error",
    means: 'The file has several YAML documents, divided by "---"; it is not clear which counts.',
    mend: 'Keep one document in a file, and take out the "---" between them',
    example: `${flow("")}---\n${flow("")}`,
  },
  "unknown-tag": {
    severity: "error",
    means: 'A value begins with "!", which in YAML is a tag. Tags are not used here.',
    mend: 'Take it out, or quote the text if it begins with "!"',
    example: flow("description: !secret token"),
  },
  "unknown-alias": {
    severity: "error",
    means: "An alias, `*name`, stands for an anchor that no line before it sets.",
    mend: 'Set the anchor before it, or quote the text if it begins with "*"',
    example: flow("", "  - { id: a, prompt: *text }"),
  },
  "circular-alias": {
    severity: "error",
    means: "An alias stands for a value that holds the alias itself, so it has no end.",
    mend: "Write out what is meant",
    example: flow("budget: &it { turns: *it }"),
  },
  "too-many-aliases": {
    severity: "error",
    means: "Aliases of aliases make a small file grow to more than 10,000 parts.",
    mend: "Write out what is needed instead of nesting aliases",
    example: "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" +
      ["b", "c", "d", "e"].map((name, index) => {
        const alias = `*${"abcd"[index]}`;
        return `${name}: &${name} [${Array.from({ length: 10 }, () => alias).join(", ")}]\n`;
      }).join(""),
  },
  "invalid-key": {
    severity: "error",
    means: "A key is not a text, or is one that data cannot have.",
    mend: "Use a text of letters, digits and _ as the key",
    example: flow("? [a, b]\n: 1"),
  },
  "duplicate-key": {
    severity: "error",
    means: "A key is there twice, so that it is not clear which of the values counts.",
    mend: "Keep one of them: it is not clear which one counts",
    example: flow("budget: { turns: 3, turns: 4 }"),
  },
  "cut-text": {
    severity: "warning",
    means: "A text without quotes goes on after a space and a #, which begins a comment in YAML: " +
      "what follows is not part of the text.",
    mend: "Put the text in quotes, or write a space after # if it is a comment",
    example: flow("", "  - id: a\n    prompt: Fix issue #12 and write a test"),
  },
  "unclear-number": {
    severity: "warning",
    means: "A number is written in a way that people read otherwise than YAML 1.2 does: `08`, " +
      "`1e3`, `0x1F`, or `3.10` where a version may be meant.",
    mend: "Write the number in decimal digits, or in quotes if it is a text",
    example: flow("budget: { turns: 1e1 }"),
  },
} as const satisfies Codes;
