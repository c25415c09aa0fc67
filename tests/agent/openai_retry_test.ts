import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { ModelError, ModelErrorCode } from "../../agent/model.ts";
import type { OpenAiModelOptions } from "../../agent/models/openai.ts";
import { CALLS, HELLO, NOW, Trial } from "../support/_model_trial.ts";
import {
  answer,
  cut,
  events,
  failure,
  type OpenAiServerOptions,
  page,
  type Reply,
  stall,
  startOpenAiServer,
} from "../support/openai_server.ts";

/** Fails at once with this reply; the error. */
async function failsAtOnce(
  script: OpenAiServerOptions["script"],
  options: Partial<OpenAiModelOptions> = {},
): Promise<ModelError & { readonly host: string }> {
  await using server = startOpenAiServer({ script });
  const trial = new Trial(server, options);
  const error = await trial.fail();
  assertEquals(trial.retries, []);
  assertEquals(server.exchanges.length, 1);
  return Object.assign(error, { host: server.host });
}

Deno.test("OpenAiModel.respond() tries again what may pass", async (t) => {
  const cases: readonly [string, Reply, string][] = [
    ["408", failure(408), "gave up waiting (408: Scripted failure 408)"],
    ["409", failure(409), "was in conflict"],
    ["429", failure(429), "limits the rate (429: Scripted failure 429)"],
    ["500", failure(500), "failed (500: Scripted failure 500)"],
    ["503 with a page", failure(503, { body: "<html>Oops</html>" }), "failed (503)"],
    ["529 with a text", failure(529, { body: "busy\nnow" }), "failed (529: busy now)"],
    ["500 with another body", failure(500, { body: '{"detail":[{"x":1}]}' }), '(500: [{"x":1}])'],
    ["a page of HTML", page(), "it is 'text/html' and not an event stream"],
    ["a reset before anything", cut(CALLS, { after: "nothing" }), "broke in the middle"],
    ["a reset at the start", cut(CALLS, { after: "start" }), "broke in the middle"],
    ["a reset after whole calls", cut(CALLS), "broke in the middle"],
    ["an end after whole calls", cut(CALLS, { ending: "close" }), "not a chat completion"],
    ["an end between events", events([{ choices: [] }], "close"), "before it was complete"],
    ["[DONE] alone", events([]), "before it was complete"],
    ["events that are no JSON", events(["data: {oops\n\n"]), "not a chat completion"],
    ["text that is no events", events(["What?\n\n\u0000\n"], "close"), "before it was complete"],
    ["an error event", events([{ error: { message: "Overloaded" } }]), "failed (Overloaded)"],
    [
      "a named error event",
      events(['event: error\ndata: {"message": "Overloaded"}\n\n']),
      "failed (Overloaded)",
    ],
    [
      "an error event with a status",
      events([{ error: { message: "Slow down", code: 429 } }]),
      "limits the rate (429: Slow down)",
    ],
  ];
  for (const [name, reply, reason] of cases) {
    await t.step(name, async () => {
      await using server = startOpenAiServer({ script: [reply, HELLO] });
      const trial = new Trial(server);
      assertEquals(await trial.ask(), {
        text: "Hello",
        toolCalls: [],
        finish: "stop",
        usage: { inputTokens: 3, outputTokens: 1 },
      });
      assertEquals(trial.waits, [500]);
      assertEquals(trial.retries.map(({ attempt, delay }) => [attempt, delay]), [[1, 500]]);
      assert(
        new RegExp(reason.replaceAll(/[()[\]{}.]/g, "\\$&")).test(trial.retries[0]?.reason ?? ""),
        trial.retries[0]?.reason,
      );
      assertEquals(trial.streamed.join(""), "Hello");
      assertEquals(server.rejections, []);
    });
  }
});

