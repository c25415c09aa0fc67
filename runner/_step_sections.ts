/**
 * The keys of a step, part by part.
 *
 * @module
 */

import { type Advice, FOREIGN_RETRY, FOREIGN_STEP } from "./_foreign_words.ts";
import {
  BUDGET_VALUE,
  BUDGET_WORDS,
  ENVIRONMENT,
  MODEL,
  OTHER_KEY,
  OTHER_VALUE,
  otherwise,
  type Section,
  TIME,
  TOOLS,
} from "./_section.ts";
import {
  assertionSchema,
  backoffSchema,
  foreachSchema,
  lineBoundsSchema,
  outputSchema,
  retrySchema,
  sizeBoundsSchema,
  stepBudgetSchema,
  stepSchema,
} from "./schema.ts";

const SCHEMA: Advice = "Write a JSON Schema, or the name of a file with one: { type: object }";

/** The sections of a step, wherever the list is that it stands in. */
export function stepSections(list: string): readonly Section[] {
  const step = [list, "*"];
  const assertion = [...step, "assert", "*"];
  return [
    { label: "step", at: [list], keys: [], values: { [OTHER_KEY]: otherwise("Write - id: ...") } },
    {
      label: "step key",
      at: step,
      keys: Object.keys(stepSchema.shape),
      later: ["approval"],
      instead: FOREIGN_STEP,
      values: {
        cwd: otherwise("Write a directory of the tree: /project"),
        env: otherwise("Write a map: { NAME: value }"),
        with: otherwise("Write the inputs of the workflow that is used: { name: value }"),
        timeout: otherwise(TIME),
        needs: otherwise("Write needs: build, or needs: [build, test]"),
        model: otherwise(MODEL),
        tools: otherwise("Write what they may do: tools: { deny: [...] }"),
        budget: otherwise(BUDGET_VALUE),
        foreach: otherwise("Write a list, or an expression that gives one: ${{ fromJSON(...) }}"),
        retry: otherwise((value) =>
          `Write retry: { attempts: ${typeof value === "number" && value > 0 ? value : 3} }`
        ),
        session: {
          none: "Write session: new",
          fork: "Parallel steps go on with copies by themselves: leave it out",
          [OTHER_VALUE]: "Write session: new, or leave it out to go on with the conversation",
        },
        output: otherwise("Write output: { schema: { type: object, properties: { ... } } }"),
        assert: otherwise("Write a list: [{ file: /out/app.py, contains: flask }]"),
        if: otherwise("Write an expression: if: inputs.deploy == 'yes'"),
      },
    },
    { at: [...step, "tools"], ...TOOLS },
    {
      label: "budget key",
      at: [...step, "budget"],
      keys: Object.keys(stepBudgetSchema.shape),
      instead: {
        ...BUDGET_WORDS,
        usd_per_day: "A day is the run's: write it in budget at the top",
      },
    },
    {
      label: "env",
      at: [...step, "env"],
      keys: [],
      values: { [OTHER_KEY]: otherwise(ENVIRONMENT) },
    },
    {
      label: "foreach key",
      at: [...step, "foreach"],
      keys: Object.keys(foreachSchema.shape),
      instead: {
        in: 'It is spelt "items" here',
        list: 'It is spelt "items" here',
        values: 'It is spelt "items" here',
        of: 'It is spelt "items" here',
        as: 'It is spelt "item" here',
        name: 'It is spelt "item" here',
        var: 'It is spelt "item" here',
        parallel: 'It is spelt "concurrency" here',
        "max-parallel": 'It is spelt "concurrency" here',
        max_parallel: 'It is spelt "concurrency" here',
        matrix: "Write items: [...]",
        "fail-fast": "No new item starts once one failed: leave it out",
      },
    },
    {
      label: "output key",
      at: [...step, "output"],
      keys: Object.keys(outputSchema.shape),
      instead: {
        json_schema: 'It is spelt "schema" here',
        type: "Write the JSON Schema below schema: output: { schema: { type: object } }",
        properties: "Write the JSON Schema below schema: output: { schema: { type: object } }",
        format: "Write the JSON Schema below schema: output: { schema: { type: object } }",
        file: "Write the file's name as schema: output: { schema: ./answer.schema.json }",
      },
      values: { schema: otherwise(SCHEMA) },
    },
    {
      label: "assertion key",
      at: assertion,
      keys: Object.keys(assertionSchema.shape),
      instead: {
        path: 'It is spelt "file" here',
        contain: 'It is spelt "contains" here',
        includes: 'It is spelt "contains" here',
        "not-contains": 'It is spelt "not_contains" here',
        regex: 'It is spelt "matches" here',
        match: 'It is spelt "matches" here',
        schema: 'It is spelt "json_schema" here',
        json: "Write is_json: true",
        command: 'It is spelt "run" here',
        rubric: 'It is spelt "judge" here',
        llm: 'It is spelt "judge" here',
        missing: 'It is spelt "not_exists" here',
        absent: 'It is spelt "not_exists" here',
      },
      values: {
        is_json: otherwise("Write is_json: true, or leave it out"),
        json_schema: otherwise(SCHEMA),
        size: otherwise("Write a size, 64kb, or bounds, { min: 1, max: 64kb }"),
        lines: otherwise("Write a number, or bounds, { min: 1, max: 100 }"),
        run: otherwise("Write a command, or a program with its arguments: [test, -s, /out/a]"),
        judge: otherwise("Write what must hold as a text: The report names three risks"),
      },
    },
    {
      label: "assertion",
      at: [...step, "assert"],
      keys: [],
      values: { [OTHER_KEY]: otherwise("Write a map: - { file: /out/app.py, contains: flask }") },
    },
    { label: "size key", at: [...assertion, "size"], keys: Object.keys(sizeBoundsSchema.shape) },
    { label: "lines key", at: [...assertion, "lines"], keys: Object.keys(lineBoundsSchema.shape) },
    {
      label: "retry key",
      at: [...step, "retry"],
      keys: Object.keys(retrySchema.shape),
      instead: FOREIGN_RETRY,
      values: { backoff: otherwise(TIME) },
    },
    {
      label: "backoff key",
      at: [...step, "retry", "backoff"],
      keys: Object.keys(backoffSchema.shape),
      instead: {
        initial: 'It is spelt "delay" here',
        base: 'It is spelt "delay" here',
        multiplier: 'It is spelt "factor" here',
        rate: 'It is spelt "factor" here',
        max_delay: 'It is spelt "max" here',
        jitter: "Waits are exact: leave it out",
      },
      values: { delay: otherwise(TIME), max: otherwise(TIME) },
    },
  ];
}
