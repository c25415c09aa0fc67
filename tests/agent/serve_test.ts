import { serveAgent } from "../../agent/_serve.ts";
import {
  AGENT_PROCESS,
  type EventNotice,
  type StartParams,
  type StepEndResult,
  type StepParams,
  type StepResult,
} from "../../agent/process.ts";
import type { RehearsalTurn } from "../../agent/rehearsal.ts";
import { Channel } from "../../backends/channel.ts";
import { RemoteBackend, serveBackends } from "../../backends/remote.ts";
import { StateBackend } from "../../backends/state.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";

const START: StartParams = {
  model: { type: "rehearsal", name: "openai:gpt-4.1" },
  instructions: "Be brief.",
  backends: [{ name: "memory", type: "state" }, { name: "disk", type: "local" }],
  routes: [
    { prefix: "/project/", backend: "disk", path: "/p", access: "read-write" },
    { prefix: "/src/", backend: "disk", path: "/s", access: "read" },
    { prefix: "/", backend: "memory", path: "/", access: "read-write" },
  ],
  deny: ["read **/.env"],
  ask: [],
};

const USAGE = { inputTokens: null, outputTokens: null };

/** The runner's side of an agent that runs in this process. */
class Runner {
  readonly events: EventNotice[] = [];
  readonly disk = new StateBackend();
  readonly channel: Channel;

  constructor() {
    const there = new TransformStream<Uint8Array, Uint8Array>();
    const back = new TransformStream<Uint8Array, Uint8Array>();
    serveAgent(new Channel({ readable: there.readable, writable: back.writable }));
    this.channel = new Channel({ readable: back.readable, writable: there.writable });
    this.channel.onNotice(AGENT_PROCESS.event, (notice) => this.events.push(notice as EventNotice));
    serveBackends(this.channel, (name) => name === "disk" ? this.disk : undefined);
  }

  async start(params: StartParams = START): Promise<unknown> {
    return (await this.channel.request(AGENT_PROCESS.start, params)).value;
  }

  async step(params: Partial<StepParams>, signal?: AbortSignal): Promise<StepResult> {
    const whole = { step: "one", attempt: 1, prompt: "Go.", maxTurns: 9, ...params };
    const reply = await this.channel.request(AGENT_PROCESS.step, whole, { signal });
    return reply.value as StepResult;
  }

  async end(step: string): Promise<StepEndResult> {
    return (await this.channel.request(AGENT_PROCESS.stepEnd, { step })).value as StepEndResult;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.channel.close();
  }
}

function turn(text: string, ...calls: readonly [string, Record<string, unknown>][]): RehearsalTurn {
  return { text, calls: calls.map(([tool, args]) => ({ tool, arguments: args })) };
}

Deno.test("serveAgent() carries out a step over memory and the runner's files", async () => {
  await using runner = new Runner();
  assertEquals(await runner.start(), {
    tools: [
      "ls",
      "read_file",
      "write_file",
      "edit_file",
      "delete_file",
      "move_file",
      "glob",
      "grep",
    ],
  });
  const rehearsal: RehearsalTurn[] = [
    {
      ...turn(
        "Writing.",
        ["write_file", { path: "/project/app.py", content: "x = 1\n" }],
        ["write_file", { path: "/scratch/notes.txt", content: "é\n" }],
        ["write_file", { path: "/src/a.py", content: "no" }],
      ),
      expect: { prompt: "Go." },
      usage: { input: 5, output: 6 },
    },
    {
      ...turn("Done."),
      expect: { results: ["Wrote /project/app.py", "Wrote /scratch/notes.txt", "'/src/a.py'"] },
      usage: { input: 7, output: 8 },
    },
  ];
  assertEquals(await runner.step({ rehearsal }), {
    outcome: "success",
    output: "Done.",
    turns: 2,
    usage: { inputTokens: 12, outputTokens: 14 },
  });
  assertEquals(await runner.end("one"), {});
  assertEquals([...runner.disk.files.keys()], ["/p/app.py"]);
  const memory = new RemoteBackend({ channel: runner.channel, name: "memory" });
  assertEquals((await memory.read("/scratch/notes.txt")).text, "é\n");
  const types = runner.events.map(({ step, event }) => `${step} ${event.type}`);
  assertEquals(types.slice(0, 3), ["one model.asked", "one model.text", "one model.answered"]);
  assertEquals(types.at(-1), "one model.answered");
  const changes = runner.events.flatMap(({ event }) =>
    event.type === "file.changed" ? [event.path] : []
  );
  assertEquals(changes.sort(), ["/project/app.py", "/scratch/notes.txt"]);
});

Deno.test("serveAgent() goes on with the conversation and the rehearsal's place", async () => {
  await using runner = new Runner();
  await runner.start();
  const rehearsal = [
    turn("First try."),
    { ...turn("", ["ls", {}]), expect: { prompt: "It failed." } },
    { ...turn("Second try."), expect: { results: [""] } },
  ];
  assertEquals((await runner.step({ rehearsal })).output, "First try.");
  const second = await runner.step({ rehearsal, attempt: 2, prompt: "It failed." });
  assertEquals([second.outcome, second.output, second.turns], ["success", "Second try.", 2]);
  assertEquals(await runner.end("one"), {});
  const ids = runner.events.flatMap(({ event }) =>
    event.type === "tool.called" ? [event.callId] : []
  );
  const next = await runner.step({ step: "two", rehearsal: [turn("", ["ls", {}]), turn("Ok.")] });
  assertEquals(next.output, "Ok.");
  assertEquals(ids, ["call_1"]);
  assertEquals(
    runner.events.flatMap(({ event }) => event.type === "tool.called" ? [event.callId] : []),
    ["call_1", "call_2"],
  );
});

