/**
 * Holds a workflow against a stored plan, for review: whoever widens what a workflow may do has to
 * store a new plan, and that shows in the change.
 *
 * @module
 */

import { resolve } from "@std/path";
import { z } from "zod";
import { parseRule } from "../backends/policy.ts";
import { type Diagnostic, sortDiagnostics } from "./diagnostics.ts";
import type { PlanReview } from "./plan_review.ts";
import { Reporter } from "./_reporter.ts";
import { nearest } from "./_suggest.ts";
import { STEP_LISTS } from "./_step_parts.ts";
import { widenings } from "./_widenings.ts";
import type { DataPath, YamlFile } from "./_yaml_file.ts";

/** The largest stored plan that is read: 8 MiB. */
const FILE_BYTES = 8 * 1024 * 1024;

const texts = z.array(z.string());
const access = z.enum(["read", "read-write"]);
const limit = z.number();
const rules = z.array(z.string().refine(isRule));

const most = z.number().nullable();

/** What a plan says that was stored before there was such a thing: nothing was limited or taken. */
const reviewSchema: z.ZodType<PlanReview> = z.strictObject({
  review: z.literal(1),
  workflow: z.string(),
  net: texts,
  tools: texts,
  routes: z.array(
    z.strictObject({ prefix: z.string(), directory: z.string().nullable(), access }),
  ),
  roots: z.array(z.strictObject({ directory: z.string(), access, protected: texts })),
  deny: rules,
  ask: rules,
  allow: rules.nullable(),
  shell: z.strictObject({
    type: z.string(),
    tool: z.boolean(),
    limits: z.strictObject({
      cpuSeconds: limit,
      memoryBytes: limit,
      processes: limit,
      fileBytes: limit,
      outputBytes: limit,
    }),
  }).nullable(),
  confinement: z.enum(["bubblewrap", "flags"]).nullable(),
  required: z.boolean(),
  commands: z.array(z.strictObject({
    step: z.string(),
    check: z.literal(true).optional(),
    command: z.union([z.string(), texts]),
    cwd: z.string(),
    env: z.record(z.string(), z.string()),
  })),
  turns: z.number(),
  budget: z.strictObject({ tokens: most, usd: most, usdPerDay: most })
    .default({ tokens: null, usd: null, usdPerDay: null }),
  timeout: most.default(null),
  steps: z.array(z.strictObject({
    step: z.string(),
    budget: z.strictObject({ turns: most, tokens: most, usd: most }),
    timeout: most,
    deny: rules,
    ask: rules,
    allow: rules.nullable(),
    grants: texts.optional(),
  })).default([]),
  env: texts.default([]),
  variables: z.record(z.string(), z.string()).default({}),
  secrets: texts.default([]),
  artifacts: z.array(z.strictObject({ path: z.string(), to: z.string() })).default([]),
  boxes: z.array(z.strictObject({
    backend: z.string(),
    made: z.string(),
    network: z.enum(["none", "bridge"]),
    env: z.record(z.string(), z.string()),
    volumes: z.record(z.string(), z.string()),
    readOnly: z.boolean().optional(),
    name: z.string().nullable(),
    memoryBytes: limit,
    cpus: most,
    processes: limit,
    hardMilliseconds: most,
  })).default([]),
  permissions: texts,
});

/** A stored plan, or what is wrong with it. */
export type StoredReview =
  | { readonly review: PlanReview; readonly diagnostic?: undefined }
  | { readonly review?: undefined; readonly diagnostic: Diagnostic };

/**
 * Reads what `plan --json` printed: the whole of it, or its `review` alone.
 *
 * @param name The file, as the user named it; relative to `cwd`.
 * @param cwd The working directory's absolute path.
 * @param workflow The name of the workflow that it should be of.
 * @returns What was agreed to, or why that cannot be told. Never throws for a bad file.
 */
