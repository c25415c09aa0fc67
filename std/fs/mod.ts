/**
 * Stands in for `@std/fs` where JSR cannot be reached: the functions this project uses, built on
 * Deno's own.
 *
 * @module
 */

export { copy, type CopyOptions } from "./copy.ts";
export { emptyDir, ensureDir, ensureFile } from "./ensure.ts";
export { exists, type ExistsOptions } from "./exists.ts";
export { move, type MoveOptions } from "./move.ts";
export { walk, type WalkEntry, type WalkOptions } from "./walk.ts";
