/**
 * Rules about paths, compiled: which of them is the first that covers a path.
 *
 * @module
 */

import { expandBraces } from "./_braces.ts";
import { compileGlob, type GlobMatcher } from "./_glob.ts";
import { compileName, type NamePattern } from "./_glob_name.ts";
import type { PathRule } from "./_rules.ts";
import { LIMITS } from "./limits.ts";
import { nameOf, parentPath } from "./paths.ts";

const REMEMBERED = 4_096;

/**
 * Rules about paths in the order in which they were written.
 *
 * A rule for a directory is one for everything in it, and `/a/**` means the directory `/a` as well:
 * where everything below is covered, so is what holds it.
 */
export class PathRules {
  /** The rules. */
  readonly rules: readonly PathRule[];
  readonly #matchers: readonly GlobMatcher[];
  /** Rules by the last name of what they cover: few are looked at for any path. */
  readonly #byName = new Map<string, Target[]>();
  readonly #byPattern: (Target & { readonly name: NamePattern })[] = [];
  readonly #directories = new Map<string, number>();
  #everything = Infinity;

  /** @param rules The rules. */
  constructor(rules: readonly PathRule[]) {
    this.rules = rules;
    this.#matchers = rules.flatMap((rule, number) =>
      targetsOf(rule.pattern).flatMap((target) => this.#add(target, number))
    );
  }

  /** Patterns of all files that are covered, none with a plain comma or brace in it. */
  get patterns(): readonly string[] {
    if (this.#everything !== Infinity) return ["/**"];
    return this.#matchers.flatMap((matcher) => {
      const source = `/${matcher.below("/") ?? ""}`;
      return [source, `${source}/**`];
    });
  }

  /**
   * The first rule that covers a canonical path.
   *
   * @param path The path.
   */
  first(path: string): PathRule | undefined {
    return this.rules[this.#number(path)];
  }

  /**
   * Whether something below a directory may be covered. Where the directory itself is, the answer
   * is yes.
   *
   * @param directory A canonical path.
   */
  mayCoverBelow(directory: string): boolean {
    if (this.first(directory) !== undefined) return true;
    return this.#matchers.some((matcher) => matcher.mayContain(directory));
  }

  /**
   * Whether something in a directory may be covered by these rules and not by others. A `true` may
   * be wrong: what patterns have in common is not worked out.
   *
   * @param directory A canonical path that the others do not cover.
   * @param others The other rules.
   */
  reaches(directory: string, others: PathRules): boolean {
    return this.first(directory) !== undefined ||
      this.#matchers.some((matcher) =>
        matcher.mayContain(directory) &&
        others.first(literalOf(matcher) ?? matcher.base) === undefined
      );
  }

  #add(target: string, number: number): GlobMatcher[] {
    if (target === "/") {
      this.#everything = Math.min(this.#everything, number);
      return [];
    }
    const matcher = compileGlob(target, "/");
    const name = compileName(nameOf(target));
    // `**` and a name is every file of that name, wherever it is.
    const isAnywhere = parentPath(target) === "/**";
    const rule = { number, matcher: isAnywhere ? undefined : matcher };
    if (name.literal === null) {
      this.#byPattern.push({ ...rule, name });
    } else {
      const known = this.#byName.get(name.literal);
      if (known === undefined) this.#byName.set(name.literal, [rule]);
      else known.push(rule);
    }
    return [matcher];
  }

  /** The number of the first rule that covers a path; of a directory it is remembered. */
  #number(path: string): number {
    return path === "/"
      ? this.#everything
      : this.#ownNumber(path, this.#directory(parentPath(path)));
  }

  #directory(path: string): number {
    if (path === "/") return this.#everything;
    const known = this.#directories.get(path);
    if (known !== undefined) return known;
    const number = this.#ownNumber(path, this.#directory(parentPath(path)));
    if (this.#directories.size >= REMEMBERED) this.#directories.clear();
    this.#directories.set(path, number);
    return number;
  }

  /** The first rule that is for this very path, unless one of a lower number is found already. */
  #ownNumber(path: string, found: number): number {
    const name = nameOf(path);
    for (const { number, matcher } of this.#byName.get(name) ?? []) {
      if (number >= found) break;
      if (matcher?.matches(path) !== false) found = number;
    }
    for (const { number, matcher, name: pattern } of this.#byPattern) {
      if (number >= found) break;
      if (pattern.matches(name) && matcher?.matches(path) !== false) found = number;
    }
    return found;
  }
}

/** What one rule is for. */
interface Target {
  /** The rule's place among the others. */
  readonly number: number;
  /** Decides, where a name does not. */
  readonly matcher: GlobMatcher | undefined;
}

/**
 * The patterns of the topmost files and directories that a rule's pattern covers: what is in them is
 * covered with them. `/` stands for everything.
 */
function targetsOf(pattern: string): readonly string[] {
  const sources = expandBraces(pattern, {
    patterns: LIMITS.globAlternatives,
    characters: LIMITS.globCharacters,
  });
  if (sources === null) throw new SyntaxError(`Pattern '${pattern}' is too large`);
  return sources.map((source) => {
    // The same pattern without `.`, `..`, doubled slashes and needless escapes.
    const plain = compileGlob(source, "/").below("/") ?? "";
    return `/${plain.replace(/(?:^|\/)\*\*$/, "")}`;
  });
}

/** The one path that a pattern matches, if it is one. */
function literalOf(matcher: GlobMatcher): string | undefined {
  const source = matcher.below("/") ?? "";
  return /[\\*?[]/.test(source) ? undefined : `/${source}`;
}
