import { assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";

Deno.test("compileWorkflow() checks what a step is repeated for, and what its texts call an item", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
inputs: { list: { default: '["a"]' }, count: { type: number, default: 3 } }
steps:
  - { id: a, prompt: "\${{ item.path }} \${{ item.paht }}", foreach: [{ path: /x }, { path: /y }] }
  - { id: b, prompt: "\${{ file }} \${{ item }}", foreach: { items: [1], item: file } }
  - { id: c, prompt: "\${{ item.any }}", foreach: fromJSON(inputs.list) }
  - { id: d, prompt: Go, foreach: "\${{ inputs.list }}" }
  - { id: e, prompt: "\${{ item }}", foreach: { items: inputs.count, item: steps } }
  - { id: f, prompt: Go, foreach: [.inf, "\${{ inputs.list }}"] }
  - { id: g, prompt: "\${{ item }}" }
  - { id: h, prompt: "\${{ item }}", foreach: steps.a.output }
  - { id: i, prompt: "\${{ steps.a.output[0] }} \${{ steps.b.output.length }}" }
  - { id: j, prompt: Go, foreach: "a, b" }
  - { id: k, prompt: Go, foreach: "x \${{ inputs.list }}" }
  - { id: l, prompt: Go, foreach: item.list }
`,
  );
  assertEquals(
    text,
    `\
error[undefined-reference]: "item.paht" is not defined: there is no "paht" in it
 --> flow.yaml:5:44
  |
5 |   - { id: a, prompt: "\${{ item.path }} \${{ item.paht }}", foreach: [{ path: /x }, { path: /y }] }
  |                                            ^^^^^^^^^
  = hint: Did you mean "path"?

error[unavailable-reference]: "item" is not known here: it has another name
 --> flow.yaml:6:39
  |
6 |   - { id: b, prompt: "\${{ file }} \${{ item }}", foreach: { items: [1], item: file } }
  |                                       ^^^^
  = hint: Write file

error[expression-type]: A list is wanted, and "inputs.list" is a text
 --> flow.yaml:8:40
  |
8 |   - { id: d, prompt: Go, foreach: "\${{ inputs.list }}" }
  |                                        ^^^^^^^^^^^
  = hint: If it is JSON, read it: fromJSON(inputs.list)

error[expression-type]: A list is wanted, and "inputs.count" is a number
 --> flow.yaml:9:55
  |
9 |   - { id: e, prompt: "\${{ item }}", foreach: { items: inputs.count, item: steps } }
  |                                                       ^^^^^^^^^^^^
  = hint: Write fromJSON('["a", "b"]'), or the list itself: [a, b]

error[invalid-name]: An item cannot be called "steps": that means something else in expressions
 --> flow.yaml:9:75
  |
9 |   - { id: e, prompt: "\${{ item }}", foreach: { items: inputs.count, item: steps } }
  |                                                                           ^^^^^
  = hint: Give it another name, such as item

warning[unclear-number]: .inf is read as the number Infinity
  --> flow.yaml:10:36
   |
10 |   - { id: f, prompt: Go, foreach: [.inf, "\${{ inputs.list }}"] }
   |                                    ^^^^
   = hint: Write Infinity, or ".inf" in quotes if it is a text

error[invalid-value]: An item cannot be Infinity
  --> flow.yaml:10:36
   |
10 |   - { id: f, prompt: Go, foreach: [.inf, "\${{ inputs.list }}"] }
   |                                    ^^^^
   = hint: Put it in quotes to make it a text

error[expression-not-allowed]: Expressions are not evaluated here
  --> flow.yaml:10:42
   |
10 |   - { id: f, prompt: Go, foreach: [.inf, "\${{ inputs.list }}"] }
   |                                          ^^^^^^^^^^^^^^^^^^^^
   = hint: A list of foreach is fixed: give it one expression that makes the list, such as fromJSON(...)

error[unavailable-reference]: "item" is not known here: the step has no "foreach"
  --> flow.yaml:11:27
   |
11 |   - { id: g, prompt: "\${{ item }}" }
   |                           ^^^^
   = hint: Give it a list there

error[expression-type]: "steps.b.output" is a list, which has no "length"
  --> flow.yaml:13:52
   |
13 |   - { id: i, prompt: "\${{ steps.a.output[0] }} \${{ steps.b.output.length }}" }
   |                                                    ^^^^^^^^^^^^^^^^^^^^^
   = hint: Take one of its items: steps.b.output[0]

error[invalid-expression]: After "a" there cannot be ","
  --> flow.yaml:14:37
   |
14 |   - { id: j, prompt: Go, foreach: "a, b" }
   |                                     ^
   = hint: Write it as in GitHub Actions: \${{ inputs.topic }}

error[invalid-expression]: An expression cannot have another one in it
  --> flow.yaml:15:38
   |
15 |   - { id: k, prompt: Go, foreach: "x \${{ inputs.list }}" }
   |                                      ^^^
   = hint: Write the inner one without its braces

error[unavailable-reference]: "item.list" is not known here: it is of the list that is made here
  --> flow.yaml:16:35
   |
16 |   - { id: l, prompt: Go, foreach: item.list }
   |                                   ^^^^^^^^^
   = hint: Use inputs, or what earlier steps put out
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() keeps items of every kind, and how many are done at a time", async () => {
  const { plan, text } = await compiled(`\
name: w
model: openai:m
inputs: { list: { default: "[1]" } }
steps:
  - { id: a, prompt: Go, foreach: [a, 1, true, null, [b], { c: { d: 1.5 } }] }
  - { id: b, prompt: Go, foreach: { items: [], item: file, concurrency: 3 } }
  - { id: c, prompt: Go, foreach: "\${{ fromJSON(inputs.list) }}" }
`);
  assertEquals(text, "");
  const [a, b, c] = plan?.steps.map(({ foreach }) => foreach) ?? [];
  assertEquals(a, {
    items: ["a", 1, true, null, ["b"], { c: { d: 1.5 } }],
    item: "item",
    concurrency: 1,
    place: { file: "flow.yaml", line: 5, column: 35 },
  });
  assertEquals([b?.items, b?.item, b?.concurrency], [[], "file", 3]);
  assertEquals(c !== undefined && "source" in c.items && c.items.source, "fromJSON(inputs.list)");
  assertEquals(JSON.parse(JSON.stringify(plan)), plan);
});

Deno.test("compileWorkflow() refuses more items than a run does", async () => {
  const items = JSON.stringify(Array.from({ length: 1_001 }, (_, index) => index));
  const { text } = await compiled(
    `name: w\nmodel: openai:m\nsteps:\n  - id: a\n    prompt: Go\n    foreach: ${items}\n`,
  );
  assertEquals(
    text.split("\n")[0],
    'error[invalid-value]: "foreach" takes at most 1000 items, found 1001',
  );
});
