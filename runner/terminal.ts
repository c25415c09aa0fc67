/**
 * How text reaches a terminal: in whole pieces, and with nothing of what a model or a file says
 * taken for a command to the terminal.
 *
 * @module
 */

/**
 * Makes control characters visible, so that a text can neither move the cursor nor hide a line.
 * Line feeds and tabs stay.
 *
 * @param text Any text.
 * @returns The text, safe to print.
 */
export function printable(text: string): string {
  return text.replaceAll(
    /\p{Cc}|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    (character) => KEPT.has(character) ? character : `\\u{${codeOf(character)}}`,
  );
}

const KEPT = new Set(["\n", "\t"]);

function codeOf(character: string): string {
  return character.charCodeAt(0).toString(16);
}

/** Thrown where a standard stream takes no more, as a full disk behind `>` does. */
export class OutputError extends Error {
  /** `OutputError`. */
  override readonly name = "OutputError";
}

/** A stream that text is written to, in whole pieces. */
export type Write = (text: string) => void;

/**
 * A writer to a standard stream that goes quiet once the reader has gone (`| head`).
 *
 * @param stream `Deno.stdout` or `Deno.stderr`.
 * @param stream.writeSync Writes some bytes and says how many.
 * @returns The writer; it throws {@linkcode OutputError} where the text cannot be written.
 */
export function writerTo(stream: { writeSync(bytes: Uint8Array): number }): Write {
  const encoder = new TextEncoder();
  let open = true;
  return (text) => {
    let bytes = encoder.encode(text);
    while (open && bytes.length > 0) {
      try {
        bytes = bytes.subarray(stream.writeSync(bytes));
      } catch (error) {
        if (!(error instanceof Deno.errors.BrokenPipe)) {
          const reason = error instanceof Error ? error.message : String(error);
          throw new OutputError(`Cannot write the output: ${reason}`, { cause: error });
        }
        open = false;
      }
    }
  };
}
