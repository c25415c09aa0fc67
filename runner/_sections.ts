/**
 * The keys of a workflow file, section by section: which there are, which will be, and what to write
 * instead of those of other programs. Messages are made of it.
 *
 * @module
 */

import {
  assertionSchema,
  budgetSchema,
  inputSchema,
  limitsSchema,
  mountSchema,
  permissionsSchema,
  retrySchema,
  stepSchema,
  toolsSchema,
  workflowSchema,
} from "./schema.ts";

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
  /** What to write where a value of a key is of the wrong kind, or none that there is. */
  readonly values?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Stands for every value that {@linkcode Section.values} does not name. */
export const OTHER_VALUE = "";

// How GitHub Actions spells what this format spells otherwise.
const ACTIONS = {
  on: 'A workflow is started by a command: leave "on" out',
  jobs: 'There are no jobs: write their steps below "steps"',
  "runs-on": "A workflow runs on this machine: leave it out",
  "timeout-minutes": 'It is spelt "timeout" here, and is not supported in this version',
  "continue-on-error": 'It is spelt "continue_on_error" here, and is not supported in this version',
} as const;

const MERGE = { "<<": "Merge keys are not part of YAML 1.2: write the keys out" } as const;

const SANDBOX = "Write shell: sandbox";
const VIRTUAL = "Write shell: virtual, or shell: sandbox for real programs";
const REAL_SH = 'Write "sandbox", which runs real sh, or "virtual", which starts no program';

/** Words for a shell that other programs have. */
const SHELLS = {
  ...Object.fromEntries(
    ["bash", "sh", "zsh", "dash", "ksh", "fish", "/bin/sh", "/bin/bash"].map((
      name,
    ) => [name, REAL_SH]),
  ),
  python: 'Write "sandbox", which has real programs, and call python3 in the command',
  pwsh: REAL_SH,
  powershell: REAL_SH,
  bubblewrap: 'Write "sandbox"',
  bwrap: 'Write "sandbox"',
  "just-bash": 'Write "virtual"',
  none: "Leave it out: without it the agent has no shell",
  [OTHER_VALUE]: "Write shell: virtual or shell: sandbox",
};

const CPU = "Write a number and s, m or h: 30s, 5m";
const SIZE = "Write a number and kb, mb or gb: 512mb";
const RULES = 'Write a list of rules: ["write /project/deploy/**", "execute git push *"]';

const STEP_LATER = [
  ..."if uses with model instructions tools foreach session output".split(" "),
  ..."timeout continue_on_error approval budget".split(" "),
];

const COMMAND = 'A command is spelt "run" here';
const DIRECTORY = 'It is spelt "cwd" here';

/** The sections of a workflow file. */
export const WORKFLOW_SECTIONS: readonly Section[] = [
  {
    label: "workflow key",
    at: [],
    keys: Object.keys(workflowSchema.shape),
    later: [
      ..."env secrets models timeout concurrency schedule".split(" "),
      ..."agents mcp artifacts on_success on_failure".split(" "),
    ],
    instead: {
      ...ACTIONS,
      ...MERGE,
      "working-directory": "Each run step has its own: write cwd there",
      sandbox: SANDBOX,
      bubblewrap: SANDBOX,
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
      shell: SHELLS,
      tools: { [OTHER_VALUE]: "Write what they may do: tools: { deny: [...] }" },
      limits: { [OTHER_VALUE]: "Write limits: { memory: 512mb, cpu: 30s }" },
      permissions: { [OTHER_VALUE]: "Write permissions: { write: [../workspace], net: [] }" },
    },
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
    instead: {
      presets: 'It is spelt "preset" here',
      allowed: 'It is spelt "allow" here',
      disallowed: 'It is spelt "deny" here',
      denied: 'It is spelt "deny" here',
      approve: 'It is spelt "ask" here',
      approval: 'It is spelt "ask" here',
      confirm: 'It is spelt "ask" here',
      execute: 'Write shell: virtual at the top, and rules such as deny: ["execute git push *"]',
      bash: 'Write shell: virtual at the top, and rules such as deny: ["execute git push *"]',
      read: 'Write it as a rule: deny: ["read **/.env"]',
      write: 'Write it as a rule: deny: ["write /project/deploy/**"]',
    },
    values: {
      allow: { [OTHER_VALUE]: RULES },
      ask: { [OTHER_VALUE]: RULES },
      deny: {
        execute: "Leave shell out at the top: without it nothing is executed",
        [OTHER_VALUE]: RULES,
      },
    },
  },
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
    later: ["tokens", "usd"],
  },
  {
    label: "step key",
    at: ["steps", "*"],
    keys: Object.keys(stepSchema.shape),
    later: STEP_LATER,
    instead: {
      ...ACTIONS,
      ...MERGE,
      "working-directory": DIRECTORY,
      working_directory: DIRECTORY,
      workdir: DIRECTORY,
      dir: DIRECTORY,
      command: COMMAND,
      cmd: COMMAND,
      script: COMMAND,
      execute: COMMAND,
      environment: 'It is spelt "env" here',
      shell: "All commands have one shell: write shell: sandbox at the top",
      sandbox: "All commands have one shell: write shell: sandbox at the top",
    },
    values: {
      cwd: { [OTHER_VALUE]: "Write a directory of the tree: /project" },
      env: { [OTHER_VALUE]: "Write a map: { NAME: value }" },
    },
  },
  {
    label: "assertion key",
    at: ["steps", "*", "assert", "*"],
    keys: Object.keys(assertionSchema.shape),
  },
  { label: "retry key", at: ["steps", "*", "retry"], keys: Object.keys(retrySchema.shape) },
];
