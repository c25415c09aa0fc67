/**
 * Sizes in bytes as files write them: `120`, `64kb`, `10mb`.
 *
 * @module
 */

const UNITS = [["kb", 1024], ["mb", 1024 ** 2], ["gb", 1024 ** 3]] as const;

/** How other programs spell the units. */
const WORDS: Readonly<Record<string, number>> = { b: 0, k: 1, m: 2, g: 3 };

/**
 * @param written A number of bytes, or a text with a unit.
 * @returns The bytes, or what is wrong with it.
 */
export function parseSize(
  written: number | string,
): number | { readonly message: string; readonly hint: string } {
  if (typeof written === "number") return written;
  const [, digits = "", unit] = /^(\d{1,12})([a-z]*)$/.exec(written) ?? [];
  const size = unit === "" ? 1 : UNITS.find(([name]) => name === unit)?.[1];
  const bytes = size === undefined ? NaN : Number(digits) * size;
  if (Number.isSafeInteger(bytes)) return bytes;
  const meant = correction(written);
  return {
    message: `Expected a number of bytes, or one with kb, mb or gb, found ${
      JSON.stringify(written)
    }`,
    hint: meant === undefined ? "Write it like 120 or 64kb" : `Did you mean ${meant}?`,
  };
}

/** What was probably meant: `64 KB`, `1.5MiB`, `10M`. */
function correction(written: string): string | undefined {
  const [, digits = "", word = ""] = /^\s*(\d{1,9}(?:\.\d{1,3})?)\s*([a-z]+)\s*$/i.exec(written) ??
    [];
  const power = WORDS[word.charAt(0).toLowerCase()];
  if (power === undefined) return undefined;
  const bytes = Number(digits) * 1024 ** power;
  if (!Number.isSafeInteger(bytes)) return undefined;
  const unit = UNITS.findLast(([, size]) => bytes > 0 && bytes % size === 0);
  return unit === undefined ? `${bytes}` : `${bytes / unit[1]}${unit[0]}`;
}
