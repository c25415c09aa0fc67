/**
 * The shape of a rehearsal: a model's answers, written down. `runner/` reads them from a file,
 * `RehearsalModel` plays them.
 *
 * @module
 */

/** What must hold of the conversation when a turn begins; otherwise the rehearsal does not match. */
export interface RehearsalExpectation {
  /** The newest user message, exactly, but for white space at both ends. */
  readonly prompt?: string | undefined;
  /**
   * A text that each result of the previous turn's tool calls must contain, in the order of the
   * calls.
   */
  readonly results?: readonly string[] | undefined;
}

/** A tool call that a turn makes: one entry, the tool's name and its arguments. */
export interface RehearsalCall {
  /** The tool's name. */
  readonly tool: string;
  /** Its arguments. */
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** One answer of the model. */
export interface RehearsalTurn {
  /** What must hold first. */
  readonly expect?: RehearsalExpectation | undefined;
  /** What the model says. */
  readonly text: string;
  /** The tools it calls, at once. */
  readonly calls: readonly RehearsalCall[];
  /** The tokens that the real answer took, where that is known. */
  readonly usage?: { readonly input?: number | undefined; readonly output?: number | undefined };
  /** Where the turn stands, for messages: `workflows/flask.rehearsal.yaml:12`. */
  readonly place?: string | undefined;
}
