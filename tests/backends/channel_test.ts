import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { encodeFrame, FRAME_BYTES, MessageSizeError } from "../../backends/_frames.ts";
import { Channel } from "../../backends/channel.ts";
import { BackendError } from "../../backends/errors.ts";
import fc from "../support/fast_check.ts";
import { channelPair, scriptedChannel } from "./_channel_pair.ts";

function frame(message: unknown, attachment?: Uint8Array): Uint8Array {
  const chunks = encodeFrame(message, attachment);
  const joined = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    joined.set(chunk, offset);
    offset += chunk.length;
  }
  return joined;
}

function header(jsonLength: number, attachmentLength: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, jsonLength, true);
  view.setUint32(4, attachmentLength, true);
  return bytes;
}

async function failureOf(...chunks: Uint8Array[]): Promise<string | undefined> {
  const { channel } = scriptedChannel(chunks);
  channel.handle("echo", (call) => ({ value: call.params, bytes: call.bytes }));
  channel.onNotice("told", () => {});
  await channel.closed;
  return channel.failure?.message;
}

Deno.test("Channel.request() carries JSON and bytes both ways", async () => {
  await using pair = channelPair();
  pair.server.handle("echo", (call) => ({ value: call.params, bytes: call.bytes }));
  const params = { text: "ünï\0\uD800", list: [1, null, { deep: true }] };
  assertEquals(await pair.client.request("echo", params), { value: params });
  const bytes = new Uint8Array([0, 255, 10]);
  assertEquals(await pair.client.request("echo", null, { bytes }), { value: null, bytes });
  const empty = new Uint8Array();
  assertEquals((await pair.client.request("echo", 1, { bytes: empty })).bytes, empty);
  assertEquals((await pair.client.request("echo", 1)).bytes, undefined);
});

Deno.test("Channel.request() works in both directions, one within the other", async () => {
  await using pair = channelPair();
  pair.client.handle("name", () => ({ value: "client" }));
  pair.server.handle("greet", async () => {
    return { value: `Hello, ${(await pair.server.request("name", null)).value}` };
  });
  assertEquals((await pair.client.request("greet", null)).value, "Hello, client");
});

Deno.test("Channel.request() matches a thousand answers that come in any order", async () => {
  await using pair = channelPair();
  const waiting: (() => void)[] = [];
  pair.server.handle("later", async (call) => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 1000) { for (const each of waiting.reverse()) each(); }
    });
    return { value: call.params };
  });
  const order: unknown[] = [];
  const replies = await Promise.all(
    Array.from({ length: 1000 }, async (_, index) => {
      const reply = await pair.client.request("later", index);
      order.push(reply.value);
      return reply.value;
    }),
  );
  assertEquals(replies, Array.from({ length: 1000 }, (_, index) => index));
  assertEquals([order[0], order[1], order.at(-2), order.at(-1)], [998, 997, 0, 999]);
});

Deno.test("Channel reads frames that are cut at every byte", async () => {
  const bytes = frame(
    { type: "request", id: 0, method: "echo", params: "é", attached: true },
    new Uint8Array([1, 2, 3]),
  );
  const twice = new Uint8Array([...bytes, ...frame({ type: "request", id: 1, method: "echo" })]);
  const cuts = Array.from(
    { length: twice.length + 1 },
    (_, at) => [twice.slice(0, at), twice.slice(at)],
  );
  const each = [...twice].map((byte) => new Uint8Array([byte]));
  for (const chunks of [...cuts, each]) {
    const { promise, resolve } = Promise.withResolvers<void>();
    // The stream stays open until both answers are there: its end would abandon them.
    const readable = new ReadableStream<Uint8Array>({
      start: (controller) => chunks.forEach((chunk) => controller.enqueue(chunk)),
    });
    const written: Uint8Array[] = [];
    const writable = new WritableStream<Uint8Array>({ write: (chunk) => void written.push(chunk) });
    const channel = new Channel({ readable, writable });
    const calls: unknown[] = [];
    channel.handle("echo", ({ params, bytes }) => {
      calls.push({ params, bytes });
      if (calls.length === 2) resolve();
      return { value: params };
    });
    await promise;
    await channel.close();
    assertEquals(calls, [
      { params: "é", bytes: new Uint8Array([1, 2, 3]) },
      { params: undefined, bytes: undefined },
    ]);
  }
});

