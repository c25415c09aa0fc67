/**
 * The braces of a glob: `src/{a,b{1,2}}.ts` stands for three patterns. As in a shell they come
 * before everything else, braces without a comma or a partner are ordinary characters, and a
 * backslash takes the meaning from the next character.
 *
 * @module
 */

/** A part of a pattern: plain source text, or a choice between sequences. */
type Part = string | Choice;

interface Choice {
  readonly options: readonly (readonly Part[])[];
  readonly size: Size;
}

/** What something expands to: how many patterns, and how many characters all of them have. */
interface Size {
  readonly patterns: number;
  readonly characters: number;
}

/** The bounds of an expansion. */
export interface BraceLimits {
  /** How many patterns at most. */
  readonly patterns: number;
  /** How many characters all of them may have together. */
  readonly characters: number;
}

/**
 * Expands the braces of a pattern.
 *
 * @param source The pattern.
 * @param limits How far it may expand; checked before anything is.
 * @returns The patterns it stands for, in order, escapes untouched; `null` if they are too many.
 */
export function expandBraces(source: string, limits: BraceLimits): string[] | null {
  const parts = parse(source, limits);
  return parts === null ? null : expandSequence(parts);
}

/** A brace that is still open: the options before the last comma, and the one being read. */
interface Open {
  readonly options: Part[][];
  current: Part[];
}

function parse(source: string, limits: BraceLimits): Part[] | null {
  const stack: Open[] = [];
  let top: Open = { options: [], current: [] };
  for (const token of source.match(/\\[^]?|[{},]|[^\\{},]+/g) ?? []) {
    if (token === "{") {
      stack.push(top);
      top = { options: [], current: [] };
    } else if (token === "," && stack.length > 0) {
      top.options.push(top.current);
      top.current = [];
    } else if (token === "}" && stack.length > 0) {
      const outer = stack.pop() ?? top;
      const options = [...top.options, top.current];
      if (options.length === 1) {
        outer.current.push("{", ...top.current, "}");
      } else {
        const size = sizeOfChoice(options);
        if (size.patterns > limits.patterns || size.characters > limits.characters) return null;
        outer.current.push({ options, size });
      }
      top = outer;
    } else {
      top.current.push(token);
    }
  }
  for (let outer = stack.pop(); outer !== undefined; outer = stack.pop()) {
    outer.current.push("{");
    for (const option of top.options) outer.current.push(...option, ",");
    outer.current.push(...top.current);
    top = outer;
  }
  const size = sizeOfSequence(top.current);
  return size.patterns > limits.patterns || size.characters > limits.characters
    ? null
    : top.current;
}

function sizeOfChoice(options: readonly (readonly Part[])[]): Size {
  let patterns = 0;
  let characters = 0;
  for (const option of options) {
    const size = sizeOfSequence(option);
    patterns += size.patterns;
    characters += size.characters;
  }
  return { patterns, characters };
}

function sizeOfSequence(parts: readonly Part[]): Size {
  let patterns = 1;
  let characters = 0;
  for (const part of parts) {
    const size = typeof part === "string" ? { patterns: 1, characters: part.length } : part.size;
    characters = characters * size.patterns + size.characters * patterns;
    patterns *= size.patterns;
  }
  return { patterns, characters };
}

function expandSequence(parts: readonly Part[]): string[] {
  let patterns = [""];
  for (const part of parts) {
    const tails = typeof part === "string" ? [part] : part.options.flatMap(expandSequence);
    patterns = patterns.flatMap((head) => tails.map((tail) => head + tail));
  }
  return patterns;
}
