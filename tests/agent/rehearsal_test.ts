import type { Message } from "../../agent/model.ts";
import { ModelError } from "../../agent/model.ts";
import { RehearsalModel } from "../../agent/models/rehearsal.ts";
import type { RehearsalTurn } from "../../agent/rehearsal.ts";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";

const PROMPT: Message = { role: "user", content: "Write it." };
const AFTER_CALLS: readonly Message[] = [
  PROMPT,
  { role: "assistant", content: "", toolCalls: [] },
  { role: "tool", toolCallId: "1", content: "Wrote /a.txt (1 line, 2 bytes), a new file" },
  { role: "tool", toolCallId: "2", content: "Error: Cannot read '/b.txt': it does not exist." },
];

function model(...turns: readonly RehearsalTurn[]): RehearsalModel {
  return new RehearsalModel({ name: "openai:gpt-4.1", turns });
}

async function refusal(it: RehearsalModel, messages: readonly Message[]): Promise<string> {
  const error = await assertRejects(() => it.respond({ messages, tools: [] }), ModelError);
  assertEquals(error.code, "rehearsal");
  return error.message;
}

Deno.test("RehearsalModel.respond() plays the turns in order with ids that repeat", async () => {
  for (let run = 0; run < 2; run++) {
    const it = model(
      {
        text: "On it.",
        calls: [
          { tool: "ls", arguments: {} },
          { tool: "read_file", arguments: { path: "/a\n\u{1f600}" } },
        ],
        usage: { input: 12 },
      },
      { text: "Done.", calls: [{ tool: "ls", arguments: {} }] },
      { text: "", calls: [] },
    );
    const streamed: string[] = [];
    const answers = [];
    for (let turn = 0; turn < 3; turn++) {
      answers.push(
        await it.respond({ messages: [PROMPT], tools: [] }, {
          onText: (text) => streamed.push(text),
        }),
      );
    }
    assertEquals(it.name, "openai:gpt-4.1");
    assertEquals(streamed, ["On it.", "Done."]);
    assertEquals(answers, [
      {
        text: "On it.",
        toolCalls: [
          { id: "call_1", name: "ls", arguments: "{}" },
          { id: "call_2", name: "read_file", arguments: '{"path":"/a\\n\u{1f600}"}' },
        ],
        finish: "tool_calls",
        usage: { inputTokens: 12, outputTokens: null },
      },
      {
        text: "Done.",
        toolCalls: [{ id: "call_3", name: "ls", arguments: "{}" }],
        finish: "tool_calls",
        usage: { inputTokens: null, outputTokens: null },
      },
      {
        text: "",
        toolCalls: [],
        finish: "stop",
        usage: { inputTokens: null, outputTokens: null },
      },
    ]);
    it.assertFinished();
  }
});

Deno.test("RehearsalModel takes ids from newId", async () => {
  const it = new RehearsalModel({
    name: "x",
    turns: [{ text: "", calls: [{ tool: "ls", arguments: {} }] }],
    newId: () => "mine",
  });
  const answer = await it.respond({ messages: [PROMPT], tools: [] });
  assertEquals(answer.toolCalls.map((call) => call.id), ["mine"]);
});

Deno.test("RehearsalModel.respond() compares the newest user message but for its ends", async () => {
  const messages: Message[] = [
    { role: "user", content: "Old." },
    { role: "assistant", content: "Yes.", toolCalls: [] },
    { role: "user", content: "\n Write it.  \n" },
  ];
  const it = model({ expect: { prompt: " Write it.\n" }, text: "Done.", calls: [] });
  assertEquals((await it.respond({ messages, tools: [] })).text, "Done.");
});

