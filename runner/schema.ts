/**
 * The form of a workflow file: one schema, a section an object. It says what may stand where; what
 * the parts mean together is checked by `compile.ts`. Descriptions are written for editors.
 *
 * @module
 */

import { z } from "zod";
import { dockerSchema, runtimeSchema } from "./_docker_schema.ts";

/** A text that says something. */
const text = z.string().min(1);

/** A length of time: a number and its unit. */
const duration = z.string().min(1);

/** What YAML writes without quotes and that stands for a text. */
const scalar = z.union([z.string(), z.number(), z.boolean()]);

/** A JSON Schema in the file, or the name of a file with one. */
const jsonSchema = z.union([text, z.record(z.string(), z.unknown())]);

/** A name that other parts of the file refer to. */
export const NAME = /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_-]*$/;

/** An input of the workflow. */
export const inputSchema = z.strictObject({
  type: z.enum(["string", "number", "boolean", "choice", "path"]).optional()
    .describe("What kind of value it is; string unless said otherwise. A path is one of the tree."),
  description: text.optional().describe("What it is for, for people."),
  default: z.union([z.string(), z.number(), z.boolean()]).optional()
    .describe("The value if none is given."),
  required: z.boolean().optional().describe(
    "Whether a value must be given; true unless there is a default.",
  ),
  options: z.array(text).min(1).optional().describe("The values that a choice is of."),
  pattern: text.optional()
    .describe("A regular expression (RE2) that the whole value of a string must match."),
});

/** A variable that is taken from the environment of whoever runs the workflow. */
export const variableSchema = z.strictObject({
  description: text.optional().describe("What it is for, for people."),
  default: z.string().optional().describe("Its value where the environment has none."),
  required: z.boolean().optional()
    .describe("Whether the environment must have it; true unless there is a default."),
});

/** A secret that is taken from the environment of whoever runs the workflow. */
export const secretSchema = z.strictObject({
  description: text.optional().describe("What it is for, for people."),
  required: z.boolean().optional()
    .describe("Whether the environment must have it; true unless said otherwise."),
});

/** What a model costs. */
export const modelSchema = z.strictObject({
  usd_per_million: z.strictObject({
    input: z.number().min(0).describe("US dollars for a million tokens of requests."),
    output: z.number().min(0).describe("US dollars for a million tokens of answers."),
  }).describe("What its tokens cost."),
});

/** A backend: a store of files. */
export const backendSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("state").describe("Files in memory."),
  }).describe("Files in memory, gone after the run."),
  z.strictObject({
    type: z.literal("local").describe("Files on disk."),
    root: text.describe("A directory of the host, relative to this file."),
    access: z.enum(["read", "read-write"]).optional()
      .describe("What may be done there; read-write unless said otherwise."),
  }).describe("Files in a directory of the host."),
  dockerSchema,
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
  preset: z.union([text, z.array(text)]).optional()
    .describe('Rules that have a name, for deny: "no-secrets", "read-only".'),
  allow: z.array(text).optional()
    .describe('Rules of what is granted; what none of them is for is refused: "read **".'),
  ask: z.array(text).optional()
    .describe('Rules of what somebody has to approve each time: "execute git push *".'),
  deny: z.array(text).optional()
    .describe('Rules of what is refused, whatever else is granted: "read **/.env".'),
});

/** What each command of the shell may use up. */
export const limitsSchema = z.strictObject({
  cpu: text.optional().describe("Processor time of each process: 30s or 5m."),
  memory: text.optional().describe("Memory of a command and all that it started: 512mb."),
  processes: z.int().min(8).max(10_000).optional()
    .describe("Processes and threads at a time."),
  file_size: text.optional().describe("The largest file that a command may write: 64mb."),
  output: text.optional()
    .describe("How much is kept of what a command prints, on each of its streams: 256kb."),
});

/** The most that a run may be granted, in Deno's own words. */
export const permissionsSchema = z.strictObject({
  read: z.array(text).optional()
    .describe("Directories of the host that may be read, relative to this file."),
  write: z.array(text).optional()
    .describe("Directories of the host that may be changed, relative to this file."),
  net: z.array(text).optional().describe('Hosts that may be reached: "api.openai.com:443".'),
  env: z.array(text).optional().describe("Variables of the environment that may be seen."),
  run: z.array(text).optional()
    .describe('Programs that may be started; a real shell starts any: "*".'),
  require: z.enum(["sandbox"]).optional()
    .describe("What must hold besides: that local files are served from a sandbox."),
});

