/**
 * Stands in for `@std/path` where JSR cannot be reached: the functions this project uses, built on
 * `node:path`.
 *
 * @module
 */

export { DELIMITER, SEPARATOR, SEPARATOR_PATTERN } from "./constants.ts";
export { fromFileUrl, toFileUrl } from "./file_url.ts";
export { join, normalize } from "./join.ts";
export { basename, dirname, extname, format, parse, type ParsedPath } from "./parts.ts";
export { isAbsolute, relative, resolve } from "./resolve.ts";
