/** What a call came to: its value, or its error as `Name: message`. */
export function outcome(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return describe(error);
  }
}

/** As {@linkcode outcome}, for a call that gives a promise. */
export async function asyncOutcome(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return describe(error);
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) throw error;
  return `${error.name}: ${error.message}`;
}
