/**
 * A YAML file that was read: its data, and where in the file each part of it is.
 *
 * @module
 */

import { isMap, isScalar, isSeq, type LineCounter, type Node, type YAMLMap } from "yaml";
import type { Place } from "./plan.ts";

/** The way to a part of the data: keys of maps and indexes of lists. */
export type DataPath = readonly (string | number)[];

/** Where something stands: what a diagnostic needs of it. */
export interface Location {
  readonly place: Place;
  /** How many UTF-16 code units of the line. */
  readonly length: number;
}

/** A part of a scalar's text, in UTF-16 code units of its value. */
export interface Slice {
  readonly offset: number;
  readonly length: number;
}

/** What {@linkcode YamlFile} is made of. */
export interface YamlFileParts {
  /** The file, as the user named it. */
  readonly file: string;
  /** Its text, without a byte order mark. */
  readonly text: string;
  /** The SHA-256 of its bytes, in hexadecimal. */
  readonly fingerprint: string;
  readonly lines: LineCounter;
  /** The root of the document. */
  readonly root: Node | null;
  /** The plain data, with aliases resolved. Maps have no prototype. */
  readonly data: unknown;
  /** The node that each alias stands for. */
  readonly aliases: ReadonlyMap<Node, Node>;
}

/** A YAML file's data with the place of every part. */
export class YamlFile {
  readonly file: string;
  readonly text: string;
  readonly fingerprint: string;
  readonly data: unknown;
  readonly #parts: YamlFileParts;
  readonly #pairs = new WeakMap<Node, ReadonlyMap<string, Found>>();

  constructor(parts: YamlFileParts) {
    this.file = parts.file;
    this.text = parts.text;
    this.fingerprint = parts.fingerprint;
    this.data = parts.data;
    this.#parts = parts;
  }

  /** Whether the file itself has something at a path, be it empty. */
  has(path: DataPath): boolean {
    return this.#find(path) !== undefined;
  }

  /** Where the value at a path is; for a missing one, where the nearest part around it is. */
  valueLocation(path: DataPath): Location {
    const found = this.#nearest(path);
    const [start, end] = found.value?.range ?? found.key?.range ?? [0, 0];
    return this.#location(start, end);
  }

  /** Where the key of the value at a path is; for an item of a list, where the item is. */
  keyLocation(path: DataPath): Location {
    const found = this.#nearest(path);
    const [start, end] = found.key?.range ?? found.value?.range ?? [0, 0];
    return this.#location(start, end);
  }

  /** The keys of the map at a path, in the order written; none if it is no map. */
  keysOf(path: DataPath): readonly string[] {
    const node = this.#find(path)?.value;
    if (!isMap<Node>(node)) return [];
    const keys = node.items.flatMap(({ key }) => keyText(key) ?? []);
    // It is refused, and not in the data.
    return keys.filter((key) => key !== "__proto__");
  }

  /** How a scalar is written, without its quotes; `undefined` for maps and lists. */
  sourceOf(path: DataPath): string | undefined {
    const node = this.#find(path)?.value;
    return isScalar(node) ? node.source : undefined;
  }

  /**
   * Where a part of a scalar's text is in the file. Escapes, folding and indentation make the value
   * differ from the source, so the part is found by its own text: the same occurrence of `marker`
   * in both, and from there on as far as the two agree.
   *
   * @param path The scalar.
   * @param slice The part.
   * @param marker A text at or before the part, such as `${{`; `at` says where it is in the value.
   */
  sliceLocation(
    path: DataPath,
    slice: Slice,
    marker: { readonly text: string; readonly at: number },
  ): Location {
    const node = this.#find(path)?.value;
    if (!isScalar(node) || typeof node.value !== "string" || !node.range) {
      return this.valueLocation(path);
    }
    const [start, end] = node.range;
    const { value } = node;
    const source = this.#parts.text.slice(start, end);
    // A block scalar begins with its header, which may carry a comment.
    const isBlock = node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED";
    const body = isBlock ? source.indexOf("\n") + 1 : 0;
    const wanted = occurrences(value, marker.text);
    const written = occurrences(source.slice(body), marker.text);
    const position = written[wanted.indexOf(marker.at)];
    if (position === undefined || written.length !== wanted.length) {
      return this.valueLocation(path);
    }
    const from = start + body + position;
    const inner = slice.offset - marker.at;
    const agrees = this.#parts.text.startsWith(value.slice(marker.at, slice.offset), from);
    return agrees
      ? this.#location(from + inner, from + inner + slice.length)
      : this.#location(from, from + marker.text.length);
  }

  /** Where a range of the text is, cut at the end of its first line. */
  #location(start: number, end: number): Location {
    const { file, text, lines } = this.#parts;
    const { line, col } = lines.linePos(start);
    const firstLine = text.slice(start, end).split("\n", 1)[0] ?? "";
    return {
      place: { file, line: Math.max(1, line), column: Math.max(1, col) },
      length: Math.max(1, firstLine.trimEnd().length),
    };
  }

  #nearest(path: DataPath): Found {
    for (let length = path.length; length > 0; length--) {
      const found = this.#find(path.slice(0, length));
      if (found !== undefined) return found;
    }
    return { key: undefined, value: this.#parts.root ?? undefined };
  }

  #find(path: DataPath): Found | undefined {
    let found: Found = { key: undefined, value: this.#parts.root ?? undefined };
    for (const part of path) {
      const next = this.#child(this.#resolve(found.value), part);
      if (next === undefined) return undefined;
      found = next;
    }
    return { key: found.key, value: this.#resolve(found.value) };
  }

  #child(node: Node | undefined, part: string | number): Found | undefined {
    if (isSeq<Node>(node) && typeof part === "number") {
      const value = node.items[part];
      return value === undefined ? undefined : { key: undefined, value };
    }
    if (!isMap<Node, Node | null>(node)) return undefined;
    const pairs = this.#pairs.get(node) ?? pairsOf(node);
    this.#pairs.set(node, pairs);
    return pairs.get(String(part));
  }

  #resolve(node: Node | undefined): Node | undefined {
    return node === undefined ? undefined : this.#parts.aliases.get(node) ?? node;
  }
}

interface Found {
  readonly key: Node | undefined;
  readonly value: Node | undefined;
}

/** The pairs of a map by their keys; of keys that are there twice, the first. */
function pairsOf(map: YAMLMap<Node, Node | null>): ReadonlyMap<string, Found> {
  const pairs = new Map<string, Found>();
  for (const { key, value } of map.items) {
    const name = keyText(key);
    if (name === undefined || pairs.has(name)) continue;
    pairs.set(name, { key, value: value ?? undefined });
  }
  return pairs;
}

/** The text of a map's key as it is written: `08` stays `08`. */
export function keyText(key: Node): string | undefined {
  if (!isScalar(key)) return undefined;
  return typeof key.value === "string" ? key.value : key.source ?? String(key.value);
}

function occurrences(text: string, marker: string): readonly number[] {
  const found: number[] = [];
  for (let at = text.indexOf(marker); at >= 0; at = text.indexOf(marker, at + marker.length)) {
    found.push(at);
  }
  return found;
}
