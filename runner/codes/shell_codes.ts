/**
 * Codes of shells, rules and permissions.
 *
 * @module
 */

import { type Codes, flow } from "./entry.ts";

const DISK = "backends:\n  m: { type: state }\n  disk: { type: local, root: ./files }\n";
const FILES = { "files/": "" };

/** Shells, rules and permissions. */
export const SHELL_CODES = {
  "unused-shell": {
    severity: "warning",
    means: "The rules refuse every command, so that the shell is of no use to the model.",
    mend: "Leave the shell out, or allow a command",
    example: flow('shell: virtual\ntools: { allow: ["read **"] }'),
  },
  "unused-limits": {
    severity: "warning",
    means: "Limits are written for commands, and there are none that they are for.",
    mend: "Write shell: virtual, sandbox or docker, or leave them out",
    example: flow("limits: { memory: 512mb }"),
  },
  "invalid-limit": {
    severity: "error",
    means: "A limit is not a number with its unit, or out of its bounds.",
    mend: "Write a number within the bounds, with its unit: 512mb, 30s",
    example: flow("shell: sandbox\nlimits: { memory: 512 potatoes }"),
  },
  "no-sandbox": {
    severity: "either",
    means: "The file asks for a sandbox, and this machine has no bubblewrap or no namespaces. " +
      "For `check` it is a warning: the file may be right for another machine.",
    mend: "Install bubblewrap, and allow user namespaces",
    example: flow("shell: sandbox"),
  },
  "sandbox-default": {
    severity: "error",
    means: "The root of a sandbox would be a directory of the host, where the system's own " +
      "directories have to stand.",
    mend: "Give the directory a prefix, and let memory be the default",
    example: {
      workflow: flow(`shell: sandbox\n${DISK}default: disk`),
      files: FILES,
      options: { bubblewrap: true },
    },
  },
  "reserved-route": {
    severity: "error",
    means: "A route stands where the shell has directories of its own, such as /usr.",
    mend: 'Use another prefix, such as "/project/"',
    example: {
      workflow: flow(`shell: virtual\n${DISK}default: m\nroutes:\n  /usr/: disk`),
      files: FILES,
    },
  },
  "reserved-path": {
    severity: "error",
    means: "A path is in a directory of the shell's own, which is not part of the tree.",
    mend: "Write a path of the tree, such as /project/report.md",
    example: flow("", "  - { id: a, run: make, cwd: /usr/src }"),
  },
  "memory-inside-local": {
    severity: "error",
    means: "In a sandbox or a container other files cannot stand inside a directory of the host.",
    mend: "Give the route a prefix outside of it",
    example: {
      workflow: flow(
        `shell: sandbox\n${DISK}default: m\nroutes:\n  /p/notes/: m\n  /p/: disk`,
      ),
      files: { "files/notes/": "" },
      options: { bubblewrap: true },
    },
  },
  "missing-mount-point": {
    severity: "error",
    means: "A route is inside another one, where the directory on which it would stand in the " +
      "sandbox or container does not exist.",
    mend: "Create that directory, or give the route a prefix outside of it",
    example: {
      workflow: flow(
        `shell: sandbox\n${DISK}  other: { type: local, root: ./other }\ndefault: m\n` +
          "routes:\n  /p/cache/: other\n  /p/: disk",
      ),
      files: { ...FILES, "other/": "" },
      options: { bubblewrap: true },
    },
  },
  "step-rules-sandbox": {
    severity: "error",
    means: "Rules of one step cannot bind the commands of a sandbox or a container, which shows " +
      "all steps the same files.",
    mend: 'Write it at the top, below tools, or leave the step no commands: deny: ["execute *"]',
    example: {
      workflow: flow(
        "shell: sandbox",
        '  - { id: a, prompt: Go, tools: { deny: ["read **/.env"] } }',
      ),
      options: { bubblewrap: true },
    },
  },
  "invalid-rule": {
    severity: "error",
    means: "A rule is not a verb and a pattern.",
    mend: 'Write read, write or execute, and a pattern: "write /project/**"',
    example: flow('tools: { deny: ["delete /project/**"] }'),
  },
  "unknown-preset": {
    severity: "error",
    means: "There is no set of rules of this name.",
    mend: "Name one of the presets",
    example: flow("tools: { preset: read-olny }"),
  },
  "repeated-rule": {
    severity: "warning",
    means: "A rule is written twice, or is part of a preset that is named.",
    mend: "Write it once",
    example: flow('tools: { deny: ["write **", "write **"] }'),
  },
  "unused-rule": {
    severity: "warning",
    means: "A rule is about something that there is not, so it changes nothing.",
    mend: "Take it out, or add what it is for",
    example: flow('tools: { deny: ["execute git push *"] }'),
  },
  "rule-at-root": {
    severity: "warning",
    means: "The pattern of a rule has no directory: it is for a file at the root alone.",
    mend: "Begin the pattern with **/ for the name anywhere",
    example: flow('tools: { deny: ["read .env"] }'),
  },
  "contradictory-rules": {
    severity: "warning",
    means: "What a rule allows another one denies, and what is denied stays denied.",
    mend: "Take one of them out",
    example: flow('tools: { allow: ["write /p/**", "read **"], deny: ["write **"] }'),
  },
  "denied-command": {
    severity: "error",
    means: "The rules refuse the command of a step, which could never run.",
    mend: "Change the command, or the rule",
    example: flow(
      'shell: virtual\ntools: { deny: ["execute rm *"] }',
      "  - { id: a, run: rm -r /p }",
    ),
  },
  "exceeds-permissions": {
    severity: "error",
    means: "The workflow needs more than its own permissions let it have.",
    mend: "Raise the ceiling, or do with less",
    example: {
      workflow: flow(`permissions: { write: [] }\n${DISK}default: disk`),
      files: FILES,
    },
  },
} as const satisfies Codes;
