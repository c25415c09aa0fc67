/**
 * Codes of workflows that use others.
 *
 * @module
 */

import type { Codes } from "./entry.ts";

const CALLER = "name: demo\nsteps:\n  - { id: a, uses: ./other.yaml }\n";

/** Workflows that are used. */
export const USES_CODES = {
  "invalid-uses": {
    severity: "error",
    means: "A step uses what is not a workflow file of this machine.",
    mend: "Name a workflow file, relative to this one: uses: ./other.yaml",
    example: "name: demo\nsteps:\n  - { id: a, uses: actions/checkout@v4 }\n",
  },
  "recursive-uses": {
    severity: "error",
    means: "A workflow would use itself, by itself or by way of others, and would never end.",
    mend: "Repeat steps with foreach or retry instead",
    example: {
      workflow: CALLER,
      files: { "other.yaml": "name: other\nsteps:\n  - { id: b, uses: ./flow.yaml }\n" },
    },
  },
  "exceeds-caller": {
    severity: "error",
    means: "A workflow that is used would hold more than the one that uses it: files that it has " +
      "no route to, a shell, a model elsewhere, a secret.",
    mend: "Grant it in the workflow that uses it too, or take it out here",
    example: {
      workflow: CALLER,
      files: {
        "other.yaml": "name: other\nsecrets: [TOKEN]\nsteps:\n  - { id: b, run: ls }\n",
      },
    },
  },
  "uses-sandbox": {
    severity: "error",
    means: "The mounts of a sandbox are those of a whole run, and a workflow that is used sees " +
      "other paths than its caller.",
    mend: "Write shell: virtual, or put the steps into the workflow that uses it",
    example: {
      workflow: CALLER,
      files: {
        "other.yaml": "name: other\nshell: sandbox\nsteps:\n  - { id: b, run: ls }\n",
      },
    },
  },
  "uses-docker": {
    severity: "error",
    means: "Containers are those of a whole run, so that a workflow that is used has none of its " +
      "own. It reaches the files of its caller's as all others of the caller's tree.",
    mend: "Leave it out, or put the steps into the workflow that uses it",
    example: {
      workflow: CALLER,
      files: {
        "other.yaml": "name: other\nbackends:\n  box: { type: docker, runtime: deno }\n" +
          "default: box\nsteps:\n  - { id: b, run: ls }\n",
      },
    },
  },
} as const satisfies Codes;
