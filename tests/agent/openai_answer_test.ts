import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type ModelAnswer, ModelError, type ModelRequest } from "../../agent/model.ts";
import { OpenAiModel } from "../../agent/models/openai.ts";
import {
  answer,
  events,
  type OpenAiServer,
  type Reply,
  replyFromTurn,
  startOpenAiServer,
} from "../support/openai_server.ts";

const QUESTION: ModelRequest = {
  messages: [{ role: "user", content: "Go on" }],
  tools: [{
    name: "read_file",
    description: "Reads a file.",
    parameters: { type: "object", properties: { path: { type: "string" } }, required: ["path"] },
  }],
};

function modelAt(server: OpenAiServer): OpenAiModel {
  let ids = 0;
  return new OpenAiModel({
    model: "test-model",
    apiKey: server.key,
    baseUrl: server.baseUrl,
    maxRetries: 0,
    newId: () => `made_${ids++}`,
  });
}

/** One answer to {@linkcode QUESTION}. */
async function ask(reply: Reply): Promise<ModelAnswer> {
  await using server = startOpenAiServer({ script: [reply] });
  const answered = await modelAt(server).respond(QUESTION);
  assertEquals(server.rejections, []);
  return answered;
}

/** A chunk with one choice. */
function chunk(delta: unknown, finish: string | null = null): unknown {
  return { choices: [{ index: 0, delta, finish_reason: finish }] };
}

/** An answer whose chunks hold these `tool_calls`. */
async function askCalls(...deltas: unknown[][]): Promise<ModelAnswer["toolCalls"]> {
  const chunks = deltas.map((calls) => chunk({ tool_calls: calls }));
  return (await ask(events([...chunks, chunk({}, "tool_calls")]))).toolCalls;
}

Deno.test("OpenAiModel.respond() streams text that is cut anywhere", async () => {
  const text = 'Grüße, 世界! 👩‍👩‍👧 e\u0301\r\n\t"quoted" \\ \u0000 \u2028 '.repeat(20);
  await using server = startOpenAiServer({
    script: [answer({ text, usage: { input: 12, output: 34 } })],
  });
  const pieces: string[] = [];
  const answered = await modelAt(server).respond(QUESTION, {
    onText: (piece) => pieces.push(piece),
  });
  assertEquals(answered, {
    text,
    toolCalls: [],
    finish: "stop",
    usage: { inputTokens: 12, outputTokens: 34 },
  });
  assertEquals(pieces.join(""), text);
  assert(pieces.length > 10);
});

Deno.test("OpenAiModel.respond() puts interleaved parallel calls together", async () => {
  const calls = ["first", "zweitë 😀", "x".repeat(3_000)].map((path, index) => ({
    id: `id_${index}`,
    name: "read_file",
    arguments: JSON.stringify({ path }),
  }));
  assertEquals(await ask(answer({ text: "Reading", calls, usage: null })), {
    text: "Reading",
    toolCalls: calls,
    finish: "tool_calls",
    usage: { inputTokens: null, outputTokens: null },
  });
});

Deno.test("OpenAiModel.respond() passes on malformed arguments and unknown tools", async () => {
  const calls = [
    { id: "a", name: "read_file", arguments: '{"path": "/a' },
    { id: "b", name: "no.such tool", arguments: "[]" },
  ];
  assertEquals((await ask(answer({ calls }))).toolCalls, calls);
});

