/**
 * The form of a workflow file: one schema, a section an object. It says what may stand where; what
 * the parts mean together is checked by `compile.ts`. Descriptions are written for editors.
 *
 * @module
 */

import { z } from "zod";

/** A text that says something. */
const text = z.string().min(1);

/** A name that other parts of the file refer to. */
export const NAME = /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_-]*$/;

/** An input of the workflow. */
export const inputSchema = z.strictObject({
  type: z.enum(["string", "number", "boolean", "choice"]).optional()
    .describe("What kind of value it is; string unless said otherwise."),
  description: text.optional().describe("What it is for, for people."),
  default: z.union([z.string(), z.number(), z.boolean()]).optional()
    .describe("The value if none is given."),
  required: z.boolean().optional().describe("Whether a value must be given."),
  options: z.array(text).min(1).optional().describe("The values that a choice is of."),
});

/** A backend: a store of files. */
export const backendSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("state"),
  }).describe("Files in memory, gone after the run."),
  z.strictObject({
    type: z.literal("local"),
    root: text.describe("A directory of the host, relative to this file."),
    access: z.enum(["read", "read-write"]).optional()
      .describe("What may be done there; read-write unless said otherwise."),
  }).describe("Files in a directory of the host."),
]);

/** A place in a backend. */
export const mountSchema = z.strictObject({
  backend: text.describe("The backend's name."),
  path: text.optional().describe("The directory of the backend that stands at the route."),
  access: z.enum(["read", "read-write"]).optional()
    .describe("What may be done through the route; as much as the backend allows, unless said."),
});

/** Where a route leads: a backend's name alone, or a place in it. */
export const targetSchema = z.union([text, mountSchema]);

/** What the agent may do with its tools. */
export const toolsSchema = z.strictObject({
  deny: z.array(text).optional()
    .describe('Rules of what is refused, whatever else is granted: "read **/.env".'),
});

/** What a run may use up. */
export const budgetSchema = z.strictObject({
  turns: z.int().min(1).max(10_000).optional()
    .describe("How many answers of the model the whole run may take; 50 unless said otherwise."),
});

/** Something that must hold of the files after a step. */
export const assertionSchema = z.strictObject({
  file: text.optional().describe("The file that is looked at."),
  contains: text.optional().describe("A text that must be in the file."),
  not_contains: text.optional().describe("A text that must not be in the file."),
  matches: text.optional().describe("A regular expression (RE2) that must match in the file."),
  equals: z.string().optional().describe("The whole text of the file."),
  exists: text.optional().describe("A path at which something must be."),
  not_exists: text.optional().describe("A path at which nothing may be."),
});

/** How often a step that failed is tried again. */
export const retrySchema = z.strictObject({
  attempts: z.int().min(1).max(10).optional()
    .describe("How many times the step is tried in all; 1 unless said otherwise."),
  feedback: z.boolean().optional()
    .describe("Whether the next attempt is told what failed; true unless said otherwise."),
});

/** One step. */
export const stepSchema = z.strictObject({
  id: text.describe("What other parts of the file call the step."),
  name: text.optional().describe("What people call the step."),
  prompt: text.describe("What the agent is asked to do."),
  needs: z.union([text, z.array(text)]).optional().describe("Earlier steps that must succeed."),
  produces: z.array(text).optional().describe("Files that must be new or changed after the step."),
  assert: z.array(assertionSchema).optional().describe("What must hold of the files afterwards."),
  retry: retrySchema.optional(),
});

