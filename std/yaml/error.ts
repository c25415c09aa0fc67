/** A place in a text. */
export interface YamlPosition {
  /** The line, counted from 1. */
  readonly line: number;
  /** The column, counted from 1. */
  readonly column: number;
  /** How many characters come before it. */
  readonly offset: number;
}

/** Thrown for a text that is not YAML, or not of the schema asked for. */
export class YamlSyntaxError extends SyntaxError {
  /** The line at fault, counted from 1. */
  readonly line: number;
  /** The column at fault, counted from 1. */
  readonly column: number;
  /** How many characters come before the fault. */
  readonly offset: number;
  /** The line at fault, with a caret below the column. */
  readonly snippet?: string;

  /**
   * Creates the error. Its message is the given one with the place and the snippet added.
   *
   * @param message What is wrong.
   * @param position Where.
   * @param snippet The line at fault, with a caret below the column.
   */
  constructor(message: string, position: YamlPosition, snippet?: string) {
    const place = `${message} at line ${position.line}, column ${position.column}`;
    super(snippet ? `${place}:\n${snippet}` : place);
    this.name = "YamlSyntaxError";
    this.line = position.line;
    this.column = position.column;
    this.offset = position.offset;
    if (snippet !== undefined) this.snippet = snippet;
  }
}
