/**
 * Everything there is below a directory of a container, by one listing that is taken apart as it comes.
 *
 * @module
 */

import type { GlobMatcher } from "../_glob.ts";
import { localError } from "../_local_errors.ts";
import { BackendError } from "../errors.ts";
import { canonicalPath, comparePaths, isWithin, joinPaths, TEMPORARY_NAME } from "../paths.ts";
import type { OperationOptions, SearchFailure } from "../protocol.ts";
import { type DockerFiles, newToken, type Subject } from "./_files.ts";
import { quote } from "./_quote.ts";
import { type Entry, ListingParser, parseRecord } from "./_records.ts";

/** What was found. */
export interface Walk {
  /** Files, links and what else is no directory, sorted. */
  readonly entries: readonly Entry[];
  readonly failures: readonly SearchFailure[];
}

/** Options of {@linkcode walk}. */
export interface WalkOptions extends OperationOptions {
  /** What says where it may begin. */
  readonly matcher: GlobMatcher | undefined;
  /** Whether something that is no directory is looked for: what is not is not kept. */
  readonly isWanted: (entry: Entry) => boolean;
}

/** What is looked for, as it comes. */
class Found {
  readonly entries: Entry[] = [];
  readonly failures: SearchFailure[] = [];
  readonly parser: ListingParser;
  /** The directory that was gone through, without links. */
  real = "/";

  constructor(
    { base, token, isWanted }: {
      readonly base: string;
      readonly token: string;
      readonly isWanted: (entry: Entry) => boolean;
    },
  ) {
    this.parser = new ListingParser(token, {
      onDirectory: (real) => this.real = real,
      onEntry: ({ path, words }) => {
        const name = treePath(base, this.real, path);
        const entry = name === undefined ? undefined : parseRecord(name, words);
        if (entry === undefined || entry.kind === "directory") return;
        if (isWanted(entry)) this.entries.push(entry);
      },
      onComplaint: (complaint) => this.failures.push(...failureOf(complaint, base, this.real)),
    });
  }
}

/**
 * Goes through everything there is below a directory.
 *
 * @param files Where.
 * @param path The directory.
 * @param options What is looked for.
 */
export async function walk(
  files: DockerFiles,
  path: string,
  { matcher, isWanted, signal }: WalkOptions,
): Promise<Walk> {
  // The pattern may say that nothing is above some directory, which need not be there.
  const base = matcher === undefined || !isWithin(matcher.base, path) ? path : matcher.base;
  const subject: Subject = { verb: "search", path: base, signal };
  const token = newToken();
  let found = new Found({ base, token, isWanted });
  try {
    await files.follow(subject, `tree ${token} ${quote(base)}`, () => {
      found = new Found({ base, token, isWanted });
      return (bytes) => found.parser.push(bytes);
    });
    found.parser.finish();
  } catch (error) {
    const isMissing = error instanceof BackendError && base !== path &&
      ["not_found", "not_directory", "denied"].includes(error.code);
    if (!isMissing) throw error;
    return { entries: [], failures: [] };
  }
  const { real, entries, failures } = found;
  // The directory of the search may be behind a link; a link below it is not gone through.
  if (base !== path && real !== base && await isBehindLink(files, path, base, real, signal)) {
    return { entries: [], failures: [] };
  }
  return { entries: entries.sort((a, b) => comparePaths(a.name, b.name)), failures };
}

/** Whether there is a link between the directory of a search and the one that its pattern begins at. */
async function isBehindLink(
  files: DockerFiles,
  path: string,
  base: string,
  real: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const subject: Subject = { verb: "search", path, signal };
  const { bytes } = await files.ask(subject, `lookup ${quote(path)} && printf %s "$R"`);
  return joinPaths(new TextDecoder().decode(bytes), base.slice(path === "/" ? 0 : path.length)) !==
    real;
}

/** The path of the tree of what stands somewhere in the container; none for what no tree has. */
function treePath(base: string, real: string, whole: string): string | undefined {
  const below = real === "/" ? whole : whole.slice(real.length);
  if (below.includes(`/${TEMPORARY_NAME}`)) return undefined;
  try {
    const path = canonicalPath(joinPaths(base, below));
    // Whatever an image's programs say: what is elsewhere was not looked for.
    return isWithin(path, base) ? path : undefined;
  } catch (error) {
    if (error instanceof BackendError) return undefined;
    throw error;
  }
}

/** `find: '/a': Permission denied`, with or without quotes. */
function failureOf(complaint: string, base: string, real: string): readonly SearchFailure[] {
  const [, whole, why] = /^find: ['"]?(\/.*?)['"]?: (Permission denied)$/.exec(complaint) ?? [];
  const path = whole === undefined ? undefined : treePath(base, real, whole);
  if (path === undefined || why === undefined) return [];
  const { message } = localError("denied", "search", path, "the container does not permit it");
  return [{ path, message }];
}
