/**
 * What one script of the file server can be about: its words have to fit an argument list.
 *
 * @module
 */

/** Paths of one script. */
const PATHS_AT_ONCE = 500;

/**
 * Parts of a list that one script can be about.
 *
 * @param items The list.
 * @param most What the weights of a part may come to; what is heavier is a part of its own.
 * @param weigh The weight of one.
 */
export function* batches<T>(
  items: Iterable<T>,
  most = Infinity,
  weigh: (item: T) => number = () => 0,
): Generator<readonly T[]> {
  let some: T[] = [];
  let sum = 0;
  for (const item of items) {
    const weight = weigh(item);
    if (some.length === PATHS_AT_ONCE || some.length > 0 && sum + weight > most) {
      yield some;
      [some, sum] = [[], 0];
    }
    some.push(item);
    sum += weight;
  }
  if (some.length > 0) yield some;
}
