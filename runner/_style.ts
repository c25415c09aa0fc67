/**
 * Colours for a terminal, or none.
 *
 * @module
 */

/** Wraps a text in the codes of one style. */
export type Paint = (text: string) => string;

/** The styles that everything printed uses. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

/**
 * @param color Whether to colour at all.
 * @returns The styles; each returns its text unchanged where there is no colour.
 */
export function styleFor(color: boolean): Style {
  return {
    bold: painter(color, 1, 22),
    dim: painter(color, 2, 22),
    red: painter(color, 31, 39),
    green: painter(color, 32, 39),
    yellow: painter(color, 33, 39),
    cyan: painter(color, 36, 39),
  };
}

function painter(color: boolean, open: number, close: number): Paint {
  return color ? (text) => `\x1b[${open}m${text}\x1b[${close}m` : (text) => text;
}
