/**
 * The requests of the runner, checked: what `agent/process.ts` says as types, as schemas.
 *
 * @module
 */

import { z } from "zod";
import type { Message } from "./model.ts";
import type {
  ApprovalResult,
  Checkpoint,
  CommandParams,
  JudgeParams,
  StartBudget,
  StartParams,
  StepEndParams,
  StepParams,
} from "./process.ts";

const rehearsalTurn = z.strictObject({
  expect: z.strictObject({
    prompt: z.string().optional(),
    results: z.array(z.string()).optional(),
  }).optional(),
  text: z.string(),
  calls: z.array(z.strictObject({
    tool: z.string(),
    arguments: z.record(z.string(), z.unknown()),
  })),
  usage: z.strictObject({
    input: z.number().optional(),
    output: z.number().optional(),
  }).exactOptional(),
  place: z.string().optional(),
});

const perMillion = { input: z.number().min(0), output: z.number().min(0) };

const budget: z.ZodType<StartBudget> = z.strictObject({
  turns: z.number().min(0).optional(),
  tokens: z.number().min(0).optional(),
  usd: z.number().min(0).optional(),
  usdToday: z.number().optional(),
  used: z.strictObject({
    turns: z.number().min(0),
    tokens: z.number().min(0).nullable(),
    usd: z.number().min(0).nullable(),
  }).optional(),
  prices: z.record(
    z.string(),
    z.strictObject({
      ...perMillion,
      long: z.strictObject({ above: z.number(), ...perMillion }).optional(),
    }),
  ).optional(),
});

/** {@linkcode StartParams}. */
export const startParams: z.ZodType<StartParams> = z.strictObject({
  model: z.discriminatedUnion("type", [
    z.strictObject({
      type: z.literal("openai"),
      name: z.string(),
      baseUrl: z.string(),
      apiKey: z.string(),
    }),
    z.strictObject({ type: z.literal("rehearsal"), name: z.string() }),
    z.strictObject({ type: z.literal("none") }),
  ]),
  instructions: z.string(),
  backends: z.array(
    z.strictObject({ name: z.string(), type: z.enum(["state", "local", "docker"]) }),
  ),
  routes: z.array(z.strictObject({
    prefix: z.string(),
    backend: z.string(),
    path: z.string(),
    access: z.enum(["read", "read-write"]),
  })),
  deny: z.array(z.string()),
  ask: z.array(z.string()),
  allow: z.array(z.string()).optional(),
  shell: z.strictObject({
    type: z.enum(["virtual", "sandbox", "docker"]),
    tool: z.boolean(),
    limits: z.strictObject({
      cpuSeconds: z.number(),
      memoryBytes: z.number(),
      processes: z.number(),
      fileBytes: z.number(),
      outputBytes: z.number(),
    }),
    places: z.strictObject({ native: z.array(z.string()), staged: z.array(z.string()) }).optional(),
    network: z.boolean().optional(),
  }).optional(),
  secrets: z.array(z.string()).optional(),
  budget: budget.optional(),
});

const message: z.ZodType<Message> = z.discriminatedUnion("role", [
  z.strictObject({ role: z.enum(["system", "user"]), content: z.string() }),
  z.strictObject({
    role: z.literal("assistant"),
    content: z.string(),
    toolCalls: z.array(
      z.strictObject({ id: z.string(), name: z.string(), arguments: z.string() }),
    ),
  }),
  z.strictObject({ role: z.literal("tool"), toolCallId: z.string(), content: z.string() }),
]);

/** {@linkcode Checkpoint}. */
export const checkpoint: z.ZodType<Checkpoint> = z.strictObject({
  ended: z.record(z.string(), z.array(message)).optional(),
  conversation: z.array(message),
  answers: z.int().min(0),
  ids: z.int().min(0),
});

/** {@linkcode ApprovalResult}. */
export const approvalResult: z.ZodType<ApprovalResult> = z.strictObject({
  verdict: z.enum(["granted", "refused", "wait"]),
  reason: z.string().optional(),
});

/** {@linkcode StepParams}. */
export const stepParams: z.ZodType<StepParams> = z.strictObject({
  step: z.string(),
  attempt: z.int().min(1),
  prompt: z.string(),
  maxTurns: z.int().min(0),
  rehearsal: z.array(rehearsalTurn).optional(),
  resume: checkpoint.optional(),
  continues: z.string().optional(),
  model: z.string().optional(),
  instructions: z.string().optional(),
  rules: z.strictObject({
    deny: z.array(z.string()),
    ask: z.array(z.string()),
    allow: z.array(z.string()).optional(),
  }).optional(),
  budget: budget.optional(),
  format: z.strictObject({
    name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
    schema: z.record(z.string(), z.unknown()),
  }).optional(),
});

/** {@linkcode CommandParams}. */
export const commandParams: z.ZodType<CommandParams> = z.strictObject({
  step: z.string(),
  command: z.union([z.string(), z.array(z.string()).min(1)]),
  cwd: z.string(),
  env: z.record(z.string(), z.string()),
  timeout: z.number().min(1).optional(),
});

/** {@linkcode JudgeParams}. */
export const judgeParams: z.ZodType<JudgeParams> = z.strictObject({
  step: z.string(),
  rubric: z.string(),
  label: z.string(),
  text: z.string(),
  model: z.string().optional(),
  budget: budget.optional(),
  rehearsal: z.array(rehearsalTurn).optional(),
});

/** {@linkcode StepEndParams}. */
export const stepEndParams: z.ZodType<StepEndParams> = z.strictObject({ step: z.string() });

/**
 * Reads the params of a request.
 *
 * @throws {TypeError} If they are not what the method takes. The values are not in the message:
 * one of them is a key.
 */
export function readParams<T>(method: string, schema: z.ZodType<T>, params: unknown): T {
  const parsed = schema.safeParse(params);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new TypeError(`Cannot read the params of '${method}': ${problems.join("; ")}`);
}
