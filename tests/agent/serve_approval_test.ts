import { serveAgent } from "../../agent/_serve.ts";
import {
  AGENT_PROCESS,
  type ApprovalParams,
  type ApprovalResult,
  type Checkpoint,
  type EventNotice,
  type StartParams,
  type StepEndResult,
  type StepParams,
  type StepResult,
} from "../../agent/process.ts";
import type { RehearsalTurn } from "../../agent/rehearsal.ts";
import { Channel } from "../../backends/channel.ts";
import { RemoteBackend } from "../../backends/remote.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";

const START: StartParams = {
  model: { type: "rehearsal", name: "openai:gpt-4.1" },
  instructions: "Be brief.",
  backends: [{ name: "memory", type: "state" }],
  routes: [{ prefix: "/", backend: "memory", path: "/", access: "read-write" }],
  deny: [],
  ask: ["write /live/**"],
};

/** The runner's side of an agent that runs in this process. */
class Runner {
  readonly asked: ApprovalParams[] = [];
  readonly events: EventNotice[] = [];
  readonly channel: Channel;

  private constructor(answer: unknown) {
    const there = new TransformStream<Uint8Array, Uint8Array>();
    const back = new TransformStream<Uint8Array, Uint8Array>();
    serveAgent(new Channel({ readable: there.readable, writable: back.writable }));
    this.channel = new Channel({ readable: back.readable, writable: there.writable });
    this.channel.onNotice(AGENT_PROCESS.event, (notice) => this.events.push(notice as EventNotice));
    this.channel.handle(AGENT_PROCESS.approve, ({ params }) => {
      this.asked.push(params as ApprovalParams);
      return { value: answer };
    });
  }

  static async start(answer: ApprovalResult | { readonly verdict: string }): Promise<Runner> {
    const runner = new Runner(answer);
    await runner.channel.request(AGENT_PROCESS.start, START);
    return runner;
  }

  async step(params: Partial<StepParams>): Promise<StepResult> {
    const whole = { step: "two", attempt: 1, prompt: "Go.", maxTurns: 9, ...params };
    return (await this.channel.request(AGENT_PROCESS.step, whole)).value as StepResult;
  }

  async end(step: string): Promise<StepEndResult> {
    return (await this.channel.request(AGENT_PROCESS.stepEnd, { step })).value as StepEndResult;
  }

  async checkpoint(): Promise<Checkpoint> {
    return (await this.channel.request(AGENT_PROCESS.checkpoint, {})).value as Checkpoint;
  }

  called(): string[] {
    return this.events.flatMap(({ event }) => event.type === "tool.called" ? [event.callId] : []);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.channel.close();
  }
}

function turn(text: string, ...calls: readonly [string, Record<string, unknown>][]): RehearsalTurn {
  return { text, calls: calls.map(([tool, args]) => ({ tool, arguments: args })) };
}

const ONE = [turn("", ["ls", {}]), turn("First.")];
const TWO: readonly RehearsalTurn[] = [
  turn("", ["ls", {}]),
  turn(
    "Writing.",
    ["write_file", { path: "/live/a", content: "a\n" }],
    ["ls", { path: "/" }],
    ["read_file", { path: "/live/a" }],
  ),
  { ...turn("", ["ls", {}]), expect: { results: ["Wrote /live/a", "", "1\ta"] } },
  turn("Done."),
];

Deno.test("serveAgent() ends a step that waits with a checkpoint, and another one goes on with it", async () => {
  let checkpoint: Checkpoint | undefined;
  {
    await using waits = await Runner.start({ verdict: "wait" });
    await waits.step({ step: "one", rehearsal: ONE });
    const result = await waits.step({ rehearsal: TWO, continues: "one" });
    assertEquals(
      [result.outcome, result.output, result.turns, result.error],
      ["waiting", "Writing.", 2, "A call waits for an approval"],
    );
    assertEquals(waits.asked.map(({ step, callId }) => [step, callId]), [["two", "call_3"]]);
    checkpoint = result.checkpoint;
  }
  assert(checkpoint !== undefined);
  assertEquals([checkpoint.answers, checkpoint.ids], [2, 5]);
  assertEquals(Object.keys(checkpoint.ended ?? {}), ["one"]);
  assertEquals(checkpoint.ended?.one, checkpoint.conversation.slice(0, 4));
  assertEquals(checkpoint.conversation.map(({ role }) => role), [
    ...["user", "assistant", "tool", "assistant"],
    ...["user", "assistant", "tool", "assistant"],
    // The listing above the file waits with it, and so does reading it.
  ]);

  await using goes = await Runner.start({ verdict: "granted" });
  const result = await goes.step({ rehearsal: TWO, resume: checkpoint });
  assertEquals([result.outcome, result.output, result.turns], ["success", "Done.", 2]);
  // Ids go on where they were, and the rehearsal at its third answer.
  assertEquals(goes.called(), ["call_3", "call_4", "call_5", "call_6"]);
  assertEquals(await goes.end("two"), {});
  const memory = new RemoteBackend({ channel: goes.channel, name: "memory" });
  assertEquals((await memory.read("/live/a")).text, "a\n");
  const { ended = {} } = await goes.checkpoint();
  assertEquals(Object.keys(ended).sort(), ["one", "two"]);
  assertEquals(ended.one, checkpoint.ended?.one);
  assertEquals(ended.two?.slice(0, 8), checkpoint.conversation);
  assertEquals(ended.two?.filter(({ role }) => role === "user").length, 2);
  await assertRejects(
    () => goes.step({ rehearsal: TWO, resume: checkpoint }),
    TypeError,
    "Something was said already in step 'two'",
  );
});

Deno.test("serveAgent() restores conversations before the first step, and at no other time", async () => {
  let checkpoint: Checkpoint;
  {
    await using first = await Runner.start({ verdict: "wait" });
    await first.step({ step: "one", rehearsal: ONE });
    checkpoint = await first.checkpoint();
    await assertRejects(
      () => first.channel.request(AGENT_PROCESS.restore, checkpoint),
      TypeError,
      "Something was said already",
    );
  }
  await using second = await Runner.start({ verdict: "wait" });
  await assertRejects(
    () => second.channel.request(AGENT_PROCESS.restore, { ...checkpoint, ids: -1 }),
    TypeError,
    "Cannot read the params of 'agent.restore': ids",
  );
  await second.channel.request(AGENT_PROCESS.restore, checkpoint);
  const rehearsal = [turn("", ["ls", {}]), turn("Second.")];
  await second.step({ rehearsal, continues: "one" });
  assertEquals(second.called(), ["call_2"]);
  const { ended = {} } = await second.checkpoint();
  assertEquals(ended.one, checkpoint.ended?.one);
  assertEquals(ended.two?.slice(0, 4), checkpoint.ended?.one);
  assertEquals(ended.two?.length, 8);
});

Deno.test("serveAgent() does nothing on an answer that is none", async () => {
  await using runner = await Runner.start({ verdict: "perhaps" });
  await assertRejects(
    () => runner.step({ rehearsal: TWO }),
    TypeError,
    "Cannot read the params of 'agent.approve': verdict",
  );
  const memory = new RemoteBackend({ channel: runner.channel, name: "memory" });
  assertEquals(await memory.ls("/"), []);
});
