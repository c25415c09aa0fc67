/**
 * What std/yaml uses of js-yaml 3, which brings no types of its own.
 *
 * @module
 */

declare namespace jsYaml {
  /** How one tag is read. */
  class Type {
    constructor(tag: string, options: {
      kind: "scalar" | "sequence" | "mapping";
      resolve?: (data: unknown) => boolean;
      construct?: (data: string) => unknown;
    });
  }

  /** A set of types. A later one takes the place of an earlier one with the same tag. */
  class Schema {
    constructor(
      definition: { include?: Schema[]; implicit?: Type[]; explicit?: Type[] },
    );
  }

  /** Text, lists and mappings. */
  const FAILSAFE_SCHEMA: Schema;
  /** Also null, booleans and numbers. */
  const JSON_SCHEMA: Schema;
  /** Also YAML's other types, none of JavaScript's. */
  const DEFAULT_SAFE_SCHEMA: Schema;

  /** A place in a text. Lines and columns count from 0. */
  interface Mark {
    readonly buffer: string;
    readonly position: number;
    readonly line: number;
    readonly column: number;
  }

  /** Thrown for invalid text. */
  class YAMLException extends Error {
    readonly reason: string;
    readonly mark: Mark;
  }

  /** How to read. */
  interface LoadOptions {
    schema: Schema;
    /** Lets equal keys pass. */
    json: boolean;
    /** How many keys merging may visit, -1 for any number. */
    maxTotalMergeKeys: number;
    onWarning: (warning: YAMLException) => void;
    /** Called before and after each node. */
    listener?: (
      event: "open" | "close",
      state: { readonly position: number },
    ) => void;
  }

  function load(text: string, options: LoadOptions): unknown;
  function loadAll(
    text: string,
    iterator: null,
    options: LoadOptions,
  ): unknown[];
}

export default jsYaml;
