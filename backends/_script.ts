/**
 * The simple commands of a script for `sh`, as far as they can be read from it without running it.
 *
 * The parser is that of the virtual shell, which speaks Bash. Other shells read a few things in
 * another way: what could be a command for any of them is told as one.
 *
 * @module
 */

import { MANY, ONE, type Word } from "./_command_words.ts";
import { isObject } from "./_messages.ts";

/** What is found in a script. */
export type Finding =
  | {
    readonly type: "command";
    readonly words: readonly Word[];
    /** What it reads from its standard input, where the script says so. */
    readonly input: Word | undefined;
    /** Only some shells run it, so that nothing depends on its being allowed. */
    readonly perhaps: boolean;
  }
  | {
    readonly type: "unknown";
    /** Why it cannot be told what is run: a clause. */
    readonly why: string;
  }
  | {
    /** Which programs the names of commands mean is changed. */
    readonly type: "environment";
    readonly variable: string;
  };

/** Variables by which names come to mean other programs, or programs come to start others. */
const MEANINGS = new RegExp(
  "^(?:PATH|IFS|ENV|BASH_ENV|BASH_FUNC_.*|SHELLOPTS|BASHOPTS|PS4|SHELL|PROMPT_COMMAND|LD_.*" +
    "|GIT_(?!AUTHOR_|COMMITTER_).*|.*PAGER|.*EDITOR|VISUAL|BROWSER|PYTHON(?:STARTUP|PATH|HOME)" +
    "|NODE_OPTIONS|PERL5(?:OPT|LIB|DB)|RUBY(?:OPT|LIB)|JAVA_TOOL_OPTIONS)$",
);

/** Whether a variable has a say in which programs run. */
export function changesMeanings(variable: string): boolean {
  return MEANINGS.test(variable);
}

/** What Bash and others end in different places, so that the one sees text where the other runs it. */
const AMBIGUOUS: readonly RegExp[] = [/\$'(?:[^'\\]|\\[^'])*\\'/, /<<-?[ \t]*[^\s;|&<>()]*\$/];

const UNPARSABLE: Finding = { type: "unknown", why: "its syntax cannot be understood" };
const HIDDEN: Finding = { type: "unknown", why: "a part of it cannot be looked into" };

/**
 * Finds the simple commands of a script.
 *
 * @param script The script.
 * @param parse The parser of `just-bash`.
 * @returns What is found, in no order that matters.
 */
export function findCommands(script: string, parse: (script: string) => object): Finding[] {
  let tree: object;
  try {
    tree = parse(script);
  } catch {
    // Whatever the parser stumbles over, be it a limit of its own: nobody knows what would be run.
    return [UNPARSABLE];
  }
  const walk = new Walk(parse, !everyEndsItsCommand(script));
  walk.visit(tree, false);
  if (AMBIGUOUS.some((pattern) => pattern.test(script))) walk.found.push(HIDDEN);
  return walk.found;
}

/** Whether nothing follows a `&>` but the end of a command: for some shells that starts another one. */
function everyEndsItsCommand(script: string): boolean {
  const all = script.match(/&>/g) ?? [];
  const last = script.match(/&>>?[ \t]*[\w./-]+[ \t]*(?=[;\n|&)]|$)/g) ?? [];
  return all.length === last.length;
}

type Node = Readonly<Record<string, unknown>>;

class Walk {
  readonly found: Finding[] = [];
  readonly #parse: (script: string) => object;
  readonly #splits: boolean;

  /**
   * @param parse The parser.
   * @param splits Whether `&>` may begin a new command.
   */
  constructor(parse: (script: string) => object, splits: boolean) {
    this.#parse = parse;
    this.#splits = splits;
  }

  /** Looks at a node and at all below it. `quoted` says that text in it is not looked at as syntax. */
  visit(node: unknown, quoted: boolean): void {
    if (Array.isArray(node)) return node.forEach((each) => this.visit(each, quoted));
    if (!isObject(node)) return;
    const type = String(node.type);
    if (type.startsWith("Arith")) return this.#arithmetic(node, type);
    switch (type) {
      case "SimpleCommand":
        return this.#simple(node);
      case "Statement":
        if (node.deferredError !== undefined) this.found.push(UNPARSABLE);
        return this.#children(node, quoted);
      case "Assignment":
        this.#assigned(String(node.name));
        this.#raw(String(node.name));
        return this.#children(node, quoted);
      case "HereDoc":
        if (node.terminated === false) this.found.push(UNPARSABLE);
        return this.visit(node.content, true);
      case "DoubleQuoted":
        return this.#children(node, true);
      case "ParameterExpansion":
        this.#raw(String(node.parameter));
        return this.visit(node.operation, false);
      case "Transform":
        if (node.operator === "P") this.found.push(HIDDEN);
        return;
      case "Literal":
        // The parser leaves text like `x=($(command))` unread in some places.
        if (!quoted && String(node.value).includes("(")) this.found.push(HIDDEN);
        return quoted ? undefined : this.#raw(String(node.value));
      case "Glob":
        return this.#raw(String(node.pattern));
      case "BadSubstitution":
        return this.#raw(String(node.text));
      case "CondBinary":
        // A regular expression has parentheses of its own.
        this.visit(node.left, false);
        return this.visit(node.right, true);
      case "CondOr":
        // `[[ a || b ]]` is one command in Bash; others run `b`.
        for (const words of conditionsOf(node.right)) this.#other([...words, "]]"]);
        return this.#children(node, quoted);
      default:
        return this.#children(node, quoted);
    }
  }

