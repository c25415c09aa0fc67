import { assertEquals } from "@std/assert";
import type { Wait } from "../../runner/_wait.ts";
import type { RunEvent } from "../../runner/events.ts";
import { answer, startOpenAiServer } from "../support/openai_server.ts";
import { live } from "./_live.ts";
import { played, story } from "./_played.ts";

/** Interrupts a run that has written `/notes.txt`, in the middle of an answer. */
async function interruptedAnswer(wait: Wait) {
  // More than is read at once, so that some of it comes when the step has ended already.
  const long = answer({ text: "word ".repeat(200_000) });
  const args = JSON.stringify({ path: "/notes.txt", content: "kept" });
  const write = answer({ calls: [{ name: "write_file", arguments: args }] });
  await using server = startOpenAiServer({
    script: ({ messages }) => messages.at(-1)?.role === "tool" ? long : write,
  });
  const stop = new AbortController();
  const events: RunEvent[] = [];
  const result = await live({ steps: [{ id: "talk", prompt: "Talk." }] }, server, {
    signal: stop.signal,
    wait,
    sinks: [(event) => {
      events.push(event);
      if (event.type === "model.text") stop.abort();
    }],
  });
  return { result, events };
}

Deno.test("runPlan() sees the memory files of a run that is interrupted in the middle of an answer", async () => {
  // The time for a last look is never up.
  const { result, events } = await interruptedAnswer(() => new Promise(() => {}));
  assertEquals([result.outcome, result.exitCode, result.unseen], ["interrupted", 130, undefined]);
  assertEquals(result.files.map(({ path, size }) => [path, size]), [["/notes.txt", 4]]);
  // Nothing is told of the step once its end is.
  assertEquals(events.slice(-2).map(({ type }) => type), ["step.finished", "run.finished"]);
  assertEquals(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
});

Deno.test("runPlan() says which files an interrupted run had no time to look at", async () => {
  const waits: number[] = [];
  const { result } = await interruptedAnswer((milliseconds) => {
    waits.push(milliseconds);
    return Promise.resolve();
  });
  assertEquals([result.exitCode, result.files, result.unseen], [130, [], ["/notes.txt"]]);
  assertEquals(waits, [250]);
});

Deno.test("runPlan() ends a step that is interrupted before its items are known", async () => {
  const stop = new AbortController();
  const { result, events } = await played({
    flow: {
      shell: "virtual",
      steps: [{
        id: "each",
        foreach: "${{ fromJSON(format('[\"{0}\"]', hashFiles('/**'))) }}",
        run: "true",
      }],
    },
    signal: stop.signal,
    onEvent: ({ type }) => {
      if (type === "step.started") stop.abort();
    },
  });
  assertEquals([result.outcome, story(events)], ["interrupted", "+each, -each interrupted"]);
});
