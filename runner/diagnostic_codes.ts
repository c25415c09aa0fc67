/**
 * Every code of a diagnostic: what it means, what to do about it, and an example that has it. A code
 * that is not here does not type-check where it is reported. `runner/codes/entry.ts` says how one is
 * added; docs/diagnostics.md is made of it by `deno task docs`.
 *
 * @module
 */

import { ARTIFACT_CODES } from "./codes/artifact_codes.ts";
import { BUDGET_CODES } from "./codes/budget_codes.ts";
import { COMMAND_CODES } from "./codes/command_codes.ts";
import { DOCKER_CODES } from "./codes/docker_codes.ts";
import type { CodeEntry } from "./codes/entry.ts";
import { FILE_CODES } from "./codes/file_codes.ts";
import { FORM_CODES } from "./codes/form_codes.ts";
import { INPUT_CODES } from "./codes/input_codes.ts";
import { PLAN_CODES } from "./codes/plan_codes.ts";
import { SHELL_CODES } from "./codes/shell_codes.ts";
import { STEP_CODES } from "./codes/step_codes.ts";
import { USES_CODES } from "./codes/uses_codes.ts";
import { YAML_CODES } from "./codes/yaml_codes.ts";

/** The codes by topic, in the order in which they are documented. */
export const CODE_TOPICS = {
  "Files and YAML": YAML_CODES,
  "Keys and values": FORM_CODES,
  "Inputs, models and rehearsals": INPUT_CODES,
  "Backends, routes and paths": FILE_CODES,
  "Steps and expressions": STEP_CODES,
  "Artifacts": ARTIFACT_CODES,
  "Workflows that use others": USES_CODES,
  "Shells, rules and permissions": SHELL_CODES,
  "Containers": DOCKER_CODES,
  "Budgets and prices": BUDGET_CODES,
  "Stored plans": PLAN_CODES,
  "The command line": COMMAND_CODES,
} as const;

const CODES = {
  ...YAML_CODES,
  ...FORM_CODES,
  ...INPUT_CODES,
  ...FILE_CODES,
  ...STEP_CODES,
  ...ARTIFACT_CODES,
  ...USES_CODES,
  ...SHELL_CODES,
  ...DOCKER_CODES,
  ...BUDGET_CODES,
  ...PLAN_CODES,
  ...COMMAND_CODES,
} as const;

/** A code that a diagnostic may have. */
export type DiagnosticCode = keyof typeof CODES;

/** A code that an error may have. */
export type ErrorCode = {
  [Code in DiagnosticCode]: (typeof CODES)[Code]["severity"] extends "warning" ? never : Code;
}[DiagnosticCode];

/** A code that a warning may have. */
export type WarningCode = {
  [Code in DiagnosticCode]: (typeof CODES)[Code]["severity"] extends "error" ? never : Code;
}[DiagnosticCode];

/** What each code is about. */
export const DIAGNOSTIC_CODES: Readonly<Record<DiagnosticCode, CodeEntry>> = CODES;

/**
 * @param code A code.
 * @param hint What is to be done in this very case, if that is known.
 * @returns That, or what is to be done about the code in general.
 */
export function hintFor(code: DiagnosticCode, hint?: string): string {
  return hint ?? CODES[code].mend;
}

/**
 * @param text What may be a code.
 * @returns Whether it is one.
 */
export function isDiagnosticCode(text: string): text is DiagnosticCode {
  return Object.hasOwn(CODES, text);
}