Deno.test("OpenAiModel.respond() sends the conversation in the API's form", async () => {
  await using server = startOpenAiServer({ script: [answer({ text: "ok" })] });
  const call = { id: "call_1", name: "read_file", arguments: '{"path":"/a"}' };
  await modelAt(server).respond({
    messages: [
      { role: "system", content: "Be kind" },
      { role: "user", content: "Half a pair: \ud83d." },
      { role: "assistant", content: "", toolCalls: [call] },
      { role: "tool", toolCallId: "call_1", content: "" },
      { role: "assistant", content: "Done", toolCalls: [{ ...call, id: "call_2" }] },
      { role: "tool", toolCallId: "call_2", content: "text" },
      { role: "assistant", content: "", toolCalls: [] },
      { role: "user", content: "Thanks" },
    ],
    tools: QUESTION.tools,
  });
  assertEquals(server.rejections, []);
  assertEquals(server.exchanges.map(({ request }) => request), [{
    model: "test-model",
    includeUsage: true,
    messages: [
      { role: "system", content: "Be kind", calls: [] },
      { role: "user", content: "Half a pair: \ufffd.", calls: [] },
      { role: "assistant", content: null, calls: [call] },
      { role: "tool", content: "", calls: [], callId: "call_1" },
      { role: "assistant", content: "Done", calls: [{ ...call, id: "call_2" }] },
      { role: "tool", content: "text", calls: [], callId: "call_2" },
      { role: "assistant", content: "", calls: [] },
      { role: "user", content: "Thanks", calls: [] },
    ],
    tools: [...QUESTION.tools],
  }]);
});

Deno.test("OpenAiModel.respond() sends no tools where there are none", async () => {
  await using server = startOpenAiServer({ script: [answer({ text: "ok" })] });
  await modelAt(server).respond({ ...QUESTION, tools: [] });
  assertEquals(server.rejections, []);
  assertEquals(server.exchanges[0]?.request.tools, []);
});

Deno.test("OpenAiModel.respond() tells why the model stopped", async (t) => {
  const cases: readonly [string, Reply, Pick<ModelAnswer, "text" | "finish">][] = [
    ["empty", answer({}), { text: "", finish: "stop" }],
    ["length", answer({ text: "Half", finish: "length" }), { text: "Half", finish: "length" }],
    ["refusal", answer({ refusal: "I will not" }), { text: "I will not", finish: "refusal" }],
    [
      "content filter",
      answer({ text: "Ahem", finish: "content_filter" }),
      { text: "Ahem", finish: "refusal" },
    ],
    ["an unknown word", answer({ text: "Done", finish: "eos" }), { text: "Done", finish: "stop" }],
    [
      "reasoning",
      events([chunk({ reasoning_content: "Hm", reasoning: "Hm", content: "Done" }, "stop")]),
      { text: "Done", finish: "stop" },
    ],
    [
      "keep-alives, other choices and empty chunks",
      events([
        { choices: [] },
        {},
        ": ping\n\n",
        { choices: [{ index: 1, delta: { content: "No" }, finish_reason: "length" }] },
        { choices: [{ delta: { content: "Yes", tool_calls: null }, finish_reason: "" }] },
        { choices: [{ index: 0, finish_reason: "stop" }], usage: null },
      ]),
      { text: "Yes", finish: "stop" },
    ],
    ["no [DONE]", events([chunk({ content: "Hi" }, "stop")], "close"), {
      text: "Hi",
      finish: "stop",
    }],
    ["a reset after the finish", events([chunk({ content: "Hi" }, "stop")], "reset"), {
      text: "Hi",
      finish: "stop",
    }],
  ];
  for (const [name, reply, expected] of cases) {
    await t.step(name, async () => {
      const { text, toolCalls, finish } = await ask(reply);
      assertEquals({ text, toolCalls, finish }, { ...expected, toolCalls: [] });
    });
  }
});

Deno.test("OpenAiModel.respond() leaves out the calls of a cut or declined answer", async (t) => {
  const calls = [{ name: "read_file", arguments: '{"path":"/a"}' }];
  for (const finish of ["length", "content_filter"]) {
    await t.step(finish, async () => {
      assertEquals((await ask(answer({ calls, finish }))).toolCalls, []);
    });
  }
});

Deno.test("OpenAiModel.respond() takes calls with finish_reason stop", async () => {
  const answered = await ask(answer({
    calls: [{ name: "read_file", arguments: "" }],
    finish: "stop",
  }));
  assertEquals(answered.finish, "tool_calls");
  assertEquals(answered.toolCalls, [{ id: "call_0_0", name: "read_file", arguments: "{}" }]);
});

