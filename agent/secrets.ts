/**
 * Keeps secrets out of what people and models are shown: their plain form, and the forms in which
 * programs print them.
 *
 * | form | of `p w?` |
 * | --- | --- |
 * | plain | `p w?` |
 * | URL and form encoding, any of its characters escaped, hexadecimal digits in either case | `p%20w%3f`, `p+w%3F` |
 * | JSON, any of its characters escaped | `p\u0020w?` |
 * | base64 at any place of a longer text, either alphabet, padded or not, with line ends | `cCB3Pw` |
 *
 * Of a secret with several lines each line of 8 characters or more is a secret too. This hides what
 * was printed by accident: whoever holds a secret can print it reversed.
 *
 * @module
 */

import { SecretFinder, type Span } from "./_secret_finder.ts";

/** A shorter text cannot be hidden: it would hide ordinary words. */
export const MIN_SECRET = 4;

/** A shorter line of a secret is no secret of its own: `-----` and `}` are everywhere. */
const MIN_LINE = 8;

/** A shorter key is a placeholder such as `none` or `ollama`. */
const MIN_KEY = 8;

/** What stands in a text where a secret was. */
const HIDDEN = "***";

/**
 * The texts that are hidden in a run.
 *
 * @param secrets The values of its secrets.
 * @param key The model's key; one of less than 8 characters is a placeholder such as `none`.
 * @returns All of them.
 */
export function hiddenTexts(secrets: readonly string[], key?: string): readonly string[] {
  return key === undefined || key.length < MIN_KEY ? secrets : [...secrets, key];
}

/** Hides some secrets. */
export class SecretMask {
  readonly #finder: SecretFinder | undefined;

  /** @param secrets The secrets; those of less than 4 characters are left alone. */
  constructor(secrets: readonly string[]) {
    const forms = new Set(secrets.flatMap(plainForms));
    this.#finder = forms.size === 0 ? undefined : new SecretFinder([...forms]);
  }

  /**
   * Hides the secrets in a text.
   *
   * @param text A whole text.
   * @returns The text, with `***` in the place of each secret.
   */
  text(text: string): string {
    if (this.#finder === undefined) return text;
    const { spans } = this.#finder.find(text);
    return spans.length === 0 ? text : replace(text, spans, 0, text.length).text;
  }

  /**
   * Hides the secrets in plain data.
   *
   * @param value Data of lists, objects, texts, numbers and the like.
   * @returns The same data, with every text masked; names of properties too.
   */
  data<T>(value: T): T;
  data(value: unknown): unknown {
    if (this.#finder === undefined) return value;
    if (typeof value === "string") return this.text(value);
    if (Array.isArray(value)) return value.map((item: unknown) => this.data(item));
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
    const entries = Object.entries(value);
    return Object.fromEntries(
      entries.map(([name, item]: [string, unknown]) => [this.text(name), this.data(item)]),
    );
  }

  /**
   * Hides the secrets in a text that comes in pieces.
   *
   * @returns What takes the pieces.
   */
  stream(): SecretStream {
    return new SecretStream(this.#finder);
  }
}

/** Masks a text that comes in pieces, as if it came at once. */
export class SecretStream {
  readonly #finder: SecretFinder | undefined;
  /** What was not given back yet, as it may be the beginning of a secret. */
  #held = "";
  /** How much of that has `***` in its place already. */
  #hidden = 0;

  /** @param finder Finds the secrets; there are none without it. */
  constructor(finder: SecretFinder | undefined) {
    this.#finder = finder;
  }

  /**
   * Takes a piece.
   *
   * @param chunk The piece.
   * @returns What is certain by now; no more is held back than may be the beginning of a secret.
   */
  push(chunk: string): string {
    if (this.#finder === undefined) return chunk;
    const text = this.#held + chunk;
    const { spans, open } = this.#finder.find(text);
    const done = replace(text, spans, this.#hidden, open);
    this.#held = text.slice(open);
    this.#hidden = Math.max(0, done.end - open);
    return done.text;
  }

  /**
   * Ends the text.
   *
   * @returns What was held back. The next piece is the first of another text.
   */
  flush(): string {
    if (this.#finder === undefined || this.#held === "") return "";
    const text = this.#held;
    const done = replace(text, this.#finder.find(text).spans, this.#hidden, text.length);
    this.#held = "";
    this.#hidden = 0;
    return done.text;
  }
}

/** What of a secret is looked for, before it is encoded in any way. */
function plainForms(secret: string): readonly string[] {
  const lines = secret.split(/\r\n|\r|\n/);
  const whole = [secret, secret.trim(), lines.join("\n"), lines.join("\r\n")]
    .filter((form) => form.length >= MIN_SECRET);
  if (lines.length === 1) return whole;
  return [...whole, ...lines.map((line) => line.trim()).filter((line) => line.length >= MIN_LINE)];
}

/**
 * @param text A text.
 * @param spans What is hidden of it, in order.
 * @param hidden How much of its beginning was hidden before.
 * @param until Where to stop.
 * @returns What can be shown, and where that ended: later than `until` where a secret did.
 */
function replace(
  text: string,
  spans: readonly Span[],
  hidden: number,
  until: number,
): { readonly text: string; readonly end: number } {
  const parts: string[] = [];
  let at = hidden;
  for (const { start, end } of spans) {
    if (start >= until) break;
    // It goes on with the one before, which has its mark.
    if (start >= hidden) parts.push(text.slice(at, start), HIDDEN);
    at = Math.max(at, end);
  }
  if (at < until) {
    parts.push(text.slice(at, until));
    at = until;
  }
  return { text: parts.join(""), end: at };
}
