import { assertEquals } from "@std/assert";
import { compiled, type Given } from "./_compiled.ts";

/** A workflow of one step with assertions. */
function flow(assertions: string, top = ""): string {
  return `name: w
model: openai:m
${top}steps:
  - id: a
    prompt: Go
    assert:
${assertions.replaceAll(/^/gm, "      ")}
`;
}

/** Headlines with their places, and their hints. */
async function told(yaml: string, given: Given = {}): Promise<readonly (readonly string[])[]> {
  const { diagnostics, dir } = await compiled(yaml, given);
  return diagnostics.map(({ code, message, place, hint = "" }) => [
    `${place?.file === "flow.yaml" ? "" : `${place?.file} `}${place?.line}:${place?.column}`,
    `${code}: ${message}`,
    hint.replaceAll(dir, "<dir>"),
  ]);
}

Deno.test("compileWorkflow() compiles assertions of every kind", async () => {
  const { plan, text } = await compiled(
    flow(
      `\
- { file: /a.txt, contains: "\${{ inputs.word }}" }
- { file: "/\${{ inputs.word }}.txt", equals: "" }
- { file: /a.json, is_json: true }
- { file: /a.json, json_schema: { type: object } }
- { file: /a.json, json_schema: ./schema.yaml }
- { file: /a.txt, size: 120 }
- { file: /a.txt, size: { min: 1, max: 64kb } }
- { file: /a.txt, lines: { max: 3 } }
- { file: /a.txt, lines: 3 }
- { run: grep -q x a.txt, cwd: /src, env: { WORD: "\${{ inputs.word }}" } }
- { run: [test, -e, /a.txt] }
- { judge: It is kind }
- { judge: "It names \${{ inputs.word }}", file: /a.txt }
- { exists: /src//x }
- { not_exists: /tmp.txt }`,
      "inputs: { word: { default: hi } }\n",
    ),
    { files: { "schema.yaml": "type: array\nitems: { type: number }\n" } },
  );
  assertEquals(text, "");
  const word = { type: "expression", source: "inputs.word" };
  const found = plan?.steps[0]?.assertions.map((assertion) =>
    JSON.parse(JSON.stringify(assertion, (key, value) => key === "expression" ? undefined : value))
  );
  assertEquals(
    found?.map(({ place: { line, column }, ...rest }) => ({ ...rest, at: `${line}:${column}` })),
    [
      { file: ["/a.txt"], kind: "contains", value: [word], at: "8:9" },
      { file: ["/hi.txt"], kind: "equals", value: [], at: "9:9" },
      { file: ["/a.json"], kind: "is_json", at: "10:9" },
      { file: ["/a.json"], kind: "json_schema", schema: { type: "object" }, at: "11:9" },
      {
        file: ["/a.json"],
        kind: "json_schema",
        schema: { type: "array", items: { type: "number" } },
        at: "12:9",
      },
      { file: ["/a.txt"], kind: "size", min: 120, max: 120, at: "13:9" },
      { file: ["/a.txt"], kind: "size", min: 1, max: 65_536, at: "14:9" },
      { file: ["/a.txt"], kind: "lines", max: 3, at: "15:9" },
      { file: ["/a.txt"], kind: "lines", min: 3, max: 3, at: "16:9" },
      {
        kind: "run",
        command: { command: "grep -q x a.txt", cwd: "/src", env: { WORD: [word] } },
        at: "17:9",
      },
      {
        kind: "run",
        command: { command: ["test", "-e", "/a.txt"], cwd: "/", env: {} },
        at: "18:9",
      },
      { kind: "judge", rubric: ["It is kind"], at: "19:9" },
      { kind: "judge", rubric: ["It names ", word], file: ["/a.txt"], at: "20:9" },
      { file: ["/src/x"], kind: "exists", at: "21:9" },
      { file: ["/tmp.txt"], kind: "not_exists", at: "22:9" },
    ],
  );
  // A command needs a shell, which the model is not offered for that.
  assertEquals([plan?.shell?.type, plan?.shell?.tool], ["virtual", false]);
});

