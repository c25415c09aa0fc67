import { assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";

Deno.test("compileWorkflow() asks for default() where a step need not have run", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
inputs: { deep: { type: boolean, default: false } }
steps:
  - { id: lint, run: make lint, continue_on_error: true }
  - { id: look, prompt: Look, if: inputs.deep }
  - { id: sum, prompt: "\${{ steps.look.output }}, \${{ steps.lint.outputs.exit_code }}" }
  - { id: fine, prompt: "\${{ default(steps.look.output, '-') }}, \${{ steps.look.status }}" }
  - { id: clean, prompt: "\${{ steps.sum.output }}", if: always() }
  - { id: blame, prompt: "\${{ steps.sum.status }}", if: failure() && steps.sum.output }
  - { id: any, prompt: "\${{ steps.sum.output }}", if: success() || inputs.deep }
  - { id: go, prompt: "\${{ steps.sum.output }}", if: inputs.deep && success() }
outputs:
  a: \${{ steps.look.output }}
  b: \${{ steps.sum.output }}
`,
  );
  assertEquals(
    text,
    `\
error[unavailable-reference]: "steps.look.output" is not known here: step "look" has an "if", and need not have run
 --> flow.yaml:7:29
  |
7 |   - { id: sum, prompt: "\${{ steps.look.output }}, \${{ steps.lint.outputs.exit_code }}" }
  |                             ^^^^^^^^^^^^^^^^^
  = hint: Write default(steps.look.output, '...')

error[unavailable-reference]: "steps.sum.output" is not known here: after a failure, step "sum" need not have run
 --> flow.yaml:9:31
  |
9 |   - { id: clean, prompt: "\${{ steps.sum.output }}", if: always() }
  |                               ^^^^^^^^^^^^^^^^
  = hint: Write default(steps.sum.output, '...')

error[unavailable-reference]: "steps.sum.output" is not known here: after a failure, step "sum" need not have run
  --> flow.yaml:10:70
   |
10 |   - { id: blame, prompt: "\${{ steps.sum.status }}", if: failure() && steps.sum.output }
   |                                                                      ^^^^^^^^^^^^^^^^
   = hint: Write default(steps.sum.output, '...')

error[unavailable-reference]: "steps.sum.output" is not known here: after a failure, step "sum" need not have run
  --> flow.yaml:11:29
   |
11 |   - { id: any, prompt: "\${{ steps.sum.output }}", if: success() || inputs.deep }
   |                             ^^^^^^^^^^^^^^^^
   = hint: Write default(steps.sum.output, '...')

error[unavailable-reference]: "steps.look.output" is not known here: step "look" has an "if", and need not have run
  --> flow.yaml:14:10
   |
14 |   a: \${{ steps.look.output }}
   |          ^^^^^^^^^^^^^^^^^
   = hint: Write default(steps.look.output, '...')
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() knows what comes before the steps that run at the end, and whether it ran", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
steps:
  - { id: a, prompt: Go }
  - { id: b, prompt: "\${{ steps.end.output }}" }
outputs: { c: "\${{ steps.end.output }}" }
on_success:
  - { id: end, prompt: "\${{ steps.a.output }} \${{ steps.last.output }}" }
  - { id: last, prompt: "\${{ steps.end.output }}" }
on_failure:
  - { id: why, prompt: "\${{ steps.a.output }} \${{ steps.a.status }}" }
  - { id: then, prompt: "\${{ default(steps.a.output, '') }} \${{ steps.end.status }}" }
`,
  );
  assertEquals(
    text,
    `\
error[unavailable-reference]: "steps.end.output" is not known here: step "end" does not come before
 --> flow.yaml:5:27
  |
5 |   - { id: b, prompt: "\${{ steps.end.output }}" }
  |                           ^^^^^^^^^^^^^^^^
  = hint: Only the output of an earlier step can be used

error[unavailable-reference]: "steps.end.output" is not known here: step "end" does not come before
 --> flow.yaml:6:20
  |
6 | outputs: { c: "\${{ steps.end.output }}" }
  |                    ^^^^^^^^^^^^^^^^
  = hint: Only the output of an earlier step can be used

error[unavailable-reference]: "steps.last.output" is not known here: step "last" does not come before
 --> flow.yaml:8:51
  |
8 |   - { id: end, prompt: "\${{ steps.a.output }} \${{ steps.last.output }}" }
  |                                                   ^^^^^^^^^^^^^^^^^
  = hint: Only the output of an earlier step can be used

error[unavailable-reference]: "steps.a.output" is not known here: after a failure, step "a" need not have run
  --> flow.yaml:11:29
   |
11 |   - { id: why, prompt: "\${{ steps.a.output }} \${{ steps.a.status }}" }
   |                             ^^^^^^^^^^^^^^
   = hint: Write default(steps.a.output, '...')

error[unavailable-reference]: "steps.end.status" is not known here: step "end" does not come before
  --> flow.yaml:12:65
   |
12 |   - { id: then, prompt: "\${{ default(steps.a.output, '') }} \${{ steps.end.status }}" }
   |                                                                 ^^^^^^^^^^^^^^^^
   = hint: Only the output of an earlier step can be used
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() says what is not an expression, and that always() is for conditions", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
inputs: { deep: { type: boolean, default: false } }
steps:
  - { id: a, prompt: "\${{ always() }}", if: "\${{ inputs.deep }} == true" }
  - { id: b, prompt: Go, if: inputs.deep == }
  - { id: c, prompt: Go, if: inputs.depth }
  - { id: d, prompt: Go, if: steps.a.outputs.exit_code }
  - { id: e, prompt: Go, if: "steps.e.status == 'success'" }
  - { id: f, prompt: Go, foreach: [a, b], if: "item == 'a'" }
`,
  );
  assertEquals(
    text,
    `\
error[unavailable-reference]: "always()" is for the "if" of a step alone
 --> flow.yaml:5:27
  |
5 |   - { id: a, prompt: "\${{ always() }}", if: "\${{ inputs.deep }} == true" }
  |                           ^^^^^^^^
  = hint: Ask for steps.ID.status instead

error[invalid-expression]: After the expression there is more
 --> flow.yaml:5:65
  |
5 |   - { id: a, prompt: "\${{ always() }}", if: "\${{ inputs.deep }} == true" }
  |                                                                 ^^^^^^^
  = hint: Put all of it into one: \${{ a && b }}, or a && b

error[invalid-expression]: After "==" something is missing
 --> flow.yaml:6:42
  |
6 |   - { id: b, prompt: Go, if: inputs.deep == }
  |                                          ^^
  = hint: Write it as in GitHub Actions: \${{ inputs.topic }}

error[undefined-reference]: "inputs.depth" is not defined: there is no input "depth"
 --> flow.yaml:7:30
  |
7 |   - { id: c, prompt: Go, if: inputs.depth }
  |                              ^^^^^^^^^^^^
  = hint: Declare it below "inputs"

error[unavailable-reference]: "steps.a.outputs.exit_code" is not known here: step "a" has an "if", and need not have run
 --> flow.yaml:8:30
  |
8 |   - { id: d, prompt: Go, if: steps.a.outputs.exit_code }
  |                              ^^^^^^^^^^^^^^^^^^^^^^^^^
  = hint: Write default(steps.a.outputs.exit_code, '...')

error[unavailable-reference]: "steps.e.status" is not known here: a step does not know how it ends itself
 --> flow.yaml:9:31
  |
9 |   - { id: e, prompt: Go, if: "steps.e.status == 'success'" }
  |                               ^^^^^^^^^^^^^^
  = hint: Name a step that comes before

error[unavailable-reference]: "item" is not known here: the "if" of a step is asked once, and not for each item
  --> flow.yaml:10:48
   |
10 |   - { id: f, prompt: Go, foreach: [a, b], if: "item == 'a'" }
   |                                                ^^^^
   = hint: Leave out of the list what is not wanted
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() says whom to wait for where a step is not known to have ended", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
steps:
  - { id: a, prompt: Go }
  - { id: b, prompt: "\${{ steps.c.output }} \${{ steps.d.status }}", needs: [a] }
  - { id: c, prompt: "\${{ steps.a.output }}" }
  - { id: d, prompt: "\${{ steps.a.output }}", needs: [b] }
  - { id: e, prompt: "\${{ steps.bb.output }} \${{ steps.aa.output }}", needs: [d] }
`,
  );
  assertEquals(
    text,
    `\
error[unavailable-reference]: "steps.c.output" is not known here: this step does not wait for "c"
 --> flow.yaml:5:27
  |
5 |   - { id: b, prompt: "\${{ steps.c.output }} \${{ steps.d.status }}", needs: [a] }
  |                           ^^^^^^^^^^^^^^
  = hint: Add it: needs: [a, c]

error[unavailable-reference]: "steps.d.status" is not known here: step "d" waits for this one
 --> flow.yaml:5:49
  |
5 |   - { id: b, prompt: "\${{ steps.c.output }} \${{ steps.d.status }}", needs: [a] }
  |                                                 ^^^^^^^^^^^^^^
  = hint: Let this step need that one, and not the other way round

error[unavailable-reference]: "steps.a.output" is not known here: this step does not wait for "a"
 --> flow.yaml:6:27
  |
6 |   - { id: c, prompt: "\${{ steps.a.output }}" }
  |                           ^^^^^^^^^^^^^^
  = hint: Add it: needs: [a]

error[undefined-reference]: "steps.bb.output" is not defined: there is no step "bb"
 --> flow.yaml:8:27
  |
8 |   - { id: e, prompt: "\${{ steps.bb.output }} \${{ steps.aa.output }}", needs: [d] }
  |                           ^^^^^^^^^^^^^^^
  = hint: The steps are a, b, c, d, e

error[undefined-reference]: "steps.aa.output" is not defined: there is no step "aa"
 --> flow.yaml:8:50
  |
8 |   - { id: e, prompt: "\${{ steps.bb.output }} \${{ steps.aa.output }}", needs: [d] }
  |                                                  ^^^^^^^^^^^^^^^
  = hint: The steps are a, b, c, d, e
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() knows the types of what steps put out", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
steps:
  - { id: ask, prompt: Go, output: { schema: { type: object, properties: { title: { type: string } } } } }
  - { id: say, prompt: "\${{ steps.ask.outputs.title }} \${{ steps.ask.outputs.titel }}" }
  - { id: run, run: ls, output: { schema: { type: object, properties: { size: { type: number } } } } }
  - id: all
    prompt: |
      \${{ steps.run.outputs.size }} \${{ steps.run.outputs.exit_code }} \${{ steps.run.outputs.stderr }}
      \${{ steps.run.outputs.exitcode }} \${{ steps.run.outputs.weight }} \${{ steps.say.outputs.any }}
  - { id: zero, prompt: Go, if: "steps.run.outputs.exit_code == 'zero'" }
`,
  );
  assertEquals(
    text,
    `\
error[undefined-reference]: "steps.ask.outputs.titel" is not defined: there is no output "titel"
 --> flow.yaml:5:60
  |
5 |   - { id: say, prompt: "\${{ steps.ask.outputs.title }} \${{ steps.ask.outputs.titel }}" }
  |                                                            ^^^^^^^^^^^^^^^^^^^^^^^
  = hint: Did you mean "title"?

error[undefined-reference]: "steps.run.outputs.exitcode" is not defined: there is no output "exitcode"
  --> flow.yaml:10:11
   |
10 |       \${{ steps.run.outputs.exitcode }} \${{ steps.run.outputs.weight }} \${{ steps.say.outputs.any }}
   |           ^^^^^^^^^^^^^^^^^^^^^^^^^^
   = hint: Did you mean "exit_code"?

error[undefined-reference]: "steps.run.outputs.weight" is not defined: there is no output "weight"
  --> flow.yaml:10:45
   |
10 |       \${{ steps.run.outputs.exitcode }} \${{ steps.run.outputs.weight }} \${{ steps.say.outputs.any }}
   |                                             ^^^^^^^^^^^^^^^^^^^^^^^^
   = hint: The schema has no such property: add it there, or leave it out here

error[undefined-reference]: "steps.say.outputs.any" is not defined: there is no output "any"
  --> flow.yaml:10:77
   |
10 |       \${{ steps.run.outputs.exitcode }} \${{ steps.run.outputs.weight }} \${{ steps.say.outputs.any }}
   |                                                                             ^^^^^^^^^^^^^^^^^^^^^
   = hint: Say at that step what it has: output: { schema: ... }

error[expression-type]: A number is never 'zero': a text is compared as a number with what is no text
  --> flow.yaml:11:34
   |
11 |   - { id: zero, prompt: Go, if: "steps.run.outputs.exit_code == 'zero'" }
   |                                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   = hint: Use the value for what it is, or turn it into another with fromJSON, toJSON or join
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() keeps conditions parsed, and whether they ask for the status", async () => {
  const { plan, text } = await compiled(`\
name: w
model: openai:m
inputs: { deep: { type: boolean, default: false } }
steps:
  - { id: a, prompt: Go, if: "\${{ inputs.deep }}" }
  - { id: b, prompt: Go, if: false }
  - { id: c, prompt: Go, if: "failure() || steps.a.status == 'success'" }
`);
  assertEquals(text, "");
  const conditions = plan?.steps.map((step) => step.if) ?? [];
  assertEquals(conditions.map((each) => [each?.expression.source, each?.asksStatus]), [
    ["inputs.deep", false],
    ["false", false],
    ["failure() || steps.a.status == 'success'", true],
  ]);
  assertEquals(conditions[1]?.expression.expression, { type: "literal", value: false });
  assertEquals(conditions[2]?.place, { file: "flow.yaml", line: 7, column: 30 });
});

