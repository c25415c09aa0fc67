/**
 * What went wrong in a container, as errors of the protocol.
 *
 * @module
 */

import { localError, notDirectory, notRegular, type Verb } from "../_local_errors.ts";
import type { BackendError } from "../errors.ts";
import { AT_TARGET, FAILURES, MOVE_FAILURES } from "./_prelude.ts";

/** What programs say, and what it means. */
const SAYINGS: readonly (readonly [RegExp, "denied" | "io" | "invalid_path", string])[] = [
  [/no space left/i, "io", "the disk is full"],
  [/quota exceeded/i, "io", "the disk quota is used up"],
  [/read-only file system/i, "denied", "its file system is read-only"],
  [/permission denied|operation not permitted/i, "denied", "the container does not permit it"],
  [/file name too long/i, "invalid_path", "the path is too long for the container"],
  [/resource busy/i, "io", "the container is using it, as a mount point for example"],
  [/can't fork|cannot fork|resource temporarily/i, "io", "the container has too many processes"],
  [/cannot allocate|out of memory/i, "io", "the container has no memory left"],
  [/not found/i, "io", "the container's image lacks a program that it takes"],
];

/**
 * The error for a status that is not 0.
 *
 * @param status What a function of the prelude returned.
 * @param said What was printed.
 * @param verb What was tried.
 * @param path The canonical path.
 * @param target Where it was to be moved, of a move.
 */
export function failure(
  status: number,
  said: string,
  verb: Verb,
  path: string,
  target = path,
): BackendError {
  switch (status) {
    case MOVE_FAILURES.intoItself:
      return localError("invalid_path", "move to", target, "it is inside what is to be moved");
    case MOVE_FAILURES.overDirectory: {
      const why = "a directory is there already, and none is ever replaced";
      return localError("exists", "move to", target, why);
    }
    case MOVE_FAILURES.directoryOverFile: {
      const why = "a file is there already, and a directory never replaces one";
      return localError("exists", "move to", target, why);
    }
  }
  if (status > AT_TARGET) return failure(status - AT_TARGET, said, "move to", target);
  switch (status) {
    case FAILURES.missing:
      return localError("not_found", verb, path, "it does not exist");
    case FAILURES.notDirectory:
      return verb === "list" || verb === "search"
        ? notDirectory(verb, path)
        : localError("not_directory", verb, path, "a name on the way to it is a file");
    case FAILURES.directory: {
      const why = verb === "delete"
        ? "it is a directory with entries: set recursive to delete them too"
        : "it is a directory";
      return localError("is_directory", verb, path, why);
    }
    case FAILURES.exists: {
      const why = verb === "move to"
        ? "it exists already: set overwrite to replace it"
        : "it exists already: set overwrite, or edit it";
      return localError("exists", verb, path, why);
    }
    case FAILURES.foreign:
      return localError("denied", verb, path, "it is the container's own, not part of the tree");
    case FAILURES.notRegular:
      return notRegular(verb, path);
    case FAILURES.forbidden:
      return localError("denied", verb, path, "the container does not permit it");
    case FAILURES.endless:
      return localError("denied", verb, path, "its symbolic links never end");
  }
  const [, code, why] = SAYINGS.find(([saying]) => saying.test(said)) ??
    [undefined, "io", `the container failed${said === "" ? "" : `: ${said.trim().slice(-200)}`}`];
  return localError(code, verb, path, why);
}