export async function readReview(
  name: string,
  cwd: string,
  workflow: string,
): Promise<StoredReview> {
  const refuse = (message: string, hint: string): StoredReview => ({
    diagnostic: { severity: "error", code: "stored-plan", message, hint },
  });
  const store = "Store one with: deno task plan FILE --json > plan.json";
  const read = await readFile(resolve(cwd, name));
  if ("problem" in read) return refuse(`Cannot read the plan "${name}": ${read.problem}`, store);
  let data: unknown;
  try {
    data = JSON.parse(read.text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return refuse(`"${name}" is not JSON: ${error.message.replace(/ \(line.*/s, "")}`, store);
  }
  const part = isObject(data) && isObject(data.review) ? data.review : data;
  if (!isObject(part) || part.review === undefined) {
    return refuse(`"${name}" is not a plan: it has no "review"`, store);
  }
  if (part.review !== 1) {
    return refuse(
      `"${name}" is a plan of another version of Routebook`,
      "Review what the workflow may do with: deno task plan FILE, and store its plan anew",
    );
  }
  const parsed = reviewSchema.safeParse(part, { jitless: true });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const at = issue?.path.join(".") ?? "";
    const where = at === "" ? "its review" : `"${at}"`;
    return refuse(`"${name}" is not a plan: ${where} is not as a plan has it`, store);
  }
  if (parsed.data.workflow !== workflow) {
    return refuse(
      `"${name}" is a plan of workflow "${parsed.data.workflow}", not of "${workflow}"`,
      nearest(parsed.data.workflow, [workflow]) === undefined
        ? "Name the plan that belongs to the workflow"
        : "If the workflow was renamed, store its plan anew",
    );
  }
  return { review: parsed.data };
}

async function readFile(path: string): Promise<{ text: string } | { problem: string }> {
  try {
    const { size, isFile } = await Deno.stat(path);
    if (!isFile) return { problem: "it is no file" };
    if (size > FILE_BYTES) return { problem: "it is far too large" };
    return { text: await Deno.readTextFile(path) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { problem: "there is no such file" };
    if (error instanceof Deno.errors.PermissionDenied) return { problem: "it may not be read" };
    if (error instanceof Error) return { problem: error.message };
    throw error;
  }
}

function isRule(text: string): boolean {
  try {
    parseRule(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * @param stored What was agreed to.
 * @param now What is to be run.
 * @param yaml The workflow file, for the lines that cause what is wider.
 * @returns An error for each thing that a run may do now and might not before.
 */
export function comparePlans(
  stored: PlanReview,
  now: PlanReview,
  yaml: YamlFile,
): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const reporter = new Reporter(yaml, diagnostics);
  for (const { code, message, hint, at, part } of widenings(stored, now)) {
    reporter.error(code, message, inFile(at, yaml), { hint, part });
  }
  return sortDiagnostics(diagnostics);
}

/**
 * The place of something in the file: steps by their ids, and rules and names by their texts, have an
 * index there.
 */
function inFile(at: DataPath, yaml: YamlFile): DataPath {
  const [section, name] = at;
  const { data } = yaml;
  if (!isObject(data)) return [];
  if (section === "steps") return stepInFile(String(name), at.slice(2), yaml);
  if (section === "tools") return ruleInFile(at, yaml);
  if (section === "env" || section === "secrets") {
    const list = data[section];
    const index = Array.isArray(list) ? list.indexOf(name) : -1;
    return index < 0 ? at : [section, index];
  }
  // The model's host is its maker's, where the file does not say otherwise.
  if (section === "base_url" && !yaml.has(["base_url"])) return ["model"];
  return at;
}

/** A part of a step; of one that another workflow has, the step that uses that. */
function stepInFile(name: string, rest: DataPath, yaml: YamlFile): DataPath {
  const [id, inner] = name.split("/", 2);
  for (const list of STEP_LISTS) {
    const steps = isObject(yaml.data) ? yaml.data[list] : undefined;
    const index = Array.isArray(steps)
      ? steps.findIndex((step) => isObject(step) && step.id === id)
      : -1;
    if (index < 0) continue;
    if (inner !== undefined) return [list, index, "uses"];
    const at = [list, index, ...rest];
    return rest[0] === "tools" ? ruleInFile(at, yaml) : at;
  }
  return ["steps"];
}

/** A rule: what stands last is its text, after the list and where that is. */
function ruleInFile(at: DataPath, yaml: YamlFile): DataPath {
  const start = at.indexOf("tools");
  const list = at.slice(0, start + 2);
  const text = at[start + 2];
  if (text === undefined) return list;
  for (let index = 0; yaml.has([...list, index]); index++) {
    if (yaml.sourceOf([...list, index]) === text) return [...list, index];
  }
  return list;
}
