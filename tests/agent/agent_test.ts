import { createDeepAgent } from "../../agent/agent.ts";
import type { AgentEvent } from "../../agent/events.ts";
import { type Message, type Model, type ModelAnswer, ModelError } from "../../agent/model.ts";
import { defineTool, type Tool } from "../../agent/tool.ts";
import { StateBackend } from "../../backends/state.ts";
import { AnsweringModel, call, type PartialAnswer } from "./_support.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { z } from "zod";

interface Run {
  readonly answers: readonly PartialAnswer[];
  readonly tools?: readonly Tool[];
  readonly maxTurns?: number;
  readonly backend?: StateBackend;
}

async function run({ answers, tools = [], maxTurns = 50, backend = new StateBackend() }: Run) {
  const model = new AnsweringModel(answers);
  const events: AgentEvent[] = [];
  const agent = createDeepAgent({ model, tools, instructions: "Be brief." });
  const onEvent = (event: AgentEvent) => events.push(event);
  const result = await agent.run("Go.", { backend, maxTurns, onEvent });
  return { model, events, result, backend };
}

async function failure(answers: readonly PartialAnswer[]): Promise<ModelError> {
  return await assertRejects(() => run({ answers }), ModelError);
}

/** What the model was told of its calls, in their order. */
function results(messages: readonly Message[]): readonly string[] {
  return messages.flatMap((message) => message.role === "tool" ? [message.content] : []);
}

function textTool(name: string, execute: () => string | Promise<string>): Tool {
  return defineTool({ name, description: name, parameters: z.object({}), execute });
}

Deno.test("DeepAgent.run() asks, runs the tools, tells the results and ends with the text", async () => {
  const { model, events, result, backend } = await run({
    answers: [
      {
        text: "Writing.",
        toolCalls: [call("w", "write_file", { path: "/a.txt", content: "hi\n" })],
        usage: { inputTokens: 10, outputTokens: 3 },
      },
      { text: "Wrote it.", usage: { inputTokens: 20, outputTokens: 4 } },
    ],
  });
  const wrote = "Wrote /a.txt (1 line, 3 bytes), a new file";
  assertEquals(result.output, "Wrote it.");
  assertEquals(result.turns, 2);
  assertEquals(result.finish, "done");
  assertEquals(result.usage, { inputTokens: 30, outputTokens: 7 });
  const [system, ...messages] = result.messages;
  assert(system?.role === "system" && system.content.endsWith("\n\nBe brief."));
  assertEquals(messages, [
    { role: "user", content: "Go." },
    {
      role: "assistant",
      content: "Writing.",
      toolCalls: [call("w", "write_file", { path: "/a.txt", content: "hi\n" })],
    },
    { role: "tool", toolCallId: "w", content: wrote },
    { role: "assistant", content: "Wrote it.", toolCalls: [] },
  ]);
  assertEquals(model.asked, [result.messages.slice(0, 2), result.messages.slice(0, 4)]);
  assertEquals(model.request?.tools.map((tool) => tool.name).slice(0, 2), ["ls", "read_file"]);
  assertEquals(events, [
    { type: "model.asked", turn: 1 },
    { type: "model.text", turn: 1, text: "Writing." },
    {
      type: "model.answered",
      turn: 1,
      text: "Writing.",
      toolCalls: 1,
      finish: "tool_calls",
      usage: { inputTokens: 10, outputTokens: 3 },
    },
    {
      type: "tool.called",
      turn: 1,
      callId: "w",
      tool: "write_file",
      arguments: { path: "/a.txt", content: "hi\n" },
    },
    { type: "file.changed", operation: "write", path: "/a.txt" },
    { type: "tool.finished", turn: 1, callId: "w", tool: "write_file", ok: true, result: wrote },
    { type: "model.asked", turn: 2 },
    { type: "model.text", turn: 2, text: "Wrote it." },
    {
      type: "model.answered",
      turn: 2,
      text: "Wrote it.",
      toolCalls: 0,
      finish: "stop",
      usage: { inputTokens: 20, outputTokens: 4 },
    },
  ]);
  assertEquals([...backend.files.keys()], ["/a.txt"]);
});

