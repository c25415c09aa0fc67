import { assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";

Deno.test("compileWorkflow() refuses steps that need later steps, themselves or none that there is", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
steps:
  - { id: first, prompt: Go, needs: [second, first, third] }
  - { id: second, prompt: Go, needs: frist }
`);
  assertEquals(
    text,
    `\
error[circular-needs]: A step needs itself: first -> first
 --> flow.yaml:4:46
  |
4 |   - { id: first, prompt: Go, needs: [second, first, third] }
  |                                              ^^^^^
  = hint: Take it out

error[unknown-step]: There is no step "third"
 --> flow.yaml:4:53
  |
4 |   - { id: first, prompt: Go, needs: [second, first, third] }
  |                                                     ^^^^^
  = hint: Name one of the steps of this file

error[unknown-step]: There is no step "frist"
 --> flow.yaml:5:38
  |
5 |   - { id: second, prompt: Go, needs: frist }
  |                                      ^^^^^
  = hint: Did you mean "first"?
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses ids that are no names or not unique", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
steps:
  - { id: a, prompt: Go }
  - { id: a, prompt: Go }
  - { id: 1x, prompt: Go }
  - { id: __proto__, prompt: Go }
outputs: { "a b": x }
`);
  assertEquals(
    text,
    `\
error[duplicate-step]: There is a step "a" already
 --> flow.yaml:5:11
  |
5 |   - { id: a, prompt: Go }
  |           ^
  = hint: Give each step an id of its own

error[invalid-name]: "1x" cannot be a step's id
 --> flow.yaml:6:11
  |
6 |   - { id: 1x, prompt: Go }
  |           ^^
  = hint: Use letters, digits, _ and -, and begin with a letter

error[invalid-name]: "__proto__" cannot be a step's id
 --> flow.yaml:7:11
  |
7 |   - { id: __proto__, prompt: Go }
  |           ^^^^^^^^^
  = hint: Use letters, digits, _ and -, and begin with a letter

error[invalid-name]: "a b" cannot be an output's name
 --> flow.yaml:8:12
  |
8 | outputs: { "a b": x }
  |            ^^^^^
  = hint: Use letters, digits, _ and -, and begin with a letter
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses expressions where they would be plain text", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:\${{ inputs.m }}
inputs: { m: { default: x } }
backends: { disk: { type: local, root: "./\${{ inputs.m }}" } }
default: disk
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[expression-not-allowed]: Expressions are not evaluated here
 --> flow.yaml:2:8
  |
2 | model: openai:\${{ inputs.m }}
  |        ^^^^^^^^^^^^^^^^^^^^^^
  = hint: They are in prompts, instructions, env, if, foreach, with, produces, assert, outputs and the path of artifacts

error[unknown-model]: Model "openai:\${{ inputs.m }}" is not known
 --> flow.yaml:2:8
  |
2 | model: openai:\${{ inputs.m }}
  |        ^^^^^^^^^^^^^^^^^^^^^^
  = hint: A model is written openai:NAME; base_url points it at any compatible server

error[expression-not-allowed]: Expressions are not evaluated here
 --> flow.yaml:4:40
  |
4 | backends: { disk: { type: local, root: "./\${{ inputs.m }}" } }
  |                                        ^^^^^^^^^^^^^^^^^^^
  = hint: They are in prompts, instructions, env, if, foreach, with, produces, assert, outputs and the path of artifacts
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() says what is wrong with each check of a step", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
backends: { src: { type: local, root: ./src, access: read } }
routes: { /src/: src }
steps:
  - id: a
    prompt: Go
    produces: [relative.txt, /src/x.py, /out/, /, /src]
    assert:
      - { file: /a }
      - { contains: x }
      - { file: /a, contains: x, equals: y }
      - { file: /a, matches: "(" }
      - { exists: /a, file: /b }
      - { exists: ../a }
      - {}
`,
    { files: { "src/x.py": "" } },
  );
  assertEquals(
    text,
    `\
error[invalid-path]: Path 'relative.txt' is not absolute: use '/relative.txt'
 --> flow.yaml:8:16
  |
8 |     produces: [relative.txt, /src/x.py, /out/, /, /src]
  |                ^^^^^^^^^^^^
  = hint: Write a path of the tree from its root: /project/report.md

error[not-writable]: "/src/x.py" can only be read, so no step produces it
 --> flow.yaml:8:30
  |
8 |     produces: [relative.txt, /src/x.py, /out/, /, /src]
  |                              ^^^^^^^^^
  = hint: Route "/src/" has access: read

error[invalid-path]: "/out/" is a directory
 --> flow.yaml:8:41
  |
8 |     produces: [relative.txt, /src/x.py, /out/, /, /src]
  |                                         ^^^^^
  = hint: Name the files that the step produces

error[invalid-path]: "/" is a directory
 --> flow.yaml:8:48
  |
8 |     produces: [relative.txt, /src/x.py, /out/, /, /src]
  |                                                ^
  = hint: Name the files that the step produces

error[invalid-path]: "/src" is a directory
 --> flow.yaml:8:51
  |
8 |     produces: [relative.txt, /src/x.py, /out/, /, /src]
  |                                                   ^^^^
  = hint: Name the files that the step produces

error[missing-key]: The assertion says nothing
  --> flow.yaml:10:9
   |
10 |       - { file: /a }
   |         ^^^^^^^^^^^^
   = hint: Add one of contains, not_contains, matches, equals, is_json, json_schema, size, lines; that a file is there is { exists: PATH }

error[missing-key]: Missing assertion key "file"
  --> flow.yaml:11:9
   |
11 |       - { contains: x }
   |         ^^^^^^^^^^^^^^^
   = hint: Write { file: PATH, contains: ... }

error[invalid-value]: The assertion has "contains" and "equals"
  --> flow.yaml:12:34
   |
12 |       - { file: /a, contains: x, equals: y }
   |                                  ^^^^^^
   = hint: Write one assertion for each

error[invalid-pattern]: The pattern cannot be read: missing closing ): \`(\`
  --> flow.yaml:13:30
   |
13 |       - { file: /a, matches: "(" }
   |                              ^^^
   = hint: It is RE2 syntax: no look-around and no back-references

error[invalid-value]: "exists" names its path itself
  --> flow.yaml:14:23
   |
14 |       - { exists: /a, file: /b }
   |                       ^^^^
   = hint: Write { exists: PATH }

error[invalid-path]: Path '../a' is not absolute: use '/../a'
  --> flow.yaml:15:19
   |
15 |       - { exists: ../a }
   |                   ^^^^
   = hint: Write a path of the tree from its root: /project/report.md

error[missing-key]: The assertion says nothing
  --> flow.yaml:16:9
   |
16 |       - {}
   |         ^^
   = hint: Write { file: PATH, contains: TEXT } or { exists: PATH }
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() says what a comma does to a text in braces", async () => {
  const { text } = await compiled(`\
name: w
steps:
  - { id: a, run: echo one, two, three, env: { A: x, y z, B: q } }
  - { id: b, run: echo, tow }
`);
  const told = text.split("\n").filter((line) => /^error|hint/.test(line.trim()));
  assertEquals(told.map((line) => line.trim()), [
    'error[unknown-key]: Unknown step key "two"',
    '= hint: A comma ends a text in { }: put quotes around all of it, run: "echo one, two, three"',
    'error[unknown-key]: Unknown step key "three"',
    '= hint: A comma ends a text in { }: put quotes around all of it, run: "echo one, two, three"',
    'error[wrong-type]: Expected a text for "y z", found nothing',
    '= hint: A comma ends a text in { }: put quotes around all of it, A: "x, y z"',
    'error[unknown-key]: Unknown step key "tow"',
    '= hint: A comma ends a text in { }: put quotes around all of it, run: "echo, tow"',
  ]);
});
