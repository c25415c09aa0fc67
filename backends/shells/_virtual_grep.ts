/**
 * `grep -r` of the virtual shell for a plain text in directories, the search that is made most: the
 * backend, which may be another process, says which files have it, and only those are read. Everything
 * else that `grep` can do is left to the interpreter, and so is a search that the backend cannot answer
 * in full.
 *
 * @module
 */

import type { Command, ResolvedCommandContext } from "just-bash";
import { BackendError } from "../errors.ts";
import type { GrepMatch } from "../protocol.ts";
import type { VirtualFiles } from "./_virtual_files.ts";

type Result = Awaited<ReturnType<Command["execute"]>>;

/** How many lines the backend may find; a search for more is left to the interpreter. */
const MATCHES = 20_000;
/** How many directories may be named. */
const DIRECTORIES = 200;
/** How many files are read at a time where their matches do not tell all. */
const AT_ONCE = 64;

/** A search that the backend can answer. */
interface Search {
  readonly text: string;
  /** As they were named. */
  readonly directories: readonly string[];
  readonly glob: string | undefined;
  readonly ignoreCase: boolean;
  /** What is printed of each match. */
  readonly lineNumbers: boolean;
  readonly names: boolean;
  /** Print the names of files that match and nothing else. */
  readonly filesOnly: boolean;
  readonly quiet: boolean;
}

/** A file that matches. */
interface Found {
  readonly path: string;
  /** As it is printed. */
  readonly name: string;
  readonly matches: readonly GrepMatch[];
}

/** What was asked for, in options that take no value. */
interface Arguments {
  readonly letters: string;
  /** A pattern for names of files. */
  readonly include: string | undefined;
  readonly pattern: string;
  /** Files and directories, as they were named. */
  readonly operands: readonly string[];
}

/** The command. */
export function grepCommand(files: VirtualFiles): Command {
  return {
    name: "grep",
    async execute(args, context) {
      const { origCommand } = context;
      if (origCommand === undefined) throw new Error("There is no command to mend");
      const asked = parseArguments(args);
      if (asked === undefined) return await origCommand(args);
      const search = searchFor(asked);
      const result = search === undefined ? undefined : await run(search, files, context);
      return result ?? await mendArguments(asked, files, context, origCommand);
    },
  };
}

/** What is asked for; `undefined` where it is more than is known here. */
function parseArguments(args: readonly string[]): Arguments | undefined {
  const operands: string[] = [];
  let letters = "";
  let include: string | undefined;
  for (const [index, arg] of args.entries()) {
    if (arg === "--") {
      operands.push(...args.slice(index + 1));
      break;
    }
    const named = /^--include=([\w.*?-]+)$/.exec(arg)?.[1];
    if (named !== undefined && include === undefined) include = named;
    else if (/^-[rRnliIFEPhHsqovwxcL]+$/.test(arg)) letters += arg.slice(1);
    else if (arg.startsWith("-") && arg !== "-") return undefined;
    else operands.push(arg);
  }
  const [pattern, ...rest] = operands;
  return pattern === undefined ? undefined : { letters, include, pattern, operands: rest };
}

/** The search that the backend can answer, if it is one. */
function searchFor({ letters, include, pattern, operands }: Arguments): Search | undefined {
  const has = (letter: string) => letters.includes(letter);
  const count = operands.length;
  if (count === 0 || count > DIRECTORIES || operands.includes("-")) return undefined;
  if (!/^[rRnliIFEhHsq]*[rR][rRnliIFEhHsq]*$/.test(letters)) return undefined;
  if (!isPlain(pattern, has("F"), has("E"))) return undefined;
  // Letters beyond ASCII have more forms than two.
  if (has("i") && !/^[\x20-\x7e]*$/.test(pattern)) return undefined;
  return {
    text: pattern,
    directories: operands,
    glob: include === undefined ? undefined : `**/${include}`,
    ignoreCase: has("i"),
    lineNumbers: has("n"),
    names: hasNames(letters),
    filesOnly: has("l"),
    quiet: has("q"),
  };
}

/** Whether names are wanted, as far as the options say. */
function hasNames(letters: string): boolean {
  return letters.lastIndexOf("h") <= letters.lastIndexOf("H");
}

/**
 * What the interpreter's own command finds with arguments that it understands: it does not know `-H` and
 * `-s`, says nothing of what it cannot search with `-r`, and passes over names that begin with a dot.
 */
