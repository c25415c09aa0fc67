/**
 * Expressions where they would be taken for plain text.
 *
 * @module
 */

import { OPENING } from "./expressions/template.ts";
import type { Reporter } from "./_reporter.ts";
import type { DataPath } from "./_yaml_file.ts";

/** The lists of steps. */
const STEPS = ["steps", "on_success", "on_failure"] as const;

/** Where expressions are evaluated in a step; `*` stands for any one key. */
const EVALUATED_IN_STEPS: readonly DataPath[] = [
  ["prompt"],
  ["instructions"],
  ["env", "*"],
  ["if"],
  ["foreach"],
  ["foreach", "items"],
  ["with", "*"],
  ["produces", "*"],
  ...["file", "contains", "not_contains", "matches", "equals", "judge", "exists", "not_exists"]
    .map((key) => ["assert", "*", key]),
  ["assert", "*", "env", "*"],
];

/** The same in the rest of the file. */
const EVALUATED: readonly DataPath[] = [
  ["instructions"],
  ["env", "*"],
  ["outputs", "*"],
  ["artifacts", "*", "path"],
];

/** Where expressions are refused with more to say: see `_compile_command.ts`. */
const COMMANDS: readonly DataPath[] = [
  ["run"],
  ["run", "*"],
  ["assert", "*", "run"],
  ["assert", "*", "run", "*"],
];

/** What is said beside the places where expressions are evaluated. */
const HINTS: readonly (readonly [DataPath, string])[] = [
  [
    ["foreach", "*"],
    "A list of foreach is fixed: give it one expression that makes the list, such as fromJSON(...)",
  ],
  [
    ["foreach", "items", "*"],
    "A list of foreach is fixed: give it one expression that makes the list, such as fromJSON(...)",
  ],
  [["cwd"], 'The directory is fixed before the run: change it in the script, cd "$DIRECTORY"'],
  [["uses"], "The file is fixed before the run: choose between two steps with if"],
  [["model"], "The model is fixed before the run: choose between two steps with if"],
];

/** Said everywhere else. */
const HINT =
  "They are in prompts, instructions, env, if, foreach, with, produces, assert, outputs " +
  "and the path of artifacts";

/**
 * Refuses expressions where they would be taken for plain text, in keys too.
 *
 * @param reporter The file, and where problems are told.
 */
export function refuseStrayExpressions(reporter: Reporter): void {
  // One path for all of the file: most of it has no expression at all.
  const path: (string | number)[] = [];
  visit(reporter.yaml.data);

  function visit(data: unknown): void {
    if (typeof data === "string") {
      if (!data.includes(OPENING) || path[0] === "description") return;
      const inner = inStep(path);
      const known = inner === undefined ? EVALUATED : [...EVALUATED_IN_STEPS, ...COMMANDS];
      if (!known.some((pattern) => fits(inner ?? path, pattern))) stray([...path], "value");
    } else if (Array.isArray(data)) {
      for (const [index, value] of data.entries()) visitPart(index, value);
    } else if (typeof data === "object" && data !== null) {
      for (const [key, value] of Object.entries(data)) {
        if (key.includes(OPENING)) stray([...path, key], "key");
        visitPart(key, value);
      }
    }
  }

  function visitPart(key: string | number, value: unknown): void {
    path.push(key);
    visit(value);
    path.pop();
  }

  function stray(path: DataPath, part: "key" | "value"): void {
    const inner = part === "value" ? inStep(path) : undefined;
    const own = inner && HINTS.find(([pattern]) => fits(inner, pattern))?.[1];
    reporter.error("expression-not-allowed", "Expressions are not evaluated here", path, {
      hint: own ?? HINT,
      part,
    });
  }
}

/** The way from a step to a part of it. */
function inStep(path: DataPath): DataPath | undefined {
  return STEPS.some((list) => list === path[0]) && path.length > 2 ? path.slice(2) : undefined;
}

function fits(path: DataPath, pattern: DataPath): boolean {
  return path.length === pattern.length &&
    pattern.every((part, index) => part === "*" || part === path[index]);
}