Deno.test("Channel rebuilds errors as the class they were, without stack and cause", async () => {
  class ModelError extends Error {
    override name = "ModelError";
    constructor(readonly code: string, message: string) {
      super(message);
    }
  }
  const cause = new Error("/home/person/secret");
  const thrown: [unknown, ErrorConstructor | typeof BackendError][] = [
    [
      new BackendError("denied", "/a", "Cannot write '/a': it is read-only", { cause }),
      BackendError,
    ],
    [new RangeError("Offset must be positive", { cause }), RangeError],
    [new TypeError("Not a path", { cause }), TypeError],
    [new SyntaxError("Not a rule", { cause }), SyntaxError],
    [new ModelError("rate_limit", "Too many requests"), Error],
    [new DOMException("Gone", "AbortError"), Error],
    ["a word", Error],
  ];
  await using pair = channelPair();
  pair.server.handle("throw", (call) => {
    throw thrown[Number(call.params)]?.[0];
  });
  for (const [index, [original, type]] of thrown.entries()) {
    const error = await assertRejects(() => pair.client.request("throw", index), type);
    assertEquals(error.constructor, type);
    assertEquals(error.cause, undefined);
    if (!(original instanceof Error)) {
      assertEquals(error.message, original);
      continue;
    }
    assertEquals([error.name, error.message], [original.name, original.message]);
    if (error instanceof BackendError) assertEquals([error.code, error.path], ["denied", "/a"]);
    if (original instanceof ModelError) assertEquals(Reflect.get(error, "code"), "rate_limit");
  }
});

Deno.test("Channel builds errors with reviveError first", async () => {
  class ModelError extends Error {}
  await using pair = channelPair({
    reviveError: ({ name, message }) => name === "ModelError" ? new ModelError(message) : undefined,
  });
  pair.server.handle("throw", (call) => {
    throw Object.assign(new Error("No"), { name: String(call.params) });
  });
  await assertRejects(() => pair.client.request("throw", "ModelError"), ModelError, "No");
  const other = await assertRejects(() => pair.client.request("throw", "Other"), Error, "No");
  assert(!(other instanceof ModelError));
});

Deno.test("Channel.request() rejects for a method without handler", async () => {
  await using pair = channelPair();
  await assertRejects(
    () => pair.client.request("nothing", 1),
    Error,
    "There is no method 'nothing'",
  );
  await assertRejects(() => pair.client.request("toString", 1), Error, "There is no method");
});

Deno.test("Channel.handle() and Channel.onNotice() refuse a second one", async () => {
  await using pair = channelPair();
  pair.server.handle("a", () => ({}));
  pair.server.onNotice("a", () => {});
  assertThrows(() => pair.server.handle("a", () => ({})), TypeError, "'a' has a handler already");
  assertThrows(() => pair.server.onNotice("a", () => {}), TypeError, "'a' has a listener already");
});

Deno.test("Channel.request() cancels here at once and there through the call's signal", async () => {
  await using pair = channelPair();
  const started = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<unknown>();
  pair.server.handle("hang", (call) => {
    call.signal.addEventListener("abort", () => aborted.resolve(call.signal.reason));
    started.resolve();
    return new Promise(() => {});
  });
  pair.server.handle("echo", (call) => ({ value: call.params }));
  const controller = new AbortController();
  const reason = new Error("Enough");
  const request = pair.client.request("hang", null, { signal: controller.signal });
  await started.promise;
  controller.abort(reason);
  assertEquals(await assertRejects(() => request), reason);
  assertInstanceOf(await aborted.promise, DOMException);
  const { signal } = controller;
  assertEquals(await assertRejects(() => pair.client.request("echo", 1, { signal })), reason);
  assertEquals((await pair.client.request("echo", "still here")).value, "still here");
});

Deno.test("Channel drops the answer to a request that was cancelled meanwhile", async () => {
  await using pair = channelPair();
  const finish = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  pair.server.handle("slow", async () => {
    started.resolve();
    await finish.promise;
    return { value: "late" };
  });
  pair.server.handle("echo", (call) => ({ value: call.params }));
  const controller = new AbortController();
  const request = pair.client.request("slow", null, { signal: controller.signal });
  await started.promise;
  // The answer is on its way before the cancellation is sent.
  finish.resolve();
  controller.abort();
  await assertRejects(() => request, DOMException);
  assertEquals((await pair.client.request("echo", 1)).value, 1);
  assertEquals(pair.client.failure, undefined);
});

Deno.test("Channel keeps notices in order with replies", async () => {
  await using pair = channelPair();
  const seen: string[] = [];
  pair.server.handle("work", () => {
    pair.server.notify("told", "before");
    // Sent in the same turn in which the reply goes out, directly after it.
    queueMicrotask(() => queueMicrotask(() => pair.server.notify("told", "after")));
    return {};
  });
  pair.client.onNotice("told", (params) => void seen.push(String(params)));
  const last = Promise.withResolvers<void>();
  pair.client.onNotice("last", () => last.resolve());
  await pair.client.request("work", null);
  seen.push("reply");
  pair.server.notify("last", null);
  await last.promise;
  assertEquals(seen, ["before", "reply", "after"]);
});

