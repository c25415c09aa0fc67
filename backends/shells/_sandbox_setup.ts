/**
 * What a sandbox keeps on the host for itself, and the clock of the file system that it is on.
 *
 * @module
 */

import { BackendError } from "../errors.ts";
import { CLOSER } from "./_sandbox_descriptors.ts";
import {
  ETC_DIRECTORIES,
  ETC_FILES,
  ETC_NAMES,
  PROGRAM_DIRECTORIES,
  type SandboxPlaces,
} from "./_sandbox_root.ts";
import type { SandboxTools } from "./_sandbox_tools.ts";

/**
 * Prints what there is of the system, makes places for what is bound in `/etc` and copies what else
 * anybody may read there. A program that may be run and not read cannot be taken over by the command
 * that it watches.
 */
const SET_UP_SCRIPT = `cp /bin/sh "$1" && chmod 111 "$1" || exit
for d in $3; do [ -e "$d" ] && echo "$d"; done
for d in $4; do [ -d "$d" ] && echo "$d" && mkdir -p "\${2%/etc}$d"; done
cd /etc; cp -r -d --parents -- $5 "$2" 2>/dev/null; :`;

/** Steps of a clock are of ten milliseconds at most: one that was set back is not waited for. */
const CLOCK_TRIES = 200;
/** Where the steps are small, asking again so often takes less time than a pause. */
const SMALL_STEP_TRIES = 100;

/**
 * Makes the sandbox's own files and finds out what there is of the system.
 *
 * @param places Where they stand.
 * @param tools Runs what Deno cannot do.
 * @param proc Where the process file system is mounted.
 * @returns What there is of the system, by its absolute paths.
 * @throws {BackendError} `unsupported` where processes cannot be watched, `io` where bubblewrap fails.
 */
export async function setUpSandbox(
  places: SandboxPlaces,
  tools: SandboxTools,
  proc: string,
): Promise<ReadonlySet<string>> {
  checkProc(proc);
  const { tree, directory, file, etc, init, clock } = places;
  for (const path of [tree, etc]) Deno.mkdirSync(path, { mode: 0o755 });
  Deno.writeTextFileSync(clock, "");
  Deno.writeTextFileSync(file, "", { mode: 0 });
  Deno.mkdirSync(directory, { mode: 0 });
  const lists = [[...PROGRAM_DIRECTORIES, CLOSER], ETC_DIRECTORIES, ETC_NAMES]
    .map((names) => names.join(" "));
  let found = "";
  await tools.run(["sh", "-c", SET_UP_SCRIPT, "sh", init, etc, ...lists], {
    onOutput: (bytes) => {
      found += new TextDecoder().decode(bytes);
      return true;
    },
  });
  for (const [name, text] of Object.entries(ETC_FILES)) {
    Deno.writeTextFileSync(`${etc}/${name}`, text);
  }
  return new Set(found.trim().split("\n"));
}

/** A command that nobody can watch is not run. */
function checkProc(proc: string): void {
  try {
    Deno.readTextFileSync(`${proc}/self/status`);
  } catch (cause) {
    const message =
      "Cannot run a command: its processes could not be watched, since this program may not read " +
      "'/proc'. Grant it everything, or name another mount of it with 'proc'";
    throw new BackendError("unsupported", "/", message, { cause });
  }
}

/**
 * Waits until the file system's clock, which takes steps, has taken one: whatever changed before has an
 * earlier time than whatever changes from now on.
 *
 * @param clock A file that is touched for it.
 * @returns The time, in milliseconds.
 */
export async function nextTick(clock: string): Promise<number> {
  const read = (size: number) => {
    Deno.truncateSync(clock, size);
    return Deno.lstatSync(clock).mtime?.getTime() ?? 0;
  };
  const before = read(0);
  for (let tries = 1;; tries++) {
    const now = read(tries);
    if (now > before || tries > CLOCK_TRIES) return now;
    if (tries > SMALL_STEP_TRIES) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
