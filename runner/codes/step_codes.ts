/**
 * Codes of steps, their order and expressions.
 *
 * @module
 */

import { type Codes, flow } from "./entry.ts";

/** Steps and expressions. */
export const STEP_CODES = {
  "duplicate-step": {
    severity: "error",
    means: "Two steps have the same id, so that nothing can tell them apart.",
    mend: "Give each step an id of its own",
    example: flow("", "  - { id: a, prompt: Go }\n  - { id: a, prompt: Go on }"),
  },
  "unknown-step": {
    severity: "error",
    means: "A step is named that the workflow does not have.",
    mend: "Name one of the steps of this file",
    example: flow("", "  - { id: build, prompt: Go }\n  - { id: b, needs: biuld, prompt: Go }"),
  },
  "repeated-need": {
    severity: "warning",
    means: "A step is named twice in one list.",
    mend: "Name it once",
    example: flow("", "  - { id: a, prompt: Go }\n  - { id: b, needs: [a, a], prompt: Go }"),
  },
  "circular-needs": {
    severity: "error",
    means: "Steps wait for each other in a circle, so that none of them would ever begin.",
    mend: "Take one of these needs out",
    example: flow("", "  - { id: a, needs: b, prompt: Go }\n  - { id: b, needs: a, prompt: Go }"),
  },
  "invalid-duration": {
    severity: "error",
    means: "A length of time is not a number with its unit, or out of its bounds.",
    mend: "Write a number and its unit: 90s, 5m, 1h30m",
    example: flow("", '  - { id: a, prompt: Go, timeout: "20" }'),
  },
  "parallel-writes": {
    severity: "warning",
    means:
      "Two steps that may run at the same time, or two items of one step, can write the same " +
      "file, so that it is left to chance which of them is kept.",
    mend: "Let one of the steps need the other, or give each a file of its own",
    example: flow(
      "",
      "  - { id: a, prompt: Go, produces: [/report.md] }\n" +
        "  - { id: b, prompt: Go, produces: [/report.md] }\n" +
        "  - { id: c, prompt: Go, needs: [a, b] }",
    ),
  },
  "unknown-keyword": {
    severity: "warning",
    means:
      "A word of a JSON Schema looks like a keyword and is none. JSON Schema takes any word, " +
      "and checks nothing by it.",
    mend: "Write the keyword as JSON Schema has it",
    example: flow(
      "",
      "  - id: a\n    prompt: Go\n    output:\n      schema: { type: object, requird: [title] }",
    ),
  },
  "invalid-schema": {
    severity: "error",
    means: "A JSON Schema is not one, uses what this version does not check, or is not what a " +
      "model can be asked for: an object.",
    mend: "Write a JSON Schema, such as { type: object, properties: { title: { type: string } } }",
    example: flow("", "  - { id: a, prompt: Go, output: { schema: { type: objekt } } }"),
  },
  "invalid-expression": {
    severity: "error",
    means: "What stands in ${{ }} cannot be read as an expression.",
    mend: "Write it as in GitHub Actions: ${{ inputs.topic }}",
    example: flow("", '  - { id: a, prompt: "Go ${{ inputs. }}" }'),
  },
  "undefined-reference": {
    severity: "error",
    means: "An expression names something that there is not, or not there.",
    mend: "Name what is declared in this file",
    example: flow(
      "inputs:\n  topic: { default: bees }",
      '  - { id: a, prompt: "On ${{ inputs.topik }}" }',
    ),
  },
  "unavailable-reference": {
    severity: "error",
    means: "An expression refers to what exists and is not known here: the output of a step that " +
      "need not have run by then, a secret outside of the variables of a command, a function for " +
      "conditions alone.",
    mend: "Use what is known here, or default(steps.ID.output, '...') for a step before this one",
    example: flow(
      "",
      '  - { id: a, prompt: "On ${{ steps.b.output }}" }\n  - { id: b, prompt: Go }',
    ),
  },
  "expression-type": {
    severity: "error",
    means: "An expression uses a value for what it is not: a member of a text, a list where one " +
      "value is wanted, true or false compared with a text.",
    mend: "Use the value for what it is, or turn it into another with fromJSON, toJSON or join",
    example: flow(
      "inputs:\n  topic: { default: bees }",
      '  - { id: a, prompt: "On ${{ inputs.topic.name }}" }',
    ),
  },
  "expression-not-allowed": {
    severity: "error",
    means: "An expression stands where the value must be known before anything runs.",
    mend: "Write the value itself",
    example: flow(
      "inputs:\n  topic: { default: bees }",
      '  - { id: a, name: "On ${{ inputs.topic }}", prompt: Go }',
    ),
  },
  "expression-in-command": {
    severity: "error",
    means: "An expression stands in a command, whose shell would read what it becomes as code.",
    mend: 'Hand it on as a variable: env: { VALUE: ${{ ... }} }, and "$VALUE" in the command',
    example: flow(
      "inputs:\n  topic: { default: bees }",
      '  - { id: a, run: "echo ${{ inputs.topic }}" }',
    ),
  },
} as const satisfies Codes;
