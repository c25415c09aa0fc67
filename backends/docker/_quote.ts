/**
 * Words for `sh`.
 *
 * @module
 */

/**
 * A text as one word of a script, whatever is in it but NUL.
 *
 * @param text The text.
 * @returns The word.
 */
export function quote(text: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * A name of any bytes as one word of a script.
 *
 * @param name What `decodeName` made of it.
 * @returns The word.
 */
export function quoteName(name: string): string {
  return name.split(/([\udc80-\udcff]+)/u).filter((part) => part !== "").map((part) => {
    if (part.isWellFormed()) return quote(part);
    const bytes = Array.from(part, (half) => `\\${(half.charCodeAt(0) - 0xdc00).toString(8)}`);
    return `"$(printf '${bytes.join("")}')"`;
  }).join("");
}

/**
 * A path as a pattern of `case` or of `find -path` that matches nothing else.
 *
 * @param path The path.
 * @returns The pattern, to be quoted where `find` gets it as an argument.
 */
export function literalPattern(path: string): string {
  return path.replace(/[\\*?[]/g, "\\$&");
}
