import { assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";

Deno.test("compileWorkflow() says which keys go with which kind of step", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
steps:
  - { id: a, prompt: Go, cwd: /x, env: { A: b }, with: { n: 1 } }
  - { id: b, run: ls, session: new, model: openai:x, instructions: Hi, tools: {}, budget: {}, with: {} }
  - { id: c, uses: ./c.yaml, cwd: /x, env: {}, output: { schema: true }, session: new, retry: { feedback: true } }
  - { id: d, prompt: Go, run: ls, uses: ./c.yaml }
  - { id: e, name: Nothing }
  - { id: f, prompt: Go, model: gpt-4.1 }
`,
    { files: { "c.yaml": "name: c\nmodel: openai:m\nsteps: [{ id: a, prompt: Go }]\n" } },
  );
  assertEquals(
    text,
    `\
error[misplaced-key]: Step key "cwd" is for a command
 --> flow.yaml:4:26
  |
4 |   - { id: a, prompt: Go, cwd: /x, env: { A: b }, with: { n: 1 } }
  |                          ^^^
  = hint: Say in the prompt where to work

error[misplaced-key]: Step key "env" is for a command
 --> flow.yaml:4:35
  |
4 |   - { id: a, prompt: Go, cwd: /x, env: { A: b }, with: { n: 1 } }
  |                                   ^^^
  = hint: A prompt has expressions of its own: \${{ inputs.NAME }}

error[misplaced-key]: Step key "with" is for a workflow that is used
 --> flow.yaml:4:50
  |
4 |   - { id: a, prompt: Go, cwd: /x, env: { A: b }, with: { n: 1 } }
  |                                                  ^^^^
  = hint: A prompt has expressions of its own: \${{ inputs.NAME }}

error[misplaced-key]: Step key "session" is for a prompt
 --> flow.yaml:5:23
  |
5 |   - { id: b, run: ls, session: new, model: openai:x, instructions: Hi, tools: {}, budget: {}, with: …
  |                       ^^^^^^^
  = hint: A command asks no model: leave it out

error[misplaced-key]: Step key "model" is for a prompt
 --> flow.yaml:5:37
  |
5 |   - { id: b, run: ls, session: new, model: openai:x, instructions: Hi, tools: {}, budget: {}, with: …
  |                                     ^^^^^
  = hint: A command asks no model: leave it out

error[misplaced-key]: Step key "instructions" is for a prompt
 --> flow.yaml:5:54
  |
5 | … { id: b, run: ls, session: new, model: openai:x, instructions: Hi, tools: {}, budget: {}, with: {} …
  |                                                    ^^^^^^^^^^^^
  = hint: A command asks no model: leave it out

error[misplaced-key]: Step key "tools" is for a prompt
 --> flow.yaml:5:72
  |
5 | …{ id: b, run: ls, session: new, model: openai:x, instructions: Hi, tools: {}, budget: {}, with: {} }
  |                                                                     ^^^^^
  = hint: Rules for commands are those at the top of the file

error[misplaced-key]: Step key "budget" is for a prompt
 --> flow.yaml:5:83
  |
5 | …{ id: b, run: ls, session: new, model: openai:x, instructions: Hi, tools: {}, budget: {}, with: {} }
  |                                                                                ^^^^^^
  = hint: A command asks no model: leave it out

error[misplaced-key]: Step key "with" is for a workflow that is used
 --> flow.yaml:5:95
  |
5 | …{ id: b, run: ls, session: new, model: openai:x, instructions: Hi, tools: {}, budget: {}, with: {} }
  |                                                                                            ^^^^
  = hint: Hand values over in "env"

error[misplaced-key]: Step key "cwd" is for a command
 --> flow.yaml:6:30
  |
6 |   - { id: c, uses: ./c.yaml, cwd: /x, env: {}, output: { schema: true }, session: new, retry: { feed…
  |                              ^^^
  = hint: The steps of the workflow that is used have their own: write it there

error[misplaced-key]: Step key "env" is for a command
 --> flow.yaml:6:39
  |
6 |   - { id: c, uses: ./c.yaml, cwd: /x, env: {}, output: { schema: true }, session: new, retry: { feed…
  |                                       ^^^
  = hint: Hand values over as inputs: with: { NAME: value }

error[misplaced-key]: Step key "output" is for a prompt or a command
 --> flow.yaml:6:48
  |
6 |   - { id: c, uses: ./c.yaml, cwd: /x, env: {}, output: { schema: true }, session: new, retry: { feed…
  |                                                ^^^^^^
  = hint: The workflow that is used says what it hands back, with "outputs"

error[wrong-type]: Expected a text or a map for "schema", found the boolean true
 --> flow.yaml:6:66
  |
6 | …ses: ./c.yaml, cwd: /x, env: {}, output: { schema: true }, session: new, retry: { feedback: true } }
  |                                                     ^^^^
  = hint: Write a JSON Schema, or the name of a file with one: { type: object }

error[misplaced-key]: Step key "session" is for a prompt
 --> flow.yaml:6:74
  |
6 | …ses: ./c.yaml, cwd: /x, env: {}, output: { schema: true }, session: new, retry: { feedback: true } }
  |                                                             ^^^^^^^
  = hint: The workflow that is used has its own: write it there

error[misplaced-key]: Retry key "feedback" is for a prompt
 --> flow.yaml:6:97
  |
6 | …ses: ./c.yaml, cwd: /x, env: {}, output: { schema: true }, session: new, retry: { feedback: true } }
  |                                                                                    ^^^^^^^^
  = hint: The workflow is simply run again: leave it out

error[invalid-value]: The step has "prompt", "run" and "uses"
 --> flow.yaml:7:26
  |
7 |   - { id: d, prompt: Go, run: ls, uses: ./c.yaml }
  |                          ^^^
  = hint: Write one step for each

error[missing-key]: The step has neither "prompt", "run" nor "uses"
 --> flow.yaml:8:5
  |
8 |   - { id: e, name: Nothing }
  |     ^^^^^^^^^^^^^^^^^^^^^^^^
  = hint: Write what the model is asked, prompt: ..., or a command, run: ...

error[unknown-model]: Model "gpt-4.1" is not known
 --> flow.yaml:9:33
  |
9 |   - { id: f, prompt: Go, model: gpt-4.1 }
  |                                 ^^^^^^^
  = hint: A model is written openai:NAME: did you mean "openai:gpt-4.1"?
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() gives the steps of all lists one namespace of ids", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
steps:
  - { id: a, prompt: Go }
  - { id: b, prompt: Go }
on_success:
  - { id: a, prompt: Go }
on_failure:
  - { id: c, prompt: Go }
  - { id: c, prompt: Go }
`,
  );
  assertEquals(
    text,
    `\
error[duplicate-step]: There is a step "a" already in "steps"
 --> flow.yaml:7:11
  |
7 |   - { id: a, prompt: Go }
  |           ^
  = hint: Give each step an id of its own

error[duplicate-step]: There is a step "c" already
  --> flow.yaml:10:11
   |
10 |   - { id: c, prompt: Go }
   |           ^
   = hint: Give each step an id of its own
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses rules about files of a step that has a sandbox", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
shell: sandbox
steps:
  - { id: a, prompt: Go, tools: { deny: ["execute rm *", "read /private/**"] } }
  - { id: b, prompt: Go, tools: { preset: no-secrets } }
  - { id: c, prompt: Go, tools: { allow: ["execute make *"] } }
  - { id: d, prompt: Go, tools: { deny: ["execute *", "read /private/**"] } }
  - { id: e, prompt: Go, tools: { allow: ["read **"] } }
  - { id: f, prompt: Go, tools: { deny: ["execute rm *"], ask: [fetch] } }
`,
    { probe: () => Promise.resolve({ type: "bubblewrap" } as const) },
  );
  assertEquals(
    text,
    `\
error[step-rules-sandbox]: Rule "read /private/**" of one step cannot bind its commands: a sandbox shows all steps the same files
 --> flow.yaml:5:58
  |
5 |   - { id: a, prompt: Go, tools: { deny: ["execute rm *", "read /private/**"] } }
  |                                                          ^^^^^^^^^^^^^^^^^^
  = hint: Write it at the top, below tools, or leave the step no commands: deny: ["execute *"]

error[step-rules-sandbox]: Preset "no-secrets" of one step cannot bind its commands: a sandbox shows all steps the same files
 --> flow.yaml:6:43
  |
6 |   - { id: b, prompt: Go, tools: { preset: no-secrets } }
  |                                           ^^^^^^^^^^
  = hint: Write it at the top, below tools, or leave the step no commands: deny: ["execute *"]

error[step-rules-sandbox]: A list of "allow" of one step cannot bind its commands: a sandbox shows all steps the same files
 --> flow.yaml:7:42
  |
7 |   - { id: c, prompt: Go, tools: { allow: ["execute make *"] } }
  |                                          ^^^^^^^^^^^^^^^^^^
  = hint: Write it at the top, below tools, or leave the step no commands: deny: ["execute *"]

error[invalid-rule]: Rule 'fetch' must begin with 'read', 'write' or 'execute' and a space, as in 'read **/.env*'
  --> flow.yaml:10:65
   |
10 |   - { id: f, prompt: Go, tools: { deny: ["execute rm *"], ask: [fetch] } }
   |                                                                 ^^^^^
   = hint: Write read, write or execute, and a pattern: "write /project/**"
`,
  );
  assertEquals(exitCode, 2);
});
