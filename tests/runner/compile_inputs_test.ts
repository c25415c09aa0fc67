import { assertEquals, assertStringIncludes } from "@std/assert";
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
 = hint: Change it on the command line: --input a=...

error[wrong-type]: The default of "a" is a string, and the input a number
 --> flow.yaml:4:31
  |
4 |   a: { type: number, default: "3" }
  |                               ^^^
  = hint: YAML 1.2 reads it as a text: write 3

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
 = hint: Change it on the command line: --input n=...

error[invalid-input]: Input "b" must be true or false, not "yes"
 = hint: Change it on the command line: --input b=...

error[invalid-input]: Input "c" must be one of x, not "z"
 = hint: Change it on the command line: --input c=...
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

const TYPED = `\
name: w
model: openai:m
inputs:
  word: { pattern: "[a-z]+", default: abc }
  "no-te": { default: none }
  count: { type: number, default: 1 }
  dry: { type: boolean, default: false }
  size: { type: choice, options: [small, large], default: small }
  where: { type: path, default: //src/./x/ }
steps: [{ id: a, prompt: "In \${{ inputs.word }}" }]
`;

Deno.test("compileWorkflow() takes inputs of the command line before a file, the environment and defaults", async () => {
  const env = new Map([
    ["ROUTEBOOK_INPUT_WORD", "env"],
    ["ROUTEBOOK_INPUT_NO_TE", "env"],
    ["ROUTEBOOK_INPUT_COUNT", "3"],
    ["ROUTEBOOK_INPUT_DRY", "true"],
    ["ROUTEBOOK_INPUT_count", "5"],
    ["COUNT", "6"],
  ]);
  const files = { "values.yaml": "word: file\nno-te: file\ndry: false\n" };
  const all = await compiled(TYPED, {
    ...{ env, files },
    inputsFile: "values.yaml",
    inputs: { word: "line" },
  });
  assertEquals(all.text, "");
  assertEquals(all.plan?.inputs, {
    ...{ word: "line", "no-te": "file", dry: false, count: 3 },
    ...{ size: "small", where: "/src/x" },
  });
  assertEquals((await compiled(TYPED, { env })).plan?.inputs, {
    ...{ word: "env", "no-te": "env", dry: true, count: 3 },
    ...{ size: "small", where: "/src/x" },
  });
});

Deno.test("compileWorkflow() takes values of a file as they are, of each type", async () => {
  const values = "word: x\nno-te: ''\ncount: -1.5\ndry: true\nsize: large\nwhere: /a/../b\n";
  const { plan, text } = await compiled(TYPED, {
    files: { "values.yaml": values },
    inputsFile: "values.yaml",
  });
  assertEquals(text, "");
  assertEquals(plan?.inputs, {
    ...{ word: "x", "no-te": "", count: -1.5, dry: true, size: "large", where: "/b" },
  });
});

