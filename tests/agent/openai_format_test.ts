// The form of an answer, as servers are asked for it.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Message, ModelError, type ModelRequest } from "../../agent/model.ts";
import { OpenAiModel } from "../../agent/models/openai.ts";
import { answer, failure, type OpenAiServer, startOpenAiServer } from "../support/openai_server.ts";

type Schema = Readonly<Record<string, unknown>>;

const SCHEMA: Schema = {
  type: "object",
  properties: { name: { type: "string" } },
  required: ["name"],
  additionalProperties: false,
};
const HELLO = answer({ text: '{"name":"a"}' });

function modelAt(server: OpenAiServer, retries: string[] = []): (request: ModelRequest) => Promise<
  string
> {
  const { key: apiKey, baseUrl } = server;
  const model = new OpenAiModel({ model: "m", apiKey, baseUrl, maxRetries: 0 });
  return async (request) =>
    (await model.respond(request, { onRetry: ({ reason }) => retries.push(reason) })).text;
}

function asking(schema: Schema | undefined, ...messages: Message[]): ModelRequest {
  const asked: readonly Message[] = [...messages, { role: "user", content: "Who?" }];
  return { messages: asked, tools: [], ...schema && { format: { name: "answer", schema } } };
}

Deno.test("OpenAiModel.respond() is strict about a form where the API can be", async (t) => {
  const object = (properties: Schema, more: Schema = {}): Schema => ({
    type: "object",
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
    ...more,
  });
  const deep = (levels: number): Schema => levels === 0 ? SCHEMA : object({ in: deep(levels - 1) });
  const cases: readonly [string, Schema, boolean][] = [
    ["plain", SCHEMA, true],
    ["no properties", object({}), true],
    ["nested", object({ list: { type: "array", items: SCHEMA } }), true],
    ["nullable", object({ a: { type: ["string", "null"], description: "A" } }), true],
    ["enum, const, anyOf", object({ a: { anyOf: [{ enum: ["x"] }, { const: 1 }, SCHEMA] } }), true],
    ["definitions", object({ a: { $ref: "#/$defs/a" } }, { $defs: { a: SCHEMA } }), true],
    ["five levels", deep(4), true],
    ["other properties", object({ a: { type: "string" } }, { additionalProperties: true }), false],
    ["nothing said of others", { type: "object", properties: {}, required: [] }, false],
    ["an optional one", object({ a: { type: "string" } }, { required: [] }), false],
    ["an optional one inside", object({ a: { ...SCHEMA, required: [] } }), false],
    ["one inside a list", object({ a: { type: "array", items: { type: "object" } } }), false],
    ["one inside definitions", object({}, { $defs: { a: { type: "object" } } }), false],
    ["a pattern", object({ a: { type: "string", pattern: "x" } }), false],
    ["a combination", object({ a: { allOf: [SCHEMA] } }), false],
    ["anything", object({ a: {} }), false],
    ["true", object({ a: true }), false],
    ["any list", object({ a: { type: "array" } }), false],
    ["six levels", deep(5), false],
  ];
  await using server = startOpenAiServer({ script: () => HELLO });
  const ask = modelAt(server);
  for (const [name, schema, strict] of cases) {
    await t.step(name, async () => {
      await ask(asking(schema));
      const form = { name: "answer", schema, strict };
      assertEquals(server.exchanges.at(-1)?.request.format, form);
    });
  }
  assertEquals(server.rejections, []);
});

Deno.test("OpenAiModel.respond() asks in words for a form that is no object's", async () => {
  await using server = startOpenAiServer({ script: () => HELLO });
  const ask = modelAt(server);
  await ask(asking({ type: "array" }, { role: "system", content: "Be brief." }));
  await ask(asking({ type: "array" }));
  await ask(asking(SCHEMA));
  await ask(asking(undefined));
  const [told, alone, form, free] = server.exchanges.map(({ request }) => request);
  assertEquals(told?.messages.map(({ role }) => role), ["system", "user"]);
  const words = told?.messages[0]?.content ?? "";
  assert(words.startsWith("Be brief.\n\nYour last answer"), words);
  assert(words.endsWith(':\n{"type":"array"}'), words);
  assertEquals(alone?.messages.map(({ role }) => role), ["system", "user"]);
  assertEquals([told?.format, alone?.format, free?.format], [undefined, undefined, undefined]);
  // That says nothing about what the server knows.
  assertEquals(form?.format?.strict, true);
  assertEquals(free?.messages.length, 1);
  assertEquals(server.rejections, []);
});

Deno.test("OpenAiModel.respond() asks in words from then on where the server refuses a form", async () => {
  await using server = startOpenAiServer({ script: () => HELLO, responseFormat: false });
  const retries: string[] = [];
  const ask = modelAt(server, retries);
  assertEquals(await ask(asking(SCHEMA)), '{"name":"a"}');
  assertEquals(retries.length, 1);
  assertStringIncludes(retries[0] ?? "", "response_format");
  await ask(asking(SCHEMA));
  assertEquals([retries.length, server.rejections.length], [1, 1]);
  for (const { request: { messages } } of server.exchanges) {
    assertEquals(messages[0]?.role, "system");
    assertStringIncludes(messages[0]?.content ?? "", JSON.stringify(SCHEMA));
  }
});

Deno.test("OpenAiModel.respond() does not take another refusal for one of the form", async () => {
  const refusals = [failure(400, { message: "No." }), failure(400, { message: "No!" })];
  await using server = startOpenAiServer({
    script: [
      ...refusals,
      HELLO,
      failure(400, { message: "Too long.", code: "context_length_exceeded" }),
      failure(401),
      failure(400, { message: "No." }),
    ],
  });
  const retries: string[] = [];
  const ask = modelAt(server, retries);
  const error = await assertRejects(() => ask(asking(SCHEMA)), ModelError);
  assertEquals(error.code, "bad_request");
  assertStringIncludes(error.message, "No!), at the last of 2 tries");
  // It was refused without the form too: the server may know forms all the same.
  await ask(asking(SCHEMA));
  for (let round = 0; round < 2; round++) {
    await assertRejects(() => ask(asking(SCHEMA)), ModelError);
  }
  await assertRejects(() => ask(asking(undefined)), ModelError);
  const formed = server.exchanges.map(({ request }) => request.format !== undefined);
  assertEquals(formed, [true, false, true, true, true, false]);
  assertEquals(retries.length, 1);
});

Deno.test("OpenAiModel.respond() finds out all that a server does not know, in one request", async () => {
  await using server = startOpenAiServer({
    script: () => HELLO,
    streamOptions: false,
    responseFormat: false,
  });
  const ask = modelAt(server);
  assertEquals(await ask(asking(SCHEMA)), '{"name":"a"}');
  assertEquals(server.rejections.length, 2);
  await ask(asking(SCHEMA));
  assertEquals(server.rejections.length, 2);
});