Deno.test("compileWorkflow() wants one kind in an assertion, and the keys that go with it", async () => {
  const yaml = flow(`\
- { file: /a, contains: x, judge: y }
- { file: /a }
- { file: /a, contain: x }
- { fil: /a, contains: x }
- { exists: /a, file: /b }
- { run: ls, file: /a }
- { judge: Good, cwd: /, env: { A: b } }
- { lines: 3 }
- {}`);
  assertEquals(await told(yaml), [
    [
      "7:34",
      'invalid-value: The assertion has "contains" and "judge"',
      "Write one assertion for each",
    ],
    [
      "8:9",
      "missing-key: The assertion says nothing",
      "Add one of contains, not_contains, matches, equals, is_json, json_schema, size, lines; " +
      "that a file is there is { exists: PATH }",
    ],
    ["9:21", 'unknown-key: Unknown assertion key "contain"', 'It is spelt "contains" here'],
    ["10:11", 'unknown-key: Unknown assertion key "fil"', 'Did you mean "file"?'],
    ["11:23", 'invalid-value: "exists" names its path itself', "Write { exists: PATH }"],
    [
      "12:20",
      'misplaced-key: Assertion key "file" does not go with "run"',
      "Name the file in the command",
    ],
    [
      "13:24",
      'misplaced-key: Assertion key "cwd" does not go with "judge"',
      "It is for a command: { run: COMMAND, cwd: PATH }",
    ],
    [
      "13:32",
      'misplaced-key: Assertion key "env" does not go with "judge"',
      "It is for a command: { run: COMMAND, cwd: PATH }",
    ],
    ["14:9", 'missing-key: Missing assertion key "file"', "Write { file: PATH, lines: ... }"],
    [
      "15:9",
      "missing-key: The assertion says nothing",
      "Write { file: PATH, contains: TEXT } or { exists: PATH }",
    ],
  ]);
});

Deno.test("compileWorkflow() wants bounds that something fits, with units that there are", async () => {
  const yaml = flow(`\
- { file: /a, size: 64 KB }
- { file: /a, size: 1.5mb }
- { file: /a, size: { min: 2kb, max: 1024 } }
- { file: /a, size: { max: lots } }
- { file: /a, lines: {} }
- { file: /a, lines: { min: 3, max: 2 } }
- { file: /a, matches: "(?!x)" }`);
  const units = "invalid-value: Expected a number of bytes, or one with kb, mb or gb, found";
  assertEquals(await told(yaml), [
    ["7:27", `${units} "64 KB"`, "Did you mean 64kb?"],
    ["8:27", `${units} "1.5mb"`, "Did you mean 1536kb?"],
    [
      "9:34",
      'invalid-value: "min" is more than "max", so nothing fits',
      "Put the smaller one into min",
    ],
    ["10:34", `${units} "lots"`, "Write it like 120 or 64kb"],
    ["11:28", 'missing-key: "lines" has neither "min" nor "max"', "Write { min: 1, max: 100 }"],
    [
      "12:35",
      'invalid-value: "min" is more than "max", so nothing fits',
      "Put the smaller one into min",
    ],
    [
      "13:30",
      "invalid-pattern: The pattern cannot be read: invalid or unsupported Perl syntax: `(?!`",
      "It is RE2 syntax: no look-around and no back-references",
    ],
  ]);
});

Deno.test("compileWorkflow() keeps expressions out of the command of an assertion", async () => {
  const yaml = flow(
    `\
- { run: "grep \${{ inputs.word }} a.txt" }
- { run: [grep, "\${{ inputs.word }}"] }
- { run: ls, cwd: "/\${{ inputs.word }}" }`,
    "inputs: { word: { default: hi } }\n",
  );
  assertEquals((await told(yaml)).map(([at, message]) => `${at} ${message}`), [
    "8:22 expression-in-command: A command has no expressions in it",
    "9:24 expression-in-command: A command has no expressions in it",
    "10:25 expression-not-allowed: Expressions are not evaluated here",
  ]);
});

Deno.test("compileWorkflow() wants a model for a judge, even where all steps are commands", async () => {
  const steps = "steps: [{ id: a, run: ls, assert: [{ judge: It is short }] }]\n";
  assertEquals(await told(`name: w\n${steps}`), [
    [
      "1:1",
      'missing-key: Missing workflow key "model"',
      "Write model: openai:gpt-4.1, or give --model",
    ],
  ]);
  const { plan } = await compiled(`name: w\nmodel: openai:m\n${steps}`);
  assertEquals(plan?.model.type, "openai");
});

