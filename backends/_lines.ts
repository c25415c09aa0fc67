/**
 * Where the lines of a file begin and end: at each LF byte, whatever stands before it.
 *
 * @module
 */

/** The byte that ends a line. */
export const LF = 10;

/**
 * Counts the line endings in some bytes, four at a time: many times faster than `indexOf` where
 * lines are short, and no slower where they are long.
 *
 * @param bytes The bytes.
 * @returns How many of them are LF.
 */
export function countLineEndings(bytes: Uint8Array): number {
  if (bytes.length < 8) return countPlainly(bytes, 0, bytes.length);
  const head = (4 - (bytes.byteOffset & 3)) & 3;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + head, (bytes.length - head) >> 2);
  let count = 0;
  for (let index = 0; index < words.length; index++) {
    // The exact "which bytes are zero" trick, on the word xored with four LF.
    const other = (words[index] ?? 0) ^ 0x0a0a0a0a;
    const zeros = ~(((other & 0x7f7f7f7f) + 0x7f7f7f7f) | other | 0x7f7f7f7f) >>> 7;
    if (zeros !== 0) count += (zeros & 1) + (zeros >>> 8 & 1) + (zeros >>> 16 & 1) + (zeros >>> 24);
  }
  return count + countPlainly(bytes, 0, head) +
    countPlainly(bytes, head + words.length * 4, bytes.length);
}

function countPlainly(bytes: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let index = from; index < to; index++) if (bytes[index] === LF) count++;
  return count;
}

/**
 * Finds the place after a number of line endings, all of which must be there.
 *
 * @param bytes The bytes.
 * @param count How many line endings to pass.
 * @returns The index after the last of them.
 */
export function indexAfterLines(bytes: Uint8Array, count: number): number {
  let index = 0;
  for (let passed = 0; passed < count; passed++) index = bytes.indexOf(LF, index) + 1;
  return index;
}
