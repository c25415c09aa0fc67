/**
 * A YAML file that was read: its data, and where in the file each part of it is.
 *
 * @module
 */

import {
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Scalar,
  type YAMLMap,
} from "yaml";
import type { Place } from "./plan.ts";
import { type ScalarStyle, sourceOffset } from "./_yaml_slice.ts";

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
  /** Where markers are, by the scalar that they are in. */
  readonly #markers = new WeakMap<Node, ReadonlyMap<number, number>>();
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

  /** Whether it is a key without a colon in a map in braces, as what follows a comma in a text is. */
  isBareKey(path: DataPath): boolean {
    const found = path.length === 0 ? undefined : this.#find(path);
    return found?.key !== undefined && found.value === undefined;
  }

  /** How a scalar is written, without its quotes; `undefined` for maps and lists. */
  sourceOf(path: DataPath): string | undefined {
    const node = this.#find(path)?.value;
    return isScalar(node) ? node.source : undefined;
  }

  /** What stands in the line of a value, from the value on. */
  lineFrom(path: DataPath): string {
    const { line, column } = this.valueLocation(path).place;
    const start = (this.#parts.lines.lineStarts[line - 1] ?? 0) + column - 1;
    const end = this.text.indexOf("\n", start);
    return this.text.slice(start, end < 0 ? undefined : end);
  }

  /**
   * Where a part of a scalar's text is in the file. Escapes, folding and indentation make the value
   * differ from the source, so that both are gone along from where they agree: the same occurrence
   * of `marker`, or the beginning.
   *
   * @param path The scalar.
   * @param slice The part.
   * @param marker A text at or before the part, such as `${{`; `at` says where it is in the value.
   */
  sliceLocation(
    path: DataPath,
    slice: Slice,
    marker?: { readonly text: string; readonly at: number },
  ): Location {
    const node = this.#find(path)?.value;
    if (!isScalar(node) || typeof node.value !== "string" || !node.range) {
      return this.valueLocation(path);
    }
    const { text } = this.#parts;
    const value = node.value;
    const style = styleOf(node.type);
    const begin = this.#beginOf(node, node.range[0], style, marker);
    if (begin === undefined) return this.valueLocation(path);
    // What is indented before the text of a block is no part of its value, line ends are.
    const space = style === "block" ? value.length - value.trimStart().length : 0;
    const at = marker?.at ?? Math.min(space, slice.offset);
    const along = (from: number, to: number, position: number) =>
      sourceOffset({ text: value, from, to }, { text, from: position }, style);
    const start = along(at, slice.offset, begin);
    if (start === undefined) {
      return this.#location(begin, begin + (marker?.text.length ?? value.length));
    }
    const end = along(slice.offset, slice.offset + slice.length, start) ?? start + slice.length;
    return this.#location(start, end);
  }

  /** Where in the file the marker is, or the beginning of a scalar's text. */
  #beginOf(
    node: Scalar,
    start: number,
    style: ScalarStyle,
    marker: { readonly text: string; readonly at: number } | undefined,
  ): number | undefined {
    const { text } = this.#parts;
    // A block scalar begins with its header, which may carry a comment.
    const body = style === "block" ? text.indexOf("\n", start) + 1 : start;
    if (marker !== undefined) {
      const known = this.#markers.get(node) ?? markersOf(node, text, body, marker.text);
      this.#markers.set(node, known);
      return known.get(marker.at);
    }
    if (style !== "block") return style === "plain" ? body : body + 1;
    const indentation = /[ \n\r]*/y;
    indentation.lastIndex = body;
    return body + (indentation.exec(text)?.[0].length ?? 0);
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

/** Where each occurrence of a marker in a scalar's value is in the file; none if it is escaped. */
function markersOf(
  node: Scalar,
  text: string,
  body: number,
  marker: string,
): ReadonlyMap<number, number> {
  const value = typeof node.value === "string" ? node.value : "";
  const wanted = occurrences(value, marker);
  const written = occurrences(text.slice(body, node.range?.[1] ?? body), marker);
  if (written.length !== wanted.length) return new Map();
  return new Map(wanted.map((at, index) => [at, body + (written[index] ?? 0)]));
}

function occurrences(text: string, marker: string): readonly number[] {
  const found: number[] = [];
  for (let at = text.indexOf(marker); at >= 0; at = text.indexOf(marker, at + marker.length)) {
    found.push(at);
  }
  return found;
}

function styleOf(type: Scalar["type"]): ScalarStyle {
  switch (type) {
    case "BLOCK_LITERAL":
    case "BLOCK_FOLDED":
      return "block";
    case "QUOTE_SINGLE":
      return "single";
    case "QUOTE_DOUBLE":
      return "double";
    default:
      return "plain";
  }
}
