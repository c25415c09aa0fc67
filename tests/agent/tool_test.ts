import { defineTool } from "../../agent/tool.ts";
import { BUILT_IN_TOOLS } from "../../agent/tools/built_in.ts";
import { StateBackend } from "../../backends/state.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { z } from "zod";

const search = defineTool({
  name: "search",
  description: "Searches.",
  parameters: z.strictObject({
    query: z.string().describe("What to look for."),
    limit: z.int().min(1).max(9).default(5).describe("How many."),
    tags: z.array(z.string()).optional(),
  }),
  execute: ({ query, limit }) => `${query} ${limit}`,
});

Deno.test("defineTool() describes its parameters as plain JSON Schema, once", () => {
  const described = search.describe();
  assertEquals(described, {
    name: "search",
    description: "Searches.",
    parameters: {
      type: "object",
      properties: {
        query: { type: "string", description: "What to look for." },
        limit: { type: "integer", minimum: 1, maximum: 9, default: 5, description: "How many." },
        tags: { type: "array", items: { type: "string" } },
      },
      required: ["query"],
      additionalProperties: false,
    },
  });
  assertEquals(JSON.parse(JSON.stringify(described)), described);
  assertStrictEquals(search.describe(), described);
});

Deno.test("defineTool() refuses names that servers refuse", () => {
  for (const name of ["", "a b", "functions.run", "é", "x".repeat(65), "a\n"]) {
    assertThrows(
      () => defineTool({ name, description: "x", parameters: z.object({}), execute: () => "" }),
      TypeError,
      "1 to 64 letters, digits, '_' and '-'",
    );
  }
  defineTool({
    name: "x".repeat(64),
    description: "x",
    parameters: z.object({}),
    execute: () => "",
  });
});

Deno.test("defineTool() refuses a tool without a description", () => {
  assertThrows(
    () => defineTool({ name: "a", description: " ", parameters: z.object({}), execute: () => "" }),
    TypeError,
    "without a description",
  );
});

Deno.test("Tool.describe() names the tool whose parameters have no JSON Schema", () => {
  const tool = defineTool({
    name: "remind",
    description: "Reminds.",
    parameters: z.object({ when: z.date() }),
    execute: () => "",
  });
  assertThrows(() => tool.describe(), TypeError, "the parameters of the tool 'remind'");
});

Deno.test("Tool.prepare() tells every problem as a sentence", async () => {
  const cases: readonly [unknown, readonly string[]][] = [
    [{}, ["'query' is missing: it must be a string"]],
    [{ query: 1 }, ["'query' must be a string"]],
    [{ query: "a", limit: 1.5 }, ["'limit' must be an integer"]],
    [{ query: "a", limit: "3" }, ["'limit' must be a number"]],
    [{ query: "a", limit: 10 }, ["'limit': Too big: expected number to be <=9"]],
    [{ query: "a", tags: [1] }, ["'tags.0' must be a string"]],
    [
      { quary: "a" },
      [
        "'query' is missing: it must be a string",
        "'quary' is not a parameter; the parameters are 'query', 'limit', 'tags'",
      ],
    ],
    [[], ["The arguments must be a JSON object"]],
    ["query", ["The arguments must be a JSON object"]],
    [null, ["The arguments must be a JSON object"]],
  ];
  for (const [args, problems] of cases) {
    assertEquals(await search.prepare(args), { ok: false, problems });
  }
});

Deno.test("Tool.prepare() takes null for a parameter that is left out", async () => {
  const prepared = await search.prepare({ query: "a", limit: null, tags: null });
  const context = { backend: new StateBackend(), signal: new AbortController().signal };
  assertEquals(prepared.ok && await prepared.call.execute(context), "a 5");
  assertEquals((await search.prepare({ query: null })).ok, false);
});

Deno.test("Tool.prepare() gives the effects of the call, if the tool knows them", async () => {
  const known = defineTool({
    name: "copy",
    description: "Copies.",
    parameters: z.strictObject({ from: z.string(), to: z.string() }),
    effects: ({ from, to }) => ({ reads: [from], writes: [to] }),
    execute: () => "done",
  });
  const prepared = await known.prepare({ from: "/a", to: "/b" });
  assertEquals(prepared.ok && prepared.call.effects, { reads: ["/a"], writes: ["/b"] });
  const unknown = await search.prepare({ query: "a" });
  assertEquals(unknown.ok && unknown.call.effects, undefined);
});

Deno.test("BUILT_IN_TOOLS describe every parameter to the model", () => {
  assertEquals(BUILT_IN_TOOLS.map((tool) => tool.name), [
    "ls",
    "read_file",
    "write_file",
    "edit_file",
    "delete_file",
    "move_file",
    "glob",
    "grep",
  ]);
  for (const tool of BUILT_IN_TOOLS) {
    const { properties } = tool.describe().parameters;
    for (const [name, schema] of Object.entries(properties ?? {})) {
      assertEquals(typeof schema.description, "string", `${tool.name}.${name}`);
    }
  }
});