Deno.test("RehearsalModel.respond() shows where two prompts part", async () => {
  const place = "flask.rehearsal.yaml:12";
  const short = model({ expect: { prompt: "Write\nthat." }, text: "", calls: [], place });
  assertEquals(
    await refusal(short, [{ role: "user", content: "Write\nit." }]),
    `The rehearsal does not match at ${place} (turn 1): the prompt is another one\n` +
      `  expected: "Write\\nthat."\n` +
      `    actual: "Write\\nit."`,
  );
  const long = model({
    expect: { prompt: `${"a".repeat(900)}B${"c".repeat(900)}` },
    text: "",
    calls: [],
  });
  assertEquals(
    await refusal(long, [{ role: "user", content: "a".repeat(900) }]),
    `The rehearsal does not match at turn 1: the prompt is another one\n` +
      `  expected: …"${"a".repeat(60)}B${"c".repeat(239)}"…\n` +
      `    actual: …"${"a".repeat(60)}"`,
  );
});

Deno.test("RehearsalModel.respond() looks for a text in each result, in order", async () => {
  const turn = (results: readonly string[]): RehearsalTurn => ({
    expect: { results },
    text: "ok",
    calls: [],
  });
  const played = await model(turn(["Wrote /a.txt", "does not exist"]))
    .respond({ messages: AFTER_CALLS, tools: [] });
  assertEquals(played.text, "ok");
  assertEquals(
    await refusal(model(turn(["Wrote /a.txt", "the text"])), AFTER_CALLS),
    "The rehearsal does not match at turn 1: result 2 of 2 does not contain what is expected\n" +
      '  expected: "the text"\n' +
      `    actual: "Error: Cannot read '/b.txt': it does not exist."`,
  );
  assertEquals(
    await refusal(model(turn(["Wrote"])), AFTER_CALLS),
    "The rehearsal does not match at turn 1: the number of results is another one\n" +
      "  expected: 1 result\n    actual: 2 results",
  );
  assertEquals(
    await refusal(model(turn(["Wrote"])), [PROMPT]),
    "The rehearsal does not match at turn 1: the number of results is another one\n" +
      "  expected: 1 result\n    actual: 0 results",
  );
});

Deno.test("RehearsalModel.respond() refuses to be asked once more than rehearsed", async () => {
  const it = model({ text: "Done.", calls: [], place: "a.yaml:3" });
  await it.respond({ messages: [PROMPT], tools: [] });
  assertEquals(
    await refusal(it, AFTER_CALLS),
    "The rehearsal does not match after a.yaml:3 (turn 1): " +
      "the model is asked once more than was rehearsed\n" +
      "  expected: the end, after 1 turn\n" +
      `    actual: a request after the result "Error: Cannot read '/b.txt': it does not exist."`,
  );
  assertEquals(
    await refusal(model(), [PROMPT]),
    "The rehearsal does not match at its start: the model is asked once more than was rehearsed\n" +
      `  expected: the end, after 0 turns\n    actual: a request after the prompt "Write it."`,
  );
});

Deno.test("RehearsalModel.assertFinished() names the first turn that is left", async () => {
  const it = model(
    { text: "One.", calls: [] },
    { text: "", calls: [{ tool: "ls", arguments: {} }], place: "a.yaml:9" },
    { text: "Three.", calls: [] },
  );
  await it.respond({ messages: [PROMPT], tools: [] });
  const error = assertThrows(() => it.assertFinished(), ModelError);
  assertEquals(error.code, "rehearsal");
  assertEquals(
    error.message,
    "The rehearsal does not match at a.yaml:9 (turn 2): 2 turns were never played\n" +
      "  expected: a turn that calls ls\n    actual: the end, after 1 of 3 turns",
  );
});

Deno.test("RehearsalModel.respond() does not play a turn for an aborted request", async () => {
  const it = model({ text: "Done.", calls: [] });
  const error = await assertRejects(
    () => it.respond({ messages: [PROMPT], tools: [] }, { signal: AbortSignal.abort() }),
    ModelError,
  );
  assertEquals(error.code, "aborted");
  assertEquals((await it.respond({ messages: [PROMPT], tools: [] })).text, "Done.");
});
