/**
 * Reads what commands of a script for `sh` stand in: loops, branches, conditions and functions.
 *
 * Of most of them only the words matter after which a command begins: whether a `fi` belongs to an
 * `if` is left to the shell.
 *
 * @module
 */

import { type ReadWord, UnclearScript, WordReader } from "./_script_words.ts";

/** Words after which a command begins, and those that stand alone. */
const RESERVED: ReadonlySet<string> = new Set(
  "if then else elif fi do done while until ! { }".split(" "),
);

/** Reads what commands stand in. What a command is by itself is left to those who extend it. */
export abstract class CompoundReader extends WordReader {
  /**
   * Reads commands up to a parenthesis, the end of a branch of `case`, or the end.
   *
   * @returns Whether, of a `case`, it was the last branch.
   */
  protected abstract commands(end: ")" | "esac" | ""): boolean;
  /** Takes the end of a line, and the here-documents that begin after it. */
  protected abstract endLine(): void;

  /** Blanks, comments and ends of lines. */
  protected skipSpace(): void {
    while (true) {
      const next = this.peek();
      if (next === "#") this.skipComment();
      else if (next === "\n") this.endLine();
      else if (next === " " || next === "\t") this.at++;
      else return;
    }
  }

  protected skipComment(): void {
    const end = this.text.indexOf("\n", this.at);
    const start = this.at;
    this.at = end === -1 ? this.text.length : end;
    this.charge(this.at - start);
  }

  /** A word where there must be one. */
  protected required(): ReadWord {
    const start = this.at;
    const read = this.word();
    if (this.at === start) throw new UnclearScript();
    return read;
  }

  /** `()` after the name of a function. */
  protected parentheses(): void {
    this.expect("(");
    this.skipBlanks();
    this.expect(")");
  }

  /** What begins with a reserved word; `undefined` where the word is none. */
  protected larger(word: string, inCase: boolean): boolean | undefined {
    if (RESERVED.has(word)) return false;
    switch (word) {
      case "esac":
        if (inCase) return true;
        throw new UnclearScript();
      case "time":
        this.skipBlanks();
        // With options it may be the program.
        return this.peek() === "-" ? undefined : false;
      case "for":
      case "select":
        this.#loop();
        return false;
      case "case":
        this.inDepth(() => this.#case());
        return false;
      case "function":
        this.skipBlanks();
        this.required();
        this.skipBlanks();
        if (this.peek() === "(") this.parentheses();
        return false;
      case "[[":
        this.#condition();
        return false;
    }
    return undefined;
  }

  #loop(): void {
    this.skipBlanks();
    if (this.take("(")) {
      this.expect("(");
      this.inDepth(() => this.arithmetic(true));
      return;
    }
    this.required();
    this.skipSpace();
    const start = this.at;
    const { lead, plain } = this.word();
    if (!plain || lead !== "in") {
      this.at = start;
      return;
    }
    for (this.skipBlanks(); !this.#isEnd(); this.skipBlanks()) this.required();
  }

  #isEnd(): boolean {
    const next = this.peek();
    return next === "" || "\n;&|#".includes(next);
  }

  #case(): void {
    this.skipBlanks();
    this.required();
    this.skipSpace();
    if (this.required().lead !== "in") throw new UnclearScript();
    while (true) {
      this.skipSpace();
      if (!this.take("(")) {
        const start = this.at;
        const { lead, plain } = this.word();
        if (plain && lead === "esac") return;
        this.at = start;
      }
      do {
        this.skipBlanks();
        this.word();
        this.skipBlanks();
      } while (this.take("|"));
      this.expect(")");
      if (this.commands("esac")) return;
    }
  }

  /** `[[ a || b ]]` is one command in Bash; others run `[[ a` and `b ]]`. */
  #condition(): void {
    let other = -1;
    while (true) {
      this.skipBlanks();
      const next = this.peek();
      if (next === "") throw new UnclearScript();
      if (next === "\n") {
        this.endLine();
        if (other === -1) other = this.at;
      } else if ("|;&".includes(next)) {
        this.at++;
        // After `&&` nothing runs: there is no command `[[`.
        if (next === "&" && this.take("&")) continue;
        if (other === -1) other = this.at;
      } else if (next === "<" || next === ">") {
        this.at++;
        if (this.take("(")) this.list();
      } else if (next === "(" || next === ")") {
        this.at++;
      } else {
        const { lead, plain } = this.word();
        if (plain && lead === "]]") break;
      }
    }
    if (other !== -1) this.otherwise(this.text.slice(other, this.at));
  }
}
