/**
 * Files that were open already when this program was started, and that every program which it starts
 * would have open too. To a command one of them is a way out: from an open directory it reaches
 * whatever is around it, wherever its own root is.
 *
 * @module
 */

import { BackendError } from "../errors.ts";

/** `O_CLOEXEC`: closed in whatever is started. All that Deno opens is. */
const CLOSES = 0o2000000;

/** A shell that can close a descriptor of more than one digit, which `sh` need not. */
export const CLOSER = "/bin/bash";

/** Closes all but the usual three and becomes its arguments. */
const CLOSING_SCRIPT = 'for d in /proc/self/fd/*; do n=${d##*/}; [ "$n" -gt 2 ] && ' +
  'eval "exec $n>&-"; done; exec "$@"';

/**
 * @param proc Where the process file system is mounted.
 * @param system What commands have of the system, by its absolute paths.
 * @returns Words that stand before a command and close what it shall not have; none where it has
 * nothing of that kind.
 * @throws {BackendError} `unsupported` where something has to be closed and nothing can.
 */
export function closingWords(proc: string, system: ReadonlySet<string>): readonly string[] {
  if (!isAnyInherited(proc)) return [];
  if (!system.has(CLOSER)) {
    throw new BackendError(
      "unsupported",
      "/",
      "Cannot run a command: whoever started this program left a file open that the command would " +
        `have too, and without ${CLOSER} it cannot be closed`,
    );
  }
  return [CLOSER, "-c", CLOSING_SCRIPT, "bash"];
}

function isAnyInherited(proc: string): boolean {
  for (const { name } of Deno.readDirSync(`${proc}/self/fdinfo`)) {
    if (Number(name) <= 2) continue;
    const flags = flagsOf(`${proc}/self/fdinfo/${name}`);
    if (flags !== undefined && (flags & CLOSES) === 0) return true;
  }
  return false;
}

function flagsOf(path: string): number | undefined {
  try {
    const text = Deno.readTextFileSync(path);
    return parseInt(/^flags:\s*([0-7]+)/m.exec(text)?.[1] ?? "0", 8);
  } catch (error) {
    // The directory's own, and what another task closed meanwhile.
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
