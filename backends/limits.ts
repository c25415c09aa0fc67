/**
 * Every limit of the backends, in one place. A limit that cuts a result is always said in that
 * result (`truncated`, `nextOffset`); one that refuses says so with `too_large`.
 *
 * @module
 */

/** The limits, in bytes unless the name says otherwise. */
export const LIMITS = {
  /** One path component. The same as Linux allows. */
  nameBytes: 255,
  /** A whole canonical path. Leaves room for the host's own prefix below PATH_MAX (4,096). */
  pathBytes: 2_048,
  /** What one `read` returns as text, and the largest file that `edit` accepts: 16 MiB. */
  textBytes: 16 * 1024 * 1024,
  /** What one `readBytes` or `write` carries: 64 MiB. Longer files are read in ranges. */
  contentBytes: 64 * 1024 * 1024,
  /** Files and directories that are looked at one by one before a directory goes: 100,000. */
  treeEntries: 100_000,
  /** Files that `glob` returns unless `limit` says otherwise. */
  globFiles: 1_000,
  /** Matches that `grep` returns unless `limit` says otherwise. */
  grepMatches: 200,
  /** Characters of a line that `grep` returns; the rest is cut and marked. */
  grepLineCharacters: 500,
  /** Milliseconds that one `grep` may take before it ends with `timeout`. */
  grepMilliseconds: 10_000,
  /** Alternatives that the braces of one glob may expand to. */
  globAlternatives: 1_000,
  /** Characters of one glob, and of all its alternatives together. */
  globCharacters: 16_384,
  /** Characters of what `grep` looks for. */
  queryCharacters: 4_096,
  /** How much of one line `grep` reads for a regular expression. */
  grepLineBytes: 1024 * 1024,
} as const;
