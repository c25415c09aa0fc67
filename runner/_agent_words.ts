/**
 * What the agent process says, checked. It talks to the network and to a model, so that its words are
 * data: what it says has the form of an agent's event or result, or it ends the run. In particular no
 * event of the runner, such as `run.finished`, can come from it.
 *
 * @module
 */

import { z } from "zod";
import {
  AGENT_PROCESS,
  type ApprovalParams,
  type Checkpoint,
  type EventNotice,
  type JudgeResult,
  type StepEndResult,
  type StepResult,
} from "../agent/process.ts";
import { canonicalPath } from "../backends/paths.ts";
import type { Message } from "../agent/model.ts";
import { type ExecuteResult, SHELL_LIMITS } from "../backends/shells/shell.ts";

/** Characters that describe a call to whoever is asked about it. */
const DETAIL_CHARACTERS = 1_000_000;

/** Characters of a step's key, and of a judge's reason. */
const KEY_CHARACTERS = 1_000;
const REASON_CHARACTERS = 100_000;
/** Steps of which a checkpoint has the conversations. */
const CONVERSATIONS = 10_000;

/** A step's id; `ID[0]` for an item of `foreach`, `CALLER/ID` for a step of a workflow that one uses. */
const STEP_KEY = /^[A-Za-z_][\w-]*(?:\[\d+\])?(?:\/[A-Za-z_][\w-]*(?:\[\d+\])?)*$/;

const count = z.int().min(0);
const stepKey = z.string().max(KEY_CHARACTERS).regex(STEP_KEY, "must be the key of a step");
const usage = z.object({ inputTokens: count.nullable(), outputTokens: count.nullable() });
const path = z.string().refine(isCanonical, "must be a canonical path");

const event: z.ZodType<EventNotice["event"]> = z.discriminatedUnion("type", [
  z.object({ type: z.literal("model.asked"), turn: count }),
  z.object({ type: z.literal("model.text"), turn: count, text: z.string() }),
  z.object({
    type: z.literal("model.retried"),
    turn: count,
    attempt: count,
    reason: z.string(),
    delay: z.number().min(0),
  }),
  z.object({
    type: z.literal("model.answered"),
    turn: count,
    text: z.string(),
    toolCalls: count,
    finish: z.enum(["stop", "tool_calls", "length", "refusal"]),
    usage,
  }),
  z.object({
    type: z.literal("tool.called"),
    turn: count,
    callId: z.string(),
    tool: z.string(),
    arguments: z.unknown(),
  }),
  z.object({
    type: z.literal("tool.finished"),
    turn: count,
    callId: z.string(),
    tool: z.string(),
    ok: z.boolean(),
    code: z.enum([
      ...["not_found", "exists", "is_directory", "not_directory", "denied"] as const,
      ...["invalid_path", "too_large", "not_text", "no_match", "ambiguous_edit"] as const,
      ...["invalid_pattern", "timeout", "aborted", "unsupported", "io"] as const,
    ]).exactOptional(),
    exitCode: count.exactOptional(),
    result: z.string(),
  }),
  z.object({
    type: z.literal("command.output"),
    callId: z.string(),
    stream: z.enum(["stdout", "stderr"]),
    text: z.string(),
  }),
  z.object({
    type: z.literal("file.changed"),
    operation: z.enum(["write", "edit", "delete", "move"]),
    path,
    from: path.exactOptional(),
  }),
]);

const eventNotice: z.ZodType<EventNotice> = z.object({ step: stepKey, event });

const message: z.ZodType<Message> = z.discriminatedUnion("role", [
  z.object({ role: z.enum(["system", "user"]), content: z.string() }),
  z.object({
    role: z.literal("assistant"),
    content: z.string(),
    toolCalls: z.array(z.object({ id: z.string(), name: z.string(), arguments: z.string() })),
  }),
  z.object({ role: z.literal("tool"), toolCallId: z.string(), content: z.string() }),
]);

const checkpoint: z.ZodType<Checkpoint> = z.object({
  ended: z.record(stepKey, z.array(message)).refine(
    (ended) => Object.keys(ended).length <= CONVERSATIONS,
    `must not have more than ${CONVERSATIONS} conversations`,
  ).optional(),
  conversation: z.array(message),
  answers: count,
  ids: count,
});

