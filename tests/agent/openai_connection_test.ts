import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ModelError } from "../../agent/model.ts";
import { OpenAiModel } from "../../agent/models/openai.ts";
import { CALLS, HELLO, QUESTION, Trial } from "../support/_model_trial.ts";
import { cut, failure, hold, stall, startOpenAiServer } from "../support/openai_server.ts";

Deno.test("OpenAiModel.respond() tries again after silence", async (t) => {
  for (const reply of [hold(), stall(CALLS, "nothing"), stall(CALLS)]) {
    await t.step("after" in reply ? reply.after ?? "" : reply.kind, async () => {
      await using server = startOpenAiServer({
        script: (_request, index) => index === 0 ? reply : HELLO,
      });
      // A real wait: the first reply never goes on, and the later ones have several tries.
      const trial = new Trial(server, { silence: 250 });
      assertEquals((await trial.ask()).text, "Hello");
      assertEquals(
        trial.retries[0]?.reason,
        `The server at '${server.host}' was silent for 0.25 s`,
      );
      assertEquals(trial.streamed.join(""), "Hello");
    });
  }
});

Deno.test("OpenAiModel.respond() keeps a whole answer whose end is missing", async (t) => {
  for (const reply of [cut({ text: "Hi" }, { after: "finish" }), stall({ text: "Hi" }, "finish")]) {
    await t.step("ending" in reply ? reply.ending : "", async () => {
      await using server = startOpenAiServer({ script: () => reply });
      assertEquals(await new Trial(server, { silence: 1_000 }).ask(), {
        text: "Hi",
        toolCalls: [],
        finish: "stop",
        usage: { inputTokens: null, outputTokens: null },
      });
    });
  }
});

Deno.test("OpenAiModel.respond() closes the connection of a server that fell silent", async () => {
  await using server = startOpenAiServer({ script: [stall({ text: "Hello" })] });
  const error = await new Trial(server, { silence: 1_000, maxRetries: 0 }).fail();
  assertEquals(error.code, "timeout");
  assertEquals(server.exchanges.length, 1);
  await server.exchanges[0]?.abandoned;
});

Deno.test("OpenAiModel.respond() gives up on an answer without end", async () => {
  const comment = new TextEncoder().encode(`:${"x".repeat(1024 * 1024)}\n\n`);
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    const body = new ReadableStream({ pull: (controller) => controller.enqueue(comment) });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  const model = new OpenAiModel({
    model: "test-model",
    apiKey: "test-key",
    baseUrl: `http://127.0.0.1:${server.addr.port}`,
    maxRetries: 0,
  });
  const error = await assertRejects(() => model.respond(QUESTION), ModelError);
  assertEquals(error.code, "protocol");
  assertStringIncludes(error.message, "it is over 67108864 bytes long");
});

Deno.test("OpenAiModel.respond() ends at once when it is aborted", async (t) => {
  await t.step("before the request", async () => {
    await using server = startOpenAiServer({ script: [] });
    const error = await new Trial(server).fail(AbortSignal.abort());
    assertEquals(error.code, "aborted");
    assertEquals([server.exchanges, server.rejections], [[], []]);
  });
  await t.step("while the SDK is loaded", async () => {
    await using server = startOpenAiServer({ script: () => HELLO });
    const controller = new AbortController();
    const failed = new Trial(server).fail(controller.signal);
    controller.abort();
    assertEquals((await failed).code, "aborted");
    assertEquals(server.exchanges, []);
  });
  await t.step("in the middle of an answer, and the server sees it", async () => {
    await using server = startOpenAiServer({ script: [stall({ text: "Hello" })] });
    const controller = new AbortController();
    const trial = new Trial(server);
    const error = await assertRejects(
      () =>
        trial.model.respond(QUESTION, {
          signal: controller.signal,
          onText: () => controller.abort(new Error("Enough")),
        }),
      ModelError,
    );
    assertEquals(error.code, "aborted");
    await server.exchanges[0]?.abandoned;
    assertEquals(server.exchanges.length, 1);
  });
  await t.step("while nothing comes", async () => {
    const asked = Promise.withResolvers<void>();
    await using server = startOpenAiServer({
      script: () => {
        asked.resolve();
        return hold();
      },
    });
    const controller = new AbortController();
    const failed = new Trial(server).fail(controller.signal);
    await asked.promise;
    controller.abort();
    assertEquals((await failed).code, "aborted");
  });
  await t.step("while it waits for the next try, even if the wait does not listen", async () => {
    await using server = startOpenAiServer({ script: () => failure(500) });
    const controller = new AbortController();
    const trial = new Trial(server, {
      sleep: () => {
        controller.abort();
        return new Promise(() => {});
      },
    });
    assertEquals((await trial.fail(controller.signal)).code, "aborted");
    assertEquals(server.exchanges.length, 1);
  });
  await t.step("while it is told of the retry", async () => {
    await using server = startOpenAiServer({ script: () => failure(500) });
    const controller = new AbortController();
    const trial = new Trial(server, { sleep: undefined });
    const error = await assertRejects(
      () =>
        trial.model.respond(QUESTION, {
          signal: controller.signal,
          onRetry: () => controller.abort(),
        }),
      ModelError,
    );
    assertEquals(error.code, "aborted");
  });
  await t.step("while its own timer runs", async () => {
    await using server = startOpenAiServer({
      script: () => failure(429, { headers: { "retry-after": "60" } }),
    });
    const controller = new AbortController();
    const trial = new Trial(server, { sleep: undefined });
    const error = await assertRejects(() =>
      trial.model.respond(QUESTION, {
        signal: controller.signal,
        onRetry: () => queueMicrotask(() => controller.abort()),
      }), ModelError);
    assertEquals(error.code, "aborted");
    assertEquals(server.exchanges.length, 1);
  });
});
