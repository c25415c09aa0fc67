/**
 * A backend against a plain model: any sequence of operations must give what the model gives, and
 * leave the tree that the model has. The model is one map from paths to texts and says for each
 * operation what comes out, or which errors may.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { BackendError, type BackendErrorCode } from "../../backends/errors.ts";
import { comparePaths, joinPaths, parentPath } from "../../backends/paths.ts";
import type { Backend, FileInfo } from "../../backends/protocol.ts";
import fc from "../support/fast_check.ts";
import type { ContractSubject } from "./_tree.ts";

/** One operation, on paths below the directory under test. */
type Operation =
  | { readonly do: "ls" | "stat"; readonly path: string }
  | { readonly do: "read"; readonly path: string; readonly offset: number; readonly limit: number }
  | {
    readonly do: "write";
    readonly path: string;
    readonly text: string;
    readonly overwrite: boolean;
  }
  | {
    readonly do: "edit";
    readonly path: string;
    readonly oldText: string;
    readonly newText: string;
    readonly replaceAll: boolean;
  }
  | { readonly do: "delete"; readonly path: string; readonly recursive: boolean }
  | { readonly do: "move"; readonly path: string; readonly to: string; readonly overwrite: boolean }
  | { readonly do: "glob"; readonly path: string; readonly pattern: string; readonly limit: number }
  | { readonly do: "grep"; readonly path: string; readonly query: string; readonly limit: number };

/** What comes out: a result, or the codes of the errors of which one must be thrown. */
type Outcome = { readonly result: unknown } | { readonly codes: readonly BackendErrorCode[] };

/** Patterns, each with the paths that it matches as seen from the directory searched. */
const PATTERNS: Readonly<Record<string, RegExp>> = {
  "**": /^.+$/,
  "*": /^[^/]+$/,
  "**/a": /^(.*\/)?a$/,
  "a/**": /^a\/.+$/,
  "{a,b}/*": /^[ab]\/[^/]+$/,
  "**/[!a]*": /^(.*\/)?[^a/][^/]*$/,
  "a?*": /^a[^/]+$/,
};

const NAME = fc.constantFrom("a", "b", "a b", "a-", ".é🙂");
const PATH = fc.array(NAME, { minLength: 0, maxLength: 3 })
  .map((names) => names.map((name) => `/${name}`).join("") || "/");
const DEEP_PATH = PATH.filter((path) => path !== "/");
const TEXT = fc.array(fc.constantFrom("a", "ab", "é", "🙂", "\n", "$&"), { maxLength: 8 })
  .map((parts) => parts.join(""));
const LIMIT = fc.constantFrom(1, 2, 3, Infinity);

/** Any operation; writes are the most frequent, so that there is something to work on. */
const OPERATION: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ do: fc.constantFrom("ls" as const, "stat" as const), path: PATH }),
  fc.record({ do: fc.constant("read" as const), path: PATH, offset: fc.nat(4), limit: LIMIT }),
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("write" as const),
      path: PATH,
      text: TEXT,
      overwrite: fc.boolean(),
    }),
  },
  fc.record({
    do: fc.constant("edit" as const),
    path: PATH,
    oldText: TEXT,
    newText: TEXT,
    replaceAll: fc.boolean(),
  }),
  fc.record({ do: fc.constant("delete" as const), path: DEEP_PATH, recursive: fc.boolean() }),
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("move" as const),
      path: DEEP_PATH,
      to: PATH,
      overwrite: fc.boolean(),
    }),
  },
  fc.record({
    do: fc.constant("glob" as const),
    path: PATH,
    pattern: fc.constantFrom(...Object.keys(PATTERNS)),
    limit: LIMIT,
  }),
  fc.record({
    do: fc.constant("grep" as const),
    path: PATH,
    query: fc.constantFrom("a", "é", "$&", "ab"),
    limit: LIMIT,
  }),
);

/** Strings of which few are usable paths: what a model may send, and worse. */
export const PATH_STRINGS: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(
    fc.constantFrom("/", "..", ".", "a", "\0", "\ud83d", "\\", ":", " ", "~", "%2e", "é", "//"),
    { maxLength: 12 },
  ).map((parts) => parts.join("")),
  fc.array(fc.constantFrom("..", ".", "", "a", "..."), { maxLength: 10 })
    .map((names) => `/${names.join("/")}`),
);

const sizeOf = (text: string) => new TextEncoder().encode(text).length;

/** The lines of a text, line endings included. */
function linesOf(text: string): string[] {
  return text === "" ? [] : text.split(/(?<=\n)/).filter((line) => line !== "");
}

/** The model: paths to texts, directories to `null`. */
class Model {
  readonly entries = new Map<string, string | null>([["/", null]]);

  run(operation: Operation): Outcome {
    const codes = this.#errors(operation);
    return codes.length > 0 ? { codes } : { result: this.#result(operation) };
  }

  /** Paths of everything below a directory. */
  #below(path: string): string[] {
    const prefix = path === "/" ? "/" : `${path}/`;
    return [...this.entries.keys()].filter((entry) => entry !== "/" && entry.startsWith(prefix));
  }

