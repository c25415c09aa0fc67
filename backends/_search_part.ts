/**
 * The part that one mount has in a search: what it finds, less what cannot be seen through it.
 *
 * @module
 */

import type { GlobMatcher } from "./_glob.ts";
import { outerFailure } from "./_mount_names.ts";
import type { MountPoint, MountTable } from "./_mounts.ts";
import { BackendError } from "./errors.ts";
import { isWithin, parentPath } from "./paths.ts";
import type { OperationOptions, SearchFailure } from "./protocol.ts";

/** What both kinds of search answer. */
export interface Found<T> {
  /** Files or lines. */
  readonly items: readonly T[];
  readonly truncated: boolean;
  readonly filesSearched: number;
  readonly filesSkipped: number;
  readonly failures: readonly SearchFailure[];
}

/** The answer of a search that had nothing to look at. */
export const NOTHING: Found<never> = {
  items: [],
  truncated: false,
  filesSearched: 0,
  filesSkipped: 0,
  failures: [],
};

/** One search, of either kind. */
export interface Search<T> {
  readonly table: MountTable;
  /** The canonical outer path that it is confined to. */
  readonly path: string;
  /** The pattern as the caller wrote it. */
  readonly pattern: string | undefined;
  /** The pattern, compiled. */
  readonly matcher: GlobMatcher | undefined;
  readonly limit: number;
  /** The caller's, for their signal. */
  readonly options: OperationOptions;
  /** `grep` counts files and takes a file for its path; `glob` does neither. */
  readonly kind: "glob" | "grep";
  /** Asks a mount's backend, in inner paths. */
  ask(
    mount: MountPoint,
    path: string,
    pattern: string | undefined,
    limit: number,
  ): Promise<Found<T>>;
  /** Throws if what is looked for is not well formed: no backend may be there to say so. */
  check(): Promise<void>;
  /** An item under its outer path. */
  rename(mount: MountPoint, item: T): T;
}

/** What one mount is asked for. */
export interface Part {
  readonly mount: MountPoint;
  /** Where it begins, outside. */
  readonly path: string;
  /** Where it begins, inside. */
  readonly inner: string;
  /** What to look for, relative to where it begins. */
  readonly pattern: string | undefined;
  /** Whether other mounts stand below where it begins. */
  readonly nested: boolean;
}

/**
 * Searches one part.
 *
 * @param search The whole search.
 * @param part The part.
 * @param earlier The parts of routes written before: what they find is found under their names.
 */
export async function searchPart<T extends { readonly path: string }>(
  search: Search<T>,
  part: Part,
  earlier: readonly Part[],
): Promise<Found<T>> {
  const { mount, inner, pattern } = part;
  const twins = earlier.filter((other) => other.mount.backend === mount.backend);
  if (twins.some((twin) => covers(twin, part, search.matcher !== undefined))) return NOTHING;
  const seen = (path: string) => isSeen(search, part, twins, path);
  // Where files may go unseen, one item more than wanted is asked for, so that they decide nothing.
  const limit = part.nested || twins.length > 0 ? search.limit + 1 : search.limit;
  let most = limit;
  let found = await search.ask(mount, inner, pattern, most);
  let items = found.items.filter((item) => seen(item.path));
  while (found.truncated && items.length < limit) {
    most = most > Number.MAX_SAFE_INTEGER / 16 ? Infinity : most * 8;
    found = await search.ask(mount, inner, pattern, most);
    items = found.items.filter((item) => seen(item.path));
  }
  const unseen = search.kind === "grep" && !found.truncated
    ? await countUnseen(search, part, twins)
    : NOTHING;
  return {
    items: items.slice(0, search.limit).map((item) => search.rename(mount, item)),
    truncated: limit === search.limit ? found.truncated : items.length > search.limit,
    filesSearched: found.filesSearched - unseen.filesSearched,
    filesSkipped: found.filesSkipped - unseen.filesSkipped,
    failures: found.failures
      .filter((failure) => search.table.find(mount.outer(failure.path)) === mount)
      .map((failure) => outerFailure(mount, failure)),
  };
}

/** Whether everything in a part is found by one before it, under another name. */
function covers(twin: Part, part: Part, patterned: boolean): boolean {
  if (twin.nested) return false;
  if (!patterned) return isWithin(part.inner, twin.inner);
  return part.inner === twin.inner && part.pattern === twin.pattern;
}

function isSeen<T>(search: Search<T>, part: Part, twins: readonly Part[], inner: string): boolean {
  const { table, matcher } = search;
  if (!leadsTo(table, part.mount, inner)) return false;
  return !twins.some((twin) =>
    isWithin(inner, twin.inner) && leadsTo(table, twin.mount, inner) &&
    (matcher?.matches(twin.mount.outer(inner)) ?? true)
  );
}

/** Whether the outer name of a file is that file, and not what another mount has there. */
function leadsTo(table: MountTable, mount: MountPoint, inner: string): boolean {
  const path = mount.outer(inner);
  return table.find(path) === mount && table.directory(path) === undefined;
}

/** How many of the files that the backend searched cannot be seen in this part. */
async function countUnseen<T>(
  search: Search<T>,
  part: Part,
  twins: readonly Part[],
): Promise<Pick<Found<T>, "filesSearched" | "filesSkipped">> {
  const { mount, path, inner } = part;
  const places = search.table.below(path).map((point) => mount.inner(point.base));
  if (search.matcher === undefined) {
    for (const twin of twins) {
      if (!twin.nested && isWithin(twin.inner, inner)) places.push(twin.inner);
    }
  }
  const outermost = [...new Set(places)].filter((place, _, all) =>
    !all.some((other) => other !== place && isWithin(place, other))
  );
  const hidden = new Map<string, boolean>();
  for (const place of await Promise.all(outermost.map((place) => findHidden(part, place)))) {
    if (place !== undefined) hidden.set(place.path, place.isFile);
  }
  let [filesSearched, filesSkipped] = [0, 0];
  for (const [path, isFile] of hidden) {
    const found = await searchHidden(search, mount, path, isFile);
    filesSearched += found.filesSearched;
    filesSkipped += found.filesSkipped;
  }
  return { filesSearched, filesSkipped };
}

/** What a mount hides: what is at its place, or a file on the way there; mostly nothing. */
async function findHidden(
  { mount, inner }: Part,
  place: string,
): Promise<{ readonly path: string; readonly isFile: boolean } | undefined> {
  const way = [place];
  for (let up = parentPath(place); up !== inner && up !== "/"; up = parentPath(up)) way.unshift(up);
  for (const path of way) {
    try {
      const { type } = await mount.backend.stat(path);
      if (type === "other") return undefined;
      if (type === "file") return { path, isFile: true };
      if (path === place) return { path, isFile: false };
    } catch (error) {
      // What is refused was not searched either.
      const isNone = error instanceof BackendError &&
        (error.code === "not_found" || error.code === "denied");
      if (isNone) return undefined;
      throw error;
    }
  }
  return undefined;
}

async function searchHidden<T>(
  { matcher, ask }: Search<T>,
  mount: MountPoint,
  path: string,
  isFile: boolean,
): Promise<Found<T>> {
  const outer = mount.outer(path);
  if (isFile && matcher?.matches(outer) === false) return NOTHING;
  const pattern = isFile ? undefined : matcher?.below(outer);
  return pattern === null ? NOTHING : await ask(mount, path, pattern, Infinity);
}
