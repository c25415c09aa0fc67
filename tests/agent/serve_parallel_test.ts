// Several steps under way at a time: whose conversation is whose.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { answer, type Reply, startOpenAiServer } from "../support/openai_server.ts";
import { liveModel, said, Served, turn } from "./_served.ts";

/** Waits until `count` requests are there. */
function barrier(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let here = 0;
  return async () => {
    if (++here === count) resolve();
    await promise;
  };
}

function echo(text: string): Reply {
  return answer({ text });
}

Deno.test("serveAgent() forks a conversation into steps that run at a time and do not see each other", async () => {
  const both = barrier(2);
  await using server = startOpenAiServer({
    script: async ({ messages }) => {
      const prompt = messages.findLast(({ role }) => role === "user")?.content ?? "";
      // Neither of the two is answered before both have asked.
      if (prompt.startsWith("Fork")) await both();
      return echo(`${prompt} Done.`);
    },
  });
  await using runner = new Served();
  await runner.start({ model: liveModel(server) });
  await runner.step({ step: "plan", prompt: "Plan." });
  await runner.end("plan");
  const results = await Promise.all([
    runner.step({ step: "left", prompt: "Fork left.", continues: "plan" }),
    runner.step({ step: "right", prompt: "Fork right.", continues: "plan" }),
  ]);
  assertEquals(results.map(({ output }) => output), ["Fork left. Done.", "Fork right. Done."]);
  // An attempt goes on with the step's own conversation, whatever it began from.
  await runner.step({ step: "left", attempt: 2, prompt: "Again.", continues: "plan" });
  await runner.end("left");
  await runner.end("right");
  await runner.step({ step: "join", prompt: "Join.", continues: "right" });
  await runner.step({ step: "fresh", prompt: "Anew." });
  const [, , , again, join, fresh] = server.exchanges.map(({ request }) => said(request).slice(1));
  const forks = server.exchanges.slice(1, 3).map(({ request }) => said(request).slice(1)).sort();
  const plan = ["user: Plan.", "assistant: Plan. Done."];
  assertEquals(forks, [[...plan, "user: Fork left."], [...plan, "user: Fork right."]]);
  const left = [...plan, "user: Fork left.", "assistant: Fork left. Done.", "user: Again."];
  assertEquals(again, left);
  const right = [...plan, "user: Fork right.", "assistant: Fork right. Done."];
  assertEquals(join, [...right, "user: Join."]);
  assertEquals(fresh, ["user: Anew."]);
  assertEquals(server.rejections, []);
});

Deno.test("serveAgent() forks what a step said by its end, not what it said before", async () => {
  await using runner = new Served();
  await runner.start();
  await runner.step({ step: "one", rehearsal: [turn("First."), turn("Second.")] });
  const rehearsal = [turn("First."), turn("Second.")];
  await runner.step({ step: "early", continues: "one", rehearsal: [turn("Early.")] });
  await runner.step({ step: "one", attempt: 2, prompt: "Again.", rehearsal });
  await runner.end("one");
  await runner.step({ step: "late", continues: "one", rehearsal: [turn("Late.")] });
  const { ended = {} } = await runner.checkpoint();
  const texts = (step: string) => ended[step]?.map(({ content }) => content);
  assertEquals(texts("early"), ["Go.", "First.", "Go.", "Early."]);
  assertEquals(texts("one"), ["Go.", "First.", "Again.", "Second."]);
  assertEquals(texts("late"), ["Go.", "First.", "Again.", "Second.", "Go.", "Late."]);
});

Deno.test("serveAgent() begins anew where the step to go on with said nothing", async () => {
  await using runner = new Served();
  await runner.start();
  await runner.step({ step: "two", continues: "skipped", rehearsal: [turn("Alone.")] });
  assertEquals((await runner.checkpoint()).ended?.two?.length, 2);
});

Deno.test("serveAgent() tells each event with its step, of steps that run at a time", async () => {
  const both = barrier(2);
  await using server = startOpenAiServer({
    script: async ({ messages }) => {
      const name = messages.find(({ role }) => role === "user")?.content ?? "";
      if (messages.at(-1)?.role === "tool") return echo(`${name} is done.`);
      await both();
      const args = { path: `/project/${name}.txt`, content: name };
      return answer({ calls: [{ name: "write_file", arguments: JSON.stringify(args) }] });
    },
  });
  await using runner = new Served();
  await runner.start({ model: liveModel(server) });
  await Promise.all([
    runner.step({ step: "a", prompt: "alpha" }),
    runner.step({ step: "b[0]", prompt: "beta" }),
  ]);
  const of = (key: string) =>
    runner.events.flatMap(({ step, event }) =>
      step === key ? [event.type === "file.changed" ? event.path : event.type] : []
    ).filter((type) => type !== "model.text");
  const whole = (path: string) => [
    ...["model.asked", "model.answered", "tool.called", path, "tool.finished"],
    ...["model.asked", "model.answered"],
  ];
  assertEquals(of("a"), whole("/project/alpha.txt"));
  assertEquals(of("b[0]"), whole("/project/beta.txt"));
  // Both had asked before either was answered.
  const first = runner.events.slice(0, 2).map(({ event }) => event.type);
  assertEquals(first, ["model.asked", "model.asked"]);
});

