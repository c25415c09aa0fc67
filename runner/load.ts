/**
 * Reads a YAML file with the position of everything in it, and says clearly what is wrong with one
 * that cannot be read. YAML 1.2: `yes` and `on` are texts.
 *
 * @module
 */

import { Composer, type Document, Lexer, LineCounter, Parser, type YAMLError } from "yaml";
import { DIAGNOSTIC_CODES, type DiagnosticCode, hintFor } from "./diagnostic_codes.ts";
import type { Diagnostic } from "./diagnostics.ts";
import { readText } from "./_read_text.ts";
import { withoutEnvironment } from "./_without_environment.ts";
import { toData } from "./_yaml_data.ts";
import { describeYamlError } from "./_yaml_errors.ts";
import { YamlFile } from "./_yaml_file.ts";

/** What came of reading a file. */
export interface LoadResult {
  /** The file with its data; absent if what was read makes no sense at all. */
  readonly yaml: YamlFile | undefined;
  /** The file's text, for showing its lines; absent if there is none. */
  readonly text: string | undefined;
  /** What is wrong with it as YAML. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Tells of a problem in a range of the text. */
export type ReportRange = (
  code: DiagnosticCode,
  message: string,
  range: readonly [start: number, end: number],
  hint?: string,
) => void;

/** How deep brackets may nest: the parser would recurse as deep. */
const DEPTH = 100;

/**
 * How many words and marks a file may have: what bounds the time that reading it takes. A block of
 * text is one, however long.
 */
const LEXEMES = 100_000;

/** How many broken tokens are taken in before the rest of the file is passed over. */
const BROKEN_TOKENS = 100;

/**
 * Reads a YAML file.
 *
 * @param name The file, as the user named it: the name that places will bear.
 * @param path Its path on the host.
 * @returns Its data and positions, and what is wrong with it. Never throws for a bad file.
 */
export async function loadYaml(name: string, path: string): Promise<LoadResult> {
  const read = await readText(name, path);
  if (read.file === undefined) {
    return { yaml: undefined, text: read.shown, diagnostics: [read.diagnostic] };
  }
  const { text, bytes } = read.file;
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  const fingerprint = new Uint8Array(hash).toHex();
  const diagnostics: Diagnostic[] = [];
  const yaml = parse(name, text, fingerprint, diagnostics);
  return { yaml, text, diagnostics };
}

function parse(
  file: string,
  text: string,
  fingerprint: string,
  diagnostics: Diagnostic[],
): YamlFile | undefined {
  const lines = countLines(text);
  const report: ReportRange = (code, message, [start, end], hint) => {
    const { line, col } = lines.linePos(start);
    const firstLine = text.slice(start, end).split("\n", 1)[0] ?? "";
    diagnostics.push({
      severity: DIAGNOSTIC_CODES[code].severity === "warning" ? "warning" : "error",
      code,
      message,
      place: { file, line, column: col },
      length: Math.max(1, firstLine.trimEnd().length),
      hint: hintFor(code, hint),
    });
  };
  const document = compose(text, report);
  if (document === undefined) return undefined;
  for (const error of rootCauses([...document.errors, ...document.warnings], lines)) {
    const { code, message, hint } = describeYamlError(error, text);
    report(code, message, error.pos, hint);
  }
  // What follows a mistake of the syntax may have been read as something else than was meant.
  if (document.errors.length > 0) return undefined;
  if (document.contents === null) {
    report("empty-file", `"${file}" is empty`, [0, 0], 'Begin with "name: ..." and "steps:"');
    return undefined;
  }
  const { data, aliases } = toData(document, text, report);
  return new YamlFile({ file, text, fingerprint, lines, root: document.contents, data, aliases });
}

/** Reads the one document that the file should hold. */
function compose(text: string, report: ReportRange): Document.Parsed | undefined {
  // Duplicate keys are found by `toData`: the parser compares each key with all others.
  const composer = new Composer({
    version: "1.2",
    prettyErrors: false,
    uniqueKeys: false,
    keepSourceTokens: false,
  });
  const parser = new Parser();
  const documents: Document.Parsed[] = [];
  let depth = 0;
  let broken = 0;
  let lexemes = 0;
  const tokensOf = function* () {
    for (const lexeme of new Lexer().lex(text)) {
      if (lexeme === "[" || lexeme === "{") depth++;
      else if (lexeme === "]" || lexeme === "}") depth--;
      if (depth > DEPTH || ++lexemes > LEXEMES) return;
      for (const token of parser.next(lexeme)) {
        if (token.type === "error" && ++broken > BROKEN_TOKENS) return;
        yield token;
      }
    }
    yield* parser.end();
  };
  withoutEnvironment(() => {
    documents.push(...composer.compose(tokensOf(), true, text.length));
  });
  if (depth > DEPTH) {
    const at = parser.offset;
    report(
      "too-deep",
      `Lists and maps nest deeper than ${DEPTH}`,
      [at, at + 1],
      "Write it flatter",
    );
    return undefined;
  }
  if (lexemes > LEXEMES) {
    const at = parser.offset;
    report(
      "too-large",
      `The file has more than ${LEXEMES} words and marks`,
      [at, at + 1],
      "A workflow describes work: keep data in files of their own",
    );
    return undefined;
  }
  const [first, second] = documents;
  if (second !== undefined) {
    const at = text.lastIndexOf("---", second.contents?.range[0] ?? second.range[1]);
    report(
      "several-documents",
      "The file has more than one YAML document",
      [at, at + 3],
      'Keep one document in a file, and take out the "---" between them',
    );
    return undefined;
  }
  return first;
}

/**
 * Leaves out what only follows from a mistake before it: a second error in a line, and tokens that
 * are "unexpected" because the parser has lost its way.
 */
function rootCauses(errors: readonly YAMLError[], lines: LineCounter): readonly YAMLError[] {
  const told = new Set<number>();
  return errors.toSorted((a, b) => a.pos[0] - b.pos[0]).filter((error) => {
    const { line } = lines.linePos(error.pos[0]);
    if (told.has(line) || (told.size > 0 && error.code === "UNEXPECTED_TOKEN")) return false;
    told.add(line);
    return true;
  });
}

function countLines(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
    lines.addNewLine(at + 1);
  }
  return lines;
}
