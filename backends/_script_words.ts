/**
 * Reads the words of a script for `sh`, and the commands that stand in them.
 *
 * @module
 */

import { MANY, ONE, type Word } from "./_command_words.ts";

/** How deep substitutions may stand in each other. */
const DEPTH = 50;

/** A script that is not understood from here on. */
export class UnclearScript extends Error {
  /** Whether it is only too deep, or too much, to be read on. */
  readonly isLimit: boolean;

  constructor(isLimit = false) {
    super("This script is not understood");
    this.isLimit = isLimit;
  }
}

/** What is shared by all that is read of one script. */
export interface ScriptBudget {
  /** Characters that may still be looked at, those that are looked at again included. */
  left: number;
}

/** A word as it is read. */
export interface ReadWord {
  readonly word: Word;
  /** What stands before the first quote or substitution in it, as it is. */
  readonly lead: string;
  /** Whether that is all of it, so that it may be a reserved word or an assignment. */
  readonly plain: boolean;
  /** Whether a part of it was quoted. */
  readonly quoted: boolean;
}

/** A word while it is read. */
class WordBuilder {
  text = "";
  unknown: Word | undefined;
  lead: string | undefined;
  quoted = false;

  add(part: Word): void {
    if (typeof part === "string") this.text += part;
    else if (this.unknown !== MANY) this.unknown = part;
  }

  /** From here on it is not what it looks like. */
  quote(): void {
    this.lead ??= this.text;
  }

  read(): ReadWord {
    const { text, unknown, lead, quoted } = this;
    return { word: unknown ?? text, lead: lead ?? text, plain: lead === undefined, quoted };
  }
}

/**
 * Reads words. What stands in a substitution is left to {@linkcode WordReader.list}.
 *
 * Shells do not agree about everything. What one of them may read in another way than this is told
 * with {@linkcode WordReader.hide}.
 */
export abstract class WordReader {
  protected readonly text: string;
  protected readonly budget: ScriptBudget;
  protected readonly depth: number;
  protected at = 0;
  #nested = 0;

  constructor(text: string, budget: ScriptBudget, depth: number) {
    this.text = text;
    this.budget = budget;
    this.depth = depth;
    if (depth > DEPTH) throw new UnclearScript(true);
  }

  /** Reads commands up to a closing parenthesis. */
  protected abstract list(): void;
  /** Reads a script that stands in this one. */
  protected abstract script(text: string): void;
  /** Reads what is no command for some shells, and a list of commands for others. */
  protected abstract otherwise(text: string): void;
  /** @returns Forgets what is found from now on. */
  protected abstract snapshot(): () => void;
  /** Notes that something cannot be looked into. */
  protected abstract hide(): void;

  /** The next character, a line that is continued being one with the next; empty at the end. */
  protected peek(): string {
    this.charge(1);
    while (this.text.startsWith("\\\n", this.at)) this.at += 2;
    return this.text.charAt(this.at);
  }

  /** Counts characters that are looked at. */
  protected charge(characters: number): void {
    this.budget.left -= characters;
    if (this.budget.left < 0) throw new UnclearScript(true);
  }

  /** Takes the next character if it is this one. */
  protected take(character: string): boolean {
    if (this.peek() !== character) return false;
    this.at++;
    return true;
  }

  /** Takes what must come next. */
  protected expect(character: string): void {
    if (!this.take(character)) throw new UnclearScript();
  }

  protected skipBlanks(): void {
    while (this.peek() === " " || this.peek() === "\t") this.at++;
  }

