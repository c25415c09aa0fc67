/**
 * What a workflow says of an input, checked.
 *
 * @module
 */

import { inputFromValue, patternProblem } from "./_input_values.ts";
import { hintFor, kindOf } from "./_issue_text.ts";
import type { InputValue, PlanInput } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { WorkflowFile } from "./schema.ts";
import type { Parts } from "./_validate.ts";

/** The declaration of an input, without its faults. */
export type InputPart = NonNullable<NonNullable<Parts<WorkflowFile>["inputs"]>[string]>;

/**
 * @param name An input.
 * @param part Its declaration, without its faults.
 * @param reporter The file.
 * @returns Whether nothing of a declaration was faulty.
 */
export function isWhole(name: string, part: InputPart, { yaml }: Reporter): boolean {
  return yaml.keysOf(["inputs", name]).every((key) => Object.hasOwn(part, key));
}

/**
 * @param name An input.
 * @param part Its declaration, without its faults.
 * @param reporter Told of what is wrong.
 * @returns What is declared.
 */
export async function declareInput(
  name: string,
  part: InputPart,
  reporter: Reporter,
): Promise<PlanInput> {
  const path = ["inputs", name];
  const { yaml } = reporter;
  const type = part.type ?? "string";
  const options = (part.options ?? []).filter((option) => option !== undefined);
  if (type === "choice" && !yaml.has([...path, "options"])) {
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
  const pattern = await declarePattern(name, type, part, reporter);
  const isRequired = part.required ?? part.default === undefined;
  const hasNothing = type === "string" || type === "boolean";
  if (part.required === false && !yaml.has([...path, "default"]) && !hasNothing) {
    reporter.error("missing-key", `Input "${name}" need not be given and has no "default"`, path, {
      hint: `Write its default; only a string and a boolean have one of their own`,
      part: "key",
    });
  }
  const input: PlanInput = {
    type,
    ...(part.description === undefined ? {} : { description: part.description }),
    required: isRequired,
    ...(options.length === 0 ? {} : { options }),
    ...(pattern === undefined ? {} : { pattern }),
  };
  const value = part.default === undefined
    ? undefined
    : await declareDefault(name, input, part, reporter);
  return value === undefined ? input : { ...input, default: value };
}

async function declarePattern(
  name: string,
  type: PlanInput["type"],
  { pattern }: InputPart,
  reporter: Reporter,
): Promise<string | undefined> {
  if (pattern === undefined) return undefined;
  const path = ["inputs", name, "pattern"];
  if (type !== "string") {
    reporter.error("invalid-value", `Input "${name}" has a pattern and is a ${type}`, path, {
      hint: "Only a string has a pattern: leave it out",
    });
    return undefined;
  }
  const problem = await patternProblem(pattern);
  if (problem === undefined) return pattern;
  reporter.error("invalid-pattern", `The pattern cannot be read: ${problem}`, path);
  return undefined;
}

async function declareDefault(
  name: string,
  input: PlanInput,
  part: InputPart,
  reporter: Reporter,
): Promise<InputValue | undefined> {
  const written = part.default;
  if (written === undefined) return undefined;
  const path = ["inputs", name, "default"];
  if (part.required === true) {
    reporter.warning(
      "unused-default",
      `Input "${name}" is required: its default is never used`,
      path,
    );
  }
  const { type, options = [] } = input;
  const wanted = type === "choice" || type === "path" ? "string" : type;
  const found: string = typeof written;
  if (found !== wanted && type !== "choice") {
    reporter.error(
      "wrong-type",
      `The default of "${name}" is a ${found}, and the input a ${type}`,
      path,
      {
        hint: wanted === "string"
          ? `Put it in quotes: "${reporter.yaml.sourceOf(path)}"`
          : hintFor(kindOf(wanted), written, reporter.yaml.sourceOf(path)),
      },
    );
    return undefined;
  }
  const { value, expected } = await inputFromValue(input, written);
  if (value !== undefined) return value;
  if (type === "choice") {
    // Without options there is nothing that it could be.
    if (options.length === 0) return undefined;
    reporter.error("invalid-value", `The default of "${name}" is not one of its options`, path, {
      hint: `Use one of ${options.join(", ")}`,
    });
  } else {
    reporter.error("invalid-value", `The default of "${name}" must be ${expected}`, path, {
      hint: type === "path" && typeof written === "string" && !written.startsWith("/")
        ? `Write ${JSON.stringify(`/${written}`)}`
        : "Change the default or the pattern",
    });
  }
  return undefined;
}
