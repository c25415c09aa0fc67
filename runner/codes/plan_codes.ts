/**
 * Codes of `plan --check`: what a workflow may do that its stored plan does not say.
 *
 * @module
 */

import { type Codes, flow } from "./entry.ts";

const MEMORY = "backends:\n  m: { type: state }\n";
const DISK = `${MEMORY}  disk: { type: local, root: ./files }\n`;
const READ = `${MEMORY}  disk: { type: local, root: ./files, access: read }\n`;
const FILES = { "files/": "" };
const STORE = "Review it, and store its plan anew: deno task plan FILE --json > plan.json";

/** Plans that are wider than a stored one. */
export const PLAN_CODES = {
  "stored-plan": {
    severity: "error",
    means: "The stored plan cannot be read, or is that of another workflow.",
    mend: "Store one with: deno task plan FILE --json > plan.json",
    example: { workflow: flow(""), command: ["plan", "flow.yaml", "--check", "plan.json"] },
    placeless: true,
  },
  "wider-route": {
    severity: "error",
    means: "A path of the tree leads to more of the host than in the stored plan.",
    mend: STORE,
    example: {
      workflow: flow(`${DISK}default: m\nroutes: { /p/: disk }`),
      stored: flow(`${READ}default: m\nroutes: { /p/: disk }`),
      files: FILES,
    },
  },
  "wider-root": {
    severity: "error",
    means: "A directory of the host is served that is not in the stored plan, or not so widely.",
    mend: STORE,
    example: {
      workflow: flow("backends: { all: { type: local, root: . } }\nroutes: { /p/: all }"),
      stored: flow(
        "rehearsal: ./r.yaml\nbackends: { all: { type: local, root: . } }\nroutes: { /p/: all }",
      ),
      files: { "r.yaml": "" },
      options: { mode: "live" },
    },
  },
  "wider-rules": {
    severity: "error",
    means: "A rule of the stored plan is gone, or a rule that grants something has come.",
    mend: STORE,
    example: {
      workflow: flow(`${MEMORY}default: m`),
      stored: flow(`${MEMORY}default: m\ntools: { deny: ["read **/.env"] }`),
    },
  },
  "wider-shell": {
    severity: "error",
    means: "Commands may be run that the stored plan has no shell for.",
    mend: STORE,
    example: { workflow: flow("shell: virtual"), stored: flow("") },
  },
  "wider-limits": {
    severity: "error",
    means: "A command may use up more than in the stored plan.",
    mend: STORE,
    example: {
      workflow: flow("shell: virtual\nlimits: { memory: 512mb }"),
      stored: flow("shell: virtual\nlimits: { memory: 256mb }"),
    },
  },
  "wider-box": {
    severity: "error",
    means: "There is a container that the stored plan has not, or one with another image, a " +
      "network, a volume or more of the machine, or one that is not read-only any more.",
    mend: "Take it back, or review it and store the plan anew",
    example: {
      workflow: flow(
        "backends:\n  box: { type: docker, runtime: deno, network: bridge }\ndefault: box",
      ),
      stored: flow("backends:\n  box: { type: docker, runtime: deno }\ndefault: box"),
      options: { engine: true },
    },
  },
  "wider-tools": {
    severity: "error",
    means: "The model is offered tools that the stored plan keeps from it.",
    mend: STORE,
    example: {
      workflow: flow('tools: { allow: ["read **", "write /x"] }'),
      stored: flow('tools: { allow: ["read **"] }'),
    },
  },
  "wider-confinement": {
    severity: "error",
    means: "Local files may be served outside of a sandbox, and in the stored plan they may not.",
    mend: "Make it an error: permissions: { require: sandbox }",
    example: {
      workflow: flow(`${DISK}default: disk`),
      stored: flow(`permissions: { require: sandbox }\n${DISK}default: disk`),
      files: FILES,
      options: { bubblewrap: true },
    },
  },
  "wider-command": {
    severity: "error",
    means: "A step runs another command than in the stored plan.",
    mend: STORE,
    example: {
      workflow: flow("", "  - { id: a, run: rm -r /p }"),
      stored: flow("", "  - { id: a, run: ls /p }"),
    },
  },
  "wider-network": {
    severity: "error",
    means: "Another host is reached than in the stored plan.",
    mend: STORE,
    example: { workflow: flow("base_url: http://localhost:11434/v1"), stored: flow("") },
  },
  "wider-permissions": {
    severity: "error",
    means: "A process is granted something that the stored plan does not grant it, such as by a " +
      "newer version.",
    mend: STORE,
    example: { workflow: flow(""), stored: flow(""), granted: ["agent read /srv"] },
  },
  "wider-timeout": {
    severity: "error",
    means: "A run, or a step of it, may take longer than in the stored plan.",
    mend: STORE,
    example: { workflow: flow("timeout: 2h"), stored: flow("timeout: 1h") },
  },
  "wider-environment": {
    severity: "error",
    means:
      "A run takes a variable or a secret from the environment that the stored plan has not, " +
      "or gives its commands another value.",
    mend: STORE,
    example: { workflow: flow("env: [LANG]"), stored: flow(""), options: { env: { LANG: "C" } } },
  },
  "wider-artifacts": {
    severity: "error",
    means: "Files are copied to a place on the host that the stored plan does not name.",
    mend: STORE,
    example: {
      workflow: flow("artifacts: [{ path: /out/*, to: ./other/ }]"),
      stored: flow("artifacts: [{ path: /out/*, to: ./out/ }]"),
    },
  },
  "wider-budget": {
    severity: "error",
    means: "The run may use up more than in the stored plan.",
    mend: STORE,
    example: {
      workflow: flow("budget: { turns: 20 }"),
      stored: flow("budget: { turns: 10 }"),
    },
  },
} as const satisfies Codes;
