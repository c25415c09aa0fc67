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

Deno.test("compileWorkflow() evaluates expressions in these places, and refuses them in all others", async () => {
  const places: [yaml: string, hint: string | undefined][] = [
    ["instructions: On ${{ inputs.x }}", undefined],
    ["env: { A: '${{ inputs.x }}' }", undefined],
    ["outputs: { o: '${{ inputs.x }}' }", undefined],
    ["description: On ${{ inputs.x }}", undefined],
    ["on_failure: [{ id: f, prompt: 'On ${{ inputs.x }}' }]", undefined],
    ["on_success: [{ id: f, instructions: '${{ inputs.x }}', prompt: Go }]", undefined],
    ["timeout: ${{ inputs.x }}", PLACES],
    ["secrets: ['${{ inputs.x }}']", PLACES],
    ["permissions: { net: ['${{ inputs.x }}'] }", PLACES],
    ["on_failure: [{ id: '${{ inputs.x }}', prompt: Go }]", PLACES],
  ];
  const ofSteps: [yaml: string, hint: string | undefined][] = [
    ["prompt: On ${{ inputs.x }}", undefined],
    ["prompt: Go\n    instructions: On ${{ inputs.x }}", undefined],
    ["prompt: Go\n    if: ${{ inputs.x }}", undefined],
    ["prompt: Go\n    foreach: ${{ fromJSON(inputs.x) }}", undefined],
    ["prompt: Go\n    foreach: { items: '${{ fromJSON(inputs.x) }}' }", undefined],
    ["prompt: Go\n    produces: ['/${{ inputs.x }}']", undefined],
    [
      "prompt: Go\n    assert: [{ file: '/${{ inputs.x }}', contains: '${{ inputs.x }}' }]",
      undefined,
    ],
    ["prompt: Go\n    assert: [{ exists: '/${{ inputs.x }}' }]", undefined],
    ["prompt: Go\n    assert: [{ judge: 'Is it ${{ inputs.x }}?' }]", undefined],
    ["run: ls\n    env: { A: '${{ inputs.x }}' }", undefined],
    ["prompt: Go\n    name: On ${{ inputs.x }}", PLACES],
    ["prompt: Go\n    timeout: ${{ inputs.x }}", PLACES],
    [
      "prompt: Go\n    foreach: ['${{ inputs.x }}']",
      "A list of foreach is fixed: give it one expression that makes the list, such as fromJSON(...)",
    ],
    [
      "run: ls\n    cwd: /${{ inputs.x }}",
      'The directory is fixed before the run: change it in the script, cd "$DIRECTORY"',
    ],
    [
      "prompt: Go\n    model: openai:${{ inputs.x }}",
      "The model is fixed before the run: choose between two steps with if",
    ],
  ];
  const cases = [
    ...places.map(([yaml, hint]) => [`${yaml}\nsteps:\n  - { id: a, prompt: Go }`, hint] as const),
    ...ofSteps.map(([yaml, hint]) => [`steps:\n  - id: a\n    ${yaml}`, hint] as const),
  ];
  for (const [yaml, hint] of cases) {
    const { diagnostics } = await compiled(
      `name: w\nmodel: openai:m\nshell: virtual\ninputs: { x: { default: '[]' } }\n${yaml}\n`,
    );
    const found = diagnostics.filter(({ code }) => code === "expression-not-allowed");
    assertEquals([yaml, found.map((each) => each.hint)], [yaml, hint === undefined ? [] : [hint]]);
  }
});

const PLACES =
  "They are in prompts, instructions, env, if, foreach, with, produces, assert, outputs " +
  "and the path of artifacts";

Deno.test("compileWorkflow() refuses expressions in commands of checks too", async () => {
  const { text } = await compiled(
    "name: w\nmodel: openai:m\nshell: virtual\ninputs: { x: { default: a } }\nsteps:\n" +
      "  - id: a\n    prompt: Go\n    assert: [{ run: 'grep ${{ inputs.x }} /f' }]\n",
  );
  assertEquals(marks(text), ["${{ inputs.x }}"]);
  assertEquals(text.startsWith("error[expression-in-command]"), true);
});

Deno.test("compileWorkflow() knows paths that are made of inputs alone, functions included", async () => {
  const { plan, text } = await compiled(`name: w
model: openai:m
inputs:
  dir: { default: /out/../site }
  loud: { type: boolean, default: true }
steps:
  - id: a
    prompt: Go
    produces:
      - \${{ inputs.dir }}/\${{ inputs.loud && 'A' || 'b' }}.txt
      - \${{ format('/{0}/{1}', join(fromJSON('["x", "y"]'), '/'), run.id) }}
      - /\${{ hashFiles('/a') }}
`);
  assertEquals(text, "");
  const paths = plan?.steps[0]?.produces.map(({ path }) => path);
  assertEquals(paths?.[0], ["/site/A.txt"]);
  assertEquals(paths?.[1]?.map((part) => typeof part), ["object"]);
  assertEquals(paths?.[2]?.map((part) => typeof part), ["string", "object"]);
});
