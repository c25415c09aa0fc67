/**
 * The inputs of a workflow: what is declared, and the value that each has in this run.
 *
 * @module
 */

import type { InputValue } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import { NAME, type WorkflowFile } from "./schema.ts";
import { didYouMean } from "./_suggest.ts";
import type { Parts } from "./_validate.ts";

type InputPart = NonNullable<NonNullable<Parts<WorkflowFile>["inputs"]>[string]>;

/** What {@linkcode compileInputs} needs to know. */
export interface InputOptions {
  /** What the command line gives. */
  readonly given: Readonly<Record<string, string>>;
  /** Whether values may be missing, because nothing is run. */
  readonly check: boolean;
}

/**
 * @param parts The `inputs` section, without its faults.
 * @param options What was given.
 * @param reporter Told of what is wrong.
 * @returns The value of each input that has one.
 */
export function compileInputs(
  parts: Parts<WorkflowFile>["inputs"],
  options: InputOptions,
  reporter: Reporter,
): Readonly<Record<string, InputValue>> {
  const names = reporter.yaml.keysOf(["inputs"]);
  for (const name of Object.keys(options.given)) {
    if (names.includes(name)) continue;
    const { hint } = didYouMean(name, names);
    reporter.outside(
      "unknown-input",
      `The workflow has no input "${name}"`,
      hint ?? (names.length > 0 ? `Its inputs are ${names.join(", ")}` : "It has no inputs at all"),
    );
  }
  const values: [string, InputValue][] = [];
  for (const name of names) {
    const part = parts?.[name];
    if (!NAME.test(name)) {
      reporter.error("invalid-name", `"${name}" cannot be an input's name`, ["inputs", name], {
        hint: "Use letters, digits, _ and -, and begin with a letter",
        part: "key",
      });
    }
    if (part === undefined || !NAME.test(name)) continue;
    const value = valueOf(name, part, options, reporter);
    if (value !== undefined) values.push([name, value]);
  }
  return Object.fromEntries(values);
}

function valueOf(
  name: string,
  part: InputPart,
  { given, check }: InputOptions,
  reporter: Reporter,
): InputValue | undefined {
  const path = ["inputs", name];
  const type = part.type ?? "string";
  const options = (part.options ?? []).filter((option) => option !== undefined);
  if (type === "choice" && !reporter.yaml.has([...path, "options"])) {
    reporter.error("missing-key", `Input "${name}" is a choice and has no "options"`, path, {
      part: "key",
    });
  }
  if (type !== "choice" && part.options !== undefined) {
    reporter.error("invalid-value", `Input "${name}" has options and is a ${type}`, [
      ...path,
      "options",
    ], { hint: "Write type: choice" });
  }
  checkDefault(name, type, part, options, reporter);
  const text = Object.hasOwn(given, name) ? given[name] : undefined;
  if (text !== undefined) return parseGiven(name, type, text, options, reporter);
  if (part.default !== undefined && part.required !== true) return part.default;
  const placeholder =
    { string: "", number: 0, boolean: false, path: "/", choice: options[0] ?? "" }[type];
  if (check) return placeholder;
  // What is wrong with the declaration was told already.
  if (reporter.yaml.keysOf(path).some((key) => !Object.hasOwn(part, key))) return undefined;
  if (type === "choice" && options.length === 0) return undefined;
  if (part.required === false && (type === "string" || type === "boolean")) return placeholder;
  reporter.error("missing-input", `Input "${name}" has no value`, path, {
    hint: `Give it on the command line: --input ${name}=...`,
    part: "key",
  });
  return undefined;
}

function checkDefault(
  name: string,
  type: NonNullable<InputPart["type"]>,
  part: InputPart,
  options: readonly string[],
  reporter: Reporter,
): void {
  const value = part.default;
  if (value === undefined) return;
  const path = ["inputs", name, "default"];
  if (part.required === true) {
    reporter.warning(
      "unused-default",
      `Input "${name}" is required: its default is never used`,
      path,
    );
  }
  if (type === "choice") {
    if (typeof value === "string" && options.includes(value)) return;
    reporter.error("invalid-value", `The default of "${name}" is not one of its options`, path, {
      hint: `Use one of ${options.join(", ")}`,
    });
    return;
  }
  const found: string = typeof value;
  if (found !== type) {
    reporter.error(
      "wrong-type",
      `The default of "${name}" is a ${found}, and the input a ${type}`,
      path,
      type === "string" ? { hint: `Put it in quotes: "${reporter.yaml.sourceOf(path)}"` } : {},
    );
  }
}

function parseGiven(
  name: string,
  type: NonNullable<InputPart["type"]>,
  text: string,
  options: readonly string[],
  reporter: Reporter,
): InputValue | undefined {
  const refuse = (expected: string) =>
    reporter.outside("invalid-input", `Input "${name}" must be ${expected}, not "${text}"`);
  switch (type) {
    case "string":
      return text;
    case "choice":
      if (options.includes(text)) return text;
      return void refuse(`one of ${options.join(", ")}`);
    case "boolean":
      if (text === "true" || text === "false") return text === "true";
      return void refuse("true or false");
    case "number":
      if (/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text))) {
        return Number(text);
      }
      return void refuse("a number");
  }
}
