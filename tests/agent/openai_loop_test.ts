import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type AgentResult, createDeepAgent } from "../../agent/agent.ts";
import type { AgentEvent } from "../../agent/events.ts";
import { ModelError, type ModelErrorCode } from "../../agent/model.ts";
import { OpenAiModel } from "../../agent/models/openai.ts";
import { StateBackend } from "../../backends/state.ts";
import {
  answer,
  type ChatRequest,
  cut,
  failure,
  type OpenAiServer,
  page,
  type Reply,
  type ScriptedCall,
  stall,
  startOpenAiServer,
} from "../support/openai_server.ts";

/** What some tests do differently. */
interface RunOptions {
  readonly signal?: AbortSignal;
  readonly silence?: number;
  readonly onEvent?: (event: AgentEvent) => void;
}

/** An agent at work: the real loop, the real SDK, a real socket. */
class Trial {
  readonly backend = new StateBackend();
  readonly events: AgentEvent[] = [];
  readonly #server: OpenAiServer;

  constructor(server: OpenAiServer) {
    this.#server = server;
  }

  run(options: RunOptions = {}): Promise<AgentResult> {
    const model = new OpenAiModel({
      model: "test-model",
      apiKey: this.#server.key,
      baseUrl: this.#server.baseUrl,
      maxRetries: 2,
      sleep: () => Promise.resolve(),
      silence: options.silence,
    });
    const agent = createDeepAgent({ model, instructions: "Work on files.", maxTurns: 10 });
    return agent.run("Do the task.", {
      backend: this.backend,
      signal: options.signal,
      onEvent: (event) => {
        this.events.push(event);
        options.onEvent?.(event);
      },
    });
  }

  /** How many events of a type there were. */
  count(type: AgentEvent["type"]): number {
    return this.events.filter((event) => event.type === type).length;
  }

  async files(): Promise<Record<string, string>> {
    const files = [...this.backend.files.keys()].toSorted();
    const texts = await Promise.all(files.map(async (path) => {
      const { text } = await this.backend.read(path);
      return [path, text];
    }));
    return Object.fromEntries(texts);
  }
}

/** What a run came to. */
interface Outcome {
  readonly trial: Trial;
  readonly result: AgentResult;
  readonly requests: readonly ChatRequest[];
}

/** Runs an agent that must succeed. */
async function succeed(script: readonly Reply[]): Promise<Outcome> {
  await using server = startOpenAiServer({ script });
  const trial = new Trial(server);
  const result = await trial.run();
  assertEquals(server.rejections, []);
  assertEquals(result.finish, "done");
  assertEquals(server.exchanges.length, script.length);
  return { trial, result, requests: server.exchanges.map(({ request }) => request) };
}

/** Runs an agent that must fail; its error. */
async function fail(
  script: readonly Reply[] | (() => Reply),
  code: ModelErrorCode,
): Promise<{ readonly trial: Trial; readonly error: ModelError }> {
  await using server = startOpenAiServer({ script });
  const trial = new Trial(server);
  const error = await assertRejects(() => trial.run(), ModelError);
  assertEquals(error.code, code, error.message);
  assertEquals(server.rejections, []);
  return { trial, error };
}

function call(name: string, args: Record<string, unknown>): ScriptedCall {
  return { name, arguments: JSON.stringify(args) };
}

/** The results that a request tells the model of its last calls. */
function results(request: ChatRequest | undefined): readonly string[] {
  const messages = request?.messages ?? [];
  const last = messages.findLastIndex((message) => message.role === "assistant");
  return messages.slice(last + 1).map((message) => message.content ?? "");
}

const WRITE = answer({ calls: [call("write_file", { path: "/a.txt", content: "A\n" })] });
const DONE = answer({ text: "It is done." });

Deno.test("createDeepAgent() runs the parallel calls of a server's answer", async () => {
  const paths = ["/src/ä.py", "/src/b c.py", "/notes/世界.md"];
  const content = 'print("Grüße 😀")\r\n'.repeat(20);
  const { trial, result, requests } = await succeed([
    answer({
      text: "Writing three files",
      calls: paths.map((path) => call("write_file", { path, content: path + content })),
      usage: { input: 100, output: 10 },
    }),
    answer({
      calls: [...paths.map((path) => call("read_file", { path })), call("ls", { path: "/" })],
      usage: { input: 200, output: 20 },
    }),
    answer({ text: "Three files are written.", usage: { input: 300, output: 30 } }),
  ]);
  assertEquals(result.output, "Three files are written.");
  assertEquals(result.usage, { inputTokens: 600, outputTokens: 60 });
  assertEquals(
    await trial.files(),
    Object.fromEntries(paths.toSorted().map((path) => [path, path + content])),
  );
  const told = results(requests[2]);
  assertEquals(told.length, 4);
  for (const [index, path] of paths.entries()) assertStringIncludes(told[index] ?? "", path);
  assertStringIncludes(told[3] ?? "", "src");
});

Deno.test("createDeepAgent() tells the model of malformed arguments, and goes on", async () => {
  const { trial, result, requests } = await succeed([
    answer({
      calls: [
        { name: "write_file", arguments: '{"path": "/a.txt", "content": "A' },
        { name: "write_file", arguments: '["/b.txt"]' },
        { name: "write_file", arguments: '{"path": "/c.txt"}' },
        { name: "ls", arguments: "" },
      ],
    }),
    WRITE,
    DONE,
  ]);
  assertEquals(result.output, "It is done.");
  assertEquals(await trial.files(), { "/a.txt": "A\n" });
  const told = results(requests[1]);
  assertEquals(told.length, 4);
  assertStringIncludes(told[0] ?? "", "not JSON");
  for (const refusal of told.slice(0, 3)) assertStringIncludes(refusal, "was not run");
});

