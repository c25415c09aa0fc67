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
