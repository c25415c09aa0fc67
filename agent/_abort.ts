/**
 * Waiting for work that may not listen to its signal.
 *
 * @module
 */

/**
 * The result of `work`, unless the signal aborts first: then rejects with the signal's reason at
 * once, and whatever becomes of the work is of no interest any more.
 */
export function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
