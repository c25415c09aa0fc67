/** Shows a value in full, its keys sorted, so that two equal values read the same. */
export function show(value: unknown): string {
  return Deno.inspect(value, {
    compact: false,
    depth: Infinity,
    getters: true,
    iterableLimit: Infinity,
    sorted: true,
    strAbbreviateSize: Infinity,
    trailingComma: true,
  });
}

/** What ends the first sentence of a message: the caller's own words, or a full stop. */
export function ending(message: string | undefined): string {
  return message ? `: ${message}` : ".";
}
