/**
 * How wide a text stands on a terminal, and how to show text that is not to be trusted there.
 *
 * @module
 */

// Marks that stand on the character before them, and characters that show nothing.
const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

// The East Asian wide and full-width blocks, and emoji.
const DOUBLE_WIDTH =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}])$/u;

// Control characters, and those that reorder the text around them.
// deno-fmt-ignore
const UNSAFE = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/**
 * @param character One code point.
 * @returns How many cells it takes: 0, 1 or 2.
 */
export function characterWidth(character: string): number {
  if (NO_WIDTH.test(character)) return 0;
  return DOUBLE_WIDTH.test(character) ? 2 : 1;
}

/**
 * @param text A text of one line, without colour codes.
 * @returns How many cells it takes.
 */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/**
 * Makes a text from a file or a model safe to print: control characters become their pictures
 * (`␛`), characters that reorder text become `�`. Tabs and line feeds too.
 *
 * @param text Any text.
 * @returns The text with as many code points.
 */
export function printable(text: string): string {
  return text.replaceAll(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? "\u2421" : "\ufffd";
  });
}
