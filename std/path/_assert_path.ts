/** Throws unless `path` is a string. */
export function assertPath(path: unknown): asserts path is string {
  if (typeof path !== "string") {
    throw new TypeError(
      `Path must be a string, received "${JSON.stringify(path)}"`,
    );
  }
}
