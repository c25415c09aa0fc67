import { assertEquals, assertRejects } from "@std/assert";
import { compileSchema, validateJson } from "../../runner/json_schema.ts";
import type { JsonSchema } from "../../runner/plan.ts";

/** What is wrong with a schema, a line each. */
async function wrong(schema: unknown): Promise<readonly string[]> {
  return (await compileSchema(schema)).map(({ path, message, hint }) =>
    `${path.join("/")}: ${message}${hint === undefined ? "" : ` (${hint})`}`
  );
}

/** What does not fit. */
async function errors(schema: JsonSchema, value: unknown): Promise<readonly string[]> {
  const result = await validateJson(schema, JSON.stringify(value));
  return result.ok ? [] : result.errors;
}

const RE2 = "It is RE2 syntax: no look-around and no back-references";

Deno.test("compileSchema() finds nothing wrong with schemas of draft 2020-12 and what older ones share", async () => {
  const good: JsonSchema[] = [
    true,
    false,
    {},
    { $schema: "http://json-schema.org/draft-07/schema#", type: "object" },
    { $schema: "https://json-schema.org/draft/2020-12/schema", prefixItems: [{ type: "string" }] },
    { definitions: { a: { type: "string" } }, $ref: "#/definitions/a" },
    { $defs: { tree: { properties: { left: { $ref: "#/$defs/tree" } } } }, $ref: "#/$defs/tree" },
    { $defs: { top: { $anchor: "top" } }, items: { $ref: "#top" } },
    { properties: { $ref: { type: "string" }, id: { type: "number" }, const: { minimum: 3 } } },
    { enum: [{ $ref: "http://elsewhere" }], const: { $async: true } },
    { dependentRequired: { a: ["b"] }, patternProperties: { "^x-": true }, format: "no-such" },
  ];
  for (const schema of good) assertEquals(await wrong(schema), []);
});

Deno.test("compileSchema() says where a schema is wrong and what to do about it", async () => {
  const cases: readonly (readonly [unknown, ...string[]])[] = [
    [3, ": A schema is a map, true or false"],
    [[{}], ": A schema is a map, true or false"],
    [null, ": A schema is a map, true or false"],
    [{ type: "objct" }, 'type: "objct" is not a type of JSON (Did you mean "object"?)'],
    [
      { properties: { a: { type: "date" }, b: 3 } },
      'properties/a/type: "date" is not a type of JSON ' +
      "(The types are array, boolean, integer, null, number, object, string)",
      'properties/b: "b" must be a schema, found 3',
    ],
    [{ type: ["string", "nul"] }, 'type/1: "nul" is not a type of JSON (Did you mean "null"?)'],
    [
      { items: [{}] },
      'items: "items" must be a schema, found a list ' +
      '(A list of schemas is spelt "prefixItems" since draft 2020-12)',
    ],
    [
      { required: true },
      'required: "required" must be a list, found true ' +
      '(It is a list of names, beside "properties": required: [title])',
    ],
    [{ minimum: "3" }, 'minimum: "minimum" must be a number, found "3"'],
    [{ enum: [] }, 'enum: "enum" has no value, so that nothing fits it'],
    [{ id: "x" }, 'id: "id" of a schema is spelt "$id" since draft-06'],
    [
      { $ref: "https://example.com/a.json" },
      '$ref: "$ref" leads out of the schema, to "https://example.com/a.json" ' +
      "(Put what it leads to below $defs, and write #/$defs/NAME)",
    ],
    [
      { $ref: "https://json-schema.org/draft/2020-12/schema" },
      '$ref: "$ref" leads out of the schema, to "https://json-schema.org/draft/2020-12/schema" ' +
      "(Put what it leads to below $defs, and write #/$defs/NAME)",
    ],
    [
      { properties: { a: { $ref: "file:///etc/passwd" } } },
      'properties/a/$ref: "$ref" leads out of the schema, to "file:///etc/passwd" ' +
      "(Put what it leads to below $defs, and write #/$defs/NAME)",
    ],
    [
      { items: { $ref: "#/$defs/no" } },
      'items/$ref: Nothing is at "#/$defs/no" in the schema ' +
      "(Write what it leads to below $defs, and #/$defs/NAME)",
    ],
    [
      { properties: { a: { pattern: "(?=a)" } }, patternProperties: { "(": {} } },
      `properties/a/pattern: The pattern cannot be read: invalid or unsupported Perl syntax: \`(?=\` (${RE2})`,
      `patternProperties/(: The pattern cannot be read: missing closing ): \`(\` (${RE2})`,
    ],
    [{ $async: true }, '$async: "$async" is not a keyword of JSON Schema (Leave it out)'],
    [
      JSON.parse('{"properties": {"__proto__": {"type": "string"}}}'),
      'properties/__proto__: A schema cannot have the key "__proto__"',
    ],
    [
      { description: "x".repeat(70_000) },
      ": The schema has 70018 characters as JSON, more than the 65536 allowed " +
      "(Leave out what the check does not need)",
    ],
  ];
  for (const [schema, ...problems] of cases) assertEquals(await wrong(schema), problems);
});

