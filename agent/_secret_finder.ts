/**
 * Where in a text a secret is written, in any of the forms that programs give it.
 *
 * @module
 */

import {
  jsonBytes,
  nestedJsonBytes,
  plainBytes,
  type TextBytes,
  urlBytes,
} from "./_secret_bytes.ts";
import { SecretTrie } from "./_secret_trie.ts";

/** A part of a text, in UTF-16 code units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What {@linkcode SecretFinder.find} tells of a text. */
export interface Found {
  /** In order; no two of them overlap. */
  readonly spans: readonly Span[];
  /** From here on, the text may be the beginning of more; its length where it is not. */
  readonly open: number;
}

/** What stands at a place of base64's alphabets; line ends in it mean nothing. */
const LINE_END = -2;
const OTHER = -1;
const SEXTETS = sextets();

/** Finds some secrets. */
export class SecretFinder {
  readonly #trie: SecretTrie;
  readonly #spaces: boolean;
  /** By place in a group of four and character of base64: whether a secret may begin with its bits. */
  readonly #beginnings = new Uint8Array(4 * 64);

  /** @param secrets The plain forms, none of them empty. */
  constructor(secrets: readonly string[]) {
    const encoder = new TextEncoder();
    this.#trie = new SecretTrie(secrets.map((secret) => encoder.encode(secret)));
    this.#spaces = secrets.some((secret) => secret.includes(" "));
    for (let byte = 0; byte < 256; byte++) {
      if (!this.#trie.begins(byte)) continue;
      for (let value = 0; value < 64; value++) {
        for (let place = 0; place < 3; place++) {
          const agrees = (value << 2 * place & 0x3f) === (byte >> 2 & 0x3f << 2 * place & 0x3f);
          if (agrees) this.#beginnings[64 * place + value] = 1;
        }
      }
    }
  }

  /** @param text A text, or as much of one as there is by now. */
  find(text: string): Found {
    const spans: Span[] = [];
    let open = text.length;
    const search = (bytes: TextBytes) => {
      open = Math.min(open, bytes.open, this.#searchBytes(bytes, spans));
      open = Math.min(open, this.#searchBase64(bytes, spans));
    };
    search(plainBytes(text));
    // Without anything escaped these would read the same again.
    if (text.includes("%")) search(urlBytes(text, false));
    if (this.#spaces && text.includes("+")) search(urlBytes(text, true));
    if (text.includes("\\")) search(jsonBytes(text));
    if (text.includes("\\\\")) search(nestedJsonBytes(text));
    return { spans: merge(spans), open };
  }

  #searchBytes({ bytes, starts, ends, length, open }: TextBytes, spans: Span[]): number {
    const trie = this.#trie;
    let state = 0;
    for (let at = 0; at < length; at++) {
      state = trie.next(state, bytes[at] ?? 0);
      const found = trie.found(state);
      if (found > 0) add(spans, starts[at + 1 - found] ?? 0, ends[at] ?? 0);
    }
    const begun = trie.begun(state);
    return begun === 0 ? open : starts[length - begun] ?? 0;
  }

  /**
   * What is found at none, one or two bytes into a group of three: a text in base64 may begin
   * anywhere, so that each of its characters may be the first of a group of four.
   */
  #searchBase64({ bytes, starts, ends, length, open }: TextBytes, spans: Span[]): number {
    const trie = this.#trie;
    const states = [0, 0, 0, 0];
    /** By character of base64: where it stands. */
    const places = new Int32Array(length);
    let count = 0;
    let before = OTHER;
    for (let at = 0; at < length; at++) {
      const value = SEXTETS[bytes[at] ?? 0] ?? OTHER;
      if (value === LINE_END) continue;
      if (value === OTHER) {
        before = OTHER;
        states.fill(0);
        continue;
      }
      places[count] = starts[at] ?? 0;
      if (before !== OTHER) {
        for (let phase = 0; phase < 4; phase++) {
          const place = (count - phase) & 3;
          if (place === 0) continue;
          const byte = (before << 2 * place | value >> 6 - 2 * place) & 0xff;
          const state = trie.next(states[phase] ?? 0, byte);
          states[phase] = state;
          const found = trie.found(state);
          if (found > 0) {
            add(spans, places[firstCharacter(count, phase, found)] ?? 0, ends[at] ?? 0);
          }
        }
      }
      before = value;
      count++;
    }
    if (before === OTHER) return open;
    let from = open;
    const last = count - 1;
    for (let phase = 0; phase < 4; phase++) {
      const place = (last - phase) & 3;
      const begun = trie.begun(states[phase] ?? 0);
      if (begun > 0) {
        from = Math.min(from, places[firstCharacter(last, phase, begun)] ?? 0);
      } else if (this.#beginnings[64 * place + before] === 1) {
        from = Math.min(from, places[last] ?? 0);
      }
    }
    return from;
  }
}

/**
 * The character of base64 with which a number of bytes begins.
 *
 * @param last The character with which they end.
 * @param phase Which character begins a group of four; the next begins four later.
 * @param bytes How many bytes.
 */
function firstCharacter(last: number, phase: number, bytes: number): number {
  const offset = last - phase;
  const group = Math.floor(offset / 4);
  const byte = 3 * group + offset - 4 * group - bytes;
  const firstGroup = Math.floor(byte / 3);
  return phase + 4 * firstGroup + (byte - 3 * firstGroup);
}

/** Adds a part that ends no earlier than those before it, and swallows those that it overlaps. */
function add(spans: Span[], from: number, end: number): void {
  let start = from;
  for (let last = spans.at(-1); last !== undefined; last = spans.at(-1)) {
    if (last.end <= start || last.end > end) break;
    start = Math.min(start, last.start);
    spans.pop();
  }
  spans.push({ start, end });
}

/** Makes one of all that overlap. */
function merge(spans: readonly Span[]): readonly Span[] {
  const merged: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last === undefined || span.start >= last.end) merged.push(span);
    else merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, span.end) };
  }
  return merged;
}

function sextets(): Int8Array {
  const values = new Int8Array(256).fill(OTHER);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  for (let value = 0; value < alphabet.length; value++) values[alphabet.charCodeAt(value)] = value;
  for (const [characters, value] of [["+-", 62], ["/_", 63], ["\n\r", LINE_END]] as const) {
    for (const character of characters) values[character.charCodeAt(0)] = value;
  }
  return values;
}
