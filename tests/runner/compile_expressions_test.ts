import { assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";

Deno.test("compileWorkflow() names the column of an expression in block, folded, quoted and plain texts", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
inputs: { framework: { default: Flask } }
instructions: |  # not here: \${{
  Line one.

  Use \${{ inputs.framwork }} and \${{ steps.a.output }}.
steps:
  - id: a
    prompt: >-
      Folded
      text with \${{ steps.b.output }}
      and \${{ inputs.framework }} here,
        and \${{ inputs.nope }}.
  - id: b
    prompt: "Quoted \\"x\\"\\t\${{ inputs.nope }} and \${{
      steps.a }}"
    produces: ['/it''s/\${{ secrets.K }}']
  - id: c
    prompt: plain \${{ inputs.framework and
      \${{ steps.zz.output }} x
  - id: d
    prompt: "\\x24{{ inputs.hidden }}"
outputs:
  o: \${{ }}
`);
  assertEquals(
    text,
    `\
error[undefined-reference]: "inputs.framwork" is not defined: there is no input "framwork"
 --> flow.yaml:7:11
  |
7 |   Use \${{ inputs.framwork }} and \${{ steps.a.output }}.
  |           ^^^^^^^^^^^^^^^
  = hint: Did you mean "framework"?

error[unavailable-reference]: "steps.a.output" is not known here: instructions are fixed before the first step
 --> flow.yaml:7:38
  |
7 |   Use \${{ inputs.framwork }} and \${{ steps.a.output }}.
  |                                      ^^^^^^^^^^^^^^
  = hint: Use inputs alone, or write it in the prompt

error[unavailable-reference]: "steps.b.output" is not known here: step "b" does not come before
  --> flow.yaml:12:21
   |
12 |       text with \${{ steps.b.output }}
   |                     ^^^^^^^^^^^^^^
   = hint: Only the output of an earlier step can be used

error[undefined-reference]: "inputs.nope" is not defined: there is no input "nope"
  --> flow.yaml:14:17
   |
14 |         and \${{ inputs.nope }}.
   |                 ^^^^^^^^^^^
   = hint: Declare it below "inputs"

error[undefined-reference]: "inputs.nope" is not defined: there is no input "nope"
  --> flow.yaml:16:32
   |
16 |     prompt: "Quoted \\"x\\"\\t\${{ inputs.nope }} and \${{
   |                                ^^^^^^^^^^^
   = hint: Declare it below "inputs"

error[undefined-reference]: "steps.a" names no value
  --> flow.yaml:17:7
   |
17 |       steps.a }}"
   |       ^^^^^^^
   = hint: Did you mean "steps.a.output"?

error[unavailable-reference]: "secrets.K" is not known here: secrets are handed to commands alone
  --> flow.yaml:18:28
   |
18 |     produces: ['/it''s/\${{ secrets.K }}']
   |                            ^^^^^^^^^
   = hint: Hand it to a run step: env: { NAME: "\${{ secrets.NAME }}" }

error[invalid-expression]: Expression "\${{" is never closed
  --> flow.yaml:20:19
   |
