/**
 * What a step does, asking the model, running a command or using a workflow, and which keys go with
 * each.
 *
 * @module
 */

import { compileCommand } from "./_compile_command.ts";
import { compileText } from "./_compile_text.ts";
import type { UsesOptions } from "./_compile_uses.ts";
import type { PlanCommand, PlanUses } from "./plan.ts";
import type { Template } from "./expressions/expression.ts";
import type { Reporter } from "./_reporter.ts";
import { stepSchema } from "./schema.ts";
import type { Scope } from "./_scope.ts";
import { kindsOf, STEP_KINDS, type StepKind, type StepPart } from "./_step_parts.ts";
import { isMisspelt } from "./_suggest.ts";
import type { DataPath } from "./_yaml_file.ts";

/** Other programs' words for `run`: their hint says all. */
const COMMAND_WORDS: ReadonlySet<string> = new Set(["command", "cmd", "script", "execute"]);

/** What a step does: one of the three. */
export type Work =
  | { readonly prompt: Template; readonly run?: undefined; readonly uses?: undefined }
  | { readonly run: PlanCommand; readonly prompt?: undefined; readonly uses?: undefined }
  | { readonly uses: PlanUses; readonly prompt?: undefined; readonly run?: undefined };

/** A key that not every step may have. */
interface FittingKey {
  readonly key: string;
  /** The steps that may have it. */
  readonly kinds: readonly StepKind[];
  /** What to do instead, by what the step does. */
  readonly hint: Partial<Record<StepKind, string>>;
}

const MODEL_HINTS = {
  run: "A command asks no model: leave it out",
  uses: "The workflow that is used has its own: write it there",
};

const FITTING: readonly FittingKey[] = [
  {
    key: "cwd",
    kinds: ["run"],
    hint: {
      prompt: "Say in the prompt where to work",
      uses: "The steps of the workflow that is used have their own: write it there",
    },
  },
  {
    key: "env",
    kinds: ["run"],
    hint: {
      prompt: "A prompt has expressions of its own: ${{ inputs.NAME }}",
      uses: "Hand values over as inputs: with: { NAME: value }",
    },
  },
  {
    key: "with",
    kinds: ["uses"],
    hint: {
      prompt: "A prompt has expressions of its own: ${{ inputs.NAME }}",
      run: 'Hand values over in "env"',
    },
  },
  {
    key: "output",
    kinds: ["prompt", "run"],
    hint: { uses: 'The workflow that is used says what it hands back, with "outputs"' },
  },
  ...["session", "model", "instructions", "tools", "budget"].map((key): FittingKey => ({
    key,
    kinds: ["prompt"],
    hint: key === "tools"
      ? { ...MODEL_HINTS, run: "Rules for commands are those at the top of the file" }
      : MODEL_HINTS,
  })),
];

/** What messages call a step of each kind. */
const KIND_NAMES: Record<StepKind, string> = {
  prompt: "a prompt",
  run: "a command",
  uses: "a workflow that is used",
};

/**
 * @param part The step, without its faults.
 * @param path Where it is in the file.
 * @param scope What its texts may refer to.
 * @param usesOptions How other workflows are used.
 * @param reporter Told of what is wrong.
 * @returns What it does, if that is sound.
 */
export async function compileWork(
  part: StepPart,
  path: DataPath,
  scope: Scope,
  usesOptions: UsesOptions,
  reporter: Reporter,
): Promise<Work | undefined> {
  const kinds = kindsOf(path, reporter);
  const [kind, second] = kinds;
  if (kind === undefined) {
    missingWork(path, reporter);
    return undefined;
  }
  if (second === undefined) checkFit(kind, path, reporter);
  else {
    const names = kinds.map((each) => `"${each}"`);
    const message = `The step has ${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
    reporter.error("invalid-value", message, [...path, second], {
      hint: "Write one step for each",
      part: "key",
    });
  }
  const run = kinds.includes("run") ? compileCommand(part, path, scope, reporter) : undefined;
  const prompt = part.prompt === undefined
    ? undefined
    : compileText(part.prompt, [...path, "prompt"], scope, reporter);
  if (second !== undefined) return undefined;
  if (kind === "uses") {
    // Loaded where a step uses a workflow: most files have none.
    const { compileUses } = await import("./_compile_uses.ts");
    const uses = await compileUses(part, path, scope, usesOptions, reporter);
    return uses && { uses };
  }
  if (kind === "run") return run && { run };
  return prompt && { prompt };
}

function missingWork(path: DataPath, reporter: Reporter): void {
  const [keys, known] = [reporter.yaml.keysOf(path), Object.keys(stepSchema.shape)];
  const isClear = STEP_KINDS.some((kind) => isMisspelt(kind, keys, known)) ||
    keys.some((key) => COMMAND_WORDS.has(key));
  if (isClear) return;
  reporter.error("missing-key", 'The step has neither "prompt", "run" nor "uses"', path, {
    hint: "Write what the model is asked, prompt: ..., or a command, run: ...",
    part: "key",
  });
}

/** Tells of keys that go with other steps. */
function checkFit(kind: StepKind, path: DataPath, reporter: Reporter): void {
  const { yaml } = reporter;
  for (const { key, kinds, hint } of FITTING) {
    if (kinds.includes(kind) || !yaml.has([...path, key])) continue;
    const others = kinds.map((each) => KIND_NAMES[each]).join(" or ");
    reporter.error("misplaced-key", `Step key "${key}" is for ${others}`, [...path, key], {
      hint: hint[kind],
      part: "key",
    });
  }
  const feedback = [...path, "retry", "feedback"];
  if (kind === "prompt" || !yaml.has(feedback)) return;
  reporter.error("misplaced-key", 'Retry key "feedback" is for a prompt', feedback, {
    hint: kind === "run"
      ? "A command is simply run again: leave it out"
      : "The workflow is simply run again: leave it out",
    part: "key",
  });
}
