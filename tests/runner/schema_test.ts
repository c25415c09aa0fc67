import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { workflowSchema } from "../../runner/schema.ts";
import { compiled } from "./_compiled.ts";

Deno.test("compileWorkflow() names each misspelt key, in every section at once, and what was meant", async () => {
  const { text, exitCode } = await compiled(`\
name: w
modle: openai:m
backends:
  disk: { type: local, rot: ./x }
budget: { turn: 3 }
steps:
  - id: a
    promt: Go
    retry: { attempt: 2 }
`);
  assertEquals(
    text,
    `\
error[unknown-key]: Unknown workflow key "modle"
 --> flow.yaml:2:1
  |
2 | modle: openai:m
  | ^^^^^
  = hint: Did you mean "model"?

error[unknown-key]: Unknown backend key "rot"
 --> flow.yaml:4:24
  |
4 |   disk: { type: local, rot: ./x }
  |                        ^^^
  = hint: Did you mean "root"?

error[unknown-key]: Unknown budget key "turn"
 --> flow.yaml:5:11
  |
5 | budget: { turn: 3 }
  |           ^^^^
  = hint: Did you mean "turns"?

error[unknown-key]: Unknown step key "promt"
 --> flow.yaml:8:5
  |
8 |     promt: Go
  |     ^^^^^
  = hint: Did you mean "prompt"?

error[unknown-key]: Unknown retry key "attempt"
 --> flow.yaml:9:14
  |
9 |     retry: { attempt: 2 }
  |              ^^^^^^^
  = hint: Did you mean "attempts"?
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses keys that a later version will have", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
agents: {}
backends:
  box: { type: state, image: python }
default: box
steps:
  - id: a
    prompt: Go
    approval: true
`);
  assertEquals(
    text,
    `\
error[unsupported-key]: Workflow key "agents" is not supported in this version
 --> flow.yaml:3:1
  |
3 | agents: {}
  | ^^^^^^
  = hint: Take it out: nothing would enforce it

error[unknown-key]: Unknown backend key "image"
 --> flow.yaml:5:23
  |
5 |   box: { type: state, image: python }
  |                       ^^^^^
  = hint: It is for type: docker

error[unsupported-key]: Step key "approval" is not supported in this version
  --> flow.yaml:10:5
   |
10 |     approval: true
   |     ^^^^^^^^
   = hint: Take it out: nothing would enforce it
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() says how keys of GitHub Actions are spelt here", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
on: push
jobs: {}
<<: { a: 1 }
steps:
  - id: a
    prompt: Go
    timeout-minutes: 5
    runs-on: x
`);
  assertEquals(
    text,
    `\
error[unknown-key]: Unknown workflow key "on"
 --> flow.yaml:3:1
  |
3 | on: push
  | ^^
  = hint: A workflow is started by a command: leave "on" out

error[unknown-key]: Unknown workflow key "jobs"
 --> flow.yaml:4:1
  |
4 | jobs: {}
  | ^^^^
  = hint: There are no jobs: write their steps below "steps", and "needs" where one waits for another

error[unknown-key]: Unknown workflow key "<<"
 --> flow.yaml:5:1
  |
5 | <<: { a: 1 }
  | ^^
  = hint: Merge keys are not part of YAML 1.2: write the keys out

error[unknown-key]: Unknown step key "timeout-minutes"
 --> flow.yaml:9:5
  |
9 |     timeout-minutes: 5
  |     ^^^^^^^^^^^^^^^
  = hint: Write timeout: 5m

error[unknown-key]: Unknown step key "runs-on"
  --> flow.yaml:10:5
   |
10 |     runs-on: x
   |     ^^^^^^^
   = hint: A workflow runs on this machine: leave it out
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() names each missing key", async () => {
  const { text, exitCode } = await compiled(`\
description: x
backends:
  c: {}
  e: { type: local }
steps:
  - name: A
  - id: b
`);
  assertEquals(
    text,
    `\
error[missing-key]: Missing workflow key "name"
 --> flow.yaml:1:1
  |
1 | description: x
  | ^^^^^^^^^^^^^^
  = hint: Write name: flask app

error[missing-key]: Missing key "type": it is "state" or "local" or "docker"
 --> flow.yaml:3:3
  |
3 |   c: {}
  |   ^
  = hint: Write type: state, type: local or type: docker

error[missing-key]: Missing backend key "root"
 --> flow.yaml:4:3
  |
4 |   e: { type: local }
  |   ^
  = hint: Write root: ../workspace

error[missing-key]: Missing step key "id"
 --> flow.yaml:6:5
  |
6 |   - name: A
  |     ^^^^^^^
  = hint: Write id: build

error[missing-key]: The step has neither "prompt", "run" nor "uses"
 --> flow.yaml:6:5
  |
6 |   - name: A
  |     ^^^^^^^
  = hint: Write what the model is asked, prompt: ..., or a command, run: ...

error[missing-key]: The step has neither "prompt", "run" nor "uses"
 --> flow.yaml:7:5
  |
7 |   - id: b
  |     ^^^^^
  = hint: Write what the model is asked, prompt: ..., or a command, run: ...
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("workflowSchema becomes a JSON Schema in which each key says what it is for", () => {
  const schema = z.toJSONSchema(workflowSchema);
  const properties = schema.properties ?? {};
  assertEquals(schema.additionalProperties, false);
  assertEquals(schema.required, ["name", "steps"]);
  for (const [key, value] of Object.entries(properties)) {
    assert(typeof value === "object");
    assert(value.description !== undefined, key);
  }
});
