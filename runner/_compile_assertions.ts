/**
 * What a step promises besides the files that it produces: the entries of `assert`.
 *
 * @module
 */

import { compileFile } from "./_compile_checks.ts";
import { compileCommand } from "./_compile_command.ts";
import type { SchemaFiles } from "./_compile_schema.ts";
import { compileText, knownText } from "./_compile_text.ts";
import type { Template } from "./expressions/expression.ts";
import type { PlanAssertion, PlanFileAssertion } from "./plan_assertions.ts";
import type { Reporter } from "./_reporter.ts";
import { assertionSchema, type WorkflowFile } from "./schema.ts";
import type { Scope } from "./_scope.ts";
import { parseSize } from "./_sizes.ts";
import { isMisspelt } from "./_suggest.ts";
import type { Parts } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

/** An entry of `assert`, without its faults. */
export type AssertionPart = NonNullable<
  Parts<WorkflowFile["steps"][number]["assert"] & object>[number]
>;

/** What {@linkcode compileAssertion} needs to know. */
export interface AssertionOptions {
  /** What its texts may refer to. */
  readonly scope: Scope;
  readonly schemas: SchemaFiles;
}

type Kind = PlanAssertion["kind"];

/** Kinds that name their path themselves. */
const PRESENCE = ["exists", "not_exists"] as const;

/** Kinds that are of a `file`. */
const CONTENT = [
  ...["contains", "not_contains", "matches", "equals", "is_json", "json_schema"] as const,
  ...["size", "lines"] as const,
] as const;

/** Kinds that may do without a file. */
const ASKING = ["run", "judge"] as const;

const KINDS: readonly Kind[] = [...PRESENCE, ...CONTENT, ...ASKING];
const KEYS = Object.keys(assertionSchema.shape);

/**
 * @param part An entry of `assert`, without its faults.
 * @param path Where it is in the file.
 * @param options What it may refer to.
 * @param reporter Told of what is wrong.
 * @returns The assertion, if it is sound.
 */
export async function compileAssertion(
  part: AssertionPart,
  path: DataPath,
  options: AssertionOptions,
  reporter: Reporter,
): Promise<PlanAssertion | undefined> {
  const kind = kindOf(path, reporter);
  if (kind === undefined) return undefined;
  checkKeys(kind, path, reporter);
  const place = reporter.placeOf(path);
  const { scope } = options;
  if (kind === "run") {
    const { run, cwd, env } = part;
    const command = compileCommand({ run, cwd, env }, path, scope, reporter);
    return command && { kind, command, place };
  }
  const file = compilePath(part, kind, path, scope, reporter);
  if (kind === "judge") {
    const rubric = part.judge === undefined
      ? undefined
      : compileText(part.judge, [...path, kind], scope, reporter);
    if (rubric === undefined || (part.file !== undefined && file === undefined)) return undefined;
    return { kind, rubric, ...(file === undefined ? {} : { file }), place };
  }
  if (kind === "json_schema") {
    const schema = await options.schemas.compile(part[kind], [...path, kind], {}, reporter);
    return file && schema !== undefined ? { file, kind, schema, place } : undefined;
  }
  if (kind === "size" || kind === "lines") {
    const bounds = compileBounds(part[kind], kind, [...path, kind], reporter);
    return file && bounds && { file, kind, ...bounds, place };
  }
  if (kind === "exists" || kind === "not_exists" || kind === "is_json") {
    return file && { file, kind, place };
  }
  const value = await compileValue(part, kind, path, scope, reporter);
  return file && value && { file, kind, value, place };
}

/** The one thing that an entry says; of several, none. */
function kindOf(path: DataPath, reporter: Reporter): Kind | undefined {
  const { yaml } = reporter;
  const keys = yaml.keysOf(path);
  const [kind, second] = KINDS.filter((each) => keys.includes(each));
  if (second !== undefined) {
    reporter.error("invalid-value", `The assertion has "${kind}" and "${second}"`, [
      ...path,
      second,
    ], { hint: "Write one assertion for each", part: "key" });
    return undefined;
  }
  // An unknown key was told of; where it is a misspelt kind, nothing is missing.
  if (kind !== undefined || KINDS.some((each) => isMisspelt(each, keys, KEYS))) return kind;
  reporter.error("missing-key", "The assertion says nothing", path, {
    hint: keys.includes("file")
      ? `Add one of ${CONTENT.join(", ")}; that a file is there is { exists: PATH }`
      : "Write { file: PATH, contains: TEXT } or { exists: PATH }",
  });
  return undefined;
}

