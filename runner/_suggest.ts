/**
 * "Did you mean": the known word nearest to a misspelt one.
 *
 * @module
 */

/**
 * @param word What was written.
 * @param known The words that would have been right.
 * @returns The nearest of them, if it is near enough to be what was meant.
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Infinity;
  for (const candidate of known) {
    // One mistake in three letters: of "a", everything would be a misspelling.
    const most = Math.floor(Math.max(word.length, candidate.length) / 3);
    if (Math.abs(candidate.length - word.length) > most) continue;
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    if (edits <= most && edits < least) [best, least] = [candidate, edits];
  }
  return best;
}

/**
 * Whether a key that is missing is there after all, misspelt: then that alone is worth telling.
 *
 * @param key The missing key.
 * @param written The keys that are there.
 * @param known The keys that may be there.
 */
export function isMisspelt(
  key: string,
  written: readonly string[],
  known: readonly string[],
): boolean {
  return written.some((each) => !known.includes(each) && nearest(each, known) === key);
}

/** The hint for {@linkcode nearest}, ready to spread into a diagnostic; empty if nothing is near. */
export function didYouMean(word: string, known: Iterable<string>): { readonly hint?: string } {
  const found = nearest(word, known);
  return found === undefined ? {} : { hint: `Did you mean ${JSON.stringify(found)}?` };
}

/** Insertions, deletions, replacements and swaps of neighbours between two words. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let edits = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(edits);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