async function mendArguments(
  { letters, include, pattern, operands }: Arguments,
  files: VirtualFiles,
  { cwd }: ResolvedCommandContext,
  original: (args: string[]) => Promise<Result>,
): Promise<Result> {
  const isRecursive = /[rR]/.test(letters);
  const showsName = letters.includes("H") && hasNames(letters) && operands.length === 1;
  const kept = letters.replace(/[Hs]/g, "") + (showsName && !isRecursive ? "r" : "");
  const options = [
    ...kept === "" ? [] : [`-${kept}`],
    ...include === undefined ? [] : [`--include=${include}`],
  ];
  const named: string[] = [];
  const missing: string[] = [];
  for (const operand of operands) {
    if (!isRecursive || operand === "-") named.push(operand);
    else if (!await files.exists(files.resolvePath(cwd, operand))) missing.push(operand);
    else named.push(...await filesIn(operand, cwd, files));
  }
  const nothing = { stdout: "", stderr: "", exitCode: 1 };
  const isEmpty = operands.length > 0 && named.length === 0;
  const answer = isEmpty ? nothing : await original([...options, "--", pattern, ...named]);
  const words = missing.map((operand) => `grep: ${operand}: No such file or directory\n`);
  const isQuiet = letters.includes("q") && answer.exitCode === 0;
  return {
    ...answer,
    stderr: letters.includes("s") ? "" : answer.stderr + words.join(""),
    exitCode: missing.length === 0 || isQuiet ? answer.exitCode : 2,
  };
}

/** The files of a directory by name; a file, or what cannot be named, stays as it is. */
async function filesIn(
  operand: string,
  cwd: string,
  files: VirtualFiles,
): Promise<readonly string[]> {
  const path = files.resolvePath(cwd, operand);
  const below = await files.filesBelow(path);
  // A name with these would be taken for a pattern.
  if (below === undefined || below.some((each) => /[*?[]/.test(each))) return [operand];
  const base = operand.replace(/\/+$/, "");
  return below.map((each) => base + each.slice(path.length));
}

/** Whether a pattern is a text that stands for itself. */
function isPlain(text: string, isFixed: boolean, isExtended: boolean): boolean {
  if (text === "" || text.length > 1_000 || /[\0\r\n]/.test(text) || !text.isWellFormed()) {
    return false;
  }
  if (isFixed) return true;
  return !(isExtended ? /[\\^$.*[\]+?(){}|]/ : /[\\^$.*[\]]/).test(text);
}

async function run(
  search: Search,
  files: VirtualFiles,
  { cwd }: ResolvedCommandContext,
): Promise<Result | undefined> {
  const { directories, quiet, filesOnly } = search;
  const found: Found[] = [];
  const searches = directories.map((directory) => findIn(directory, cwd, search, files));
  for (const matching of await Promise.all(searches)) {
    if (matching === undefined) return undefined;
    found.push(...matching);
  }
  const exitCode = found.length === 0 ? 1 : 0;
  if (quiet) return { stdout: "", stderr: "", exitCode };
  if (filesOnly) {
    return { stdout: found.map(({ name }) => `${name}\n`).join(""), stderr: "", exitCode };
  }
  const parts: string[] = [];
  for (let index = 0; index < found.length; index += AT_ONCE) {
    const some = found.slice(index, index + AT_ONCE);
    parts.push(...await Promise.all(some.map((file) => linesOf(file, search, files))));
  }
  return { stdout: parts.join(""), stderr: "", exitCode, stdoutKind: "text" };
}

/** The files below a directory that have the text, sorted. */
async function findIn(
  directory: string,
  cwd: string,
  { text, glob, ignoreCase }: Search,
  files: VirtualFiles,
): Promise<readonly Found[] | undefined> {
  const path = files.resolvePath(cwd, directory);
  try {
    const result = await files.grep(text, { path, glob, ignoreCase, limit: MATCHES });
    if (result === undefined || result.truncated || result.failures.length > 0) return undefined;
    // What is no text would have to be looked at byte by byte.
    if (result.filesSkipped > 0) return undefined;
    const base = directory.replace(/\/+$/, "");
    const byPath = Map.groupBy(result.matches, (match) => match.path);
    return [...byPath].map(([each, matches]) => {
      return { path: each, name: base + each.slice(path.length), matches };
    });
  } catch (error) {
    if (error instanceof BackendError) return undefined;
    throw error;
  }
}

async function linesOf(file: Found, search: Search, files: VirtualFiles): Promise<string> {
  const { name, path, matches } = file;
  const isTold = matches.every(isWhole);
  const lines = isTold ? matches.map(wholeLine) : linesIn(await files.readFile(path), search);
  const prefix = search.names ? `${name}:` : "";
  return lines.map(({ line, text }) => {
    return `${prefix}${search.lineNumbers ? `${line}:` : ""}${text}\n`;
  }).join("");
}

/** Whether a match tells the line as it is: the first one may have lost a byte order mark. */
function isWhole({ line, text, cut }: GrepMatch): boolean {
  return line > 1 && !cut && !text.includes("\uFFFD");
}

function wholeLine({ line, text, crlf }: GrepMatch): Line {
  return { line, text: crlf === true ? `${text}\r` : text };
}

interface Line {
  readonly line: number;
  readonly text: string;
}

function linesIn(content: string, { text, ignoreCase }: Search): readonly Line[] {
  const pattern = new RegExp(RegExp.escape(text), ignoreCase ? "iu" : "u");
  const lines = content.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.flatMap((line, index) =>
    pattern.test(line) ? [{ line: index + 1, text: line }] : []
  );
}