Deno.test("OpenAiModel.respond() reads each server's way of sending calls", async (t) => {
  await t.step("ids and names in pieces", async () => {
    const calls = await askCalls(
      [{ index: 0, id: "ab", function: { name: "read_" } }],
      [{ index: 0, id: "cd", function: { name: "file" } }],
      [{ index: 0, id: null, function: { name: null, arguments: '{"a"' } }],
      [{ index: 0, function: { arguments: ":1}" } }],
    );
    assertEquals(calls, [{ id: "abcd", name: "read_file", arguments: '{"a":1}' }]);
  });
  await t.step("ids and names repeated", async () => {
    const piece = (text: string) => [{
      index: 0,
      id: "a",
      type: "function",
      function: { name: "ls", arguments: text },
    }];
    const calls = await askCalls(piece(""), piece('{"a":'), piece("{}"), piece("}"), piece(""));
    assertEquals(calls, [{ id: "a", name: "ls", arguments: '{"a":{}}' }]);
  });
  await t.step("another id with each piece", async () => {
    const calls = await askCalls(
      [{ index: 0, id: "a", function: { name: "ls", arguments: '{"a"' } }],
      [{ index: 0, id: "b", function: { arguments: ":1" } }],
      [{ index: 0, id: "c", function: { arguments: "}" } }],
    );
    assertEquals(calls, [{ id: "a", name: "ls", arguments: '{"a":1}' }]);
  });
  await t.step("whole calls without an index", async () => {
    const calls = await askCalls([
      { id: "a", function: { name: "ls", arguments: "{}" } },
      { id: "b", function: { name: "ls", arguments: { path: "/" } } },
    ], [{ id: "c", function: { name: "ls", arguments: null } }]);
    assertEquals(calls, [
      { id: "a", name: "ls", arguments: "{}" },
      { id: "b", name: "ls", arguments: '{"path":"/"}' },
      { id: "c", name: "ls", arguments: "{}" },
    ]);
  });
  await t.step("whole calls without index and id, then a piece", async () => {
    const calls = await askCalls(
      [{ function: { name: "ls", arguments: "{}" } }],
      [{ function: { name: "ls", arguments: '{"path":' } }],
      [{ function: { arguments: '"/"}' } }],
    );
    assertEquals(calls, [
      { id: "made_0", name: "ls", arguments: "{}" },
      { id: "made_1", name: "ls", arguments: '{"path":"/"}' },
    ]);
  });
  await t.step("whole calls that all have index 0", async () => {
    const calls = await askCalls(
      [{ index: 0, id: "a", function: { name: "ls", arguments: "{}" } }],
      [{ index: 0, id: "b", function: { name: "glob", arguments: '{"pattern":"*"}' } }],
      [{ index: 0, function: { name: "ls", arguments: '{"path":"/"}' } }],
    );
    assertEquals(calls, [
      { id: "a", name: "ls", arguments: "{}" },
      { id: "b", name: "glob", arguments: '{"pattern":"*"}' },
      { id: "made_0", name: "ls", arguments: '{"path":"/"}' },
    ]);
  });
  await t.step("missing and double ids, in the order of the indexes", async () => {
    const calls = await askCalls([
      { index: 2, id: "a", function: { name: "third", arguments: "{}" } },
      { index: 1, id: "a", function: { name: "second", arguments: "{}" } },
      { index: 0, id: "", function: { name: "first", arguments: "  " } },
    ]);
    assertEquals(calls, [
      { id: "made_0", name: "first", arguments: "{}" },
      { id: "a", name: "second", arguments: "{}" },
      { id: "made_1", name: "third", arguments: "{}" },
    ]);
  });
  await t.step("the legacy function_call is not a call", async () => {
    const error = await assertRejects(
      () =>
        ask(
          events([
            chunk({ content: "x", function_call: { name: "ls", arguments: "{}" } }),
            chunk({}, "function_call"),
          ]),
        ),
      ModelError,
    );
    assertEquals(error.code, "protocol");
  });
});

