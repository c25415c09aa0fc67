/**
 * The keys of a workflow file, section by section: which there are, which will be, and what to write
 * instead of those of other programs. Messages are made of it.
 *
 * @module
 */

import { BACKEND_SECTIONS } from "./_backend_sections.ts";
import {
  FOREIGN_ARTIFACT,
  FOREIGN_WORKFLOW,
  inline,
  type Instead,
  partOf,
} from "./_foreign_words.ts";
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
import { stepSections } from "./_step_sections.ts";
import {
  artifactSchema,
  budgetSchema,
  inputSchema,
  limitsSchema,
  modelSchema,
  mountSchema,
  permissionsSchema,
  secretSchema,
  variableSchema,
  workflowSchema,
} from "./schema.ts";
import type { Advice } from "./_foreign_words.ts";

const SHELL = 'Write "sandbox", which runs real sh, or "virtual", which starts no program';

/** Words for a shell that other programs have. */
const SHELLS: Readonly<Record<string, Advice>> = {
  ...Object.fromEntries(
    ["bash", "sh", "zsh", "dash", "ksh", "fish", "/bin/sh", "/bin/bash", "pwsh", "powershell"]
      .map((name) => [name, SHELL]),
  ),
  python: 'Write "sandbox", which has real programs, and call python3 in the command',
  bubblewrap: 'Write "sandbox"',
  bwrap: 'Write "sandbox"',
  "just-bash": 'Write "virtual"',
  podman: 'Write "docker": it is for Podman too',
  container: 'Write "docker"',
  none: "Leave it out: without it the agent has no shell",
  [OTHER_VALUE]: "Write shell: virtual, sandbox or docker",
};

const SANDBOX = "Write shell: sandbox";
const DOCKER =
  "Write backends: { box: { type: docker, runtime: python-minimal } } and shell: docker";
const VIRTUAL = "Write shell: virtual, or shell: sandbox for real programs";
const CPU = "Write a number and s, m or h: 30s, 5m";
const SIZE = "Write a number and kb, mb or gb: 512mb";
const STEPS = 'Write a list: each step begins with "- id: ..."';

const VARIABLE_WORDS: Instead = {
  value: "A variable with a value is written as text: NAME: value",
  type: "A variable is a text: leave it out",
  from: "It has the name that it has in the environment: leave it out",
  optional: 'It is spelt "required" here: write required: false',
};

