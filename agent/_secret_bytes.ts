/**
 * Reads a text in the ways that it may be meant: as it stands, as part of a URL or a form, as the
 * inside of a JSON string. Each gives bytes, and where in the text each of them is written.
 *
 * @module
 */

/** What a text says, and where. */
export interface TextBytes {
  /** UTF-8. */
  readonly bytes: Uint8Array;
  /** By byte: where what stands for it begins in the text, in UTF-16 code units. */
  readonly starts: Int32Array;
  /** By byte: where that ends. */
  readonly ends: Int32Array;
  readonly length: number;
  /** Where something begins at the end of the text that is not complete; the text's length without. */
  readonly open: number;
}

const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/** What stands after a backslash in JSON, and what both stand for. */
const ESCAPES: ReadonlyMap<number, number> = new Map(
  ['""', "\\\\", "//", "b\b", "f\f", "n\n", "r\r", "t\t"]
    .map((pair) => [pair.charCodeAt(0), pair.charCodeAt(1)]),
);

/** The text as it stands. */
export function plainBytes(text: string): TextBytes {
  const writer = new ByteWriter(text.length);
  for (let at = 0; at < text.length; at++) writer.unit(text.charCodeAt(at), at, at + 1);
  return writer.finish(text.length);
}

/**
 * The text as part of a URL: `%41` is a byte.
 *
 * @param plus Whether `+` is a space, as in forms.
 */
export function urlBytes(text: string, plus: boolean): TextBytes {
  const writer = new ByteWriter(text.length);
  let at = 0;
  while (at < text.length) {
    const unit = text.charCodeAt(at);
    const digits = unit === PERCENT ? hexDigits(text, at + 1, 2) : 0;
    if (digits === 2) {
      writer.byte(Number.parseInt(text.slice(at + 1, at + 3), 16), at, at + 3);
      at += 3;
      continue;
    }
    if (unit === PERCENT && at + 1 + digits === text.length) return writer.finish(at);
    writer.unit(plus && unit === PLUS ? SPACE : unit, at, at + 1);
    at++;
  }
  return writer.finish(at);
}

/** The text as the inside of a JSON string: `\n` is a line's end. */
export function jsonBytes(text: string): TextBytes {
  return unescapedBytes(text, (at) => at + 1);
}

/** The text as JSON inside JSON, at any depth: however many backslashes there are, they are one. */
export function nestedJsonBytes(text: string): TextBytes {
  return unescapedBytes(text, (at) => {
    let end = at + 1;
    while (text.charCodeAt(end) === BACKSLASH) end++;
    return end;
  });
}

/** @param afterBackslash Where what follows a backslash stands. */
function unescapedBytes(text: string, afterBackslash: (at: number) => number): TextBytes {
  const writer = new ByteWriter(text.length);
  let at = 0;
  while (at < text.length) {
    const unit = text.charCodeAt(at);
    if (unit !== BACKSLASH) {
      writer.unit(unit, at, ++at);
      continue;
    }
    const from = afterBackslash(at);
    if (from === text.length) return writer.finish(at);
    const next = text.charCodeAt(from);
    const digits = next === LETTER_U ? hexDigits(text, from + 1, 4) : 0;
    if (next === LETTER_U && digits < 4 && from + 1 + digits === text.length) {
      return writer.finish(at);
    }
    const end = digits === 4 ? from + 5 : from + 1;
    const escaped = digits === 4
      ? Number.parseInt(text.slice(from + 1, end), 16)
      : ESCAPES.get(next);
    // What is not escaped stands for itself, and so does the backslash.
    writer.unit(escaped ?? unit, at, escaped === undefined ? from : end);
    at = escaped === undefined ? from : end;
  }
  return writer.finish(at);
}

/** How many hexadecimal digits stand at a place, up to a number of them. */
function hexDigits(text: string, from: number, most: number): number {
  let count = 0;
  while (count < most && isHexDigit(text.charCodeAt(from + count))) count++;
  return count;
}

function isHexDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39 || unit >= 0x41 && unit <= 0x46 ||
    unit >= 0x61 && unit <= 0x66;
}

/** Writes UTF-8. */
class ByteWriter {
  readonly #bytes: Uint8Array;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  #length = 0;
  /** The first half of a character, which waits for the second. */
  #half: { readonly unit: number; readonly start: number; readonly end: number } | undefined;

  /** @param units The length of the text: no code unit of it takes more than three bytes. */
  constructor(units: number) {
    this.#bytes = new Uint8Array(units * 3);
    this.#starts = new Int32Array(units * 3);
    this.#ends = new Int32Array(units * 3);
  }

  /** A code unit of UTF-16. */
  unit(unit: number, start: number, end: number): void {
    if (unit < 0x80 && this.#half === undefined) {
      this.#put(unit, start, end);
      return;
    }
    if (this.#half !== undefined) {
      const half = this.#half;
      this.#half = undefined;
      if (unit >= 0xdc00 && unit <= 0xdfff) {
        const point = 0x10000 + ((half.unit - 0xd800) << 10) + (unit - 0xdc00);
        this.#point(point, half.start, end);
        return;
      }
      this.#point(half.unit, half.start, half.end);
    }
    if (unit >= 0xd800 && unit <= 0xdbff) this.#half = { unit, start, end };
    else this.#point(unit, start, end);
  }

  /** A byte that is written as such. */
  byte(byte: number, start: number, end: number): void {
    this.#alone();
    this.#put(byte, start, end);
  }

  /** @param open Where what is not complete begins, besides half a character. */
  finish(open: number): TextBytes {
    const from = this.#half?.start ?? open;
    return {
      bytes: this.#bytes,
      starts: this.#starts,
      ends: this.#ends,
      length: this.#length,
      open: from,
    };
  }

  #alone(): void {
    if (this.#half === undefined) return;
    const { unit, start, end } = this.#half;
    this.#half = undefined;
    this.#point(unit, start, end);
  }

  #point(point: number, start: number, end: number): void {
    if (point < 0x80) return this.#put(point, start, end);
    if (point < 0x800) this.#put(0xc0 | point >> 6, start, end);
    else {
      if (point < 0x10000) this.#put(0xe0 | point >> 12, start, end);
      else {
        this.#put(0xf0 | point >> 18, start, end);
        this.#put(0x80 | point >> 12 & 0x3f, start, end);
      }
      this.#put(0x80 | point >> 6 & 0x3f, start, end);
    }
    this.#put(0x80 | point & 0x3f, start, end);
  }

  #put(byte: number, start: number, end: number): void {
    const at = this.#length++;
    this.#bytes[at] = byte;
    this.#starts[at] = start;
    this.#ends[at] = end;
  }
}