Deno.test("compileSchema() refuses a schema that nests deeper than any validator could follow", async () => {
  const deep = JSON.parse(`${'{"not":'.repeat(5_000)}{}${"}".repeat(5_000)}`);
  const [first, ...others] = await wrong(deep);
  assertEquals(others, []);
  assertEquals(
    first?.endsWith(": The schema nests deeper than 100 (Put parts of it below $defs)"),
    true,
  );
});

Deno.test("validateJson() says what does not fit, where, and what was found", async () => {
  const schema: JsonSchema = {
    type: "object",
    required: ["title", "toString"],
    additionalProperties: false,
    properties: {
      title: { type: "string", maxLength: 3 },
      kind: { enum: ["a", "b"] },
      version: { const: 2 },
      code: { type: "string", pattern: "^\\d+$" },
      word: { type: "string", pattern: "^[a-z]+$" },
      mail: { format: "email" },
      day: { format: "date" },
      rate: { type: "number", minimum: 0, multipleOf: 0.01 },
      tags: { uniqueItems: true, minItems: 4, items: { type: ["string", "object"] } },
      one: { oneOf: [{ type: "string" }, { minLength: 0 }] },
      "a/b~c": { type: "null" },
    },
  };
  const value = {
    title: "long",
    kind: "c",
    version: 1,
    code: "x1",
    word: "up",
    mail: "nobody",
    day: "2026-02-30",
    rate: -19.99,
    tags: [{ a: 1, b: 2 }, 3, { b: 2, a: 1 }],
    one: "text",
    "a/b~c": "there",
    more: true,
  };
  assertEquals(await errors(schema, value), [
    'must have the property "toString"',
    'must not have the property "more"',
    "/title: must not have more than 3 characters, found 4",
    '/kind: must be one of "a", "b", found "c"',
    "/version: must be 2, found 1",
    '/code: must match the pattern "^\\d+$", found "x1"',
    '/mail: must match format "email", found "nobody"',
    '/day: must match format "date", found "2026-02-30"',
    "/rate: must be >= 0, found -19.99",
    "/tags: must not have fewer than 4 items, found 3",
    "/tags/1: must be string or object, found 3",
    "/tags: must not have equal items: items 0 and 2 are",
    "/one: must fit exactly one of the schemas of oneOf",
    '/a~1b~0c: must be null, found "there"',
  ]);
  assertEquals(await errors(schema, 3), ["must be object, found 3"]);
  assertEquals(await errors({ type: "integer" }, [1, 2]), ["must be integer, found a list of 2"]);
  assertEquals(await errors(false, {}), ["must not be there"]);
  assertEquals(await errors({ items: { type: "string" } }, ["x", { a: 1 }]), [
    "/1: must be string, found an object",
  ]);
});