Deno.test("serveAgent() reports a rehearsal that does not match, and turns that are left", async () => {
  await using runner = new Runner();
  await runner.start();
  const wrong = await runner.step({
    rehearsal: [{ ...turn("x"), expect: { prompt: "Stop." }, place: "a.yaml:3" }, turn("y")],
  });
  assertEquals([wrong.outcome, wrong.turns], ["mismatch", 1]);
  assertStringIncludes(wrong.error ?? "", 'expected: "Stop."\n    actual: "Go."');
  assertStringIncludes((await runner.end("one")).error ?? "", "2 turns were never played");
  assertEquals(await runner.end("other"), {});
  const none = await runner.step({ step: "two" });
  assertEquals(none.outcome, "mismatch");
  assertStringIncludes(none.error ?? "", "expected: the end, after 0 turns");
});

Deno.test("serveAgent() ends an attempt whose turns are used up, after its calls", async () => {
  await using runner = new Runner();
  await runner.start();
  const rehearsal = [
    turn("Writing.", ["write_file", { path: "/a", content: "1" }]),
    turn("Done."),
  ];
  assertEquals(await runner.step({ rehearsal, maxTurns: 1 }), {
    outcome: "budget",
    output: "Writing.",
    turns: 1,
    usage: USAGE,
    error:
      "The agent used up its 1 request of the model: raise budget: { turns } if it was too small",
  });
  assertEquals((await runner.step({ rehearsal, attempt: 2 })).output, "Done.");
  assertEquals(await runner.step({ rehearsal, attempt: 3, maxTurns: 0 }), {
    outcome: "budget",
    output: "",
    turns: 0,
    usage: { inputTokens: 0, outputTokens: 0 },
    error:
      "The agent used up its 0 requests of the model: raise budget: { turns } if it was too small",
  });
});

Deno.test("serveAgent() refuses what a rule denies", async () => {
  await using runner = new Runner();
  await runner.start();
  await runner.disk.write("/p/.env", "SECRET=1\n");
  const rehearsal = [turn("", ["read_file", { path: "/project/.env" }]), turn("Done.")];
  await runner.step({ rehearsal });
  const [result] = runner.events.flatMap(({ event }) =>
    event.type === "tool.finished" ? [event] : []
  );
  assertEquals(result?.ok, false);
  assertStringIncludes(result?.result ?? "", "'/project/.env'");
  assert(!JSON.stringify(runner.events).includes("SECRET"));
});

Deno.test("serveAgent() refuses requests out of turn and of no known form", async () => {
  await using runner = new Runner();
  await assertRejects(() => runner.step({}), TypeError, "'agent.start' must come first");
  await assertRejects(
    () => runner.start({ ...START, routes: [{ ...START.routes[2], backend: "x" }] } as StartParams),
    TypeError,
    "Route '/' has no backend 'x'",
  );
  await assertRejects(
    () => runner.channel.request(AGENT_PROCESS.start, { ...START, deny: "all" }),
    TypeError,
    "Cannot read the params of 'agent.start': deny: ",
  );
  await runner.start();
  await assertRejects(() => runner.start(), TypeError, "'agent.start' comes only once");
  await assertRejects(() => runner.step({ maxTurns: -1 }), TypeError, "maxTurns");
});

Deno.test("serveAgent() runs one attempt of a step at a time, and others beside it", async () => {
  await using runner = new Runner();
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const read = runner.disk.read.bind(runner.disk);
  runner.disk.read = async (path, options) => {
    reach();
    await gate;
    return await read(path, options);
  };
  await runner.disk.write("/p/a", "1");
  await runner.start();
  const rehearsal = [turn("", ["read_file", { path: "/project/a" }]), turn("Done.")];
  const first = runner.step({ rehearsal });
  await reached;
  await assertRejects(() => runner.step({}), TypeError, "Step 'one' is under way already");
  await assertRejects(
    () => runner.step({ step: "two", continues: "one" }),
    TypeError,
    "Step 'two' cannot go on with 'one': it has not ended",
  );
  const second = await runner.step({ step: "two", rehearsal: [turn("Beside it.")] });
  assertEquals([second.outcome, second.output], ["success", "Beside it."]);
  open();
  assertEquals((await first).outcome, "success");
});

Deno.test("serveAgent() stops a step that is cancelled and goes on with the next", async () => {
  await using runner = new Runner();
  const stop = new AbortController();
  const { promise: cancelled, resolve: cancel } = Promise.withResolvers<void>();
  runner.disk.read = (_path, options) => {
    options?.signal?.addEventListener("abort", () => cancel());
    queueMicrotask(() => stop.abort(new RangeError("enough")));
    return new Promise(() => {});
  };
  await runner.start();
  const rehearsal = [turn("", ["read_file", { path: "/project/a" }]), turn("Never.")];
  await assertRejects(() => runner.step({ rehearsal }, stop.signal), RangeError, "enough");
  await cancelled;
  const next = await runner.step({ step: "two", rehearsal: [turn("Ok.")] });
  assertEquals([next.outcome, next.output], ["success", "Ok."]);
});
