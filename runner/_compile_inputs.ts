/**
 * The inputs of a workflow: what is declared, and the value that each has in this run.
 *
 * @module
 */

import type { Environment } from "./_compile_env.ts";
import { declareInput, type InputPart, isWhole } from "./_declare_inputs.ts";
import { BOOLEAN, NUMBER, type StaticType, STRING } from "./expressions/types.ts";
import { inputFromText, inputFromValue } from "./_input_values.ts";
import { hintFor, kindOf } from "./_issue_text.ts";
import { loadYaml } from "./load.ts";
import type { InputValue, PlanInput } from "./plan.ts";
import { Reporter } from "./_reporter.ts";
import { NAME, type WorkflowFile } from "./schema.ts";
import { didYouMean } from "./_suggest.ts";
import type { Diagnostic } from "./diagnostics.ts";
import type { Parts } from "./_validate.ts";
import type { YamlFile } from "./_yaml_file.ts";

/** A file of values, for `--inputs`. */
export interface InputsFile {
  /** As the user named it. */
  readonly name: string;
  /** Its path on the host. */
  readonly path: string;
}

/** What {@linkcode compileInputs} needs to know. */
export interface InputOptions {
  /** What the command line gives. */
  readonly given: Readonly<Record<string, string>>;
  /** Where values are that are not on the command line. */
  readonly file: InputsFile | undefined;
  /** The environment, which may have values too. */
  readonly env: Environment;
  /** Whether each input must have a value, because it is to be run. */
  readonly needed: boolean;
  /** Where the problems of the file of values are told. */
  readonly diagnostics: Diagnostic[];
  /** Where its text is added. */
  readonly sources: Map<string, string>;
}

/** The inputs of a workflow. */
export interface CompiledInputs {
  /** The value of each input that has one, its default included. */
  readonly values: Readonly<Record<string, InputValue>>;
  /** Each input that is declared without a fault. */
  readonly declared: Readonly<Record<string, PlanInput>>;
}

/** The variable of the environment that gives an input its value. */
export function inputVariable(name: string): string {
  return `ROUTEBOOK_INPUT_${name.toUpperCase().replaceAll("-", "_")}`;
}

/**
 * @param parts The `inputs` section, without its faults.
 * @param options What was given, and how.
 * @param reporter Told of what is wrong.
 * @returns What is declared, and the values.
 */
export async function compileInputs(
  parts: Parts<WorkflowFile>["inputs"],
  options: InputOptions,
  reporter: Reporter,
): Promise<CompiledInputs> {
  const names = reporter.yaml.keysOf(["inputs"]);
  for (const name of Object.keys(options.given)) {
    if (!names.includes(name)) reporter.outside("unknown-input", ...unknown(name, names));
  }
  const file = options.file && await readInputs(options.file, names, options);
  // What is missing may be in the file that cannot be read.
  const needed = options.needed && (options.file === undefined || file !== undefined);
  const values: [string, InputValue][] = [];
  const declared: [string, PlanInput][] = [];
  for (const name of names) {
    const part = parts?.[name];
    if (!NAME.test(name)) {
      reporter.error("invalid-name", `"${name}" cannot be an input's name`, ["inputs", name], {
        hint: "Use letters, digits, _ and -, and begin with a letter",
        part: "key",
      });
    }
    if (part === undefined || !NAME.test(name)) continue;
    const input = await declareInput(name, part, reporter);
    if (isWhole(name, part, reporter)) declared.push([name, input]);
    const value = await valueOf(name, input, part, { ...options, file, needed }, reporter);
    if (value !== undefined) values.push([name, value]);
  }
  return { values: Object.fromEntries(values), declared: Object.fromEntries(declared) };
}

/**
 * What is known of inputs before they have values.
 *
 * @param declared The inputs.
 * @returns The type of each.
 */
export function inputTypes(
  declared: Readonly<Record<string, PlanInput>>,
): ReadonlyMap<string, StaticType> {
  return new Map(
    Object.entries(declared).map(([name, input]) => [name, typeOfInput(input)]),
  );
}

