/**
 * The one glob dialect of all backends.
 *
 * | pattern | matches |
 * | --- | --- |
 * | `*` | any number of characters of one name, a leading dot included |
 * | `?` | one character of a name |
 * | `[abc]`, `[a-z]`, `[!a-z]` | one character that is, or is not, in the set |
 * | `**` | as a whole component, any number of directories; at the end, everything below |
 * | `{a,b}` | either; braces nest and may hold slashes |
 * | `\` | the next character, meant plainly |
 *
 * Everything else is itself, case and all: `(group)`, `!`, `+`, `@`, and a bracket or brace without
 * its partner. A component is matched without backtracking and braces are counted before they are
 * expanded, so that no pattern makes a search hang.
 *
 * @module
 */

import { expandBraces } from "./_braces.ts";
import { compileName, type NamePattern } from "./_glob_name.ts";
import { BackendError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { isWithin, nameOf, parentPath } from "./paths.ts";

/** `**` as a whole component. */
const GLOBSTAR = "**";
const DIRECTORIES_REMEMBERED = 1_024;

/** A component of a pattern. */
type Segment = NamePattern | typeof GLOBSTAR;

/** One pattern after the braces are expanded. */
type Alternative = readonly Segment[];

/** An alternative that may match below some directory, and the components it may go on from. */
interface Progress {
  readonly alternative: Alternative;
  readonly states: readonly number[];
}

/**
 * Compiles a pattern.
 *
 * @param pattern The pattern, relative to `path` or absolute.
 * @param path The canonical path of the directory that the search is confined to.
 * @returns What matches it.
 * @throws {BackendError} `invalid_pattern`, with `path`, if the pattern cannot be understood, is too
 * large, or leaves `path` or the root with `..`.
 */
export function compileGlob(pattern: string, path: string): GlobMatcher {
  const fail = (why: string) =>
    new BackendError("invalid_pattern", path, `Pattern ${show(pattern)} cannot be used: ${why}`);
  if (pattern === "") throw fail("it is empty: use '**' for all files");
  if (pattern.includes("\0")) throw fail("it has a NUL character in it");
  if (!pattern.isWellFormed()) throw fail("it has half a surrogate pair in it");
  const expanded = pattern.length > LIMITS.globCharacters ? null : expandBraces(pattern, {
    patterns: LIMITS.globAlternatives,
    characters: LIMITS.globCharacters,
  });
  if (expanded === null) {
    throw fail(
      `it is too large: at most ${LIMITS.globAlternatives} alternatives and ` +
        `${LIMITS.globCharacters} characters are allowed`,
    );
  }
  const base = segmentsOf(path).map(compileLiteral);
  try {
    return new GlobMatcher(expanded.map((source) => compileAlternative(source, base)), path);
  } catch (error) {
    if (error instanceof SyntaxError) throw fail(error.message);
    throw error;
  }
}

function show(pattern: string): string {
  const shown = pattern.length <= 200 ? pattern : `${pattern.slice(0, 200)}…`;
  return `'${shown.toWellFormed().replaceAll("\0", "\\0")}'`;
}

function segmentsOf(path: string): string[] {
  return path === "/" ? [] : path.slice(1).split("/");
}

function compileLiteral(name: string): NamePattern {
  return compileName(name.replace(/[\\*?[]/g, "\\$&"));
}

function compileAlternative(source: string, base: readonly NamePattern[]): Alternative {
  if (/(?<!\\)(?:\\\\)*\{-?\w+\.\.-?\w+\}/.test(source)) {
    throw new SyntaxError("ranges such as '{1..3}' are not known: write '{1,2,3}'");
  }
  const absolute = source.startsWith("/");
  const segments: Segment[] = absolute ? [] : [...base];
  const floor = segments.length;
  const parts = source.split("/");
  for (const [index, part] of parts.entries()) {
    // A quoted slash is a slash: no name has one.
    const quotesSlash = index < parts.length - 1 && /(?<!\\)(?:\\\\)*\\$/.test(part);
    addSegment(segments, floor, quotesSlash ? part.slice(0, -1) : part);
  }
  return segments;
}

function addSegment(segments: Segment[], floor: number, source: string): void {
  if (source === GLOBSTAR) {
    if (segments.at(-1) !== GLOBSTAR) segments.push(GLOBSTAR);
    return;
  }
  const segment = compileName(source);
  if (segment.literal === "" || segment.literal === ".") return;
  if (segment.literal !== "..") {
    segments.push(segment);
  } else if (segments.length === floor) {
    throw new SyntaxError("'..' leaves the directory that is searched: set its path instead");
  } else if (segments.pop() === GLOBSTAR) {
    throw new SyntaxError("'..' cannot follow '**'");
  }
}

/** Tells which paths a pattern matches, and where a walk need not go. */
export class GlobMatcher {
  /**
   * The deepest directory that holds everything the pattern can match: where a walk starts. It is
   * within the path of the search, and it need not exist.
   */
  readonly base: string;
  readonly #path: string;
  readonly #start: readonly Progress[];
  readonly #remembered = new Map<string, readonly Progress[]>();

  /**
   * @param alternatives The patterns, any of which may match.
   * @param path The canonical path that matches are confined to.
   */
  constructor(alternatives: readonly Alternative[], path: string) {
    this.#path = path;
    this.#start = alternatives.map((alternative) => ({
      alternative,
      states: close(alternative, new Set([0])),
    }));
    this.base = commonBase(alternatives, path);
  }

  /**
   * Whether the pattern matches a file.
   *
   * @param path Its canonical path.
   * @returns Whether it does; never outside the path of the search.
   */
  matches(path: string): boolean {
    if (path === "/" || !isWithin(path, this.#path)) return false;
    const name = nameOf(path);
    return this.#progress(parentPath(path)).some(({ alternative, states }) =>
      states.some((state) => state === finalState(alternative) && fits(alternative, state, name))
    );
  }

  /**
   * Whether a walk should look into a directory.
   *
   * @param directory Its canonical path.
   * @returns Whether something at any depth below it may match.
   */
  mayContain(directory: string): boolean {
    if (!isWithin(directory, this.#path)) return isWithin(this.#path, directory);
    return this.#progress(directory).length > 0;
  }

  /**
   * The pattern for the tree below a directory, as that tree sees it: what a composite asks a mount.
   *
   * @param directory The canonical path of the directory.
   * @returns A relative pattern that matches below the directory what this one matches there, or
   * `null` if nothing can match. It is not confined to the path of the search.
   */
  below(directory: string): string | null {
    const sources = new Set<string>();
    for (const { alternative, states } of this.#progress(directory)) {
      for (const state of states) {
        // `**` may match no directory at all: it stands for what follows it.
        if (state > 0 && alternative[state - 1] === GLOBSTAR && states.includes(state - 1)) {
          continue;
        }
        sources.add(alternative.slice(state).map(writeSegment).join("/"));
      }
    }
    if (sources.size === 0) return null;
    const [first = "", ...others] = sources;
    return others.length === 0 ? first : `{${[first, ...others].join(",")}}`;
  }

  #progress(directory: string): readonly Progress[] {
    if (directory === "/") return this.#start;
    const known = this.#remembered.get(directory);
    if (known !== undefined) return known;
    const name = nameOf(directory);
    const progress: Progress[] = [];
    for (const { alternative, states } of this.#progress(parentPath(directory))) {
      const next = advance(alternative, states, name);
      if (next.length > 0) progress.push({ alternative, states: next });
    }
    if (this.#remembered.size >= DIRECTORIES_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(directory, progress);
    return progress;
  }
}

/** The state before the last component: where the name of a file has to fit. */
function finalState(alternative: Alternative): number {
  return alternative.length - 1;
}

function fits(alternative: Alternative, state: number, name: string): boolean {
  const segment = alternative[state];
  if (segment === undefined) return false;
  return segment === GLOBSTAR || segment.matches(name);
}

/** The states after a directory's name; only those from which something can still follow. */
function advance(alternative: Alternative, states: readonly number[], name: string): number[] {
  const next = new Set<number>();
  for (const state of states) {
    if (alternative[state] === GLOBSTAR) {
      next.add(state);
    } else if (fits(alternative, state, name)) {
      next.add(state + 1);
    }
  }
  return close(alternative, next);
}

/** Adds what follows a `**`, which may match no directory. */
function close(alternative: Alternative, states: Set<number>): number[] {
  for (const state of states) {
    if (alternative[state] === GLOBSTAR) states.add(state + 1);
  }
  return [...states].filter((state) => state < alternative.length).sort((a, b) => a - b);
}

function writeSegment(segment: Segment): string {
  return segment === GLOBSTAR ? GLOBSTAR : segment.source;
}

function commonBase(alternatives: readonly Alternative[], path: string): string {
  const root = segmentsOf(path);
  let common: readonly string[] | null = null;
  for (const alternative of alternatives) {
    const fixed = fixedDirectory(alternative);
    const shared = sharedStart(fixed, root);
    if (shared.length < Math.min(fixed.length, root.length)) continue;
    const within: readonly string[] = fixed.length < root.length ? root : fixed;
    common = common === null ? within : sharedStart(common, within);
  }
  return common === null ? path : `/${common.join("/")}`;
}

function fixedDirectory(alternative: Alternative): string[] {
  const names: string[] = [];
  for (const segment of alternative.slice(0, -1)) {
    if (segment === GLOBSTAR || segment.literal === null) break;
    names.push(segment.literal);
  }
  return names;
}

function sharedStart(a: readonly string[], b: readonly string[]): string[] {
  const end = a.findIndex((name, index) => name !== b[index]);
  return a.slice(0, end === -1 ? a.length : end);
}
