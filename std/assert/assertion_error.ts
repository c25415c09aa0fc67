/** Thrown when an assertion does not hold. */
export class AssertionError extends Error {
  /**
   * Creates the error.
   *
   * @param message What was expected and what was found.
   * @param options Further options, such as the `cause`.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}
