/**
 * The simple commands that a command comes to, those that it has others run included: what rules of
 * `execute` are held against.
 *
 * What a script in a file does, or a program in a language of its own (`python x.py`, `awk`, `make`),
 * is not seen here.
 *
 * @module
 */

import { baseName, isSystemProgram, MANY, type Word } from "./_command_words.ts";
import { findCommands } from "./_script.ts";
import { changesMeanings, type Finding } from "./_script_findings.ts";
import { RUNNERS, WRAPPERS } from "./_wrappers.ts";
import { SHELL_LIMITS } from "./shells/shell.ts";

/** How deep scripts may stand in scripts. */
const DEPTH = 10;
/** How many words of commands are looked at: far more than anybody writes. */
const WORDS = 500_000;
/** How many commands are found at most. */
const COMMANDS = 10_000;

/** How many arguments are looked at where any of them may begin a command. */
const ARGUMENTS = 500;

/** A simple command that may be run. */
export interface SimpleCommand {
  readonly words: readonly Word[];
  /**
   * `refuse`: rules may refuse it or ask about it, and nothing depends on its being allowed; `grant`:
   * the other way round.
   */
  readonly use: "both" | "refuse" | "grant";
  /** Why it is not known, if it is not: a clause. */
  readonly why?: string | undefined;
}

/**
 * Finds the simple commands of a command.
 *
 * @param command A script for `sh`, or a program with its arguments.
 * @param env The variables that it is given.
 * @returns The commands, those that cannot be told among them.
 */
export function simpleCommands(
  command: string | readonly string[],
  env: Readonly<Record<string, string>>,
): readonly SimpleCommand[] {
  const finder = new Finder();
  for (const variable of Object.keys(env)) {
    finder.add({ type: "environment", variable }, 0, "both");
  }
  if (typeof command === "string") finder.script(command, 0, "both");
  else finder.command(command, { input: undefined, depth: 0, use: "both" });
  return finder.found;
}

class Finder {
  readonly found: SimpleCommand[] = [];
  #words = WORDS;

  script(script: string, depth: number, use: SimpleCommand["use"]): void {
    if (depth > DEPTH || script.length > SHELL_LIMITS.commandCharacters) {
      return this.#unknown(TOO_MUCH, use);
    }
    for (const finding of findCommands(script)) this.add(finding, depth, use);
  }

  add(finding: Finding, depth: number, use: SimpleCommand["use"]): void {
    switch (finding.type) {
      case "command":
        return this.command(finding.words, { input: finding.input, depth, use });
      case "unknown":
        return this.#unknown(finding.why, use);
      case "environment":
        return this.#sets(finding.variable, use);
    }
  }

  command(words: readonly Word[], at: Standing): void {
    const { input, depth, use } = at;
    this.#words -= words.length;
    if (this.#words < 0 || this.found.length >= COMMANDS) {
      return this.#unknown(TOO_MUCH, "both");
    }
    const [program] = words;
    if (typeof program !== "string") {
      return this.#unknown("the name of a program is not written out", use);
    }
    const name = baseName(program);
    const wrapper = WRAPPERS.get(name);
    const inner = wrapper === undefined ? [] : wrapper.inner(words);
    const isSeenThrough = wrapper?.transparent === true && isSystemProgram(program) &&
      inner !== undefined && inner.length > 0;
    const own = isSeenThrough && use === "both" ? "refuse" : use;
    this.found.push({ words, use: own });
    this.#checkWords(name, words, use);
    if (RUNNERS.has(name) && at.isArgument !== true) this.#anyOf(words, depth);
    if (inner === undefined) this.#unknown(`what '${name}' runs is not written out`, use);
    for (const each of inner ?? []) {
      if (each.type === "command") {
        this.command(each.words, { ...at, input: undefined, depth: depth + 1 });
        continue;
      }
      const text = each.type === "script" ? each.text : input;
      if (typeof text === "string") this.script(text, depth + 1, use);
      else this.#unknown(`what '${name}' runs is not written out`, use);
    }
  }

  #checkWords(name: string, words: readonly Word[], use: SimpleCommand["use"]): void {
    for (const word of words) {
      if (typeof word !== "string") continue;
      const variable = /^(\w+)\+?=/.exec(word)?.[1];
      if (variable !== undefined && DECLARES.test(name)) this.#sets(variable, use);
      if (EVALUATES.test(name) && /\[.*(?:\$\(|`)/s.test(word)) {
        this.#unknown(`what '${name}' evaluates may run commands`, use);
      }
    }
  }

  /** A refusal goes by names; permission by what they stand for. */
  #sets(variable: string, use: SimpleCommand["use"]): void {
    if (changesMeanings(variable) && use !== "refuse") {
      this.#unknown(`it sets '${variable}'`, "grant");
    }
  }

  /** Where any argument may begin a command, or be one. */
  #anyOf(words: readonly Word[], depth: number): void {
    if (words.length > ARGUMENTS) return this.#unknown(TOO_MUCH, "refuse");
    for (const [index, word] of words.entries()) {
      if (index === 0) continue;
      if (typeof word !== "string") this.#unknown("an argument is not written out", "refuse");
      else if (/\s/.test(word)) this.script(word, depth + 1, "refuse");
      else if (!word.startsWith("-")) {
        const rest = words.slice(index);
        this.command(rest, { input: undefined, depth, use: "refuse", isArgument: true });
      }
    }
  }

  #unknown(why: string, use: SimpleCommand["use"]): void {
    if (this.found.length < 2 * COMMANDS) this.found.push({ words: [MANY], use, why });
  }
}

const TOO_MUCH = "it is too long, or commands stand in commands too deeply";

/** Where a command stands. */
interface Standing {
  /** What it reads from its standard input, if that is known. */
  readonly input: Word | undefined;
  readonly depth: number;
  readonly use: SimpleCommand["use"];
  /** Whether it is what follows an argument of another command, all of which are looked at. */
  readonly isArgument?: boolean;
}

/** Commands whose arguments are assignments. */
const DECLARES = /^(?:export|declare|typeset|readonly|local|env|sudo|doas)$/;

/** Commands that take names of variables, in which Bash runs what stands in `$(...)`. */
const EVALUATES =
  /^(?:printf|read|unset|declare|typeset|local|export|readonly|let|test|\[|wait|getopts)$/;
