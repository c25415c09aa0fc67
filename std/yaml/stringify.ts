import { isAmbiguous, type SchemaType, TAG_PREFIX } from "./_schema.ts";
import { type Styles, type StyleVariant, writeScalar } from "./_scalars.ts";
import { writeText } from "./_text.ts";

/** How {@linkcode stringify} writes a value. */
export type StringifyOptions = {
  /**
   * How many spaces one level is indented by.
   *
   * @default {2}
   */
  indent?: number;
  /**
   * Indent a list inside a mapping by one level.
   *
   * @default {true}
   */
  arrayIndent?: boolean;
  /**
   * Leave out what YAML cannot hold, such as functions, instead of throwing.
   *
   * @default {false}
   */
  skipInvalid?: boolean;
  /**
   * From which level on to write on one line, with brackets and braces; -1 for nowhere.
   *
   * @default {-1}
   */
  flowLevel?: number;
  /** The style for each tag, such as `{ "!!int": "hexadecimal" }`. */
  styles?: Record<string, StyleVariant>;
  /**
   * What values can be written, and what text has to be quoted.
   *
   * @default {"default"}
   */
  schema?: SchemaType;
  /**
   * Sort keys by code unit, or as a function says.
   *
   * @default {false}
   */
  sortKeys?: boolean | ((a: string, b: string, depth: number) => number);
  /**
   * How long lines of text may be before they are folded; -1 for any length.
   *
   * @default {80}
   */
  lineWidth?: number;
  /**
   * Write an object that comes twice once, and refer to it after that.
   *
   * @default {true}
   */
  useAnchors?: boolean;
  /**
   * Quote `yes`, `no`, `on` and `off`, which YAML 1.1 reads as booleans.
   *
   * @default {true}
   */
  compatMode?: boolean;
  /**
   * Leave out spaces in what is written on one line, and quote its keys.
   *
   * @default {false}
   */
  condenseFlow?: boolean;
};

/**
 * Writes a value as a YAML document.
 *
 * @param data The value.
 * @param options How to write it.
 * @returns The text, with a line break at its end.
 * @throws {TypeError} If there is something in it that YAML cannot hold, such as `undefined`.
 */
export function stringify(data: unknown, options: StringifyOptions = {}): string {
  const text = new Writer(data, options).write(data, { level: 0, block: true, compact: true });
  return text === undefined ? "" : `${text}\n`;
}

/** Where a value stands. */
interface Place {
  readonly level: number;
  /** Whether it may take several lines. */
  readonly block: boolean;
  /** Whether it may start on the line of what is before it. */
  readonly compact: boolean;
  readonly isKey?: boolean;
}

class Writer {
  readonly #options: StringifyOptions;
  readonly #schema: SchemaType;
  readonly #styles: Styles;
  readonly #step: number;
  readonly #flowLevel: number;
  /** The objects that come more than once. */
  readonly #repeated: readonly object[];
  readonly #written = new Set<object>();