  /** Files at or below a path, sorted. */
  #files(path: string): [string, string][] {
    return [path, ...this.#below(path)].sort(comparePaths).flatMap((entry) => {
      const text = this.entries.get(entry);
      return typeof text === "string" ? [[entry, text] as [string, string]] : [];
    });
  }

  #isInFile(path: string): boolean {
    for (let above = path; above !== "/";) {
      above = parentPath(above);
      if (typeof this.entries.get(above) === "string") return true;
    }
    return false;
  }

  #shape(path: string) {
    const text = this.entries.get(path);
    return typeof text === "string"
      ? { path, type: "file", size: sizeOf(text) }
      : { path, type: "directory", size: 0 };
  }

  #put(path: string, text: string | null): void {
    for (let above = path; above !== "/";) {
      above = parentPath(above);
      this.entries.set(above, null);
    }
    this.entries.set(path, text);
  }

  #errors(operation: Operation): BackendErrorCode[] {
    const { path } = operation;
    const there = this.entries.get(path);
    if (this.#isInFile(path)) return ["not_directory"];
    if (operation.do === "write") {
      if (there === null) {
        return operation.overwrite ? ["is_directory"] : ["is_directory", "exists"];
      }
      return there !== undefined && !operation.overwrite ? ["exists"] : [];
    }
    if (there === undefined) {
      // What is wrong with the target as well may be said instead.
      return operation.do === "move" && operation.to !== path
        ? ["not_found", ...this.#targetErrors(operation, undefined)]
        : ["not_found"];
    }
    switch (operation.do) {
      case "ls":
      case "glob":
        return there === null ? [] : ["not_directory"];
      case "read":
        return there === null ? ["is_directory"] : [];
      case "edit":
        if (there === null) return ["is_directory"];
        return this.#editErrors(there, operation.oldText, operation.replaceAll);
      case "delete":
        return there === null && !operation.recursive && this.#below(path).length > 0
          ? ["is_directory"]
          : [];
      case "move":
        return this.#targetErrors(operation, there);
      default:
        return [];
    }
  }

  #editErrors(text: string, oldText: string, replaceAll: boolean): BackendErrorCode[] {
    if (oldText === "") return ["ambiguous_edit"];
    let found = 0;
    for (let at = 0; at < text.length; at++) if (text.startsWith(oldText, at)) found++;
    if (found === 0) return ["no_match"];
    return found > 1 && !replaceAll ? ["ambiguous_edit"] : [];
  }

  #targetErrors(
    move: Operation & { readonly do: "move" },
    source: string | null | undefined,
  ): BackendErrorCode[] {
    const { path, to, overwrite } = move;
    if (to === path) return [];
    // The root of a mount is as firmly there as any other directory, and may say so in its own way.
    const codes: BackendErrorCode[] = to === "/" ? ["denied"] : [];
    if (source === null && to.startsWith(`${path}/`)) codes.push("invalid_path");
    if (this.#isInFile(to)) codes.push("not_directory");
    const target = this.entries.get(to);
    const replaces = overwrite && typeof source === "string" && typeof target === "string";
    if (target !== undefined && !replaces) codes.push("exists");
    return codes;
  }

  /** The result of an operation that does not fail. */
  #result(operation: Operation): unknown {
    const { path } = operation;
    const text = this.entries.get(path) ?? "";
    switch (operation.do) {
      case "ls":
        return this.#below(path).filter((entry) => parentPath(entry) === path)
          .sort(comparePaths).map((entry) => this.#shape(entry));
      case "stat":
        return this.#shape(path);
      case "read": {
        const all = linesOf(text);
        const lines = all.slice(operation.offset, operation.offset + operation.limit);
        const next = operation.offset + operation.limit;
        return {
          path,
          text: lines.join(""),
          offset: operation.offset,
          lines: lines.length,
          totalLines: all.length,
          nextOffset: next < all.length ? next : null,
          size: sizeOf(text),
        };
      }
      case "write":
        this.#put(path, operation.text);
        return this.#shape(path);
      case "edit": {
        const parts = text.split(operation.oldText);
        this.#put(path, parts.join(operation.newText));
        return { file: this.#shape(path), replacements: parts.length - 1 };
      }
      case "delete":
        for (const entry of [path, ...this.#below(path)]) this.entries.delete(entry);
        return undefined;
      case "move": {
        const moved = [path, ...this.#below(path)].map((from) =>
          [from, this.entries.get(from)] as const
        );
        for (const [from] of moved) this.entries.delete(from);
        for (const [from, content = null] of moved) {
          this.#put(operation.to + from.slice(path.length), content);
        }
        return this.#shape(operation.to);
      }
      case "glob": {
        const pattern = PATTERNS[operation.pattern] ?? /^$/;
        const prefix = path === "/" ? 1 : path.length + 1;
        const files = this.#files(path).filter(([file]) => pattern.test(file.slice(prefix)));
        return {
          files: files.slice(0, operation.limit).map(([file]) => this.#shape(file)),
          truncated: files.length > operation.limit,
          failures: [],
        };
      }
      case "grep": {
        const matches = this.#files(path).flatMap(([file, content]) =>
          linesOf(content).flatMap((line, index) =>
            line.includes(operation.query)
              ? [{ path: file, line: index + 1, text: line.replace(/\n$/, ""), cut: false }]
              : []
          )
        );
        return {
          matches: matches.slice(0, operation.limit),
          truncated: matches.length > operation.limit,
          failures: [],
        };
      }
    }
  }
}

/** The same operation on a backend, with the result as the model tells it. */
class Subject {
  readonly #backend: Backend;
  readonly #base: string;

  constructor(backend: Backend, base: string) {
    this.#backend = backend;
    this.#base = base;
  }

  #at(path: string): string {
    return joinPaths(this.#base, path);
  }

  #path(path: string): string {
    assert(path === this.#base || path.startsWith(this.#at("/").replace(/\/?$/, "/")), path);
    return this.#base === "/" ? path : path.slice(this.#base.length) || "/";
  }

  #shape({ path, type, size }: FileInfo) {
    return { path: this.#path(path), type, size };
  }

  async run(operation: Operation): Promise<unknown> {
    const backend = this.#backend;
    const path = this.#at(operation.path);
    switch (operation.do) {
      case "ls":
        return (await backend.ls(path)).map((info) => this.#shape(info));
      case "stat":
        return this.#shape(await backend.stat(path));
      case "read": {
        const { version: _, ...slice } = await backend.read(path, operation);
        return { ...slice, path: this.#path(slice.path) };
      }
      case "write":
        return this.#shape(await backend.write(path, operation.text, operation));
      case "edit": {
        const { file, replacements } = await backend.edit(path, operation);
        return { file: this.#shape(file), replacements };
      }
      case "delete":
        return await backend.delete(path, operation);
      case "move":
        return this.#shape(await backend.move(path, this.#at(operation.to), operation));
      case "glob": {
        const { pattern, limit } = operation;
        const result = await backend.glob(pattern, { path, limit });
        return { ...result, files: result.files.map((info) => this.#shape(info)) };
      }
      case "grep": {
        const { query, limit } = operation;
        const { matches, truncated, failures } = await backend.grep(query, { path, limit });
        return {
          matches: matches.map((match) => ({ ...match, path: this.#path(match.path) })),
          truncated,
          failures,
        };
      }
    }
  }

  /** Everything that is there, as the model holds it. */
  async entries(): Promise<[string, string | null][]> {
    const found: [string, string | null][] = [];
    const look = async (path: string) => {
      found.push([this.#path(path), null]);
      for (const info of await this.#backend.ls(path)) {
        if (info.type === "directory") await look(info.path);
        else found.push([this.#path(info.path), (await this.#backend.read(info.path)).text]);
      }
    };
    await look(this.#base);
    return found.sort(([a], [b]) => comparePaths(a, b));
  }
}

/** Options of {@linkcode checkAgainstModel}. */
export interface ModelOptions {
  /**
   * How many sequences of operations to try.
   *
   * @default {200}
   */
  readonly runs?: number;
  /**
   * Where the random numbers start; printed on failure.
   *
   * @default {1}
   */
  readonly seed?: number;
}

/**
 * Expects a backend to agree with the model in the result or the error of every operation of any
 * sequence, and in the tree at its end.
 *
 * @param setup Makes a new, empty backend; nothing but the sequence may be at or below its base.
 * @param options How long to try.
 */
export async function checkAgainstModel(
  setup: () => Promise<ContractSubject>,
  options: ModelOptions = {},
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(OPERATION, { minLength: 1, maxLength: 40 }), async (operations) => {
      const made = await setup();
      try {
        const subject = new Subject(made.backend, made.base ?? "/");
        const model = new Model();
        for (const operation of operations) {
          await assertAgrees(subject, operation, model.run(operation), made.base ?? "/");
        }
        const wanted = [...model.entries].sort(([a], [b]) => comparePaths(a, b));
        assertEquals(await subject.entries(), wanted);
      } finally {
        await made[Symbol.asyncDispose]?.();
      }
    }),
    { seed: options.seed ?? 1, numRuns: options.runs ?? 200 },
  );
}

async function assertAgrees(
  subject: Subject,
  operation: Operation,
  wanted: Outcome,
  base: string,
): Promise<void> {
  let result: unknown;
  try {
    result = await subject.run(operation);
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    const codes = "codes" in wanted ? wanted.codes : [];
    assert(codes.includes(error.code), `${error.code} instead of ${JSON.stringify(wanted)}`);
    const paths = [operation.path, ..."to" in operation ? [operation.to] : []];
    assert(paths.some((path) => joinPaths(base, path) === error.path), `At '${error.path}'?`);
    return;
  }
  assertEquals({ result }, wanted);
}
