/**
 * Lengths of time as files write them: `500ms`, `90s`, `5m`, `1h30m`. A number alone is refused: it
 * would be seconds to some and minutes to others.
 *
 * @module
 */

import type { Reporter } from "./_reporter.ts";
import type { DataPath } from "./_yaml_file.ts";

/** A unit and its milliseconds, the longest first. */
const UNITS = [["h", 3_600_000], ["m", 60_000], ["s", 1000], ["ms", 1]] as const;

/** Words for units that are understood in hints, and their milliseconds: `5 minutes`, `20min`. */
const WORDS: Readonly<Record<string, number>> = Object.fromEntries(
  ([
    ["ms msec msecs millisecond milliseconds", 1],
    ["s sec secs second seconds", 1000],
    ["m min mins minute minutes", 60_000],
    ["h hr hrs hour hours", 3_600_000],
    ["d day days", 86_400_000],
  ] as const).flatMap(([words, size]) => words.split(" ").map((word) => [word, size])),
);

const DURATION = /^(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9})s)?(?:(\d{1,12})ms)?$/;

/** What a length of time may be. */
export interface DurationRules {
  /** A value that fits, for hints: `20m`. */
  readonly example: string;
  /** The longest, as it is written: `24h`. */
  readonly most: string;
}

/**
 * @param text A length of time: numbers, each with its unit, the longest unit first.
 * @returns Its milliseconds, or `undefined` if it is none.
 */
export function parseDuration(text: string): number | undefined {
  const found = text === "" ? null : DURATION.exec(text);
  if (found === null) return undefined;
  return UNITS.reduce((sum, [, size], index) => sum + Number(found[index + 1] ?? 0) * size, 0);
}

/**
 * @param milliseconds A whole number of milliseconds.
 * @returns It as it is written in a file: `1h30m`.
 */
export function durationText(milliseconds: number): string {
  let rest = milliseconds;
  let text = "";
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text === "" ? "0s" : text;
}

/**
 * @param written What a file says.
 * @param path Where it is; its last part is the key that messages name.
 * @param rules What it may be.
 * @param reporter Told of what is wrong.
 * @returns Milliseconds, at least one, if it is sound.
 */
export function compileDuration(
  written: string,
  path: DataPath,
  rules: DurationRules,
  reporter: Reporter,
): number | undefined {
  const key = String(path.at(-1));
  const value = parseDuration(written);
  const meant = value ?? correction(written);
  const most = parseDuration(rules.most) ?? Infinity;
  const refuse = (message: string, hint: string) =>
    reporter.error("invalid-duration", message, path, { hint });
  if (meant !== undefined && (meant < 1 || meant > most)) {
    const isLong = meant > most;
    const bound = isLong ? `most ${rules.most}` : "least 1ms";
    refuse(
      `"${key}" must be at ${bound}, found ${written}`,
      isLong ? `Write ${rules.most} or less` : "Write a longer time, or leave it out",
    );
  } else if (value === undefined) {
    refuse(
      `Expected a length of time for "${key}", found ${JSON.stringify(written)}`,
      meant === undefined
        ? `Write ${key}: ${rules.example}`
        : `Did you mean ${durationText(meant)}?`,
    );
  } else {
    return value;
  }
  return undefined;
}

/** The milliseconds that were probably meant: `5 minutes`, `1.5h`, `90S`. */
function correction(written: string): number | undefined {
  const [, digits = "", word = ""] =
    /^\s*(\d{1,6}(?:\.\d{1,3})?)\s*([A-Za-z]+)\.?\s*$/.exec(written) ?? [];
  const name = word.toLowerCase();
  const size = Object.hasOwn(WORDS, name) ? WORDS[name] : undefined;
  if (size === undefined) return undefined;
  const value = Number(digits) * size;
  return Number.isInteger(value) ? value : undefined;
}
