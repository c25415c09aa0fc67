/**
 * Texts with expressions in them: parsed, with every reference checked.
 *
 * @module
 */

import {
  type FoundReference,
  OPENING,
  parseTemplate,
  referenceText,
  renderTemplate,
  type Template,
} from "./expressions.ts";
import type { InputValue } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import { didYouMean } from "./_suggest.ts";
import type { DataPath } from "./_yaml_file.ts";

/** How many wrong expressions of one text are told: to find each means to search the text. */
const TOLD = 20;

/** What the expressions of a text may refer to. */
export interface Scope {
  /** The inputs that have a value. */
  readonly inputs: Readonly<Record<string, InputValue>>;
  /** The names of all inputs that are declared. */
  readonly inputNames: readonly string[];
  /** The steps whose output is known by then. */
  readonly done: ReadonlySet<string>;
  /** All steps. */
  readonly steps: readonly string[];
  /** What the text is, if no step is known there: "Instructions". */
  readonly withoutSteps?: string;
}

/**
 * @param text A text of the file.
 * @param path Where it is.
 * @param scope What it may refer to.
 * @param reporter Told of what is wrong.
 * @returns Its template, or `undefined` if an expression cannot be parsed.
 */
export function compileText(
  text: string,
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
): Template | undefined {
  const { template, references, problems } = parseTemplate(text);
  for (const { message, hint, offset, length, opening } of problems.slice(0, TOLD)) {
    reporter.error("invalid-expression", message, path, {
      hint,
      location: reporter.yaml.sliceLocation(path, { offset, length }, {
        text: OPENING,
        at: opening,
      }),
    });
  }
  let told = 0;
  for (const found of references) {
    if (told < TOLD && !checkReference(found, path, scope, reporter)) told++;
  }
  return problems.length === 0 ? template : undefined;
}

/**
 * Renders what is known before the run: a text without references to steps.
 *
 * @param template A template.
 * @param scope The inputs.
 * @returns Its text, or `undefined` if it depends on what is not known yet.
 */
export function knownText(template: Template, scope: Scope): string | undefined {
  const isKnown = template.every((part) =>
    typeof part === "string" ||
    (part.names[0] === "inputs" && Object.hasOwn(scope.inputs, part.names[1] ?? ""))
  );
  return isKnown ? renderTemplate(template, { inputs: scope.inputs, outputs: {} }) : undefined;
}

function checkReference(
  found: FoundReference,
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
): boolean {
  const problem = problemOf(found, scope);
  if (problem === undefined) return true;
  const { offset, length, opening } = found;
  reporter.error("undefined-reference", problem.message, path, {
    hint: problem.hint,
    location: reporter.yaml.sliceLocation(path, { offset, length }, { text: OPENING, at: opening }),
  });
  return false;
}

function problemOf(
  { reference }: FoundReference,
  scope: Scope,
): { readonly message: string; readonly hint?: string } | undefined {
  const [kind, name = ""] = reference.names;
  const whole = `"${referenceText(reference)}"`;
  if (kind === "inputs") {
    if (scope.inputNames.includes(name)) return undefined;
    const { hint } = didYouMean(name, scope.inputNames);
    return {
      message: `${whole} is not defined: there is no input "${name}"`,
      hint: hint ?? 'Declare it below "inputs"',
    };
  }
  if (scope.withoutSteps !== undefined) {
    return {
      message: `${whole} is not known here`,
      hint: `${scope.withoutSteps} are fixed before the first step: use inputs alone`,
    };
  }
  if (scope.done.has(name)) return undefined;
  if (scope.steps.includes(name)) {
    return {
      message: `${whole} is not known here: step "${name}" does not come before`,
      hint: "Only the output of an earlier step can be used",
    };
  }
  const { hint } = didYouMean(name, scope.done);
  return {
    message: `${whole} is not defined: there is no step "${name}"`,
    ...(hint === undefined ? {} : { hint }),
  };
}

/** Where expressions are evaluated; `*` stands for any one key. */
const EVALUATED: readonly DataPath[] = [
  ["instructions"],
  ["steps", "*", "prompt"],
  ["steps", "*", "env", "*"],
  ["steps", "*", "produces", "*"],
  ["steps", "*", "assert", "*", "*"],
  ["outputs", "*"],
];

/** Where expressions are refused with more to say: see `_compile_command.ts`. */
const COMMANDS: readonly DataPath[] = [["steps", "*", "run"], ["steps", "*", "run", "*"]];

/**
 * Refuses expressions where they would be taken for plain text, in keys too.
 *
 * @param reporter The file, and where problems are told.
 */
export function refuseStrayExpressions(reporter: Reporter): void {
  visit(reporter.yaml.data, []);

  function visit(data: unknown, path: DataPath): void {
    if (typeof data === "string") {
      const isEvaluated = [...EVALUATED, ...COMMANDS].some((pattern) => fits(path, pattern));
      if (!data.includes(OPENING) || isEvaluated || path[0] === "description") return;
      stray(path, "value");
    } else if (typeof data === "object" && data !== null) {
      for (const [key, value] of Object.entries(data)) {
        const inner = [...path, Array.isArray(data) ? Number(key) : key];
        if (key.includes(OPENING)) stray(inner, "key");
        visit(value, inner);
      }
    }
  }

  function stray(path: DataPath, part: "key" | "value"): void {
    reporter.error("expression-not-allowed", "Expressions are not evaluated here", path, {
      hint: "They are in prompts, instructions, env, produces, assert and outputs",
      part,
    });
  }
}

function fits(path: DataPath, pattern: DataPath): boolean {
  return path.length === pattern.length &&
    pattern.every((part, index) => part === "*" || part === path[index]);
}