const OUTCOMES = [
  "success",
  "failure",
  "denied",
  "budget",
  "mismatch",
  "interrupted",
  "waiting",
] as const;

const stepResult: z.ZodType<StepResult> = z.object({
  outcome: z.enum(OUTCOMES),
  output: z.string(),
  turns: count,
  usage,
  error: z.string().optional(),
  checkpoint: checkpoint.optional(),
});

const judgeResult: z.ZodType<JudgeResult> = z.object({
  outcome: z.enum(OUTCOMES),
  pass: z.boolean(),
  reason: z.string().max(REASON_CHARACTERS),
  turns: count,
  usage,
}).refine(({ outcome, pass }) => !pass || outcome === "success", "passes without success");

const approval: z.ZodType<ApprovalParams> = z.object({
  step: stepKey,
  callId: z.string(),
  tool: z.string(),
  wishes: z.array(z.discriminatedUnion("verb", [
    z.object({ verb: z.enum(["read", "write"]), what: path, rule: z.string() }),
    z.object({
      verb: z.literal("execute"),
      what: z.string(),
      rule: z.string(),
      cwd: z.string().optional(),
      env: z.record(z.string(), z.string()).optional(),
      stdin: z.string().max(SHELL_LIMITS.stdinCharacters).optional(),
    }),
  ])).min(1),
  detail: z.string().max(DETAIL_CHARACTERS),
});

const stream = z.object({ text: z.string(), bytes: count, omitted: count });

const executeResult: z.ZodType<ExecuteResult> = z.object({
  exitCode: count.max(255),
  stdout: stream,
  stderr: stream,
  timedOut: z.boolean(),
  notes: z.array(z.string()),
});

const stepEndResult: z.ZodType<StepEndResult> = z.object({ error: z.string().optional() });

/**
 * @param params What came with a notice of an event.
 * @returns The event, with nothing beside what an event has.
 * @throws {TypeError} If it is none.
 */
export function readEvent(params: unknown): EventNotice {
  return read(AGENT_PROCESS.event, eventNotice, params);
}

/**
 * @param value What a step was answered with.
 * @returns The result.
 * @throws {TypeError} If it is none.
 */
export function readStepResult(value: unknown): StepResult {
  return read(AGENT_PROCESS.step, stepResult, value);
}

/**
 * @param value What a judge was answered with.
 * @returns The result.
 * @throws {TypeError} If it is none.
 */
export function readJudgeResult(value: unknown): JudgeResult {
  return read(AGENT_PROCESS.judge, judgeResult, value);
}

/**
 * @param params What the agent wants to be approved.
 * @returns The question.
 * @throws {TypeError} If it is none.
 */
export function readApproval(params: unknown): ApprovalParams {
  return read(AGENT_PROCESS.approve, approval, params);
}

/**
 * @param value What the request for a checkpoint was answered with.
 * @returns The agent's part of a waiting run.
 * @throws {TypeError} If it is none.
 */
export function readCheckpoint(value: unknown): Checkpoint {
  return read(AGENT_PROCESS.checkpoint, checkpoint, value);
}

/**
 * @param value What a command of a `run` step was answered with.
 * @returns How the command ended.
 * @throws {TypeError} If it is no such result.
 */
export function readExecuteResult(value: unknown): ExecuteResult {
  return read(AGENT_PROCESS.execute, executeResult, value);
}

/**
 * @param value What the end of a step was answered with.
 * @returns The result.
 * @throws {TypeError} If it is none.
 */
export function readStepEnd(value: unknown): StepEndResult {
  return read(AGENT_PROCESS.stepEnd, stepEndResult, value);
}

function read<T>(method: string, schema: z.ZodType<T>, value: unknown): T {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const [issue] = error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  throw new TypeError(
    `The agent process sent no proper '${method}' (${where}${issue?.message ?? "not known"})`,
  );
}

function isCanonical(text: string): boolean {
  try {
    return canonicalPath(text) === text;
  } catch {
    return false;
  }
}
