/**
 * Searches through several mounts at once: each is asked for its own part, and the answers are
 * merged into what one backend would have said.
 *
 * @module
 */

import { checkLimit, throwIfAborted } from "./_checks.ts";
import { compileGlob } from "./_glob.ts";
import { compileQuery } from "./_grep.ts";
import { outerError, outerFailure, outerInfo } from "./_mount_names.ts";
import type { MountPoint, MountTable } from "./_mounts.ts";
import { type Found, NOTHING, type Part, type Search, searchPart } from "./_search_part.ts";
import { BackendError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { canonicalPath, comparePaths, isWithin, parentPath } from "./paths.ts";
import type {
  FileInfo,
  GlobOptions,
  GlobResult,
  GrepMatch,
  GrepOptions,
  GrepResult,
} from "./protocol.ts";

/** A pattern of which a part may begin at the root of the outer tree. */
const MAY_BE_ABSOLUTE = /(?:^|[{,])\//;

/** `glob` of a composite. */
export async function globMounts(
  table: MountTable,
  pattern: string,
  options: GlobOptions,
): Promise<GlobResult> {
  const path = canonicalPath(options.path ?? "/");
  const limit = checkLimit("Limit", options.limit, LIMITS.globFiles);
  const { signal } = options;
  const search: Search<FileInfo> = {
    table,
    path,
    matcher: compileGlob(pattern, path),
    pattern,
    limit,
    options,
    kind: "glob",
    async ask({ backend }, path, pattern, limit) {
      const result = await backend.glob(pattern ?? "**", { path, limit, signal });
      return { ...NOTHING, ...result, items: result.files };
    },
    check: () => Promise.resolve(),
    rename: outerInfo,
  };
  const found = await searchMounts(search);
  return {
    files: found.items,
    truncated: found.truncated,
    failures: found.failures,
  };
}

/** `grep` of a composite. */
export async function grepMounts(
  table: MountTable,
  query: string,
  options: GrepOptions,
): Promise<GrepResult> {
  const path = canonicalPath(options.path ?? "/");
  const limit = checkLimit("Limit", options.limit, LIMITS.grepMatches);
  const { glob: pattern, regex, ignoreCase, signal } = options;
  const matcher = pattern === undefined ? undefined : compileGlob(pattern, path);
  const search: Search<GrepMatch> = {
    table,
    path,
    matcher,
    pattern,
    limit,
    options,
    kind: "grep",
    async ask({ backend }, path, glob, limit) {
      const options = { path, glob, regex, ignoreCase, limit, signal };
      const { matches, ...rest } = await backend.grep(query, options);
      return { ...rest, items: matches };
    },
    async check() {
      await compileQuery(query, { ...options, path });
    },
    rename: (mount, match) => ({ ...match, path: mount.outer(match.path) }),
  };
  const { items, ...rest } = await searchMounts(search);
  return { matches: items, ...rest };
}

async function searchMounts<T extends { readonly path: string }>(
  search: Search<T>,
): Promise<Found<T>> {
  const { table, path, limit } = search;
  const owner = table.find(path);
  throwIfAborted(search.options.signal, path);
  if (table.below(path).length === 0) return await searchOne(search, owner);
  await search.check();
  const parts = [...partsOf(search, owner)];
  const found = await Promise.all(parts.map(async (part, index) => {
    try {
      return await searchPart(search, part, parts.slice(0, index));
    } catch (error) {
      return failedPart(part, owner, error);
    }
  }));
  // The sort is stable: the lines of a file stay in their order.
  const items = found.flatMap((each) => each.items).sort((a, b) => comparePaths(a.path, b.path));
  return {
    items: items.slice(0, limit),
    truncated: items.length > limit || found.some((each) => each.truncated),
    filesSearched: found.reduce((sum, each) => sum + each.filesSearched, 0),
    filesSkipped: found.reduce((sum, each) => sum + each.filesSkipped, 0),
    failures: found.flatMap((each) => each.failures).sort((a, b) => comparePaths(a.path, b.path)),
  };
}

/** A search that a single mount answers, so that it fails as that mount fails. */
async function searchOne<T extends { readonly path: string }>(
  search: Search<T>,
  mount: MountPoint,
): Promise<Found<T>> {
  const { path, limit } = search;
  const inner = mount.inner(path);
  try {
    const pattern = await ownPattern(search, mount);
    if (pattern === null) {
      await search.check();
      return NOTHING;
    }
    const found = await search.ask(mount, inner, pattern, limit);
    if (mount.identity) return found;
    return {
      ...found,
      items: found.items.map((item) => search.rename(mount, item)),
      failures: found.failures.map((failure) => outerFailure(mount, failure)),
    };
  } catch (error) {
    // A mount is a directory, even if nothing has been written there yet.
    const empty = error instanceof BackendError && error.code === "not_found" &&
      path === mount.base;
    if (empty) return NOTHING;
    throw outerError(error, { mount, path });
  }
}

/** The search's pattern as the mount understands it; `null` if it matches nothing there. */
async function ownPattern<T extends { readonly path: string }>(
  { kind, path, pattern, matcher }: Search<T>,
  mount: MountPoint,
): Promise<string | undefined | null> {
  if (pattern === undefined || matcher === undefined) return undefined;
  if (mount.identity || !MAY_BE_ABSOLUTE.test(pattern)) return pattern;
  // It may be a file, which `below` knows nothing of; and if it is missing, that is an error.
  const { type } = await mount.backend.stat(mount.inner(path));
  if (type === "directory") return matcher.below(path);
  // For a file, a pattern is relative to the directory that it is in.
  const matches = () => compileGlob(pattern, parentPath(path)).matches(path);
  return kind === "glob" || matches() ? undefined : null;
}

function* partsOf<T extends { readonly path: string }>(
  { table, path, matcher }: Search<T>,
  owner: MountPoint,
): Generator<Part> {
  const below = table.below(path);
  for (const mount of table.mounts) {
    if (mount !== owner && !below.includes(mount)) continue;
    const start = mount === owner ? path : mount.base;
    const pattern = matcher?.below(start);
    const nested = table.below(start);
    // Nothing can match here, or only what another mount has below here.
    if (pattern === null) continue;
    if (matcher && nested.some((other) => isWithin(matcher.base, other.base))) continue;
    yield { mount, path: start, inner: mount.inner(start), pattern, nested: nested.length > 0 };
  }
}

/** One mount's failure stands beside the results of the others; a mistake of the caller does not. */
function failedPart(part: Part, owner: MountPoint, cause: unknown): Found<never> {
  const error = outerError(cause, part);
  if (!(error instanceof BackendError)) throw error;
  switch (error.code) {
    case "aborted":
    case "invalid_pattern":
      throw error;
    case "not_found":
      return NOTHING;
    case "not_directory":
      // What the owner has here as a file is hidden: a mount stands below.
      if (part.mount === owner && part.path !== owner.base) return NOTHING;
  }
  return { ...NOTHING, failures: [{ path: part.path, message: error.message }] };
}
