/**
 * How the bytes of a file come to the file server: as words of a script.
 *
 * @module
 */

/** Bytes that every program writes in one go. */
const BUFFER_BYTES = 4_000;

/**
 * The script that adds bytes to the file that is being written.
 *
 * The `base64` of busybox takes no notice of what fails before its last write, so that another program
 * writes what takes more than one: on a full disk half a file would pass for the whole.
 *
 * @param bytes The bytes.
 * @param after What is done then: `&& settle`.
 */
export function filling(bytes: Uint8Array, after = ""): string {
  const word = bytes.length > BUFFER_BYTES ? "pour" : "fill";
  return `${word} <<'.'${after}\n${bytes.toBase64()}\n.`;
}

/** Bytes that the shell writes itself: to start a program for them takes longer. */
const PRINTED_BYTES = 4_096;

/**
 * The script that gives the file that is being written its only bytes.
 *
 * @param bytes The bytes.
 * @param after What is done then: `&& settle`.
 */
export function filledOnce(bytes: Uint8Array, after = ""): string {
  if (bytes.length > PRINTED_BYTES) return filling(bytes, after);
  const format = Array.from(bytes, (byte) => PRINTED[byte]).join("");
  return `print '${format}'${after}`;
}

/** How `printf` is told of each byte, in a word in quotes; what begins with a dash would be an option. */
const PRINTED = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (character === "%") return "%%";
  return /[\n\t -~]/.test(character) && !/['\\-]/.test(character)
    ? character
    : `\\${byte.toString(8).padStart(3, "0")}`;
});