20 |     prompt: plain \${{ inputs.framework and
   |                   ^^^
   = hint: Close it with "}}"; a literal "\${{" is written \${{ '\${{' }}

error[undefined-reference]: "inputs.hidden" is not defined: there is no input "hidden"
  --> flow.yaml:23:13
   |
23 |     prompt: "\\x24{{ inputs.hidden }}"
   |             ^^^^^^^^^^^^^^^^^^^^^^^^^
   = hint: Declare it below "inputs"

error[invalid-expression]: The expression is empty
  --> flow.yaml:25:6
   |
25 |   o: \${{ }}
   |      ^^^^^^
   = hint: Write inputs.NAME, env.NAME, steps.ID.output or 'a text' in it
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() names the column of an expression behind an alias, where it is written", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
instructions: &text Use \${{ inputs.x }}
steps: [{ id: a, prompt: *text }]
`);
  assertEquals(
    text,
    `\
error[undefined-reference]: "inputs.x" is not defined: there is no input "x"
 --> flow.yaml:3:29
  |
3 | instructions: &text Use \${{ inputs.x }}
  |                             ^^^^^^^^
  = hint: Declare it below "inputs"
`,
  );
  assertEquals(exitCode, 2);
});

/** What is underlined of each problem, as it is printed. */
function marks(text: string): readonly string[] {
  const underlined = /^ *\d+ \| (.*)\n *\| ( *)(\^+)$/gm;
  return [...text.matchAll(underlined)].map(([, line = "", before = "", under = ""]) =>
    line.slice(before.length, before.length + under.length)
  );
}

Deno.test("compileWorkflow() marks the very part of an expression, however the text is written", async () => {
  const texts = [
    // Plain, on one line and on several.
    "prompt: a ${{ inputs.topic && inputs.bad1 || 'x' }} b",
    "prompt: a ${{ inputs.topic\n        && inputs.bad2 }} b",
    // Single quotes are written twice.
    "prompt: 'it''s ${{ contains(''a b'', ''it''''s'') && inputs.bad3 }}'",
    // Escapes of double quotes.
    'prompt: "\\t\\"x\\" ${{ \\u0027a\\x27 == inputs.bad4 }}"',
    'prompt: "${{ inputs.topic \\\n        || inputs.bad5 }}"',
    "prompt: \"${{ '\\U0001F600' == inputs.bad6 }}\"",
    // Block texts, indented further within.
    "prompt: |\n      # ${{ inputs.topic }}\n        ${{ inputs.topic ||\n          inputs.bad7 }}\n",
    "prompt: >-\n      folded\n      ${{ inputs.topic\n      || inputs.bad8 }}\n",
    "prompt: |2-\n      two ${{ inputs.bad9 }}\n",
  ];
  for (const [index, text] of texts.entries()) {
    const { text: printed } = await compiled(
      "name: w\nmodel: openai:m\ninputs: { topic: { default: x } }\nsteps:\n" +
        `  - id: a\n    ${text}\n`,
    );
    assertEquals([text, marks(printed)], [text, [`inputs.bad${index + 1}`]]);
  }
});

Deno.test("compileWorkflow() marks parts of conditions, which need no braces", async () => {
  const conditions = [
    "if: inputs.topic == 'x' && inputs.bad1",
    "if: '!contains(inputs.topic, ''a'') || inputs.bad2'",
    "if: \"inputs.topic == 'x' && inputs.bad3\"",
    "if: |\n      inputs.topic == 'x'\n      && inputs.bad4",
    "if: >-\n\n      inputs.topic &&\n      inputs.bad5",
    "if: ${{ inputs.topic && inputs.bad6 }}",
    "if: &anchor inputs.topic && inputs.bad7",
  ];
  for (const [index, text] of conditions.entries()) {
    const { text: printed } = await compiled(
      "name: w\nmodel: openai:m\ninputs: { topic: { default: x } }\n" +
        `steps:\n  - id: a\n    prompt: Go\n    ${text}\n`,
    );
    assertEquals([text, marks(printed)], [text, [`inputs.bad${index + 1}`]]);
  }
});

Deno.test("compileWorkflow() tells of a hundred wrong expressions in one text, each at its place", async () => {
  const wrong = Array.from({ length: 120 }, (_, index) => `\${{ inputs.bad${index} }}`);
  const { diagnostics } = await compiled(
    "name: w\nmodel: openai:m\nsteps:\n  - id: a\n    prompt: |\n" +
      wrong.map((text) => `      ${text}\n`).join(""),
  );
  assertEquals(
    diagnostics.map(({ code, place }) => [code, place?.line, place?.column] as const),
    wrong.slice(0, 100).map((_, index) => ["undefined-reference", 6 + index, 11] as const),
  );
});
