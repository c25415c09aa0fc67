/**
 * Turns the nodes of a YAML document into plain data, and refuses what would make that data
 * something else than what a reader sees: duplicate keys, keys that are no text, aliases that grow
 * without bound.
 *
 * @module
 */

import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import type { ReportRange } from "./load.ts";
import { unknownTag } from "./_yaml_errors.ts";
import { BRACES, cutAt } from "./_yaml_traps.ts";
import { keyText } from "./_yaml_file.ts";

/** How many parts aliases may stand for in all; a billion laughs stop here. */
const ALIASED_PARTS = 10_000;

/** What the tags of YAML itself begin with, and those that say what plain data is anyway. */
const STANDARD = "tag:yaml.org,2002:";
const PLAIN = new Set(
  ["str", "int", "float", "bool", "null", "map", "seq"].map((name) => STANDARD + name),
);

/** The data of a document. */
export interface YamlData {
  /** Maps, without a prototype, lists and scalars. */
  readonly data: unknown;
  /** The node that each alias stands for. */
  readonly aliases: ReadonlyMap<Node, Node>;
}

/**
 * @param document A document without syntax errors.
 * @param text The file's text.
 * @param report Told of each problem. What is wrong becomes `null` in the data.
 * @returns Its data.
 */
export function toData(document: Document.Parsed, text: string, report: ReportRange): YamlData {
  const reader = new Reader(text, report);
  return { data: reader.read(document.contents), aliases: reader.aliases };
}

class Reader {
  readonly aliases = new Map<Node, Node>();
  readonly #text: string;
  readonly #report: ReportRange;
  readonly #anchors = new Map<string, Node>();
  /** The nodes that are being read: an alias to one of them is a circle. */
  readonly #open = new Set<Node>();
  #aliasDepth = 0;
  #aliasedParts = 0;
  /** Once set, everything else is passed over. */
  #exhausted = false;

  constructor(text: string, report: ReportRange) {
    this.#text = text;
    this.#report = report;
  }

  read(node: Node | null): unknown {
    if (node === null || this.#exhausted) return null;
    if (this.#aliasDepth > 0 && ++this.#aliasedParts > ALIASED_PARTS) {
      this.#exhausted = true;
      return null;
    }
    if (isAlias(node)) return this.#readAlias(node);
    if (this.#aliasDepth === 0 && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (this.#hasForeignTag(node)) return null;
    if (isScalar(node)) {
      if (this.#aliasDepth === 0) this.#warnOfCut(node);
      return node.value;
    }
    this.#open.add(node);
    const data = isMap<Node, Node | null>(node)
      ? this.#readMap(node)
      : isSeq<Node>(node)
      ? this.#readList(node)
      : null;
    this.#open.delete(node);
    return data;
  }

  /** A text of several words that goes on in what YAML takes for a comment. */
  #warnOfCut({ type, value, range, comment }: Scalar): void {
    if (type !== "PLAIN" || typeof value !== "string" || !range || !comment) return;
    const at = cutAt(this.#text, range[1]);
    if (at === undefined) return;
    const cut = this.#text.slice(at).split("\n", 1)[0]?.trimEnd() ?? "";
    this.#report(
      "cut-text",
      `The text ends before "${cut.length > 40 ? `${cut.slice(0, 39)}…` : cut}", a comment to YAML`,
      [at, at + cut.length],
    );
  }

  /** Tags that make something else than plain data: `!!binary`, `!!set`. */
  #hasForeignTag({ tag, range }: Node): boolean {
    if (tag === undefined || !tag.startsWith(STANDARD) || PLAIN.has(tag)) return false;
    const { code, message, hint } = unknownTag(`!!${tag.slice(STANDARD.length)}`);
    const [start, end] = range ?? [0, 0];
    this.#report(code, message, [start, end], hint);
    return true;
  }

  #readAlias(alias: Alias): unknown {
    const target = this.aliases.get(alias) ?? this.#anchors.get(alias.source);
    const range = rangeOf(alias);
    if (target === undefined) {
      this.#report(
        "unknown-alias",
        `There is no anchor "&${alias.source}" before this alias`,
        range,
        /^[\w-]+$/.test(alias.source) ? undefined : `Put the text in quotes: "*${alias.source}"`,
      );
      return null;
    }
    if (this.#open.has(target)) {
      this.#report("circular-alias", `Alias "*${alias.source}" contains itself`, range);
      return null;
    }
    this.aliases.set(alias, target);
    this.#aliasDepth++;
    const data = this.read(target);
    this.#aliasDepth--;
    if (this.#exhausted && this.#aliasDepth === 0) {
      this.#report(
        "too-many-aliases",
        `Alias "*${alias.source}" makes the file grow to more than ${ALIASED_PARTS} parts`,
        range,
        "Write out what is needed instead of nesting aliases",
      );
      return null;
    }
    return data;
  }

  #readList(list: YAMLSeq<Node>): unknown[] {
    const data: unknown[] = [];
    for (const item of list.items) data.push(this.read(item));
    return data;
  }

  #readMap(map: YAMLMap<Node, Node | null>): Record<string, unknown> {
    const data: Record<string, unknown> = Object.create(null);
    for (const { key, value } of map.items) {
      const name = keyText(key);
      if (name === undefined) {
        const range = rangeOf(key);
        const isBraces = this.#text.slice(range[0] - 1, range[0] + 1) === "{{";
        const hint = isBraces ? BRACES : "Put it in quotes";
        this.#report("invalid-key", "A key must be a text", range, hint);
        continue;
      }
      // Wherever data is copied, this one key would do something else than the others.
      if (name === "__proto__") {
        this.#report("invalid-key", 'A key cannot be "__proto__"', rangeOf(key));
        continue;
      }
      if (name in data) {
        // Through an alias, it was told where it is written.
        if (this.#aliasDepth === 0) {
          this.#report(
            "duplicate-key",
            `Key "${name}" is there twice`,
            rangeOf(key),
            "Keep one of them: it is not clear which one counts",
          );
        }
        continue;
      }
      data[name] = this.read(value ?? null);
    }
    return data;
  }
}

function rangeOf(node: Node): readonly [number, number] {
  const [start, end] = node.range ?? [0, 0];
  return [start, end];
}
