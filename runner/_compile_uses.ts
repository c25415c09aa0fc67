/**
 * Steps that use another workflow: it is compiled along with its caller, and may hold no more.
 *
 * @module
 */

import { dirname, isAbsolute, join } from "@std/path";
import type { Caller } from "./_compile_caller.ts";
import { compileText } from "./_compile_text.ts";
import type { Template } from "./expressions/expression.ts";
import type { Plan, PlanUses } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { Scope } from "./_scope.ts";
import type { StepPart } from "./_step_parts.ts";
import { inputFromText } from "./_input_values.ts";
import { didYouMean } from "./_suggest.ts";
import type { DataPath } from "./_yaml_file.ts";

/** How many workflows may use one another in a row. */
const DEPTH = 10;

/** What {@linkcode compileUses} needs to know. */
export interface UsesOptions {
  /** What the file can lend to what it uses. */
  readonly caller: Caller;
  /** The file's absolute path. */
  readonly path: string;
  /**
   * Compiles a file that is used, and reports what is wrong with it.
   *
   * @param file The file, as the user would name it.
   * @param path Its absolute path.
   * @returns Its plan, if it is sound.
   */
  readonly compile: (file: string, path: string) => Promise<Plan | undefined>;
}

/**
 * @param part The step, without its faults.
 * @param path Where it is in the file.
 * @param scope What its texts may refer to.
 * @param options The file that it is in.
 * @param reporter Told of what is wrong.
 * @returns What the step uses, if it is sound.
 */
export async function compileUses(
  part: StepPart,
  path: DataPath,
  scope: Scope,
  options: UsesOptions,
  reporter: Reporter,
): Promise<PlanUses | undefined> {
  const values = compileWith(part.with, [...path, "with"], scope, reporter);
  if (part.uses === undefined) return undefined;
  const at = [...path, "uses"];
  const file = await fileOf(part.uses, at, options, reporter);
  if (file === undefined) return undefined;
  const plan = await options.compile(file.shown, file.path);
  if (plan === undefined) return undefined;
  await checkInputs(plan, part.with, path, reporter);
  return { file: file.shown, plan, with: values };
}

/** The file that is used, if there is one that can be. */
async function fileOf(
  written: string,
  at: DataPath,
  { caller, path }: UsesOptions,
  reporter: Reporter,
): Promise<{ readonly shown: string; readonly path: string } | undefined> {
  const quoted = JSON.stringify(written);
  const refuse = (message: string, hint: string) => {
    reporter.error("invalid-uses", message, at, { hint });
    return undefined;
  };
  if (/^[\w.-]+\/[\w./-]+@[\w./-]+$|^docker:|^https?:/.test(written)) {
    return refuse(
      `${quoted} is not a workflow file`,
      "Only files next to this one can be used: uses: ./other.yaml",
    );
  }
  if (/\.rehearsal\.ya?ml$/.test(written)) {
    return refuse(`${quoted} is a rehearsal`, "Name the workflow that declares it");
  }
  const wanted = isAbsolute(written) ? written : join(dirname(path), written);
  let real: string;
  try {
    real = await Deno.realPath(wanted);
    if ((await Deno.stat(real)).isDirectory) {
      return refuse(`${quoted} is a directory`, "Name the workflow file in it");
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const reason = error instanceof Deno.errors.NotFound
      ? "there is no such file"
      : "it cannot be read";
    return refuse(
      `${quoted} cannot be used: ${reason}`,
      "The path is relative to this file: uses: ./other.yaml",
    );
  }
  const [first] = caller.chain;
  if (caller.chain.includes(real)) {
    const names = [...caller.chain.slice(caller.chain.indexOf(real)), real]
      .map((each) => first === undefined ? each : nameFrom(dirname(first), each));
    reporter.error("recursive-uses", `The workflow would use itself: ${names.join(" -> ")}`, at, {
      hint: "Repeat steps with foreach or retry instead",
    });
    return undefined;
  }
  if (caller.chain.length >= DEPTH) {
    return refuse(
      `Workflows use one another more than ${DEPTH} deep`,
      "Put steps of the inner ones together",
    );
  }
  const shown = isAbsolute(written) ? written : join(dirname(reporter.yaml.file), written);
  return { shown, path: wanted };
}

function nameFrom(directory: string, path: string): string {
  return path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : path;
}

function compileWith(
  values: StepPart["with"],
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
): Readonly<Record<string, Template>> {
  const compiled: [string, Template][] = [];
  for (const [name, value] of Object.entries(values ?? {})) {
    if (value === undefined) continue;
    const template = typeof value === "string"
      ? compileText(value, [...path, name], scope, reporter)
      : [String(value)];
    if (template !== undefined) compiled.push([name, template]);
  }
  return Object.fromEntries(compiled);
}

/** Holds the values of a step against what the workflow declares. */
async function checkInputs(
  plan: Plan,
  values: StepPart["with"],
  path: DataPath,
  reporter: Reporter,
): Promise<void> {
  const declared = plan.declared ?? {};
  const given = reporter.yaml.keysOf([...path, "with"]);
  const names = Object.keys(declared);
  for (const name of given) {
    if (names.includes(name)) continue;
    const { hint } = didYouMean(name, names);
    const known = names.length === 0
      ? "It has no inputs at all"
      : `Its inputs are ${names.join(", ")}`;
    reporter.error("unknown-input", `"${plan.file}" has no input "${name}"`, [
      ...path,
      "with",
      name,
    ], {
      hint: hint ?? known,
      part: "key",
    });
  }
  for (const [name, value] of Object.entries(values ?? {})) {
    const input = Object.hasOwn(declared, name) ? declared[name] : undefined;
    // What an expression comes to is known when the step runs.
    if (input === undefined || value === undefined || String(value).includes("${{")) continue;
    const { expected } = await inputFromText(input, String(value));
    if (expected === undefined) continue;
    const found = JSON.stringify(value);
    const message = `Input "${name}" of "${plan.file}" must be ${expected}, not ${found}`;
    reporter.error("invalid-input", message, [...path, "with", name]);
  }
  for (const name of names) {
    if (given.includes(name) || Object.hasOwn(plan.inputs, name)) continue;
    reporter.error("missing-input", `Input "${name}" of "${plan.file}" has no value`, [
      ...path,
      "uses",
    ], {
      hint: `Give it: with: { ${name}: ... }`,
    });
  }
}
