/**
 * Reads a rehearsal: a YAML file of scripted answers, one list for each step of a workflow.
 *
 * ```yaml
 * name: flask
 * steps:
 *   app:
 *     - expect: { prompt: "Create ..." }
 *       text: I will write the app.
 *       calls:
 *         - write_file: { path: /project/src/app.py, content: "..." }
 *     - expect: { results: ["Wrote /project/src/app.py"] }
 *       text: Done.
 *       usage: { input: 812, output: 240 }
 * judges:
 *   app:
 *     - { pass: true, reason: It has a health route. }
 * ```
 *
 * @module
 */

import { z } from "zod";
import type { RehearsalCall, RehearsalTurn } from "../agent/rehearsal.ts";
import type { Diagnostic } from "./diagnostics.ts";
import { loadYaml } from "./load.ts";
import { Reporter } from "./_reporter.ts";
import type { Section } from "./_section.ts";
import { didYouMean, isMisspelt } from "./_suggest.ts";
import { type Parts, validate } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

const expectSchema = z.strictObject({
  prompt: z.string().optional().describe("The newest user message, exactly."),
  results: z.array(z.string()).optional()
    .describe("A text that each result of the turn before must contain."),
});

const usageSchema = z.strictObject({
  input: z.int().min(0).optional().describe("Tokens of the request."),
  output: z.int().min(0).optional().describe("Tokens of the answer."),
});

const turnSchema = z.strictObject({
  expect: expectSchema.optional().describe("What must hold when the turn begins."),
  text: z.string().optional().describe("What the model says."),
  calls: z.array(z.record(z.string(), z.record(z.string(), z.unknown()))).optional()
    .describe("The tools it calls: each one key, the tool's name, and its arguments."),
  usage: usageSchema.optional().describe("The tokens that the real answer took."),
});

const judgeSchema = z.strictObject({
  expect: z.strictObject({ prompt: expectSchema.shape.prompt }).optional()
    .describe("What must hold when the judge is asked."),
  pass: z.boolean().describe("Whether the judge finds the rubric to hold."),
  reason: z.string().optional().describe("Why, in the judge's words."),
  usage: usageSchema.optional().describe("The tokens that the real answer took."),
});

/** A rehearsal file. */
export const rehearsalSchema = z.strictObject({
  name: z.string().min(1).describe("The workflow that it was written for."),
  steps: z.record(z.string(), z.array(turnSchema).min(1))
    .describe("The model's answers, step by step."),
  judges: z.record(z.string(), z.array(judgeSchema).min(1)).optional()
    .describe("What judges say of each step, in the order in which they are asked."),
});

const TURN_KEYS = Object.keys(turnSchema.shape);

const SECTIONS: readonly Section[] = [
  { label: "rehearsal key", at: [], keys: Object.keys(rehearsalSchema.shape) },
  { label: "turn key", at: ["steps", "*", "*"], keys: TURN_KEYS },
  { label: "expect key", at: ["steps", "*", "*", "expect"], keys: Object.keys(expectSchema.shape) },
  { label: "usage key", at: ["steps", "*", "*", "usage"], keys: Object.keys(usageSchema.shape) },
  {
    label: "judge key",
    at: ["judges", "*", "*"],
    keys: Object.keys(judgeSchema.shape),
    instead: {
      text: 'What a judge says is its "reason"',
      calls: "A judge has no tools: leave it out",
      verdict: 'It is spelt "pass" here: true or false',
      passed: 'It is spelt "pass" here',
    },
  },
  { label: "expect key", at: ["judges", "*", "*", "expect"], keys: ["prompt"] },
  { label: "usage key", at: ["judges", "*", "*", "usage"], keys: Object.keys(usageSchema.shape) },
];

