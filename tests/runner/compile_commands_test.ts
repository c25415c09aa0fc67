import { assert, assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";
import { expressionOf } from "./_expression_values.ts";

Deno.test("compileWorkflow() refuses expressions in commands, and shows how values get there", async () => {
  const { text, exitCode } = await compiled(`\
name: w
inputs: { my-name: { default: x } }
steps:
  - { id: a, run: "echo \${{ inputs.my-name }} \${{ inputs.b }}" }
  - { id: b, run: [echo, "\${{ steps.a.output }}"] }
  - id: c
    run: |
      set -e
      echo \${{ 'x' }}
  - { id: d, run: "echo \${{" }
`);
  assertEquals(
    text,
    `\
error[expression-in-command]: A command has no expressions in it
 --> flow.yaml:4:25
  |
4 |   - { id: a, run: "echo \${{ inputs.my-name }} \${{ inputs.b }}" }
  |                         ^^^^^^^^^^^^^^^^^^^^^
  = hint: Write "$MY_NAME" there, and env: { MY_NAME: "\${{ inputs.my-name }}" } beside it

error[expression-in-command]: A command has no expressions in it
 --> flow.yaml:5:27
  |
5 |   - { id: b, run: [echo, "\${{ steps.a.output }}"] }
  |                           ^^^^^^^^^^^^^^^^^^^^^
  = hint: Write a script instead, with "$A" in it, and env: { A: "\${{ steps.a.output }}" } beside it

error[expression-in-command]: A command has no expressions in it
 --> flow.yaml:9:12
  |
9 |       echo \${{ 'x' }}
  |            ^^^^^^^^^^
  = hint: Write "$VALUE" there, and env: { VALUE: "\${{ inputs.my-name }}" } beside it

error[expression-in-command]: A command has no expressions in it
  --> flow.yaml:10:25
   |
10 |   - { id: d, run: "echo \${{" }
   |                         ^^^
   = hint: Write "$VALUE" there, and env: { VALUE: "\${{ inputs.my-name }}" } beside it
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses steps that neither ask nor run, or both", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
steps:
  - { id: a }
  - { id: b, prompt: Go, run: ls }
  - { id: c, rum: ls }
  - { id: d, script: ls }
`);
  assertEquals(
    text,
    `\
error[missing-key]: The step has neither "prompt", "run" nor "uses"
 --> flow.yaml:4:5
  |
4 |   - { id: a }
  |     ^^^^^^^^^
  = hint: Write what the model is asked, prompt: ..., or a command, run: ...

error[invalid-value]: The step has "prompt" and "run"
 --> flow.yaml:5:26
  |
5 |   - { id: b, prompt: Go, run: ls }
  |                          ^^^
  = hint: Write one step for each

error[unknown-key]: Unknown step key "rum"
 --> flow.yaml:6:14
  |
6 |   - { id: c, rum: ls }
  |              ^^^
  = hint: Did you mean "run"?

error[unknown-key]: Unknown step key "script"
 --> flow.yaml:7:14
  |
7 |   - { id: d, script: ls }
  |              ^^^^^^
  = hint: A command is spelt "run" here: write run: ls
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses keys of commands beside a prompt, and keys of a prompt beside a command", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
steps:
  - { id: a, prompt: Go, cwd: /x, env: { A: b } }
  - { id: b, run: ls, retry: { attempts: 2, feedback: true } }
`);
  assertEquals(
    text,
    `\
error[misplaced-key]: Step key "cwd" is for a command
 --> flow.yaml:4:26
  |
4 |   - { id: a, prompt: Go, cwd: /x, env: { A: b } }
  |                          ^^^
  = hint: Say in the prompt where to work

error[misplaced-key]: Step key "env" is for a command
 --> flow.yaml:4:35
  |
4 |   - { id: a, prompt: Go, cwd: /x, env: { A: b } }
  |                                   ^^^
  = hint: A prompt has expressions of its own: \${{ inputs.NAME }}

error[misplaced-key]: Retry key "feedback" is for a prompt
 --> flow.yaml:5:45
  |
5 |   - { id: b, run: ls, retry: { attempts: 2, feedback: true } }
  |                                             ^^^^^^^^
  = hint: A command is simply run again: leave it out
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses commands that are none, and directories that are not of the tree", async () => {
  const { text, exitCode } = await compiled(`\
name: w
steps:
  - { id: a, run: [] }
  - { id: b, run: ["", x] }
  - { id: c, run: " \\n" }
  - { id: d, run: "a\\0b" }
  - { id: e, run: [a, "b\\0"] }
  - { id: f, run: 3 }
  - { id: g, run: ls, cwd: src }
  - { id: h, run: ls, cwd: /usr/bin }
  - { id: i, run: ls, cwd: /../x }
  - { id: j, run: ls, cwd: "\${{ inputs.x }}" }
`);
  assertEquals(
    text,
    `\
error[invalid-value]: "run" must have at least one item
 --> flow.yaml:3:19
  |
3 |   - { id: a, run: [] }
  |                   ^^
  = hint: Write at least one item

error[invalid-value]: The command is empty
 --> flow.yaml:4:20
  |
4 |   - { id: b, run: ["", x] }
  |                    ^^
  = hint: Begin with a program: [python3, main.py]

error[invalid-value]: The command is empty
 --> flow.yaml:5:19
  |
5 |   - { id: c, run: " \\n" }
  |                   ^^^^^
  = hint: Write a script for sh

error[invalid-value]: A command cannot have a NUL character in it
 --> flow.yaml:6:19
  |
6 |   - { id: d, run: "a\\0b" }
  |                   ^^^^^^
  = hint: Write one of the values that it can have

error[invalid-value]: A command cannot have a NUL character in it
 --> flow.yaml:7:23
  |
7 |   - { id: e, run: [a, "b\\0"] }
  |                       ^^^^^
  = hint: Write one of the values that it can have

error[wrong-type]: Expected a text or a list for "run", found the number 3
 --> flow.yaml:8:19
  |
8 |   - { id: f, run: 3 }
  |                   ^
  = hint: Put it in quotes to make it a text: "3"

error[invalid-path]: Path 'src' is not absolute: use '/src'
 --> flow.yaml:9:28
  |
9 |   - { id: g, run: ls, cwd: src }
  |                            ^^^
  = hint: It is a directory of the tree, such as /project

error[reserved-path]: "/usr" is the shell's own, not part of the tree
  --> flow.yaml:10:28
   |
10 |   - { id: h, run: ls, cwd: /usr/bin }
   |                            ^^^^^^^^
   = hint: Write a directory of the tree, such as /project

error[invalid-path]: Path '/../x' leaves the root: there is nothing above '/'
  --> flow.yaml:11:28
   |
11 |   - { id: i, run: ls, cwd: /../x }
   |                            ^^^^^
   = hint: It is a directory of the tree, such as /project

error[expression-not-allowed]: Expressions are not evaluated here
  --> flow.yaml:12:28
   |
12 |   - { id: j, run: ls, cwd: "\${{ inputs.x }}" }
   |                            ^^^^^^^^^^^^^^^^^
   = hint: The directory is fixed before the run: change it in the script, cd "$DIRECTORY"
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses variables that no shell knows", async () => {
  const { text, exitCode } = await compiled(`\
name: w
steps:
  - { id: a, run: ls, env: { 1A: b, A-B: c, N: 3, E: "\${{ steps.x.output }}", Z: "a\\0" } }
  - { id: b, run: ls, env: [A=b] }
`);
  assertEquals(
    text,
    `\
error[invalid-name]: "1A" cannot be a variable's name
 --> flow.yaml:3:30
  |
3 |   - { id: a, run: ls, env: { 1A: b, A-B: c, N: 3, E: "\${{ steps.x.output }}", Z: "a\\0" } }
  |                              ^^
  = hint: Use letters, digits and _, and begin with a letter

error[invalid-name]: "A-B" cannot be a variable's name
 --> flow.yaml:3:37
  |
3 |   - { id: a, run: ls, env: { 1A: b, A-B: c, N: 3, E: "\${{ steps.x.output }}", Z: "a\\0" } }
  |                                     ^^^
  = hint: Use letters, digits and _, and begin with a letter

error[wrong-type]: Expected a text for "N", found the number 3
 --> flow.yaml:3:48
  |
3 |   - { id: a, run: ls, env: { 1A: b, A-B: c, N: 3, E: "\${{ steps.x.output }}", Z: "a\\0" } }
  |                                                ^
  = hint: Put it in quotes to make it a text: "3"

error[undefined-reference]: "steps.x.output" is not defined: there is no step "x"
 --> flow.yaml:3:59
  |
3 |   - { id: a, run: ls, env: { 1A: b, A-B: c, N: 3, E: "\${{ steps.x.output }}", Z: "a\\0" } }
  |                                                           ^^^^^^^^^^^^^^
  = hint: The steps are a, b

error[invalid-value]: A variable cannot have a NUL character in it
 --> flow.yaml:3:82
  |
3 |   - { id: a, run: ls, env: { 1A: b, A-B: c, N: 3, E: "\${{ steps.x.output }}", Z: "a\\0" } }
  |                                                                                  ^^^^^
  = hint: Write one of the values that it can have

error[wrong-type]: Expected a map for "env", found a list
 --> flow.yaml:4:28
  |
4 |   - { id: b, run: ls, env: [A=b] }
  |                            ^^^^^
  = hint: Write a map: { NAME: value }
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() says how keys of GitHub Actions are spelt beside run", async () => {
  const { text, exitCode } = await compiled(`\
name: w
working-directory: x
steps:
  - { id: a, run: ls, working-directory: /x, shell: bash, continue-on-error: true }
`);
  assertEquals(
    text,
    `\
error[unknown-key]: Unknown workflow key "working-directory"
 --> flow.yaml:2:1
  |
2 | working-directory: x
  | ^^^^^^^^^^^^^^^^^
  = hint: Each run step has its own: write cwd there

error[unknown-key]: Unknown step key "working-directory"
 --> flow.yaml:4:23
  |
4 |   - { id: a, run: ls, working-directory: /x, shell: bash, continue-on-error: true }
  |                       ^^^^^^^^^^^^^^^^^
  = hint: It is spelt "cwd" here: write cwd: /x

error[unknown-key]: Unknown step key "shell"
 --> flow.yaml:4:46
  |
4 |   - { id: a, run: ls, working-directory: /x, shell: bash, continue-on-error: true }
  |                                              ^^^^^
  = hint: All commands have one shell: write shell: sandbox at the top

error[unknown-key]: Unknown step key "continue-on-error"
 --> flow.yaml:4:59
  |
4 |   - { id: a, run: ls, working-directory: /x, shell: bash, continue-on-error: true }
  |                                                           ^^^^^^^^^^^^^^^^^
  = hint: It is spelt "continue_on_error" here: write continue_on_error: true
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() warns of what a workflow of commands alone has no use for", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
base_url: https://x
instructions: Be kind.
rehearsal: ./none.yaml
steps: [{ id: a, run: ls }]
`);
  assertEquals(
    text,
    `\
warning[unused-key]: No step asks a model, so "model" is not used
 --> flow.yaml:2:1
  |
2 | model: openai:m
  | ^^^^^
  = hint: Leave it out

warning[unused-key]: No step asks a model, so "base_url" is not used
 --> flow.yaml:3:1
  |
3 | base_url: https://x
  | ^^^^^^^^
  = hint: Leave it out

warning[unused-key]: No step asks a model, so "instructions" is not used
 --> flow.yaml:4:1
  |
4 | instructions: Be kind.
  | ^^^^^^^^^^^^
  = hint: Leave it out

warning[unused-key]: No step asks a model, so "rehearsal" is not used
 --> flow.yaml:5:1
  |
5 | rehearsal: ./none.yaml
  | ^^^^^^^^^
  = hint: Leave it out
`,
  );
  assertEquals(exitCode, 0);
});

Deno.test("compileWorkflow() wants answers for prompts and none for commands", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
rehearsal: r.yaml
steps: [{ id: a, prompt: Go }, { id: b, run: ls }]
`,
    {
      mode: "rehearse",
      files: { "r.yaml": "name: w\nsteps:\n  b: [{ text: Hi }]\n" },
    },
  );
  assertEquals(
    text,
    `\
error[rehearsal-mismatch]: The rehearsal has no answers for step "a"
 --> r.yaml:2:1
  |
2 | steps:
  | ^^^^^
  = hint: Expected a; found b

error[rehearsal-mismatch]: Step "b" runs a command, which no answer is for
 --> r.yaml:3:3
  |
3 |   b: [{ text: Hi }]
  |   ^
  = hint: Take it out: in a rehearsal too, commands are run
`,
  );
  assertEquals(exitCode, 7);
});

Deno.test("compileWorkflow() plans a command with its directory and its variables", async () => {
  const { plan, text } = await compiled(
    `\
name: w
inputs: { who: { default: me } }
steps:
  - id: a
    run: [git, commit, -m, ""]
    cwd: /project//src/
  - id: b
    run: |
      set -e
      echo "$WHO"
    env: { WHO: "\${{ inputs.who }}: \${{ steps.a.output }}", EMPTY: "" }
    produces: [/out.txt]
    retry: { attempts: 3 }
outputs: { all: "\${{ steps.b.output }}" }
`,
    { key: false },
  );
  assertEquals(text, "");
  assert(plan !== undefined);
  assertEquals(plan.model, { type: "none" });
  assertEquals(plan.shell?.tool, false);
  assertEquals(
    plan.steps.map(({ run, prompt, attempts, feedback }) => ({ run, prompt, attempts, feedback })),
    [
      {
        run: { command: ["git", "commit", "-m", ""], cwd: "/project/src", env: {} },
        prompt: undefined,
        attempts: 1,
        feedback: false,
      },
      {
        run: {
          command: 'set -e\necho "$WHO"\n',
          cwd: "/",
          env: {
            WHO: [
              expressionOf("inputs.who"),
              ": ",
              expressionOf("steps.a.output"),
            ],
            EMPTY: [],
          },
        },
        prompt: undefined,
        attempts: 3,
        feedback: false,
      },
    ],
  );
  assertEquals(plan.processes.map(({ name }) => name), ["runner", "agent", "shell"]);
});

Deno.test("compileWorkflow() needs no key and no rehearsal where every step is a command", async () => {
  for (const mode of ["auto", "live", "rehearse"] as const) {
    const { plan, text } = await compiled("name: w\nsteps: [{ id: a, run: ls }]\n", {
      mode,
      key: false,
    });
    assertEquals([text, plan?.model], ["", { type: "none" }], mode);
  }
  const mixed = "name: w\nmodel: openai:m\nsteps: [{ id: a, run: ls }, { id: b, prompt: Go }]\n";
  const { diagnostics } = await compiled(mixed, { key: false });
  assertEquals(diagnostics.map(({ code }) => code), ["no-key"]);
});

Deno.test("compileWorkflow() rehearses the prompts among commands", async () => {
  const { plan, text } = await compiled(
    "name: w\nmodel: openai:m\nrehearsal: r.yaml\nsteps: [{ id: a, run: ls }, { id: b, prompt: Go }]\n",
    { mode: "rehearse", files: { "r.yaml": "name: w\nsteps: { b: [{ text: Hi }] }\n" } },
  );
  assertEquals(text, "");
  assertEquals(plan?.model.type === "rehearsal" && Object.keys(plan.model.steps), ["b"]);
});

Deno.test("compileWorkflow() refuses a command that is longer than any shell takes", async () => {
  const script = (length: number) => `name: w\nsteps: [{ id: a, run: "${"x".repeat(length)}" }]\n`;
  assertEquals((await compiled(script(128 * 1024))).text, "");
  const { diagnostics } = await compiled(script(128 * 1024 + 1));
  assertEquals(diagnostics.map(({ code, message, hint }) => [code, message, hint]), [[
    "invalid-value",
    "A command must not be longer than 131072 characters",
    "Keep the script in a file and run that",
  ]]);
});
