import { assert, assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";

/** What is said of each diagnostic of one code or another, as `code: hint`. */
async function hints(yaml: string): Promise<readonly string[]> {
  const { diagnostics, text } = await compiled(yaml);
  for (const { place } of diagnostics) assert(place !== undefined, text);
  return diagnostics.map(({ code, hint }) => `${code}: ${hint}`);
}

const AT_STEPS: readonly (readonly [line: string, hint: string])[] = [
  ["timeout-minutes: 20", "Write timeout: 20m"],
  ["timeout-minutes: 90", "Write timeout: 90m"],
  ["timeout-minutes: 120", "Write timeout: 2h"],
  ["timeout-minutes: 0.5", "Write timeout: 30s"],
  ["timeout-minutes: ${{ inputs.x }}", "Write timeout: 20m"],
  ["timeout_seconds: 90", "Write timeout: 90s"],
  ["timeoutSeconds: '300'", "Write timeout: 5m"],
  ["timeout_ms: 1500", "Write timeout: 1.5s"],
  [
    "continue-on-error: true",
    'It is spelt "continue_on_error" here: write continue_on_error: true',
  ],
  [
    "ignore_errors: false",
    'It is spelt "continue_on_error" here: write continue_on_error: false',
  ],
  ["runs-on: ubuntu-latest", "A workflow runs on this machine: leave it out"],
  [
    "strategy: { matrix: { os: [linux, macos] } }",
    "Write foreach: { items: [linux, macos], item: os } at the step",
  ],
  [
    "strategy: { matrix: { os: [a], version: [1] } }",
    "Write foreach at the step, with an item for each combination: " +
    "foreach: [{ os: a, version: 1 }], and ${{ item.os }}",
  ],
  [
    "max-parallel: 3",
    'It is spelt "concurrency" here: write concurrency: 3 at the top, or in foreach',
  ],
  [
    "outputs: { title: x }",
    "Write output: { schema: { type: object, properties: { title: { type: string } } } }",
  ],
  ["working-directory: /src", 'It is spelt "cwd" here: write cwd: /src'],
  ["shell: bash", "All commands have one shell: write shell: sandbox at the top"],
  ["secrets: inherit", "A workflow that is used names its own secrets: leave it out"],
  ["depends_on: build", 'It is spelt "needs" here: write needs: build'],
  ["dependsOn: [build, test]", 'It is spelt "needs" here: write needs: [build, test]'],
  ["when: always()", 'It is spelt "if" here: write if: always()'],
  ["for_each: [a, b]", 'It is spelt "foreach" here: write foreach: [a, b]'],
  ["with_items: ${{ inputs.x }}", 'It is spelt "foreach" here: write foreach: ${{ inputs.x }}'],
  ["retries: 2", "Write retry: { attempts: 3 }"],
  ["max_attempts: 4", "Write retry: { attempts: 4 }"],
  ["on_error: continue", "Write continue_on_error: true"],
  ["cmd: ls", 'A command is spelt "run" here: write run: ls'],
  ["script: npm test", 'A command is spelt "run" here: write run: npm test'],
  ["system_prompt: Be brief", 'It is spelt "instructions" here: write instructions: Be brief'],
  ["temperature: 0.2", "The model decides it itself: leave it out"],
  ["max_turns: 7", "Write budget: { turns: 7 }"],
  ["max_tokens: 2000", "Write budget: { tokens: 2000 }"],
  ["budget_usd: 0.5", "Write budget: { usd: 0.5 }"],
  [
    "response_format: { type: json_object }",
    "Write output: { schema: { type: object, properties: { ... } } }",
  ],
  [
    "expect: [x]",
    'It is spelt "assert" here: write assert: [{ file: /out/app.py, contains: ... }]',
  ],
  ["creates: /a.txt", 'It is spelt "produces" here: write produces: [/a.txt]'],
];

Deno.test("compileWorkflow() says how other programs' keys of a step are written, with their values", async () => {
  for (const list of ["steps", "on_success", "on_failure"]) {
    for (const [line, hint] of list === "steps" ? AT_STEPS : AT_STEPS.slice(0, 3)) {
      const steps = list === "steps" ? "" : "steps: [{ id: z, prompt: Go }]\n";
      const yaml = `name: w\nmodel: openai:m\ninputs: { x: { default: y } }\n${steps}${list}:\n` +
        `  - id: a\n    prompt: Go\n    ${line}\n`;
      const told = (await hints(yaml)).filter((each) => !each.startsWith("undefined-reference"));
      assertEquals(told[0], `unknown-key: ${hint}`, line);
    }
  }
});

const AT_TOP: readonly (readonly [line: string, told: string])[] = [
  ["on: push", 'unknown-key: A workflow is started by a command: leave "on" out'],
  [
    "jobs: { a: {} }",
    'unknown-key: There are no jobs: write their steps below "steps", and "needs" where one ' +
    "waits for another",
  ],
  ["timeout-minutes: 30", "unknown-key: Write timeout: 30m"],
  [
    "defaults: { run: { working-directory: /src } }",
    "unknown-key: Write it at each run step: cwd: /src",
  ],
  [
    "permissions: { contents: read }",
    "unknown-key: Write directories: read: [../src], write: [../workspace]",
  ],
  ["permissions: read-all", "wrong-type: Write permissions: { write: [../workspace], net: [] }"],
  ["secrets: inherit", "wrong-type: Name each: secrets: [TOKEN]"],
  [
    "concurrency: { group: main, cancel-in-progress: true }",
    "wrong-type: There are no groups: write how many steps may run at a time, concurrency: 1",
  ],
  [
    "services: { db: { image: postgres } }",
    "unknown-key: Write a backend at the top, box: { type: docker, image: ... }, and shell: docker",
  ],
  [
    "system: Be brief",
    'unknown-key: It is spelt "instructions" here: write instructions: Be brief',
  ],
  ["timeout: 30", "wrong-type: A time has a unit: write 30s for seconds, or 30m for minutes"],
  ["budget: 5", "wrong-type: Write what it bounds: budget: { turns: 5 }"],
  ["artifacts: [/out/a.png]", "wrong-type: Write a map: - { path: /out/a.png, to: ./out/ }"],
  [
    "artifacts: [{ name: x, path: /a, to: ./out/ }]",
    "unknown-key: An artifact has no name: write path and to",
  ],
  [
    "artifacts: [{ path: /a, to: ./out/, retention-days: 5 }]",
    "unknown-key: Files stay until somebody removes them: leave it out",
  ],
  ["inputs: { x: { type: enum } }", "invalid-value: Write type: choice"],
  [
    "inputs: { x: { type: choice, enum: [a], options: [a] } }",
    'unknown-key: It is spelt "options" here, with type: choice',
  ],
];

Deno.test("compileWorkflow() says how other programs' keys of a workflow are written", async () => {
  for (const [line, told] of AT_TOP) {
    const yaml = `name: w\nmodel: openai:m\n${line}\nsteps: [{ id: a, prompt: Go }]\n`;
    assertEquals((await hints(yaml))[0], told, line);
  }
});

Deno.test("compileWorkflow() says that steps are a list, with the first one's id", async () => {
  assertEquals(await hints("name: w\nmodel: openai:m\nsteps:\n  build: { prompt: Go }\n"), [
    "wrong-type: Write a list of steps: - id: build",
  ]);
});

Deno.test("compileWorkflow() tells once of a key that is there by another program's name", async () => {
  const yaml = (line: string) =>
    `name: w\nmodel: openai:m\nsteps:\n  - id: a\n    prompt: Go\n    ${line}\n`;
  assertEquals(await hints(yaml("foreach: { in: [a] }")), [
    'unknown-key: It is spelt "items" here',
  ]);
  assertEquals(await hints(yaml("output: { type: object }")), [
    "unknown-key: Write the JSON Schema below schema: output: { schema: { type: object } }",
  ]);
  assertEquals(await hints(yaml("output: {}")), ["missing-key: Write schema: { type: object }"]);
  assertEquals(await hints("name: w\nmodel: openai:m\ntasks: [{ id: a, prompt: Go }]\n"), [
    'unknown-key: It is spelt "steps" here: a list, each with an id',
  ]);
});

Deno.test("compileWorkflow() suggests how a model is written", async () => {
  const cases = [
    ["gpt-4.1", 'A model is written openai:NAME: did you mean "openai:gpt-4.1"?'],
    ["opnai:gpt-4.1", 'Did you mean "openai:gpt-4.1"?'],
    ["OpenAI/gpt-4.1", 'Did you mean "openai:gpt-4.1"?'],
    [
      "ollama:llama3",
      "A model is written openai:NAME; base_url points it at any compatible server",
    ],
  ];
  for (const [model, hint] of cases) {
    const yaml = `name: w\nmodel: ${model}\nsteps: [{ id: a, prompt: Go }]\n`;
    assertEquals(await hints(yaml), [`unknown-model: ${hint}`]);
  }
});

Deno.test("compileWorkflow() says that an action cannot be used, but a file", async () => {
  const yaml = "name: w\nmodel: openai:m\nsteps: [{ id: a, uses: actions/checkout@v4 }]\n";
  const { text } = await compiled(yaml);
  assert(/actions?\b/i.test(text) && text.includes("./"), text);
});

Deno.test("compileWorkflow() suggests the names that are near, wherever names are", async () => {
  const { diagnostics } = await compiled(`\
name: w
model: openai:m
inputs: { topic: { default: x } }
backends: { disk: { type: state } }
default: dsik
tools: { preset: no-secret }
steps:
  - { id: build, prompt: "On \${{ inputs.topci }}" }
  - { id: test, prompt: Go, needs: biuld, session: nwe }
`);
  assertEquals(diagnostics.map(({ code, hint }) => [code, hint]), [
    ["unused-backend", "Write a route to it, or leave it out"],
    ["unknown-backend", 'Did you mean "disk"?'],
    ["unknown-preset", 'Did you mean "no-secrets"?'],
    ["undefined-reference", 'Did you mean "topic"?'],
    ["unknown-step", 'Did you mean "build"?'],
    ["invalid-value", 'Did you mean "new"?'],
  ]);
});