  constructor(data: unknown, options: StringifyOptions) {
    this.#options = options;
    this.#schema = options.schema ?? "default";
    this.#styles = new Map(
      Object.entries(options.styles ?? {}).map((
        [tag, style],
      ) => [tag.replace(/^!!/, TAG_PREFIX), style]),
    );
    this.#step = Math.max(1, options.indent ?? 2);
    this.#flowLevel = options.flowLevel ?? -1;
    this.#repeated = options.useAnchors ?? true ? findRepeated(data) : [];
  }

  /** Writes a value, or gives undefined for one to leave out. */
  write(value: unknown, place: Place): string | undefined {
    const scalar = writeScalar(value, this.#schema, this.#styles);
    if (scalar?.tag !== undefined) return `!<${scalar.tag}> ${this.#writeText(scalar.text, place)}`;
    if (scalar !== undefined) return scalar.text;
    if (typeof value === "string" || value instanceof String) {
      return this.#writeText(String(value), place);
    }
    if (typeof value === "object" && value !== null) return this.#writeObject(value, place);
    if (this.#options.skipInvalid) return undefined;
    throw new TypeError(`Cannot stringify ${typeof value}`);
  }

  #writeText(text: string, { level, isKey = false }: Place): string {
    const { lineWidth = 80, compatMode = true } = this.#options;
    const indent = this.#step * Math.max(1, level);
    return writeText(text, {
      indent,
      step: this.#step,
      width: lineWidth === -1 ? -1 : Math.max(Math.min(lineWidth, 40), lineWidth - indent),
      singleLine: isKey || this.#flowLevel > -1 && level >= this.#flowLevel,
      quoteOldBooleans: compatMode,
      isAmbiguous: (candidate) => isAmbiguous(candidate, this.#schema),
    });
  }

  #writeObject(value: object, place: Place): string {
    const anchor = this.#repeated.indexOf(value);
    if (this.#written.has(value)) return `*ref_${anchor}`;
    if (anchor !== -1) this.#written.add(value);
    const { level } = place;
    const block = place.block && (this.#flowLevel < 0 || this.#flowLevel > level) &&
      Object.keys(value).length > 0;
    const compact = place.compact && anchor === -1 && (this.#step === 2 || level === 0);
    const text = this.#writeCollection(value, { level, block, compact });
    if (anchor === -1) return text;
    return block ? `&ref_${anchor}${text}` : `&ref_${anchor} ${text}`;
  }

  #writeCollection(value: object, { level, block, compact }: Place): string {
    if (!Array.isArray(value)) {
      return block
        ? this.#writeBlockMapping(value, level, compact)
        : this.#writeFlowMapping(value, level);
    }
    const indented = this.#options.arrayIndent ?? true;
    const itemLevel = !indented && level > 0 ? level - 1 : level;
    return block
      ? this.#writeBlockSequence(value, itemLevel, compact)
      : this.#writeFlowSequence(value, itemLevel);
  }

  #writeBlockSequence(items: readonly unknown[], level: number, compact: boolean): string {
    const lines: string[] = [];
    for (const item of items) {
      const text = this.write(item, { level: level + 1, block: true, compact: true });
      if (text !== undefined) lines.push(`-${separate(text)}`);
    }
    return this.#joinLines(lines, level, compact) ?? "[]";
  }

  #writeBlockMapping(value: object, level: number, compact: boolean): string {
    const lines: string[] = [];
    for (const [key, item] of this.#sortedEntries(value, level)) {
      const keyText = this.write(key, {
        level: level + 1,
        block: true,
        compact: true,
        isKey: true,
      });
      if (keyText === undefined) continue;
      const long = keyText.length > 1024;
      const text = this.write(item, { level: level + 1, block: true, compact: long });
      if (text === undefined) continue;
      const start = long ? `? ${keyText}${this.#lineBreak(level)}` : keyText;
      lines.push(`${start}:${separate(text)}`);
    }
    return this.#joinLines(lines, level, compact) ?? "{}";
  }

  #writeFlowSequence(items: readonly unknown[], level: number): string {
    const texts = items.map((item) => this.write(item, { level, block: false, compact: false }));
    const written = texts.filter((text) => text !== undefined);
    return `[${written.join(this.#options.condenseFlow ? "," : ", ")}]`;
  }

  #writeFlowMapping(value: object, level: number): string {
    const place = { level, block: false, compact: false };
    const [quote, colon] = this.#options.condenseFlow ? ['"', ":"] : ["", ": "];
    const pairs: string[] = [];
    for (const [key, item] of Object.entries(value)) {
      const keyText = this.write(key, place);
      const text = keyText === undefined ? undefined : this.write(item, place);
      if (keyText === undefined || text === undefined) continue;
      pairs.push(`${quote}${keyText.length > 1024 ? "? " : ""}${keyText}${quote}${colon}${text}`);
    }
    return `{${pairs.join(", ")}}`;
  }

  #sortedEntries(value: object, level: number): [string, unknown][] {
    const { sortKeys = false } = this.#options;
    const entries: [string, unknown][] = Object.entries(value);
    if (typeof sortKeys === "function") return entries.sort(([a], [b]) => sortKeys(a, b, level));
    // No two keys of an object are equal.
    return sortKeys ? entries.sort(([a], [b]) => a < b ? -1 : 1) : entries;
  }

  #joinLines(lines: readonly string[], level: number, compact: boolean): string | undefined {
    if (lines.length === 0) return undefined;
    const lineBreak = this.#lineBreak(level);
    return (compact ? "" : lineBreak) + lines.join(lineBreak);
  }

  #lineBreak(level: number): string {
    return `\n${" ".repeat(this.#step * level)}`;
  }
}

/** Puts a space before what starts on the same line. */
function separate(text: string): string {
  return text.startsWith("\n") ? text : ` ${text}`;
}

/** The objects that come more than once in a value, those nearest to the top first. */
function findRepeated(data: unknown): object[] {
  const seen = new Set<object>();
  const repeated = new Set<object>();
  const queue: unknown[] = [data];
  for (const value of queue) {
    if (typeof value !== "object" || value === null) continue;
    if (seen.has(value)) {
      repeated.add(value);
      continue;
    }
    seen.add(value);
    queue.push(...Object.values(value));
  }
  return [...repeated];
}