/** A workflow of one step with a schema. */
function asking(schema: string, work = "prompt: Go"): string {
  return `name: w
model: openai:m
steps:
  - id: a
    ${work}
    output: { schema: ${schema} }
`;
}

Deno.test("compileWorkflow() reads the schema of an output, inline or from a file of its own", async () => {
  const schema = { type: "object", properties: { title: { type: "string" } } };
  for (
    const [written, files] of [
      [JSON.stringify(schema), {}],
      ["./schemas/a.json", { "schemas/a.json": JSON.stringify(schema) }],
      ["schemas/a.yaml", {
        "schemas/a.yaml": "type: object\nproperties: { title: { type: string } }",
      }],
    ] as const
  ) {
    const { plan, text } = await compiled(asking(written), { files });
    assertEquals(text, "");
    assertEquals(plan?.steps[0]?.output, {
      schema,
      place: { file: "flow.yaml", line: 6, column: 23 },
    });
  }
  const { plan } = await compiled(asking("{ type: array }", "run: ls --json"));
  assertEquals(plan?.steps[0]?.output?.schema, { type: "array" });
});

Deno.test("compileWorkflow() says at which place of which file a schema is wrong", async () => {
  assertEquals(await told(asking("{ type: object, properties: { a: { type: sting } } }")), [
    ["6:64", 'invalid-schema: "sting" is not a type of JSON', 'Did you mean "string"?'],
  ]);
  assertEquals(await told(asking("./none.json")), [
    ["6:23", 'no-file: "none.json" does not exist', 'It was looked for at "<dir>/none.json"'],
  ]);
  const file = {
    "s.json": '{\n  "type": "object",\n  "properties": { "a": { "$ref": "#/$defs/b" } }\n}\n',
  };
  assertEquals(await told(asking("./s.json"), { files: file }), [
    [
      "s.json 3:34",
      'invalid-schema: Nothing is at "#/$defs/b" in the schema',
      "Write what it leads to below $defs, and #/$defs/NAME",
    ],
  ]);
  assertEquals(await told(asking("./s.json"), { files: { "s.json": "[1, 2]" } }), [
    ["s.json 1:1", "invalid-schema: A schema is a map, true or false", INVALID_SCHEMA],
  ]);
  assertEquals(
    (await told(asking("./s.json"), { files: { "s.json": '{"type": "object"' } })).map(([at]) =>
      at
    ),
    ["s.json 1:18"],
  );
});

const INVALID_SCHEMA =
  "Write a JSON Schema, such as { type: object, properties: { title: { type: string } } }";

Deno.test("compileWorkflow() asks a model for an object alone", async () => {
  assertEquals(await told(asking("{ type: array, items: { type: string } }")), [
    [
      "6:31",
      "invalid-schema: A model is asked for an object, and nothing else",
      "Write type: object, with what is wanted in one of its properties",
    ],
  ]);
  assertEquals(await told(asking("{ properties: { a: { type: string } } }")), [
    [
      "6:23",
      "invalid-schema: A model is asked for an object, and nothing else",
      "Write type: object in the schema",
    ],
  ]);
  assertEquals(await told(asking("./s.yaml"), { files: { "s.yaml": "type: string\n" } }), [
    [
      "s.yaml 1:7",
      "invalid-schema: A model is asked for an object, and nothing else",
      "Write type: object, with what is wanted in one of its properties",
    ],
  ]);
});

Deno.test("compileWorkflow() checks what a later step uses of an output by its schema", async () => {
  const yaml = `name: w
model: openai:m
steps:
  - id: a
    prompt: Go
    output: { schema: { type: object, properties: { title: { type: string } } } }
  - id: b
    prompt: "On \${{ steps.a.outputs.title }} and \${{ steps.a.outputs.tite }}"
`;
  const [[at, message, hint] = [], ...others] = await told(yaml);
  assertEquals(others, []);
  assertEquals([at, hint], ["8:54", 'Did you mean "title"?']);
  assertEquals(message?.startsWith("undefined-reference: "), true);
});