Deno.test("Channel delivers a reply before the notice that shares its chunk", async () => {
  const replies = [
    frame({ type: "reply", id: 0, value: "first" }),
    frame({ type: "notice", method: "told", params: "second" }),
    frame({ type: "error", id: 1, error: { name: "Error", message: "third" } }),
    frame({ type: "notice", method: "told", params: "fourth" }),
  ];
  const { channel } = scriptedChannel([new Uint8Array(replies.flatMap((bytes) => [...bytes]))]);
  const seen: unknown[] = [];
  channel.onNotice("told", (params) => void seen.push(params));
  const first = async () => seen.push((await channel.request("a", null)).value);
  const second = async () => {
    try {
      await channel.request("b", null);
    } catch (error) {
      seen.push(error instanceof Error ? error.message : error);
    }
  };
  await Promise.all([first(), second(), channel.closed]);
  assertEquals(seen, ["first", "second", "third", "fourth"]);
});

Deno.test("Channel loses nothing that arrives before the handlers are registered", async () => {
  const { channel } = scriptedChannel([frame({ type: "notice", method: "told", params: 1 })]);
  await Promise.resolve();
  await Promise.resolve();
  const seen: unknown[] = [];
  channel.onNotice("told", (params) => void seen.push(params));
  await channel.closed;
  assertEquals([seen, channel.failure], [[1], undefined]);
});

Deno.test("Channel writes one chunk at a time and joins what waits", async () => {
  let writing = 0;
  let most = 0;
  const sizes: number[] = [];
  const there = new TransformStream<Uint8Array, Uint8Array>();
  const forward = there.writable.getWriter();
  const writable = new WritableStream<Uint8Array>({
    async write(chunk) {
      most = Math.max(most, ++writing);
      sizes.push(chunk.length);
      await forward.write(chunk);
      writing -= 1;
    },
    close: () => forward.close(),
  });
  const back = new TransformStream<Uint8Array, Uint8Array>();
  const client = new Channel({ readable: back.readable, writable });
  const server = new Channel({ readable: there.readable, writable: back.writable });
  server.handle("echo", (call) => ({ value: call.params }));
  const requests = Array.from({ length: 500 }, (_, index) => client.request("echo", index));
  assertEquals((await Promise.all(requests)).length, 500);
  assertEquals([most, sizes.length], [1, 2]);
  await client.close();
  await server.close();
});

Deno.test("Channel.request() refuses what is too large and goes on", async () => {
  await using pair = channelPair();
  pair.server.handle("echo", (call) => ({ value: call.params }));
  pair.server.handle("huge", () => ({ value: "x".repeat(FRAME_BYTES) }));
  const bytes = new Uint8Array(FRAME_BYTES);
  await assertRejects(() => pair.client.request("echo", 1, { bytes }), MessageSizeError);
  await assertRejects(() => pair.client.request("huge", 1), MessageSizeError, "the limit is");
  await assertRejects(() => pair.client.request("echo", 1n), TypeError);
  assertEquals((await pair.client.request("echo", 1)).value, 1);
});

Deno.test("Channel cuts the texts of an error, so that it can always be told", async () => {
  await using pair = channelPair();
  pair.server.handle("fail", () => {
    throw new BackendError("not_found", "/a", "\0".repeat(FRAME_BYTES / 4));
  });
  const error = await assertRejects(() => pair.client.request("fail", 1), BackendError);
  assertEquals(error.message.length, 64 * 1024 + 1);
});