Deno.test("createDeepAgent() tells the model of unknown tools, and goes on", async () => {
  const { trial, result, requests } = await succeed([
    answer({ calls: [call("run_shell", { command: "ls" }), call("functions.write file", {})] }),
    WRITE,
    DONE,
  ]);
  assertEquals(result.output, "It is done.");
  assertEquals(await trial.files(), { "/a.txt": "A\n" });
  for (const told of results(requests[1])) assertStringIncludes(told, "There is no tool");
});

Deno.test("createDeepAgent() asks again after an empty answer", async () => {
  const { result } = await succeed([WRITE, answer({}), DONE]);
  assertEquals(result.output, "It is done.");
});

Deno.test("createDeepAgent() fails where answers stay empty", async () => {
  const { error } = await fail(() => answer({ text: " \n" }), "protocol");
  assertStringIncludes(error.message, "empty");
});

Deno.test("createDeepAgent() fails where the model declines", async () => {
  const { error } = await fail([answer({ refusal: "I will not do that." })], "refusal");
  assertStringIncludes(error.message, "I will not do that.");
});

Deno.test("createDeepAgent() fails where a filter stops the answer, and runs no call", async () => {
  const calls = [call("write_file", { path: "/a.txt", content: "A\n" })];
  const { trial } = await fail([answer({ calls, finish: "content_filter" })], "refusal");
  assertEquals(await trial.files(), {});
});

Deno.test("createDeepAgent() runs no call of an answer at its length limit", async () => {
  const calls = [
    call("write_file", { path: "/a.txt", content: "Half" }),
    { name: "write_file", arguments: '{"path": "/b.txt", "con' },
  ];
  const { trial, result, requests } = await succeed([
    answer({ text: "Long", calls, finish: "length" }),
    WRITE,
    DONE,
  ]);
  assertEquals(result.output, "It is done.");
  assertEquals(await trial.files(), { "/a.txt": "A\n" });
  assertStringIncludes(requests[1]?.messages.at(-1)?.content ?? "", "cut");
});

Deno.test("createDeepAgent() fails where every answer is at its length limit", async () => {
  const { error } = await fail(() => answer({ text: "Long", finish: "length" }), "protocol");
  assertStringIncludes(error.message, "cut");
});

Deno.test("createDeepAgent() runs no call of a cut stream, and then the whole answer's", async (t) => {
  const calls = [call("write_file", { path: "/half.txt", content: "Half" })];
  for (const ending of ["reset", "close"] as const) {
    await t.step(ending, async () => {
      const { trial, result, requests } = await succeed([
        cut({ text: "Writing", calls }, { ending }),
        WRITE,
        cut({ text: "It is" }, { ending }),
        DONE,
      ]);
      assertEquals(result.output, "It is done.");
      assertEquals(await trial.files(), { "/a.txt": "A\n" });
      assertEquals(trial.count("model.retried"), 2);
      assertEquals(result.turns, 2);
      // What was cut is no part of the conversation.
      assertEquals(requests[1], requests[0]);
      assertEquals(requests[2], requests[3]);
    });
  }
});

Deno.test("createDeepAgent() waits where the server limits its rate, and goes on", async () => {
  const limited = failure(429, { headers: { "retry-after": "2" } });
  const { trial, result } = await succeed([limited, WRITE, limited, failure(500), DONE]);
  assertEquals(result.output, "It is done.");
  assertEquals(await trial.files(), { "/a.txt": "A\n" });
  const delays = trial.events.flatMap((event) =>
    event.type === "model.retried" ? [[event.turn, event.attempt, event.delay]] : []
  );
  assertEquals(delays.slice(0, 2), [[1, 1, 2_000], [2, 1, 2_000]]);
  assertEquals(delays.length, 3);
});

Deno.test("createDeepAgent() fails with the model's error, keeping what was done", async (t) => {
  const cases: readonly [ModelErrorCode, Reply][] = [
    ["authentication", failure(401)],
    ["not_found", failure(404)],
    ["rate_limit", failure(429)],
    ["server", failure(500)],
    ["connection", cut({ text: "It is done." })],
    ["protocol", page()],
  ];
  for (const [code, reply] of cases) {
    await t.step(code, async () => {
      let asked = 0;
      const { trial } = await fail(() => asked++ === 0 ? WRITE : reply, code);
      assertEquals(await trial.files(), { "/a.txt": "A\n" });
    });
  }
});

Deno.test("createDeepAgent() fails where the server falls silent", async () => {
  await using server = startOpenAiServer({ script: () => stall({ text: "It is done." }) });
  const error = await assertRejects(() => new Trial(server).run({ silence: 50 }), ModelError);
  assertEquals(error.code, "timeout");
});

Deno.test("createDeepAgent() ends a request at once, and the server sees it", async () => {
  const controller = new AbortController();
  await using server = startOpenAiServer({ script: [WRITE, stall({ text: "It is" })] });
  const trial = new Trial(server);
  const error = await assertRejects(() =>
    trial.run({
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === "model.text") controller.abort();
      },
    }), ModelError);
  assertEquals(error.code, "aborted");
  assertEquals(server.exchanges.length, 2);
  await server.exchanges[1]?.abandoned;
  assertEquals(await trial.files(), { "/a.txt": "A\n" });
});