Deno.test("serveAgent() plays a step's turns to its items, one after the other", async () => {
  await using runner = new Served();
  await runner.start();
  const rehearsal = [turn("Zero."), turn("One."), turn("One again."), turn("Left.")];
  const outputs: string[] = [];
  for (const [key, attempt] of [["each[0]", 1], ["each[1]", 1], ["each[1]", 2]] as const) {
    outputs.push((await runner.step({ step: key, attempt, rehearsal })).output);
  }
  assertEquals(outputs, ["Zero.", "One.", "One again."]);
  assertEquals(await runner.end("each[0]"), {});
  assertEquals(await runner.end("each[1]"), {});
  assertStringIncludes((await runner.end("each")).error ?? "", "the last turn was never played");
  // Nobody goes on with an item.
  assertEquals((await runner.checkpoint()).ended, {});
});

Deno.test("serveAgent() keeps the conversations of all steps for another process", async () => {
  await using first = new Served();
  await first.start({ ask: ["write /live/**"] });
  await first.step({ step: "plan", rehearsal: [turn("Planned.")] });
  first.answer = { verdict: "wait" };
  const write = (path: string) => turn("", ["write_file", { path, content: "x" }]);
  const rehearsals = [
    [write("/live/a"), turn("A.")],
    [write("/live/b"), turn("B.")],
  ];
  const waiting = await Promise.all(
    rehearsals.map((rehearsal, index) =>
      first.step({ step: `w${index}`, prompt: `W${index}.`, continues: "plan", rehearsal })
    ),
  );
  assertEquals(waiting.map(({ outcome }) => outcome), ["waiting", "waiting"]);
  await first.step({ step: "other", continues: "plan", rehearsal: [turn("Other.")] });
  const kept = await first.checkpoint();
  // Those that wait have not ended.
  assertEquals(Object.keys(kept.ended ?? {}).sort(), ["other", "plan"]);
  assertEquals(kept.conversation, []);
  for (const [index, { checkpoint }] of waiting.entries()) {
    assertEquals(checkpoint?.conversation.map(({ content }) => content), [
      ...["Go.", "Planned.", `W${index}.`, ""],
    ]);
  }

  await using second = new Served();
  await second.start({ ask: ["write /live/**"] });
  await second.restore(kept);
  const results = await Promise.all(
    waiting.map(({ checkpoint }, index) =>
      second.step({ step: `w${index}`, rehearsal: rehearsals[index], resume: checkpoint })
    ),
  );
  assertEquals(results.map(({ output }) => output), ["A.", "B."]);
  await second.step({ step: "next", continues: "other", rehearsal: [turn("Next.")] });
  const { ended = {} } = await second.checkpoint();
  assertEquals(ended.next?.map(({ content }) => content), [
    "Go.",
    "Planned.",
    "Go.",
    "Other.",
    "Go.",
    "Next.",
  ]);
  assertEquals(ended.w1?.at(-1)?.content, "B.");
  assertEquals((await second.memory.ls("/live")).map(({ path }) => path), ["/live/a", "/live/b"]);
});

Deno.test("serveAgent() lets nobody go on with a step that is under way or waits", async () => {
  await using runner = new Served();
  runner.answer = { verdict: "wait" };
  await runner.start({ ask: ["write /live/**"] });
  const rehearsal = [turn("", ["write_file", { path: "/live/a", content: "" }])];
  assertEquals((await runner.step({ rehearsal })).outcome, "waiting");
  await assertRejects(
    () => runner.step({ step: "two", continues: "one", rehearsal: [turn("No.")] }),
    TypeError,
    "Step 'two' cannot go on with 'one': it has not ended",
  );
});

Deno.test("serveAgent() goes on with a cancelled step only when its last words are said", async () => {
  await using runner = new Served();
  const stop = new AbortController();
  runner.disk.read = () => {
    stop.abort(new RangeError("enough"));
    return new Promise(() => {});
  };
  await runner.start();
  const rehearsal = [turn("", ["read_file", { path: "/project/a" }]), turn("Never.")];
  await assertRejects(() => runner.step({ rehearsal }, stop.signal), RangeError, "enough");
  await runner.step({ step: "two", continues: "one", rehearsal: [turn("Ok.")] });
  const roles = (await runner.checkpoint()).ended?.two?.map(({ role }) => role);
  assertEquals(roles, ["user", "assistant", "tool", "user", "assistant"]);
});

Deno.test("serveAgent() lets items that run at a time ask no more than their step may", async () => {
  const both = barrier(2);
  await using server = startOpenAiServer({
    script: async () => {
      // Neither is answered before both have asked, so that both had the whole budget before them.
      await both();
      return echo("Done.");
    },
  });
  await using runner = new Served();
  await runner.start({ model: liveModel(server) });
  const item = (index: number) =>
    runner.step({ step: `each[${index}]`, maxTurns: 2, budget: { turns: 2 } });
  const results = await Promise.all([item(0), item(1), item(2)]);
  assertEquals(results.map(({ outcome }) => outcome), ["success", "success", "budget"]);
  assertStringIncludes(results[2]?.error ?? "", "The step's budget of 2 turns is used up");
  assertEquals([server.exchanges.length, runner.told("model.asked").length], [2, 2]);
  const verdict = await runner.judge({ step: "each[0]", budget: { turns: 2 } });
  assertEquals([verdict.outcome, server.exchanges.length], ["budget", 2]);
  // Another step has a budget of its own, of which a run before has used up a part.
  const used = { turns: 1, tokens: 0, usd: 0 };
  const other = { step: "other", budget: { turns: 2, used } };
  assertEquals((await runner.step(other)).outcome, "success");
  assertEquals((await runner.step({ ...other, attempt: 2 })).outcome, "budget");
});
