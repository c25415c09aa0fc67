/**
 * The JSON Schema of workflow files, for editors and for other programs: generated from the schema
 * that validates, with what that one leaves to the compiler as far as JSON Schema can say it.
 *
 * @module
 */

import { z } from "zod";
import { dockerSchema, runtimeSchema } from "./_docker_schema.ts";
import {
  artifactSchema,
  assertionSchema,
  backoffSchema,
  budgetSchema,
  foreachSchema,
  inputSchema,
  mountSchema,
  NAME,
  stepBudgetSchema,
  stepSchema,
  toolsSchema,
  workflowSchema,
} from "./schema.ts";

/** The parts that get a name of their own. */
const DEFINITIONS = {
  artifact: artifactSchema,
  assertion: assertionSchema,
  backoff: backoffSchema,
  budget: budgetSchema,
  docker: dockerSchema,
  foreach: foreachSchema,
  input: inputSchema,
  mount: mountSchema,
  runtime: runtimeSchema,
  step: stepSchema,
  step_budget: stepBudgetSchema,
  tools: toolsSchema,
} as const;

/** Maps of the file whose keys are names that other parts of it refer to. */
const NAMED = ["inputs", "backends", "runtimes", "outputs"] as const;

/** What a step does: one of these. */
const WORK = ["prompt", "run", "uses"] as const;

/** What an assertion says: one of these. */
const ASSERTIONS = Object.keys(assertionSchema.shape).filter((key) =>
  !["file", "cwd", "env"].includes(key)
);

/** Where the image of a container is from: one of these. */
const IMAGES = ["runtime", "image"] as const;

/** An object of a JSON Schema. */
type Part = { [keyword: string]: unknown };

/**
 * Makes the schema.
 *
 * @returns The JSON Schema, draft 2020-12: plain data, the same each time.
 */
export function workflowJsonSchema(): Readonly<Record<string, unknown>> {
  for (const [id, schema] of Object.entries(DEFINITIONS)) {
    z.globalRegistry.add(schema, { ...z.globalRegistry.get(schema), id });
  }
  const { $schema, ...schema }: Part = z.toJSONSchema(workflowSchema, { io: "input" });
  const properties = part(schema["properties"]);
  for (const name of NAMED) part(properties[name])["propertyNames"] = { pattern: NAME.source };
  part(properties["routes"])["propertyNames"] = { pattern: "^/.+/$" };
  const definitions = part(schema["$defs"]);
  const step = part(definitions["step"]);
  part(part(step["properties"])["id"])["pattern"] = NAME.source;
  Object.assign(step, oneOf(WORK));
  Object.assign(part(definitions["assertion"]), oneOf(ASSERTIONS));
  Object.assign(part(definitions["docker"]), oneOf(IMAGES));
  return {
    $schema,
    title: "A Routebook workflow",
    description: "What agents do, where files live, and what may be touched.",
    ...schema,
  };
}

/** Says that exactly one of some keys is there. */
function oneOf(keys: readonly string[]): Part {
  return { oneOf: keys.map((key) => ({ required: [key] })) };
}

function part(value: unknown): Part {
  if (typeof value !== "object" || value === null) {
    throw new TypeError("The schema lacks a part that is known by its name");
  }
  // It is an object of plain data.
  return value as Part;
}
