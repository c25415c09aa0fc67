/**
 * One component of a glob, matched against one name in time that grows with the product of their
 * lengths at worst: `*`, `?`, `[a-z]`, `[!a-z]`, and a backslash before a character meant plainly.
 *
 * @module
 */

const STAR = { kind: "star" } as const;
const ANY = { kind: "any" } as const;

/** A character set: ranges of code points, both ends included. */
interface CharacterSet {
  readonly kind: "set";
  readonly negated: boolean;
  readonly ranges: readonly (readonly [number, number])[];
}

/** What a pattern has at one place: a code point, one of a set, any one, or any number. */
type Token = number | CharacterSet | typeof ANY | typeof STAR;

/** The pattern of one name. */
export interface NamePattern {
  /** The name, if no other one can match. */
  readonly literal: string | null;
  /** The pattern in the dialect again, with every special character that is meant plainly quoted. */
  readonly source: string;
  /** Whether a name matches. */
  matches(name: string): boolean;
}

/**
 * Compiles the pattern of one name.
 *
 * @param source The pattern, with no slash and no braces but plain ones.
 * @returns The pattern.
 * @throws {SyntaxError} With a sentence that names what cannot be understood.
 */
export function compileName(source: string): NamePattern {
  const tokens = tokenize(source);
  if (tokens.every((token) => typeof token === "number")) {
    const literal = String.fromCodePoint(...tokens);
    return { literal, source: quoteName(literal), matches: (name) => name === literal };
  }
  const written = tokens.map(writeToken).join("");
  if (tokens.length === 1 && tokens[0] === STAR) {
    return { literal: null, source: written, matches: () => true };
  }
  return { literal: null, source: written, matches: (name) => matchTokens(tokens, name) };
}

/**
 * Quotes a name so that a pattern means it plainly.
 *
 * @param name Any name.
 * @returns A pattern that only this name matches.
 */
export function quoteName(name: string): string {
  return name.replace(/[\\*?[\]{},]/g, "\\$&");
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  for (let index = 0; index < source.length;) {
    const character = source[index];
    if (character === "*") {
      if (tokens.at(-1) !== STAR) tokens.push(STAR);
      index++;
    } else if (character === "?") {
      tokens.push(ANY);
      index++;
    } else if (character === "[") {
      const set = readSet(source, index);
      tokens.push(set?.token ?? 91);
      index = set?.end ?? index + 1;
    } else {
      if (character === "\\") index++;
      const code = codeAt(source, index);
      tokens.push(code);
      index += width(code);
    }
  }
  return tokens;
}

/** Reads `[...]`; `null` if no bracket closes it, so that it is an ordinary character. */
function readSet(source: string, start: number): { token: CharacterSet; end: number } | null {
  let index = start + 1;
  const negated = source[index] === "!" || source[index] === "^";
  if (negated) index++;
  const first = index;
  const ranges: [number, number][] = [];
  while (index < source.length && (source[index] !== "]" || index === first)) {
    if (source[index] === "[" && /^\[[:.=]/.test(source.slice(index, index + 2))) {
      throw new SyntaxError(
        "classes such as '[:alpha:]' are not known: write a range such as 'a-z'",
      );
    }
    const low = readMember(source, index);
    index = low.end;
    let high = low;
    if (source[index] === "-" && index + 1 < source.length && source[index + 1] !== "]") {
      high = readMember(source, index + 1);
      index = high.end;
    }
    if (high.code < low.code) {
      throw new SyntaxError(`the range '${source.slice(start, index)}]' runs backwards`);
    }
    ranges.push([low.code, high.code]);
  }
  if (index >= source.length) return null;
  return { token: { kind: "set", negated, ranges }, end: index + 1 };
}

function readMember(source: string, index: number): { code: number; end: number } {
  const at = source[index] === "\\" && index + 1 < source.length ? index + 1 : index;
  const code = codeAt(source, at);
  return { code, end: at + width(code) };
}

function codeAt(text: string, index: number): number {
  const code = text.codePointAt(index);
  if (code === undefined) throw new SyntaxError("a backslash at the end quotes nothing");
  return code;
}

function width(code: number): 1 | 2 {
  return code > 0xffff ? 2 : 1;
}

function writeToken(token: Token): string {
  if (typeof token === "number") return quoteName(String.fromCodePoint(token));
  if (token.kind === "star") return "*";
  if (token.kind === "any") return "?";
  const members = token.ranges.map(([low, high]) =>
    low === high ? writeMember(low) : `${writeMember(low)}-${writeMember(high)}`
  );
  return `[${token.negated ? "!" : ""}${members.join("")}]`;
}

function writeMember(code: number): string {
  return String.fromCodePoint(code).replace(/[\\\]\[{},!^:.=-]/, "\\$&");
}

/** Goes back to the last star only: an earlier one can never need another length. */
function matchTokens(tokens: readonly Token[], name: string): boolean {
  let token = 0;
  let index = 0;
  let star = -1;
  let starIndex = 0;
  while (index < name.length) {
    const wanted = tokens[token];
    if (wanted === STAR) {
      star = token++;
      starIndex = index;
      continue;
    }
    const code = name.codePointAt(index) ?? 0;
    if (wanted !== undefined && matchesCode(wanted, code)) {
      token++;
      index += width(code);
    } else if (star !== -1) {
      token = star + 1;
      starIndex += width(name.codePointAt(starIndex) ?? 0);
      index = starIndex;
    } else {
      return false;
    }
  }
  while (tokens[token] === STAR) token++;
  return token === tokens.length;
}

function matchesCode(token: Token, code: number): boolean {
  if (typeof token === "number") return token === code;
  if (token.kind !== "set") return token.kind === "any";
  return token.ranges.some(([low, high]) => low <= code && code <= high) !== token.negated;
}