Deno.test("Channel closes on anything that is no message, and says so", async () => {
  const utf8 = (text: string) => {
    const json = new TextEncoder().encode(text);
    return new Uint8Array([...header(json.length, 0), ...json]);
  };
  const error = { name: "Error", message: "No" };
  const cases: [Uint8Array, string][] = [
    [header(0, 0), "a message without content"],
    [header(0, 5), "a message without content"],
    [
      header(FRAME_BYTES, 1),
      `a message of ${FRAME_BYTES + 1} bytes, over the limit of ${FRAME_BYTES}`,
    ],
    [
      header(0xffffffff, 0xffffffff),
      `a message of 8589934590 bytes, over the limit of ${FRAME_BYTES}`,
    ],
    [utf8("{"), "a message that is not JSON"],
    [new Uint8Array([...header(2, 0), 0xff, 0xfe]), "a message that is not JSON"],
    [utf8("[]"), "a message that is not an object"],
    [utf8("null"), "a message that is not an object"],
    [utf8("{}"), "a message of no known form"],
    [frame({ type: "other" }), "a message of no known form"],
    [frame({ type: "request", id: 0 }), "a message of no known form"],
    [frame({ type: "request", id: -1, method: "echo" }), "a message of no known form"],
    [frame({ type: "request", id: 0.5, method: "echo" }), "a message of no known form"],
    [frame({ type: "request", id: 2 ** 60, method: "echo" }), "a message of no known form"],
    [frame({ type: "request", id: "0", method: "echo" }), "a message of no known form"],
    [frame({ type: "reply" }), "a message of no known form"],
    [frame({ type: "error", id: 0 }), "a message of no known form"],
    [frame({ type: "error", id: 0, error: { ...error, code: 5 } }), "a message of no known form"],
    [frame({ type: "cancel" }), "a message of no known form"],
    [frame({ type: "notice" }), "a message of no known form"],
    [frame({ type: "notice", method: "told", attached: true }), "a message of no known form"],
    [
      frame({ type: "notice", method: "told" }, new Uint8Array(1)),
      "an attachment that its message does not tell of",
    ],
    [frame({ type: "notice", method: "unknown" }), "a notice that is unknown here: 'unknown'"],
    [frame({ type: "reply", id: 0 }), "an answer to a request that was never made"],
    [frame({ type: "error", id: 7, error }), "an answer to a request that was never made"],
  ];
  for (const [bytes, what] of cases) {
    assertEquals(await failureOf(bytes), `The other process sent ${what}`);
  }
  assertEquals(await failureOf(frame({ type: "cancel", id: 5 })), undefined);
  const ending = "The other process ended in the middle of a message";
  const whole = frame({ type: "request", id: 0, method: "echo" });
  for (let at = 1; at < whole.length; at++) {
    assertEquals(await failureOf(whole.slice(0, at)), ending);
  }
});

Deno.test("Channel fails all pending requests when a message is malformed", async () => {
  const there = new TransformStream<Uint8Array, Uint8Array>();
  const back = new TransformStream<Uint8Array, Uint8Array>();
  const channel = new Channel({ readable: back.readable, writable: there.writable });
  const requests = [channel.request("a", 1), channel.request("b", 2)];
  const writer = back.writable.getWriter();
  const message = "The other process sent a message without content";
  writer.write(header(0, 0)).catch(() => {});
  for (const request of requests) await assertRejects(() => request, Error, message);
  await channel.closed;
  await assertRejects(() => channel.request("c", 3), Error, message);
  channel.notify("told", "nobody");
  assertEquals(channel.failure?.message, message);
  // The other side sees that nobody listens any more.
  await assertRejects(() => writer.closed, Error);
  await assertRejects(() => there.readable.getReader().read(), Error);
});

Deno.test("Channel closes when a notice cannot be handled here", async () => {
  const { channel } = scriptedChannel([frame({ type: "notice", method: "told" })]);
  channel.onNotice("told", () => {
    throw new RangeError("Too late");
  });
  await channel.closed;
  assertEquals(
    channel.failure?.message,
    "The other process sent what fails here: RangeError: Too late",
  );
});

Deno.test("Channel closes on two requests of one number and on a flood", async () => {
  const hang = (id: number) => frame({ type: "request", id, method: "hang" });
  const twice = scriptedChannel([hang(1), hang(1)]);
  twice.channel.handle("hang", () => new Promise(() => {}));
  await twice.channel.closed;
  assertEquals(twice.channel.failure?.message, "The other process sent two requests of one number");
  const flood = scriptedChannel(Array.from({ length: 20_000 }, (_, id) => hang(id)));
  let aborted = 0;
  flood.channel.handle("hang", (call) => {
    call.signal.addEventListener("abort", () => aborted++);
    return new Promise(() => {});
  });
  await flood.channel.closed;
  const { failure } = flood.channel;
  assertEquals(
    failure?.message,
    "The other process sent more requests than it takes answers for",
  );
  assertEquals(aborted, 16_384);
});

Deno.test("Channel closes on requests that take too much memory, in their JSON too", async () => {
  const encoder = new TextEncoder();
  const padding = new Uint8Array(60 * 1024 * 1024).fill(120);
  let taken = 0;
  const chunks = Array.from({ length: 20 }, (_, id) => {
    const before = encoder.encode(`{"type":"request","id":${id},"method":"hang","params":"`);
    const after = encoder.encode('"}');
    const length = before.length + padding.length + after.length;
    return [new Uint8Array([...header(length, 0), ...before]), padding, after];
  }).flat();
  const { channel } = scriptedChannel(chunks);
  channel.handle("hang", () => {
    taken += 1;
    return new Promise(() => {});
  });
  await channel.closed;
  assertEquals(
    channel.failure?.message,
    "The other process sent more requests than it takes answers for",
  );
  assertEquals(taken, 8);
});