  #children(node: Node, quoted: boolean): void {
    for (const child of Object.values(node)) this.visit(child, quoted);
  }

  #simple(node: Node): void {
    const words = [node.name, ...list(node.args)].filter(isObject).map(wordOf);
    const redirections = list(node.redirections).filter(isObject);
    if (words.length > 0) {
      const input = inputOf(redirections);
      this.found.push({ type: "command", words, input, perhaps: false });
    }
    if (this.#splits && redirections.some(({ operator }) => /^&>/.test(String(operator)))) {
      for (let start = 1; start < words.length; start++) this.#other(words.slice(start));
    }
    this.visit([node.assignments, node.name, node.args, node.redirections], false);
  }

  #other(words: readonly Word[]): void {
    this.found.push({ type: "command", words, input: undefined, perhaps: true });
  }

  #arithmetic(node: Node, type: string): void {
    if (type === "ArithCommandSubst") {
      this.found.push(...findCommands(String(node.command), this.#parse));
      return;
    }
    if (type === "ArithmeticCommand" && isObject(node.expression)) {
      // `((a))` is arithmetic in Bash; others run `a` in two subshells.
      for (const each of findCommands(String(node.expression.originalText), this.#parse)) {
        if (each.type === "command") this.found.push({ ...each, perhaps: true });
      }
    }
    for (const [key, value] of Object.entries(node)) {
      if (key === "type" || key === "originalText") continue;
      if (typeof value === "string") this.#raw(value);
      else this.visit(value, true);
    }
  }

  #assigned(variable: string): void {
    if (changesMeanings(variable)) this.found.push({ type: "environment", variable });
  }

  /** Text that the parser did not look into. */
  #raw(text: string): void {
    if (/\$\(|`|[<>]\(/.test(text)) this.found.push(HIDDEN);
  }
}

/** The words of each condition in `[[ ... ]]`. */
function conditionsOf(node: unknown): readonly (readonly Word[])[] {
  if (!isObject(node)) return [];
  const words = (...parts: readonly unknown[]) =>
    parts.map((part) => isObject(part) ? wordOf(part) : String(part));
  switch (node.type) {
    case "CondWord":
      return [words(node.word)];
    case "CondUnary":
      return [words(node.operator, node.operand)];
    case "CondBinary":
      return [words(node.left, node.operator, node.right)];
    default:
      return [node.left, node.right, node.operand, node.expression].flatMap(conditionsOf);
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What the last here-document, here-string or file puts on the standard input. */
function inputOf(redirections: readonly Node[]): Word | undefined {
  const last = redirections.findLast(({ operator, fd }) =>
    String(operator).startsWith("<") && (fd === null || fd === 0)
  );
  if (last === undefined || !isObject(last.target)) return undefined;
  if (last.target.type === "HereDoc") {
    return isObject(last.target.content) ? wordOf(last.target.content) : ONE;
  }
  return last.operator === "<<<" ? wordOf(last.target) : ONE;
}

function wordOf(node: Node): Word {
  return partsOf(list(node.parts), false);
}

/** The text of a word; how many words it may be, where it is not known. */
function partsOf(parts: readonly unknown[], quoted: boolean): Word {
  let text = "";
  let unknown: Word | undefined;
  for (const part of parts) {
    if (!isObject(part)) continue;
    const value = partOf(part, quoted);
    if (typeof value === "string") text += value;
    else if (unknown !== MANY) unknown = value;
  }
  return unknown ?? text;
}

function partOf(part: Node, quoted: boolean): Word {
  switch (part.type) {
    case "Literal":
    case "SingleQuoted":
    case "Escaped":
      return String(part.value);
    case "DoubleQuoted":
      return partsOf(list(part.parts), true);
    case "Glob":
      // The command `[`.
      return part.pattern === "[" ? "[" : MANY;
    case "TildeExpansion":
    case "ProcessSubstitution":
      return ONE;
    case "ParameterExpansion":
      // "$@" and its like are as many words as there are, in quotes too.
      return quoted && !/@|\*/.test(JSON.stringify(part)) ? ONE : MANY;
    default:
      return quoted ? ONE : MANY;
  }
}