function typeOfInput({ type, options }: PlanInput): StaticType {
  if (type === "number") return NUMBER;
  if (type === "boolean") return BOOLEAN;
  return type === "choice" && options !== undefined ? { kind: "string", of: options } : STRING;
}

function unknown(name: string, names: readonly string[]): [message: string, hint: string] {
  const { hint } = didYouMean(name, names);
  return [
    `The workflow has no input "${name}"`,
    hint ?? (names.length > 0 ? `Its inputs are ${names.join(", ")}` : "It has no inputs at all"),
  ];
}

/** Reads the values of a file; what is wrong with it is told in it. */
async function readInputs(
  { name, path }: InputsFile,
  names: readonly string[],
  { diagnostics, sources }: InputOptions,
): Promise<Reporter | undefined> {
  const { yaml, text, diagnostics: loading } = await loadYaml(name, path);
  diagnostics.push(...loading);
  if (text !== undefined) sources.set(name, text);
  if (yaml === undefined) return undefined;
  const reporter = new Reporter(yaml, diagnostics);
  if (dataOf(yaml) === undefined) {
    reporter.error("wrong-type", "The values of inputs must be a map", [], {
      hint: "Write NAME: value, one a line",
    });
    return undefined;
  }
  for (const key of yaml.keysOf([])) {
    if (names.includes(key)) continue;
    const [message, hint] = unknown(key, names);
    reporter.error("unknown-input", message, [key], { hint, part: "key" });
  }
  return reporter;
}

function dataOf({ data }: YamlFile): ReadonlyMap<string, unknown> | undefined {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return undefined;
  return new Map(Object.entries(data));
}

interface Given extends Omit<InputOptions, "file"> {
  readonly file: Reporter | undefined;
}

async function valueOf(
  name: string,
  input: PlanInput,
  part: InputPart,
  { given, file, env, needed }: Given,
  reporter: Reporter,
): Promise<InputValue | undefined> {
  const refuse = (hint: string, text: string, expected: string | undefined) =>
    reporter.outside(
      "invalid-input",
      `Input "${name}" must be ${expected}, not ${JSON.stringify(text)}`,
      hint,
    );
  const text = Object.hasOwn(given, name) ? given[name] : undefined;
  if (text !== undefined) {
    const { value, expected } = await inputFromText(input, text);
    return value ??
      void refuse(`Change it on the command line: --input ${name}=...`, text, expected);
  }
  const data = file && dataOf(file.yaml);
  if (file !== undefined && data?.has(name)) return await fromFile(name, input, data, file);
  const variable = inputVariable(name);
  const found = env.get(variable);
  if (found !== undefined) {
    const { value, expected } = await inputFromText(input, found);
    return value ??
      void refuse(`Change the variable ${variable}, or give --input ${name}=...`, found, expected);
  }
  if (part.default !== undefined && part.required !== true) return input.default;
  if (part.required === false && input.type === "string") return "";
  if (part.required === false && input.type === "boolean") return false;
  // What is wrong with the declaration was told already.
  if (!needed || !input.required || !isWhole(name, part, reporter)) return undefined;
  if (input.type === "choice" && input.options === undefined) return undefined;
  reporter.error("missing-input", `Input "${name}" has no value`, ["inputs", name], {
    hint: `Give it on the command line: --input ${name}=...`,
    part: "key",
  });
  return undefined;
}

async function fromFile(
  name: string,
  input: PlanInput,
  data: ReadonlyMap<string, unknown>,
  reporter: Reporter,
): Promise<InputValue | undefined> {
  const written = data.get(name);
  const isPlain = typeof written === "string" || typeof written === "number" ||
    typeof written === "boolean";
  const { value, expected } = isPlain
    ? await inputFromValue(input, written)
    : await inputFromValue(input, null);
  if (value !== undefined) return value;
  const source = reporter.yaml.sourceOf([name]);
  const { type } = input;
  const inQuotes = isPlain && typeof written !== "string";
  const hint = type === "number" || type === "boolean"
    ? hintFor(kindOf(type), written, source)
    : inQuotes
    ? `Put it in quotes: "${source}"`
    : undefined;
  reporter.error("invalid-input", `Input "${name}" must be ${expected}`, [name], { hint });
  return undefined;
}
