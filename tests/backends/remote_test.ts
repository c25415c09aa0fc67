import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Reply } from "../../backends/channel.ts";
import { BackendError } from "../../backends/errors.ts";
import { LIMITS } from "../../backends/limits.ts";
import type { Backend } from "../../backends/protocol.ts";
import { RemoteBackend, serveBackends } from "../../backends/remote.ts";
import { StateBackend } from "../../backends/state.ts";
import { spiedBackend } from "./_backends.ts";
import { channelPair } from "./_channel_pair.ts";

Deno.test("serveBackends() serves several backends and relays others on one channel", async () => {
  await using agent = channelPair();
  await using host = channelPair();
  const [memory, disk] = [new StateBackend(), new StateBackend()];
  serveBackends(host.server, (name) => name === "disk" ? disk : undefined);
  serveBackends(agent.server, (name) => name === "memory" ? memory : host.client);
  const near = new RemoteBackend({ channel: agent.client, name: "memory" });
  const far = new RemoteBackend({ channel: agent.client, name: "disk" });
  const nowhere = new RemoteBackend({ channel: agent.client, name: "other" });
  await near.write("/a", "near");
  await far.write("/a", "far");
  assertEquals([memory.files.get("/a")?.text, disk.files.get("/a")?.text], ["near", "far"]);
  assertEquals((await far.read("/a")).text, "far");
  await assertRejects(() => nowhere.ls("/"), TypeError, "There is no backend 'other' here");
});

Deno.test("RemoteBackend keeps a relay from looking into what files hold", async () => {
  await using agent = channelPair();
  await using host = channelPair();
  const state = new StateBackend();
  serveBackends(host.server, () => state);
  const seen: string[] = [];
  agent.server.handle("backend.call", async (call) => {
    const reply = await host.client.request("backend.call", call.params, call);
    seen.push(JSON.stringify([call.params, reply.value]));
    return reply;
  });
  const backend = new RemoteBackend({ channel: agent.client, name: "disk" });
  await backend.write("/a", "the secret text");
  await backend.write("/b", new TextEncoder().encode("the secret bytes"));
  assertEquals((await backend.read("/a")).text, "the secret text");
  assertEquals((await backend.readBytes("/b")).length, 16);
  assertEquals(seen.length, 4);
  assertEquals(seen.filter((json) => json.includes("secret")), []);
});

Deno.test("RemoteBackend passes every number and every option through", async () => {
  await using pair = channelPair();
  const state = new StateBackend({ files: { "/a": "1\n2\n3\n" } });
  serveBackends(pair.server, () => state);
  const backend = new RemoteBackend({ channel: pair.client, name: "memory" });
  assertEquals(await backend.read("/a", { limit: Infinity }), await state.read("/a"));
  assertEquals((await backend.read("/a", { offset: 1, limit: 1 })).text, "2\n");
  assertEquals(await backend.readBytes("/a", { length: Infinity }), await state.readBytes("/a"));
  assertEquals((await backend.glob("**", { limit: Infinity })).files.length, 1);
  for (const offset of [NaN, Infinity, -Infinity, -1, 0.5]) {
    const expected = await assertRejects(() => state.read("/a", { offset }), RangeError);
    const error = await assertRejects(() => backend.read("/a", { offset }), RangeError);
    assertEquals(error.message, expected.message);
  }
  assertEquals((await backend.grep("2", { regex: false, ignoreCase: true })).matches.length, 1);
});

Deno.test("RemoteBackend carries the largest content and refuses more", async () => {
  await using pair = channelPair();
  const state = new StateBackend();
  serveBackends(pair.server, () => state);
  const backend = new RemoteBackend({ channel: pair.client, name: "memory" });
  const largest = new Uint8Array(LIMITS.contentBytes);
  largest[largest.length - 1] = 7;
  assertEquals((await backend.write("/big", largest)).size, largest.length);
  assertEquals((await backend.readBytes("/big")).at(-1), 7);
  const more = new Uint8Array(LIMITS.contentBytes + 1);
  const error = await assertRejects(() => backend.write("/more", more), BackendError);
  assertEquals([error.code, error.path], ["too_large", "/more"]);
  const edit = { oldText: "\0".repeat(LIMITS.contentBytes / 4), newText: "" };
  const second = await assertRejects(() => backend.edit("/big", edit), BackendError);
  assertEquals([second.code, second.path], ["too_large", "/big"]);
  assertEquals([...state.files.keys()], ["/big"]);
});