Deno.test("validateJson() tells twenty errors and counts the others", async () => {
  const found = await errors({ items: { type: "string" } }, Array.from({ length: 57 }, () => 1));
  assertEquals(found.length, 21);
  assertEquals(found.slice(19), ["/19: must be string, found 1", "and 37 more"]);
});

Deno.test("validateJson() cuts long values and the paths of long names", async () => {
  const [first = ""] = await errors({ additionalProperties: { type: "null" } }, {
    ["k".repeat(5_000)]: "v".repeat(5_000),
  });
  assertEquals(first, `/${"k".repeat(239)}…: must be null, found "${"v".repeat(79)}…`);
});

Deno.test("validateJson() gives the value, and takes one fence where that is wanted", async () => {
  const value = { a: [1, null] };
  const json = JSON.stringify(value);
  const fenced = (text: string) => validateJson(true, text, { fenced: true });
  for (
    const text of [json, `\n${json}\n`, `\`\`\`json\n${json}\n\`\`\``, `\`\`\`\n${json}\n\`\`\`\n`]
  ) {
    assertEquals(await fenced(text), { ok: true, value });
  }
  const refused = [
    `Here it is:\n\`\`\`json\n${json}\n\`\`\``,
    `\`\`\`json\n${json}\n\`\`\`\n\`\`\`json\n${json}\n\`\`\``,
    `\`\`\`python\n${json}\n\`\`\``,
    `\`\`\`json\n${json}`,
    "```",
  ];
  for (const text of refused) assertEquals((await fenced(text)).ok, false);
  assertEquals((await validateJson(true, `\`\`\`json\n${json}\n\`\`\``)).ok, false);
});

Deno.test("validateJson() says what is not JSON on one line", async () => {
  const of = async (text: string) => {
    const result = await validateJson(true, text);
    return result.ok ? [] : result.errors;
  };
  assertEquals(await of(" \n"), ["it is empty, and not JSON"]);
  assertEquals(await of('{"a":\n}'), [
    `it is not JSON: Unexpected token '}', "{"a":\\n}" is not valid JSON`,
  ]);
  assertEquals(await of("x".repeat(16 * 1024 * 1024 + 1)), [
    "it has 16777217 characters, more than the 16777216 allowed",
  ]);
});

Deno.test("validateJson() asks each pattern of its own, with the escapes of JavaScript", async () => {
  const schema: JsonSchema = {
    properties: { a: { pattern: "^\\u00e9$" }, b: { pattern: "^b$" } },
    patternProperties: { "^n-": { type: "number" } },
  };
  assertEquals(await errors(schema, { a: "é", b: "b", "n-1": 1, other: "x" }), []);
  assertEquals(await errors(schema, { a: "b", b: "é", "n-1": "x" }), [
    '/a: must match the pattern "^\\u00e9$", found "b"',
    '/b: must match the pattern "^b$", found "é"',
    '/n-1: must be number, found "x"',
  ]);
});

Deno.test("validateJson() does not take what every object has for a property of the JSON", async () => {
  assertEquals(await errors({ required: ["constructor", "hasOwnProperty"] }, {}), [
    'must have the property "constructor"',
    'must have the property "hasOwnProperty"',
  ]);
  const result = await validateJson(
    { additionalProperties: false },
    '{"__proto__": {"polluted": true}}',
  );
  assertEquals(result, { ok: false, errors: ['must not have the property "__proto__"'] });
  assertEquals(Reflect.get({}, "polluted"), undefined);
});

