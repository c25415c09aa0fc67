import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { loadRehearsal } from "../../runner/rehearsal_file.ts";
import { compiled } from "./_compiled.ts";

Deno.test("loadRehearsal() reads turns with their places", async () => {
  const dir = await Deno.makeTempDir({ prefix: "routebook-rehearsal-" });
  try {
    const path = join(dir, "r.yaml");
    await Deno.writeTextFile(
      path,
      `\
name: flask
steps:
  app:
    - expect: { prompt: "Create it" }
      text: I will.
      calls:
        - write_file: { path: /a.py, content: "x = 1\\n" }
        - ls: {}
    - expect: { results: [Wrote, ""] }
      text: Done.
      usage: { input: 812 }
`,
    );
    const rehearsal = await loadRehearsal("flows/r.yaml", path, { name: "flask", steps: ["app"] });
    assertEquals(rehearsal.diagnostics, []);
    assertEquals(rehearsal.steps, {
      app: [
        {
          expect: { prompt: "Create it" },
          text: "I will.",
          calls: [
            { tool: "write_file", arguments: { path: "/a.py", content: "x = 1\n" } },
            { tool: "ls", arguments: {} },
          ],
          place: "flows/r.yaml:4",
        },
        {
          expect: { results: ["Wrote", ""] },
          text: "Done.",
          calls: [],
          usage: { input: 812 },
          place: "flows/r.yaml:9",
        },
      ],
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("compileWorkflow() tells how a rehearsal differs from its workflow, with exit code 7", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
rehearsal: ./r.yaml
steps: [{ id: app, prompt: Go }, { id: notes, prompt: Go }]
`,
    {
      key: false,
      files: {
        "r.yaml": `name: other
steps:
  ap: [{ text: Hi }]
  docs: [{ text: Hi }]
  app: [{ text: Hi }]
`,
      },
    },
  );
  assertEquals(
    text,
    `\
error[rehearsal-mismatch]: The rehearsal is for workflow "other", not for "w"
 --> r.yaml:1:7
  |
1 | name: other
  |       ^^^^^
  = hint: Expected "w", found "other"

error[rehearsal-mismatch]: The rehearsal has no answers for step "notes"
 --> r.yaml:2:1
  |
2 | steps:
  | ^^^^^
  = hint: Expected app, notes; found ap, docs, app

error[rehearsal-mismatch]: The workflow has no step "ap"
 --> r.yaml:3:3
  |
3 |   ap: [{ text: Hi }]
  |   ^^
  = hint: Did you mean "app"?

error[rehearsal-mismatch]: The workflow has no step "docs"
 --> r.yaml:4:3
  |
4 |   docs: [{ text: Hi }]
  |   ^^^^
  = hint: Expected app, notes; found ap, docs, app
`,
  );
  assertEquals(exitCode, 7);
});

Deno.test("compileWorkflow() tells what else is wrong with a rehearsal, with exit code 2", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
rehearsal: ./r.yaml
steps: [{ id: a, prompt: Go }]
`,
    {
      key: false,
      files: {
        "r.yaml": `name: w
step: {}
steps:
  a:
    - txt: Hi
      expect: { promt: x, results: x }
    - calls: [read_file]
    - calls: [{ ls: { path: / }, glob: {} }, { ls: }, {}]
    - {}
    - text: 3
      usage: { input: -1, output: 1.5 }
  b: []
`,
      },
    },
  );
  assertEquals(
    text,
    `\
error[unknown-key]: Unknown rehearsal key "step"
 --> r.yaml:2:1
  |
2 | step: {}
  | ^^^^
  = hint: Did you mean "steps"?

error[unknown-key]: Unknown turn key "txt"
 --> r.yaml:5:7
  |
5 |     - txt: Hi
  |       ^^^
  = hint: Did you mean "text"?

error[unknown-key]: Unknown expect key "promt"
 --> r.yaml:6:17
  |
6 |       expect: { promt: x, results: x }
  |                 ^^^^^
  = hint: Did you mean "prompt"?

error[wrong-type]: Expected a list for "results", found the text "x"
 --> r.yaml:6:36
  |
6 |       expect: { promt: x, results: x }
  |                                    ^
  = hint: Write it as a list: ["x"]

error[wrong-type]: Expected a map for item 1 of "calls", found the text "read_file"
 --> r.yaml:7:15
  |
7 |     - calls: [read_file]
  |               ^^^^^^^^^
  = hint: Write a map: { key: value }

error[invalid-value]: A call has one key, the tool's name
 --> r.yaml:8:15
  |
8 |     - calls: [{ ls: { path: / }, glob: {} }, { ls: }, {}]
  |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = hint: Begin a call of its own with "- glob:"

error[wrong-type]: Expected a map for "ls", found nothing
 --> r.yaml:8:52
  |
8 |     - calls: [{ ls: { path: / }, glob: {} }, { ls: }, {}]
  |                                                    ^
  = hint: Write a value after the colon

error[invalid-value]: A call has one key, the tool's name
 --> r.yaml:8:55
  |
8 |     - calls: [{ ls: { path: / }, glob: {} }, { ls: }, {}]
  |                                                       ^^
  = hint: Write - read_file: { path: /a.txt }

error[missing-key]: The turn has neither text nor calls
 --> r.yaml:9:7
  |
9 |     - {}
  |       ^^
  = hint: Write what the model says, such as text: Done.

error[wrong-type]: Expected a text for "text", found the number 3
  --> r.yaml:10:13
   |
10 |     - text: 3
   |             ^
   = hint: Put it in quotes to make it a text: "3"

error[invalid-value]: "input" must be at least 0
  --> r.yaml:11:23
   |
11 |       usage: { input: -1, output: 1.5 }
   |                       ^^
   = hint: Write 0 or more

error[wrong-type]: Expected a whole number for "output", found the number 1.5
  --> r.yaml:11:35
   |
11 |       usage: { input: -1, output: 1.5 }
   |                                   ^^^
   = hint: Write a whole number in digits, such as 10

error[rehearsal-mismatch]: The workflow has no step "b"
  --> r.yaml:12:3
   |
12 |   b: []
   |   ^
   = hint: Expected a; found a, b

error[invalid-value]: "b" must have at least one item
  --> r.yaml:12:6
   |
12 |   b: []
   |      ^^
   = hint: Write at least one item
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() points at the rehearsal that is not there", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
rehearsal: ./r.yaml
steps: [{ id: a, prompt: Go }]
`,
    { key: false },
  );
  assertEquals(
    text,
    `\
error[no-file]: "r.yaml" does not exist
 --> flow.yaml:3:12
  |
3 | rehearsal: ./r.yaml
  |            ^^^^^^^^
  = hint: It was looked for at "<dir>/r.yaml"
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() points into a rehearsal that is not YAML", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
rehearsal: ./r.yaml
steps: [{ id: a, prompt: Go }]
`,
    {
      key: false,
      files: {
        "r.yaml": `name: w
steps: [a: b: c
`,
      },
    },
  );
  assertEquals(
    text,
    `\
error[invalid-yaml]: Block collections are not allowed within flow collections
 --> r.yaml:2:12
  |
2 | steps: [a: b: c
  |            ^^^^
  = hint: Check the quotes and brackets before it, and the indentation

error[invalid-yaml]: A bracket that opens above is not closed before this
 --> r.yaml:3:1
  |
3 |
  | ^
  = hint: Close it, or indent what is inside it
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() names a rehearsal in another directory as the user would", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
`,
    {
      key: false,
      file: "flows/f.yaml",
      files: {
        "flows/f.yaml": `name: w
model: openai:m
rehearsal: ../r/r.yaml
steps: [{ id: a, prompt: Go }]
`,
        "r/r.yaml": `name: v
steps: { a: [{ text: Hi }] }
`,
      },
    },
  );
  assertEquals(
    text,
    `\
error[rehearsal-mismatch]: The rehearsal is for workflow "v", not for "w"
 --> r/r.yaml:1:7
  |
1 | name: v
  |       ^
  = hint: Expected "w", found "v"
`,
  );
  assertEquals(exitCode, 7);
});

Deno.test("loadRehearsal() reads what judges say as turns of a verdict", async () => {
  const dir = await Deno.makeTempDir({ prefix: "routebook-rehearsal-" });
  try {
    const path = join(dir, "r.yaml");
    await Deno.writeTextFile(
      path,
      `\
name: flask
steps:
  app: [{ text: Done. }]
judges:
  app:
    - { pass: false, reason: No route., usage: { input: 9 } }
    - pass: true
      expect: { prompt: "It has a route" }
`,
    );
    const rehearsal = await loadRehearsal("r.yaml", path, {
      name: "flask",
      steps: ["app"],
      judged: ["app"],
    });
    assertEquals(rehearsal.diagnostics, []);
    assertEquals(rehearsal.judges, {
      app: [
        {
          text: '{"pass":false,"reason":"No route."}',
          calls: [],
          usage: { input: 9 },
          place: "r.yaml:6",
        },
        {
          expect: { prompt: "It has a route" },
          text: '{"pass":true,"reason":""}',
          calls: [],
          place: "r.yaml:7",
        },
      ],
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("compileWorkflow() tells how the judges of a rehearsal differ from the workflow's", async () => {
  const flow = `\
name: w
model: openai:m
rehearsal: ./r.yaml
steps:
  - { id: app, prompt: Go, assert: [{ judge: It is short }] }
  - { id: notes, run: ls, assert: [{ judge: It is long }] }
`;
  const missing = await compiled(flow, {
    key: false,
    files: {
      "r.yaml": "name: w\nsteps:\n  app: [{ text: Hi }]\njudges:\n  ap: [{ pass: true }]\n",
    },
  });
  assertEquals(
    missing.text,
    `\
error[rehearsal-mismatch]: The rehearsal has no answer of a judge for step "app"
 --> r.yaml:4:1
  |
4 | judges:
  | ^^^^^^
  = hint: Write judges: { app: [{ pass: true, reason: ... }] }

error[rehearsal-mismatch]: The rehearsal has no answer of a judge for step "notes"
 --> r.yaml:4:1
  |
4 | judges:
  | ^^^^^^
  = hint: Write judges: { notes: [{ pass: true, reason: ... }] }

error[rehearsal-mismatch]: No judge is asked about step "ap"
 --> r.yaml:5:3
  |
5 |   ap: [{ pass: true }]
  |   ^^
  = hint: Did you mean "app"?
`,
  );
  assertEquals(missing.exitCode, 7);
  const wrong = await compiled(flow, {
    key: false,
    files: {
      "r.yaml": `name: w
steps:
  app: [{ text: Hi }]
judges:
  app: [{ passed: true }, { pass: "yes" }, { pass: true, text: Hi }]
  notes: []
`,
    },
  });
  assertEquals(wrong.exitCode, 2);
  assertEquals(
    wrong.diagnostics.map((
      { message, place, hint },
    ) => [place?.line, place?.column, message, hint]),
    [
      [5, 11, 'Unknown judge key "passed"', 'It is spelt "pass" here'],
      [
        5,
        35,
        'Expected true or false for "pass", found the text "yes"',
        "YAML 1.2 reads yes as a text: write true",
      ],
      [5, 58, 'Unknown judge key "text"', 'What a judge says is its "reason"'],
      [6, 10, '"notes" must have at least one item', "Write at least one item"],
    ],
  );
});
