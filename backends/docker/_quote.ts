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
 * A path as a pattern of `case` or of `find -path` that matches nothing else.
 *
 * @param path The path.
 * @returns The pattern, to be quoted where `find` gets it as an argument.
 */
export function literalPattern(path: string): string {
  return path.replace(/[\\*?[]/g, "\\$&");
}