Deno.test("DeepAgent.run() continues a conversation under its own instructions", async () => {
  const first = await run({ answers: [{ text: "One." }] });
  const model = new AnsweringModel([{ text: "Two." }]);
  const agent = createDeepAgent({ model, instructions: "Be long." });
  const { messages } = first.result;
  const second = await agent.run("On.", { backend: new StateBackend(), messages });
  assertEquals(second.messages.slice(1).map((message) => message.content), [
    "Go.",
    "One.",
    "On.",
    "Two.",
  ]);
  assertEquals(second.messages.filter((message) => message.role === "system").length, 1);
  assertStringIncludes(second.messages[0]?.content ?? "", "Be long.");
  assertEquals(messages.length, 3);
});

Deno.test("DeepAgent.run() asks for the form of an answer where it is told one", async () => {
  const format = { name: "answer", schema: { type: "object" } };
  const model = new AnsweringModel([{ text: "{}" }, { text: "Fine." }]);
  const agent = createDeepAgent({ model });
  const backend = new StateBackend();
  assertEquals((await agent.run("Go.", { backend, format })).output, "{}");
  assertEquals(model.request?.format, format);
  await agent.run("Go.", { backend });
  assertEquals(model.request?.format, undefined);
});

Deno.test("DeepAgent.run() does not take an unknown token count for zero", async () => {
  const ls = [call("1", "ls", {})];
  const { result } = await run({
    answers: [
      { toolCalls: ls, usage: { inputTokens: 10, outputTokens: 3 } },
      { toolCalls: ls, usage: { inputTokens: null, outputTokens: 2 } },
      { text: "Done.", usage: { inputTokens: 10, outputTokens: 1 } },
    ],
  });
  assertEquals(result.usage, { inputTokens: null, outputTokens: 6 });
});

Deno.test("DeepAgent.run() stops at maxTurns, with the last calls run and answered", async () => {
  const ls = [call("1", "ls", {})];
  const { result, model } = await run({
    answers: [{ text: "Looking.", toolCalls: ls }, { toolCalls: ls }, { text: "Never." }],
    maxTurns: 2,
  });
  assertEquals(result.finish, "turn_limit");
  assertEquals(result.turns, 2);
  assertEquals(result.output, "Looking.");
  assertEquals(model.asked.length, 2);
  assertEquals(result.messages.at(-1)?.role, "tool");
});

Deno.test("createDeepAgent() and run() refuse a maxTurns that is no count", async () => {
  const model = new AnsweringModel([]);
  for (const maxTurns of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(() => createDeepAgent({ model, maxTurns }), RangeError, "'maxTurns'");
    const agent = createDeepAgent({ model });
    await assertRejects(
      () => agent.run("Go.", { backend: new StateBackend(), maxTurns }),
      RangeError,
    );
  }
});

Deno.test("createDeepAgent() refuses two tools of one name", () => {
  const model = new AnsweringModel([]);
  const tool = (name: string) => textTool(name, () => "");
  assertThrows(
    () => createDeepAgent({ model, tools: [tool("grep")] }),
    TypeError,
    "Cannot give the agent the tool 'grep': a built-in tool has that name",
  );
  assertThrows(
    () => createDeepAgent({ model, tools: [tool("a"), tool("a")] }),
    TypeError,
    "Cannot give the agent the tool 'a': two of its tools have that name",
  );
});

Deno.test("DeepAgent.run() runs a custom tool over its backend", async () => {
  const backend = new StateBackend();
  await backend.write("/a.txt", "1\n2\n");
  const count = defineTool({
    name: "count_lines",
    description: "Counts lines.",
    parameters: z.strictObject({ path: z.string() }),
    execute: async ({ path }, context) => {
      const { totalLines } = await context.backend.read(path, { signal: context.signal });
      await context.backend.write("/count", String(totalLines));
      return `${totalLines}`;
    },
  });
  const { result, events } = await run({
    answers: [{ toolCalls: [call("1", "count_lines", { path: "/a.txt" })] }, { text: "2." }],
    tools: [count],
    backend,
  });
  assertEquals(results(result.messages), ["2"]);
  assertEquals(events.filter(({ type }) => type === "file.changed"), [
    { type: "file.changed", operation: "write", path: "/count" },
  ]);
});

