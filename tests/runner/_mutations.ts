/**
 * Mistakes that people make in a workflow file, made on purpose and one at a time.
 *
 * @module
 */

import { isMap, isPair, isScalar, LineCounter, type Node, parseDocument, visit } from "yaml";

/** A file with one mistake. */
export interface Mutation {
  /** What was done, for the message of a test. */
  readonly what: string;
  readonly text: string;
  /** Lines of the mutated file that a diagnostic may point at: its own, and those of its parents. */
  readonly lines: ReadonlySet<number>;
  /** Words that are not there any more: what refers to them is wrong now. */
  readonly gone: readonly string[];
}

/** Part of a file, what it stands in, and what it says. */
interface Part {
  readonly start: number;
  readonly end: number;
  readonly source: string;
  readonly parents: readonly number[];
  readonly isKey: boolean;
}

const OTHER_KINDS = ["3", "[1, 2]", "{ a: 1 }", "", "true", "a text"];

/**
 * @param text A sound workflow file.
 * @returns Every mistake of each kind, in the order of the file.
 */
export function mutationsOf(text: string): readonly Mutation[] {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  const lineAt = (offset: number) => counter.linePos(offset).line;
  const parts = partsOf(document.contents, text, lineAt);
  const mutations: Mutation[] = [];
  const replace = (what: string, part: Part, by: string, gone: readonly string[]) => {
    // A block ends with the line break that what follows begins after.
    const ending = /\n[ \n]*$/.exec(part.source)?.[0] ?? "";
    mutations.push({
      what: `${what} at line ${lineAt(part.start)}: ${JSON.stringify(part.source.slice(0, 40))}`,
      text: `${text.slice(0, part.start)}${by}${ending}${text.slice(part.end)}`,
      lines: new Set([lineAt(part.start), ...part.parents]),
      gone,
    });
  };
  for (const part of parts) {
    const { source, isKey } = part;
    if (isKey) {
      const middle = Math.floor(source.length / 2);
      const [head, letter, tail] = [
        source.slice(0, middle),
        source.slice(middle, middle + 1),
        source.slice(middle + 1),
      ];
      if (source.length > 1) replace("Dropped a letter of the key", part, head + tail, [source]);
      replace("Doubled a letter of the key", part, head + letter + letter + tail, [source]);
      continue;
    }
    for (const other of OTHER_KINDS) {
      replace(
        `Wrote ${other === "" ? "nothing" : other} for the value`,
        part,
        other,
        wordsOf(source),
      );
    }
    for (const match of source.matchAll(/\b(inputs|steps|env|secrets|item)\.(\w+)/g)) {
      const at = match.index + match[0].length - 1;
      const broken = source.slice(0, at) + source.slice(at + 1);
      const end = part.start + at;
      mutations.push({
        what: `Broke the reference ${match[0]} at line ${lineAt(end)}`,
        text: `${text.slice(0, part.start)}${broken}${text.slice(part.end)}`,
        lines: new Set([lineAt(end), lineAt(part.start), ...part.parents]),
        gone: [],
      });
    }
    if (/^[\w-]{2,}$/.test(source)) {
      replace("Broke the name", part, source.slice(0, -1), [source]);
    }
  }
  return [...mutations, ...deletionsOf(text, parts, lineAt)];
}

function deletionsOf(
  text: string,
  parts: readonly Part[],
  lineAt: (offset: number) => number,
): readonly Mutation[] {
  const lines = text.split("\n");
  return lines.flatMap((line, index) => {
    if (line.trim() === "") return [];
    const number = index + 1;
    const rest = [...lines.slice(0, index), ...lines.slice(index + 1)];
    const around = parts.filter(({ start, end }) =>
      lineAt(start) <= number && number <= lineAt(Math.max(start, end - 1))
    ).flatMap(({ start, parents }) => [lineAt(start), ...parents]);
    // What stood below the line belongs to something else now.
    const below = lines.slice(number).findIndex((each) =>
      each.trim() !== "" && indentOf(each) <= indentOf(line)
    );
    const gone = lines.slice(index, below < 0 ? undefined : number + below).join("\n");
    return [{
      what: `Deleted line ${number}: ${JSON.stringify(line)}`,
      text: rest.join("\n"),
      // What followed moved up, and what came before may now go on with it.
      lines: new Set([number, number - 1, number + 1, ...around]),
      gone: wordsOf(gone),
    }];
  });
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function partsOf(
  root: Node | null,
  text: string,
  lineAt: (offset: number) => number,
): readonly Part[] {
  const parts: Part[] = [];
  const add = (node: unknown, isKey: boolean, path: readonly unknown[]) => {
    if (!isMap(node) && !isScalar(node) && !isNode(node)) return;
    if (!node.range || node.range[0] === node.range[1]) return;
    const [start, end] = node.range;
    const parents = path.flatMap((each) => {
      if (isPair(each)) {
        return isScalar(each.key) && each.key.range ? [lineAt(each.key.range[0])] : [];
      }
      return isNode(each) && each.range ? [lineAt(each.range[0])] : [];
    });
    parts.push({ start, end, source: text.slice(start, end), parents: [1, ...parents], isKey });
  };
  visit(root, {
    Pair(_, pair, path) {
      add(pair.key, true, path);
      add(pair.value, false, [...path, pair]);
    },
    Seq(_, list, path) {
      for (const item of list.items) add(item, false, [...path, list]);
    },
  });
  return parts;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "range" in value;
}

function wordsOf(text: string): readonly string[] {
  return [...new Set(text.match(/[\w-]{2,}/g) ?? [])];
}
