/**
 * Rules as they are written: a verb, a space, and what it is about.
 *
 * @module
 */

import { expandBraces } from "./_braces.ts";
import { compileGlob } from "./_glob.ts";
import { compileName } from "./_glob_name.ts";
import { BackendError } from "./errors.ts";
import { LIMITS } from "./limits.ts";

/** A rule about paths, parsed. */
export interface PathRule {
  /** The rule as it was written. */
  readonly text: string;
  /** What is done. What may not be read may not be changed either. */
  readonly verb: "read" | "write";
  /** Which paths, as an absolute pattern; with a directory everything in it is meant. */
  readonly pattern: string;
}

/** A rule about commands, parsed. */
export interface CommandRule {
  /** The rule as it was written. */
  readonly text: string;
  readonly verb: "execute";
  /** The patterns of the command's words. */
  readonly words: readonly string[];
  /** Whether it ended in a `*` of its own: any further words, or none. */
  readonly open: boolean;
}

/** A rule, parsed. */
export type Rule = PathRule | CommandRule;

/** The names of the lists that rules stand in: a rule does not repeat them. */
const LISTS: ReadonlySet<string> = new Set(["allow", "ask", "deny"]);

/**
 * Parses a rule.
 *
 * `read` and `write` are followed by a pattern of paths, absolute or relative to `/`. `execute` is
 * followed by the words of a command, each a pattern in which `*` stands for any characters, slashes
 * too; a `*` of its own at the end stands for any further words, or none.
 *
 * @param text The rule.
 * @returns What it says.
 * @throws {SyntaxError} With a sentence, if it is no rule.
 */
export function parseRule(text: string): Rule {
  const [verb = "", ...rest] = text.split(" ");
  const source = rest.join(" ");
  if (LISTS.has(verb)) {
    throw new SyntaxError(
      `Rule '${text}' must begin with 'read', 'write' or 'execute': ` +
        `that it is one of '${verb}' is said by the list that it stands in`,
    );
  }
  if (verb !== "read" && verb !== "write" && verb !== "execute") {
    throw new SyntaxError(
      `Rule '${text}' must begin with 'read', 'write' or 'execute' and a space, ` +
        "as in 'read **/.env*'",
    );
  }
  if (source === "" || source !== source.trim()) {
    const [what, example] = verb === "execute"
      ? ["a command", "git push *"]
      : ["a pattern", "**/.env*"];
    throw new SyntaxError(
      `Rule '${text}' must have one space and then ${what}, as in '${verb} ${example}'`,
    );
  }
  return verb === "execute" ? commandRule(text, source) : pathRule(text, verb, source);
}

function pathRule(text: string, verb: PathRule["verb"], source: string): PathRule {
  const pattern = source.startsWith("/") ? source : `/${source}`;
  try {
    // The second one is for what is in the directories that it matches.
    for (const each of [pattern, `${pattern}/**`]) compileGlob(each, "/");
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    throw new SyntaxError(`Rule '${text}' has no usable pattern: ${error.message}`, {
      cause: error,
    });
  }
  return { text, verb, pattern };
}

function commandRule(text: string, source: string): CommandRule {
  if (/[\0\n\r\t]/.test(source) || !source.isWellFormed()) {
    throw new SyntaxError(
      `Rule '${text}' must be one line: words with spaces between them, ` +
        "with '?' for a character that cannot be written",
    );
  }
  const words = source.split(/ +/);
  const open = words.at(-1) === "*";
  if (open) words.pop();
  try {
    for (const word of words) for (const each of alternativesOf(word)) compileName(each);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new SyntaxError(`Rule '${text}' has no usable pattern: ${error.message}`, {
      cause: error,
    });
  }
  return { text, verb: "execute", words, open };
}

/**
 * The patterns that the braces in a word of a command stand for.
 *
 * @throws {SyntaxError} If they are too many.
 */
export function alternativesOf(word: string): readonly string[] {
  const limits = { patterns: LIMITS.globAlternatives, characters: LIMITS.globCharacters };
  const expanded = word.length > limits.characters ? null : expandBraces(word, limits);
  if (expanded !== null) return expanded;
  throw new SyntaxError(
    `a word of it is too large: at most ${limits.patterns} alternatives and ` +
      `${limits.characters} characters are allowed`,
  );
}
