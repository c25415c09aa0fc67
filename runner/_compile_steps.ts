/**
 * The steps of a workflow, in their order.
 *
 * @module
 */

import { compileCommand } from "./_compile_command.ts";
import { compileAssertion, compileFile } from "./_compile_checks.ts";
import { compileText, type Scope } from "./_compile_text.ts";
import type { Place, PlanAssertion, PlanCommand, PlanRoute, PlanStep } from "./plan.ts";
import type { Template } from "./expressions.ts";
import type { Reporter } from "./_reporter.ts";
import { NAME, stepSchema, type WorkflowFile } from "./schema.ts";
import { didYouMean, isMisspelt } from "./_suggest.ts";
import type { Parts } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

type StepPart = NonNullable<NonNullable<Parts<WorkflowFile>["steps"]>[number]>;

/** Other programs' words for `run`: their hint says all. */
const COMMAND_WORDS: ReadonlySet<string> = new Set(["command", "cmd", "script", "execute"]);

/** What {@linkcode compileSteps} needs to know. */
export interface StepOptions {
  /** What expressions may refer to, but for the steps. */
  readonly inputs: Pick<Scope, "inputs" | "inputNames">;
  /** The routes, if all of them are sound. */
  readonly routes: readonly PlanRoute[] | undefined;
}

/**
 * @param parts The `steps` section, without its faults.
 * @param options What steps may refer to.
 * @param reporter Told of what is wrong.
 * @returns The steps that are sound.
 */
export async function compileSteps(
  parts: Parts<WorkflowFile>["steps"],
  options: StepOptions,
  reporter: Reporter,
): Promise<readonly PlanStep[]> {
  const all = (parts ?? []).flatMap((part) => part?.id ?? []);
  const done = new Set<string>();
  const steps: PlanStep[] = [];
  for (const [index, part] of (parts ?? []).entries()) {
    if (part === undefined) continue;
    const path = ["steps", index];
    checkId(part.id, [...path, "id"], done, reporter);
    const scope: Scope = { ...options.inputs, done, steps: all };
    const step = await compileStep(part, path, scope, options.routes, reporter);
    if (part.id !== undefined) done.add(part.id);
    if (step !== undefined) steps.push(step);
  }
  return steps;
}

function checkId(
  id: string | undefined,
  path: DataPath,
  done: ReadonlySet<string>,
  reporter: Reporter,
): void {
  if (id === undefined) return;
  const quoted = JSON.stringify(id);
  if (!NAME.test(id)) {
    reporter.error("invalid-name", `${quoted} cannot be a step's id`, path, {
      hint: "Use letters, digits, _ and -, and begin with a letter",
    });
  } else if (done.has(id)) {
    reporter.error("duplicate-step", `There is a step ${quoted} already`, path, {
      hint: "Give each step an id of its own",
    });
  }
}

async function compileStep(
  part: StepPart,
  path: DataPath,
  scope: Scope,
  routes: readonly PlanRoute[] | undefined,
  reporter: Reporter,
): Promise<PlanStep | undefined> {
  const work = compileWork(part, path, scope, reporter);
  const needs = compileNeeds(part, path, scope, reporter);
  const produces: { path: Template; place: Place }[] = [];
  for (const [index, file] of (part.produces ?? []).entries()) {
    if (file === undefined) continue;
    const at = [...path, "produces", index];
    const template = compileFile(file, at, scope, reporter, { routes, writable: true });
    if (template !== undefined) produces.push({ path: template, place: reporter.placeOf(at) });
  }
  const assertions: PlanAssertion[] = [];
  for (const [index, entry] of (part.assert ?? []).entries()) {
    if (entry === undefined) continue;
    const assertion = await compileAssertion(entry, [...path, "assert", index], scope, reporter);
    if (assertion !== undefined) assertions.push(assertion);
  }
  if (part.id === undefined || work === undefined) return undefined;
  return {
    id: part.id,
    name: part.name ?? part.id,
    ...work,
    needs,
    produces,
    assertions,
    attempts: part.retry?.attempts ?? 1,
    feedback: work.run === undefined && (part.retry?.feedback ?? true),
    place: reporter.placeOf([...path, "id"]),
  };
}

/** What a step does: ask the model, or run a command. */
type Work = { readonly prompt: Template; readonly run?: undefined } | {
  readonly run: PlanCommand;
  readonly prompt?: undefined;
};

function compileWork(
  part: StepPart,
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
): Work | undefined {
  const { yaml } = reporter;
  const has = (key: string) => yaml.has([...path, key]);
  const [isPrompt, isCommand] = [has("prompt"), has("run")];
  if (!isPrompt && !isCommand) {
    const [keys, known] = [yaml.keysOf(path), Object.keys(stepSchema.shape)];
    const isClear = isMisspelt("prompt", keys, known) || isMisspelt("run", keys, known) ||
      keys.some((key) => COMMAND_WORDS.has(key));
    if (!isClear) {
      reporter.error("missing-key", 'The step has neither "prompt" nor "run"', path, {
        hint: "Write what the model is asked, prompt: ..., or a command, run: ...",
        part: "key",
      });
    }
    return undefined;
  }
  if (isPrompt && isCommand) {
    reporter.error("invalid-value", 'The step has "prompt" and "run"', [...path, "run"], {
      hint: "Write one step for each",
      part: "key",
    });
  }
  for (const key of isCommand ? [] : ["cwd", "env"]) {
    if (!has(key)) continue;
    reporter.error("misplaced-key", `Step key "${key}" is for a command`, [...path, key], {
      hint: key === "env"
        ? "A prompt has expressions of its own: ${{ inputs.NAME }}"
        : "Say in the prompt where to work",
      part: "key",
    });
  }
  const feedback = [...path, "retry", "feedback"];
  if (isCommand && !isPrompt && yaml.has(feedback)) {
    reporter.error("misplaced-key", 'Retry key "feedback" is for a prompt', feedback, {
      hint: "A command is simply run again: leave it out",
      part: "key",
    });
  }
  const command = isCommand ? compileCommand(part, path, scope, reporter) : undefined;
  const prompt = part.prompt === undefined
    ? undefined
    : compileText(part.prompt, [...path, "prompt"], scope, reporter);
  if (isPrompt && isCommand) return undefined;
  if (command !== undefined) return { run: command };
  return prompt && { prompt };
}

function compileNeeds(
  part: StepPart,
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
): readonly string[] {
  const isOne = typeof part.needs === "string";
  const needs = typeof part.needs === "string" ? [part.needs] : part.needs ?? [];
  const names = new Set<string>();
  for (const [index, name] of needs.entries()) {
    if (name === undefined) continue;
    const at = isOne ? [...path, "needs"] : [...path, "needs", index];
    const quoted = JSON.stringify(name);
    if (names.has(name)) {
      reporter.warning("repeated-need", `Step ${quoted} is named twice`, at);
    } else if (name === part.id) {
      reporter.error("later-step", `Step ${quoted} needs itself`, at, {
        hint: "Name earlier steps only",
      });
    } else if (scope.done.has(name)) {
      names.add(name);
    } else if (scope.steps.includes(name)) {
      reporter.error("later-step", `Step ${quoted} comes later`, at, {
        hint: `Steps run in the order written: move ${quoted} before ${JSON.stringify(part.id)}`,
      });
    } else {
      reporter.error(
        "unknown-step",
        `There is no step ${quoted}`,
        at,
        didYouMean(name, scope.steps),
      );
    }
  }
  return [...names];
}
