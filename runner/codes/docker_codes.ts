/**
 * Codes of docker backends and of the shell in their containers.
 *
 * @module
 */

import { type Codes, flow } from "./entry.ts";

/** A file with a container that commands run in. */
function boxed(keys: string, box = "runtime: python-minimal"): string {
  return flow(`shell: docker\nbackends:\n  box: { type: docker, ${box} }\n${keys}`);
}

/** Containers. */
export const DOCKER_CODES = {
  "no-engine": {
    severity: "error",
    means: "A backend is a container, and no engine was found to make it: neither Docker nor " +
      "Podman. `check` looks for none.",
    mend: "Start Docker or Podman, or say where it is with DOCKER_HOST",
    example: flow("backends:\n  box: { type: docker, runtime: deno }\ndefault: box"),
  },
  "no-box": {
    severity: "error",
    means: "Commands are to run in a container, and the file has none, or several of which none " +
      "is the default.",
    mend: "Write a backend of type: docker, and make it the default",
    example: flow("shell: docker"),
  },
  "unknown-runtime": {
    severity: "error",
    means: "There is no runtime of this name, neither among those that ship nor in the file.",
    mend: 'Name one of the runtimes, or write your own below "runtimes"',
    example: {
      workflow: boxed("default: box", "runtime: pyton-minimal"),
      options: { engine: true },
    },
  },
  "box-path": {
    severity: "error",
    means: "Commands in a container see its files where they are in it. A route that shows them " +
      "elsewhere, or a volume where the tree has other files, would give one path two meanings.",
    mend: "Let the path in the container be the route's prefix",
    example: {
      workflow: boxed("  m: { type: state }\ndefault: m\nroutes: { /work/: box }"),
      options: { engine: true },
    },
  },
  "box-read-only": {
    severity: "error",
    means:
      "With read_only nothing can be changed at the root of a container, and the default's files " +
      "would have to be brought there before each command.",
    mend: "Let the container be the default, and give the other files a prefix",
    example: {
      workflow: boxed(
        "  m: { type: state }\ndefault: m\nroutes: { /work/: { backend: box, path: /work } }",
        "runtime: deno, read_only: true",
      ),
      options: { engine: true },
    },
  },
  "docker-rule": {
    severity: "error",
    means: "A rule about files, or access: read, would be for files of the container that " +
      "commands run in, where nothing holds commands to it.",
    mend: "Keep those files in memory or in a local backend, with a route of its own",
    example: {
      workflow: boxed('default: box\ntools: { deny: ["read **/.env"] }'),
      options: { engine: true },
    },
  },
  "box-limits": {
    severity: "error",
    means: "Memory and processes of commands in a container are those of the container, and the " +
      "file says two different things of them.",
    mend: "Write it at the backend alone",
    example: {
      workflow: boxed("default: box\nlimits: { memory: 1gb }", "runtime: deno, memory: 2gb"),
      options: { engine: true },
    },
  },
} as const satisfies Codes;
