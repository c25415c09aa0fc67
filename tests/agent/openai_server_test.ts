// The server that stands in for OpenAI's must be as strict as the tests that rely on it believe.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { answer, hold, startOpenAiServer } from "../support/openai_server.ts";

const CALL = { id: "a", type: "function", function: { name: "ls", arguments: "{}" } };
const USER = { role: "user", content: "Go on" };
const CALLING = { role: "assistant", content: null, tool_calls: [CALL] };
const RESULT = { role: "tool", tool_call_id: "a", content: "" };
const GOOD = { model: "m", stream: true, messages: [USER] };

function tool(parameters: unknown, name = "ls"): Record<string, unknown> {
  return { tools: [{ type: "function", function: { name, description: "", parameters } }] };
}

function form(schema: unknown, strict: unknown): Record<string, unknown> {
  return { response_format: { type: "json_schema", json_schema: { name: "a", schema, strict } } };
}

function messages(...list: unknown[]): Record<string, unknown> {
  return { messages: list };
}

Deno.test("startOpenAiServer() refuses what is not a request of the API", async (t) => {
  const cases: readonly [string, Record<string, unknown>][] = [
    ["Unrecognized request argument supplied: n", { n: 1 }],
    ["only streams", { stream: false }],
    ["only streams", { stream: undefined }],
    ["'model'", { model: "" }],
    ["'model'", { model: undefined }],
    ["'messages'", { messages: undefined }],
    ["empty array", messages()],
    ["'messages[0]'", messages("Hi")],
    ["'messages[0].role'", messages({ role: "function", content: "" })],
    ["'messages[0].content'", messages({ role: "user", content: null })],
    ["'messages[0].content'", messages({ role: "user", content: ["Hi"] })],
    ["not Unicode", messages({ role: "user", content: "\ud800" })],
    ["'messages[0].name'", messages({ role: "user", content: "", name: "me" })],
    ["must be a response to", messages(USER, RESULT)],
    ["must be a response to", messages(USER, CALLING, RESULT, RESULT)],
    ["must be a response to", messages(USER, CALLING, { ...RESULT, tool_call_id: "b" })],
    ["must be followed by tool messages", messages(USER, CALLING)],
    ["must be followed by tool messages", messages(USER, CALLING, USER)],
    ["Duplicate tool call id 'a'", messages({ ...CALLING, tool_calls: [CALL, CALL] })],
    ["Duplicate tool call id 'a'", messages(CALLING, RESULT, CALLING, RESULT)],
    ["empty array", messages({ ...CALLING, tool_calls: [] })],
    ["'messages[0].content'", messages({ role: "assistant", content: null })],
    ["'messages[0].tool_calls[0].id'", messages({ ...CALLING, tool_calls: [{ ...CALL, id: "" }] })],
    ["too long", messages({ ...CALLING, tool_calls: [{ ...CALL, id: "x".repeat(41) }] })],
    ["'function'", messages({ ...CALLING, tool_calls: [{ ...CALL, type: "tool" }] })],
    ["Unknown parameter", messages({ ...CALLING, tool_calls: [{ ...CALL, index: 0 }] })],
    [
      "does not match pattern",
      messages({
        ...CALLING,
        tool_calls: [{ ...CALL, function: { name: "a.b", arguments: "{}" } }],
      }),
    ],
    [
      "is not JSON",
      messages({ ...CALLING, tool_calls: [{ ...CALL, function: { name: "ls", arguments: "" } }] }),
    ],
    ["empty array", { tools: [] }],
    ["does not match pattern", tool({ type: "object" }, "list files")],
    ["type must be 'object'", tool({ type: "string" })],
    ["type must be 'object'", tool({})],
    ["array schema missing items", tool({ type: "object", properties: { a: { type: "array" } } })],
    ['"text" is not a type', tool({ type: "object", properties: { a: { type: "text" } } })],
    ["'required' must name", tool({ type: "object", required: ["a"] })],
    [
      "Tool names must be unique",
      { tools: [tool({ type: "object" }).tools, tool({ type: "object" }).tools].flat() },
    ],
    ["stream_options.include_usage", { stream_options: {} }],
    ["'response_format.type'", { response_format: { type: "json_object" } }],
    ["json_schema.strict'", form({ type: "object" }, undefined)],
    ["must be 'object'", form({ type: "array" }, false)],
    ["'additionalProperties' is required", form({ type: "object" }, true)],
    [
      "'required' must include every key",
      form({ type: "object", properties: { a: {} }, additionalProperties: false }, true),
    ],
    [
      "'allOf' is not permitted",
      form({ type: "object", additionalProperties: false, allOf: [] }, true),
    ],
    ["stream_options.usage", { stream_options: { usage: true } }],
  ];
  await using server = startOpenAiServer({ script: [] });
  for (const [expected, change] of cases) {
    await t.step(`${expected}: ${JSON.stringify(change)}`, async () => {
      const response = await fetch(`${server.baseUrl}/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${server.key}` },
        body: JSON.stringify({ ...GOOD, ...change }),
      });
      const { error } = await response.json();
      assertEquals([response.status, error.type], [400, "invalid_request_error"]);
      assertStringIncludes(error.message, expected);
      assertStringIncludes(server.rejections.at(-1) ?? "", expected);
    });
  }
  assertEquals(server.exchanges, []);
});

