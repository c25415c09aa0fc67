// What a step has of its own: model, instructions, rules, a form of the answer, a budget.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  answer,
  failure,
  hold,
  replyFromTurn,
  startOpenAiServer,
} from "../support/openai_server.ts";
import { liveModel, said, Served, turn } from "./_served.ts";

const NO_RULES = { deny: [], ask: [] };

Deno.test("serveAgent() asks the step's model, with the step's instructions, and the run's otherwise", async () => {
  await using server = startOpenAiServer({ script: () => answer({ text: "Ok." }) });
  await using runner = new Served();
  await runner.start({ model: liveModel(server) });
  await runner.step({ step: "one" });
  const own = { model: "gpt-4.1-mini", instructions: "Write long." };
  await runner.step({ step: "two", continues: "one", ...own });
  await runner.step({ step: "three", continues: "two", model: "openai:o4" });
  const seen = server.exchanges.map(({ request }) => [
    request.model,
    (request.messages[0]?.content ?? "").split("\n").at(-1),
    request.messages.filter(({ role }) => role === "system").length,
  ]);
  assertEquals(seen, [
    ["gpt-4.1", "Be brief.", 1],
    ["gpt-4.1-mini", "Write long.", 1],
    ["o4", "Be brief.", 1],
  ]);
  // What was said under other instructions is gone on with.
  assertEquals(server.exchanges.map(({ request }) => said(request).length), [2, 4, 6]);
});

Deno.test("serveAgent() has no model for a step in a run without one", async () => {
  await using runner = new Served();
  await runner.start({ model: { type: "none" } });
  await assertRejects(() => runner.step({}), TypeError, "There is no model in this run");
});

Deno.test("serveAgent() holds a step to its own rules and to those of the run", async () => {
  await using runner = new Served();
  await runner.start({ deny: ["write /project/kept/**"], ask: ["write /live/**"] });
  const rules = { deny: ["read /secrets/**"], ask: ["write /project/**"] };
  const write = (path: string) => ["write_file", { path, content: "x" }] as const;
  await runner.memory.write("/secrets/key", "123");
  const rehearsal = [
    turn(
      "",
      [...write("/project/kept/a")],
      [...write("/project/b")],
      [...write("/live/c")],
      ["read_file", { path: "/secrets/key" }],
      [...write("/free/d")],
    ),
    turn("Done."),
  ];
  await runner.step({ rehearsal, rules });
  const results = () => runner.told("tool.finished").map(({ event }) => event.result);
  const [kept = "", ...others] = results();
  assertStringIncludes(kept, "denied by the rule 'write /project/kept/**'");
  assertEquals(others.map((text) => text.split("\n")[0]), [
    "Wrote /project/b (1 line, 1 byte), a new file",
    "Wrote /live/c (1 line, 1 byte), a new file",
    "Error: Cannot read '/secrets/key': denied by the rule 'read /secrets/**'. This run does not " +
    "grant it, and trying again will not change that. Find another way, or say in your answer " +
    "that it was refused.",
    "Wrote /free/d (1 line, 1 byte), a new file",
  ]);
  assertEquals(
    runner.asked.map(({ wishes }) => wishes.map(({ what, rule }) => `${what} ${rule}`)),
    [
      ["/project/b write /project/**"],
      ["/live/c write /live/**"],
    ],
  );
  // A step beside it has the run's rules alone.
  const other = [turn("", ["read_file", { path: "/secrets/key" }], [...write("/project/e")])];
  await runner.step({ step: "two", rehearsal: [...other, turn("Done.")] });
  assertEquals(results().slice(5), ["1\t123", "Wrote /project/e (1 line, 1 byte), a new file"]);
  assertEquals(runner.asked.length, 2);
});

Deno.test("serveAgent() asks once about what the rules of both ask about, by the run's", async () => {
  await using runner = new Served();
  await runner.start({ ask: ["write /live/**"] });
  const rehearsal = [turn("", ["write_file", { path: "/live/a", content: "a" }]), turn("Done.")];
  await runner.step({ rehearsal, rules: { deny: [], ask: ["write /live/a"] } });
  assertEquals(runner.asked.map(({ wishes }) => wishes.map(({ rule }) => rule)), [
    ["write /live/**"],
  ]);
  assertEquals((await runner.memory.read("/live/a")).text, "a");
});

Deno.test("serveAgent() offers a step the tools that its rules leave of any use", async () => {
  await using server = startOpenAiServer({ script: () => answer({ text: "Ok." }) });
  await using runner = new Served();
  await runner.start({ model: liveModel(server) });
  await runner.step({ rules: { ...NO_RULES, allow: ["read /project/**"] } });
  await runner.step({ step: "two" });
  const offered = server.exchanges.map(({ request }) => request.tools.map(({ name }) => name));
  assertEquals(offered[0], ["ls", "read_file", "glob", "grep"]);
  assertEquals(offered[1]?.length, 8);
});

