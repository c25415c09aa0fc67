/**
 * The simple commands of a script for `sh`, as far as they can be read from it without running it.
 *
 * This is no parser of a shell: it looks for whatever some shell could take for a command, be it in a
 * script that others find fault with, and says so where it cannot tell. It takes time and space in
 * proportion to the script, whatever that is: the runner reads with it what a model wrote.
 *
 * @module
 */

import { MANY, ONE, type Word } from "./_command_words.ts";
import { CompoundReader } from "./_script_compound.ts";
import type { Finding } from "./_script_findings.ts";
import { type ReadWord, type ScriptBudget, UnclearScript } from "./_script_words.ts";

const UNPARSABLE: Finding = { type: "unknown", why: "its syntax cannot be understood" };
const HIDDEN: Finding = { type: "unknown", why: "a part of it cannot be looked into" };

/** How often each character of a script may be looked at. */
const LOOKS = 50;

/**
 * Finds the simple commands of a script.
 *
 * @param script The script.
 * @returns What is found, in no order that matters.
 */
export function findCommands(script: string): Finding[] {
  const found: Finding[] = [];
  const budget = { left: LOOKS * script.length + 1_000 };
  readScript(script, found, { budget, depth: 0 });
  return found;
}

/** How a script is read. */
interface ReadOptions {
  readonly budget: ScriptBudget;
  readonly depth: number;
}

function readScript(script: string, found: Finding[], options: ReadOptions): void {
  try {
    new CommandReader(script, found, options).read();
  } catch (error) {
    if (!(error instanceof UnclearScript)) throw error;
    found.push(error.isLimit ? HIDDEN : UNPARSABLE);
  }
}

/** A here-document whose text comes after the end of the line. */
interface PendingDocument {
  readonly end: string;
  readonly tabs: boolean;
  readonly quoted: boolean;
  readonly command: Draft;
}

/** A command while it is read. */
interface Draft {
  readonly type: "command";
  readonly words: Word[];
  input: Word | undefined;
}

class CommandReader extends CompoundReader {
  readonly #found: Finding[];
  #documents: PendingDocument[] = [];

  constructor(text: string, found: Finding[], { budget, depth }: ReadOptions) {
    super(text, budget, depth);
    this.#found = found;
  }

  read(): void {
    this.commands("");
  }

  /** Reads it as the text of a here-document. */
  readDocument(): Word {
    return this.document();
  }

  protected override list(): void {
    this.inDepth(() => this.commands(")"));
  }