Deno.test("RemoteBackend tells of an answer that is too large to send", async () => {
  await using pair = channelPair();
  const huge = spiedBackend(new StateBackend(), () => {});
  const info = { type: "file", size: 0, modified: 0, version: "1" } as const;
  huge.ls = () => Promise.resolve([{ ...info, path: "x".repeat(LIMITS.contentBytes * 2) }]);
  serveBackends(pair.server, () => huge);
  const backend = new RemoteBackend({ channel: pair.client, name: "huge" });
  const error = await assertRejects(() => backend.ls("/"), BackendError);
  assertEquals([error.code, error.path], ["too_large", "/"]);
  assertEquals((await backend.stat("/")).type, "directory");
});

Deno.test("RemoteBackend ends an operation here and there when its signal aborts", async () => {
  await using agent = channelPair();
  await using host = channelPair();
  const started = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  const slow = spiedBackend(new StateBackend(), () => {});
  slow.ls = (_path, options) => {
    options?.signal?.addEventListener("abort", () => aborted.resolve());
    started.resolve();
    return new Promise(() => {});
  };
  serveBackends(host.server, () => slow);
  serveBackends(agent.server, () => host.client);
  const backend = new RemoteBackend({ channel: agent.client, name: "slow" });
  const controller = new AbortController();
  const listing = backend.ls("/a", { signal: controller.signal });
  await started.promise;
  controller.abort();
  const error = await assertRejects(() => listing, BackendError);
  assertEquals([error.code, error.path], ["aborted", "/a"]);
  await aborted.promise;
});

Deno.test("RemoteBackend fails with io when the other process is gone", async () => {
  const pair = channelPair();
  serveBackends(pair.server, () => spiedBackend(new StateBackend(), () => {}));
  const backend = new RemoteBackend({ channel: pair.client, name: "memory" });
  assertEquals(await backend.ls("/"), []);
  await pair.server.close();
  await pair.client.closed;
  const error = await assertRejects(() => backend.read("/a"), BackendError);
  assertEquals([error.code, error.path, error.message], [
    "io",
    "/a",
    "The storage of '/a' cannot be reached: The other process ended",
  ]);
});

Deno.test("serveBackends() keeps what the host says to itself", async () => {
  await using pair = channelPair();
  const host = spiedBackend(new StateBackend(), () => {
    throw new Deno.errors.PermissionDenied("open '/home/person/.ssh/id_rsa'");
  });
  serveBackends(pair.server, () => host);
  const backend = new RemoteBackend({ channel: pair.client, name: "disk" });
  const error = await assertRejects(() => backend.read("/a"), BackendError);
  assertEquals([error.code, error.message], [
    "io",
    "The storage of '/a' failed (PermissionDenied)",
  ]);
});

