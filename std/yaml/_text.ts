/** Words that YAML 1.1 reads as booleans. */
const OLD_BOOLEANS = /^(?:[yY]|[nN]|[yY]es|YES|[nN]o|NO|[oO]n|ON|[oO]ff|OFF)$/;

/** Characters that only a double-quoted scalar can hold. */
const HIDDEN =
  /[^\x20-\x7e\xa1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u;

/** Text that needs no quotes, unless it reads as something other than text. */
const PLAIN = /^(?![-?&*!|>'"%@` ])[^,[\]{}:#]+(?<! )$/;

const ESCAPES: Readonly<Record<string, string>> = {
  "\0": "\\0",
  "\x07": "\\a",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  "\x1b": "\\e",
  '"': '\\"',
  "\\": "\\\\",
  "\x85": "\\N",
  "\xa0": "\\_",
  "\u2028": "\\L",
  "\u2029": "\\P",
};

/** What decides how a piece of text is written. */
export interface TextContext {
  /** How many spaces its lines are indented by. */
  readonly indent: number;
  /** How many spaces one level takes. */
  readonly step: number;
  /** How long its lines may be, -1 for any length. */
  readonly width: number;
  /** Whether it has to stay on one line. */
  readonly singleLine: boolean;
  /** Whether to quote what YAML 1.1 reads as booleans. */
  readonly quoteOldBooleans: boolean;
  /** Whether it would be read as something other than text. */
  readonly isAmbiguous: (text: string) => boolean;
}

/** Writes text as a scalar: plain if it can be, else quoted, or as a block if it has several lines. */
export function writeText(text: string, context: TextContext): string {
  const { singleLine, step, width } = context;
  if (text === "") return "''";
  if (context.quoteOldBooleans && OLD_BOOLEANS.test(text)) return `'${text}'`;
  if (HIDDEN.test(singleLine ? text : text.replaceAll("\n", ""))) return quoteDouble(text);
  const folds = !singleLine && width !== -1 &&
    text.split("\n").some((line) => line.length > width && !line.startsWith(" "));
  if (!folds && !text.includes("\n")) {
    return PLAIN.test(text) && !context.isAmbiguous(text)
      ? text
      : `'${text.replaceAll("'", "''")}'`;
  }
  // A block that starts with a space says how far it is indented, in one digit.
  const leadingSpace = /^\n* /.test(text);
  if (leadingSpace && step > 9) return quoteDouble(text);
  const header = (folds ? ">" : "|") + (leadingSpace ? step : "") + chomping(text);
  const lines = (folds ? foldText(text, width) : text).replace(/\n$/, "");
  return `${header}\n${lines.replace(/^(?=[^\n])/gm, " ".repeat(context.indent))}`;
}

function quoteDouble(text: string): string {
  const escaped = text.replace(/[^]/gu, (character) => {
    const escape = ESCAPES[character];
    if (escape !== undefined) return escape;
    const code = character.codePointAt(0) ?? 0;
    if (code <= 0xffff && !HIDDEN.test(character)) return character;
    const hex = code.toString(16).toUpperCase();
    if (code <= 0xff) return `\\x${hex.padStart(2, "0")}`;
    return code <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
  });
  return `"${escaped}"`;
}

/** How a block says what becomes of its last line breaks. */
function chomping(text: string): "" | "+" | "-" {
  if (!text.endsWith("\n")) return "-";
  return text === "\n" || text.endsWith("\n\n") ? "+" : "";
}

/**
 * Breaks long lines. Reading joins lines that follow each other, so a break that was there before
 * is doubled, except next to lines that start with a space, which reading leaves alone.
 */
function foldText(text: string, width: number): string {
  const [first = ""] = text.split("\n", 1);
  let folded = foldLine(first, width);
  let wasIndented = /^[\n ]/.test(text);
  for (const [, breaks = "", line = ""] of text.slice(first.length).matchAll(/(\n+)([^\n]*)/g)) {
    const isIndented = line.startsWith(" ");
    const joins = !wasIndented && !isIndented && line !== "";
    folded += breaks + (joins ? "\n" : "") + foldLine(line, width);
    wasIndented = isIndented;
  }
  return folded;
}

/** Breaks a line at single spaces, as late as the width allows. */
function foldLine(line: string, width: number): string {
  if (line.startsWith(" ")) return line;
  const pieces: string[] = [];
  let start = 0;
  let space = 0;
  for (const { index } of line.matchAll(/ (?=[^ ])/g)) {
    if (index - start > width) {
      const end = space > start ? space : index;
      pieces.push(line.slice(start, end));
      start = end + 1;
    }
    space = index;
  }
  if (line.length - start > width && space > start) {
    pieces.push(line.slice(start, space));
    start = space + 1;
  }
  return [...pieces, line.slice(start)].join("\n");
}
