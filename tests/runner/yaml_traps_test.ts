import { assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";

const TOP = "name: w\nmodel: openai:m\n";
const STEPS = "steps: [{ id: a, prompt: Go }]\n";
const INPUT = "inputs: { x: { default: a } }\n";

/** Each file, and what is told of it: `line:column code: hint`. */
const TRAPS: readonly (readonly [yaml: string, ...told: string[]])[] = [
  // Words that YAML 1.1 read as booleans.
  [
    `${TOP}steps: [{ id: a, prompt: Go, continue_on_error: on }]\n`,
    "3:49 wrong-type: YAML 1.2 reads on as a text: write true",
  ],
  [
    `${TOP}inputs: { x: { type: boolean, default: off } }\n${STEPS}`,
    "3:40 wrong-type: YAML 1.2 reads off as a text: write false",
  ],
  [`${TOP}inputs: { x: { type: choice, options: [yes, no], default: no } }\n${STEPS}`],
  // Numbers.
  [
    `${TOP}inputs: { x: { type: number, default: 60_000 } }\n${STEPS}`,
    "3:39 wrong-type: YAML 1.2 reads it as a text: write 60000",
  ],
  [
    `${TOP}budget: { turns: 1:30 }\n${STEPS}`,
    "3:18 wrong-type: YAML 1.2 reads 1:30 as a text: write 90",
  ],
  [
    `${TOP}budget: { turns: 08 }\n${STEPS}`,
    '3:18 unclear-number: Write 8, or "08" in quotes if it is a text',
  ],
  [
    `${TOP}budget: { turns: 0o17 }\n${STEPS}`,
    '3:18 unclear-number: Write 15, or "0o17" in quotes if it is a text',
  ],
  [
    `${TOP}budget: { turns: 0x1F }\n${STEPS}`,
    '3:18 unclear-number: Write 31, or "0x1F" in quotes if it is a text',
  ],
  [
    `${TOP}budget: { tokens: 1e3 }\n${STEPS}`,
    '3:19 unclear-number: Write 1000, or "1e3" in quotes if it is a text',
  ],
  [`${TOP}budget: { usd: 0.50 }\nmodels: { openai:m: { usd_per_million: { input: 1, output: 2 } } }\n${STEPS}`],
  [
    `${TOP}env: { V: 1.10 }\n${STEPS}`,
    '3:11 wrong-type: Put it in quotes to make it a text: "1.10"',
  ],
  [
    `${TOP}steps: [{ id: a, prompt: Go, foreach: [3.9, 3.10] }]\n`,
    '3:45 unclear-number: Write 3.1, or "3.10" in quotes if it is a text',
  ],
  ["name: 2024-01-01\nmodel: openai:m\nsteps: [{ id: a, prompt: Go }]\n"],
  // Comments that were none.
  [
    `${TOP}steps:\n  - id: a\n    prompt: Fix issue #12 and test\n`,
    "5:23 cut-text: Put the text in quotes, or write a space after # if it is a comment",
  ],
  [
    `${TOP}steps:\n  - id: a\n    prompt: #12\n`,
    '5:13 wrong-type: A "#" after a space begins a comment: put the text in quotes',
  ],
  [`${TOP}steps:\n  - id: a\n    prompt: Fix it # all of it\n`],
  [`${TOP}steps:\n  - id: a\n    prompt: "Fix issue #12"\n`],
  [`${TOP}steps:\n  - id: a\n    prompt: Fix issue#12\n`],
  // A colon without a space.
  [`name:w\nmodel: openai:m\n${STEPS}`, "1:1 invalid-yaml: Put a space after the colon: name: w"],
  [
    `${TOP}steps:\n  - id:a\n    prompt: Go\n`,
    "4:5 invalid-yaml: Put a space after the colon: id: a",
  ],
  [
    `${TOP}steps:\n  - id: a\n    prompt:Go on\n`,
    "5:5 invalid-yaml: Put a space after the colon: prompt: Go on",
  ],
  [
    `${TOP}steps: [{id:a, prompt: Go}]\n`,
    "3:10 unknown-key: Put a space after the colon: id: a",
  ],
  // Braces.
  [
    `${TOP}${INPUT}steps:\n  - id: a\n    prompt: {{ inputs.x }}\n`,
    '6:13 wrong-type: An expression begins with "${{"; put a text that begins with "{{" in quotes',
    '6:14 invalid-key: An expression begins with "${{"; put a text that begins with "{{" in quotes',
  ],
  [
    `${TOP}${INPUT}steps:\n  - id: a\n    prompt: {{ inputs.x }} on\n`,
    '6:28 invalid-yaml: An expression begins with "${{"; put a text that begins with "{{" in quotes',
  ],
  [`${TOP}${INPUT}steps:\n  - id: a\n    prompt: \${{ inputs.x }} on\n`],
  [
    `${TOP}${INPUT}steps: [{ id: a, prompt: \${{ inputs.x }} }]\n`,
    "4:27 invalid-yaml: Put the text in quotes: between brackets, braces have a meaning of their own",
  ],
  // Quotes and marks.
  [
    `${TOP}steps:\n  - id: a\n    prompt: 'It's done'\n`,
    "5:17 invalid-yaml: Between single quotes an apostrophe is written twice: 'It''s done'",
  ],
  [
    `${TOP}steps:\n  - id: a\n    prompt: "C:\\path"\n`,
    "5:16 invalid-yaml: Between double quotes a backslash is written twice; between single ones, once",
  ],
  [
    `${TOP}tools:\n  deny:\n    - **/.env\n${STEPS}`,
    '5:7 unknown-alias: Put the text in quotes: "**/.env"',
    "5:7 wrong-type: Write a value after the colon",
  ],
  [
    `${TOP}steps:\n  - id: a\n    prompt: @file\n`,
    '5:13 invalid-yaml: Put the text in quotes: it begins with "@"',
  ],
  [
    `${TOP}steps:\n  - id: a\n    prompt: Do this: write\n`,
    '5:13 invalid-yaml: A text with ": " in it must be quoted, or written as a block after "|"',
  ],
  // Nothing, merge keys, keys of other kinds.
  [`${TOP}steps:\n  - id: a\n    prompt:\n`, "5:12 wrong-type: Write a value after the colon"],
  [
    `${TOP}budget: &b { turns: 3 }\nsteps: [{ id: a, prompt: Go, budget: { <<: *b } }]\n`,
    "4:40 unknown-key: Merge keys are not part of YAML 1.2: write the keys out",
  ],
  [`? name\n: w\nmodel: openai:m\n${STEPS}`],
  [`? [a]\n: 1\n${TOP}${STEPS}`, "1:3 invalid-key: Put it in quotes"],
  // Forms of the same text.
  [`\ufeff${TOP}steps: [{ id: a, promt: Go }]\n`, '3:18 unknown-key: Did you mean "prompt"?'],
  [
    `${TOP}steps: [{ id: a, promt: Go }]\n`.replaceAll("\n", "\r\n"),
    '3:18 unknown-key: Did you mean "prompt"?',
  ],
  ['{"name": "w", "model": "openai:m", "steps": [{"id": "a", "prompt": "Go"}]}'],
];

for (const [yaml, ...told] of TRAPS) {
  const shown = JSON.stringify(yaml.replace(TOP, "").replace(STEPS, ""));
  Deno.test(`compileWorkflow() ${told.length === 0 ? "accepts" : "sees a trap in"} ${shown}`, async () => {
    const { diagnostics } = await compiled(yaml);
    assertEquals(
      diagnostics.map(({ code, hint, place }) =>
        `${place?.line}:${place?.column} ${code}: ${hint}`
      ),
      told,
    );
  });
}

Deno.test("compileWorkflow() warns of a version that loses its zero on the way to another workflow", async () => {
  const inner =
    "name: i\nmodel: openai:m\ninputs: { version: { type: number, required: true } }\n" +
    'steps: [{ id: a, prompt: "${{ inputs.version }}" }]\n';
  const yaml = `${TOP}steps: [{ id: a, uses: ./inner.yaml, with: { version: 3.10 } }]\n`;
  const { text } = await compiled(yaml, { files: { "inner.yaml": inner } });
  assertEquals(
    text,
    `\
warning[unclear-number]: 3.10 is read as the number 3.1
 --> flow.yaml:3:55
  |
3 | steps: [{ id: a, uses: ./inner.yaml, with: { version: 3.10 } }]
  |                                                       ^^^^
  = hint: Write 3.1, or "3.10" in quotes if it is a text
`,
  );
});
