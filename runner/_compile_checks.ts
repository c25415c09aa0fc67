/**
 * What a step promises of the files: `produces` and `assert`.
 *
 * @module
 */

import { BackendError } from "../backends/errors.ts";
import { canonicalPath, isWithin } from "../backends/paths.ts";
import { compileText, knownText, type Scope } from "./_compile_text.ts";
import type { Template } from "./expressions/expression.ts";
import type { PlanAssertion, PlanRoute } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { WorkflowFile } from "./schema.ts";
import type { Parts } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

type AssertionPart = NonNullable<Parts<WorkflowFile["steps"][number]["assert"] & object>[number]>;

/** What must hold of the path of a file. */
export interface FileRules {
  /** The routes, if they are known. */
  readonly routes?: readonly PlanRoute[] | undefined;
  /** Whether the agent must be able to write it. */
  readonly writable?: boolean;
}

/** The checks that a `file` takes one of. */
const CONTENT_CHECKS = ["contains", "not_contains", "matches", "equals"] as const;

/**
 * @param text A path, which may have expressions in it.
 * @param path Where it is in the file.
 * @param scope What it may refer to.
 * @param reporter Told of what is wrong.
 * @param rules What must hold of it.
 * @returns Its template, canonical if it is known before the run.
 */
export function compileFile(
  text: string,
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
  rules: FileRules = {},
): Template | undefined {
  const template = compileText(text, path, scope, reporter);
  if (template === undefined) return undefined;
  const known = knownText(template, scope);
  if (known === undefined) return template;
  let canonical: string;
  try {
    canonical = canonicalPath(known);
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    reporter.error("invalid-path", error.message, path);
    return undefined;
  }
  if (rules.writable !== true) return [canonical];
  const prefix = rules.routes?.find(({ prefix }) => `${canonical}/`.startsWith(prefix));
  const isDirectory = known.endsWith("/") ||
    rules.routes?.some((route) => isWithin(route.prefix.replace(/(?<=.)\/$/, ""), canonical));
  if (isDirectory) {
    reporter.error("invalid-path", `"${known}" is a directory`, path, {
      hint: "Name the files that the step produces",
    });
    return undefined;
  }
  if (prefix?.access === "read") {
    reporter.error(
      "not-writable",
      `"${canonical}" can only be read, so no step produces it`,
      path,
      {
        hint: `Route "${prefix.prefix}" has access: read`,
      },
    );
    return undefined;
  }
  return [canonical];
}

/**
 * @param part An entry of `assert`, without its faults.
 * @param path Where it is in the file.
 * @param scope What it may refer to.
 * @param reporter Told of what is wrong.
 * @returns The assertion, if it is sound.
 */
export async function compileAssertion(
  part: AssertionPart,
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
): Promise<PlanAssertion | undefined> {
  const place = reporter.placeOf(path);
  const has = (key: string) => reporter.yaml.has([...path, key]);
  const presence = (["exists", "not_exists"] as const).filter(has);
  const content = CONTENT_CHECKS.filter(has);
  const kinds = [...presence, ...content];
  const [kind, second] = kinds;
  if (kind === undefined) {
    reporter.error("missing-key", "The assertion says nothing", path, {
      hint: has("file")
        ? `Add one of ${CONTENT_CHECKS.join(", ")}; that a file is there is { exists: PATH }`
        : "Write { file: PATH, contains: TEXT } or { exists: PATH }",
    });
    return undefined;
  }
  if (second !== undefined) {
    reporter.error("invalid-value", `The assertion has "${kind}" and "${second}"`, [
      ...path,
      second,
    ], {
      hint: "Write one assertion for each",
      part: "key",
    });
    return undefined;
  }
  if (kind === "exists" || kind === "not_exists") {
    if (has("file")) {
      reporter.error("invalid-value", `"${kind}" names its path itself`, [...path, "file"], {
        hint: `Write { ${kind}: PATH }`,
        part: "key",
      });
    }
    const written = part[kind];
    if (written === undefined) return undefined;
    const file = compileFile(written, [...path, kind], scope, reporter);
    return file && { file, kind, place };
  }
  if (!has("file")) {
    reporter.error("missing-key", 'Missing assertion key "file"', path);
  }
  const written = part[kind];
  const value = written === undefined
    ? undefined
    : compileText(written, [...path, kind], scope, reporter);
  if (kind === "matches" && value !== undefined) {
    await checkPattern(value, [...path, kind], scope, reporter);
  }
  const file = part.file === undefined
    ? undefined
    : compileFile(part.file, [...path, "file"], scope, reporter);
  return file && value && { file, kind, value, place };
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