Deno.test("OpenAiModel.respond() gives up after the last retry with the right code", async (t) => {
  const cases: readonly [ModelErrorCode, Reply, Partial<OpenAiModelOptions>?][] = [
    ["rate_limit", failure(429)],
    ["server", failure(500)],
    ["server", failure(409)],
    ["server", events([{ error: "Broken" }])],
    ["connection", cut(CALLS)],
    ["connection", events([], "close")],
    ["protocol", page()],
    ["protocol", events(["data: {oops\n\n"])],
    ["timeout", failure(408)],
    ["timeout", stall(CALLS), { silence: 50 }],
  ];
  for (const [code, reply, options] of cases) {
    await t.step(`${code}: ${reply.kind} ${"status" in reply ? reply.status : ""}`, async () => {
      await using server = startOpenAiServer({ script: () => reply });
      const trial = new Trial(server, { maxRetries: 2, ...options });
      const error = await trial.fail();
      assertEquals(error.code, code, error.message);
      assertStringIncludes(error.message, ", at the last of 3 tries; ");
      assertStringIncludes(error.message, server.host);
      assertEquals(trial.retries.map((retry) => retry.attempt), [1, 2]);
      // A server that is slow itself may not have heard of a request that was given up.
      if (options?.silence === undefined) assertEquals(server.exchanges.length, 3);
    });
  }
});

