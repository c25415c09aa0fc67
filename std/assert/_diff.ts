import { show } from "./_text.ts";

/** Above this many pairs of lines, the lines that differ are not matched up. */
const MAX_PAIRS = 4_000_000;

/**
 * Shows how two values differ, line by line: `-` is only in the actual one, `+` only in the
 * expected one.
 */
export function diff(actual: unknown, expected: unknown): string {
  const strings = typeof actual === "string" && typeof expected === "string";
  const before = (strings ? actual : show(actual)).split("\n");
  const after = (strings ? expected : show(expected)).split("\n");
  let start = 0;
  while (
    start < before.length && start < after.length &&
    before[start] === after[start]
  ) start++;
  let end = 0;
  const shorter = Math.min(before.length, after.length);
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) {
    end++;
  }
  return [
    "",
    "",
    `    [Diff] ${paint("Actual", 31)} / ${paint("Expected", 32)}`,
    "",
    "",
    ...before.slice(0, start).map(common),
    ...changes(
      before.slice(start, before.length - end),
      after.slice(start, after.length - end),
    ),
    ...before.slice(before.length - end).map(common),
    "",
  ].join("\n");
}

/** The lines of a smallest edit from `before` to `after`, by their longest common subsequence. */
function changes(
  before: readonly string[],
  after: readonly string[],
): string[] {
  if (before.length * after.length > MAX_PAIRS) {
    return [...before.map(removed), ...after.map(added)];
  }
  const width = after.length + 1;
  // common[i * width + j] is the length for before[i..] and after[j..].
  const lengths = new Uint32Array((before.length + 1) * width);
  const lengthAt = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      lengths[i * width + j] = before[i] === after[j]
        ? lengthAt(i + 1, j + 1) + 1
        : Math.max(lengthAt(i + 1, j), lengthAt(i, j + 1));
    }
  }
  const lines: string[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const [line = "", other = ""] = [before[i], after[j]];
    if (i < before.length && j < after.length && line === other) {
      lines.push(common(line));
      i++;
      j++;
    } else if (
      j === after.length ||
      i < before.length && lengthAt(i + 1, j) >= lengthAt(i, j + 1)
    ) {
      lines.push(removed(line));
      i++;
    } else {
      lines.push(added(other));
      j++;
    }
  }
  return lines;
}

function common(line: string): string {
  return `    ${line}`;
}

function removed(line: string): string {
  return paint(`-   ${line}`, 31);
}

function added(line: string): string {
  return paint(`+   ${line}`, 32);
}

function paint(text: string, colour: number): string {
  return Deno.noColor ? text : `\x1b[1;${colour}m${text}\x1b[0m`;
}