Deno.test("serveBackends() refuses calls that are not exactly an operation", async () => {
  await using pair = channelPair();
  let performed = 0;
  const state = spiedBackend(new StateBackend(), () => void performed++);
  serveBackends(pair.server, (name) => name === "disk" ? state : undefined);
  const call = (params: unknown, bytes?: Uint8Array) =>
    pair.client.request("backend.call", params, { bytes });
  const backend = "disk";
  const cases: [unknown, string, Uint8Array?][] = [
    [null, "must name its backend"],
    [[], "must name its backend"],
    [{}, "must name its backend"],
    [{ backend: 5, operation: "ls", path: "/" }, "must name its backend"],
    [{ backend: "other", operation: "ls", path: "/" }, "There is no backend 'other' here"],
    [{ backend: "__proto__", operation: "ls", path: "/" }, "There is no backend '__proto__'"],
    [{ backend }, "must name its operation"],
    [{ backend, operation: "execute", path: "/" }, "must name its operation"],
    [{ backend, operation: "constructor", path: "/" }, "must name its operation"],
    [{ backend, operation: "__proto__" }, "must name its operation"],
    [{ backend, operation: ["ls"], path: "/" }, "must name its operation"],
    [{ backend, operation: "ls" }, "A call of 'ls' needs the argument 'path'"],
    [{ backend, operation: "ls", path: 5 }, "The argument 'path' of 'ls' must be a string"],
    [{ backend, operation: "ls", path: null }, "The argument 'path' of 'ls' must be a string"],
    [{ backend, operation: "ls", path: ["/"] }, "The argument 'path' of 'ls' must be a string"],
    [{ backend, operation: "ls", path: "/", to: "/" }, "A call of 'ls' has no argument 'to'"],
    [{ backend, operation: "ls", path: "/", toString: 1 }, "has no argument 'toString'"],
    [{ backend, operation: "ls", path: "/", signal: {} }, "has no argument 'signal'"],
    [{ backend, operation: "read", path: "/", offset: "1" }, "'offset' of 'read' must be a number"],
    [{ backend, operation: "read", path: "/", limit: null }, "'limit' of 'read' must be a number"],
    [{ backend, operation: "write", path: "/a" }, "A call of 'write' needs an attachment"],
    [
      { backend, operation: "write", path: "/a", overwrite: 1 },
      "must be a boolean",
      new Uint8Array(),
    ],
    [{ backend, operation: "write", path: "/a", text: true }, "", new Uint8Array([255])],
    [{ backend, operation: "edit", path: "/a", oldText: "a" }, "needs the argument 'newText'"],
    [{ backend, operation: "move", path: "/a" }, "needs the argument 'to'"],
    [{ backend, operation: "grep", path: "/a" }, "needs the argument 'query'"],
    [{ backend, operation: "read", path: "/" }, "takes no attachment", new Uint8Array()],
  ];
  for (const [params, message, bytes] of cases) {
    await assertRejects(() => call(params, bytes), TypeError, message);
  }
  await assertRejects(
    () => call(JSON.parse('{"backend":"disk","operation":"ls","path":"/","__proto__":{}}')),
    TypeError,
    "has no argument '__proto__'",
  );
  assertEquals(performed, 0);
});

Deno.test("RemoteBackend refuses answers of no known form", async () => {
  await using pair = channelPair();
  let reply: Reply = {};
  pair.server.handle("backend.call", () => reply);
  const backend = new RemoteBackend({ channel: pair.client, name: "hostile" });
  const info = { path: "/a", type: "file", size: 1, modified: 1, version: "1" };
  const slice = {
    path: "/a",
    offset: 0,
    lines: 1,
    totalLines: 1,
    nextOffset: null,
    size: 1,
    version: "",
  };
  const found = { matches: [], truncated: false, filesSearched: 0, filesSkipped: 0, failures: [] };
  const bytes = new Uint8Array();
  const cases: [(backend: Backend) => Promise<unknown>, Reply][] = [
    [(backend) => backend.ls("/"), {}],
    [(backend) => backend.ls("/"), { value: {} }],
    [(backend) => backend.ls("/"), { value: [null] }],
    [(backend) => backend.ls("/"), { value: [{ ...info, type: "link" }] }],
    [(backend) => backend.stat("/a"), { value: { ...info, size: -1 } }],
    [(backend) => backend.stat("/a"), { value: { ...info, path: 5 } }],
    [(backend) => backend.write("/a", ""), { value: { ...info, modified: "now" } }],
    [(backend) => backend.read("/a"), { value: slice }],
    [(backend) => backend.read("/a"), { value: slice, bytes: new Uint8Array([255]) }],
    [(backend) => backend.read("/a"), { value: { ...slice, nextOffset: "1" }, bytes }],
    [(backend) => backend.readBytes("/a"), { value: [1, 2] }],
    [(backend) => backend.edit("/a", { oldText: "a", newText: "b" }), { value: { file: info } }],
    [(backend) => backend.move("/a", "/b"), { value: null }],
    [(backend) => backend.glob("*"), { value: { files: [], truncated: 0, failures: [] } }],
    [(backend) => backend.grep("a"), { value: { ...found, matches: [{ path: "/a" }] } }],
    [(backend) => backend.grep("a"), { value: { ...found, failures: ["no"] } }],
  ];
  for (const [run, answer] of cases) {
    reply = answer;
    const error = await assertRejects(() => run(backend), BackendError);
    assertEquals(error.code, "io");
    assert(error.message.endsWith("The other process sent an answer of no known form"));
  }
});