Deno.test("OpenAiModel.respond() refuses what is not a chat completion", async (t) => {
  const call = (value: unknown) => [chunk({ tool_calls: value }), chunk({}, "tool_calls")];
  const cases: readonly [string, readonly unknown[]][] = [
    ["a chunk that is null", [null]],
    ["a chunk that is a list", [[]]],
    ["choices that are no list", [{ choices: {} }]],
    ["a choice that is null", [{ choices: [null] }]],
    ["a delta that is no object", [chunk("x")]],
    ["content that is no text", [chunk({ content: 1 })]],
    ["calls that are no list", call({})],
    ["a call that is no object", call([1])],
    ["a call whose function is no object", call([{ index: 0, function: 1 }])],
    ["an index below 0", call([{ index: -1, function: { name: "ls" } }])],
    ["an index that is text", call([{ index: "0", function: { name: "ls" } }])],
    ["a name that is no text", call([{ index: 0, function: { name: 1 } }])],
    ["arguments that are a list", call([{ index: 0, function: { name: "ls", arguments: [] } }])],
    ["a call without a name", call([{ index: 0, id: "a", function: { arguments: "{}" } }])],
    ["a piece of no call", call([{ function: { arguments: "{}" } }])],
    [
      "more calls than can be meant",
      Array.from(
        { length: 1_025 },
        (_, index) => chunk({ tool_calls: [{ index, function: { name: "ls" } }] }),
      ),
    ],
    ["tool_calls without calls", [chunk({ content: "x" }, "tool_calls")]],
    ["an unknown finish without text", [chunk({}, "eos")]],
    ["an unknown finish with half a call", [
      chunk({ tool_calls: [{ index: 0, function: { name: "ls", arguments: '{"a' } }] }, "eos"),
    ]],
    ["events that are no JSON", ["data: {oops\n\n"]],
  ];
  for (const [name, source] of cases) {
    await t.step(name, async () => {
      const error = await assertRejects(() => ask(events(source)), ModelError);
      assertEquals(error.code, "protocol", error.message);
    });
  }
});

Deno.test("OpenAiModel.respond() leaves errors of a listener as they are", async () => {
  await using server = startOpenAiServer({ script: [answer({ text: "Hello" })] });
  const fault = new Error("The screen is gone");
  const error = await assertRejects(() =>
    modelAt(server).respond(QUESTION, {
      onText: () => {
        throw fault;
      },
    })
  );
  assert(error === fault);
  assertEquals(server.exchanges.length, 1);
});

Deno.test("replyFromTurn() answers as a rehearsal's turn does", async () => {
  const answered = await ask(replyFromTurn({
    text: "Reading",
    calls: [{ tool: "read_file", arguments: { path: "/ä" } }],
    usage: { input: 5, output: 6 },
  }));
  assertEquals(answered, {
    text: "Reading",
    toolCalls: [{ id: "call_0_0", name: "read_file", arguments: '{"path":"/ä"}' }],
    finish: "tool_calls",
    usage: { inputTokens: 5, outputTokens: 6 },
  });
});

Deno.test("new OpenAiModel() refuses options that cannot work", () => {
  const options = { model: "m", apiKey: "k" };
  assertThrows(() => new OpenAiModel({ ...options, model: "" }), TypeError, "without a name");
  for (const baseUrl of ["", "nonsense", "ftp://a/v1", "127.0.0.1:80/v1"]) {
    assertThrows(() => new OpenAiModel({ ...options, baseUrl }), TypeError, "base URL");
  }
  const error = assertThrows(
    () => new OpenAiModel({ ...options, baseUrl: "http://me:hunter2@host/v1" }),
    TypeError,
  );
  assert(!error.message.includes("hunter2"));
  for (const maxRetries of [-1, 0.5, NaN]) {
    assertThrows(() => new OpenAiModel({ ...options, maxRetries }), RangeError, "times");
  }
  for (const silence of [0, -1, NaN, Infinity]) {
    assertThrows(() => new OpenAiModel({ ...options, silence }), RangeError, "milliseconds");
  }
  assert(!Deno.inspect(new OpenAiModel({ ...options, apiKey: "sk-very-secret" })).includes("very"));
});