Deno.test("DeepAgent.run() tells each change of a file as it was", async () => {
  const backend = new StateBackend();
  await backend.write("/a", "1");
  const { events } = await run({
    backend,
    answers: [
      {
        toolCalls: [
          call("1", "edit_file", { path: "/a", old_text: "1", new_text: "2" }),
          call("2", "write_file", { path: "/d/b", content: "" }),
          call("3", "move_file", { from: "/a", to: "/c" }),
          call("4", "delete_file", { path: "/d", recursive: true }),
          call("5", "delete_file", { path: "/none" }),
          call("6", "write_file", { path: "/c", content: "3" }),
        ],
      },
      { text: "Done." },
    ],
  });
  // Independent changes may come in any order; this one is the order of the calls.
  const changes = events.filter((event) => event.type === "file.changed");
  assertEquals(
    new Set(changes.map((change) => JSON.stringify(change))),
    new Set([
      '{"type":"file.changed","operation":"edit","path":"/a"}',
      '{"type":"file.changed","operation":"write","path":"/d/b"}',
      '{"type":"file.changed","operation":"move","path":"/c","from":"/a"}',
      '{"type":"file.changed","operation":"delete","path":"/d"}',
      '{"type":"file.changed","operation":"write","path":"/c"}',
    ]),
  );
  assertEquals(changes.length, 5);
});

Deno.test("DeepAgent.run() answers every call once, whatever becomes of it", async () => {
  const tools = [
    textTool("throws", () => {
      throw new RangeError("Out of cheese");
    }),
    textTool("rejects", () => Promise.reject("just a text")),
    textTool("works", () => "fine"),
  ];
  const { result, events } = await run({
    tools,
    answers: [
      {
        toolCalls: [
          call("1", "throws", {}),
          call("2", "rejects", {}),
          call("3", "unknown", {}),
          call("4", "read_file", { path: 1, line: 2 }),
          { id: "5", name: "read_file", arguments: '{"path": "/a' },
          { id: "6", name: "read_file", arguments: "[1]" },
          { id: "7", name: "works", arguments: "" },
          { id: "8", name: "read_file", arguments: '{"path": /a}' },
        ],
      },
      { text: "Done." },
    ],
  });
  assertEquals(results(result.messages), [
    "Error: The tool 'throws' failed: Out of cheese.",
    "Error: The tool 'rejects' failed: just a text.",
    "Error: There is no tool 'unknown'. The tools are: ls, read_file, write_file, edit_file, " +
    "delete_file, move_file, glob, grep, throws, rejects, works.",
    "Error: The arguments of 'read_file' do not fit: 'path' must be a string. 'line' is not a " +
    "parameter; the parameters are 'path', 'start_line', 'max_lines'. The tool was not run.",
    "Error: The arguments of 'read_file' are not JSON: Unterminated string in JSON at position 12 " +
    "(line 1 column 13). The tool was not run. Send the call again with a complete JSON object.",
    "Error: The arguments of 'read_file' do not fit: The arguments must be a JSON object. " +
    "The tool was not run.",
    "fine",
    `Error: The arguments of 'read_file' are not JSON: Unexpected token '/', "{"path": /a}" is not ` +
    "valid JSON. The tool was not run. Send the call again with a complete JSON object.",
  ]);
  const finished = events.flatMap((event) => event.type === "tool.finished" ? [event] : []);
  assertEquals(finished.map(({ callId, ok }) => [callId, ok]), [
    ["1", false],
    ["2", false],
    ["3", false],
    ["4", false],
    ["5", false],
    ["6", false],
    ["7", true],
    ["8", false],
  ]);
  const called = events.flatMap((event) => event.type === "tool.called" ? [event.arguments] : []);
  assertEquals(called.slice(3), [{ path: 1, line: 2 }, '{"path": "/a', [1], {}, '{"path": /a}']);
});

Deno.test("DeepAgent.run() says where cut-off arguments end", async () => {
  const { result } = await run({
    answers: [{ toolCalls: [{ id: "1", name: "ls", arguments: '{"path":' }] }, { text: "Done." }],
  });
  assertEquals(results(result.messages), [
    "Error: The arguments of 'ls' are not JSON: Unexpected end of JSON input after 8 characters. " +
    "The tool was not run. Send the call again with a complete JSON object.",
  ]);
});

