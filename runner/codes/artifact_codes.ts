/**
 * Codes of artifacts: files that are copied out to the host.
 *
 * @module
 */

import { type Codes, flow } from "./entry.ts";

/** Artifacts. */
export const ARTIFACT_CODES = {
  "invalid-artifact": {
    severity: "error",
    means: "The destination of an artifact cannot be used: several files would go to one, a file " +
      "stands where a directory is wanted, or it is a link.",
    mend: "Write a directory with a slash at its end: ./artifacts/",
    example: flow('artifacts: [{ path: "/out/*.png", to: ./out.png }]'),
  },
  "unsafe-artifact": {
    severity: "error",
    means:
      "The destination of an artifact is a place that the run itself can change, or one that " +
      "decides what other programs do: the workflow's own files, .git, .routebook, Routebook's " +
      "code, the operating system.",
    mend: "Write a directory of its own, such as ./artifacts/",
    example: flow('artifacts: [{ path: "/out/**", to: ./.git/hooks/ }]'),
  },
  "duplicate-artifact": {
    severity: "error",
    means: "Two artifacts are copied to the same file, so that one of them would be lost.",
    mend: "Give each a destination of its own",
    example: flow(
      "artifacts:\n  - { path: /a/report.md, to: ./out/ }\n  - { path: /b/report.md, to: ./out/ }",
    ),
  },
} as const satisfies Codes;