/** The workflow that a rehearsal must fit. */
export interface RehearsedWorkflow {
  /** Its name; unknown if it is faulty. */
  readonly name: string | undefined;
  /** The ids of the steps that ask the model; unknown if any step is faulty. */
  readonly steps: readonly string[] | undefined;
  /**
   * The ids of the steps that run a command.
   *
   * @default {[]}
   */
  readonly commands?: readonly string[];
  /**
   * The ids of the steps that use another workflow.
   *
   * @default {[]}
   */
  readonly used?: readonly string[];
  /**
   * The ids of the steps that a judge is asked about; unknown if any step is faulty.
   *
   * @default {unknown}
   */
  readonly judged?: readonly string[] | undefined;
}

/** What came of reading a rehearsal. */
export interface LoadedRehearsal {
  /** The turns of each step. */
  readonly steps: Readonly<Record<string, readonly RehearsalTurn[]>>;
  /** The answers of the judges of each step, as turns that say a verdict as JSON. */
  readonly judges: Readonly<Record<string, readonly RehearsalTurn[]>>;
  /** The file's text, for showing its lines; absent if there is none. */
  readonly text: string | undefined;
  /** What is wrong with it. */
  readonly diagnostics: readonly Diagnostic[];
}

type JudgePart = NonNullable<Parts<z.output<typeof judgeSchema>>>;
type TurnPart = NonNullable<Parts<z.output<typeof turnSchema>>>;

/**
 * Reads a rehearsal and compares it with its workflow.
 *
 * @param name The file, as the user would name it.
 * @param path Its path on the host.
 * @param workflow The workflow that it should fit.
 * @returns Its turns, and what is wrong with it. Never throws for a bad file.
 */
export async function loadRehearsal(
  name: string,
  path: string,
  workflow: RehearsedWorkflow,
): Promise<LoadedRehearsal> {
  const { yaml, text, diagnostics: loading } = await loadYaml(name, path);
  const diagnostics: Diagnostic[] = [...loading];
  if (yaml === undefined) return { steps: {}, judges: {}, text, diagnostics };
  const reporter = new Reporter(yaml, diagnostics);
  const parts = validate(rehearsalSchema, SECTIONS, reporter);
  compare(parts, workflow, reporter);
  const steps: [string, readonly RehearsalTurn[]][] = [];
  for (const [step, turns] of Object.entries(parts?.steps ?? {})) {
    const read = (turns ?? []).flatMap((turn, index) =>
      turn === undefined ? [] : [turnOf(turn, step, index, reporter)]
    );
    steps.push([step, read]);
  }
  const judges = Object.entries(parts?.judges ?? {}).map(([step, answers]) =>
    [
      step,
      (answers ?? []).flatMap((answer, index) =>
        answer === undefined ? [] : [judgeTurn(answer, ["judges", step, index], reporter)]
      ),
    ] as const
  );
  return {
    steps: Object.fromEntries(steps),
    judges: Object.fromEntries(judges),
    text,
    diagnostics,
  };
}

/** An answer of a judge, as the model would give it. */
function judgeTurn(part: JudgePart, path: DataPath, reporter: Reporter): RehearsalTurn {
  const { expect, pass, reason = "", usage } = part;
  const { line } = reporter.placeOf(path);
  return {
    ...(expect === undefined ? {} : { expect: expectationOf(expect) }),
    text: JSON.stringify({ pass: pass ?? false, reason }),
    calls: [],
    ...(usage === undefined ? {} : { usage }),
    place: `${reporter.yaml.file}:${line}`,
  };
}

