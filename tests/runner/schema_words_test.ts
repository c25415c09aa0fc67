import { assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";

async function told(schema: string): Promise<readonly string[]> {
  const { diagnostics } = await compiled(
    `name: w\nmodel: openai:m\nsteps:\n  - id: a\n    prompt: Go\n    output:\n      schema: ${schema}\n`,
  );
  return diagnostics.map(({ severity, message, hint, place }) =>
    `${severity} ${place?.line}:${place?.column} ${message}: ${hint}`
  );
}

Deno.test("compileWorkflow() warns of words in a JSON Schema that are nearly keywords", async () => {
  assertEquals(await told("{ type: object, propertis: {} }"), [
    'warning 7:31 "propertis" is no keyword of JSON Schema: Did you mean "properties"?',
  ]);
  assertEquals(
    await told(
      "{ type: object, properties: { a: { type: array, itmes: {}, anyOf: [{ tpye: a }] } } }",
    ),
    [
      'warning 7:63 "itmes" is no keyword of JSON Schema: Did you mean "items"?',
      'warning 7:84 "tpye" is no keyword of JSON Schema: Did you mean "type"?',
    ],
  );
});

Deno.test("compileWorkflow() takes names of properties and words of others as they are", async () => {
  assertEquals(
    await told(
      "{ type: object, x-order: 1, properties: { tpye: { type: string, enum: [requird] } }, " +
        "$defs: { itmes: true }, default: { requird: 1 } }",
    ),
    [],
  );
});

Deno.test("compileWorkflow() warns of words in a schema's own file", async () => {
  const { diagnostics } = await compiled(
    "name: w\nmodel: openai:m\nsteps:\n  - { id: a, prompt: Go, output: { schema: ./s.json } }\n",
    { files: { "s.json": '{ "type": "object",\n  "requierd": ["a"] }\n' } },
  );
  assertEquals(diagnostics.map(({ place, code }) => [place?.file, place?.line, code]), [
    ["s.json", 2, "unknown-keyword"],
  ]);
});