/** Tells of keys that the kind does not go with, and of a file that is missing. */
function checkKeys(kind: Kind, path: DataPath, reporter: Reporter): void {
  const has = (key: string) => reporter.yaml.has([...path, key]);
  const misplaced = (key: string, hint: string) =>
    reporter.error("misplaced-key", `Assertion key "${key}" does not go with "${kind}"`, [
      ...path,
      key,
    ], { hint, part: "key" });
  if (kind !== "run") {
    for (const key of ["cwd", "env"]) {
      if (has(key)) misplaced(key, "It is for a command: { run: COMMAND, cwd: PATH }");
    }
  }
  if (kind === "run" && has("file")) misplaced("file", "Name the file in the command");
  if ((kind === "exists" || kind === "not_exists") && has("file")) {
    reporter.error("invalid-value", `"${kind}" names its path itself`, [...path, "file"], {
      hint: `Write { ${kind}: PATH }`,
      part: "key",
    });
  }
  const needsFile = (CONTENT as readonly Kind[]).includes(kind);
  const keys = reporter.yaml.keysOf(path);
  if (needsFile && !has("file") && !isMisspelt("file", keys, KEYS)) {
    reporter.error("missing-key", 'Missing assertion key "file"', path, {
      hint: `Write { file: PATH, ${kind}: ... }`,
    });
  }
}

function compilePath(
  part: AssertionPart,
  kind: Kind,
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
): Template | undefined {
  const key = kind === "exists" || kind === "not_exists" ? kind : "file";
  const written = part[key];
  return written === undefined ? undefined : compileFile(written, [...path, key], scope, reporter);
}

async function compileValue(
  part: AssertionPart,
  kind: Exclude<PlanFileAssertion["kind"], "exists" | "not_exists" | "is_json">,
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
): Promise<Template | undefined> {
  const written = part[kind];
  if (written === undefined) return undefined;
  const value = compileText(written, [...path, kind], scope, reporter);
  if (kind === "matches" && value !== undefined) {
    await checkPattern(value, [...path, kind], scope, reporter);
  }
  return value;
}

async function checkPattern(
  template: Template,
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
): Promise<void> {
  const pattern = knownText(template, scope);
  if (pattern === undefined) return;
  const { RE2JS, RE2JSException } = await import("re2js");
  try {
    RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const reason = error.message.replace(/^error parsing regexp: /, "");
    reporter.error("invalid-pattern", `The pattern cannot be read: ${reason}`, path, {
      hint: "It is RE2 syntax: no look-around and no back-references",
    });
  }
}

/** What a size or a count of lines must be: one number stands for both bounds. */
function compileBounds(
  written: AssertionPart["size"],
  kind: "size" | "lines",
  path: DataPath,
  reporter: Reporter,
): { readonly min?: number; readonly max?: number } | undefined {
  if (written === undefined) return undefined;
  if (typeof written !== "object") {
    const exact = compileSize(written, path, reporter);
    return exact === undefined ? undefined : { min: exact, max: exact };
  }
  if (!reporter.yaml.has([...path, "min"]) && !reporter.yaml.has([...path, "max"])) {
    reporter.error("missing-key", `"${kind}" has neither "min" nor "max"`, path, {
      hint: kind === "size" ? "Write { min: 1, max: 64kb }" : "Write { min: 1, max: 100 }",
    });
    return undefined;
  }
  const min = compileSize(written.min, [...path, "min"], reporter);
  const max = compileSize(written.max, [...path, "max"], reporter);
  if (min !== undefined && max !== undefined && min > max) {
    reporter.error("invalid-value", `"min" is more than "max", so nothing fits`, [...path, "min"], {
      hint: "Put the smaller one into min",
    });
    return undefined;
  }
  return { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
}

function compileSize(
  written: number | string | undefined,
  path: DataPath,
  reporter: Reporter,
): number | undefined {
  if (written === undefined) return undefined;
  const size = parseSize(written);
  if (typeof size === "number") return size;
  reporter.error("invalid-value", size.message, path, { hint: size.hint });
  return undefined;
}
