/**
 * Codes of inputs, of the model and of rehearsals.
 *
 * @module
 */

import { type Codes, flow } from "./entry.ts";

const REHEARSED = flow("rehearsal: ./demo.rehearsal.yaml");

/** Inputs, models and rehearsals. */
export const INPUT_CODES = {
  "missing-input": {
    severity: "error",
    means: "An input must be given and is not.",
    mend: "Give it on the command line: --input NAME=VALUE",
    example: flow("inputs:\n  topic: { required: true }"),
  },
  "unknown-input": {
    severity: "error",
    means: "An input is given that the workflow does not have.",
    mend: "Give inputs that the workflow declares",
    example: {
      workflow: flow("inputs:\n  topic: { default: bees }"),
      options: { inputs: { topik: "ants" } },
    },
    placeless: true,
  },
  "invalid-input": {
    severity: "error",
    means: "The value that is given for an input is not of its type.",
    mend: "Give a value of the input's type",
    example: {
      workflow: flow("inputs:\n  count: { type: number, default: 1 }"),
      options: { inputs: { count: "many" } },
    },
    placeless: true,
  },
  "unused-default": {
    severity: "warning",
    means: "An input that must be given has a default, which is never used.",
    mend: "Leave out required, or the default",
    example: {
      workflow: flow("inputs:\n  topic: { required: true, default: bees }"),
      options: { inputs: { topic: "ants" } },
    },
  },
  "missing-variable": {
    severity: "error",
    means: "A variable must be in the environment of whoever runs the workflow, and is not. " +
      "`check` and `plan` do not ask for it.",
    mend: "Set it before the run: NAME=value deno task run FILE",
    example: flow("env: [API_URL]"),
  },
  "missing-secret": {
    severity: "error",
    means: "A secret must be in the environment of whoever runs the workflow, and is not, or is " +
      "empty. `check` and `plan` do not ask for it.",
    mend: "Set it before the run: NAME=value deno task run FILE",
    example: flow("secrets: [DEPLOY_TOKEN]"),
  },
  "short-secret": {
    severity: "error",
    means:
      "The value of a secret has less than 4 characters: to mask it would hide ordinary words.",
    mend: "Use a longer one, or name it below env if everybody may see it",
    example: { workflow: flow("secrets: [PIN]"), options: { env: { PIN: "123" } } },
  },
  "reserved-variable": {
    severity: "error",
    means:
      "A variable is the shell's own, such as `PATH`, or the model's key, which no command sees.",
    mend: "Use another name; the env of a step may set what its own command needs",
    example: flow("env: { PATH: /project/bin }"),
  },
  "inlined-secret": {
    severity: "warning",
    means: "A text looks like a secret: whoever reads the file has it, and it is not masked.",
    mend: "Name it below secrets, take it out of the file, and have its issuer replace it",
    example: flow("env: { TOKEN: ghp_0123456789abcdefghijABCDEFGHIJ0123456789 }"),
  },
  "unknown-model": {
    severity: "error",
    means: "The model is not written as its maker and its name.",
    mend: "A model is written openai:NAME; base_url points it at any compatible server",
    example: "name: demo\nmodel: gpt-4.1\nsteps:\n  - { id: a, prompt: Go }\n",
  },
  "invalid-url": {
    severity: "error",
    means: "The address of the model's server cannot be used.",
    mend: "Write it like http://localhost:11434/v1",
    example: flow("base_url: localhost:11434"),
  },
  "no-key": {
    severity: "error",
    means: "A model is to be asked, and the environment has no key for it.",
    mend: "Set OPENAI_API_KEY, or declare a rehearsal in the file",
    example: { workflow: flow(""), options: { key: false } },
    placeless: true,
  },
  "no-rehearsal": {
    severity: "error",
    means: "The run is to be rehearsed, and the file declares no rehearsal.",
    mend: "Write rehearsal: ./FILE in it, or leave --rehearse out",
    example: { workflow: flow(""), options: { mode: "rehearse" } },
    placeless: true,
  },
  "rehearsal-mismatch": {
    severity: "error",
    means: "The rehearsal is not for this workflow: its name or its steps are others. It ends " +
      "with exit code 7.",
    mend: "Write answers for each step that asks a model, and for no other",
    example: {
      workflow: REHEARSED,
      files: { "demo.rehearsal.yaml": "name: demo\nsteps:\n  b: [{ text: Done. }]\n" },
      options: { mode: "rehearse" },
    },
  },
} as const satisfies Codes;