Deno.test("startOpenAiServer() refuses the wrong path, method, key and content type", async (t) => {
  const cases: readonly [number, string, RequestInit][] = [
    [404, "/completions", {}],
    [404, "/chat/completions?x=1", {}],
    [405, "/chat/completions", { method: "PUT" }],
    [401, "/chat/completions", { headers: { "content-type": "application/json" } }],
    [401, "/chat/completions", { headers: { authorization: "Bearer other" } }],
    [401, "/chat/completions", { headers: { authorization: "test-key" } }],
    [415, "/chat/completions", { headers: { authorization: "Bearer test-key" } }],
    [400, "/chat/completions", { body: "{" }],
    [400, "/chat/completions", { body: "[]" }],
    [404, "/chat/completions", { body: JSON.stringify({ ...GOOD, model: "other" }) }],
    [400, "/chat/completions", {}],
  ];
  await using server = startOpenAiServer({ script: [], key: "test-key", models: ["m"] });
  for (const [status, path, change] of cases) {
    await t.step(`${status} ${path} ${JSON.stringify(change)}`, async () => {
      const response = await fetch(server.baseUrl + path, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: "Bearer test-key" },
        body: JSON.stringify(GOOD),
        ...change,
      });
      const { error } = await response.json();
      assertEquals(response.status, status);
      assertEquals(server.rejections.at(-1), `${status}: ${error.message}`);
    });
  }
  // The last one is right in itself, but beyond the script.
  assertEquals(server.exchanges.length, 1);
  assertEquals(server.rejections.length, cases.length);
});

Deno.test("startOpenAiServer() cuts streams within characters and line endings", async () => {
  const text = "äöü 世界 ".repeat(40);
  await using server = startOpenAiServer({ script: [answer({ text })] });
  const response = await fetch(`${server.baseUrl}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${server.key}` },
    body: JSON.stringify(GOOD),
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body ?? []) chunks.push(chunk);
  const within = { characters: 0, lineEndings: 0 };
  for (const [index, chunk] of chunks.entries()) {
    const before = chunks[index - 1]?.at(-1) ?? 0;
    const first = chunk[0] ?? 0;
    if ((first & 0xc0) === 0x80) within.characters++;
    if (before === 0x0d && first === 0x0a) within.lineEndings++;
  }
  assert(within.characters > 0 && within.lineEndings > 0, JSON.stringify(within));
  const whole = new TextDecoder().decode(
    Uint8Array.from(chunks.flatMap((chunk) => [...chunk])),
  );
  assert(whole.endsWith("data: [DONE]\n\n"));
  const said = whole.split(/\r?\n/).filter((line) => line.startsWith("data:") && line.endsWith("}"))
    .map((line) => JSON.parse(line.slice("data:".length)).choices[0]?.delta.content ?? "");
  assertEquals(said.join(""), text);
});

Deno.test("startOpenAiServer() ends with requests still waiting", async () => {
  const asked = Promise.withResolvers<void>();
  const server = startOpenAiServer({
    script: () => {
      asked.resolve();
      return hold();
    },
  });
  const waiting = fetch(`${server.baseUrl}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${server.key}` },
    body: JSON.stringify(GOOD),
  });
  await asked.promise;
  await server[Symbol.asyncDispose]();
  const response = await waiting;
  await response.body?.cancel();
  assertEquals(response.status, 503);
});
