import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseTemplate, referenceText, renderTemplate } from "../../runner/expressions.ts";
import { compiled } from "./_compiled.ts";

const framework = { type: "reference", names: ["inputs", "framework"] } as const;
const notes = { type: "reference", names: ["steps", "my-notes", "output"] } as const;

Deno.test("parseTemplate() finds references and leaves the rest as it is", () => {
  const text = "A ${{ inputs.framework }} app; ${{steps.my-notes.output}}.";
  const { template, references, problems } = parseTemplate(text);
  assertEquals(template, ["A ", framework, " app; ", notes, "."]);
  assertEquals(references, [
    { reference: framework, offset: 6, length: 16, opening: 2 },
    { reference: notes, offset: 34, length: 21, opening: 31 },
  ]);
  assertEquals(problems, []);
  assertEquals(references.map(({ reference }) => referenceText(reference)), [
    "inputs.framework",
    "steps.my-notes.output",
  ]);
});

Deno.test("parseTemplate() leaves braces of other languages alone", () => {
  for (const text of ["{{ user.name }}", "${HOME}", "$ { {", "{% if %}", "$$", "}}", ""]) {
    assertEquals(parseTemplate(text), {
      template: text === "" ? [] : [text],
      references: [],
      problems: [],
    });
  }
});

Deno.test("parseTemplate() reads texts in quotes, which is how an opening is written", () => {
  assertEquals(parseTemplate("Write ${{ '${{' }} x }}").template, ["Write ${{ x }}"]);
  assertEquals(parseTemplate("${{ '}} it''s ${{' }}").template, ["}} it's ${{"]);
  assertEquals(parseTemplate("costs $${{ inputs.framework }}").template, ["costs $", framework]);
});

Deno.test("parseTemplate() says what is wrong, where, and goes on", () => {
  const cases: [string, string, number, number][] = [
    ["a ${{ }} b", "The expression is empty", 2, 6],
    ["${{ inputs }}", '"inputs" is not an expression', 4, 6],
    ["${{ inputs.a.b }}", '"inputs.a.b" is not an expression', 4, 10],
    ["${{ steps.a }}", '"steps.a" names no value', 4, 7],
    ["${{ steps.a.outputs.x }}", '"steps.a.outputs.x" names no value', 4, 17],
    ["${{ secrets.KEY }}", '"secrets" is not supported in expressions', 4, 11],
    ["${{ inputs.a || 'b' }}", "\"inputs.a || 'b'\" is not an expression", 4, 15],
    ["x ${{ inputs.a", 'Expression "${{" is never closed', 2, 3],
    ["${{ inputs.a ${{ inputs.b }}", 'Expression "${{" is never closed', 0, 3],
    ["${{ 'open }}", '"\'open" is not an expression', 4, 5],
  ];
  for (const [text, message, offset, length] of cases) {
    const { problems } = parseTemplate(text);
    const [problem] = problems;
    assertEquals([problem?.message, problem?.offset, problem?.length], [message, offset, length]);
  }
  const { template, problems } = parseTemplate("${{ nope }} and ${{ inputs.framework }}");
  assertEquals([template, problems.length], [[" and ", framework], 1]);
});

Deno.test("parseTemplate() never throws, and keeps every text without an opening", () => {
  const part = fc.constantFrom("${{", "}}", "'", "inputs.a", "steps.b.output", " ", "$", "x");
  const text = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(fc.property(text, (text) => {
    const { template, references, problems } = parseTemplate(text);
    if (!text.includes("${{")) assertEquals(template, text === "" ? [] : [text]);
    for (const { offset, length } of [...references, ...problems]) {
      assertEquals(offset >= 0 && length > 0 && offset + length <= text.length, true);
    }
  }));
});

Deno.test("renderTemplate() puts values in, once", () => {
  const { template } = parseTemplate("${{ inputs.framework }}/${{ steps.my-notes.output }}");
  const values = {
    inputs: { framework: "${{ steps.my-notes.output }}" },
    outputs: { "my-notes": "done" },
  };
  assertEquals(renderTemplate(template, values), "${{ steps.my-notes.output }}/done");
  const { template: numbers } = parseTemplate("${{ inputs.n }} ${{ inputs.b }}");
  assertEquals(renderTemplate(numbers, { inputs: { n: 0, b: false }, outputs: {} }), "0 false");
});

Deno.test("renderTemplate() refuses what has no value, and what objects have by nature", () => {
  for (const name of ["missing", "constructor"]) {
    const { template } = parseTemplate(`\${{ inputs.${name} }}`);
    assertThrows(
      () => renderTemplate(template, { inputs: {}, outputs: {} }),
      ReferenceError,
      `Nothing is known of 'inputs.${name}'`,
    );
  }
});

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

error[undefined-reference]: "steps.a.output" is not known here
 --> flow.yaml:7:38
  |
7 |   Use \${{ inputs.framwork }} and \${{ steps.a.output }}.
  |                                      ^^^^^^^^^^^^^^
  = hint: Instructions are fixed before the first step: use inputs alone

error[undefined-reference]: "steps.b.output" is not known here: step "b" does not come before
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

error[invalid-expression]: "steps.a" names no value
  --> flow.yaml:16:51
   |
16 |     prompt: "Quoted \\"x\\"\\t\${{ inputs.nope }} and \${{
   |                                                   ^^^
   = hint: Did you mean "steps.a.output"?

error[invalid-expression]: "secrets" is not supported in expressions
  --> flow.yaml:18:28
   |
18 |     produces: ['/it''s/\${{ secrets.K }}']
   |                            ^^^^^^^^^
   = hint: An expression is inputs.NAME, steps.ID.output or 'a text'

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
   = hint: An expression is inputs.NAME, steps.ID.output or 'a text'
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