Deno.test("Channel survives any bytes", async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.json().map((text) => {
      const json = new TextEncoder().encode(text);
      return new Uint8Array([...header(json.length, 0), ...json]);
    }),
    fc.record({
      type: fc.constantFrom("request", "reply", "error", "cancel", "notice"),
      id: fc.oneof(fc.nat(3), fc.anything()),
      method: fc.oneof(fc.constantFrom("echo", "told", "__proto__"), fc.string()),
      params: fc.jsonValue(),
      attached: fc.constantFrom(true, undefined),
      error: fc.jsonValue(),
    }, { requiredKeys: ["type"] }).filter((message) => {
      try {
        return JSON.stringify(message) !== undefined;
      } catch {
        return false;
      }
    }).chain((message) => fc.uint8Array({ maxLength: 8 }).map((extra) => frame(message, extra))),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(bytes, { maxLength: 6 }), async (chunks) => {
      const message = await failureOf(...chunks);
      assert(message === undefined || /^The other process (sent|ended) /.test(message), message);
    }),
    { numRuns: 300 },
  );
});

Deno.test("Channel.close() sends what is queued, aborts calls and rejects requests", async () => {
  const pair = channelPair();
  const seen: unknown[] = [];
  pair.server.onNotice("told", (params) => void seen.push(params));
  const called = Promise.withResolvers<AbortSignal>();
  pair.client.handle("hang", (call) => {
    called.resolve(call.signal);
    return new Promise(() => {});
  });
  const asked = pair.server.request("hang", null);
  const signal = await called.promise;
  for (let number = 0; number < 100; number++) pair.client.notify("told", number);
  const request = pair.client.request("never", null);
  const closing = pair.client.close();
  await assertRejects(() => request, Error, "This channel was closed");
  await assertRejects(() => asked, Error, "The other process ended");
  assertEquals(pair.client.close(), closing);
  await closing;
  await pair.client.closed;
  await pair.server.closed;
  assert(signal.aborted);
  assertEquals(seen, Array.from({ length: 100 }, (_, index) => index));
  assertEquals([pair.client.failure, pair.server.failure], [undefined, undefined]);
});

async function withChild(
  use: (channel: Channel, child: Deno.ChildProcess) => Promise<void>,
): Promise<Deno.CommandStatus> {
  const path = new URL("./_channel_child.ts", import.meta.url);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-remote", path.href],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const channel = new Channel({ readable: child.stdout, writable: child.stdin });
  try {
    await use(channel, child);
  } finally {
    await channel.close();
  }
  return await child.status;
}

Deno.test("Channel talks to a real process, which ends when the channel is closed", async () => {
  const numbers: unknown[] = [];
  const status = await withChild(async (channel) => {
    channel.onNotice("number", (params) => void numbers.push(params));
    assertEquals((await channel.request("tell", "done")).value, "done");
    assertEquals(numbers, Array.from({ length: 100 }, (_, index) => index));
    const error = await assertRejects(() => channel.request("fail", null), BackendError);
    assertEquals([error.code, error.path], ["not_found", "/a.txt"]);
    const replies = await Promise.all(
      Array.from({ length: 200 }, (_, index) => channel.request("echo", index)),
    );
    assertEquals(replies.map((reply) => reply.value), Array.from(replies, (_, index) => index));
    const bytes = new Uint8Array(50 * 1000 * 1000);
    for (let index = 0; index < bytes.length; index += 4096) bytes[index] = index / 4096;
    const big = (await channel.request("echo", null, { bytes })).bytes ?? new Uint8Array();
    const digest = async (data: Uint8Array<ArrayBuffer>) =>
      new Uint8Array(await crypto.subtle.digest("SHA-256", data));
    assertEquals(await digest(new Uint8Array(big)), await digest(bytes));
  });
  assertEquals(status.code, 0);
});

Deno.test("Channel fails its requests when the process is killed", async () => {
  const status = await withChild(async (channel, child) => {
    await channel.request("echo", 1);
    const requests = Array.from({ length: 3 }, () => channel.request("hang", null));
    child.kill("SIGKILL");
    for (const request of requests) {
      await assertRejects(() => request, Error, "The other process ended");
    }
    await channel.closed;
    await assertRejects(() => channel.request("echo", 1), Error, "The other process ended");
  });
  assertEquals(status.signal, "SIGKILL");
});
