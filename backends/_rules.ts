/**
 * Rules: what may not be done with which paths.
 *
 * @module
 */

import { compileGlob, type GlobMatcher } from "./_glob.ts";
import { BackendError } from "./errors.ts";
import { parentPath } from "./paths.ts";

/** A rule, parsed. */
export interface Rule {
  /** The rule as it was written. */
  readonly text: string;
  /** What is denied. What may not be read may not be changed either. */
  readonly verb: "read" | "write";
  /** Which paths, as an absolute pattern; with a directory everything in it is meant. */
  readonly pattern: string;
}

/** Verbs that a rule will know one day. */
const LATER: ReadonlySet<string> = new Set(["execute", "allow", "ask", "deny"]);

/**
 * Parses a rule.
 *
 * @param text `read` or `write`, a space, and a pattern that is absolute or relative to `/`.
 * @returns The rule.
 * @throws {SyntaxError} With a sentence, if it is no rule.
 */
export function parseRule(text: string): Rule {
  const [verb = "", ...rest] = text.split(" ");
  const source = rest.join(" ");
  if (LATER.has(verb)) {
    throw new SyntaxError(`Rule '${text}' uses '${verb}', which is not supported yet`);
  }
  if (verb !== "read" && verb !== "write") {
    throw new SyntaxError(
      `Rule '${text}' must begin with 'read' or 'write' and a space, as in 'read **/.env*'`,
    );
  }
  if (source === "" || source !== source.trim()) {
    throw new SyntaxError(
      `Rule '${text}' must have one space and then a pattern, as in '${verb} **/.env*'`,
    );
  }
  const pattern = source.startsWith("/") ? source : `/${source}`;
  try {
    for (const each of patternsOf(pattern)) compileGlob(each, "/");
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    throw new SyntaxError(`Rule '${text}' has no usable pattern: ${error.message}`, {
      cause: error,
    });
  }
  return { text, verb, pattern };
}

/** A rule's pattern, and the one for what is in the directories that it matches. */
function patternsOf(pattern: string): readonly string[] {
  return [pattern, `${pattern}/**`];
}

/** Rules, compiled. */
export class RuleSet {
  readonly #rules: readonly (Rule & { readonly matcher: GlobMatcher })[];
  /** The patterns of the files that may not be read. */
  readonly unreadable: readonly string[];

  /** @throws {SyntaxError} If a text is no rule. */
  constructor(texts: readonly string[]) {
    this.#rules = texts.map((text) => {
      const rule = parseRule(text);
      return { ...rule, matcher: compileGlob(rule.pattern, "/") };
    });
    this.unreadable = this.#rules.filter(({ verb }) => verb === "read")
      .flatMap(({ pattern }) => patternsOf(pattern));
  }

  /** The first rule that denies reading a canonical path. */
  againstReading(path: string): Rule | undefined {
    return this.#rules.find(({ verb, matcher }) => verb === "read" && covers(matcher, path));
  }

  /** The first rule that denies changing a canonical path. */
  againstWriting(path: string): Rule | undefined {
    return this.#rules.find(({ matcher }) => covers(matcher, path));
  }
}

/**
 * What is in a directory is denied with it, and a directory of which nothing may be touched is itself
 * not to be touched.
 */
function covers(matcher: GlobMatcher, path: string): boolean {
  if (coversAll(matcher.below(path))) return true;
  for (let at = path;; at = parentPath(at)) {
    if (matcher.matches(at)) return true;
    if (at === "/") return false;
  }
}

/** Whether a pattern, or one of its alternatives, is everything below. */
function coversAll(pattern: string | null): boolean {
  if (pattern === null) return false;
  return pattern === "**" || /(?<=^\{|,)\*\*(?=[,}])/.test(pattern);
}
