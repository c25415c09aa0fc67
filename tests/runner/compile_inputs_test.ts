import { assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";

Deno.test("compileWorkflow() says what is wrong with each input", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
inputs:
  a: { type: number, default: "3" }
  b: { type: choice }
  c: { type: choice, options: [x, y], default: z }
  d: { required: true, default: q }
  e: {}
  2f: {}
  g: { type: strng }
  h: { default: 1.10 }
  i: { options: [x], default: x }
steps: [{ id: a, prompt: Go }]
`,
    { inputs: { ee: "1", a: "x" } },
  );
  assertEquals(
    text,
    `\
error[unknown-input]: The workflow has no input "ee"
 = hint: Its inputs are a, b, c, d, e, 2f, g, h, i

error[invalid-input]: Input "a" must be a number, not "x"
 = hint: Give a value of the input's type

error[wrong-type]: The default of "a" is a string, and the input a number
 --> flow.yaml:4:31
  |
4 |   a: { type: number, default: "3" }
  |                               ^^^
  = hint: Write a value of that kind

error[missing-key]: Input "b" is a choice and has no "options"
 --> flow.yaml:5:3
  |
5 |   b: { type: choice }
  |   ^
  = hint: Write the key and its value

error[invalid-value]: The default of "c" is not one of its options
 --> flow.yaml:6:48
  |
6 |   c: { type: choice, options: [x, y], default: z }
  |                                                ^
  = hint: Use one of x, y

error[missing-input]: Input "d" has no value
 --> flow.yaml:7:3
  |
7 |   d: { required: true, default: q }
  |   ^
  = hint: Give it on the command line: --input d=...

warning[unused-default]: Input "d" is required: its default is never used
 --> flow.yaml:7:33
  |
7 |   d: { required: true, default: q }
  |                                 ^
  = hint: Leave out required, or the default

error[missing-input]: Input "e" has no value
 --> flow.yaml:8:3
  |
8 |   e: {}
  |   ^
  = hint: Give it on the command line: --input e=...

error[invalid-name]: "2f" cannot be an input's name
 --> flow.yaml:9:3
  |
9 |   2f: {}
  |   ^^
  = hint: Use letters, digits, _ and -, and begin with a letter

error[invalid-value]: Expected "string" or "number" or "boolean" or "choice" or "path" for "type", found "strng"
  --> flow.yaml:10:14
   |
10 |   g: { type: strng }
   |              ^^^^^
   = hint: Did you mean "string"?

error[wrong-type]: The default of "h" is a number, and the input a string
  --> flow.yaml:11:17
   |
11 |   h: { default: 1.10 }
   |                 ^^^^
   = hint: Put it in quotes: "1.10"

error[invalid-value]: Input "i" has options and is a string
  --> flow.yaml:12:17
   |
12 |   i: { options: [x], default: x }
   |                 ^^^
   = hint: Write type: choice
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() says what is wrong with each input's value", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
inputs: { n: { type: number }, b: { type: boolean }, c: { type: choice, options: [x] } }
steps: [{ id: a, prompt: Go }]
`,
    { inputs: { n: "1_0", b: "yes", c: "z" } },
  );
  assertEquals(
    text,
    `\
error[invalid-input]: Input "n" must be a number, not "1_0"
 = hint: Give a value of the input's type

error[invalid-input]: Input "b" must be true or false, not "yes"
 = hint: Give a value of the input's type

error[invalid-input]: Input "c" must be one of x, not "z"
 = hint: Give a value of the input's type
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() gives each input a value of its type", async () => {
  const { plan, text } = await compiled(
    `\
name: w
model: openai:m
inputs:
  city: {}
  count: { type: number, default: 3 }
  ratio: { type: number }
  dry: { type: boolean, default: false }
  size: { type: choice, options: [small, large], default: small }
  note: { required: false }
  loud: { type: boolean, required: false }
steps: [{ id: a, prompt: "In \${{ inputs.city }}" }]
`,
    { inputs: { city: "Oslo", ratio: "-1.5e2", dry: "true", size: "large" } },
  );
  assertEquals(text, "");
  assertEquals(plan?.inputs, {
    city: "Oslo",
    count: 3,
    ratio: -150,
    dry: true,
    size: "large",
    note: "",
    loud: false,
  });
});
