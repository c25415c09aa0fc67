/**
 * Stands in for `@std/yaml` where JSR cannot be reached: reads YAML with js-yaml 3, which the real
 * package grew out of, and writes it.
 *
 * @module
 */

export type { SchemaType } from "./_schema.ts";
export type { StyleVariant } from "./_scalars.ts";
export { type YamlPosition, YamlSyntaxError } from "./error.ts";
export { parse, type ParseOptions } from "./parse.ts";
export { stringify, type StringifyOptions } from "./stringify.ts";
