/**
 * Rules about commands, compiled: which of them is the first that a simple command falls under.
 *
 * A rule refuses what it may match, whatever is filled in when the command runs, and grants only what
 * it surely matches.
 *
 * @module
 */

import { baseName, isSystemProgram, type Word } from "./_command_words.ts";
import { compileName, type NamePattern } from "./_glob_name.ts";
import { alternativesOf, type CommandRule } from "./_rules.ts";

interface Compiled {
  readonly rule: CommandRule;
  readonly words: readonly (readonly NamePattern[])[];
  /** The program without the directory that it is in. */
  readonly names: readonly NamePattern[];
  /** Whether there is such a directory. */
  readonly hasDirectory: boolean;
}

/** Rules about commands in the order in which they were written. */
export class CommandRules {
  readonly #rules: readonly Compiled[];

  /** @param rules The rules. */
  constructor(rules: readonly CommandRule[]) {
    this.#rules = rules.map((rule) => ({
      rule,
      words: rule.words.map((word) => alternativesOf(word).map(compileName)),
      names: alternativesOf(rule.words[0] ?? "").map((each) => compileName(baseName(each))),
      hasDirectory: rule.words[0]?.includes("/") === true,
    }));
  }

  /** How many rules there are. */
  get size(): number {
    return this.#rules.length;
  }

  /** Whether one of them is for every command. */
  get coverEverything(): boolean {
    return this.#rules.some(({ rule }) => rule.open && rule.words.length === 0);
  }

  /** The first rule that may match a simple command. */
  mayMatch(words: readonly Word[]): CommandRule | undefined {
    return this.#rules.find((rule) => mayMatch(rule, words))?.rule;
  }

  /** The first rule that surely matches a simple command. */
  surelyMatch(words: readonly Word[]): CommandRule | undefined {
    return this.#rules.find((rule) => surelyMatches(rule, words))?.rule;
  }
}

/** All places in the rule where it may stand after the words so far. */
function mayMatch(compiled: Compiled, words: readonly Word[]): boolean {
  const { rule, words: patterns } = compiled;
  const end = patterns.length;
  let states = new Set([0]);
  for (const [index, word] of words.entries()) {
    const next = new Set<number>();
    for (const state of states) {
      if (state === end) {
        if (rule.open) return true;
        if (typeof word !== "string" && word.many) next.add(state);
      } else if (typeof word !== "string") {
        for (let at = word.many ? state : state + 1; at <= end; at++) {
          next.add(at);
          if (!word.many) break;
        }
      } else if (index === 0 ? mayBeProgram(compiled, word) : fits(patterns[state], word)) {
        next.add(state + 1);
      }
    }
    if (next.size === 0) return false;
    states = next;
  }
  return states.has(end);
}

function surelyMatches(compiled: Compiled, words: readonly Word[]): boolean {
  const { rule, words: patterns } = compiled;
  for (const [index, pattern] of patterns.entries()) {
    const word = words[index];
    if (word === undefined) return false;
    if (typeof word !== "string") {
      if (word.many || !pattern.some(({ source }) => source === "*")) return false;
    } else if (index === 0 ? !isProgram(compiled, word) : !fits(pattern, word)) {
      return false;
    }
  }
  return rule.open || words.length === patterns.length;
}

function fits(pattern: readonly NamePattern[] | undefined, word: string): boolean {
  return pattern !== undefined && pattern.some((each) => each.matches(word));
}

/** For a refusal any `git` is `git`, whatever directory it is in. */
function mayBeProgram(compiled: Compiled, program: string): boolean {
  const { words: [pattern], names, hasDirectory } = compiled;
  if (fits(pattern, program)) return true;
  // A path that is no other one's, unlike `x/git`, `/usr/../bin/git` and what is in two places.
  const isPlain = /^(?:\/(?!\.\.?(?:\/|$))[^/]+)+$/.test(program) && !isSystemProgram(program);
  return !(hasDirectory && isPlain) && fits(names, baseName(program));
}

/** For a permission `git` is the system's own. */
function isProgram({ words: [pattern], hasDirectory }: Compiled, program: string): boolean {
  if (hasDirectory || !program.includes("/")) return fits(pattern, program);
  return isSystemProgram(program) && fits(pattern, baseName(program));
}