Deno.test("OpenAiModel.respond() waits longer each time, spread at random", async () => {
  await using server = startOpenAiServer({ script: () => failure(500) });
  const even = new Trial(server, { maxRetries: 7 });
  await even.fail();
  assertEquals(even.waits, [500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  const spread = new Trial(server, { maxRetries: 2, random: () => 1 });
  await spread.fail();
  assertEquals(spread.waits, [375, 750]);
  const none = new Trial(server, { maxRetries: 0 });
  assertEquals((await none.fail()).message.includes("tries"), false);
});

Deno.test("OpenAiModel.respond() waits as long as the server says", async (t) => {
  const cases: readonly [Record<string, string>, number][] = [
    [{ "retry-after": "7" }, 7_000],
    [{ "retry-after": "0.25" }, 250],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after-ms": "1234", "retry-after": "7" }, 1_234],
    [{ "retry-after": "3600" }, 60_000],
    [{ "retry-after": new Date(NOW + 5_000).toUTCString() }, 5_000],
    [{ "retry-after": new Date(NOW - 5_000).toUTCString() }, 0],
    [{ "retry-after": new Date(NOW + 5_000_000).toUTCString() }, 60_000],
    [{ "retry-after": "-5" }, 500],
    [{ "retry-after": "soon" }, 500],
    [{ "retry-after": "" }, 500],
    [{ "retry-after-ms": "NaN" }, 500],
  ];
  for (const [headers, wait] of cases) {
    await t.step(JSON.stringify(headers), async () => {
      await using server = startOpenAiServer({ script: [failure(429, { headers }), HELLO] });
      const trial = new Trial(server);
      await trial.ask();
      assertEquals(trial.retries.map(({ delay }) => delay), [wait]);
      assertEquals(trial.waits, wait === 0 ? [] : [wait]);
    });
  }
});

Deno.test("OpenAiModel.respond() does not repeat what cannot pass", async (t) => {
  const cases: readonly [ModelErrorCode, Reply, string][] = [
    ["bad_request", failure(400), "(400: Scripted failure 400); check that model 'test-model'"],
    ["bad_request", failure(422), "(422: Scripted failure 422)"],
    ["bad_request", failure(400, { code: "context_length_exceeded" }), "too long for this model"],
    ["bad_request", failure(413), "too long for this model"],
    [
      "bad_request",
      failure(308, { headers: { location: "http://b/" } }),
      "redirects to 'http://b/'",
    ],
    ["authentication", failure(401), "check OPENAI_API_KEY, or the option 'apiKey'"],
    ["authentication", failure(403), "may use model 'test-model'"],
    ["not_found", failure(404), "has no model 'test-model'"],
    ["rate_limit", failure(429, { code: "insufficient_quota" }), "check the plan and its billing"],
    ["rate_limit", failure(429, { type: "insufficient_quota" }), "no quota left"],
    ["authentication", events([{ error: { message: "No", code: 401 } }]), "(401: No)"],
  ];
  for (const [code, reply, text] of cases) {
    await t.step(`${code}: ${text}`, async () => {
      const error = await failsAtOnce([reply]);
      assertEquals(error.code, code, error.message);
      assertStringIncludes(error.message, text);
      assertStringIncludes(error.message, error.host);
    });
  }
});

Deno.test("OpenAiModel.respond() names model and base URL where there is no such model", async () => {
  await using server = startOpenAiServer({ script: [], models: ["other"] });
  const error = await new Trial(server).fail();
  assertEquals(error.code, "not_found");
  assertEquals(
    error.message,
    `The server at '${server.host}' has no model 'test-model', or not at that path (404: The model ` +
      "'test-model' does not exist or you do not have access to it); check the model's name and " +
      `the base URL '${server.baseUrl}'`,
  );
});

Deno.test("OpenAiModel.respond() never shows the key", async (t) => {
  const apiKey = "sk-very-secret-0123456789";
  const echo = `Bad key ${apiKey}, as Bearer ${apiKey}!`;
  const replies: readonly Reply[] = [
    failure(401, { message: echo }),
    failure(500, { body: echo }),
    failure(302, { headers: { location: `http://b/?key=${apiKey}` } }),
    failure(200, { headers: { "content-type": `${apiKey}/x` } }),
    events([{ error: { message: echo } }]),
    events([{ choices: [{ delta: {}, finish_reason: apiKey }] }]),
  ];
  for (const [index, reply] of replies.entries()) {
    await t.step(`reply ${index}`, async () => {
      await using server = startOpenAiServer({ script: [reply, reply], key: apiKey });
      const trial = new Trial(server, { maxRetries: 1 });
      const error = await trial.fail();
      const shown = Deno.inspect([error, trial.retries, trial.model], { depth: 20 });
      assert(!shown.includes("very-secret"), shown);
      assertStringIncludes(error.message, "***");
    });
  }
});

Deno.test("OpenAiModel.respond() refuses a key that is none, without a request", async (t) => {
  await using server = startOpenAiServer({ script: [] });
  for (const apiKey of ["", " \n", "two words", "schlüssel"]) {
    await t.step(JSON.stringify(apiKey), async () => {
      const error = await new Trial(server, { apiKey }).fail();
      assertEquals(error.code, "authentication");
      assertStringIncludes(error.message, "set OPENAI_API_KEY, or the option 'apiKey'");
      assert(!error.message.includes("words") && !error.message.includes("schl"));
    });
  }
  assertEquals([server.exchanges, server.rejections], [[], []]);
});

Deno.test("OpenAiModel.respond() sends a key without the line ending it came with", async () => {
  await using server = startOpenAiServer({ script: [HELLO] });
  await new Trial(server, { apiKey: `${server.key}\r\n` }).ask();
  assertEquals(server.rejections, []);
});

Deno.test("OpenAiModel.respond() tells a refused connection by its host", async () => {
  const server = startOpenAiServer({ script: [] });
  await server[Symbol.asyncDispose]();
  const trial = new Trial(server, { maxRetries: 1 });
  const error = await trial.fail();
  assertEquals(error.code, "connection");
  assertStringIncludes(error.message, `The connection to '${server.host}' failed (`);
  assertStringIncludes(error.message, "refused");
  assertEquals(trial.waits, [500]);
});

Deno.test("OpenAiModel.respond() does without stream_options where they are refused", async () => {
  await using server = startOpenAiServer({ script: () => HELLO, streamOptions: false });
  const trial = new Trial(server, { maxRetries: 0 });
  const first = await trial.ask();
  assertEquals(first.text, "Hello");
  assertEquals(first.usage, { inputTokens: null, outputTokens: null });
  assertEquals(trial.retries.map(({ attempt, delay }) => [attempt, delay]), [[1, 0]]);
  assertStringIncludes(trial.retries[0]?.reason ?? "", "stream_options");
  await trial.ask();
  assertEquals(trial.retries.length, 1);
  assertEquals(server.rejections.length, 1);
  assertEquals(server.exchanges.map(({ request }) => request.includeUsage), [false, false]);
});

Deno.test("OpenAiModel.respond() waits with its own timer", async () => {
  await using server = startOpenAiServer({
    script: [failure(500, { headers: { "retry-after-ms": "1" } }), HELLO],
  });
  assertEquals((await new Trial(server, { sleep: undefined }).ask()).text, "Hello");
});

Deno.test("OpenAiModel.respond() serves several callers at once", async () => {
  await using server = startOpenAiServer({
    script: (request) => answer({ text: request.messages[0]?.content ?? "" }),
  });
  const { model } = new Trial(server);
  const words = Array.from({ length: 20 }, (_, index) => `word ${index} `.repeat(10));
  const answers = await Promise.all(
    words.map((content) => model.respond({ messages: [{ role: "user", content }], tools: [] })),
  );
  assertEquals(answers.map(({ text }) => text), words);
});
