/**
 * `deno task run FILE --help`: what a workflow takes and gives.
 *
 * @module
 */

import { inputVariable } from "./_compile_inputs.ts";
import { type CompileResult, compileWorkflow } from "./compile.ts";
import type { Plan, PlanInput } from "./plan.ts";
import { Reporter } from "./_reporter.ts";
import { type WorkflowFile, workflowSchema } from "./schema.ts";
import { WORKFLOW_SECTIONS } from "./_sections.ts";
import { type Style, styleFor } from "./_style.ts";
import { tableLines } from "./_table.ts";
import { printable } from "./terminal.ts";
import { runOptions } from "./_usage.ts";
import { type Parts, validate } from "./_validate.ts";

/** How help is asked for. */
export interface HelpOptions {
  /** The working directory. */
  readonly cwd: string;
  /** Whether to use colours. */
  readonly color: boolean;
}

/** The help, or what is wrong with the file. */
export interface WorkflowHelp extends Pick<CompileResult, "diagnostics" | "sources"> {
  /** Lines, the last one with a line feed; absent where the file has errors. */
  readonly text?: string;
}

/**
 * @param file The workflow file, as the user named it.
 * @param options How to print it.
 * @returns What it takes and gives.
 */
export async function workflowHelp(
  file: string,
  { cwd, color }: HelpOptions,
): Promise<WorkflowHelp> {
  const { plan, document, diagnostics, sources } = await compileWorkflow(file, {
    cwd,
    key: true,
    check: true,
    probe: () => Promise.resolve({ type: "bubblewrap" }),
  });
  const parts = document &&
    validate(workflowSchema, WORKFLOW_SECTIONS, new Reporter(document, []));
  if (plan === undefined || parts === undefined) return { diagnostics, sources };
  return { text: helpText(plan, parts, styleFor(color)), diagnostics, sources };
}

function helpText(plan: Plan, parts: Parts<WorkflowFile>, paint: Style): string {
  const { name, description, file, declared = {}, outputs } = plan;
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", paint.bold(title), ...lines];
  const table = (rows: readonly (readonly string[])[]) => tableLines(rows, { paint: paint.dim });
  return [
    paint.bold(printable(name)),
    ...description === "" ? [] : printable(description).trimEnd().split("\n"),
    ...section("Usage", [`  deno task run ${printable(file)} [options]`]),
    ...section(
      "Inputs",
      table(Object.entries(declared).map(([name, input]) => inputRow(name, input))),
    ),
    ...section("Variables, from the environment", table(variableRows(parts.env))),
    ...section("Secrets, from the environment", table(secretRows(parts.secrets))),
    ...section("Outputs", table(Object.keys(outputs).map((name) => [name]))),
    ...section("Options", runOptions()),
    "",
  ].join("\n");
}

function inputRow(name: string, input: PlanInput): readonly string[] {
  const { type, options = [], pattern, description = "" } = input;
  const kind = type === "choice"
    ? `one of ${options.join(", ")}`
    : pattern === undefined
    ? type
    : `${type} like ${pattern}`;
  const value = input.required
    ? "required"
    : input.default === undefined
    ? "optional"
    : `default ${JSON.stringify(input.default)}`;
  return [`--input ${name}=...`, inputVariable(name), kind, value, oneLine(description)];
}

function variableRows(env: Parts<WorkflowFile>["env"]): readonly (readonly string[])[] {
  if (isList(env)) return env.flatMap((name) => name === undefined ? [] : [[name, "required"]]);
  return Object.entries(env ?? {}).flatMap(([name, part]) => {
    // Its value is the file's own: nobody can give another.
    if (part === undefined || typeof part === "string") return [];
    const { default: value, required = value === undefined, description = "" } = part;
    const needed = required
      ? "required"
      : value === undefined
      ? "optional"
      : `default ${JSON.stringify(value)}`;
    return [[name, needed, oneLine(description)]];
  });
}

function secretRows(secrets: Parts<WorkflowFile>["secrets"]): readonly (readonly string[])[] {
  if (isList(secrets)) {
    return secrets.flatMap((name) => name === undefined ? [] : [[name, "required"]]);
  }
  return Object.entries(secrets ?? {}).map(([name, part]) => [
    name,
    part?.required === false ? "optional" : "required",
    oneLine(part?.description ?? ""),
  ]);
}

function isList<T>(parts: readonly T[] | object | undefined): parts is readonly T[] {
  return Array.isArray(parts);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