Deno.test("serveAgent() asks for the form of a step's answers in each of its requests", async () => {
  const schema = {
    type: "object",
    properties: { files: { type: "array", items: { type: "string" } } },
    required: ["files"],
    additionalProperties: false,
  };
  await using server = startOpenAiServer({
    script: [
      replyFromTurn(turn("", ["ls", {}])),
      answer({ text: '{"files":[]}' }),
      answer({ text: "Fine." }),
    ],
  });
  await using runner = new Served();
  await runner.start({ model: liveModel(server) });
  const result = await runner.step({ format: { name: "answer", schema } });
  assertEquals(result.output, '{"files":[]}');
  await runner.step({ step: "two" });
  const form = { name: "answer", schema, strict: true };
  assertEquals(server.exchanges.map(({ request }) => request.format), [form, form, undefined]);
  assertEquals(server.rejections, []);
});

Deno.test("serveAgent() keeps the budgets of a step and of the run, over all requests", async () => {
  const usage = { input: 60, output: 40 };
  await using server = startOpenAiServer({ script: () => answer({ text: "Ok.", usage }) });
  await using runner = new Served();
  await runner.start({ model: liveModel(server), budget: { tokens: 350 } });
  const first = await runner.step({ budget: { tokens: 90 } });
  assertEquals([first.outcome, first.output, first.turns], ["budget", "Ok.", 1]);
  assertStringIncludes(first.error ?? "", "The step's budget of 90 tokens is used up");
  assertEquals((await runner.step({ step: "two", budget: { tokens: 100 } })).outcome, "success");
  assertEquals((await runner.judge({ step: "judged" })).outcome, "failure");
  const last = await runner.step({ step: "three" });
  assertEquals(last.outcome, "budget");
  assertStringIncludes(last.error ?? "", "The budget of 350 tokens is used up, 400 were taken");
  const refused = await runner.step({ step: "four" });
  assertEquals([refused.outcome, refused.turns, refused.output], ["budget", 0, ""]);
  assertEquals(server.exchanges.length, 4);
});

Deno.test("serveAgent() ends a step whose tokens nobody counted, where they are limited", async () => {
  await using server = startOpenAiServer({ script: () => answer({ text: "Ok.", usage: null }) });
  await using runner = new Served();
  await runner.start({ model: liveModel(server) });
  const limited = await runner.step({ budget: { tokens: 1_000 } });
  assertEquals([limited.outcome, limited.usage], [
    "budget",
    { inputTokens: null, outputTokens: null },
  ]);
  assertStringIncludes(limited.error ?? "", "cannot be kept");
  assertEquals((await runner.step({ step: "two", budget: { turns: 1 } })).outcome, "success");
});

Deno.test("serveAgent() counts a request that broke off as one whose tokens nobody knows", async () => {
  const usage = { input: 1, output: 1 };
  await using server = startOpenAiServer({
    script: [failure(401), answer({ text: "Ok.", usage })],
  });
  await using runner = new Served();
  await runner.start({ model: liveModel(server), budget: { tokens: 1_000 } });
  // It never came to the model, and took nothing.
  assertEquals((await runner.step({})).outcome, "failure");
  assertEquals((await runner.step({ step: "two" })).outcome, "success");
  const stop = new AbortController();
  await using held = startOpenAiServer({
    script: (_request, index) => {
      queueMicrotask(() => stop.abort(new RangeError("enough")));
      return index === 0 ? hold() : answer({ text: "Ok.", usage });
    },
  });
  await using other = new Served();
  await other.start({ model: liveModel(held), budget: { tokens: 1_000 } });
  await assertRejects(() => other.step({}, stop.signal), RangeError, "enough");
  const after = await other.step({ attempt: 2 });
  assertEquals([after.outcome, after.turns], ["budget", 0]);
  assertStringIncludes(after.error ?? "", "cannot be kept");
});

Deno.test("serveAgent() keeps a budget of dollars by the price of the step's own model", async () => {
  const prices = {
    "openai:gpt-4.1": { input: 1, output: 1 },
    "openai:big": { input: 1_000_000, output: 1_000_000 },
  };
  const rehearsed = (text: string) => [{ ...turn(text), usage: { input: 1, output: 1 } }];
  await using runner = new Served();
  await runner.start({ budget: { usd: 1, prices } });
  assertEquals((await runner.step({ rehearsal: rehearsed("Ok.") })).outcome, "success");
  const dear = await runner.step({ step: "two", model: "big", rehearsal: rehearsed("Ok.") });
  assertEquals(dear.outcome, "budget");
  assertStringIncludes(dear.error ?? "", "The budget of $1.00 is used up");
});