Deno.test("compileWorkflow() says what is wrong with values in their file", async () => {
  const values = `\
word: ABC
count: "3"
dry: yes
size: 12
where: { a: 1 }
no-te: ~
wrod: x
`;
  const { text, exitCode } = await compiled(TYPED, {
    files: { "values.yaml": values },
    inputsFile: "values.yaml",
  });
  assertEquals(
    text,
    `\
error[invalid-input]: Input "word" must be a text that is [a-z]+ from its beginning to its end
 --> values.yaml:1:7
  |
1 | word: ABC
  |       ^^^
  = hint: Give a value of the input's type

error[invalid-input]: Input "count" must be a number
 --> values.yaml:2:8
  |
2 | count: "3"
  |        ^^^
  = hint: YAML 1.2 reads it as a text: write 3

error[invalid-input]: Input "dry" must be true or false
 --> values.yaml:3:6
  |
3 | dry: yes
  |      ^^^
  = hint: YAML 1.2 reads yes as a text: write true

error[invalid-input]: Input "size" must be one of small, large
 --> values.yaml:4:7
  |
4 | size: 12
  |       ^^
  = hint: Put it in quotes: "12"

error[invalid-input]: Input "where" must be an absolute path of the tree, such as /project/src
 --> values.yaml:5:8
  |
5 | where: { a: 1 }
  |        ^^^^^^^^
  = hint: Give a value of the input's type

error[invalid-input]: Input "no-te" must be a text
 --> values.yaml:6:8
  |
6 | no-te: ~
  |        ^
  = hint: Give a value of the input's type

error[unknown-input]: The workflow has no input "wrod"
 --> values.yaml:7:1
  |
7 | wrod: x
  | ^^^^
  = hint: Did you mean "word"?
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() says what is wrong with a file of values", async () => {
  const cases: readonly (readonly [Record<string, string>, string])[] = [
    [{}, 'error[no-file]: "values.yaml" does not exist\n'],
    [
      { "values.yaml": "- word\n" },
      "error[wrong-type]: The values of inputs must be a map\n --> values.yaml:1:1\n",
    ],
    [{ "values.yaml": "a: [\n" }, "error[invalid-yaml]: "],
    [{ "values.yaml": "word: a\nword: b\n" }, "error[duplicate-key]: "],
  ];
  for (const [files, beginning] of cases) {
    const { text, plan } = await compiled(TYPED, { files, inputsFile: "values.yaml" });
    assertEquals(text.slice(0, beginning.length), beginning);
    assertEquals(plan, undefined);
  }
});

Deno.test("compileWorkflow() says what is wrong with values of the environment, and where they are from", async () => {
  const env = new Map([
    ["ROUTEBOOK_INPUT_WORD", "two words"],
    ["ROUTEBOOK_INPUT_COUNT", "0x10"],
    ["ROUTEBOOK_INPUT_WHERE", "../x"],
  ]);
  const { text } = await compiled(TYPED, { env });
  assertEquals(
    text,
    `\
error[invalid-input]: Input "word" must be a text that is [a-z]+ from its beginning to its end, not "two words"
 = hint: Change the variable ROUTEBOOK_INPUT_WORD, or give --input word=...

error[invalid-input]: Input "count" must be a number, not "0x10"
 = hint: Change the variable ROUTEBOOK_INPUT_COUNT, or give --input count=...

error[invalid-input]: Input "where" must be an absolute path of the tree, such as /project/src, not "../x"
 = hint: Change the variable ROUTEBOOK_INPUT_WHERE, or give --input where=...
`,
  );
});

Deno.test("compileWorkflow() says what is wrong with patterns, paths and what need not be given", async () => {
  const { text } = await compiled(`\
name: w
model: openai:m
inputs:
  a: { pattern: "(a" , default: a }
  b: { type: number, pattern: "1+", default: 1 }
  c: { pattern: "[0-9]+", default: x1 }
  d: { type: path, default: src }
  e: { type: number, required: false }
  f: { type: path, required: false }
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[invalid-pattern]: The pattern cannot be read: missing closing ): \`(a\`
 --> flow.yaml:4:17
  |
4 |   a: { pattern: "(a" , default: a }
  |                 ^^^^
  = hint: It is RE2 syntax: no look-around and no back-references

error[invalid-value]: Input "b" has a pattern and is a number
 --> flow.yaml:5:31
  |
5 |   b: { type: number, pattern: "1+", default: 1 }
  |                               ^^^^
  = hint: Only a string has a pattern: leave it out

error[invalid-value]: The default of "c" must be a text that is [0-9]+ from its beginning to its end
 --> flow.yaml:6:36
  |
6 |   c: { pattern: "[0-9]+", default: x1 }
  |                                    ^^
  = hint: Change the default or the pattern

error[invalid-value]: The default of "d" must be an absolute path of the tree, such as /project/src
 --> flow.yaml:7:29
  |
7 |   d: { type: path, default: src }
  |                             ^^^
  = hint: Write "/src"

error[missing-key]: Input "e" need not be given and has no "default"
 --> flow.yaml:8:3
  |
8 |   e: { type: number, required: false }
  |   ^
  = hint: Write its default; only a string and a boolean have one of their own

error[missing-key]: Input "f" need not be given and has no "default"
 --> flow.yaml:9:3
  |
9 |   f: { type: path, required: false }
  |   ^
  = hint: Write its default; only a string and a boolean have one of their own
`,
  );
});

Deno.test("compileWorkflow() says in the plan what is declared of each input", async () => {
  const { plan } = await compiled(
    `\
name: w
model: openai:m
inputs:
  a: { description: What, default: x, pattern: x* }
  b: { type: choice, options: [y, z] }
  c: { type: boolean, required: false }
steps: [{ id: a, prompt: Go }]
`,
    { inputs: { b: "z" } },
  );
  assertEquals(plan?.declared, {
    a: { type: "string", description: "What", required: false, pattern: "x*", default: "x" },
    b: { type: "choice", required: true, options: ["y", "z"] },
    c: { type: "boolean", required: false },
  });
});

Deno.test("compileWorkflow() checks a file without the values of its inputs", async () => {
  const { text } = await compiled(
    `\
name: w
model: openai:m
inputs: { p: { type: path }, n: { type: number, required: true }, s: {} }
steps: [{ id: a, prompt: "\${{ inputs.s }}", produces: ["\${{ inputs.p }}/x"] }]
`,
    { check: true },
  );
  assertEquals(text, "");
});

Deno.test("compileWorkflow() says what an input without a body is to be", async () => {
  const flow = (input: string) =>
    `name: w\ninputs:\n  p: ${input}\nsteps: [{ id: a, run: "true" }]\n`;
  const { text } = await compiled(flow(""));
  assertStringIncludes(text, "hint: Write {} for a text that has to be given");
  const { text: missing } = await compiled(flow("{}"));
  assertStringIncludes(missing, 'error[missing-input]: Input "p" has no value');
});

Deno.test("compileWorkflow() asks for no inputs where the file of values cannot be read", async () => {
  const yaml = 'name: w\ninputs: { p: {} }\nsteps: [{ id: a, run: "true" }]\n';
  const { text } = await compiled(yaml, { inputsFile: "none.yaml" });
  assertStringIncludes(text, 'error[no-file]: "none.yaml" does not exist');
  assertEquals(text.includes("missing-input"), false);
});