  /** Reads a word; one that has no character where there is none. */
  protected word(): ReadWord {
    const word = new WordBuilder();
    let brace = false;
    for (
      let next = this.peek();
      next !== "" && !" \t\n;&|()<>".includes(next);
      next = this.peek()
    ) {
      this.at++;
      switch (next) {
        case "'":
          word.quote();
          word.quoted = true;
          word.add(this.#raw("'"));
          break;
        case '"':
          word.quote();
          word.quoted = true;
          this.#quoted(word, '"');
          break;
        case "\\":
          word.quote();
          word.quoted = true;
          word.add(this.text.charAt(this.at++));
          break;
        case "$":
          word.quote();
          word.add(this.#dollar(false));
          break;
        case "`":
          word.quote();
          this.#backtick(false);
          word.add(MANY);
          break;
        case "[":
          // The command `[`.
          if (word.text !== "" || !" \t\n".includes(this.peek())) word.add(MANY);
          word.add(next);
          break;
        case "*":
        case "?":
          word.add(MANY);
          word.add(next);
          break;
        case "~":
          if (word.text === "") word.add(ONE);
          word.add(next);
          break;
        case "{":
          brace = true;
          word.add(next);
          break;
        case ",":
        case ".":
          if (brace && (next === "," || word.text.endsWith("."))) word.add(MANY);
          word.add(next);
          break;
        default:
          word.add(next);
      }
    }
    return word.read();
  }

  /** Text in which substitutions are made and quotes mean nothing: a here-document. */
  protected document(): Word {
    const word = new WordBuilder();
    this.#quoted(word, "");
    return word.read().word;
  }

  /** Text up to a character that nothing quotes. */
  #raw(end: string): string {
    const start = this.at;
    const found = this.text.indexOf(end, start);
    if (found === -1) throw new UnclearScript();
    this.at = found + 1;
    this.charge(found - start);
    return this.text.slice(start, found);
  }

  #quoted(word: WordBuilder, end: string): void {
    for (let next = this.peek(); next !== end; next = this.peek()) {
      if (next === "") throw new UnclearScript();
      this.at++;
      if (next === "\\") {
        const escaped = this.text.charAt(this.at++);
        word.add('$`\\"'.includes(escaped) && escaped !== "" ? escaped : `\\${escaped}`);
      } else if (next === "$") word.add(this.#dollar(true));
      else if (next === "`") {
        this.#backtick(true);
        word.add(ONE);
      } else word.add(next);
    }
    this.at += end.length;
  }

  /** What a `$` begins. */
  #dollar(quoted: boolean): Word {
    const next = this.peek();
    const unknown = quoted ? ONE : MANY;
    if (/[A-Za-z_]/.test(next)) {
      while (/\w/.test(this.peek())) this.at++;
      return unknown;
    }
    if (/[\d*@#?$!-]/.test(next)) {
      this.at++;
      return next === "@" ? MANY : unknown;
    }
    if (next === "{") {
      this.at++;
      return this.#braces(quoted);
    }
    if (next === "(") {
      this.at++;
      this.inDepth(() => this.take("(") ? this.arithmetic(false) : this.list());
      return unknown;
    }
    if (next === "[") {
      // Arithmetic for some, text for others.
      this.hide();
    } else if (next === "'" && !quoted) {
      this.at++;
      this.#ansi();
      return ONE;
    } else if (next === '"' && !quoted) {
      return "";
    }
    return "$";
  }

  /** `$'...'`: for some shells a backslash quotes the quote, for others it does not. */
  #ansi(): void {
    const start = this.at;
    for (; this.text.charAt(this.at) !== "'"; this.at++) {
      if (this.at >= this.text.length) throw new UnclearScript();
      if (this.text.charAt(this.at) !== "\\") continue;
      this.at++;
      if (this.text.charAt(this.at) === "'") this.hide();
    }
    this.charge(this.at++ - start);
  }

  /** `${...}`. */
  #braces(quoted: boolean): Word {
    const start = this.at;
    // A command in a newer Bash.
    if (/[\s|]/.test(this.peek())) this.hide();
    this.inDepth(() => {
      for (let next = this.peek(); next !== "}"; next = this.peek()) {
        if (next === "") throw new UnclearScript();
        this.at++;
        this.#inside(next, quoted);
      }
    });
    const source = this.text.slice(start, this.at++);
    // Its value is itself taken for a text with substitutions.
    if (source.endsWith("@P")) this.hide();
    return quoted && !/[@*]/.test(source) ? ONE : MANY;
  }

  /** What stands in braces or in arithmetic, where shells take quotes in different ways. */
  #inside(next: string, quoted: boolean): void {
    if (next === "\\") this.at++;
    else if (next === "$") this.#dollar(quoted);
    else if (next === "`") this.#backtick(quoted);
    else if (next === "'" && !quoted) this.#raw("'");
    else if (next === '"' && !quoted) this.#quoted(new WordBuilder(), '"');
    else if (next === "'" || next === '"') this.hide();
  }

  /**
   * What follows `((`. Where both are closed by what closes the first it is arithmetic, otherwise a
   * list of commands that begins with a subshell.
   *
   * @param isCommand Whether it is a command by itself, which other shells than Bash take for a list.
   */
  protected arithmetic(isCommand: boolean): void {
    const start = this.at;
    const nested = this.#nested;
    const forget = this.snapshot();
    const end = this.#arithmeticEnd();
    if (end !== undefined) {
      if (isCommand) this.otherwise(this.text.slice(start, end));
      return;
    }
    forget();
    this.#nested = nested;
    this.at = start;
    this.list();
    this.list();
  }

  /** Reads on behind two parentheses that close two others; where they stand, if they do. */
  #arithmeticEnd(): number | undefined {
    try {
      let open = 2;
      for (let next = this.peek(); open > 1; next = this.peek()) {
        if (next === "") return undefined;
        this.at++;
        if (next === "(") open++;
        else if (next === ")") open--;
        else this.#inside(next, true);
      }
      const end = this.at - 1;
      return this.take(")") ? end : undefined;
    } catch (error) {
      if (error instanceof UnclearScript && !error.isLimit) return undefined;
      throw error;
    }
  }

  #backtick(quoted: boolean): void {
    const start = this.at;
    for (; this.text.charAt(this.at) !== "`"; this.at++) {
      if (this.at >= this.text.length) throw new UnclearScript();
      if (this.text.charAt(this.at) === "\\") this.at++;
    }
    const source = this.text.slice(start, this.at++);
    this.charge(source.length);
    this.script(source.replace(quoted ? /\\([\\`$"])/g : /\\([\\`$])/g, "$1"));
  }

  /** Reads what stands in something else. */
  protected inDepth(read: () => void): void {
    if (++this.#nested + this.depth > DEPTH) throw new UnclearScript(true);
    read();
    this.#nested--;
  }
}
