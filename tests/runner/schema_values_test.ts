import { assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";

Deno.test("compileWorkflow() names each value of the wrong type, and what YAML read it as", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
description: [a]
budget: { turns: 60_000 }
steps:
  - id: 08
    prompt: ~
    needs: 3
    produces: /a
    retry: { attempts: 1.5, feedback: yes }
  - id: b
    prompt: Go
    retry: { feedback: off }
`);
  assertEquals(
    text,
    `\
error[wrong-type]: Expected a text for "description", found a list
 --> flow.yaml:3:14
  |
3 | description: [a]
  |              ^^^
  = hint: Write a text

error[wrong-type]: Expected a number for "turns", found the text "60_000"
 --> flow.yaml:4:18
  |
4 | budget: { turns: 60_000 }
  |                  ^^^^^^
  = hint: YAML 1.2 reads it as a text: write 60000

error[wrong-type]: Expected a text for "id", found the number 8
 --> flow.yaml:6:9
  |
6 |   - id: 08
  |         ^^
  = hint: Put it in quotes to make it a text: "08"

error[wrong-type]: Expected a text for "prompt", found nothing
 --> flow.yaml:7:13
  |
7 |     prompt: ~
  |             ^
  = hint: Write a value after the colon

error[wrong-type]: Expected a text or a list for "needs", found the number 3
 --> flow.yaml:8:12
  |
8 |     needs: 3
  |            ^
  = hint: Write needs: build, or needs: [build, test]

error[wrong-type]: Expected a list for "produces", found the text "/a"
 --> flow.yaml:9:15
  |
9 |     produces: /a
  |               ^^
  = hint: Write it as a list: ["/a"]

error[wrong-type]: Expected a whole number for "attempts", found the number 1.5
  --> flow.yaml:10:24
   |
10 |     retry: { attempts: 1.5, feedback: yes }
   |                        ^^^
   = hint: Write a whole number in digits, such as 10

error[wrong-type]: Expected true or false for "feedback", found the text "yes"
  --> flow.yaml:10:39
   |
10 |     retry: { attempts: 1.5, feedback: yes }
   |                                       ^^^
   = hint: YAML 1.2 reads yes as a text: write true

warning[unused-key]: The step is tried once, so "feedback" is not used
  --> flow.yaml:13:14
   |
13 |     retry: { feedback: off }
   |              ^^^^^^^^
   = hint: Write how many times it is tried in all: attempts: 3

error[wrong-type]: Expected true or false for "feedback", found the text "off"
  --> flow.yaml:13:24
   |
13 |     retry: { feedback: off }
   |                        ^^^
   = hint: YAML 1.2 reads off as a text: write false
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() warns of numbers that may be read as something else than meant", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
budget: { turns: 1e3 }
steps: [{ id: a, prompt: Go, retry: { attempts: 08 } }]
`);
  assertEquals(
    text,
    `\
warning[unclear-number]: 1e3 is read as the number 1000
 --> flow.yaml:3:18
  |
3 | budget: { turns: 1e3 }
  |                  ^^^
  = hint: Write 1000, or "1e3" in quotes if it is a text

warning[unclear-number]: 08 is read as the number 8
 --> flow.yaml:4:49
  |
4 | steps: [{ id: a, prompt: Go, retry: { attempts: 08 } }]
  |                                                 ^^
  = hint: Write 8, or "08" in quotes if it is a text
`,
  );
  assertEquals(exitCode, 0);
});

Deno.test("compileWorkflow() names each value out of its range", async () => {
  const { text, exitCode } = await compiled(`\
name: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
model: openai:m
budget: { turns: 0 }
steps: [{ id: a, prompt: "", retry: { attempts: 11 } }]
outputs: { x: 3 }
`);
  assertEquals(
    text,
    `\
error[invalid-value]: "name" must not be longer than 100 characters
 --> flow.yaml:1:7
  |
1 | name: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
  |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = hint: Write it shorter

error[invalid-value]: "turns" must be at least 1
 --> flow.yaml:3:18
  |
3 | budget: { turns: 0 }
  |                  ^
  = hint: Write 1 or more

error[invalid-value]: "prompt" must not be empty
 --> flow.yaml:4:26
  |
4 | steps: [{ id: a, prompt: "", retry: { attempts: 11 } }]
  |                          ^^
  = hint: Write something

error[invalid-value]: "attempts" must be at most 10
 --> flow.yaml:4:49
  |
4 | steps: [{ id: a, prompt: "", retry: { attempts: 11 } }]
  |                                                 ^^
  = hint: Write 10 or less

error[wrong-type]: Expected a text for "x", found the number 3
 --> flow.yaml:5:15
  |
5 | outputs: { x: 3 }
  |               ^
  = hint: Put it in quotes to make it a text: "3"
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a list of no steps", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
steps: []
`);
  assertEquals(
    text,
    `\
error[invalid-value]: "steps" must have at least one item
 --> flow.yaml:3:8
  |
3 | steps: []
  |        ^^
  = hint: Write at least one item
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a name of two lines", async () => {
  const { text, exitCode } = await compiled(`\
name: "a\\nb"
model: openai:m
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[invalid-value]: "name" must be one line
 --> flow.yaml:1:7
  |
1 | name: "a\\nb"
  |       ^^^^^^
  = hint: Write it without line breaks and control characters
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a file that is a list", async () => {
  const { text, exitCode } = await compiled(`\
- name: w
- steps
`);
  assertEquals(
    text,
    `\
error[wrong-type]: Expected a map of keys and values, found a list
 --> flow.yaml:1:1
  |
1 | - name: w
  | ^^^^^^^^^
  = hint: Begin with "name: ..." and "steps:"
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a file that is one text", async () => {
  const { text, exitCode } = await compiled(`\
hello
`);
  assertEquals(
    text,
    `\
error[wrong-type]: Expected a map of keys and values, found the text "hello"
 --> flow.yaml:1:1
  |
1 | hello
  | ^^^^^
  = hint: Begin with "name: ..." and "steps:"
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a file that is nothing", async () => {
  const { text, exitCode } = await compiled(`\
~
`);
  assertEquals(
    text,
    `\
error[wrong-type]: Expected a map of keys and values, found nothing
 --> flow.yaml:1:1
  |
1 | ~
  | ^
  = hint: Begin with "name: ..." and "steps:"
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() names each type of backend that there is not", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
backends:
  a: { type: docker }
  b: { type: locl, root: x }
  d: local
  e: { type: 3 }
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[missing-key]: The backend has neither "runtime" nor "image"
 --> flow.yaml:4:3
  |
4 |   a: { type: docker }
  |   ^
  = hint: Write what programs there are, runtime: python-minimal, or an image

error[invalid-value]: Expected "state" or "local" or "docker" for "type", found "locl"
 --> flow.yaml:5:14
  |
5 |   b: { type: locl, root: x }
  |              ^^^^
  = hint: Did you mean "local"?

error[wrong-type]: Expected a map for "d", found the text "local"
 --> flow.yaml:6:6
  |
6 |   d: local
  |      ^^^^^
  = hint: Write a map: { key: value }

error[wrong-type]: Expected "state" or "local" or "docker" for "type", found the number 3
 --> flow.yaml:7:14
  |
7 |   e: { type: 3 }
  |              ^
  = hint: Write "state" or "local" or "docker"
`,
  );
  assertEquals(exitCode, 2);
});