/** What a step may use up. */
export const stepBudgetSchema = z.strictObject({
  turns: z.int().min(1).max(10_000).optional()
    .describe("How many answers of the model it may take."),
  tokens: z.int().min(1).optional()
    .describe("How many tokens it may take, those of requests and of answers together."),
  usd: z.number().min(0).optional().describe("How many US dollars it may cost."),
});

/** What a run may use up. */
export const budgetSchema = z.strictObject({
  ...stepBudgetSchema.shape,
  turns: z.int().min(1).max(10_000).optional()
    .describe("How many answers of the model the whole run may take; 50 unless said otherwise."),
  usd_per_day: z.number().min(0).optional()
    .describe("How many US dollars all runs of this file may cost on one day, UTC."),
});

const bounds = {
  min: z.int().min(0).optional().describe("The least, itself included."),
  max: z.int().min(0).optional().describe("The most, itself included."),
};

/** A size in bytes, or with a unit. */
const size = z.union([z.int().min(0), text]);

/** Bounds of a file's size. */
export const sizeBoundsSchema = z.strictObject({
  min: size.optional().describe("The least, itself included: 1, 10kb."),
  max: size.optional().describe("The most, itself included: 64mb."),
});

/** Bounds of a count of lines. */
export const lineBoundsSchema = z.strictObject(bounds);

/** Something that must hold of the files after a step. */
export const assertionSchema = z.strictObject({
  file: text.optional().describe("The file that is looked at."),
  contains: text.optional().describe("A text that must be in the file."),
  not_contains: text.optional().describe("A text that must not be in the file."),
  matches: text.optional().describe("A regular expression (RE2) that must match in the file."),
  equals: z.string().optional().describe("The whole text of the file."),
  is_json: z.literal(true).optional().describe("That the file is JSON."),
  json_schema: jsonSchema.optional()
    .describe("A JSON Schema, or a file with one, that the file must fit as JSON."),
  size: z.union([z.int().min(0), text, sizeBoundsSchema]).optional()
    .describe("How large the file must be: 120, 64kb, or { min: 1, max: 64kb }."),
  lines: z.union([z.int().min(0), lineBoundsSchema]).optional()
    .describe("How many lines the file must have: 12, or { min: 1, max: 100 }."),
  run: z.union([text, z.array(z.string()).min(1)]).optional()
    .describe("A command that must end with exit code 0."),
  cwd: text.optional().describe("The directory that the command of run starts in."),
  env: z.record(z.string(), z.string()).optional()
    .describe("Variables that the command of run sees."),
  judge: text.optional()
    .describe("What a model must find to hold of the file, or of the step's output without one."),
  exists: text.optional().describe("A path at which something must be."),
  not_exists: text.optional().describe("A path at which nothing may be."),
});

/** How long to wait before another attempt. */
export const backoffSchema = z.strictObject({
  delay: duration.describe("Before the second attempt: 5s."),
  factor: z.number().min(1).max(10).optional()
    .describe("What each further wait is multiplied with; 2 unless said otherwise."),
  max: duration.optional().describe("The longest wait; 5m unless said otherwise."),
});

/** How often a step that failed is tried again. */
export const retrySchema = z.strictObject({
  attempts: z.int().min(1).max(10).optional()
    .describe("How many times the step is tried in all; 1 unless said otherwise."),
  feedback: z.boolean().optional()
    .describe("Whether the next attempt is told what failed; true unless said otherwise."),
  backoff: z.union([duration, backoffSchema]).optional()
    .describe("How long to wait before another attempt: 10s; not at all unless said otherwise."),
});

/** What a step is repeated for. */
export const foreachSchema = z.strictObject({
  items: z.union([text, z.array(z.unknown())])
    .describe("The items, or an expression that gives a list of them."),
  item: z.string().regex(NAME).optional()
    .describe("What expressions call an item; item unless said otherwise."),
  concurrency: z.int().min(1).max(64).optional()
    .describe("How many are done at a time; 1 unless said otherwise."),
});

/** The form of a step's output. */
export const outputSchema = z.strictObject({
  schema: jsonSchema.describe("A JSON Schema, or a file with one, that the output must fit."),
});

