/**
 * Codes of backends, routes and the paths of files.
 *
 * @module
 */

import { type Codes, flow } from "./entry.ts";

/** Two routes of one backend, as they follow `/a/`. */
function routes(lines: string): string {
  return flow(
    `backends:\n  m: { type: state }\n  disk: { type: local, root: ./files }\n` +
      `default: m\nroutes:\n${lines}`,
  );
}

/** Where this project is. */
const CODE = decodeURIComponent(new URL("../../", import.meta.url).pathname);

const FILES = { "files/": "" };

/** Backends, routes and paths. */
export const FILE_CODES = {
  "missing-root": {
    severity: "error",
    means: "A directory that is only read does not exist. One that may be written to is created.",
    mend: "Create it: only a read-write place is created by a run",
    example: flow("backends:\n  docs: { type: local, root: ./docs, access: read }\ndefault: docs"),
  },
  "invalid-root": {
    severity: "error",
    means: "A directory of the host cannot be used: it is a file, or it may not be read.",
    mend: "Name a directory that may be read",
    example: {
      workflow: flow("backends:\n  docs: { type: local, root: ./docs }\ndefault: docs"),
      files: { "docs": "a file" },
    },
  },
  "unsafe-path": {
    severity: "error",
    means: "The path of a directory has characters in it that cannot be granted exactly.",
    mend: "Use a directory with an ordinary name",
    example: {
      workflow: flow('backends:\n  docs: { type: local, root: "./a,b" }\ndefault: docs'),
      files: { "a,b/": "" },
    },
  },
  "unsafe-root": {
    severity: "error",
    means: "A directory is too much to grant: a part of the operating system, a home directory, " +
      "or where runs are kept.",
    mend: "Use a directory of its own",
    example: flow("backends:\n  all: { type: local, root: /proc, access: read }\ndefault: all"),
  },
  "root-holds-code": {
    severity: "error",
    means: "The agent could change the programs that it is run by: Routebook's code, Deno, or " +
      "packages of theirs.",
    mend: 'Use a directory of its own, such as "../workspace", or access: read',
    example: {
      workflow: flow(`backends:\n  all: { type: local, root: "${CODE}" }\ndefault: all`),
      shown: flow("backends:\n  all: { type: local, root: ../routebook }\ndefault: all"),
    },
  },
  "outside-root": {
    severity: "error",
    means: "The directory of a route is a link that leads out of its backend's root.",
    mend: "Name the directory itself as the root of a backend",
    example: {
      workflow: routes("  /p/: { backend: disk, path: out }"),
      files: { ...FILES, "elsewhere/": "" },
      links: { "files/out": "../elsewhere" },
    },
  },
  "unknown-backend": {
    severity: "error",
    means: "A route leads to a backend that is not declared.",
    mend: 'Declare it below "backends"',
    example: routes("  /p/: disc"),
  },
  "unused-backend": {
    severity: "warning",
    means: "A backend is declared and no route leads to it, so nothing is ever kept in it.",
    mend: "Write a route to it, or leave it out",
    example: flow("backends:\n  m: { type: state }\n  other: { type: state }\ndefault: m"),
  },
  "narrowed-access": {
    severity: "warning",
    means: "A route grants more than its backend allows. What the backend allows counts.",
    mend: "Write access: read, or grant it at the backend",
    example: {
      workflow: flow(
        "backends:\n  docs: { type: local, root: ./files, access: read }\n" +
          "  m: { type: state }\ndefault: m\nroutes:\n" +
          "  /docs/: { backend: docs, access: read-write }",
      ),
      files: FILES,
    },
  },
  "overlapping-routes": {
    severity: "warning",
    means: "Two routes lead to the same files, which then have two paths: what is written under " +
      "one changes under the other.",
    mend: "Give each route a path of its own: { backend, path }",
    example: { workflow: routes("  /p/: disk\n  /q/: disk"), files: FILES },
  },
  "route-slash": {
    severity: "error",
    means: "The prefix of a route does not begin and end with a slash; /memory would be taken " +
      "for the beginning of /memories.",
    mend: "Begin and end it with a slash: /project/",
    example: { workflow: routes("  /p: disk"), files: FILES },
  },
  "route-root": {
    severity: "error",
    means: "A route is for the whole tree. That is what default is for.",
    mend: 'Use "default" for all other paths',
    example: { workflow: routes("  /: disk"), files: FILES },
  },
  "unreachable-route": {
    severity: "error",
    means: "A route before this one holds all of its paths, so it is never reached.",
    mend: "Write the longer prefix first",
    example: { workflow: routes("  /p/: disk\n  /p/q/: m"), files: FILES },
  },
  "invalid-path": {
    severity: "error",
    means: "A path of the tree is not one: it does not begin with a slash, leaves the tree, or " +
      "is not in its shortest form.",
    mend: "Write a path of the tree from its root: /project/report.md",
    example: flow("", "  - { id: a, prompt: Go, produces: [../report.md] }"),
  },
  "not-writable": {
    severity: "error",
    means: "A step is to produce a file where its route lets nothing be written.",
    mend: "Write another path, or grant access: read-write",
    example: {
      workflow: flow(
        "backends:\n  docs: { type: local, root: ./files, access: read }\ndefault: docs",
        "  - { id: a, prompt: Go, produces: [/report.md] }",
      ),
      files: FILES,
    },
  },
  "invalid-pattern": {
    severity: "error",
    means: "A regular expression cannot be read. It is of RE2, which takes no longer than the " +
      "text is long.",
    mend: "It is RE2 syntax: no look-around and no back-references",
    example: flow("", '  - { id: a, prompt: Go, assert: [{ file: /a, matches: "(a" }] }'),
  },
} as const satisfies Codes;
