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
  prompt: text.optional().describe("What the agent is asked to do."),
  run: z.union([text, z.array(z.string()).min(1)]).optional()
    .describe("A command for the shell instead: a script, or a program with its arguments."),
  cwd: text.optional().describe("The directory of the tree that the command starts in."),
  env: z.record(z.string(), z.string()).optional().describe("Variables that the command sees."),
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
  shell: z.enum(["virtual", "sandbox", "docker"]).optional()
    .describe("Lets the agent run commands: virtual starts no program, sandbox real ones."),
  tools: toolsSchema.optional(),
  limits: limitsSchema.optional(),
  permissions: permissionsSchema.optional(),
  budget: budgetSchema.optional(),
  steps: z.array(stepSchema).min(1).max(1_000).describe("What is done, in this order."),
  outputs: z.record(z.string(), text).optional().describe("What the run hands back."),
});

/** A workflow file's data, if it is of the right form. */
export type WorkflowFile = z.output<typeof workflowSchema>;
