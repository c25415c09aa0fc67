/**
 * The one error that backends throw.
 *
 * @module
 */

/**
 * Why an operation of a {@linkcode Backend} failed.
 *
 * | code | meaning |
 * | --- | --- |
 * | `not_found` | nothing is at the path |
 * | `exists` | something is at the path already and may not be replaced |
 * | `is_directory` | a file was expected |
 * | `not_directory` | a directory was expected, here or in a parent |
 * | `denied` | the route, a rule or the root does not grant it |
 * | `invalid_path` | the path is not an absolute path of the tree, or not a usable name |
 * | `too_large` | the file, line or answer is over a limit of `limits.ts` |
 * | `not_text` | the bytes asked for as text are not UTF-8 text |
 * | `no_match` | the text to edit is not in the file |
 * | `ambiguous_edit` | the text to edit is empty, or in the file more than once |
 * | `invalid_pattern` | a glob or a regular expression cannot be understood |
 * | `timeout` | the operation took longer than it may |
 * | `aborted` | the caller's signal ended the operation |
 * | `unsupported` | this backend cannot do it |
 * | `io` | the storage itself failed |
 */
export type BackendErrorCode =
  | "not_found"
  | "exists"
  | "is_directory"
  | "not_directory"
  | "denied"
  | "invalid_path"
  | "too_large"
  | "not_text"
  | "no_match"
  | "ambiguous_edit"
  | "invalid_pattern"
  | "timeout"
  | "aborted"
  | "unsupported"
  | "io";

/**
 * Thrown by every operation of every backend that fails. Its message is a sentence for a person
 * or a model, with the path as the caller wrote the tree, never a path of the host.
 *
 * @example
 * ```ts
 * import { BackendError } from "./errors.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new BackendError("not_found", "/a.txt", "Cannot read '/a.txt': it does not exist");
 * assertEquals([error.code, error.path], ["not_found", "/a.txt"]);
 * ```
 */
export class BackendError extends Error {
  /** `BackendError`. */
  override readonly name: string = "BackendError";
  /** Why it failed, for programs. */
  readonly code: BackendErrorCode;
  /** The canonical path of the tree, as the caller of this backend sees it. */
  readonly path: string;
  /** The message with the path replaced by `{path}`: how a mount renames the error it passes on. */
  readonly template: string;

  /**
   * Makes an error.
   *
   * @param code Why it failed.
   * @param path The path, in the tree of whoever called.
   * @param message A capital, no full stop, values in quotes.
   * @param options `cause`, as for `Error`; it is for logs and never leaves the process.
   */
  constructor(code: BackendErrorCode, path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.path = path;
    this.template = message.replaceAll(`'${path}'`, "'{path}'");
  }

  /**
   * The same failure, told with another path: a composite calls this with the outer path.
   *
   * @param path The path in the outer tree.
   * @returns A new error with the same code and sentence.
   */
  withPath(path: string): BackendError {
    const message = this.template.replaceAll("'{path}'", () => `'${path}'`);
    return new BackendError(this.code, path, message, { cause: this });
  }
}
