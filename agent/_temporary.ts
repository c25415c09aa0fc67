/**
 * The directory for temporary files, which the programs of a shell count on.
 *
 * @module
 */

import { joinPaths } from "../backends/paths.ts";
import type { Backend } from "../backends/protocol.ts";
import type { StartParams } from "./process.ts";

/**
 * Makes `/tmp` where a run has a shell and the default route is memory: an ordinary directory of the
 * tree, for the tools as well. On somebody's disk nothing is made that nobody asked for.
 *
 * @param start What the run has.
 * @param states Its state backends, before anybody works on them.
 */
export async function makeTemporaryDirectory(
  start: Pick<StartParams, "routes" | "shell">,
  states: ReadonlyMap<string, Backend>,
): Promise<void> {
  const root = start.routes.find(({ prefix }) => prefix === "/");
  const memory = root?.access === "read-write" ? states.get(root.backend) : undefined;
  const isElsewhere = start.routes.some(({ prefix }) => prefix === "/tmp/");
  if (start.shell === undefined || root === undefined || memory === undefined || isElsewhere) {
    return;
  }
  // A directory comes into being with a file and stays without it.
  const first = joinPaths(joinPaths(root.path, "/tmp"), "/first");
  await memory.write(first, "");
  await memory.delete(first);
}