Deno.test("compileWorkflow() knows how a step can have ended, and what a choice can be", async () => {
  const { text } = await compiled(
    `\
name: w
inputs: { tone: { type: choice, options: [kind, short], default: kind } }
steps:
  - { id: a, run: echo a, continue_on_error: true }
  - { id: b, run: echo b, if: steps.a.status == 'failed' }
  - { id: c, run: echo c, if: inputs.tone == 'long' }
  - { id: d, run: echo d, if: steps.a.status == 'failure' || inputs.tone == 'short' }
`,
  );
  assertEquals(
    text,
    `\
error[expression-type]: "steps.a.status" is never 'failed'
 --> flow.yaml:5:49
  |
5 |   - { id: b, run: echo b, if: steps.a.status == 'failed' }
  |                                                 ^^^^^^^^
  = hint: It is 'success', 'failure' or 'skipped'

error[expression-type]: "inputs.tone" is never 'long'
 --> flow.yaml:6:46
  |
6 |   - { id: c, run: echo c, if: inputs.tone == 'long' }
  |                                              ^^^^^^
  = hint: It is 'kind' or 'short'
`,
  );
});

Deno.test("compileWorkflow() asks for no model on account of a step that says nothing", async () => {
  const steps = ["{ id: a }", "echo a", "{ id: a, rnu: echo }"];
  for (const step of steps) {
    const { text } = await compiled(`name: w\nsteps:\n  - ${step}\n`);
    assertEquals([step, text.match(/^error\[.*$/gm)?.length], [step, 1]);
  }
  const { text } = await compiled("name: w\nsteps:\n  - { id: a, prompt: Do it }\n");
  assertEquals(text.split("\n", 1), ['error[missing-key]: Missing workflow key "model"']);
});

Deno.test("compileWorkflow() names the outputs of a step whose schema says them", async () => {
  const schema = "{ type: object, properties: { title: { type: string } } }";
  const { text } = await compiled(`\
name: w
model: openai:m
steps:
  - { id: a, run: echo a, output: { schema: ${schema} } }
  - { id: b, prompt: Go, output: { schema: ${schema} } }
  - { id: c, run: echo c }
  - { id: d, prompt: "\${{ steps.a.outputs.name }}\${{ steps.b.outputs.name }}\${{ steps.c.outputs.name }}" }
`);
  assertEquals(text.match(/(?<=hint: ).*$/gm), [
    "The schema has no such property: add it there, or leave it out here",
    "The schema has no such property: add it there, or leave it out here",
    "Say at that step what it has: output: { schema: ... }",
  ]);
});