/** One step. */
export const stepSchema = z.strictObject({
  id: text.describe("What other parts of the file call the step."),
  name: text.optional().describe("What people call the step."),
  prompt: text.optional().describe("What the agent is asked to do."),
  run: z.union([text, z.array(z.string()).min(1)]).optional()
    .describe("A command for the shell instead: a script, or a program with its arguments."),
  uses: text.optional().describe("Another workflow file to run instead, relative to this file."),
  with: z.record(z.string(), scalar).optional()
    .describe("The inputs of the workflow that is used."),
  cwd: text.optional().describe("The directory of the tree that the command starts in."),
  env: z.record(z.string(), z.string()).optional().describe("Variables that the command sees."),
  if: z.union([text, z.boolean()]).optional()
    .describe("An expression: the step is skipped unless it is true."),
  foreach: z.union([text, z.array(z.unknown()), foreachSchema]).optional()
    .describe("A list, or an expression that gives one: the step is done once for each item."),
  needs: z.union([text, z.array(text)]).optional()
    .describe("Steps that must succeed before; with it, steps that need nothing begin at once."),
  model: text.optional().describe("Another model than the workflow's."),
  instructions: text.optional().describe("What the agent is told instead of the workflow's."),
  tools: toolsSchema.optional()
    .describe("What its tools may do, besides the rules of the workflow."),
  budget: stepBudgetSchema.optional().describe("What it may use up, all attempts together."),
  session: z.enum(["continue", "new"]).optional().describe(
    "Whether the model sees what was said in the steps before; continue unless said otherwise.",
  ),
  timeout: duration.optional().describe("How long an attempt may take: 90s, 5m."),
  continue_on_error: z.boolean().optional()
    .describe("Whether what comes after runs although the step failed."),
  output: outputSchema.optional().describe("The form of its output."),
  produces: z.array(text).optional().describe("Files that must be new or changed after the step."),
  assert: z.array(assertionSchema).optional().describe("What must hold of the files afterwards."),
  retry: retrySchema.optional().describe("How often it is tried again after a failure."),
});

/** Files that are copied out to the host. */
export const artifactSchema = z.strictObject({
  path: text.describe("A path or glob of the tree: /out/*.png."),
  to: text.describe(
    "Where it is copied to on the host, relative to this file; a directory with a slash at its end.",
  ),
  when: z.enum(["success", "failure", "always"]).optional()
    .describe("After which end of the run; success unless said otherwise."),
});

/** A workflow file. */
export const workflowSchema = z.strictObject({
  name: text.max(100).regex(/^[^\p{Cc}]*$/u).describe("The workflow's name."),
  description: text.optional().describe("What it does, for people."),
  inputs: z.record(z.string(), inputSchema).optional().describe("Values given at the start."),
  env: z.union([
    z.array(text),
    z.record(z.string(), z.union([z.string(), variableSchema])),
  ]).optional().describe(
    "Variables of all commands: names that are taken from the environment, or names with values.",
  ),
  secrets: z.union([z.array(text), z.record(z.string(), z.union([z.null(), secretSchema]))])
    .optional().describe("Names of secrets that are taken from the environment, and masked."),
  model: text.optional().describe('The model that does the work: "openai:gpt-4.1".'),
  models: z.record(z.string(), modelSchema).optional()
    .describe("What models cost whose prices are not known."),
  base_url: text.optional().describe("Where the model is, if not at its maker's."),
  rehearsal: text.optional().describe("A file of scripted answers, relative to this file."),
  instructions: text.optional().describe("What the agent is told before each step."),
  backends: z.record(z.string(), backendSchema).optional().describe("Where files live."),
  runtimes: z.record(z.string(), runtimeSchema).optional()
    .describe("What images of docker backends are built from, besides the runtimes that ship."),
  default: targetSchema.optional().describe("Where paths live that no route is for."),
  routes: z.record(z.string(), targetSchema).optional()
    .describe("Which paths live where: a prefix with a slash at both ends, and its place."),
  shell: z.enum(["virtual", "sandbox", "docker"]).optional()
    .describe(
      "Lets the agent run commands: virtual starts no program, sandbox those of this machine, " +
        "docker those of a container.",
    ),
  tools: toolsSchema.optional().describe("What tools and commands may do."),
  limits: limitsSchema.optional().describe("What each command of the shell may use up."),
  permissions: permissionsSchema.optional()
    .describe("A ceiling: the most that a run may be granted, in Deno's own words."),
  budget: budgetSchema.optional().describe("What a run may use up."),
  concurrency: z.int().min(1).max(64).optional()
    .describe("How many steps may run at a time; 4 unless said otherwise."),
  timeout: duration.optional().describe("How long the whole run may take: 90s, 30m."),
  steps: z.array(stepSchema).min(1).max(1_000).describe("What is done, in this order."),
  on_success: z.array(stepSchema).min(1).max(100).optional()
    .describe("Steps that run one after the other when all steps succeeded."),
  on_failure: z.array(stepSchema).min(1).max(100).optional()
    .describe("Steps that run one after the other when a step failed."),
  outputs: z.record(z.string(), text).optional().describe("What the run hands back."),
  artifacts: z.array(artifactSchema).min(1).optional()
    .describe("Files that are copied out to the host when the run ends."),
});

/** A workflow file's data, if it is of the right form. */
export type WorkflowFile = z.output<typeof workflowSchema>;