function compare(
  parts: Parts<z.output<typeof rehearsalSchema>> | undefined,
  workflow: RehearsedWorkflow,
  reporter: Reporter,
): void {
  const mismatch = "rehearsal-mismatch";
  if (parts?.name !== undefined && workflow.name !== undefined && parts.name !== workflow.name) {
    reporter.error(
      mismatch,
      `The rehearsal is for workflow "${parts.name}", not for "${workflow.name}"`,
      ["name"],
      { hint: `Expected "${workflow.name}", found "${parts.name}"` },
    );
  }
  compareJudges(workflow, reporter);
  if (workflow.steps === undefined || parts?.steps === undefined) return;
  const written = reporter.yaml.keysOf(["steps"]);
  const found = `Expected ${workflow.steps.join(", ")}; found ${written.join(", ")}`;
  for (const step of written) {
    if (workflow.steps.includes(step)) continue;
    if (workflow.used?.includes(step)) {
      reporter.error(
        mismatch,
        `Step "${step}" uses another workflow, which has answers of its own`,
        ["steps", step],
        { hint: "Write them into the rehearsal of that workflow", part: "key" },
      );
      continue;
    }
    if (workflow.commands?.includes(step)) {
      reporter.error(
        mismatch,
        `Step "${step}" runs a command, which no answer is for`,
        ["steps", step],
        { hint: "Take it out: in a rehearsal too, commands are run", part: "key" },
      );
      continue;
    }
    const { hint } = didYouMean(step, workflow.steps);
    reporter.error(mismatch, `The workflow has no step "${step}"`, ["steps", step], {
      hint: hint ?? found,
      part: "key",
    });
  }
  for (const step of workflow.steps) {
    if (written.includes(step)) continue;
    reporter.error(mismatch, `The rehearsal has no answers for step "${step}"`, ["steps"], {
      hint: found,
      part: "key",
    });
  }
}

function compareJudges({ judged }: RehearsedWorkflow, reporter: Reporter): void {
  if (judged === undefined) return;
  const written = reporter.yaml.keysOf(["judges"]);
  for (const step of written) {
    if (judged.includes(step)) continue;
    reporter.error(
      "rehearsal-mismatch",
      `No judge is asked about step "${step}"`,
      ["judges", step],
      {
        hint: didYouMean(step, judged).hint ??
          (judged.length === 0
            ? "Take it out: no step has assert: [{ judge: ... }]"
            : `Expected ${judged.join(", ")}; found ${written.join(", ")}`),
        part: "key",
      },
    );
  }
  for (const step of judged) {
    if (written.includes(step)) continue;
    const hint = `Write judges: { ${step}: [{ pass: true, reason: ... }] }`;
    const message = `The rehearsal has no answer of a judge for step "${step}"`;
    reporter.error("rehearsal-mismatch", message, ["judges"], { hint, part: "key" });
  }
}

function turnOf(turn: TurnPart, step: string, index: number, reporter: Reporter): RehearsalTurn {
  const path = ["steps", step, index];
  const calls: RehearsalCall[] = [];
  for (const [number, call] of (turn.calls ?? []).entries()) {
    if (call === undefined) continue;
    const at = [...path, "calls", number];
    const [tool, second] = reporter.yaml.keysOf(at);
    if (tool === undefined || second !== undefined) {
      reporter.error("invalid-value", "A call has one key, the tool's name", at, {
        hint: second === undefined
          ? "Write - read_file: { path: /a.txt }"
          : `Begin a call of its own with "- ${second}:"`,
      });
      continue;
    }
    const args = call[tool];
    if (args !== undefined) {
      calls.push({ tool, arguments: Object.fromEntries(Object.entries(args)) });
    }
  }
  const keys = reporter.yaml.keysOf(path);
  const isEmpty = !keys.includes("text") && !keys.includes("calls");
  if (isEmpty && !isMisspelt("text", keys, TURN_KEYS) && !isMisspelt("calls", keys, TURN_KEYS)) {
    reporter.error("missing-key", "The turn has neither text nor calls", path, {
      hint: "Write what the model says, such as text: Done.",
    });
  }
  const { line } = reporter.placeOf(path);
  return {
    ...(turn.expect === undefined ? {} : { expect: expectationOf(turn.expect) }),
    text: turn.text ?? "",
    calls,
    ...(turn.usage === undefined ? {} : { usage: turn.usage }),
    place: `${reporter.yaml.file}:${line}`,
  };
}

function expectationOf(
  part: NonNullable<TurnPart["expect"]> | NonNullable<JudgePart["expect"]>,
): NonNullable<RehearsalTurn["expect"]> {
  return {
    ...(part.prompt === undefined ? {} : { prompt: part.prompt }),
    ...(!("results" in part) || part.results === undefined
      ? {}
      : { results: part.results.filter((result) => result !== undefined) }),
  };
}
