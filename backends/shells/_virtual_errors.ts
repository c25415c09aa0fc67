/**
 * Failures of the backend as commands of the virtual shell know them: by the names of the kernel.
 *
 * @module
 */

import type { BackendError, BackendErrorCode } from "../errors.ts";

const ERRORS: Readonly<Record<BackendErrorCode, readonly [name: string, text: string]>> = {
  not_found: ["ENOENT", "no such file or directory"],
  exists: ["EEXIST", "file exists"],
  is_directory: ["EISDIR", "is a directory"],
  not_directory: ["ENOTDIR", "not a directory"],
  denied: ["EACCES", "permission denied"],
  invalid_path: ["EINVAL", "invalid argument"],
  too_large: ["EFBIG", "file too large"],
  not_text: ["EILSEQ", "invalid or incomplete multibyte character"],
  no_match: ["EINVAL", "invalid argument"],
  ambiguous_edit: ["EINVAL", "invalid argument"],
  invalid_pattern: ["EINVAL", "invalid argument"],
  timeout: ["ETIMEDOUT", "connection timed out"],
  aborted: ["EINTR", "interrupted system call"],
  unsupported: ["EPERM", "operation not permitted"],
  io: ["EIO", "input/output error"],
};

/** An error as commands look for it. */
export function failure(
  name: string,
  text: string,
  operation: string,
  at: string,
  cause?: unknown,
): Error {
  return new Error(`${name}: ${text}, ${operation} '${at}'`, { cause });
}

/** What a failure of the backend is to a command. */
export function failureFor(error: BackendError, operation: string, at: string): Error {
  const [name, text] = ERRORS[error.code];
  return failure(name, text, operation, at, error);
}
