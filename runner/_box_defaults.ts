/**
 * What a container has unless its backend says otherwise, for those who tell of it: see
 * `backends/docker/options.ts`.
 *
 * @module
 */

import { SHELL_LIMITS } from "../backends/shells/shell.ts";

/** Defaults of a container. */
export const BOX_DEFAULTS = {
  memoryBytes: SHELL_LIMITS.memoryBytes,
  processes: SHELL_LIMITS.processes,
  user: "1000:1000",
  workdir: "/workspace",
} as const;