Deno.test("DeepAgent.run() refuses arguments that would overflow a stack", async () => {
  const deep = `{"path":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  const { result, events } = await run({
    answers: [{ toolCalls: [{ id: "1", name: "ls", arguments: deep }] }, { text: "Done." }],
  });
  assertStringIncludes(results(result.messages)[0] ?? "", "nested more than 100 levels deep");
  assert(JSON.stringify(events).length > 0);
  assertStringIncludes(JSON.stringify(result.messages), '"arguments":"{}"');
});

Deno.test("DeepAgent.run() gives back calls in a form that every server takes", async () => {
  const { result } = await run({
    answers: [
      {
        toolCalls: [
          { id: "", name: "", arguments: "" },
          { id: "a", name: "functions.read file", arguments: "nonsense" },
          { id: "a", name: "ls", arguments: '{"path":"/"}' },
          { id: "a_2", name: "ls", arguments: "[]" },
          { id: "a", name: "x".repeat(99), arguments: "1" },
        ],
      },
      { text: "Done." },
    ],
  });
  const answer = result.messages.find((message) => message.role === "assistant");
  assertEquals(answer?.toolCalls, [
    { id: "call_1_1", name: "unknown", arguments: "{}" },
    { id: "a", name: "functions_read_file", arguments: "{}" },
    { id: "a_3", name: "ls", arguments: '{"path":"/"}' },
    { id: "a_2", name: "ls", arguments: "{}" },
    { id: "a_4", name: "x".repeat(64), arguments: "{}" },
  ]);
  const ids = result.messages.flatMap((message) =>
    message.role === "tool" ? [message.toolCallId] : []
  );
  assertEquals(ids, ["call_1_1", "a", "a_3", "a_2", "a_4"]);
});

Deno.test("DeepAgent.run() turns a result that is no text into an error", async () => {
  const tool = (name: string, value: unknown): Tool => ({
    name,
    describe: () => ({ name, description: name, parameters: { type: "object", properties: {} } }),
    prepare: () =>
      Promise.resolve({
        ok: true,
        call: { effects: undefined, execute: () => Promise.resolve(JSON.parse(String(value))) },
      }),
  });
  const { result } = await run({
    tools: [tool("number", 5), tool("nothing", null), tool("list", "[]")],
    answers: [
      { toolCalls: [call("1", "number", {}), call("2", "nothing", {}), call("3", "list", {})] },
      { text: "Done." },
    ],
  });
  assertEquals(results(result.messages), [
    "Error: The tool 'number' gave no text but a value of type 'number'.",
    "Error: The tool 'nothing' gave no text but null.",
    "Error: The tool 'list' gave no text but an array.",
  ]);
});

Deno.test("DeepAgent.run() runs no call of a cut answer, and asks for less, twice", async () => {
  const cut: PartialAnswer = {
    text: "I will",
    toolCalls: [call("1", "write_file", { path: "/a", content: "x" })],
    finish: "length",
  };
  const { result, backend, model } = await run({
    answers: [cut, { text: "Half a", finish: "length" }, { text: "Done." }],
  });
  assertEquals(result.finish, "done");
  assertEquals([...backend.files.keys()], []);
  const last = model.asked.at(-1) ?? [];
  assertEquals(last.slice(2).map(({ role }) => role), ["assistant", "user", "assistant", "user"]);
  assertStringIncludes(last.at(-1)?.content ?? "", "was cut because it was too long");
  assertEquals(last.at(2), { role: "assistant", content: "I will", toolCalls: [] });

  const error = await failure([cut, cut, cut, { text: "Never." }]);
  assertEquals(error.code, "protocol");
  assertStringIncludes(error.message, "cut for its length 3 times in a row");
});

Deno.test("DeepAgent.run() counts cut answers anew after a whole one", async () => {
  const cut: PartialAnswer = { finish: "length" };
  const ls: PartialAnswer = { toolCalls: [call("1", "ls", {})] };
  const { result } = await run({ answers: [cut, cut, ls, cut, cut, { text: "Done." }] });
  assertEquals(result.turns, 6);
});

Deno.test("DeepAgent.run() asks again after an empty answer, once", async () => {
  const { result, model } = await run({ answers: [{ text: " \n" }, { text: "Done." }] });
  assertEquals(result.output, "Done.");
  assertStringIncludes(model.asked[1]?.at(-1)?.content ?? "", "Your last answer was empty");
  const error = await failure([{}, {}, { text: "Never." }]);
  assertEquals(error.code, "protocol");
  assertStringIncludes(error.message, "empty 2 times in a row");
});

Deno.test("DeepAgent.run() throws a refusal as what it is", async () => {
  const error = await failure([
    { text: "I cannot help.", finish: "refusal", toolCalls: [call("1", "ls", {})] },
  ]);
  assertEquals(error.code, "refusal");
  assertEquals(error.message, "The model declined to answer: I cannot help.");
  assertEquals((await failure([{ finish: "refusal" }])).message, "The model declined to answer");
});

Deno.test("DeepAgent.run() passes a model's error on and tells of its retries", async () => {
  const events: AgentEvent[] = [];
  const model: Model = {
    name: "test:down",
    respond: (_, options) => {
      options?.onRetry?.({ attempt: 1, reason: "The server is busy", delay: 5 });
      return Promise.reject(new ModelError("server", "The server failed"));
    },
  };
  const agent = createDeepAgent({ model });
  const error = await assertRejects(
    () => agent.run("Go.", { backend: new StateBackend(), onEvent: (event) => events.push(event) }),
    ModelError,
    "The server failed",
  );
  assertEquals(error.code, "server");
  assertEquals(events, [
    { type: "model.asked", turn: 1 },
    { type: "model.retried", turn: 1, attempt: 1, reason: "The server is busy", delay: 5 },
  ]);
});

Deno.test("DeepAgent.run() ends at once when aborted, though the model does not listen", async () => {
  const stop = new AbortController();
  let heard: AbortSignal | undefined;
  const model: Model = {
    name: "test:deaf",
    respond: (_, options) => {
      heard = options?.signal;
      queueMicrotask(() => stop.abort("enough"));
      return new Promise<ModelAnswer>(() => {});
    },
  };
  const error = await assertRejects(
    () =>
      createDeepAgent({ model }).run("Go.", { backend: new StateBackend(), signal: stop.signal }),
    ModelError,
  );
  assertEquals(error.code, "aborted");
  assertEquals(error.cause, "enough");
  assertEquals(heard?.aborted, true);
});

Deno.test("DeepAgent.run() asks nothing when it is aborted before it begins", async () => {
  const model = new AnsweringModel([{ text: "Never." }]);
  const error = await assertRejects(
    () =>
      createDeepAgent({ model }).run("Go.", {
        backend: new StateBackend(),
        signal: AbortSignal.abort(),
      }),
    ModelError,
  );
  assertEquals([error.code, model.asked.length], ["aborted", 0]);
});

Deno.test("DeepAgent.run() cancels the calls under way and starts no other", async () => {
  const stop = new AbortController();
  const events: AgentEvent[] = [];
  const backend = new StateBackend();
  const signals: AbortSignal[] = [];
  const waits = defineTool({
    name: "waits",
    description: "Waits.",
    parameters: z.object({}),
    effects: () => ({ reads: ["/d"], writes: [] }),
    execute: (_, { signal }) => {
      signals.push(signal);
      if (signals.length === 2) stop.abort();
      return new Promise<string>(() => {});
    },
  });
  const model = new AnsweringModel([{
    toolCalls: [
      call("1", "waits", {}),
      call("2", "waits", {}),
      call("3", "write_file", { path: "/d/a", content: "x" }),
    ],
  }]);
  const agent = createDeepAgent({ model, tools: [waits] });
  const onEvent = (event: AgentEvent) => events.push(event);
  const error = await assertRejects(
    () => agent.run("Go.", { backend, signal: stop.signal, onEvent }),
    ModelError,
  );
  assertEquals(error.code, "aborted");
  assertEquals(signals.map((signal) => signal.aborted), [true, true]);
  assertEquals([...backend.files.keys()], []);
  const finished = events.flatMap((event) => event.type === "tool.finished" ? [event] : []);
  assertEquals(finished.map(({ callId, ok, result }) => [callId, ok, result]), [
    ["1", false, "Error: 'waits' was cancelled; whether it was done in part is not known."],
    ["2", false, "Error: 'waits' was cancelled; whether it was done in part is not known."],
    ["3", false, "Error: 'write_file' was cancelled; whether it was done in part is not known."],
  ]);
});

Deno.test("DeepAgent.run() ends with the error of a listener that throws", async () => {
  const backend = new StateBackend();
  const model = new AnsweringModel([
    { toolCalls: [call("1", "write_file", { path: "/a", content: "x" })] },
    { text: "Never." },
  ]);
  const onEvent = (event: AgentEvent) => {
    if (event.type === "file.changed") throw new RangeError("The journal is full");
  };
  await assertRejects(
    () => createDeepAgent({ model }).run("Go.", { backend, onEvent }),
    RangeError,
    "The journal is full",
  );
  assertEquals(model.asked.length, 1);
});