/** Each of these would take minutes, or all memory, without a bound. */
const HOSTILE:
  readonly (readonly [name: string, schema: JsonSchema, text: string, error: string])[] = [
    [
      "a pattern that backtracks",
      { pattern: "^(a+)+$" },
      JSON.stringify(`${"a".repeat(50_000)}!`),
      `must match the pattern "^(a+)+$", found "${"a".repeat(79)}…`,
    ],
    [
      "a pattern of many states over many long texts",
      { items: { pattern: "^(?:[a-z]{1,900})*$" } },
      JSON.stringify(Array.from({ length: 3_000 }, () => "a".repeat(5_000))),
      "it takes too much work to hold it against the schema",
    ],
    [
      "alternatives that lead to themselves",
      {
        anyOf: [
          { type: "array", items: { $ref: "#" } },
          { type: "array", items: { $ref: "#" } },
        ],
      },
      `${"[".repeat(60)}1${"]".repeat(60)}`,
      "it takes too much work to hold it against the schema",
    ],
    [
      "definitions that each use the next one twice",
      Object.assign(
        { $ref: "#/$defs/a0" },
        {
          $defs: Object.fromEntries(Array.from({ length: 40 }, (_, index) => [
            `a${index}`,
            index === 39
              ? { type: "string" }
              : { allOf: [{ $ref: `#/$defs/a${index + 1}` }, { $ref: `#/$defs/a${index + 1}` }] },
          ])),
        },
      ),
      '"x"',
      "it takes too much work to hold it against the schema",
    ],
    [
      "a schema that leads to itself",
      { $ref: "#" },
      "1",
      "it nests too deep, or the schema leads to itself without end",
    ],
    [
      "data that nest without end",
      { items: { $ref: "#" } },
      `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
      "it nests too deep, or the schema leads to itself without end",
    ],
    [
      "a large definition that is used in many places",
      {
        properties: Object.fromEntries(
          Array.from({ length: 500 }, (_, index) => [`p${index}`, { $ref: "#/$defs/large" }]),
        ),
        $defs: {
          large: {
            properties: Object.fromEntries(
              Array.from({ length: 200 }, (_, index) => [`a${index}`, { type: "string" }]),
            ),
          },
        },
      },
      '{"p7": {"a3": 1}}',
      "/p7/a3: must be string, found 1",
    ],
    [
      "a format that backtracks",
      { format: "email" },
      JSON.stringify(`${"a.".repeat(50_000)}@`),
      `must match format "email", found "${"a.".repeat(39)}a…`,
    ],
  ];

for (const [name, schema, text, error] of HOSTILE) {
  Deno.test(`validateJson() ends with ${name}`, async () => {
    assertEquals(await compileSchema(schema), []);
    assertEquals(await validateJson(schema, text), { ok: false, errors: [error] });
  });
}

Deno.test("validateJson() takes no text for one of a format that is longer than 2,048 characters", async () => {
  const uri = (length: number) => `https://example.com/${"a".repeat(length - 20)}`;
  assertEquals(await errors({ format: "uri" }, uri(2_048)), []);
  assertEquals((await errors({ format: "uri" }, uri(2_049))).length, 1);
});

Deno.test("validateJson() finds equal items among many without holding each against every other", async () => {
  const items = Array.from({ length: 100_000 }, (_, id) => ({ id, name: "same" }));
  const schema = { uniqueItems: true };
  assertEquals((await validateJson(schema, JSON.stringify(items))).ok, true);
  assertEquals(await errors(schema, [...items, { name: "same", id: 7 }]), [
    "must not have equal items: items 7 and 100000 are",
  ]);
});

Deno.test("validateJson() tells the first error alone of a long text", async () => {
  const found = await errors(
    { items: { anyOf: [{ const: "a" }, { const: "b" }] } },
    Array.from({ length: 200_000 }, () => 1),
  );
  assertEquals(found, [
    '/0: must be "a", found 1',
    '/0: must be "b", found 1',
    "/0: must fit one of the schemas of anyOf",
  ]);
});

Deno.test("validateJson() starts each text with all its work", async () => {
  const schema: JsonSchema = { items: { type: "number" } };
  const text = JSON.stringify(Array.from({ length: 150_000 }, () => 1));
  for (let round = 0; round < 20; round++) {
    assertEquals((await validateJson(schema, text)).ok, true);
  }
});

Deno.test("validateJson() refuses to use a schema that cannot be used", async () => {
  await assertRejects(
    () => validateJson({ type: "objct" }, "{}"),
    TypeError,
    'The schema cannot be used: "objct" is not a type of JSON',
  );
});
