/**
 * `${{ ... }}` in workflow files: parsed once when the file is compiled, so that an undefined
 * reference is an error before anything runs.
 *
 * @module
 */

/** A reference such as `inputs.framework` or `steps.notes.output`, as its names. */
export interface Reference {
  readonly type: "reference";
  readonly names: readonly string[];
}

/** A text with its expressions parsed: what is fixed, as strings, and what is not. */
export type Template = readonly (string | Reference)[];
