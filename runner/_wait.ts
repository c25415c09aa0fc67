/**
 * Waiting for time to pass.
 *
 * @module
 */

/**
 * Waits.
 *
 * @param milliseconds How long.
 * @param signal Ends it early: it resolves then too.
 */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** The longest that a timer of the system waits; it would not wait at all for longer. */
const LONGEST = 2 ** 31 - 1;

/** Waits by the clock of the system. See {@linkcode Wait}. */
export async function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  for (let left = milliseconds; left > 0 && !signal.aborted; left -= LONGEST) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => resolve();
    const timer = setTimeout(end, Math.min(left, LONGEST));
    signal.addEventListener("abort", end, { once: true });
    await promise;
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}