  protected override script(text: string): void {
    readScript(text, this.#found, this.#below());
  }

  protected override otherwise(text: string): void {
    this.charge(text.length);
    const found: Finding[] = [];
    readScript(text, found, this.#below());
    // Where it is no list of commands for anybody, it is what Bash takes it for.
    for (const finding of found) if (finding !== UNPARSABLE) this.#found.push(finding);
  }

  protected override snapshot(): () => void {
    const [length, documents] = [this.#found.length, [...this.#documents]];
    return () => {
      this.#found.length = length;
      this.#documents = documents;
    };
  }

  protected override hide(): void {
    this.#found.push(HIDDEN);
  }

  #below(): ReadOptions {
    return { budget: this.budget, depth: this.depth + 1 };
  }

  /** Commands up to a parenthesis, the end of a branch of `case`, or the end; whether `esac` came. */
  protected override commands(end: ")" | "esac" | ""): boolean {
    // Where the text of a here-document begins that stands beside parentheses, shells do not agree.
    if (end === ")" && this.#documents.length > 0) this.hide();
    while (true) {
      this.skipSpace();
      const next = this.peek();
      if (next === "" || next === ")") {
        if (next !== end) throw new UnclearScript();
        if (next === ")" && this.#documents.length > 0) this.hide();
        this.at += next.length;
        return true;
      }
      if (next === "(") {
        this.at++;
        this.inDepth(() => this.take("(") ? this.arithmetic(true) : this.list());
      } else if (next === ";" || next === "|" || (next === "&" && !this.#isRedirection())) {
        this.at++;
        if (next !== ";" || end !== "esac") continue;
        if (this.take(";") || this.take("&")) {
          this.take("&");
          return false;
        }
      } else if (this.#command(end === "esac")) {
        return true;
      }
    }
  }

  /** The here-documents of a line begin after it. */
  protected override endLine(): void {
    this.at++;
    const documents = this.#documents;
    this.#documents = [];
    for (const { end, tabs, quoted, command } of documents) {
      let body = "";
      while (true) {
        if (this.at >= this.text.length) throw new UnclearScript();
        const next = this.text.indexOf("\n", this.at);
        const last = next === -1 ? this.text.length : next;
        const line = this.text.slice(this.at, last);
        this.charge(line.length + 1);
        this.at = Math.min(last + 1, this.text.length);
        const shown = tabs ? line.replace(/^\t+/, "") : line;
        if (shown === end) break;
        // Whether the next line can be the last one then, shells do not agree.
        if (!quoted && line.endsWith("\\")) this.hide();
        body += `${shown}\n`;
      }
      command.input = quoted
        ? body
        : new CommandReader(body, this.#found, this.#below()).readDocument();
    }
  }

  /** Whether the `&` that is next begins `&>`. */
  #isRedirection(): boolean {
    const start = this.at++;
    const is = this.peek() === ">";
    this.at = start;
    return is;
  }

  /** One command, or the word that a larger one begins with; whether it is the `esac` looked for. */
  #command(inCase: boolean): boolean {
    const draft: Draft = { type: "command", words: [], input: undefined };
    const parts: number[] = [];
    for (let atStart = true;; atStart = false) {
      this.skipBlanks();
      const next = this.peek();
      if (next === "#") this.skipComment();
      if (next === "" || "#\n;|)".includes(next)) break;
      if (next === "&") {
        if (!this.#isRedirection()) break;
        // For some shells the command ends before the `&`, and another one begins there.
        parts.push(draft.words.length);
        this.at++;
      }
      if (next === "&" || next === "<" || next === ">") {
        this.#redirection(draft);
        continue;
      }
      if (next === "(") {
        if (draft.words.length !== 1) throw new UnclearScript();
        this.parentheses();
        return false;
      }
      const read = this.word();
      if (atStart && read.plain) {
        const larger = this.larger(read.lead, inCase);
        if (larger !== undefined) return larger;
      }
      if (!this.#isDescriptor(read)) this.#add(draft, read);
    }
    if (draft.words.length === 0) return false;
    this.#found.push(draft);
    for (const [index, start] of [0, ...parts].entries()) {
      const words = draft.words.slice(start, parts[index]);
      if (parts.length > 0 && words.length > 0) this.#found.push({ ...draft, words });
    }
    return false;
  }

  /** The number before a redirection, which is no word of the command. */
  #isDescriptor({ lead, plain }: ReadWord): boolean {
    const next = this.peek();
    if (!plain || (next !== "<" && next !== ">")) return false;
    // A word for some shells, a variable for others.
    if (/^\{\w+\}$/.test(lead)) this.hide();
    return /^\d+$/.test(lead);
  }

  #add(draft: Draft, read: ReadWord): void {
    const isArray = read.plain && read.lead.endsWith("=") && this.peek() === "(";
    if (isArray) {
      this.at++;
      for (this.skipSpace(); !this.take(")"); this.skipSpace()) this.required();
    }
    const variable = /^([A-Za-z_]\w*)(?:\[.*\])?\+?=/s.exec(read.lead)?.[1];
    if (draft.words.length > 0 || variable === undefined) {
      draft.words.push(isArray ? MANY : read.word);
    } else {
      this.#found.push({ type: "environment", variable });
    }
  }

  #redirection(draft: Draft): void {
    const isInput = this.peek() === "<";
    this.at++;
    if (this.take("(")) {
      this.list();
      draft.words.push(ONE);
      return;
    }
    if (!isInput) {
      if (!this.take(">") && !this.take("&")) this.take("|");
      this.#target();
    } else if (this.take("<")) {
      if (this.take("<")) draft.input = this.#target();
      else this.#document(draft);
    } else {
      if (!this.take("&")) this.take(">");
      this.#target();
      draft.input = ONE;
    }
  }

  #target(): Word {
    this.skipBlanks();
    if (this.peek() !== "<" && this.peek() !== ">") return this.required().word;
    this.at++;
    this.expect("(");
    this.list();
    return ONE;
  }

  #document(command: Draft): void {
    const tabs = this.take("-");
    this.skipBlanks();
    const { word, quoted } = this.required();
    if (typeof word !== "string") throw new UnclearScript();
    this.#documents.push({ end: word, tabs, quoted, command });
  }
}
