/**
 * The words of a command: text, or places that are filled only when it runs.
 *
 * @module
 */

/** A place in a command that is filled when it runs. */
export interface Unknown {
  /** Whether it may become no word, or several. */
  readonly many: boolean;
}

/** A word of a command. */
export type Word = string | Unknown;

/** Exactly one word. */
export const ONE: Unknown = { many: false };
/** Any number of words, none included. */
export const MANY: Unknown = { many: true };

/** The directories in which a name without a slash is looked for: nobody but the system fills them. */
const PROGRAMS: ReadonlySet<string> = new Set(
  "/bin /sbin /usr/bin /usr/sbin /usr/local/bin /usr/local/sbin".split(" "),
);

/** The name of a program without the directory that it is in. */
export function baseName(program: string): string {
  return program.slice(program.lastIndexOf("/") + 1);
}

/** Whether a program is named as one of the system: by its name alone, or by the whole path. */
export function isSystemProgram(program: string): boolean {
  const slash = program.lastIndexOf("/");
  return slash === -1 || PROGRAMS.has(program.slice(0, slash).replace(/\/+/g, "/"));
}

/** A command for a message: what is not known is an ellipsis, and so is what is too long. */
export function showWords(words: readonly Word[]): string {
  const shown = words.slice(0, 50).map((word) => typeof word === "string" ? quoteWord(word) : "…");
  const text = shown.join(" ");
  return text.length <= 200 && words.length <= 50 ? text : `${text.slice(0, 200)}…`;
}

/** A word as `sh` would take it back. */
export function quoteWord(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
