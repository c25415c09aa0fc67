/**
 * A step that is a prompt: the agent asks its model, and is asked again where the answer is not of the
 * form that the step wants.
 *
 * @module
 */

import {
  AGENT_PROCESS,
  type JudgeParams,
  type JudgeResult,
  type StepParams,
  type StepResult,
} from "../agent/process.ts";
import type { Checkpoint } from "../agent/process.ts";
import { readJudgeResult, readStepResult } from "./_agent_words.ts";
import type { JudgeQuestion } from "./checks/check_step.ts";
import { conversationOf } from "./_conversation.ts";
import type { ExpressionContext } from "./expressions/context.ts";
import type { Value } from "./expressions/expression.ts";
import { renderTemplate } from "./expressions/template.ts";
import type { PlanStep } from "./plan.ts";
import type { RunHost } from "./_run_host.ts";

/** How often in one attempt an answer of another form is asked for again. */
const CORRECTIONS = 2;

/** Characters that the name of an answer's form has at most. */
const FORMAT_NAME = 64;

/** One attempt at a prompt. */
export interface Asked {
  /** The step's key. */
  readonly key: string;
  readonly attempt: number;
  readonly prompt: string;
  /** Goes on where the attempt waited. */
  readonly resume: Checkpoint | undefined;
  readonly context: ExpressionContext;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface Answered {
  readonly result: StepResult;
  /** The answer as JSON, where the step wants that and it is. */
  readonly value?: Value;
  /** What is wrong with the last answer's form, if something is. */
  readonly errors?: readonly string[];
}

/**
 * Asks the model of a step.
 *
 * @param step The step.
 * @param asked What it is asked.
 * @param host The run.
 * @returns How the attempt ended.
 */
export async function askModel(step: PlanStep, asked: Asked, host: RunHost): Promise<Answered> {
  let { prompt, resume } = asked;
  for (let correction = 0;; correction++) {
    const result = await askOnce(step, { ...asked, prompt, resume }, host);
    if (step.output === undefined || result.outcome !== "success") return { result };
    // Loaded where a step wants a form: most files have none.
    const { validateJson } = await import("./json_schema.ts");
    const checked = await validateJson(step.output.schema, result.output, { fenced: true });
    asked.signal.throwIfAborted();
    if (checked.ok) {
      const isFenced = result.output.trimStart().startsWith("```");
      const output = isFenced ? JSON.stringify(checked.value, null, 2) : result.output;
      return { result: { ...result, output }, value: checked.value };
    }
    const { errors } = checked;
    const { key, attempt } = asked;
    host.emit({ type: "output.refused", step: key, attempt, errors });
    if (correction === CORRECTIONS) return { result, errors };
    prompt = correctionPrompt(errors);
    resume = undefined;
  }
}

async function askOnce(
  step: PlanStep,
  { key, attempt, prompt, resume, context, signal }: Asked,
  host: RunHost,
): Promise<StepResult> {
  const { plan, processes, progress, spending } = host;
  const { model } = plan;
  // The calls that waited were asked for within the budget.
  const refusal = resume === undefined ? spending.refusal(key) : undefined;
  if (refusal !== undefined) return notAsked("budget", refusal);
  const items = progress.itemsOf(step.id);
  const playedBefore = items?.playedBefore ?? 0;
  const { maxTurns, budget } = spending.attempt(key);
  const { schema } = step.output ?? {};
  const continues = conversationOf(plan, step, progress.ends);
  const params: StepParams = {
    step: key,
    attempt,
    prompt,
    maxTurns,
    ...(resume === undefined ? {} : { resume }),
    ...(model.type === "rehearsal"
      ? { rehearsal: (model.steps[step.id] ?? []).slice(playedBefore) }
      : {}),
    ...(continues === undefined ? {} : { continues }),
    ...(step.model === undefined ? {} : { model: step.model }),
    ...(step.instructions === undefined
      ? {}
      : { instructions: await renderTemplate(step.instructions, context) }),
    ...(step.tools === undefined ? {} : { rules: step.tools }),
    ...(budget === undefined ? {} : { budget }),
    ...(typeof schema === "object"
      ? { format: { name: step.id.slice(0, FORMAT_NAME), schema } }
      : {}),
  };
  let result: StepResult;
  try {
    result = readStepResult(await processes.ask(AGENT_PROCESS.step, params, signal));
  } catch (error) {
    spending.ended(key);
    throw error;
  }
  spending.ended(key, result.usage);
  if (items !== undefined) items.played += result.turns;
  const { checkpoint } = result;
  if (checkpoint === undefined || playedBefore === 0) return result;
  // Counted from the script's beginning, as whoever goes on with it will have all of it.
  return {
    ...result,
    checkpoint: { ...checkpoint, answers: checkpoint.answers + playedBefore },
  };
}

/**
 * Asks the judge of a step.
 *
 * @param step The step.
 * @param key Its key.
 * @param question What is judged, and by what.
 * @param signal Ends it.
 * @param host The run.
 * @returns What the judge says.
 */
export async function askJudge(
  step: PlanStep,
  key: string,
  question: JudgeQuestion,
  signal: AbortSignal,
  { plan: { model }, processes, progress, spending }: RunHost,
): Promise<JudgeResult> {
  const refusal = spending.refusal(key);
  if (refusal !== undefined) {
    return { ...notAsked("budget", refusal), pass: false, reason: refusal };
  }
  const { budget } = spending.attempt(key);
  const params: JudgeParams = {
    step: key,
    ...question,
    ...(step.model === undefined ? {} : { model: step.model }),
    ...(budget === undefined ? {} : { budget }),
    ...(model.type === "rehearsal" ? { rehearsal: progress.judges.take(step.id) } : {}),
  };
  try {
    const result = readJudgeResult(await processes.ask(AGENT_PROCESS.judge, params, signal));
    spending.ended(key, result.usage);
    return result;
  } catch (error) {
    spending.ended(key);
    throw error;
  }
}

function notAsked(outcome: StepResult["outcome"], error: string): StepResult {
  return { outcome, output: "", turns: 0, usage: { inputTokens: 0, outputTokens: 0 }, error };
}

function correctionPrompt(errors: readonly string[]): string {
  return [
    "The answer is not of the form that is asked for:",
    "",
    ...errors.map((error) => `- ${error}`),
    "",
    "Answer again with the whole JSON, and nothing beside it.",
  ].join("\n");
}
