/**
 * Where a part of a scalar's value is in its source: escapes, folding and indentation make the two
 * differ.
 *
 * @module
 */

/** How a scalar is written. */
export type ScalarStyle = "plain" | "single" | "double" | "block";

/**
 * Goes along a value and its source at the same time.
 *
 * @param value The value, and where in it to begin and to stop.
 * @param source The source, and where in it the same beginning is.
 * @param style How the scalar is written.
 * @returns Where in the source the end is, or `undefined` if the two do not agree.
 */
export function sourceOffset(
  value: { readonly text: string; readonly from: number; readonly to: number },
  source: { readonly text: string; readonly from: number },
  style: ScalarStyle,
): number | undefined {
  let [at, position] = [value.from, source.from];
  while (at < value.to) {
    const character = value.text.charAt(at);
    const escape = style === "double" ? ESCAPE.exec(rest(source.text, position)) : null;
    if (escape?.[0].startsWith("\\\n")) {
      position += escape[0].length;
    } else if (escape !== null) {
      at += decodedLength(escape[0]);
      position += escape[0].length;
    } else if (SPACE.test(character)) {
      // A run of spaces and line ends stands for another one: lines are folded and indented.
      const skipped = position;
      while (SPACE.test(source.text.charAt(position))) position++;
      if (position === skipped) return undefined;
      while (at < value.to && SPACE.test(value.text.charAt(at))) at++;
    } else {
      const width = style === "single" && character === "'" ? 2 : 1;
      const same = source.text.startsWith(character.repeat(width), position);
      if (!same) return undefined;
      at++;
      position += width;
    }
  }
  return position;
}

const SPACE = /^\s$/;
const ESCAPE = /^\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\r?\n[ \t]*|.)/;

/** An escape is never longer than this, but for the indentation after a line end. */
const ESCAPE_LENGTH = 200;

function rest(source: string, position: number): string {
  return source.charAt(position) === "\\" ? source.slice(position, position + ESCAPE_LENGTH) : "";
}

function decodedLength(escape: string): number {
  return escape.startsWith("\\U") && parseInt(escape.slice(2), 16) > 0xffff ? 2 : 1;
}
