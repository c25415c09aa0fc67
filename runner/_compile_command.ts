/**
 * The command of a `run` step: fixed before the run, with all that varies in its environment.
 *
 * @module
 */

import { BackendError } from "../backends/errors.ts";
import { canonicalPath, isWithin } from "../backends/paths.ts";
import { SHELL_LIMITS, SYSTEM_DIRECTORIES } from "../backends/shells/shell.ts";
import { compileText } from "./_compile_text.ts";
import type { Template } from "./expressions/expression.ts";
import { OPENING, parseTemplate } from "./expressions/template.ts";
import type { PlanCommand } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { WorkflowFile } from "./schema.ts";
import type { Scope } from "./_scope.ts";
import type { Parts } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

type StepPart = NonNullable<NonNullable<Parts<WorkflowFile>["steps"]>[number]>;

/** What a shell lets a variable be called. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * @param part The step, without its faults.
 * @param path Where it is in the file.
 * @param scope What its environment may refer to.
 * @param reporter Told of what is wrong.
 * @returns The command, if it is sound.
 */
export function compileCommand(
  part: StepPart,
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
): PlanCommand | undefined {
  const command = compileWords(part.run, [...path, "run"], scope, reporter);
  const cwd = part.cwd === undefined ? "/" : compileDirectory(part.cwd, path, reporter);
  const values: Scope = { ...scope, takesSecrets: true };
  const env: [string, Template][] = [];
  for (const [name, text] of Object.entries(part.env ?? {})) {
    const at = [...path, "env", name];
    checkVariable(name, text, at, reporter);
    const template = text === undefined ? undefined : compileText(text, at, values, reporter);
    if (template !== undefined) env.push([name, template]);
  }
  if (command === undefined || cwd === undefined) return undefined;
  return { command, cwd, env: Object.fromEntries(env) };
}

function compileWords(
  run: StepPart["run"],
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
): PlanCommand["command"] | undefined {
  if (run === undefined) return undefined;
  const isScript = typeof run === "string";
  const words = isScript ? [run] : run.flatMap((word) => word ?? []);
  let sound = isScript || words.length === run.length;
  for (const [index, word] of words.entries()) {
    const at = isScript ? path : [...path, index];
    if (word.includes(OPENING)) {
      refuseExpressions(word, at, isScript, scope, reporter);
      sound = false;
    } else if (word.includes("\0")) {
      reporter.error("invalid-value", "A command cannot have a NUL character in it", at);
      sound = false;
    }
  }
  const [first = ""] = words;
  if (first.trim() === "") {
    reporter.error("invalid-value", "The command is empty", isScript ? path : [...path, 0], {
      hint: isScript ? "Write a script for sh" : "Begin with a program: [python3, main.py]",
    });
    sound = false;
  }
  const length = words.reduce((sum, word) => sum + word.length, 0);
  if (length > SHELL_LIMITS.commandCharacters) {
    reporter.error(
      "invalid-value",
      `A command must not be longer than ${SHELL_LIMITS.commandCharacters} characters`,
      path,
      { hint: "Keep the script in a file and run that" },
    );
    sound = false;
  }
  return sound ? isScript ? first : words : undefined;
}

/** A value in the text of a command could be a command itself. */
function refuseExpressions(
  text: string,
  path: DataPath,
  isScript: boolean,
  scope: Scope,
  reporter: Reporter,
): void {
  const at = text.indexOf(OPENING);
  const end = text.indexOf("}}", at);
  const length = end < 0 ? OPENING.length : end + 2 - at;
  const [found] = parseTemplate(text).expressions;
  const source = found?.source ?? `inputs.${scope.inputNames[0] ?? "NAME"}`;
  const name = /^\w+\.([A-Za-z_][\w-]*)/.exec(found?.source ?? "")?.[1]?.toUpperCase()
    .replaceAll("-", "_") ?? "VALUE";
  const hint = isScript
    ? `Write "$${name}" there, and env: { ${name}: "\${{ ${source} }}" } beside it`
    : `Write a script instead, with "$${name}" in it, and env: ` +
      `{ ${name}: "\${{ ${source} }}" } beside it`;
  reporter.error("expression-in-command", "A command has no expressions in it", path, {
    hint,
    location: reporter.yaml.sliceLocation(path, { offset: at, length }, { text: OPENING, at }),
  });
}

function compileDirectory(
  written: string,
  step: DataPath,
  reporter: Reporter,
): string | undefined {
  const path = [...step, "cwd"];
  // It was told already that expressions are not evaluated here.
  if (written.includes(OPENING)) return undefined;
  let canonical: string;
  try {
    canonical = canonicalPath(written);
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    reporter.error("invalid-path", error.message, path, {
      hint: "It is a directory of the tree, such as /project",
    });
    return undefined;
  }
  const system = systemDirectory(canonical);
  if (system === undefined) return canonical;
  reporter.error("reserved-path", `"${system}" is the shell's own, not part of the tree`, path, {
    hint: "Write a directory of the tree, such as /project",
  });
  return undefined;
}

/** The directory of the shell's own that holds a canonical path, if one does. */
export function systemDirectory(path: string): string | undefined {
  return SYSTEM_DIRECTORIES.find((directory) => isWithin(path, directory));
}

function checkVariable(
  name: string,
  text: string | undefined,
  path: DataPath,
  reporter: Reporter,
): void {
  if (!VARIABLE.test(name)) {
    reporter.error("invalid-name", `"${name}" cannot be a variable's name`, path, {
      hint: "Use letters, digits and _, and begin with a letter",
      part: "key",
    });
  }
  if (text?.includes("\0")) {
    reporter.error("invalid-value", "A variable cannot have a NUL character in it", path);
  }
}