/** A workflow file. */
export const workflowSchema = z.strictObject({
  name: text.max(100).regex(/^[^\p{Cc}]*$/u).describe("The workflow's name."),
  description: text.optional().describe("What it does, for people."),
  inputs: z.record(z.string(), inputSchema).optional().describe("Values given at the start."),
  model: text.optional().describe('The model that does the work: "openai:gpt-4.1".'),
  base_url: text.optional().describe("Where the model is, if not at its maker's."),
  rehearsal: text.optional().describe("A file of scripted answers, relative to this file."),
  instructions: text.optional().describe("What the agent is told before each step."),
  backends: z.record(z.string(), backendSchema).optional().describe("Where files live."),
  default: targetSchema.optional().describe("Where paths live that no route is for."),
  routes: z.record(z.string(), targetSchema).optional()
    .describe("Which paths live where: a prefix with a slash at both ends, and its place."),
  tools: toolsSchema.optional(),
  budget: budgetSchema.optional(),
  steps: z.array(stepSchema).min(1).max(1_000).describe("What is done, in this order."),
  outputs: z.record(z.string(), text).optional().describe("What the run hands back."),
});

/** A workflow file's data, if it is of the right form. */
export type WorkflowFile = z.output<typeof workflowSchema>;

/** What a misplaced or misspelt key is told. */
export interface Section {
  /** What messages call a key of it: "step key". */
  readonly label: string;
  /** Where it is: keys, with `*` for any one. */
  readonly at: readonly string[];
  /** The keys that it has. */
  readonly keys: readonly string[];
  /** Keys that the format names and this version lacks. */
  readonly later?: readonly string[];
  /** What to write instead of keys that other programs have. */
  readonly instead?: Readonly<Record<string, string>>;
}

// How GitHub Actions spells what this format spells otherwise.
const ACTIONS = {
  on: 'A workflow is started by a command: leave "on" out',
  jobs: 'There are no jobs: write their steps below "steps"',
  "runs-on": "A workflow runs on this machine: leave it out",
  "timeout-minutes": 'It is spelt "timeout" here, and is not supported in this version',
  "continue-on-error": 'It is spelt "continue_on_error" here, and is not supported in this version',
  "working-directory": 'It is spelt "cwd" here, and is not supported in this version',
} as const;

const MERGE = { "<<": "Merge keys are not part of YAML 1.2: write the keys out" } as const;

const STEP_LATER = [
  ..."if run uses with model instructions tools foreach cwd env session output".split(" "),
  ..."timeout continue_on_error approval budget".split(" "),
];

/** The sections of a workflow file. */
export const WORKFLOW_SECTIONS: readonly Section[] = [
  {
    label: "workflow key",
    at: [],
    keys: Object.keys(workflowSchema.shape),
    later: [
      ..."env secrets models shell limits permissions timeout concurrency schedule".split(" "),
      ..."agents mcp artifacts on_success on_failure".split(" "),
    ],
    instead: { ...ACTIONS, ...MERGE },
  },
  { label: "input key", at: ["inputs", "*"], keys: Object.keys(inputSchema.shape), instead: MERGE },
  {
    label: "backend key",
    at: ["backends", "*"],
    keys: ["type", "root", "access"],
    later: ["image", "runtime", "network", "limits"],
    instead: {
      ...MERGE,
      root_dir: 'It is spelt "root" here',
      rootDir: 'It is spelt "root" here',
      path: 'The directory of a backend is its "root"; "path" belongs to a route',
    },
  },
  { label: "route key", at: ["default"], keys: Object.keys(mountSchema.shape) },
  { label: "route key", at: ["routes", "*"], keys: Object.keys(mountSchema.shape) },
  {
    label: "tools key",
    at: ["tools"],
    keys: Object.keys(toolsSchema.shape),
    later: ["allow", "ask"],
  },
  {
    label: "budget key",
    at: ["budget"],
    keys: Object.keys(budgetSchema.shape),
    later: ["tokens", "usd"],
  },
  {
    label: "step key",
    at: ["steps", "*"],
    keys: Object.keys(stepSchema.shape),
    later: STEP_LATER,
    instead: { ...ACTIONS, ...MERGE, env: 'There is no "env" for a prompt: use inputs' },
  },
  {
    label: "assertion key",
    at: ["steps", "*", "assert", "*"],
    keys: Object.keys(assertionSchema.shape),
  },
  { label: "retry key", at: ["steps", "*", "retry"], keys: Object.keys(retrySchema.shape) },
];
