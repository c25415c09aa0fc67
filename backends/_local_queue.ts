/**
 * One change at a time, for all local roots of this process, since roots may lie in one another.
 *
 * @module
 */

let last: Promise<void> = Promise.resolve();
let moves = 0;

/**
 * Runs changes one after the other, in the order they came.
 *
 * @param work The change.
 * @returns What it returns.
 */
export async function inTurn<T>(work: () => T | Promise<T>): Promise<T> {
  const before = last;
  const { promise, resolve } = Promise.withResolvers<void>();
  last = promise;
  await before;
  try {
    return await work();
  } finally {
    resolve();
  }
}

/** Says that a name has moved: what a walk knew of the directories above it may be wrong now. */
export function noteMove(): void {
  moves += 1;
}

/** How many names this process has moved so far. */
export function movesSoFar(): number {
  return moves;
}