/** The sections of a workflow file. */
export const WORKFLOW_SECTIONS: readonly Section[] = [
  {
    label: "workflow key",
    at: [],
    keys: Object.keys(workflowSchema.shape),
    later: ["schedule", "agents", "mcp"],
    instead: {
      ...FOREIGN_WORKFLOW,
      sandbox: SANDBOX,
      bubblewrap: SANDBOX,
      docker: DOCKER,
      podman: DOCKER,
      virtual: VIRTUAL,
      execute: VIRTUAL,
      bash: VIRTUAL,
      terminal: VIRTUAL,
      resources: 'It is spelt "limits" here',
      ulimits: 'It is spelt "limits" here',
      allow: 'Write it below "tools"',
      ask: 'Write it below "tools"',
      deny: 'Write it below "tools"',
      preset: 'Write it below "tools"',
    },
    values: {
      inputs: otherwise("Write a map: { topic: { type: string, required: true } }"),
      env: otherwise("Write a list of names, [LANG], or a map: { NAME: value }"),
      secrets: {
        inherit: "Name each: secrets: [TOKEN]",
        [OTHER_VALUE]: "Write a list of names: [TOKEN]",
      },
      model: otherwise(MODEL),
      models: otherwise("Write a map: { NAME: { usd_per_million: { input: 1, output: 2 } } }"),
      backends: otherwise("Write a map: { disk: { type: local, root: ../out } }"),
      runtimes: otherwise("Write a map: { NAME: { base: python:3.12-slim, manager: pip } }"),
      routes: otherwise("Write a map: { /project/: disk }"),
      shell: SHELLS,
      tools: otherwise("Write what they may do: tools: { deny: [...] }"),
      limits: otherwise("Write limits: { memory: 512mb, cpu: 30s }"),
      permissions: otherwise("Write permissions: { write: [../workspace], net: [] }"),
      budget: otherwise(BUDGET_VALUE),
      concurrency: otherwise((value) =>
        partOf(value, "group") === undefined
          ? "Write how many steps may run at a time: concurrency: 4"
          : "There are no groups: write how many steps may run at a time, concurrency: 1"
      ),
      timeout: otherwise(TIME),
      steps: otherwise((value) => {
        const [id] = Object.keys(typeof value === "object" && value !== null ? value : {});
        return id === undefined ? STEPS : `Write a list of steps: - id: ${inline(id)}`;
      }),
      on_success: otherwise(STEPS),
      on_failure: otherwise(STEPS),
      outputs: otherwise("Write a map: { answer: ${{ steps.ID.output }} }"),
      artifacts: otherwise("Write a list: [{ path: /out/*.png, to: ./out/ }]"),
    },
  },
  {
    label: "inputs",
    at: ["inputs"],
    keys: [],
    values: {
      [OTHER_KEY]: otherwise((value) =>
        value === null
          ? "Write {} for a text that has to be given"
          : `Write what it is: { default: ${inline(value)} }`
      ),
    },
  },
  {
    label: "input key",
    at: ["inputs", "*"],
    keys: Object.keys(inputSchema.shape),
    instead: {
      enum: 'It is spelt "options" here, with type: choice',
      choices: 'It is spelt "options" here, with type: choice',
      values: 'It is spelt "options" here, with type: choice',
      optional: 'It is spelt "required" here: write required: false',
      value: 'It is spelt "default" here',
      regex: 'It is spelt "pattern" here',
      help: 'It is spelt "description" here',
      deprecationMessage: "Write it in the description",
    },
    values: {
      type: {
        text: "Write type: string",
        str: "Write type: string",
        integer: "Write type: number",
        int: "Write type: number",
        float: "Write type: number",
        bool: "Write type: boolean",
        enum: "Write type: choice",
        select: "Write type: choice",
        file: "Write type: path",
        directory: "Write type: path",
        environment: "Write type: string",
        list: "Write type: string, and fromJSON(inputs.NAME) where the list is wanted",
        array: "Write type: string, and fromJSON(inputs.NAME) where the list is wanted",
        object: "Write type: string, and fromJSON(inputs.NAME) where the map is wanted",
      },
      default: otherwise((value) =>
        value === null
          ? "Leave it out, or write a value"
          : "Write it as JSON in a text, and fromJSON(inputs.NAME) where it is wanted"
      ),
      options: otherwise("Write a list of texts: [small, large]"),
    },
  },
  {
    label: "env",
    at: ["env"],
    keys: [],
    values: { [OTHER_KEY]: otherwise(ENVIRONMENT) },
  },
  {
    label: "variable key",
    at: ["env", "*"],
    keys: Object.keys(variableSchema.shape),
    instead: VARIABLE_WORDS,
  },
  {
    label: "secret key",
    at: ["secrets", "*"],
    keys: Object.keys(secretSchema.shape),
    instead: {
      ...VARIABLE_WORDS,
      value: "A secret is never written in a file: it is taken from the environment",
      default: "A secret is never written in a file: it is taken from the environment",
    },
  },
  {
    label: "secrets",
    at: ["secrets"],
    keys: [],
    values: {
      [OTHER_KEY]: otherwise("A secret is never written in a file: write its name alone"),
    },
  },
  {
    label: "model key",
    at: ["models", "*"],
    keys: Object.keys(modelSchema.shape),
    instead: {
      input: "Write usd_per_million: { input: 1, output: 2 }",
      output: "Write usd_per_million: { input: 1, output: 2 }",
      price: "Write usd_per_million: { input: 1, output: 2 }",
      usd_per_thousand: "Write usd_per_million, a thousand times as much",
    },
  },
  {
    label: "price key",
    at: ["models", "*", "usd_per_million"],
    keys: Object.keys(modelSchema.shape.usd_per_million.shape),
    instead: {
      prompt: 'It is spelt "input" here',
      completion: 'It is spelt "output" here',
      in: 'It is spelt "input" here',
      out: 'It is spelt "output" here',
    },
  },
  ...BACKEND_SECTIONS,
  { label: "route key", at: ["default"], keys: Object.keys(mountSchema.shape) },
  { label: "route key", at: ["routes", "*"], keys: Object.keys(mountSchema.shape) },
  { at: ["tools"], ...TOOLS },
  {
    label: "limits key",
    at: ["limits"],
    keys: Object.keys(limitsSchema.shape),
    instead: {
      mem: 'It is spelt "memory" here',
      ram: 'It is spelt "memory" here',
      pids: 'It is spelt "processes" here',
      nproc: 'It is spelt "processes" here',
      fsize: 'It is spelt "file_size" here',
      "file-size": 'It is spelt "file_size" here',
      filesize: 'It is spelt "file_size" here',
      disk: '"memory" bounds what commands leave in memory, "file_size" each file',
      timeout: "Each call of the model names its own; cpu bounds the processor time",
      time: "Each call of the model names its own; cpu bounds the processor time",
      turns: 'It belongs to "budget"',
    },
    values: {
      cpu: { [OTHER_VALUE]: CPU },
      memory: { [OTHER_VALUE]: SIZE },
      file_size: { [OTHER_VALUE]: SIZE },
      output: { [OTHER_VALUE]: SIZE },
    },
  },
  {
    label: "permissions key",
    at: ["permissions"],
    keys: Object.keys(permissionsSchema.shape),
    instead: {
      "allow-read": 'It is spelt "read" here',
      "allow-write": 'It is spelt "write" here',
      "allow-net": 'It is spelt "net" here',
      "allow-env": 'It is spelt "env" here',
      "allow-run": 'It is spelt "run" here',
      network: 'It is spelt "net" here',
      exec: 'It is spelt "run" here',
      execute: 'It is spelt "run" here',
      contents: "Write directories: read: [../src], write: [../workspace]",
      ffi: "Nothing is ever granted of it: leave it out",
      sys: "Nothing is ever granted of it: leave it out",
      import: "Nothing is ever granted of it: leave it out",
      sandbox: "Write require: sandbox",
    },
    values: {
      read: { [OTHER_VALUE]: "Write a list of directories: [../src]" },
      write: { [OTHER_VALUE]: "Write a list of directories: [../workspace]" },
      net: { [OTHER_VALUE]: "Write a list of hosts: [api.openai.com:443]" },
      env: { [OTHER_VALUE]: "Write a list of names: [LANG]" },
      run: { [OTHER_VALUE]: "Write a list of programs: [] for none" },
      require: { [OTHER_VALUE]: "Write require: sandbox" },
    },
  },
  {
    label: "budget key",
    at: ["budget"],
    keys: Object.keys(budgetSchema.shape),
    instead: {
      ...BUDGET_WORDS,
      daily: 'It is spelt "usd_per_day" here',
      usd_daily: 'It is spelt "usd_per_day" here',
    },
  },
  {
    label: "artifact",
    at: ["artifacts"],
    keys: [],
    values: {
      [OTHER_KEY]: otherwise((value) =>
        `Write a map: - { path: ${
          typeof value === "string" ? inline(value) : "/out/*.png"
        }, to: ./out/ }`
      ),
    },
  },
  {
    label: "artifact key",
    at: ["artifacts", "*"],
    keys: Object.keys(artifactSchema.shape),
    instead: FOREIGN_ARTIFACT,
  },
  ...["steps", "on_success", "on_failure"].flatMap(stepSections),
];
